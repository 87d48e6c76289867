/*
 * utf8.h: is this text? One rule for the wire, for JSON and for error texts.
 *
 * Source: RFC 3629 (no overlong forms, no surrogates, nothing above U+10FFFF); control
 * characters of C0, C1 and DEL are refused except \n and \t, so that what people typed can
 * never drive a terminal.
 */
#ifndef RADIOSHOP_UTF8_H
#define RADIOSHOP_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum text_fault {
	TEXT_GOOD = 0,
	TEXT_NUL,     /* a zero byte */
	TEXT_CONTROL, /* another control character */
	TEXT_BROKEN,  /* not UTF-8 */
};

/* Length in bytes of the character at the start of bytes; 0 when it is not valid UTF-8 or len is 0. */
size_t utf8_char_len(const uint8_t *bytes, size_t len);

/* The first fault of len bytes; *ret_at (may be NULL) is its offset, or len when there is none. */
enum text_fault text_check(const uint8_t *bytes, size_t len, size_t *ret_at);

/* Copies what fits of text, NUL-terminated, with '?' for each byte at fault: what is sent must be text. */
void text_copy(char *out, size_t out_size, const char *text);

/* "contains a NUL character" and so on, for people. */
const char *text_fault_sentence(enum text_fault fault);

#endif
