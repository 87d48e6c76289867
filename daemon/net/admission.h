/*
 * admission.h: how fast one address may make connections. Pure: an address and the time in, a verdict out.
 *
 * A handshake costs us a signature, about a millisecond, and a stranger nothing. Each origin has a bucket that holds
 * `burst` connections and fills up again by `per_s` a second. The table has a fixed size: origins that fall on the
 * same slot share its bucket, and a random key keeps strangers from choosing whose.
 */
#ifndef RADIOSHOP_ADMISSION_H
#define RADIOSHOP_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { ADMISSION_SLOTS = 4096 };

struct admission {
	uint64_t key;
	struct {
		int64_t at_ms;
		int64_t spent; /* thousandths of a connection; 0: the bucket is full */
	} slots[ADMISSION_SLOTS];
};

/* What counts as one address: IPv4 by itself, also when it is mapped into IPv6, else the first 64 bits of IPv6. */
uint64_t address_origin(const struct sockaddr *address);

/* All buckets full. */
void admission_init(struct admission *a, uint64_t key);
/* One more connection from there. False: too soon. */
bool admission_take(struct admission *a, uint64_t origin, int per_s, int burst, int64_t now_ms);

#endif
