/*
 * Reads the configuration file by the rows of config_key.h, with file and line in every complaint.
 *
 * Called by main and daemon.c, at the start and at each reload; config_parse alone by tests and the fuzzer.
 * Owns nothing.
 */
#include "config_key.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096, FILE_MAX_BYTES = 1024 * 1024, KEY_MAX_BYTES = 40 };

/* Letters to change, add or drop to make b of a (Levenshtein); both at most KEY_MAX_BYTES long. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[KEY_MAX_BYTES + 1], lb = strlen(b);

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

static const struct config_key *find_key(const char *name)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		if (strcmp(config_keys[i].name, name) == 0)
			return &config_keys[i];
	}
	return NULL;
}

/* The key that was most likely meant, or NULL when none is near. */
static const struct config_key *nearest_key(const char *name)
{
	const struct config_key *nearest = NULL;
	size_t least = strlen(name) / 3 + 2;

	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		size_t distance = edit_distance(name, config_keys[i].name);

		if (distance < least) {
			least = distance;
			nearest = &config_keys[i];
		}
	}
	return nearest;
}

static bool parse_int(const char *text, int min, int max, int *ret_value)
{
	char *end;
	long value;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || *end != '\0' || value < min || value > max)
		return false;
	*ret_value = (int)value;
	return true;
}

/* A numeric address: names would make the start depend on the resolver. */
static bool is_address(const char *text)
{
	char host[INET6_ADDRSTRLEN];
	const char *colon = strrchr(text, ':');
	bool six = text[0] == '[';
	uint8_t bytes[16];
	size_t len;
	int port;

	if (!colon || !parse_int(colon + 1, 0, 65535, &port))
		return false;
	len = (size_t)(colon - text);
	if (six) {
		if (len < 3 || text[len - 1] != ']')
			return false;
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	return inet_pton(six ? AF_INET6 : AF_INET, host, bytes) == 1;
}

/*
 * Whether the value is one of the choices. Writes them as a person would: "must be a, b or c".
 */
static bool is_choice(const char *choices, const char *value, char *ret_wanted, size_t size)
{
	size_t at = (size_t)snprintf(ret_wanted, size, "must be ");
	bool found = false;

	for (const char *word = choices; *word != '\0';) {
		size_t len = strcspn(word, " ");
		const char *next = word + len + (word[len] == ' '), *between = "";

		if (word != choices)
			between = *next == '\0' ? " or " : ", ";
		found = found || (strlen(value) == len && memcmp(value, word, len) == 0);
		if (at < size)
			at += (size_t)snprintf(ret_wanted + at, size - at, "%s%.*s", between, (int)len, word);
		word = next;
	}
	return found;
}

/* What is wrong with the value, or NULL; wording fits after `key: `. */
static const char *text_fault(const struct config_key *k, const char *value)
{
	static char wanted[80];
	enum config_type type = k->type;
	bool none = value[0] == '\0';

	switch (type) {
	case KEY_ADDRESS:
	case KEY_ADDRESS_OR_NONE:
		if (is_address(value) || (none && type == KEY_ADDRESS_OR_NONE))
			return NULL;
		return "must be ADDRESS:PORT with a numeric address, such as 127.0.0.1:8443 or [::1]:8443";
	case KEY_PATH:
	case KEY_PATH_OR_NONE:
		if (value[0] == '/' || (none && type == KEY_PATH_OR_NONE))
			return NULL;
		return "must be an absolute path, beginning with /";
	case KEY_TEXT:
		return none ? "must not be empty" : NULL;
	case KEY_CHOICE:
		return is_choice(k->choices, value, wanted, sizeof(wanted)) ? NULL : wanted;
	case KEY_INT:
		break;
	}
	return NULL;
}

static bool set_key(struct config *c, const struct config_key *k, const char *value, const char *name, unsigned line,
	struct error *err)
{
	const char *fault;
	int number;

	if (k->type == KEY_INT) {
		if (!parse_int(value, k->min, k->max, &number))
			return error_set(err, STATUS_INVALID_ARGUMENT, k->name,
				"%.200s:%u: %s must be a whole number from %d to %d, not \"%.60s\"", name, line,
				k->name, k->min, k->max, value);
		*config_int(c, k) = number;
		return true;
	}
	fault = text_fault(k, value);
	if (fault)
		return error_set(err, STATUS_INVALID_ARGUMENT, k->name, "%.200s:%u: %s %s, not \"%.60s\"", name, line,
			k->name, fault, value);
	free(*config_text(c, k));
	*config_text(c, k) = config_copy(value);
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *text)
{
	size_t len;

	while (is_blank(*text))
		text++;
	len = strlen(text);
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	text[len] = '\0';
	return text;
}

static bool unknown_key(const char *key, const char *name, unsigned line, struct error *err)
{
	const struct config_key *near = strlen(key) <= KEY_MAX_BYTES ? nearest_key(key) : NULL;

	if (near)
		return error_set(err, STATUS_INVALID_ARGUMENT, NULL,
			"%.200s:%u: unknown key \"%.40s\"; did you mean \"%s\"?", name, line, key, near->name);
	return error_set(err, STATUS_INVALID_ARGUMENT, NULL,
		"%.200s:%u: unknown key \"%.40s\"; radioshopd --print-config shows every key", name, line, key);
}

/* One line, without its end, in a buffer that may be written to. lines[i] is where key i was set, 0 if it was not. */
static bool parse_line(
	struct config *c, char *text, const char *name, unsigned line, unsigned lines[CONFIG_KEYS], struct error *err)
{
	char *equals, *key, *value;
	const struct config_key *k;

	text = trim(text);
	if (*text == '\0' || *text == '#')
		return true;
	equals = strchr(text, '=');
	if (!equals || equals == text)
		return error_set(err, STATUS_INVALID_ARGUMENT, NULL,
			"%.200s:%u: a line must be KEY = VALUE, or begin with # for a comment", name, line);
	*equals = '\0';
	key = trim(text);
	value = trim(equals + 1);
	k = find_key(key);
	if (!k)
		return unknown_key(key, name, line, err);
	if (lines[k - config_keys] != 0)
		return error_set(err, STATUS_INVALID_ARGUMENT, k->name,
			"%.200s:%u: %s was set already in line %u; keep one", name, line, k->name,
			lines[k - config_keys]);
	lines[k - config_keys] = line;
	return set_key(c, k, value, name, line, err);
}

static bool check_bytes(const char *text, size_t len, const char *name, unsigned line, struct error *err)
{
	if (len >= LINE_MAX_BYTES)
		return error_set(err, STATUS_INVALID_ARGUMENT, NULL, "%.200s:%u: the line is longer than %d bytes",
			name, line, LINE_MAX_BYTES - 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte == '\r')
			return error_set(err, STATUS_INVALID_ARGUMENT, NULL,
				"%.200s:%u: the line ends with CR LF or holds a CR; save the file with Unix line ends",
				name, line);
		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return error_set(err, STATUS_INVALID_ARGUMENT, NULL,
				"%.200s:%u: control byte 0x%02x at column %zu; take it out", name, line, byte, i + 1);
	}
	return true;
}

bool config_parse(struct config *c, const char *name, const char *text, size_t len, struct error *err)
{
	unsigned lines[CONFIG_KEYS] = {0}, line = 0;
	char buffer[LINE_MAX_BYTES];

	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t size = end ? (size_t)(end - text) - at : len - at;

		line++;
		if (!check_bytes(text + at, size, name, line, err))
			return false;
		memcpy(buffer, text + at, size);
		buffer[size] = '\0';
		if (!parse_line(c, buffer, name, line, lines, err))
			return false;
		at += size + 1;
	}
	return true;
}

/* The whole file, malloc'ed; NULL with err. */
static char *read_file(const char *path, size_t *ret_len, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text = fd >= 0 ? malloc(FILE_MAX_BYTES + 1) : NULL;
	size_t len = 0;
	ssize_t n = -1;

	while (text && len <= FILE_MAX_BYTES) {
		n = read(fd, text + len, FILE_MAX_BYTES + 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (!text || n < 0)
		(void)error_set(err, STATUS_NOT_FOUND, NULL, "%.300s: cannot read the configuration: %s", path,
			strerror(errno));
	else if (len > FILE_MAX_BYTES)
		(void)error_set(err, STATUS_INVALID_ARGUMENT, NULL,
			"%.300s: larger than 1 MiB; this is no configuration", path);
	if (fd >= 0)
		close(fd);
	if (!text || n < 0 || len > FILE_MAX_BYTES) {
		free(text);
		return NULL;
	}
	*ret_len = len;
	return text;
}

bool config_read(struct config *c, const char *path, struct error *err)
{
	size_t len;
	char *text = read_file(path, &len, err);
	bool ok;

	if (!text)
		return false;
	ok = config_parse(c, path, text, len, err);
	explicit_bzero(text, len); /* the connection string may hold a password */
	free(text);
	return ok;
}
