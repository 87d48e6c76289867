/*
 * http.h: answers GET and HEAD on a plain port, for those who watch the daemon. One request a connection.
 *
 * Nobody can wedge it: a request has 8 KiB and ten seconds in all, and of more than 32 connections the oldest goes.
 * (libevent 2.1's evhttp limits neither the number of connections nor the whole time of a request.)
 */
#ifndef RADIOSHOP_HTTP_H
#define RADIOSHOP_HTTP_H

#include "error.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdbool.h>

struct http_server;

/*
 * Writes the body of the page at path, and returns the status, 200, 404 or 503. *ret_type is the media type,
 * "text/plain; charset=utf-8" unless set.
 */
typedef int http_page(void *owner, const char *path, struct evbuffer *body, const char **ret_type);

/* Listens on ADDRESS:PORT at once. NULL: err says why not; key names the setting in it. */
struct http_server *http_server_new(struct event_base *base, const char *address, const char *key, http_page *page,
	void *owner, struct error *err) MUST_CHECK;
/* Closes every connection. NULL is fine. */
void http_server_free(struct http_server *s);

/*
 * The pure part, for tests and fuzzing: METHOD SP PATH SP HTTP/1.x, which is cut up. Returns 200 with the path, what stands
 * behind a ? taken off; or 400 or 405 without.
 */
int http_request_line(char *line, const char **ret_path, bool *ret_head_only) MUST_CHECK;

#endif
