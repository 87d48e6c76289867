/*
 * digest.c: SHA-256 from libcrypto, kept out of db/ so that OpenSSL's headers stay in few places.
 * Called by db/transaction.c. Owns nothing.
 */
#include "digest.h"

#include <openssl/err.h>
#include <openssl/sha.h>

_Static_assert(DIGEST_BYTES == SHA256_DIGEST_LENGTH, "the digest is SHA-256");

bool digest_of(const uint8_t *bytes, size_t len, uint8_t ret_digest[DIGEST_BYTES], struct error *err)
{
	static const uint8_t nothing;

	if (SHA256(len > 0 ? bytes : &nothing, len, ret_digest))
		return true;
	ERR_clear_error();
	return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "no memory to take the request's hash");
}
