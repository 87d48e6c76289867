/*
 * utf8.c: checks of text. Called by message_unpack, message_json and status_details.
 *
 * Pure functions; owns nothing.
 */
#include "utf8.h"

#include <string.h>

static bool continues(uint8_t byte)
{
	return (byte & 0xC0) == 0x80;
}

/* Table 3-7 of the Unicode standard: the second byte's range depends on the first. */
static bool second_byte_fits(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xE0:
		return second >= 0xA0 && second <= 0xBF;
	case 0xED:
		return second >= 0x80 && second <= 0x9F;
	case 0xF0:
		return second >= 0x90 && second <= 0xBF;
	case 0xF4:
		return second >= 0x80 && second <= 0x8F;
	default:
		return continues(second);
	}
}

size_t utf8_char_len(const uint8_t *bytes, size_t len)
{
	size_t want;

	if (len == 0)
		return 0;
	if (bytes[0] < 0x80)
		return 1;
	if (bytes[0] >= 0xC2 && bytes[0] <= 0xDF)
		want = 2;
	else if (bytes[0] >= 0xE0 && bytes[0] <= 0xEF)
		want = 3;
	else if (bytes[0] >= 0xF0 && bytes[0] <= 0xF4)
		want = 4;
	else
		return 0;
	if (len < want || !second_byte_fits(bytes[0], bytes[1]))
		return 0;
	for (size_t i = 2; i < want; i++) {
		if (!continues(bytes[i]))
			return 0;
	}
	return want;
}

enum text_fault text_check(const uint8_t *bytes, size_t len, size_t *ret_at)
{
	enum text_fault fault = TEXT_GOOD;
	size_t at = 0;

	while (at < len) {
		size_t n = utf8_char_len(bytes + at, len - at);

		if (n == 0)
			fault = TEXT_BROKEN;
		else if (bytes[at] == 0)
			fault = TEXT_NUL;
		else if (bytes[at] == 0x7F || (bytes[at] < 0x20 && bytes[at] != '\n' && bytes[at] != '\t'))
			fault = TEXT_CONTROL;
		else if (bytes[at] == 0xC2 && bytes[at + 1] <= 0x9F) /* C1: U+0080 to U+009F */
			fault = TEXT_CONTROL;
		if (fault != TEXT_GOOD)
			break;
		at += n;
	}
	if (ret_at != NULL)
		*ret_at = at;
	return fault;
}

void text_copy(char *out, size_t out_size, const char *text)
{
	size_t len = strnlen(text, out_size - 1), at;

	memcpy(out, text, len);
	out[len] = '\0';
	while (text_check((const uint8_t *)out, len, &at) != TEXT_GOOD)
		out[at] = '?';
}

const char *text_fault_sentence(enum text_fault fault)
{
	switch (fault) {
	case TEXT_NUL:
		return "contains a NUL character; take it out";
	case TEXT_CONTROL:
		return "contains a control character; only line feed and tab are allowed";
	case TEXT_BROKEN:
		return "is not valid UTF-8; save the text as UTF-8 and send it again";
	case TEXT_GOOD:
		break;
	}
	return "is good";
}
