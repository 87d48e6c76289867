/*
 * statement_page.c: `statement print`, the statements of a month as one page of HTML to print: a sheet an agency, A4 or
 * Letter. Called through the command table. Owns nothing.
 *
 * The page has no script and fetches nothing; every text that people typed is cleaned and escaped on its way in.
 */
#include "actions.h"
#include "failure.h"
#include "help.h"
#include "html.h"
#include "money.h"
#include "output.h"
#include "request.h"
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_AT_ONCE = 500, STATEMENTS_AT_ONCE = 200, PAGE_MEMORY = 64 << 20 };

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<title>Statements of the radio shop</title>\n<style>\n"
	"@page { margin: 18mm 16mm; }\n"
	"body { font: 10pt/1.35 \"DejaVu Sans\", Arial, sans-serif; color: #000; background: #fff; max-width: 180mm; "
	"margin: 0 auto; }\n"
	"section { break-after: page; padding-top: 4mm; }\nsection:last-child { break-after: auto; }\n"
	"h1 { font-size: 16pt; margin: 0; }\nh2 { font-size: 11pt; margin: 7mm 0 2mm; }\np { margin: 1mm 0; }\n"
	"table { border-collapse: collapse; width: 100%; }\nthead { display: table-header-group; }\ntr { break-inside: "
	"avoid; }\n"
	"th, td { text-align: left; vertical-align: top; padding: 1mm 2mm 1mm 0; border-bottom: 0.2mm solid #bbb; "
	"overflow-wrap: anywhere; }\n"
	"th { border-bottom: 0.4mm solid #000; font-weight: bold; }\n"
	".n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }\n"
	".t { white-space: nowrap; }\n"
	".sum td { border-bottom: none; border-top: 0.4mm solid #000; font-weight: bold; }\n"
	".sums { width: 60%; }\n.small { font-size: 8pt; color: #333; }\n"
	"</style>\n</head>\n<body>\n";

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessage *m, const char *name)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);

	if (f == NULL)
		abort();
	return f;
}

static const char *text_of(const ProtobufCMessage *m, const char *name)
{
	const char *text = *(const char *const *)message_value(m, field_of(m, name), 0);

	return text != NULL ? text : "";
}

static int64_t number_of(const ProtobufCMessage *m, const char *name)
{
	const ProtobufCFieldDescriptor *f = field_of(m, name);
	const void *v = message_value(m, f, 0);

	return f->type == PROTOBUF_C_TYPE_INT64 ? *(const int64_t *)v : *(const int32_t *)v;
}

static const char *kind_of(const ProtobufCMessage *line, char *out, size_t size)
{
	const ProtobufCFieldDescriptor *f = field_of(line, "kind");

	if (!enum_label(f->descriptor, *(const int *)message_value(line, f, 0), out, size))
		abort();
	return out;
}

/* Text as people typed it. */
static void put_text(FILE *out, const char *text)
{
	char *encoded = html_text(NULL, text);

	fputs(encoded, out);
	talloc_free(encoded);
}

static void put_money(FILE *out, int64_t cents)
{
	char text[MONEY_TEXT];

	money_format(cents, text);
	fputs(text, out);
}

/* Hundredths of a percent as percent; any other part of a whole as it is. */
static void put_part(FILE *out, int64_t part, int64_t whole)
{
	if (whole == 10000)
		fprintf(out, "%" PRId64 ".%02" PRId64 " %%", part / 100, part % 100);
	else
		fprintf(out, "%" PRId64 "/%" PRId64, part, whole);
}

/* "5 × 21.50", "25 min at 95.00 an hour", "60.00 % of 1416.83": what the amount comes of. */
static void put_reckoning(FILE *out, const ProtobufCMessage *line, const char *kind)
{
	int64_t quantity = number_of(line, "quantity"), whole = number_of(line, "whole");

	if (strcmp(kind, "subscriber") == 0 || strcmp(kind, "contribution") == 0)
		fprintf(out, "%" PRId64 " × ", quantity);
	else if (strcmp(kind, "labour") == 0)
		fprintf(out, "%" PRId64 " min at ", quantity);
	else if (strcmp(kind, "share") == 0 || strcmp(kind, "handling") == 0) {
		put_part(out, quantity, whole);
		fputs(" of ", out);
	} else
		return;
	put_money(out, number_of(line, "unit_cents"));
	if (strcmp(kind, "labour") == 0)
		fputs(" an hour", out);
}

static void put_line(FILE *out, const ProtobufCMessage *line)
{
	int64_t rounding = number_of(line, "rounding_millicents");
	char kind[32];

	kind_of(line, kind, sizeof kind);
	fprintf(out, "<tr><td class=\"n\">%" PRId64 "</td><td>", number_of(line, "line_no"));
	put_text(out, text_of(line, "description"));
	if (*text_of(line, "reference") != '\0') {
		fputs(" <span class=\"small\">(", out);
		put_text(out, text_of(line, "reference"));
		fputs(")</span>", out);
	}
	fputs("</td><td class=\"t\">", out);
	put_text(out, text_of(line, "ticket"));
	fputs("</td><td class=\"n\">", out);
	put_reckoning(out, line, kind);
	fputs("</td><td class=\"n small\">", out);
	if (rounding != 0)
		fprintf(out, "%c%lld.%03lld", rounding < 0 ? '-' : '+', llabs(rounding) / 1000, llabs(rounding) % 1000);
	fputs("</td><td class=\"n\">", out);
	put_money(out, number_of(line, "amount_cents"));
	fputs("</td></tr>\n", out);
}

static void put_sums(FILE *out, const ProtobufCMessage *statement)
{
	static const struct {
		const char *field, *name;
	} sums[] = {
		{"subscriber_cents", "Subscriber fees"},
		{"share_cents", "Share of the remainder"},
		{"labour_cents", "Labour"},
		{"parts_cents", "Parts"},
		{"outside_cents", "Outside work"},
		{"handling_cents", "Handling"},
		{"insurance_cents", "Self-insurance fund"},
		{"correction_cents", "Corrections"},
	};

	fputs("<table class=\"sums\"><tbody>\n", out);
	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
		if (number_of(statement, sums[i].field) == 0)
			continue;
		fprintf(out, "<tr><td>%s</td><td class=\"n\">", sums[i].name);
		put_money(out, number_of(statement, sums[i].field));
		fputs("</td></tr>\n", out);
	}
	fputs("<tr class=\"sum\"><td>To pay</td><td class=\"n\">", out);
	put_money(out, number_of(statement, "total_cents"));
	fputs("</td></tr>\n</tbody></table>\n", out);
}

static void put_heading(FILE *out, TALLOC_CTX *ctx, const ProtobufCMessage *statement)
{
	char *closed = value_text(ctx, statement, field_of(statement, "closed_at"), 0, VALUE_PEOPLE);

	fputs("<section>\n<h1>Statement of ", out);
	put_text(out, text_of(statement, "month"));
	fputs("</h1>\n<p><strong>", out);
	put_text(out, text_of(statement, "agency_name"));
	fputs("</strong> (", out);
	put_text(out, text_of(statement, "agency"));
	fputs(")</p>\n<p class=\"small\">Month closed ", out);
	put_text(out, closed);
	fputs(" by ", out);
	put_text(out, text_of(statement, "closed_by"));
	fputs(". Amounts in dollars.</p>\n<h2>Summary</h2>\n", out);
	put_sums(out, statement);
	fputs("<h2>Lines</h2>\n<table><thead><tr><th class=\"n\">#</th><th>What</th><th>Ticket</th><th "
	      "class=\"n\">Reckoning</th>"
	      "<th class=\"n\">Rounding (¢)</th><th class=\"n\">Amount</th></tr></thead><tbody>\n",
		out);
	talloc_free(closed);
}

static void put_total(FILE *out, const ProtobufCMessage *statement)
{
	fputs("<tr class=\"sum\"><td></td><td>Total</td><td></td><td></td><td></td><td class=\"n\">", out);
	put_money(out, number_of(statement, "total_cents"));
	fputs("</td></tr>\n</tbody></table>\n<p class=\"small\">Rounding: by how many cents an amount lies above (+) "
	      "or below (−) what it is before"
	      " it is rounded. The statements of all agencies make the shop’s total to the cent.</p>\n</section>\n",
		out);
}

/* ---- what is printed ---- */

static bool set_text(ProtobufCMessage *m, const char *name, const char *text, struct arena *arena)
{
	char *copy = arena_strndup(arena, text, strlen(text));

	if (copy != NULL)
		message_set(m, field_of(m, name), &copy);
	return copy != NULL;
}

static bool begin_page(ProtobufCMessage *request, int32_t size, const char *token, struct arena *arena)
{
	message_set(request, field_of(request, "page_size"), &size);
	return set_text(request, "page_token", token, arena);
}

static char *next_token(TALLOC_CTX *ctx, const ProtobufCMessage *reply)
{
	return talloc_strdup(ctx, text_of(reply, "next_page_token"));
}

/* A page of the lines, in memory of its own; *token is that of the next. */
static bool print_lines_page(struct session *s, const ProtobufCMessage *statement, char **token, struct error *err)
{
	const struct catalog_method *method = catalog_method_by_name("StatementService.ListStatementLines");
	const ProtobufCFieldDescriptor *rows;
	ProtobufCMessage *request, *reply = NULL;
	struct arena page;

	arena_init(&page, NULL, PAGE_MEMORY);
	request = message_new(method->input, &page);
	if (request == NULL || !set_text(request, "agency", text_of(statement, "agency"), &page) ||
		!set_text(request, "month", text_of(statement, "month"), &page) ||
		!begin_page(request, LINES_AT_ONCE, *token, &page))
		error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the request is too large");
	else
		reply = session_call(s, method, request, TIMEOUT_MS, &page, NULL, err);
	if (reply != NULL) {
		rows = field_of(reply, "lines");
		for (size_t i = 0; i < message_count(reply, rows); i++)
			put_line(s->out, *(const ProtobufCMessage *const *)message_value(reply, rows, i));
		talloc_free(*token);
		*token = next_token(s->mem, reply);
	}
	arena_release(&page);
	return reply != NULL;
}

static bool print_statement(struct session *s, const ProtobufCMessage *statement, struct error *err)
{
	char *token = talloc_strdup(s->mem, "");
	bool ok;

	put_heading(s->out, s->mem, statement);
	do
		ok = print_lines_page(s, statement, &token, err);
	while (ok && *token != '\0');
	talloc_free(token);
	if (ok)
		put_total(s->out, statement);
	return ok;
}

/* A page of the statements, with their lines; *ret_printed counts on. */
static bool print_page(struct session *s, struct prepared *p, char **token, size_t *ret_printed, struct error *err)
{
	const ProtobufCFieldDescriptor *rows;
	ProtobufCMessage *reply = NULL;
	struct arena page;
	bool ok = false;

	arena_init(&page, NULL, PAGE_MEMORY);
	if (!begin_page(p->request, STATEMENTS_AT_ONCE, *token, &s->arena))
		error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "the request is too large");
	else
		reply = session_call(s, p->method, p->request, TIMEOUT_MS, &page, NULL, err);
	if (reply != NULL) {
		rows = field_of(reply, "statements");
		ok = true;
		if (*ret_printed == 0 && message_count(reply, rows) > 0)
			fputs(head, s->out);
		for (size_t i = 0; ok && i < message_count(reply, rows); i++, ++*ret_printed)
			ok = print_statement(s, *(const ProtobufCMessage *const *)message_value(reply, rows, i), err);
		talloc_free(*token);
		*token = next_token(s->mem, reply);
	}
	arena_release(&page);
	return ok;
}

/* After a failure the page stays open: it must not look whole. */
static bool print(struct session *s, struct prepared *p, struct error *err)
{
	char *token = talloc_strdup(s->mem, "");
	size_t printed = 0;
	bool ok;

	do
		ok = print_page(s, p, &token, &printed, err);
	while (ok && *token != '\0');
	if (ok && printed == 0)
		return error_set(err, STATUS_NOT_FOUND, NULL,
			"no statement of %s is there for you to see; is the month closed?",
			text_of(p->request, "month"));
	if (!ok)
		return false;
	fputs("</body>\n</html>\n", s->out);
	return output_flush(s->out, err);
}

int action_print(struct session *s, const struct command *c, int argc, char **argv)
{
	struct prepared p = {.command = c};
	struct error err = {0};

	if (!prepare(s, c, catalog_method_by_name(c->method), argc, argv, &p, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	if (s->options.format_given || s->options.columns != NULL) {
		usage_error(&err, "a printed statement has one form; for columns and other forms see radioshop "
				  "statement lines --help");
		return failure_tell(&err, NULL);
	}
	if (!session_connect(s, &err) || !print(s, &p, &err))
		return tell_failure(&p, &err);
	return EXIT_DONE;
}
