/*
 * metadata.c: grpc-timeout, grpc-message and content-type.
 *
 * Called by the daemon's call and the command's channel. Pure functions; own nothing.
 * base64.c, uuid.c and status_details.c hold the rest of metadata.h.
 */
#include "metadata.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TIMEOUT_DIGITS = 8, TIMEOUT_MAX = 99999999 };

/* Milliseconds as a fraction num/den for each unit. */
static bool timeout_unit(char unit, int64_t *ret_num, int64_t *ret_den)
{
	static const struct {
		char unit;
		int64_t num, den;
	} units[] = {
		{'H', 3600000, 1},
		{'M', 60000, 1},
		{'S', 1000, 1},
		{'m', 1, 1},
		{'u', 1, 1000},
		{'n', 1, 1000000},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit == unit) {
			*ret_num = units[i].num;
			*ret_den = units[i].den;
			return true;
		}
	}
	return false;
}

bool grpc_timeout_parse(const char *text, size_t len, int64_t *ret_ms)
{
	int64_t value = 0, num, den, ms;

	if (len < 2 || len > TIMEOUT_DIGITS + 1)
		return false;
	for (size_t i = 0; i + 1 < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	if (!timeout_unit(text[len - 1], &num, &den))
		return false;
	ms = (value * num + den - 1) / den; /* at most 10^8 * 3.6 * 10^6: fits */
	if (ms < 1)
		ms = 1;
	if (ms > INT32_MAX)
		ms = INT32_MAX;
	*ret_ms = ms;
	return true;
}

void grpc_timeout_format(int64_t ms, char out[16])
{
	static const struct {
		int64_t ms;
		char unit;
	} steps[] = {{1, 'm'}, {1000, 'S'}, {60000, 'M'}, {3600000, 'H'}};
	size_t i = 0;
	int64_t value;

	if (ms < 1)
		ms = 1;
	/* Rounded up: a deadline never comes earlier than asked for. */
	while (i + 1 < sizeof(steps) / sizeof(steps[0]) && (ms - 1) / steps[i].ms + 1 > TIMEOUT_MAX)
		i++;
	value = (ms - 1) / steps[i].ms + 1;
	if (value > TIMEOUT_MAX)
		value = TIMEOUT_MAX;
	snprintf(out, 16, "%" PRIu32 "%c", (uint32_t)value, steps[i].unit);
}

static bool message_byte_is_plain(uint8_t byte)
{
	return byte >= 0x20 && byte <= 0x7E && byte != '%';
}

/* Bytes of the character that begins at text: what must not be cut apart. */
static size_t character_len(const char *text)
{
	size_t n = 1;

	if ((uint8_t)text[0] >= 0xC0) {
		while (n < 4 && ((uint8_t)text[n] & 0xC0) == 0x80)
			n++;
	}
	return n;
}

size_t grpc_message_encode(const char *text, char *out, size_t out_size)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t at = 0;

	if (out_size == 0)
		return 0;
	while (*text != '\0') {
		size_t n = character_len(text);
		size_t need = message_byte_is_plain((uint8_t)*text) ? 1 : 3 * n;

		if (need >= out_size - at)
			break;
		for (; n > 0; n--, text++) {
			uint8_t byte = (uint8_t)*text;

			if (message_byte_is_plain(byte)) {
				out[at++] = *text;
			} else {
				out[at++] = '%';
				out[at++] = hex[byte >> 4];
				out[at++] = hex[byte & 15];
			}
		}
	}
	out[at] = '\0';
	return at;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

size_t grpc_message_decode(const char *text, size_t len, char *out, size_t out_size)
{
	size_t at = 0, i = 0;

	if (out_size == 0)
		return 0;
	while (i < len && at + 1 < out_size) {
		int high = -1, low = -1;

		if (text[i] == '%' && len - i >= 3) {
			high = hex_digit(text[i + 1]);
			low = hex_digit(text[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			out[at++] = (char)(high << 4 | low);
			i += 3;
		} else {
			out[at++] = text[i++];
		}
	}
	out[at] = '\0';
	return at;
}

bool content_type_is_grpc(const char *text, size_t len)
{
	static const char want[] = "application/grpc";
	const size_t n = sizeof(want) - 1;

	if (len < n || memcmp(text, want, n) != 0)
		return false;
	return len == n || text[n] == '+' || text[n] == ';';
}
