/*
 * log.h: one event, one line of key=value on standard error (journald adds time and unit).
 *
 * Values that hold anything but printable ASCII without space, quote or '=' are quoted and
 * escaped, so that no text of a peer can make a line or a field. Never log a secret or a body.
 */
#ifndef RADIOSHOP_LOG_H
#define RADIOSHOP_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/*
 * log_event(LOG_LEVEL_INFO, "call", "id", id, "status", status, NULL): an event's name, then pairs of
 * key and NUL-terminated value, ended by NULL. A NULL value is left out with its key. Lines are cut at 2 KiB.
 */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

/* Escapes as above into out (NUL-terminated, cut to fit); returns the length. Pure, for tests. */
size_t log_escape(const char *text, char *out, size_t out_size);

/*
 * Whether a sentence quotes what could be an encryption key: 16 hexadecimal digits, whatever that is no letter or digit
 * stands between them, or base64 of about so much. A UUID is none. Pure. As radioshop.looks_like_key() in the database.
 */
bool log_quotes_key(const char *text);

/* A sentence for the log: the text, or that it is withheld. */
const char *log_sentence(const char *text);

#endif
