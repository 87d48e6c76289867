/*
 * call.h: one call, gRPC or Connect, from its headers to its end. Owned by its connection (h2.c).
 *
 * h2.c reports what happens on the stream with the functions below; each records the fact and lets
 * the call take its steps. The call speaks back through h2.h. See the picture in call.c.
 */
#ifndef RADIOSHOP_CALL_H
#define RADIOSHOP_CALL_H

#include "arena.h"
#include "builtin.h"
#include "byte_queue.h"
#include "catalog.h"
#include "custom_metadata.h"
#include "frame.h"
#include "head.h"
#include "method.h"
#include "pool.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum { CALL_ID_SIZE = 13 };

enum call_state {
	CALL_HEAD,
	CALL_BODY,
	CALL_READY,
	CALL_RUNNING,
	CALL_REPLYING,
	CALL_TALKING,
	CALL_REFUSED,
	CALL_ENDING,
	CALL_DONE,
	CALL_STATES
};

struct call_metadata {
	struct metadata_list received, headers, trailers;
};

/* The members are call.c's own; h2.c uses link, id and stream_id. */
struct call {
	TAILQ_ENTRY(call) link; /* in its connection's list */
	struct h2 *h2;          /* owner, outlives the call */
	int32_t stream_id;
	enum call_state state; /* moved by call_move() only */
	char id[CALL_ID_SIZE]; /* random hex, for the log, events and INTERNAL errors */
	struct head head;
	int http_status; /* to refuse with, where it is not the status code's own; 0: none */

	const struct catalog_method *contract; /* NULL until found */
	const struct method *method;           /* one of these two */
	const struct builtin *builtin;
	void *builtin_data;
	struct call_metadata *metadata; /* in the arena; NULL until a builtin has some, for ever in all other calls */

	/* facts, set as they become known */
	bool headers_complete, half_closed, answered, expired, finished;
	bool begun, end_told; /* the builtin knows of the call, of the half-close */
	bool given, paused;   /* the builtin has the message, and is not done with it when its on_message returns */
	bool wants_room;      /* the builtin waits for on_room */
	bool stepping;        /* call_step() is on the stack */
	bool responded;       /* response headers are out: no trailers-only any more */
	bool gzip;            /* they say grpc-encoding: gzip, so messages may be compressed */
	enum compression compression;

	struct event deadline;
	int64_t started_us, deadline_ms; /* deadline_ms 0: none */

	struct frame_reader in;
	struct byte_queue inbox;   /* client streaming: what came behind a message that is not taken yet */
	size_t received;           /* bytes of the request's DATA that have come */
	size_t owed;               /* of them, those for which the stream's window has not been opened again */
	size_t held;               /* request bytes reported to h2 */
	struct arena arena;        /* the request and what stands on it */
	struct arena reply;        /* what the database answers, until it is queued */
	char *page_key;            /* where the next page of a stream begins; malloc'ed, NULL after the last */
	size_t counted;            /* bytes reported to rpc->call_bytes and to the principal's share */
	ProtobufCMessage *request; /* NULL, and unfit in the arena says why, when it could not be unpacked */
	const struct error *unfit;
	const uint8_t *payload; /* of a write: the request packed, in the arena */
	size_t payload_len;
	struct db_call db;
	uint64_t rows;
	bool replayed; /* the answer is the one first given to this request_id */

	struct byte_queue out;
	int64_t waits_since_ms; /* since when the client has taken nothing to speak of; 0: nothing waits for it */
	size_t taken;           /* bytes it took since then */
	struct error status;    /* OK until something fails */
};

/* A stream was opened. NULL when memory is short. */
struct call *call_new(struct h2 *h2, int32_t stream_id) MUST_CHECK;
/* The stream must be closed: call_gone() first. */
void call_free(struct call *call);

/* What happens on the stream. */
void call_header(struct call *call, const char *name, size_t name_len, const char *value, size_t value_len);
void call_headers_complete(struct call *call);
void call_receive(struct call *call, const uint8_t *bytes, size_t len); /* opens the stream's window when taken */
void call_half_closed(struct call *call);
/* Reset by either side, or the connection is lost, or all is said. Nothing of the call reaches h2 after this. */
void call_gone(struct call *call);
/* The connection's queue has room again. */
void call_room(struct call *call);
/* The daemon stops: a call that would wait for ever ends. */
void call_drain(struct call *call);
/* Resets the stream of a client that does not take the reply. */
void call_check_time(struct call *call, int64_t now_ms);

enum call_pulled {
	CALL_PULLED_SOME, /* more follows; if 0 bytes, h2_resume() says when */
	CALL_PULLED_BODY, /* the last of the body; the trailers have been handed over */
	CALL_PULLED_ALL,  /* the last of everything: the stream ends without trailers */
};

/* Moves up to room reply bytes into out; *ret_pulled is SOME before, and says what follows them. */
size_t call_pull(struct call *call, uint8_t *out, size_t room, enum call_pulled *ret_pulled);

/* For reply.c, talk.c and query.c. */

/* The metadata, made when there is none yet; NULL when memory is short. */
struct call_metadata *call_own_metadata(struct call *call) MUST_CHECK;
/* Goes on with the bytes that waited behind the message taken last, up to the end of the next. */
void call_refill(struct call *call);

void call_move(struct call *call, enum call_state to);
/* Decides the status (NULL: OK), which the next step says. The first decision stands. */
void call_decide(struct call *call, const struct error *status);
void call_refuse(struct call *call, enum status code, int32_t retry_after_ms, const char *text);
/* Takes whatever steps the facts allow. May be called from within a step: that one then goes on. */
void call_step(struct call *call);
/* The request message that has come, read from protobuf or JSON into the arena; NULL with err. */
ProtobufCMessage *call_read(struct call *call, struct arena *arena, struct error *err) MUST_CHECK;
/* Tells the daemon and the connection how much memory the call has now, for the limits on all of them. */
void call_count_bytes(struct call *call);
/*
 * Whether there is memory for more bytes, in all and for the principal. False: err is RESOURCE_EXHAUSTED with a
 * time to try again.
 */
bool call_memory_left(const struct h2 *h2, size_t more, struct error *err) MUST_CHECK;

#endif
