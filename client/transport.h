/*
 * transport.h: a TLS connection with deadlines: bytes in, bytes out. Only transport.c knows OpenSSL.
 */
#ifndef RADIOSHOP_TRANSPORT_H
#define RADIOSHOP_TRANSPORT_H

#include "error.h"
#include "profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct transport;

/* Milliseconds of the monotonic clock. */
int64_t clock_ms(void);

/*
 * Connects and shakes hands until deadline_ms (of clock_ms). NULL: UNAVAILABLE, DEADLINE_EXCEEDED, or reason
 * CERTIFICATE or CONFIGURATION with a sentence.
 */
struct transport *transport_open(const struct profile *profile, int64_t deadline_ms, struct error *err) MUST_CHECK;
void transport_free(struct transport *t);

/* Writes all of it. */
bool transport_write(
	struct transport *t, const uint8_t *bytes, size_t len, int64_t deadline_ms, struct error *err) MUST_CHECK;
/* Reads what is there, at least one byte; *ret_len 0 means that the other side closed in order. */
bool transport_read(struct transport *t, uint8_t *bytes, size_t size, size_t *ret_len, int64_t deadline_ms,
	struct error *err) MUST_CHECK;

#endif
