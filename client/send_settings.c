/*
 * send_settings.c: reads send.conf and the secrets it leads to. Called by send.c and deliver*.c.
 * Owns nothing; what it reads belongs to the caller's context.
 */
#include "send_settings.h"

#include "failure.h"
#include "notice.h"
#include "profile.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETTINGS_MAX = 64 * 1024, SECRET_MAX = 4096, SECRET_LEAST = 16, TIMEOUT_S = 30, TIMEOUT_MOST_S = 300 };

static const struct {
	const char *key;
	size_t at;
	bool path;
} keys[] = {
	{"mail", offsetof(struct send_settings, mail), false},
	{"mail_from", offsetof(struct send_settings, mail_from), false},
	{"mail_tls", offsetof(struct send_settings, mail_tls), false},
	{"mail_ca", offsetof(struct send_settings, mail_ca), true},
	{"mail_user", offsetof(struct send_settings, mail_user), false},
	{"mail_password", offsetof(struct send_settings, mail_password), true},
	{"mail_hello", offsetof(struct send_settings, mail_hello), false},
	{"webhook_ca", offsetof(struct send_settings, webhook_ca), true},
	{"secrets", offsetof(struct send_settings, secrets), true},
	{"files", offsetof(struct send_settings, files), true},
	{"timeout_s", offsetof(struct send_settings, timeout_s), false},
};
enum { KEYS = sizeof keys / sizeof keys[0] };

static const char **slot(struct send_settings *s, size_t key)
{
	return (const char **)((char *)s + keys[key].at);
}

static void trim(const char **begin, const char **end)
{
	while (*begin < *end && strchr(" \t\r", **begin) != NULL && **begin != '\0')
		++*begin;
	while (*begin < *end && strchr(" \t\r", (*end)[-1]) != NULL && (*end)[-1] != '\0')
		--*end;
}

static bool parse_line(TALLOC_CTX *ctx, const char *place, const char *dir, const char *begin, const char *end,
	struct send_settings *s, struct error *err)
{
	const char *equals, *key_end, *value;

	trim(&begin, &end);
	if (begin == end || *begin == '#')
		return true;
	for (const char *c = begin; c < end; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return config_error(err, "%s: the line holds a control character; it is no text", place);
	equals = memchr(begin, '=', (size_t)(end - begin));
	if (equals == NULL)
		return config_error(err, "%s: expected a line such as 'mail = smtp://localhost:25'", place);
	key_end = equals;
	value = equals + 1;
	trim(&begin, &key_end);
	trim(&value, &end);
	for (size_t i = 0; i < KEYS; i++) {
		bool below = keys[i].path && value < end && *value != '/';

		if (strlen(keys[i].key) != (size_t)(key_end - begin) ||
			memcmp(keys[i].key, begin, (size_t)(key_end - begin)) != 0)
			continue;
		*slot(s, i) =
			talloc_asprintf(ctx, "%s%s%.*s", below ? dir : "", below ? "/" : "", (int)(end - value), value);
		return true;
	}
	return config_error(err,
		"%s: unknown key '%.*s'; the keys are mail, mail_from, mail_tls, mail_ca, mail_user, "
		"mail_password, mail_hello, webhook_ca, secrets, files and timeout_s",
		place, (int)(key_end - begin < 64 ? key_end - begin : 64), begin);
}

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(value, *words) == 0)
			return true;
	return false;
}

static bool check(const struct send_settings *s, const char *file, struct error *err)
{
	static const char *const tls[] = {"", "required", "offered", "never", NULL};
	char *end;
	long seconds = *s->timeout_s != '\0' ? strtol(s->timeout_s, &end, 10) : TIMEOUT_S;

	if (*s->mail != '\0' && strncmp(s->mail, "smtp://", 7) != 0 && strncmp(s->mail, "smtps://", 8) != 0 &&
		*s->mail != '/')
		return config_error(
			err, "%s: mail is smtp://HOST:PORT, smtps://HOST:PORT or the path of a sendmail program", file);
	if (strchr(s->mail, '@') != NULL)
		return config_error(err, "%s: write the user as mail_user and not into mail", file);
	if (*s->mail != '\0' && !notice_is_address(s->mail_from))
		return config_error(
			err, "%s: mail_from must be one plain address, such as radioshop@example.org", file);
	if (!is_one_of(s->mail_tls, tls))
		return config_error(err, "%s: mail_tls is required, offered or never", file);
	if (*s->mail_user != '\0' && strcmp(s->mail_tls, "never") == 0)
		return config_error(
			err, "%s: a password is not sent without TLS; take mail_user or mail_tls out", file);
	if (seconds < 1 || seconds > TIMEOUT_MOST_S || (*s->timeout_s != '\0' && *end != '\0'))
		return config_error(err, "%s: timeout_s is 1 to %d seconds", file, TIMEOUT_MOST_S);
	return true;
}

unsigned send_settings_timeout(const struct send_settings *s)
{
	return *s->timeout_s != '\0' ? (unsigned)strtoul(s->timeout_s, NULL, 10) : TIMEOUT_S;
}

bool send_settings_parse(TALLOC_CTX *ctx, const char *file, const char *dir, const char *text, size_t len,
	struct send_settings *ret, struct error *err)
{
	const char *at = text, *stop = text + len;
	struct send_settings s;
	unsigned line = 0;

	for (size_t i = 0; i < KEYS; i++)
		*slot(&s, i) = "";
	while (at < stop) {
		const char *newline = memchr(at, '\n', (size_t)(stop - at)), *end = newline != NULL ? newline : stop;
		char *place = talloc_asprintf(ctx, "%s line %u", file, ++line);

		if (end - at > 8192)
			return config_error(err, "%s: the line is too long", place);
		if (!parse_line(ctx, place, dir, at, end, &s, err))
			return false;
		at = end + 1;
	}
	if (*s.secrets == '\0')
		s.secrets = talloc_asprintf(ctx, "%s/secrets", dir);
	if (!check(&s, file, err))
		return false;
	*ret = s;
	return true;
}

bool send_settings_load(TALLOC_CTX *ctx, struct send_settings *ret, struct error *err)
{
	char *dir = profile_directory(ctx), *file = talloc_asprintf(ctx, "%s/send.conf", dir), *text = NULL;
	struct error why = {0};
	size_t len = 0;

	if (access(file, F_OK) == 0 && !store_read(ctx, file, SETTINGS_MAX, &text, &len, &why))
		return config_error(err, "send.conf cannot be used: %s", why.text);
	return send_settings_parse(ctx, file, dir, text != NULL ? text : "", len, ret, err);
}

bool send_secret_read(TALLOC_CTX *ctx, const char *path, const char **ret_secret, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *text = talloc_zero_array(ctx, char, SECRET_MAX + 1);
	struct stat st;
	ssize_t n;

	if (fd < 0 || text == NULL || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return config_error(
			err, "cannot read the secret %s: %s", path, fd < 0 ? strerror(errno) : "it is no file");
	}
	n = read(fd, text, SECRET_MAX);
	close(fd);
	if ((st.st_mode & 0077) != 0)
		return config_error(err, "the secret %s can be read by others; run: chmod 600 %s", path, path);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n < SECRET_LEAST)
		return config_error(err, "the secret %s is shorter than %d bytes; run: openssl rand -hex 32 > %s", path,
			SECRET_LEAST, path);
	text[n] = '\0';
	*ret_secret = text;
	return true;
}
