/*
 * uuid.c: UUIDs as RFC 9562 writes them. Called for request ids and record ids.
 *
 * Owns nothing; randomness comes from getrandom(2).
 */
#include "metadata.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

enum { UUID_TEXT = 36 };

static bool dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

bool uuid_parse(const char *text, size_t len, uint8_t ret_uuid[16])
{
	uint8_t uuid[16] = {0};
	size_t nibble = 0;

	if (len != UUID_TEXT)
		return false;
	for (size_t i = 0; i < UUID_TEXT; i++) {
		unsigned d;

		if (dash_at(i)) {
			if (text[i] != '-')
				return false;
			continue;
		}
		if (text[i] >= '0' && text[i] <= '9')
			d = (unsigned)(text[i] - '0');
		else if (text[i] >= 'a' && text[i] <= 'f')
			d = (unsigned)(text[i] - 'a') + 10;
		else
			return false;
		uuid[nibble / 2] = (uint8_t)((unsigned)uuid[nibble / 2] << 4 | d);
		nibble++;
	}
	for (size_t i = 0; i < sizeof(uuid); i++)
		ret_uuid[i] = uuid[i];
	return true;
}

void uuid_format(const uint8_t uuid[16], char out[37])
{
	static const char hex[] = "0123456789abcdef";
	size_t nibble = 0;

	for (size_t i = 0; i < UUID_TEXT; i++) {
		if (dash_at(i)) {
			out[i] = '-';
			continue;
		}
		out[i] = hex[nibble % 2 == 0 ? uuid[nibble / 2] >> 4 : uuid[nibble / 2] & 15];
		nibble++;
	}
	out[UUID_TEXT] = '\0';
}

void uuid_random(uint8_t ret_uuid[16])
{
	ssize_t n;

	do
		n = getrandom(ret_uuid, 16, 0);
	while (n < 0 && errno == EINTR);
	/* Up to 256 bytes come whole once the pool is ready; anything else is a broken system. */
	if (n != 16)
		abort();
	ret_uuid[6] = (uint8_t)((ret_uuid[6] & 0x0F) | 0x40);
	ret_uuid[8] = (uint8_t)((ret_uuid[8] & 0x3F) | 0x80);
}
