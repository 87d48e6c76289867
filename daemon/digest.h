/*
 * digest.h: the hash by which a repeated request is known to be the same one.
 */
#ifndef RADIOSHOP_DIGEST_H
#define RADIOSHOP_DIGEST_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_BYTES = 32 };

/*
 * SHA-256 of len bytes; bytes may be NULL when len is 0. False: RESOURCE_EXHAUSTED, since libcrypto allocates for it,
 * and a hash of nothing in particular would turn the repeat away.
 */
bool digest_of(const uint8_t *bytes, size_t len, uint8_t ret_digest[DIGEST_BYTES], struct error *err) MUST_CHECK;

#endif
