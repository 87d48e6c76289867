/*
 * notify.h: tells systemd how we are, by the protocol of sd_notify(3), without its library.
 * Without NOTIFY_SOCKET in the environment everything here does nothing.
 */
#ifndef RADIOSHOP_NOTIFY_H
#define RADIOSHOP_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STATUS=...", several lines at once; never blocks, never fails the caller. */
void notify_send(const char *state);
/* "RELOADING=1" with the time of the monotonic clock that systemd wants beside it. */
void notify_reloading(void);
/* How often systemd wants WATCHDOG=1, in microseconds; 0 when it does not watch us. */
int64_t notify_watchdog_usec(void);

#endif
