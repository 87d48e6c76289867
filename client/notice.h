/*
 * notice.h: what a delivery says, as text for people, as a mail message and as JSON for programs. Pure.
 *
 * Whatever people typed into a record may stand in a delivery; none of it can become a header, a command of SMTP, a
 * second line of a JSON file or a control character on somebody's screen.
 */
#ifndef RADIOSHOP_NOTICE_H
#define RADIOSHOP_NOTICE_H

#include "radioshop/v1/alert.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

/* "IND: 3 overdue, 1 settled": ASCII, made of the agency's code and of counts only. Owned by ctx. */
char *notice_subject(TALLOC_CTX *ctx, const Radioshop__V1__Delivery *d);

/* What is the matter, where, since when, and what to do next; lines end with \n. Owned by ctx. */
char *notice_text(TALLOC_CTX *ctx, const Radioshop__V1__Delivery *d);

/*
 * A whole message of RFC 5322 for one recipient: ASCII, CRLF, lines of at most 78 bytes but for addresses. Message-ID
 * and Date follow from the delivery, so that every try is the same message. from must pass notice_is_address(). Owned
 * by ctx.
 */
char *notice_mail(TALLOC_CTX *ctx, const Radioshop__V1__Delivery *d, const char *from);

/* One JSON object in one line, without a line end. Owned by ctx. */
char *notice_json(TALLOC_CTX *ctx, const Radioshop__V1__Delivery *d);

/* Whether text can stand between < and > of a header and of an SMTP command: local@domain, printable ASCII, no more. */
bool notice_is_address(const char *text);

#endif
