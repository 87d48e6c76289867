/*
 * cancel.c: the thread that waits in PQcancel(), and the socket between it and the event loop.
 *
 * backend.c asks. Owns the thread, the socket pair and the requests. A request's number goes to the thread and comes
 * back when it is done; between the two its slot is the thread's, but for the owner, which is always the loop's.
 */
#include "cancel.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUESTS_MAX = 64, ERROR_BYTES = 256, LEAVE_AFTER_MS = 50 };
enum { LOOP, THREAD };

struct request {
	PGcancel *handle; /* NULL: the slot is free */
	void *owner;      /* NULL: nobody wants to hear of it */
	int64_t asked_ms;
	bool delivered;
};

struct canceller {
	struct request requests[REQUESTS_MAX];
	void (*done)(void *owner, bool delivered);
	struct event *answer;
	int ends[2]; /* SEQPACKET: each message is the number of one request */
	pthread_t thread;
	bool runs;
};

/* What a thread that did not end in time may still touch; named here, so that it is not taken for a leak. */
static struct canceller *volatile left_behind;

static void *thread_main(void *arg)
{
	struct canceller *c = arg;
	char ignored[ERROR_BYTES];
	uint8_t n;

	for (;;) {
		ssize_t got = recv(c->ends[THREAD], &n, sizeof(n), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got != sizeof(n))
			return NULL;
		struct request *r = &c->requests[n];

		r->delivered = clock_ms() - r->asked_ms < CANCEL_FRESH_MS &&
			       PQcancel(r->handle, ignored, sizeof(ignored)) == 1;
		if (send(c->ends[THREAD], &n, sizeof(n), MSG_NOSIGNAL) != sizeof(n))
			return NULL;
	}
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct canceller *c = arg;
	uint8_t n;

	(void)what;
	while (recv(fd, &n, sizeof(n), MSG_DONTWAIT) == sizeof(n)) {
		struct request r = c->requests[n];

		memset(&c->requests[n], 0, sizeof(c->requests[n]));
		PQfreeCancel(r.handle);
		if (r.owner)
			c->done(r.owner, r.delivered);
	}
}

/* Signals are the event loop's: the thread is born with all of them blocked. */
static bool start_thread(struct canceller *c)
{
	sigset_t all, before;
	int failed;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return false;
	failed = pthread_create(&c->thread, NULL, thread_main, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->runs = failed == 0;
	return c->runs;
}

struct canceller *canceller_new(struct event_base *base, void (*done)(void *owner, bool delivered))
{
	struct canceller *c = calloc(1, sizeof(*c));
	bool good;

	if (!c)
		return NULL;
	c->done = done;
	c->ends[LOOP] = c->ends[THREAD] = -1;
	good = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, c->ends) == 0 &&
	       (c->answer = event_new(base, c->ends[LOOP], EV_READ | EV_PERSIST, on_answer, c)) != NULL &&
	       event_add(c->answer, NULL) == 0 && start_thread(c);
	if (good)
		return c;
	log_event(LOG_LEVEL_WARNING, "cancelling_off", "why", strerror(errno), NULL);
	canceller_free(c);
	return NULL;
}

/*
 * In recv() it is woken. In PQcancel() it may wait for a server that never answers: then it is left to the end of the
 * process, which is near, with all that it may touch. (pthread_cancel() would do, but leaves AddressSanitizer a stack
 * that it takes for a broken one.)
 */
static bool end_thread(struct canceller *c)
{
	struct timespec until;

	if (!c->runs)
		return true;
	(void)shutdown(c->ends[LOOP], SHUT_RDWR);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += LEAVE_AFTER_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	if (pthread_timedjoin_np(c->thread, NULL, &until) == 0)
		return true;
	pthread_detach(c->thread);
	return false;
}

void canceller_free(struct canceller *c)
{
	if (!c)
		return;
	if (c->answer)
		event_free(c->answer);
	if (!end_thread(c)) {
		left_behind = c;
		return;
	}
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		PQfreeCancel(c->requests[i].handle);
	for (int end = LOOP; end <= THREAD; end++) {
		if (c->ends[end] >= 0)
			close(c->ends[end]);
	}
	free(c);
}

bool canceller_ask(struct canceller *c, PGconn *conn, void *owner)
{
	uint8_t n = 0;
	struct request *r;

	while (c && n < REQUESTS_MAX && c->requests[n].handle)
		n++;
	if (!c || n == REQUESTS_MAX)
		return false;
	r = &c->requests[n];
	r->handle = PQgetCancel(conn);
	if (!r->handle)
		return false;
	r->owner = owner;
	r->asked_ms = clock_ms();
	if (send(c->ends[LOOP], &n, sizeof(n), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(n))
		return true;
	PQfreeCancel(r->handle);
	memset(r, 0, sizeof(*r));
	return false;
}

void canceller_forget(struct canceller *c, const void *owner)
{
	for (size_t i = 0; c && i < REQUESTS_MAX; i++) {
		if (c->requests[i].owner == owner)
			c->requests[i].owner = NULL;
	}
}
