/*
 * notice.c: renders a delivery. Called by deliver*.c; send_settings.c asks it what an address is.
 * Owns nothing; texts belong to the caller's context.
 */
#include "notice.h"

#include "alert_words.h"
#include "message.h"
#include "message_json.h"
#include "terminal.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE_MAX_BYTES = 76 };

/* ---- text ---- */

static char *add(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static char *add(char *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text = talloc_vasprintf_append_buffer(text, format, args);
	va_end(args);
	if (text == NULL)
		abort();
	return text;
}

static const char *clean(TALLOC_CTX *ctx, const char *text)
{
	return terminal_clean(ctx, text != NULL ? text : "", false);
}

/* Letters and digits only: the code of an agency can be nothing else, and a subject must not be. */
static char *plain_code(TALLOC_CTX *ctx, const char *code)
{
	char *out = talloc_strdup(ctx, code != NULL ? code : "");

	if (out == NULL)
		abort();
	for (char *c = out; *c != '\0'; c++)
		if (!((*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9')))
			*c = '?';
	if (strlen(out) > 16)
		out[16] = '\0';
	return out;
}

static int32_t count_of(const Radioshop__V1__Delivery *d, Radioshop__V1__AlertKind kind)
{
	for (size_t i = 0; i < d->n_counts; i++)
		if (d->counts[i]->kind == kind)
			return d->counts[i]->count;
	return 0;
}

char *notice_subject(TALLOC_CTX *ctx, const Radioshop__V1__Delivery *d)
{
	char *code = plain_code(ctx, d->agency), *out = add(talloc_strdup(ctx, ""), "%s:", code);
	const char *between = " ";

	for (size_t k = 0; k < alert_words_count; k++) {
		int32_t n = count_of(d, alert_words[k].kind);

		if (n == 0)
			continue;
		out = add(out, "%s%" PRId32 " %s", between, n, alert_words[k].counted);
		between = ", ";
	}
	if (*between == ' ')
		out = add(out, " %" PRId32 " alerts", d->item_count);
	talloc_free(code);
	return out;
}

static char *add_item(char *out, TALLOC_CTX *ctx, const Radioshop__V1__DeliveryItem *i, const struct alert_words *words)
{
	const char *tag = clean(ctx, i->tag), *subject = clean(ctx, i->subject), *plan = clean(ctx, i->plan);
	char days[ALERT_DAYS_MAX];

	out = add(out, "  %-14s  %s%s%s%s\n", *tag != '\0' ? tag : subject, plan, *plan != '\0' ? ", " : "",
		clean(ctx, i->plan_name), clean(ctx, i->what));
	out = add(out, "      %s %s%s\n", *plan == '\0' && words->days[0] == NULL ? "since" : words->day,
		clean(ctx, i->due_on), alert_days(words, i->days_overdue, i->step, days));
	if (i->assigned_to != NULL && *i->assigned_to != '\0')
		out = add(out, "      assigned to %s\n", clean(ctx, i->assigned_to));
	if (i->location != NULL && *i->location != '\0')
		out = add(out, "      at %s\n", clean(ctx, i->location));
	return add(out, "      alert %s\n", clean(ctx, i->alert));
}

static char *add_items(char *out, TALLOC_CTX *ctx, const Radioshop__V1__Delivery *d)
{
	for (size_t k = 0; k < alert_words_count; k++) {
		bool headed = false;

		for (size_t i = 0; i < d->n_items; i++) {
			if (d->items[i]->kind != alert_words[k].kind)
				continue;
			if (!headed)
				out = add(out, "%s\n", alert_words[k].heading);
			headed = true;
			out = add_item(out, ctx, d->items[i], &alert_words[k]);
		}
		if (headed)
			out = add(out, "\n");
	}
	return out;
}

/* What helps with the kinds of this message, each line once, and what helps with every alert. */
static char *add_to_do(char *out, const Radioshop__V1__Delivery *d, const char *agency)
{
	const char *before = NULL;

	out = add(out,
		"What to do next\n"
		"  radioshop alert list --agency %s --open       all that is open\n"
		"  radioshop alert ack ALERT --note WHY          it is seen to: not raised again\n"
		"  radioshop alert snooze ALERT YYYY-MM-DD       say it again on that day\n",
		agency);
	if (count_of(d, RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_OVERDUE) > 0 ||
		count_of(d, RADIOSHOP__V1__ALERT_KIND__ALERT_KIND_ESCALATED) > 0)
		out = add(out, "  radioshop due --agency %s --overdue           all that is overdue\n", agency);
	for (size_t k = 0; k < alert_words_count; k++) {
		const char *line = alert_words[k].to_do;

		if (line == NULL || line == before || count_of(d, alert_words[k].kind) == 0)
			continue;
		out = add(out, "  %s\n", line);
		before = line;
	}
	return out;
}

char *notice_text(TALLOC_CTX *ctx, const Radioshop__V1__Delivery *d)
{
	TALLOC_CTX *scratch = talloc_new(ctx);
	const char *agency = clean(scratch, d->agency), *subject = notice_subject(scratch, d);
	char *out = add(talloc_strdup(ctx, ""), "%s\n%s\n\n", clean(scratch, d->agency_name), subject);

	if (d->storm) {
		out = add(out,
			"These are more alerts at once than route %s wants one by one, so this message is\n"
			"the only one about all %" PRId32 " of them. None is lost:\n\n"
			"  radioshop alert list --agency %s --open       all that is open\n"
			"  radioshop due summary --agency %s             how each plan stands\n\n"
			"So many at once may be a new plan, an import, or a clock that is wrong: if so, see\n"
			"  radioshop event list --resource plan --agency %s\n",
			clean(scratch, d->route), d->item_count, agency, agency, agency);
	} else {
		out = add_items(out, scratch, d);
		out = add_to_do(out, d, agency);
	}
	out = add(out, "\nSent by route %s; radioshop route stop %s %s ends that.\n", clean(scratch, d->route), agency,
		clean(scratch, d->route));
	talloc_free(scratch);
	return out;
}

/* ---- mail ---- */

bool notice_is_address(const char *text)
{
	const char *at = strchr(text, '@');

	if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL || *text == '-' ||
		strlen(text) > 254)
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("<>()[],;:\\\"", *c) != NULL)
			return false;
	return true;
}

/* Sun, 06 Nov 1994 08:49:37 +0000; names of days and months are English whatever the locale. */
static char *add_date(char *out, const Google__Protobuf__Timestamp *at)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = at != NULL && at->seconds > 0 && at->seconds < 253402300800 ? (time_t)at->seconds : 0;
	struct tm t;

	if (gmtime_r(&seconds, &t) == NULL)
		abort();
	return add(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
		t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* A UUID, or what is left of something else: nothing that could end a header. */
static char *plain_id(TALLOC_CTX *ctx, const char *id)
{
	char *out = talloc_strndup(ctx, id != NULL ? id : "", 36);

	if (out == NULL)
		abort();
	for (char *c = out; *c != '\0'; c++)
		if (!((*c >= 'a' && *c <= 'f') || (*c >= '0' && *c <= '9') || *c == '-'))
			*c = 'x';
	return out;
}

/* RFC 2045, 6.7: lines of at most 76 characters, blanks at their ends and everything but printable ASCII as =XX. */
static char *add_quoted(char *out, const char *text)
{
	char line[LINE_MAX_BYTES + 4];
	size_t n = 0;

	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
		bool ends = c[1] == '\n' || c[1] == '\0';
		bool as_is = (*c > ' ' && *c < 0x7f && *c != '=') || (*c == ' ' && !ends);

		if (*c == '\n') {
			out = add(out, "%.*s\r\n", (int)n, line);
			n = 0;
			continue;
		}
		if (n + (as_is ? 1 : 3) > LINE_MAX_BYTES - 1) {
			out = add(out, "%.*s=\r\n", (int)n, line);
			n = 0;
		}
		n += (size_t)snprintf(line + n, sizeof line - n, as_is ? "%c" : "=%02X", *c);
	}
	return n > 0 ? add(out, "%.*s\r\n", (int)n, line) : out;
}

/* RFC 2047: words of base64, each of whole characters and at most 75 bytes, on lines of their own. */
static char *add_encoded(char *out, TALLOC_CTX *ctx, const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *at = (const unsigned char *)clean(ctx, text);
	const char *between = "";

	while (*at != '\0') {
		size_t n = 0;

		while (at[n] != '\0' && n < 42)
			n++;
		while (n > 0 && (at[n] & 0xc0) == 0x80)
			n--;
		out = add(out, "%s=?UTF-8?B?", between);
		for (size_t i = 0; i < n; i += 3) {
			uint32_t v = (uint32_t)at[i] << 16 | (i + 1 < n ? (uint32_t)at[i + 1] << 8 : 0) |
				     (i + 2 < n ? at[i + 2] : 0u);

			out = add(out, "%c%c%c%c", digits[v >> 18 & 63], digits[v >> 12 & 63],
				i + 1 < n ? digits[v >> 6 & 63] : '=', i + 2 < n ? digits[v & 63] : '=');
		}
		out = add(out, "?=");
		between = "\r\n ";
		at += n;
	}
	return out;
}

/* Words of a header, on lines of at most 76 bytes. */
static char *add_folded(char *out, char *text)
{
	size_t column = strlen("Subject:");
	char *rest = NULL;

	for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		bool folds = column + 1 + strlen(word) > LINE_MAX_BYTES;

		out = add(out, "%s %s", folds ? "\r\n" : "", word);
		column = (folds ? 0 : column) + 1 + strlen(word);
	}
	return out;
}

char *notice_mail(TALLOC_CTX *ctx, const Radioshop__V1__Delivery *d, const char *from)
{
	TALLOC_CTX *scratch = talloc_new(ctx);
	const char *id = plain_id(scratch, d->id), *to = d->address != NULL ? d->address : "";
	char *out = add_date(talloc_strdup(ctx, ""), d->made_at);

	out = add(out, "From: radioshop <%s>\r\nTo:\r\n <%s>\r\n", notice_is_address(from) ? from : "",
		notice_is_address(to) ? to : "");
	out = add_folded(add(out, "Subject:"), notice_subject(scratch, d));
	out = add(out, "\r\n ");
	out = add_encoded(out, scratch, talloc_asprintf(scratch, "(%s)", d->agency_name != NULL ? d->agency_name : ""));
	out = add(out,
		"\r\nMessage-ID: <%s@alert.radioshop.invalid>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"X-Radioshop-Delivery: %s\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
		id, id);
	out = add_quoted(out, notice_text(scratch, d));
	talloc_free(scratch);
	return out;
}

/* ---- JSON ---- */

char *notice_json(TALLOC_CTX *ctx, const Radioshop__V1__Delivery *d)
{
	static const char *const ours[] = {
		"generation", "channel", "address", "secret", "lease_until", "state", "reply"};
	json_t *all = message_to_json(&d->base, JSON_FIELDS);
	char *text, *out;

	if (all == NULL)
		abort();
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		json_object_del(all, ours[i]);
	text = json_dumps(all, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(all);
	out = text != NULL ? talloc_strdup(ctx, text) : NULL;
	if (out == NULL)
		abort();
	free(text);
	return out;
}
