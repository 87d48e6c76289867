/*
 * page.c: `report page`, one page of HTML with charts for people who would rather look than read. Called through the
 * command table. Owns nothing; the answers it shows are in the session's arena until the end, and the page is written
 * when all of them are there.
 *
 * The page has no script and needs nothing from elsewhere. It is XML, too. Everything that comes from the shop goes
 * through html_text.
 */
#include "actions.h"
#include "array.h"
#include "chart.h"
#include "failure.h"
#include "help.h"
#include "html.h"
#include "output.h"
#include "run.h"
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* More bars than this say nothing; the table has them all. */
enum { BARS_MAX = 20, TOP = 10 };

extern const unsigned char page_css[];
extern const size_t page_css_len;

/* The rows of one answer. */
struct rows {
	const ProtobufCMessageDescriptor *row;
	const ProtobufCMessage **row_of;
	size_t count;
};

struct page {
	struct session *session;
	const struct prepared *asked; /* its request holds agency, from and to */
	FILE *out;
	struct rows caller, agencies, plans, weeks, priorities, turnaround, ageing, due, repeats, costs, failures,
		replacements;
};

/* ---- asking ---- */

static const ProtobufCFieldDescriptor *field(const ProtobufCMessage *m, const char *name)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);

	if (f == NULL)
		abort(); /* test_page.py asks for every one */
	return f;
}

static const char *text_of(const ProtobufCMessage *m, const char *name)
{
	const char *text = *(const char *const *)message_value(m, field(m, name), 0);

	return text != NULL ? text : "";
}

static int32_t number_of(const ProtobufCMessage *m, const char *name)
{
	return *(const int32_t *)message_value(m, field(m, name), 0);
}

static int64_t wide_of(const ProtobufCMessage *m, const char *name)
{
	return *(const int64_t *)message_value(m, field(m, name), 0);
}

static double double_of(const ProtobufCMessage *m, const char *name)
{
	return *(const double *)message_value(m, field(m, name), 0);
}

/* Copies a field that both requests have. */
static void hand_on(struct page *pg, ProtobufCMessage *request, const char *name)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(request->descriptor, name);

	if (f != NULL)
		message_set(request, f, message_value(pg->asked->request, field(pg->asked->request, name), 0));
}

static void keep(struct page *pg, struct rows *rows, const ProtobufCMessage *row)
{
	rows->row_of = array_room(pg->session->mem, rows->row_of, rows->count + 1, sizeof *rows->row_of);
	rows->row_of[rows->count++] = row;
}

/* All rows of one reply: lists here are one page, as long as a page can be. number and value: a field of its own, or
 * NULL. */
static bool ask(
	struct page *pg, struct rows *ret, const char *method, const char *number, int32_t value, struct error *err)
{
	const struct catalog_method *m = catalog_method_by_name(method);
	const ProtobufCFieldDescriptor *f;
	const ProtobufCMessage *reply;
	ProtobufCMessage *request;

	if (m == NULL || (request = message_new(m->input, &pg->session->arena)) == NULL)
		abort();
	hand_on(pg, request, "agency");
	hand_on(pg, request, "from");
	hand_on(pg, request, "to");
	if (number != NULL)
		message_set(request, field(request, number), &value);
	reply = session_call(pg->session, m, request, BATCH_TIMEOUT_MS, &pg->session->arena, NULL, err);
	if (reply == NULL)
		return false;
	ret->row = reply_row(m->output, &f);
	if (f == NULL)
		abort();
	for (size_t i = 0; field_is_repeated(f) && i < message_count(reply, f); i++)
		keep(pg, ret, *(const ProtobufCMessage *const *)message_value(reply, f, i));
	if (!field_is_repeated(f) && reply_record(reply) != NULL)
		keep(pg, ret, reply_record(reply));
	return true;
}

static bool ask_all(struct page *pg, struct error *err)
{
	enum { BY_AGENCY = 1, BY_MODEL = 2, BY_PRIORITY = 3 }; /* ReportGroup */

	return ask(pg, &pg->caller, "PrincipalService.GetCaller", NULL, 0, err) &&
	       ask(pg, &pg->agencies, "AgencyService.ListAgencies", "page_size", 1000, err) &&
	       ask(pg, &pg->due, "ScheduleService.SummarizeDue", NULL, 0, err) &&
	       ask(pg, &pg->plans, "ReportService.SummarizeCompliance", NULL, 0, err) &&
	       ask(pg, &pg->weeks, "ReportService.SummarizeDueWeeks", NULL, 0, err) &&
	       ask(pg, &pg->ageing, "ReportService.SummarizeAgeing", NULL, 0, err) &&
	       ask(pg, &pg->priorities, "ReportService.SummarizeTurnaround", "by", BY_PRIORITY, err) &&
	       ask(pg, &pg->turnaround, "ReportService.SummarizeTurnaround", "by", BY_AGENCY, err) &&
	       ask(pg, &pg->repeats, "ReportService.SummarizeRepeats", "top", TOP, err) &&
	       ask(pg, &pg->failures, "ReportService.SummarizeFailures", "top", TOP, err) &&
	       ask(pg, &pg->costs, "ReportService.SummarizeCosts", "by", BY_MODEL, err) &&
	       ask(pg, &pg->replacements, "ReplacementService.SummarizeReplacements", "by", BY_AGENCY, err);
}

/* ---- writing ---- */

static const char *encoded(struct page *pg, const char *text)
{
	return html_text(pg->session->mem, text);
}

static bool table(struct page *pg, const struct rows *rows, const char *caption, const char *columns, struct error *err)
{
	struct output_options o = {
		.format = OUTPUT_HTML, .shape = SHAPE_LIST, .columns = columns, .title = caption, .out = pg->out};
	struct writer *w;
	bool ok;

	if (rows->count == 0)
		return true;
	w = writer_new(pg->session->mem, &o, rows->row, err);
	ok = w != NULL;
	for (size_t i = 0; ok && i < rows->count; i++)
		ok = writer_row(w, rows->row_of[i], err);
	ok = ok && writer_finish(w, err);
	writer_free(w);
	return ok;
}

static void section(struct page *pg, const char *title, const char *text)
{
	fprintf(pg->out, "<section>\n<h2>%s</h2>\n<p class=\"soft\">%s</p>\n", encoded(pg, title), encoded(pg, text));
}

static void end_section(struct page *pg)
{
	fputs("</section>\n", pg->out);
}

static void nothing(struct page *pg, const char *text)
{
	fprintf(pg->out, "<p>%s</p>\n", encoded(pg, text));
}

/* What the colours mean; words ended by NULL. */
static void key(struct page *pg, const char *const *words)
{
	fputs("<ul class=\"key\">", pg->out);
	for (int part = 0; words[part] != NULL; part++)
		fprintf(pg->out,
			"<li><svg viewBox=\"0 0 8 8\" aria-hidden=\"true\" xmlns=\"http://www.w3.org/2000/svg\">"
			"<rect class=\"p%d\" width=\"8\" height=\"8\"/></svg>%s</li>",
			part, encoded(pg, words[part]));
	fputs("</ul>\n", pg->out);
}

/* "IND 97.5 %, BSP 80 %": the notes of the bars, for who does not see them. */
static char *spoken(struct page *pg, const struct bar *bars, size_t count)
{
	char *text = talloc_strdup(pg->session->mem, "");

	for (size_t i = 0; i < count; i++)
		text = talloc_asprintf_append(text, "%s%s: %s", i > 0 ? "; " : "", bars[i].label, bars[i].note);
	return text;
}

/* ---- how plans were kept ---- */

static int by_share(const void *a, const void *b)
{
	const struct bar *x = a, *y = b;
	double of_x = x->parts[0] + x->parts[1] + x->parts[2], of_y = y->parts[0] + y->parts[1] + y->parts[2];
	double left = x->parts[0] * of_y, right = y->parts[0] * of_x;

	return left < right ? -1 : left > right ? 1 : strcmp(x->label, y->label);
}

/* A bar an agency, of the rows of its plans, which come together. */
static struct bar *agencies_kept(struct page *pg, size_t *ret_count)
{
	struct bar *bars = array_zeroed(pg->session->mem, pg->plans.count + 1, sizeof *bars);
	size_t n = 0;

	for (size_t i = 0; i < pg->plans.count; i++) {
		const ProtobufCMessage *m = pg->plans.row_of[i];

		if (n == 0 || strcmp(bars[n - 1].label, text_of(m, "agency")) != 0)
			bars[n++].label = text_of(m, "agency");
		bars[n - 1].parts[0] += number_of(m, "on_time");
		bars[n - 1].parts[1] += number_of(m, "late");
		bars[n - 1].parts[2] += number_of(m, "overdue");
	}
	for (size_t i = 0; i < n; i++) {
		double of = bars[i].parts[0] + bars[i].parts[1] + bars[i].parts[2];

		bars[i].note = talloc_asprintf(pg->session->mem, "%.1f %% of %.0f", 100 * bars[i].parts[0] / of, of);
	}
	*ret_count = n;
	return bars;
}

static bool write_compliance(struct page *pg, struct error *err)
{
	static const char *const words[] = {"in time", "late", "overdue now", NULL};
	size_t n;
	struct bar *bars = agencies_kept(pg, &n);
	struct chart c = {.id = "compliance", .title = "Service done in time, by agency", .bars = bars};

	section(pg, "Service done in time", "Of what fell due in the period, the grace days included.");
	if (n == 0)
		nothing(pg, "Nothing fell due.");
	if (n > BARS_MAX) {
		qsort(bars, n, sizeof *bars, by_share);
		nothing(pg, "The agencies with the least share; the table has all.");
	}
	c.count = n < BARS_MAX ? n : BARS_MAX;
	c.description = spoken(pg, bars, c.count);
	if (n > 0) {
		chart_rows(pg->out, &c, 1);
		key(pg, words);
	}
	if (!table(pg, &pg->plans, "Plan by plan", "agency plan name due on_time late overdue percent_on_time", err))
		return false;
	end_section(pg);
	return true;
}

/* ---- what falls due ---- */

/* "Nov 23" of 2026-11-23 */
static const char *short_day(struct page *pg, const char *date)
{
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int month = 0, day = 0;

	if (sscanf(date, "%*d-%d-%d", &month, &day) != 2 || month < 1 || month > 12)
		return date;
	return talloc_asprintf(pg->session->mem, "%s %d", months[month - 1], day);
}

static size_t week_at(struct page *pg, const char **days, size_t *count, const char *day)
{
	size_t i = 0;

	while (i < *count && strcmp(days[i], day) != 0)
		i++;
	if (i == *count && *count < pg->weeks.count)
		days[(*count)++] = day;
	return i;
}

static void write_weeks(struct page *pg)
{
	struct bar *bars = array_zeroed(pg->session->mem, pg->weeks.count + 1, sizeof *bars);
	const char **days = array_zeroed(pg->session->mem, pg->weeks.count + 1, sizeof *days);
	struct chart c = {.id = "weeks", .title = "Assets due in each of the next weeks", .bars = bars};
	double total = 0;

	for (size_t i = 0; i < pg->weeks.count; i++) {
		const ProtobufCMessage *m = pg->weeks.row_of[i];

		bars[week_at(pg, days, &c.count, text_of(m, "week_on"))].parts[0] += number_of(m, "due");
		total += number_of(m, "due");
	}
	for (size_t i = 0; i < c.count; i++) {
		bars[i].label = short_day(pg, days[i]);
		bars[i].note = talloc_asprintf(pg->session->mem, "%.0f", bars[i].parts[0]);
	}
	c.description = spoken(pg, bars, c.count);
	if (total > 0)
		chart_columns(pg->out, &c);
	else
		nothing(pg, "Nothing is due in the next half year.");
	if (total <= 0)
		return;
	fputs("<div class=\"scroll\"><table>\n<caption>Week by week, all agencies of this page</caption>\n<tbody>\n",
		pg->out);
	/* Two weeks a line, so that it does not become a long one. */
	for (size_t i = 0; i < (c.count + 1) / 2; i++) {
		fputs("<tr>", pg->out);
		for (size_t k = i; k < c.count; k += (c.count + 1) / 2)
			fprintf(pg->out, "<th scope=\"row\">%s</th><td class=\"n\">%s</td>", encoded(pg, days[k]),
				bars[k].note);
		fputs(c.count % 2 == 1 && i == c.count / 2 ? "<td></td><td></td></tr>\n" : "</tr>\n", pg->out);
	}
	fputs("</tbody>\n</table></div>\n", pg->out);
}

static bool write_due(struct page *pg, struct error *err)
{
	section(pg, "Due in the next 26 weeks",
		"By the week that begins on this Monday; what was due before is not in it.");
	write_weeks(pg);
	if (!table(pg, &pg->due, "How each plan stands today; due is within 30 days",
		    "agency plan name assets due overdue earliest_due_on", err))
		return false;
	end_section(pg);
	return true;
}

/* ---- tickets ---- */

static bool write_ageing(struct page *pg, struct error *err)
{
	static const char *const fields[] = {
		"days_0_6", "days_7_13", "days_14_29", "days_30_59", "days_60_89", "days_90"};
	static const char *const labels[] = {"0–6", "7–13", "14–29", "30–59", "60–89", "90 +"};
	struct bar bars[6] = {{0}};
	struct chart c = {.id = "ageing", .title = "Open tickets by age in days", .bars = bars, .count = 6};
	double open = 0;

	for (size_t b = 0; b < 6; b++) {
		double count = 0;

		for (size_t i = 0; i < pg->ageing.count; i++)
			count += number_of(pg->ageing.row_of[i], fields[b]);
		/* What waits for a month or more catches the eye. */
		bars[b].parts[b < 3 ? 0 : b < 5 ? 1 : 2] = count;
		bars[b].label = labels[b];
		bars[b].note = talloc_asprintf(pg->session->mem, "%.0f", count);
		open += count;
	}
	c.description = spoken(pg, bars, 6);
	section(pg, "Open tickets by age", "In days since the ticket was opened.");
	if (open > 0)
		chart_columns(pg->out, &c);
	else
		nothing(pg, "No ticket is open.");
	if (open > 0 &&
		!table(pg, &pg->ageing, "Agency by agency",
			"agency open days_0_6 days_7_13 days_14_29 days_30_59 days_60_89 days_90 oldest_days oldest",
			err))
		return false;
	end_section(pg);
	return true;
}

static const char *duration(struct page *pg, double hours)
{
	return hours < 48 ? talloc_asprintf(pg->session->mem, "%.1f h", hours)
			  : talloc_asprintf(pg->session->mem, "%.1f d", hours / 24);
}

static bool write_turnaround(struct page *pg, struct error *err)
{
	static const char *const words[] = {"half of them within", "nine in ten within", NULL};
	struct bar *bars = array_zeroed(pg->session->mem, pg->priorities.count + 1, sizeof *bars);
	struct chart c = {.id = "turnaround",
		.title = "Time from opening a ticket to the radio being ready, by priority",
		.bars = bars,
		.count = pg->priorities.count};

	for (size_t i = 0; i < c.count; i++) {
		const ProtobufCMessage *m = pg->priorities.row_of[i];
		const ProtobufCFieldDescriptor *f = field(m, "priority");
		double median = double_of(m, "ready_median_hours"), p90 = double_of(m, "ready_p90_hours");

		bars[i].label = value_text(pg->session->mem, m, f, 0, VALUE_PEOPLE);
		bars[i].parts[0] = median;
		bars[i].parts[1] = p90 > median ? p90 - median : 0;
		bars[i].note = talloc_asprintf(pg->session->mem, "%s, %s", duration(pg, median), duration(pg, p90));
	}
	c.description = spoken(pg, bars, c.count);
	section(pg, "How long a repair takes",
		"From the opening of the ticket until the radio is ready, nights and waiting included, for what became "
		"ready in the period.");
	if (c.count > 0) {
		chart_rows(pg->out, &c, 0);
		key(pg, words);
	} else {
		nothing(pg, "No repair became ready.");
	}
	if (!table(pg, &pg->priorities, "By priority, in hours",
		    "priority tickets ready_median_hours ready_p90_hours returned returned_median_hours "
		    "returned_p90_hours",
		    err) ||
		!table(pg, &pg->turnaround, "By agency, in hours",
			"agency tickets ready_median_hours ready_p90_hours returned returned_median_hours "
			"returned_p90_hours",
			err))
		return false;
	end_section(pg);
	return true;
}

static bool write_list(struct page *pg, const char *title, const char *text, const struct rows *rows,
	const char *columns, const char *empty, struct error *err)
{
	section(pg, title, text);
	if (rows->count == 0)
		nothing(pg, empty);
	if (!table(pg, rows, NULL, columns, err))
		return false;
	end_section(pg);
	return true;
}

static bool write_lists(struct page *pg, struct error *err)
{
	return write_list(pg, "Came back", "The same problem of the same radio within 90 days after the repair.",
		       &pg->repeats, "agency tag model problem repeats least_days last_ticket", "Nothing came back.",
		       err) &&
	       write_list(pg, "What fails",
		       "The ten most frequent; per 100 is for each 100 assets of the model in use.", &pg->failures,
		       "model cause tickets assets fleet per_100", "Nothing failed.", err) &&
	       write_list(pg, "What repairs cost",
		       "By model, the dearest first; parts and outside cost, and the minutes of work.", &pg->costs,
		       "model assets tickets labour_minutes parts_cents outside_cents cost_cents", "Nothing was spent.",
		       err);
}

/* ---- replacement ---- */

/* The first budget year that any agency has, and so today's of one of them; 0 when no day is known of anything. */
static int32_t first_year(const struct page *pg)
{
	int32_t first = 0;

	for (size_t i = 0; i < pg->replacements.count; i++) {
		int32_t year = number_of(pg->replacements.row_of[i], "budget_year");

		if (year > 0 && (first == 0 || year < first))
			first = year;
	}
	return first;
}

static bool write_replacements(struct page *pg, struct error *err)
{
	enum { YEARS = 11 }; /* ten, and one more where budget years begin in other months */
	static const char *const words[] = {"in their year", "overdue", NULL};
	struct bar bars[YEARS] = {{0}};
	struct chart c = {
		.id = "replacement", .title = "What is to be replaced, by budget year", .bars = bars, .count = YEARS};
	int32_t first = first_year(pg);

	for (size_t i = 0; i < pg->replacements.count; i++) {
		const ProtobufCMessage *m = pg->replacements.row_of[i];
		int32_t year = number_of(m, "budget_year") - first;

		if (year < 0 || year >= YEARS || first == 0)
			continue;
		bars[year].parts[0] += (double)(wide_of(m, "assets") - wide_of(m, "overdue"));
		bars[year].parts[1] += (double)wide_of(m, "overdue");
	}
	for (int32_t b = 0; b < YEARS; b++) {
		bars[b].label = talloc_asprintf(pg->session->mem, "%d", first + b);
		bars[b].note = talloc_asprintf(pg->session->mem, "%.0f", bars[b].parts[0] + bars[b].parts[1]);
	}
	c.description = spoken(pg, bars, YEARS);
	section(pg, "What is to be replaced",
		"By the budget year, named by the year in which it ends: at the age that the shop has set, or when the "
		"maker's "
		"support ends, whichever is earlier. In the year 0 is what nobody knows a day of.");
	if (first > 0) {
		chart_columns(pg->out, &c);
		key(pg, words);
	} else {
		nothing(pg, "Nobody knows when anything was bought, or when its support ends.");
	}
	if (!table(pg, &pg->replacements, "Budget year by budget year",
		    "agency budget_year begins_on assets overdue unpriced cost_cents", err))
		return false;
	end_section(pg);
	return true;
}

/* ---- the whole ---- */

static int64_t total(const struct rows *rows, const char *name)
{
	int64_t sum = 0;

	for (size_t i = 0; i < rows->count; i++)
		sum += number_of(rows->row_of[i], name);
	return sum;
}

static void tile(struct page *pg, bool bad, const char *number, const char *text)
{
	fprintf(pg->out, "<li%s><b>%s</b>%s</li>\n", bad ? " class=\"bad\"" : "", number, text);
}

static void write_tiles(struct page *pg)
{
	TALLOC_CTX *ctx = pg->session->mem;
	int64_t due = total(&pg->plans, "due"), overdue = total(&pg->due, "overdue");

	fputs("<ul class=\"tiles\">\n", pg->out);
	tile(pg, overdue > 0, talloc_asprintf(ctx, "%" PRId64, overdue), "overdue today");
	tile(pg, false, talloc_asprintf(ctx, "%" PRId64, total(&pg->due, "due")), "due within 30 days");
	tile(pg, false,
		due > 0 ? talloc_asprintf(ctx, "%.1f %%", 100.0 * (double)total(&pg->plans, "on_time") / (double)due)
			: "–",
		"done in time in the period");
	tile(pg, false, talloc_asprintf(ctx, "%" PRId64, total(&pg->ageing, "open")), "tickets open");
	tile(pg, total(&pg->ageing, "days_90") > 0, talloc_asprintf(ctx, "%" PRId64, total(&pg->ageing, "days_90")),
		"of them 90 days old or older");
	fputs("</ul>\n", pg->out);
}

/* Whom the page is about: the one agency, or those that the caller may see. */
static const char *subject(struct page *pg)
{
	const char *agency = text_of(pg->asked->request, "agency");
	const ProtobufCMessage *only = pg->agencies.count == 1 ? pg->agencies.row_of[0] : NULL;

	for (size_t i = 0; i < pg->agencies.count && *agency != '\0'; i++)
		if (strcasecmp(text_of(pg->agencies.row_of[i], "code"), agency) == 0)
			only = pg->agencies.row_of[i];
	return only != NULL ? text_of(only, "name") : "all agencies";
}

static void write_head(struct page *pg)
{
	const ProtobufCMessage *who = pg->caller.row_of[0];
	const char *from = text_of(pg->asked->request, "from"), *to = text_of(pg->asked->request, "to");
	const char *about = encoded(pg, subject(pg));
	time_t now = time(NULL);
	char made[64] = "";
	struct tm parts;

	if (localtime_r(&now, &parts) != NULL && strftime(made, sizeof made, "%Y-%m-%d %H:%M %Z", &parts) == 0)
		made[0] = '\0';
	fputs("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta "
	      "charset=\"utf-8\"/>\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	      "'unsafe-inline'\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	      "<meta name=\"robots\" content=\"noindex\"/>\n",
		pg->out);
	fprintf(pg->out, "<title>Radio service and repairs: %s</title>\n<style>\n", about);
	fwrite(page_css, 1, page_css_len, pg->out);
	fprintf(pg->out, "</style>\n</head>\n<body>\n<header>\n<h1>Radio service and repairs: %s</h1>\n", about);
	fprintf(pg->out, "<p class=\"soft\">Made %s for %s (%s). Period: %s%s%s.</p>\n", encoded(pg, made),
		encoded(pg, text_of(who, "display_name")), encoded(pg, text_of(who, "name")),
		*from != '\0' ? encoded(pg, from) : "a year", " until ", *to != '\0' ? encoded(pg, to) : "today");
	write_tiles(pg);
	fputs("</header>\n<main>\n<div class=\"cards\">\n", pg->out);
}

static bool write_page(struct page *pg, struct error *err)
{
	write_head(pg);
	if (!write_compliance(pg, err) || !write_due(pg, err) || !write_ageing(pg, err) || !write_turnaround(pg, err) ||
		!write_lists(pg, err) || !write_replacements(pg, err))
		return false;
	fputs("</div>\n</main>\n<footer>Written by radioshop " RADIOSHOP_VERSION
	      ". The numbers are those of radioshop due summary and radioshop report.</footer>\n</body>\n</html>\n",
		pg->out);
	return output_flush(pg->out, err);
}

static bool make_page(struct page *pg, struct error *err)
{
	struct store_file *file = NULL;

	if (!ask_all(pg, err) || !open_target(pg->session, &file, err))
		return false;
	pg->out = pg->session->out;
	return close_target(pg->session, file, write_page(pg, err), err);
}

int action_page(struct session *s, const struct command *c, int argc, char **argv)
{
	struct prepared p = {.command = c};
	struct page pg = {.session = s, .asked = &p};
	struct error err = {0};

	if (!prepare(s, c, catalog_method_by_name(c->method), argc, argv, &p, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	if (s->options.format_given || s->options.columns != NULL) {
		usage_error(&err, "a page has one form; for other forms see radioshop report --help");
		return failure_tell(&err, NULL);
	}
	return make_page(&pg, &err) ? EXIT_DONE : tell_failure(&p, &err);
}
