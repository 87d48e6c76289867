/*
 * base64.c: both alphabets of RFC 4648, without padding when written.
 *
 * Called for -bin metadata, bytes in JSON and page tokens. Pure functions; own nothing.
 */
#include "metadata.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t encode(const char *alphabet, const uint8_t *bytes, size_t len, char *out, size_t out_size)
{
	size_t at = 0, i = 0;

	if (out_size == 0)
		return 0;
	/* Three bytes become four characters, the rest of one or two bytes two or three. */
	if (len / 3 >= (out_size - 1) / 4 && len / 3 * 4 + (len % 3 == 0 ? 0 : len % 3 + 1) > out_size - 1) {
		out[0] = '\0';
		return 0;
	}
	for (; len - i >= 3; i += 3) {
		uint32_t v = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];

		out[at++] = alphabet[v >> 18];
		out[at++] = alphabet[v >> 12 & 63];
		out[at++] = alphabet[v >> 6 & 63];
		out[at++] = alphabet[v & 63];
	}
	if (len - i > 0) {
		uint32_t v = (uint32_t)bytes[i] << 16 | (len - i == 2 ? (uint32_t)bytes[i + 1] << 8 : 0);

		out[at++] = alphabet[v >> 18];
		out[at++] = alphabet[v >> 12 & 63];
		if (len - i == 2)
			out[at++] = alphabet[v >> 6 & 63];
	}
	out[at] = '\0';
	return at;
}

static int digit(const char *alphabet, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == alphabet[62])
		return 62;
	if (c == alphabet[63])
		return 63;
	return -1;
}

static bool decode(const char *alphabet, const char *text, size_t len, uint8_t *out, size_t out_size, size_t *ret_len)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t at = 0;

	if (len > 0 && len % 4 == 0 && text[len - 1] == '=')
		len -= text[len - 2] == '=' ? 2 : 1;
	if (len % 4 == 1 || len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1) > out_size)
		return false;
	for (size_t i = 0; i < len; i++) {
		int d = digit(alphabet, text[i]);

		if (d < 0)
			return false;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[at++] = (uint8_t)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	/* Left-over bits must be zero, so that no two texts mean the same bytes. */
	if (bits != 0)
		return false;
	*ret_len = at;
	return true;
}

size_t base64_encode(const uint8_t *bytes, size_t len, char *out, size_t out_size)
{
	return encode(standard, bytes, len, out, out_size);
}

bool base64_decode(const char *text, size_t len, uint8_t *out, size_t out_size, size_t *ret_len)
{
	return decode(standard, text, len, out, out_size, ret_len);
}

size_t base64url_encode(const uint8_t *bytes, size_t len, char *out, size_t out_size)
{
	return encode(url_safe, bytes, len, out, out_size);
}

bool base64url_decode(const char *text, size_t len, uint8_t *out, size_t out_size, size_t *ret_len)
{
	return decode(url_safe, text, len, out, out_size, ret_len);
}
