/*
 * scan.c: `inventory scan`: codes from a scanner, a file or the keyboard, line by line, until the input ends. Called
 * through the command table. Owns the writer while it runs.
 *
 * At a terminal each code is sent and answered at once; from a file they go by the hundred. The shop keeps what it was
 * told, so whoever is interrupted scans on: what was scanned before is told and counts once.
 */
#include "actions.h"
#include "failure.h"
#include "help.h"
#include "metadata.h"
#include "output.h"
#include "run.h"
#include "terminal.h"
#include "utf8.h"

#include "radioshop/v1/inventory.pb-c.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 100, LINE_BYTES = 512, SCAN_MEMORY = 16 << 20, PATIENCE = 4 };

struct scan {
	struct session *session;
	const Radioshop__V1__ScanInventoryRequest *base; /* inventory and location, from the command line */
	struct writer *writer;                           /* NULL at a terminal: each code is answered in a line */
	char codes[BATCH][LINE_BYTES];
	size_t waiting, line;
	size_t taken, already, refused, unsent;
	size_t verdicts[RADIOSHOP__V1__INVENTORY_VERDICT__INVENTORY_VERDICT_ACCOUNTED + 1];
};

/* What a verdict says to whoever holds the scanner. */
static const char *const said[] = {"refused", "found", "wrong place", "unexpected", "missing", "accounted"};

/* The next line without its end. False at the end of the input. *ret_len is LINE_BYTES when it is too long. */
static bool read_line(char out[LINE_BYTES], size_t *ret_len)
{
	size_t len = 0;
	int c;

	while ((c = getc(stdin)) != EOF && c != '\n')
		if (len < LINE_BYTES)
			out[len++] = (char)c;
	*ret_len = len;
	while (len > 0 && len < LINE_BYTES && (out[len - 1] == '\r' || out[len - 1] == ' ' || out[len - 1] == '\t'))
		len--;
	out[len < LINE_BYTES ? len : LINE_BYTES - 1] = '\0';
	*ret_len = len;
	return c != EOF || len > 0;
}

/* One line for one code: a person is watching. */
static void answer(struct scan *sc, const Radioshop__V1__InventoryItem *i)
{
	const bool refused = i->refused[0] != '\0';
	const char *about = refused ? i->refused : i->owner[0] != '\0' ? i->owner : i->reason;

	printf("%-11s  %s", said[i->verdict],
		terminal_clean(sc->session->mem, i->tag[0] != '\0' ? i->tag : i->code, false));
	if (i->assigned_to[0] != '\0')
		printf("  %s", terminal_clean(sc->session->mem, i->assigned_to, false));
	if (i->verdict == RADIOSHOP__V1__INVENTORY_VERDICT__INVENTORY_VERDICT_WRONG_PLACE)
		printf("  belongs to %s", terminal_clean(sc->session->mem, i->location, false));
	if (about[0] != '\0')
		printf("  (%s)", terminal_clean(sc->session->mem, about, false));
	if (i->already)
		printf("  scanned before, by %s", terminal_clean(sc->session->mem, i->scanned_by, false));
	putchar('\n');
	fflush(stdout);
}

static bool take(struct scan *sc, const Radioshop__V1__ScanInventoryResponse *reply, struct error *err)
{
	for (size_t n = 0; n < reply->n_items; n++) {
		const Radioshop__V1__InventoryItem *i = reply->items[n];

		if ((size_t)i->verdict >= sizeof said / sizeof *said)
			return error_set(err, STATUS_INTERNAL, NULL,
				"the shop answered with a verdict that this command does not know");
		if (i->refused[0] != '\0')
			sc->refused++;
		else if (i->already)
			sc->already++;
		else
			sc->verdicts[i->verdict]++;
		sc->taken++;
		if (sc->writer == NULL)
			answer(sc, i);
		else if (!writer_row(sc->writer, &i->base, err))
			return false;
	}
	return true;
}

static bool is_worth_waiting(const struct error *err)
{
	return err->code == STATUS_UNAVAILABLE || err->code == STATUS_DEADLINE_EXCEEDED ||
	       err->code == STATUS_ABORTED || err->code == STATUS_RESOURCE_EXHAUSTED;
}

/* A lost answer is asked for again under the same id; but a shop that was never there is not waited for. */
static const Radioshop__V1__ScanInventoryResponse *call(
	struct scan *sc, const Radioshop__V1__ScanInventoryRequest *request, struct arena *arena, struct error *err)
{
	for (int attempt = 1;; attempt++) {
		const ProtobufCMessage *reply =
			session_call(sc->session, catalog_method_by_name("InventoryService.ScanInventory"),
				&request->base, TIMEOUT_MS, arena, NULL, err);

		if (reply != NULL || attempt == PATIENCE || sc->taken == 0 || !is_worth_waiting(err))
			return (const void *)reply;
		nanosleep(&(struct timespec){.tv_sec = attempt}, NULL);
	}
}

/* Sends the codes that wait. */
static bool send_codes(struct scan *sc, struct error *err)
{
	Radioshop__V1__ScanInventoryRequest request;
	const Radioshop__V1__ScanInventoryResponse *reply;
	struct arena arena;
	char *codes[BATCH], id[37];
	uint8_t uuid[16];
	bool ok;

	if (sc->waiting == 0)
		return true;
	radioshop__v1__scan_inventory_request__init(&request);
	uuid_random(uuid);
	uuid_format(uuid, id);
	request.request_id = id;
	request.inventory = sc->base->inventory;
	request.location = sc->base->location;
	for (size_t i = 0; i < sc->waiting; i++)
		codes[i] = sc->codes[i];
	request.code = codes;
	request.n_code = sc->waiting;
	arena_init(&arena, NULL, SCAN_MEMORY);
	reply = call(sc, &request, &arena, err);
	ok = reply != NULL && take(sc, reply, err);
	arena_release(&arena);
	sc->waiting = 0;
	return ok;
}

/* What is no text stays here: it would have the whole call refused. */
static bool is_code(struct scan *sc, const char *code, size_t len)
{
	const char *fault = NULL;

	if (len == LINE_BYTES)
		fault = "is too long for a code";
	else if (text_check((const uint8_t *)code, len, NULL) != TEXT_GOOD)
		fault = text_fault_sentence(text_check((const uint8_t *)code, len, NULL));
	if (fault == NULL)
		return len > 0;
	notice("line %zu %s; it was not sent", sc->line, fault);
	sc->unsent++;
	return false;
}

static bool scan_all(struct scan *sc, size_t at_once, struct error *err)
{
	char *code = sc->codes[0];
	size_t len;

	while (read_line(code, &len)) {
		sc->line++;
		if (!is_code(sc, code, len))
			continue;
		if (++sc->waiting == at_once && !send_codes(sc, err))
			return false;
		code = sc->codes[sc->waiting];
	}
	return send_codes(sc, err);
}

static void tell_sum(const struct scan *sc)
{
	if (sc->taken + sc->unsent == 0)
		return;
	notice("%zu scanned: %zu found, %zu in the wrong place, %zu unexpected, %zu scanned before, %zu refused",
		sc->taken + sc->unsent, sc->verdicts[RADIOSHOP__V1__INVENTORY_VERDICT__INVENTORY_VERDICT_FOUND],
		sc->verdicts[RADIOSHOP__V1__INVENTORY_VERDICT__INVENTORY_VERDICT_WRONG_PLACE],
		sc->verdicts[RADIOSHOP__V1__INVENTORY_VERDICT__INVENTORY_VERDICT_UNEXPECTED], sc->already,
		sc->refused + sc->unsent);
}

static int scan_input(struct session *s, struct prepared *p)
{
	const bool watched = isatty(STDIN_FILENO) == 1 && !s->options.format_given;
	struct output_options o = session_output(s, SHAPE_LIST, p->command->columns, p->command->wide);
	struct scan *sc = talloc_zero(s->mem, struct scan);
	struct error err = {0}, later = {0};
	bool ok;

	if (sc == NULL)
		abort();
	sc->session = s;
	sc->base = (const void *)p->request;
	if (!session_connect(s, &err) ||
		(!watched && (sc->writer = writer_new(s->mem, &o, &radioshop__v1__inventory_item__descriptor, &err)) ==
				     NULL))
		return tell_failure(p, &err);
	if (watched)
		notice("scan, one code a line; end with Ctrl-D");
	ok = scan_all(sc, watched ? 1 : BATCH, &err);
	if (sc->writer != NULL && (ok || sc->taken > 0) && !writer_finish(sc->writer, ok ? &err : &later))
		ok = false;
	writer_free(sc->writer);
	tell_sum(sc);
	if (ok)
		return sc->refused + sc->unsent > 0 ? EXIT_REFUSED : EXIT_DONE;
	if (sc->taken > 0)
		hint("%zu codes were taken; scan the rest, or all of them again: nothing is counted twice", sc->taken);
	return tell_failure(p, &err);
}

int action_scan(struct session *s, const struct command *c, int argc, char **argv)
{
	struct prepared p = {.command = c};
	struct error err = {0};

	if (!prepare(s, c, catalog_method_by_name(c->method), argc, argv, &p, &err))
		return failure_tell(&err, NULL);
	if (s->options.help || ((const Radioshop__V1__ScanInventoryRequest *)(const void *)p.request)->n_code > 0)
		return run_command(s, c, argc, argv);
	return scan_input(s, &p);
}
