/*
 * The log: one event, one line, one write(2).
 *
 * Called from everywhere in the daemon. Owns nothing but the level. Under journald a line begins with its
 * priority, <3> to <7>, which journald takes off; elsewhere it begins with the time.
 */
#include "log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 2048 };

static const char cut_mark[] = " cut=yes";
static enum log_level threshold = LOG_LEVEL_INFO;

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const char level_priorities[] = {'3', '4', '6', '7'}; /* syslog's numbers */

/* A line being made. room leaves place for the mark of a cut and the newline. */
struct line {
	char text[LOG_LINE_MAX];
	size_t len, room;
	bool cut;
};

void log_set_level(enum log_level level)
{
	threshold = level;
}

enum log_level log_get_level(void)
{
	return threshold;
}

/* Bytes that can stand bare: printable ASCII but space, quote, equals and the escape itself. */
static bool is_plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
}

/* The escaped form of one byte; returns its length. */
static size_t escape_byte(unsigned char c, char out[5])
{
	static const char hex[] = "0123456789abcdef";

	if (is_plain(c) || c == ' ' || c == '=') {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	switch (c) {
	case '"':
	case '\\':
		out[1] = (char)c;
		return 2;
	case '\n':
		out[1] = 'n';
		return 2;
	case '\t':
		out[1] = 't';
		return 2;
	default:
		out[1] = 'x';
		out[2] = hex[c >> 4];
		out[3] = hex[c & 15];
		return 4;
	}
}

static bool needs_quotes(const char *text)
{
	if (*text == '\0')
		return true;
	for (; *text != '\0'; text++) {
		if (!is_plain((unsigned char)*text))
			return true;
	}
	return false;
}

/* As log_escape, and says whether all of text went in. */
static size_t escape(const char *text, char *out, size_t out_size, bool *ret_whole)
{
	bool quotes = needs_quotes(text);
	size_t len = 0, room;

	*ret_whole = false;
	/* A quoted value always gets its closing quote, and an escape is never cut in two. */
	if (out_size < (quotes ? 3 : 1)) {
		if (out_size > 0)
			out[0] = '\0';
		return 0;
	}
	room = out_size - (quotes ? 2 : 1);
	if (quotes)
		out[len++] = '"';
	for (; *text != '\0'; text++) {
		char escaped[5];
		size_t n = escape_byte((unsigned char)*text, escaped);

		if (len + n > room)
			break;
		memcpy(out + len, escaped, n);
		len += n;
	}
	*ret_whole = *text == '\0';
	if (quotes)
		out[len++] = '"';
	out[len] = '\0';
	return len;
}

size_t log_escape(const char *text, char *out, size_t out_size)
{
	bool whole;

	return escape(text, out, out_size, &whole);
}

static void add_pair(struct line *l, const char *key, const char *value)
{
	size_t key_len = strlen(key), need = key_len + 2;
	bool whole;

	if (l->cut || l->len + need + sizeof("\"\"") > l->room) {
		l->cut = true;
		return;
	}
	if (l->len > 0 && l->text[l->len - 1] != '>')
		l->text[l->len++] = ' ';
	memcpy(l->text + l->len, key, key_len);
	l->len += key_len;
	l->text[l->len++] = '=';
	l->len += escape(value, l->text + l->len, l->room - l->len, &whole);
	l->cut = !whole;
}

/* Whether stderr is the stream that journald gave us: systemd.exec(5), JOURNAL_STREAM=device:inode. */
static bool under_journald(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, ours) == 0;
}

static void add_time(struct line *l)
{
	struct timespec now;
	struct tm utc;
	char date[32], text[48];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%03ldZ", date, now.tv_nsec / 1000000);
	add_pair(l, "time", text);
}

static void write_line(struct line *l)
{
	if (l->cut) {
		memcpy(l->text + l->len, cut_mark, sizeof(cut_mark) - 1);
		l->len += sizeof(cut_mark) - 1;
	}
	l->text[l->len++] = '\n';
	/* A line that cannot be written is lost: there is nowhere to say so. */
	if (write(STDERR_FILENO, l->text, l->len) < 0)
		return;
}

void log_event(enum log_level level, const char *event, ...)
{
	struct line l = {.room = LOG_LINE_MAX - sizeof(cut_mark) - 1};
	const char *key, *value;
	va_list pairs;

	if (level > threshold)
		return;
	if (under_journald())
		l.len = (size_t)snprintf(l.text, l.room, "<%c>", level_priorities[level]);
	else
		add_time(&l);
	add_pair(&l, "level", level_names[level]);
	add_pair(&l, "event", event);
	va_start(pairs, event);
	while ((key = va_arg(pairs, const char *)) != NULL) {
		value = va_arg(pairs, const char *);
		if (value)
			add_pair(&l, key, value);
	}
	va_end(pairs);
	write_line(&l);
}

/* ASCII of a digit or letter that is written wide (U+FF10 to U+FF5A); *text moves behind the character. */
static unsigned char narrow(const unsigned char **text)
{
	const unsigned char *t = *text;

	*text += 1;
	if (t[0] != 0xef || (t[1] != 0xbc && t[1] != 0xbd) || t[2] < 0x80)
		return t[0];
	*text += 2;
	return (unsigned char)(t[1] == 0xbc ? t[2] - 0x90 + '0' : t[2] - 0x81 + 'a');
}

/* Length of the UUID that stands here, or 0. */
static size_t uuid_length(const unsigned char *t)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? t[i] != '-' : !isxdigit(t[i]))
			return 0;
	}
	return isalnum(t[36]) || t[36] == '-' ? 0 : 36;
}

static bool quotes_hex(const unsigned char *t)
{
	unsigned run = 0;
	bool inside = false;

	while (*t != '\0' && run < 16) {
		size_t skip = inside ? 0 : uuid_length(t);
		unsigned char c;

		if ((t[0] == '0' || t[0] == '\\') && (t[1] == 'x' || t[1] == 'X'))
			skip = 2;
		if (skip > 0) {
			run = skip == 2 ? run : 0;
			inside = false;
			t += skip;
			continue;
		}
		c = narrow(&t);
		inside = isalnum(c);
		if (inside)
			run = isxdigit(c) ? run + 1 : 0;
	}
	return run >= 16;
}

/* One word: 40 letters of base64, 32 of all kinds, or 22 and == behind them. */
static bool is_base64_of_key(const unsigned char *word, size_t len)
{
	bool digit = false, upper = false, lower = false;

	for (size_t i = 0; i < len; i++) {
		digit = digit || isdigit(word[i]);
		upper = upper || isupper(word[i]);
		lower = lower || islower(word[i]);
	}
	return len >= 40 || (len >= 32 && digit && upper && lower) ||
	       (len >= 24 && word[len - 1] == '=' && word[len - 2] == '=');
}

bool log_quotes_key(const char *text)
{
	const unsigned char *t = (const unsigned char *)text;

	if (quotes_hex(t))
		return true;
	while (*t != '\0') {
		size_t len = 0;

		while (t[len] != '\0' && t[len] < 0x80 && (isalnum(t[len]) || strchr("+/_=-", t[len]) != NULL))
			len++;
		if (is_base64_of_key(t, len))
			return true;
		t += len + (t[len] != '\0');
	}
	return false;
}

const char *log_sentence(const char *text)
{
	return log_quotes_key(text) ? "withheld: it quotes what could be a key" : text;
}
