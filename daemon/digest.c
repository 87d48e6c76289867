/*
 * digest.c: SHA-256 from libcrypto, kept out of db/ so that OpenSSL's headers stay in few places.
 * Called by db/transaction.c. Owns nothing.
 */
#include "digest.h"

#include <openssl/sha.h>

_Static_assert(DIGEST_BYTES == SHA256_DIGEST_LENGTH, "the digest is SHA-256");

void digest_of(const uint8_t *bytes, size_t len, uint8_t ret_digest[DIGEST_BYTES])
{
	static const uint8_t nothing;

	SHA256(len > 0 ? bytes : &nothing, len, ret_digest);
}
