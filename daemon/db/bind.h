/*
 * bind.h: a request message as binary parameters of its statement.
 */
#ifndef RADIOSHOP_BIND_H
#define RADIOSHOP_BIND_H

#include "page_token.h"
#include "plan.h"

enum { PAGE_SIZE_DEFAULT = 50, PAGE_SIZE_MAX = 1000 };

/* Parameters as libpq takes them. Everything lies in the call's arena or in the request. */
struct bound {
	int count;
	const char **values;    /* NULL for NULL */
	int *lengths, *formats; /* formats are all 1, binary */
};

/* What the result will need to make the token of the next page. */
struct page {
	int32_t size;                        /* rows of a page that the caller gets */
	struct page_fingerprint fingerprint; /* statement and filters */
};

/*
 * page_key is where a stream goes on (NULL at its beginning), stream_page the rows of one of its pages;
 * ROWS_PAGE takes both from the request. Fails with INVALID_ARGUMENT naming the field, or
 * RESOURCE_EXHAUSTED when the arena is exhausted. The statement has been checked.
 */
bool bind_request(const struct statement *s, const ProtobufCMessage *request, const char *page_key,
	unsigned stream_page, struct arena *a, struct bound *ret_bound, struct page *ret_page,
	struct error *err) MUST_CHECK;

/* The request_id of a write as 16 bytes; INVALID_ARGUMENT when it is missing or no UUID. */
bool bind_request_id(
	const struct statement *s, const ProtobufCMessage *request, uint8_t ret_uuid[16], struct error *err) MUST_CHECK;

#endif
