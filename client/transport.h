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

/* Neither waits. Sends what goes at once; *ret_len 0: nothing now. */
bool transport_send(
	struct transport *t, const uint8_t *bytes, size_t len, size_t *ret_len, struct error *err) MUST_CHECK;
/* Reads what is there; *ret_len 0: nothing now, or *ret_end: the other side closed in order. */
bool transport_receive(
	struct transport *t, uint8_t *bytes, size_t size, size_t *ret_len, bool *ret_end, struct error *err) MUST_CHECK;
/* Waits until what moved nothing before is worth another try, or until_ms has come: true in either case. */
bool transport_wait(struct transport *t, int64_t until_ms, struct error *err) MUST_CHECK;

/* UNAVAILABLE "no answer from HOST:PORT: why". Returns false. */
bool transport_no_answer(const struct profile *profile, struct error *err, const char *why);

#endif
