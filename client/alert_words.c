/* alert_words.c: the table, and the days of an alert. Pure. */
#include "alert_words.h"

#include <inttypes.h>
#include <stdio.h>

#define TICKET_SHOWN "radioshop ticket show TICKET                  what it waits for"
#define SERVICE_DONE "radioshop service record TAG --plan PLAN --result passed"

const struct alert_words alert_words[] = {
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_OVERDUE, "overdue", "OVERDUE", "due", {"overdue", "overdue"},
		SERVICE_DONE},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_ESCALATED, "still overdue", "STILL OVERDUE", "due",
		{"overdue", "overdue"}, SERVICE_DONE},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_DUE_SOON, "due soon", "DUE SOON", "due", {"left", "left"}, SERVICE_DONE},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_TICKET_WAITING, "waiting", "TICKET WAITS", "since",
		{"without a move", "without a move"}, TICKET_SHOWN},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_TICKET_LATE, "repairs late", "REPAIR RUNS LATE", "due", {NULL, NULL},
		TICKET_SHOWN},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_WARRANTY_ENDING, "out of warranty soon", "WARRANTY ENDS", "ends",
		{"left", "left"},
		"radioshop ticket open TAG PROBLEM             send in what is broken while it costs nothing"},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_PART_LOW, "parts low", "PART RUNS LOW", "since", {NULL, NULL},
		"radioshop stock list --below-reorder          what to order"},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_CALIBRATION_ENDING, "calibrations", "CALIBRATION ENDS", "ends",
		{"left", "past its end"},
		"radioshop analyser update SERIAL --calibrated-on DAY --calibration-due-on DAY"},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_LOANER_NOT_BACK, "not back", "LOANER NOT BACK", "due back",
		{"late", "late"},
		"radioshop loan return TAG                     it is back; or loan extend TAG YYYY-MM-DD WHY"},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_TICKET_MOVED, "moved", "TICKET MOVED", "on", {NULL, NULL},
		"radioshop ticket unwatch TICKET               hear no more of it"},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_CERTIFICATE_ENDING, "certificates", "CERTIFICATE ENDS", "ends",
		{"left", "past its end"}, "/usr/lib/radioshop/pki person CA-DIR NAME       makes a new one"},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_IMPORT_UNFINISHED, "imports unfinished", "IMPORT UNFINISHED", "since",
		{"without a row", "without a row"},
		"radioshop asset import FILE --agency AGENCY    the same file goes on; or import abandon SUBJECT"},
	{RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_RESOLVED, "settled", "SETTLED", "due", {NULL, NULL}, NULL},
};
const size_t alert_words_count = sizeof alert_words / sizeof alert_words[0];

const char *alert_days(const struct alert_words *words, int32_t days, int32_t step, char out[ALERT_DAYS_MAX])
{
	const char *what = words->days[step > 0];

	*out = '\0';
	if (what != NULL)
		snprintf(out, ALERT_DAYS_MAX, ", %" PRId32 " day%s %s", days, days == 1 ? "" : "s", what);
	return out;
}
