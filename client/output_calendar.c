/*
 * output_calendar.c: what is due as an iCalendar feed (RFC 5545). A writer of output.h, for rows of DueItem.
 *
 * An item is an all-day event, since calendars that people have do not show tasks of a feed. Its UID is that of the one
 * service that is to be done next: a date that moves moves the event, and the next service is another event. Equal data
 * make equal files: no time of writing is in them.
 */
#include "output.h"

#include "calendar.h"
#include "failure.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(TALLOC_CTX *ctx, const ProtobufCMessage *m, const char *field, enum value_style style)
{
	struct column c = {.dotted = field};

	if (!field_path_find(m->descriptor, field, &c.path))
		abort(); /* writer_new has checked the descriptor */
	return column_text(ctx, &c, m, style);
}

static void property(struct writer *w, TALLOC_CTX *ctx, const char *name, const char *text)
{
	calendar_line(w->o.out, talloc_asprintf(ctx, "%s:%s", name, calendar_text(ctx, text)));
}

static void lines(struct writer *w, const char *const *list)
{
	for (; *list != NULL; list++)
		calendar_line(w->o.out, *list);
}

static bool calendar_begin(struct writer *w, struct error *err)
{
	static const char *const head[] = {"BEGIN:VCALENDAR", "VERSION:2.0",
		"PRODID:-//radioshop//radioshop " RADIOSHOP_VERSION "//EN", "CALSCALE:GREGORIAN", NULL};

	if (strcmp(w->row->name, "radioshop.v1.DueItem") != 0)
		return usage_error(err, "just what is due can be written as a calendar");
	lines(w, head);
	property(w, w, "X-WR-CALNAME", w->o.title != NULL ? w->o.title : "Radio service due");
	return true;
}

/* 20261130 of 2026-11-30, 20261130T120000Z of 2026-11-30T12:00:00Z. */
static char *compact(TALLOC_CTX *ctx, const char *date)
{
	char *copy = talloc_strdup(ctx, date), *to = copy;

	if (copy == NULL)
		abort();
	for (const char *c = date; *c != '\0'; c++)
		if (*c != '-' && *c != ':')
			*to++ = *c;
	*to = '\0';
	return copy;
}

static char *summary(TALLOC_CTX *ctx, const ProtobufCMessage *m)
{
	const char *holder = text_of(ctx, m, "assigned_to", VALUE_CSV);
	bool overdue = strcmp(text_of(ctx, m, "days_overdue", VALUE_CSV), "0") != 0;

	return talloc_asprintf(ctx, "%s %s: %s %s%s%s%s", text_of(ctx, m, "plan", VALUE_CSV),
		overdue ? "overdue" : "due", text_of(ctx, m, "agency", VALUE_CSV), text_of(ctx, m, "tag", VALUE_CSV),
		*holder != '\0' ? " (" : "", holder, *holder != '\0' ? ")" : "");
}

static char *description(TALLOC_CTX *ctx, const ProtobufCMessage *m)
{
	static const struct {
		const char *field, *title;
	} parts[] = {{"model", "Model"}, {"serial", "Serial"}, {"class", "Class"}, {"status", "Status"},
		{"assigned_to", "Assigned to"}, {"last_done_on", "Last done"}};
	char *text = talloc_asprintf(ctx, "Due: %s", text_of(ctx, m, "due_on", VALUE_CSV));

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const char *value = text_of(ctx, m, parts[i].field, VALUE_CSV);

		if (*value != '\0')
			text = talloc_asprintf_append(text, "\n%s: %s", parts[i].title, value);
	}
	return text;
}

static char *uid(TALLOC_CTX *ctx, const ProtobufCMessage *m)
{
	const char *done = text_of(ctx, m, "last_done_on", VALUE_CSV);

	return talloc_asprintf(ctx, "%s.%s.%s@radioshop", text_of(ctx, m, "asset_id", VALUE_CSV),
		text_of(ctx, m, "plan", VALUE_CSV), *done != '\0' ? done : "first");
}

static bool calendar_row(struct writer *w, const ProtobufCMessage *m, struct error *err)
{
	TALLOC_CTX *ctx = talloc_new(w);
	const char *changed = compact(ctx, text_of(ctx, m, "changed_at", VALUE_CSV));

	(void)err;
	calendar_line(w->o.out, "BEGIN:VEVENT");
	property(w, ctx, "UID", uid(ctx, m));
	property(w, ctx, "DTSTAMP", *changed != '\0' ? changed : "19700101T000000Z");
	if (*changed != '\0')
		property(w, ctx, "LAST-MODIFIED", changed);
	property(w, ctx, "SEQUENCE", text_of(ctx, m, "date_changes", VALUE_CSV));
	property(w, ctx, "DTSTART;VALUE=DATE", compact(ctx, text_of(ctx, m, "due_on", VALUE_CSV)));
	property(w, ctx, "SUMMARY", summary(ctx, m));
	property(w, ctx, "DESCRIPTION", description(ctx, m));
	property(w, ctx, "CATEGORIES", text_of(ctx, m, "plan", VALUE_CSV));
	calendar_line(w->o.out, "TRANSP:TRANSPARENT"); /* nobody is busy that day because of it */
	calendar_line(w->o.out, "END:VEVENT");
	talloc_free(ctx);
	return true;
}

static bool calendar_end(struct writer *w, struct error *err)
{
	/* A calendar has at least one component: where nothing is due, it is the time zone of nothing. */
	static const char *const nothing[] = {"BEGIN:VTIMEZONE", "TZID:Etc/UTC", "BEGIN:STANDARD",
		"DTSTART:19700101T000000", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0000", "END:STANDARD", "END:VTIMEZONE",
		NULL};

	(void)err;
	if (w->rows == 0)
		lines(w, nothing);
	calendar_line(w->o.out, "END:VCALENDAR");
	return true;
}

const struct writer_ops calendar_writer = {calendar_begin, calendar_row, calendar_end, NULL};
