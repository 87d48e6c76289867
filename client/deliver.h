/*
 * deliver.h: hands one message to the recipient's side, and says what became of it.
 */
#ifndef RADIOSHOP_DELIVER_H
#define RADIOSHOP_DELIVER_H

#include "notice.h"
#include "send_settings.h"

/* What became of a message, and what the other side said; our_fault: this host is set up wrong. */
struct delivery_result {
	Radioshop__V1__DeliveryOutcome outcome;
	bool our_fault;
	char reply[512];
};

/* Fills in a result. */
void result_set(struct delivery_result *r, Radioshop__V1__DeliveryOutcome outcome, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Hands it over, on whatever channel it is for. Takes at most the time-out of the settings. */
void deliver(const struct send_settings *s, const Radioshop__V1__Delivery *d, struct delivery_result *ret);

void deliver_mail(const struct send_settings *s, const Radioshop__V1__Delivery *d,
	struct delivery_result *ret); /* deliver_mail.c */
void deliver_web(const struct send_settings *s, const Radioshop__V1__Delivery *d,
	struct delivery_result *ret); /* deliver_web.c */

/* How far a conversation of SMTP has come: the last command that was sent. */
enum smtp_stage { SMTP_BEFORE, SMTP_RECIPIENT, SMTP_DATA, SMTP_BODY };

/*
 * What a conversation that came so far and ended with this reply (0: none) means. 2xx to the final dot: the relay has
 * it. 5xx to the recipient or to the message: it never will. All else, and 5xx to what this host is, may do later.
 */
Radioshop__V1__DeliveryOutcome outcome_of_smtp(enum smtp_stage stage, unsigned reply);
/* The same for the exit status of a sendmail program (sysexits.h). */
Radioshop__V1__DeliveryOutcome outcome_of_sendmail(int status);
/* The same for the answer to a webhook; 0: none. */
Radioshop__V1__DeliveryOutcome outcome_of_http(unsigned status);

#endif
