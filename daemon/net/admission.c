/*
 * admission.c: buckets of connections by origin. Called by listener.c before anything is spent on a client.
 */
#include "admission.h"

#include <netinet/in.h>
#include <string.h>

enum { ONE = 1000 }; /* a connection, in the unit of slots[].spent */

uint64_t address_origin(const struct sockaddr *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
	uint64_t network;
	uint32_t four;

	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr);
	if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		memcpy(&four, six->sin6_addr.s6_addr + 12, sizeof four);
		return ntohl(four);
	}
	memcpy(&network, six->sin6_addr.s6_addr, sizeof network);
	return network;
}

/* Every bit of the origin and of the key moves about half of the slot's (the finalizer of MurmurHash3). */
static unsigned slot_of(const struct admission *a, uint64_t origin)
{
	uint64_t x = origin ^ a->key;

	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (unsigned)((x ^ x >> 33) % ADMISSION_SLOTS);
}

void admission_init(struct admission *a, uint64_t key)
{
	memset(a, 0, sizeof *a);
	a->key = key;
}

bool admission_take(struct admission *a, uint64_t origin, int per_s, int burst, int64_t now_ms)
{
	unsigned slot = slot_of(a, origin);
	int64_t *spent = &a->slots[slot].spent, passed = now_ms - a->slots[slot].at_ms;

	/* per_s a second are as many thousandths a millisecond; longer than this the bucket is full anyway. */
	if (passed < 0 || passed > INT64_C(1000) * burst || *spent <= passed * per_s)
		*spent = 0;
	else
		*spent -= passed * per_s;
	a->slots[slot].at_ms = now_ms;
	if (*spent + ONE > (int64_t)burst * ONE)
		return false;
	*spent += ONE;
	return true;
}
