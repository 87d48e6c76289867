/*
 * send.c: `alert send`: takes messages from the shop, hands them over, and says what became of each. Called through the
 * command table. Owns the journal.
 *
 * Between a relay's 250 and the shop's knowledge of it there is this process, which may die. So what became of a
 * message is in the journal, on disk, before the shop is told, and the next run tells what this one could not. A
 * message is thus delivered at least once, and twice only when this process dies between the 250 and the journal, or
 * when the 250 itself was lost: then with the same Message-ID.
 */
#include "actions.h"
#include "deliver.h"
#include "failure.h"
#include "help.h"
#include "metadata.h"
#include "output.h"
#include "request.h"
#include "run.h"
#include "store.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { JOURNAL_MAX = 16 << 20, LEASE_S = 600, SEND_MEMORY = 256 << 20 };

struct send {
	struct session *session;
	struct prepared claim;
	struct send_settings settings;
	char *journal; /* path */
	int fd;        /* of the journal, locked */
	bool again, refused, our_fault;
};

/* ---- the journal: one JSON object a line ---- */

/* One run at a time for a profile: two would tell each other's news. */
static bool open_journal(struct send *s, struct error *err)
{
	char *dir = state_directory(s->session->mem);

	if (!store_make_directory(dir, err))
		return false;
	s->journal = talloc_asprintf(s->session->mem, "%s/send-%s.journal", dir, s->session->profile.name);
	s->fd = open(s->journal, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return output_error(err, "cannot open %s: %s", s->journal, strerror(errno));
	if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
		return error_set(err, STATUS_ABORTED, NULL, "another alert send is at work with the profile %s",
			s->session->profile.name);
	return true;
}

static bool remember(
	struct send *s, const Radioshop__V1__Delivery *d, const struct delivery_result *r, struct error *err)
{
	json_t *line = json_pack("{s:s, s:s, s:i, s:i, s:s}", "server", s->session->profile.server, "delivery", d->id,
		"generation", (int)d->generation, "outcome", (int)r->outcome, "reply", r->reply);
	char *text = line != NULL ? json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL, *whole;
	size_t len;
	bool ok;

	if (text == NULL)
		abort();
	whole = talloc_asprintf(s->session->mem, "%s\n", text);
	len = strlen(whole);
	ok = write(s->fd, whole, len) == (ssize_t)len && fsync(s->fd) == 0;
	free(text);
	json_decref(line);
	return ok || output_error(err, "cannot write %s: %s", s->journal, strerror(errno));
}

static bool forget(struct send *s, struct error *err)
{
	return ftruncate(s->fd, 0) == 0 || output_error(err, "cannot empty %s: %s", s->journal, strerror(errno));
}

/* ---- telling the shop ---- */

/* False when the shop did not answer. A refusal is an answer: another host has the message, or it is gone. */
static bool confirm(
	struct send *s, const char *delivery, int generation, int outcome, const char *reply, struct error *err)
{
	Radioshop__V1__ConfirmDeliveryRequest request;
	struct error told = {0};
	struct arena arena;
	uint8_t uuid[16];
	char id[37];
	bool ok;

	uuid_random(uuid);
	uuid_format(uuid, id);
	radioshop__v1__confirm_delivery_request__init(&request);
	request.request_id = id;
	request.delivery = (char *)(uintptr_t)delivery;
	request.generation = generation;
	request.outcome = (Radioshop__V1__DeliveryOutcome)outcome;
	request.reply = (char *)(uintptr_t)reply;
	arena_init(&arena, NULL, SEND_MEMORY);
	ok = session_call(s->session, catalog_method_by_name("AlertRouteService.ConfirmDelivery"), &request.base,
		     TIMEOUT_MS, &arena, NULL, &told) != NULL;
	arena_release(&arena);
	if (ok)
		return true;
	if (told.code == STATUS_ABORTED || told.code == STATUS_NOT_FOUND || told.code == STATUS_INVALID_ARGUMENT) {
		notice("%s: %s", delivery, told.text);
		return true;
	}
	*err = told;
	return false;
}

/* One line of the journal. What is half written was never told to anybody and is passed over; so are other servers'
 * ids. */
static bool confirm_line(struct send *s, const char *line, size_t len, struct error *err)
{
	json_t *it = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *server = json_string_value(json_object_get(it, "server"));
	const char *delivery = json_string_value(json_object_get(it, "delivery"));
	const char *reply = json_string_value(json_object_get(it, "reply"));
	bool ok = true;

	if (server != NULL && delivery != NULL && reply != NULL && strcmp(server, s->session->profile.server) == 0)
		ok = confirm(s, delivery, (int)json_integer_value(json_object_get(it, "generation")),
			(int)json_integer_value(json_object_get(it, "outcome")), reply, err);
	json_decref(it);
	return ok;
}

/* Tells what a run that died could not tell. */
static bool confirm_journal(struct send *s, struct error *err)
{
	char *text, *at;
	size_t len;

	if (!store_read(s->session->mem, s->journal, JOURNAL_MAX, &text, &len, err))
		return false;
	for (at = text; *at != '\0';) {
		size_t line = strcspn(at, "\n");

		if (!confirm_line(s, at, line, err))
			return false;
		at += line + (at[line] == '\n' ? 1 : 0);
	}
	return len == 0 || forget(s, err);
}

/* ---- one message after the other ---- */

static int64_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

static bool send_one(struct send *s, const Radioshop__V1__Delivery *d, struct error *err)
{
	struct delivery_result r;

	deliver(&s->settings, d, &r);
	s->our_fault = s->our_fault || r.our_fault;
	if (r.outcome == RADIOSHOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_RETRY) {
		s->again = true;
		notice("%s %s: not sent yet, it is tried again: %s", d->agency, d->route, r.reply);
	} else if (r.outcome == RADIOSHOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_FAILED) {
		s->refused = true;
		notice("%s %s: %s refused it for good: %s", d->agency, d->route, d->address, r.reply);
		hint("mend the address, and it is sent again: radioshop route update %s %s --address ADDRESS",
			d->agency, d->route);
	}
	return remember(s, d, &r, err) && confirm(s, d->id, d->generation, (int)r.outcome, r.reply, err);
}

/* Takes some and sends them. What the lease may not last for is left: it is handed out again when that ends. */
static bool send_some(struct send *s, size_t *ret_count, struct error *err)
{
	int64_t until = now_s() + LEASE_S;
	const Radioshop__V1__ClaimDeliveriesResponse *given;
	struct arena arena;
	uint8_t uuid[16];
	char id[37];
	bool ok;

	uuid_random(uuid);
	uuid_format(uuid, id);
	arena_init(&arena, NULL, SEND_MEMORY);
	set_request_id(s->claim.request, id, &arena);
	given = (const Radioshop__V1__ClaimDeliveriesResponse *)session_call(
		s->session, s->claim.method, s->claim.request, BATCH_TIMEOUT_MS, &arena, NULL, err);
	ok = given != NULL;
	*ret_count = ok ? given->n_deliveries : 0;
	for (size_t i = 0; ok && i < given->n_deliveries; i++) {
		if (now_s() + (int64_t)send_settings_timeout(&s->settings) >= until) {
			s->again = true;
			break;
		}
		ok = send_one(s, given->deliveries[i], err);
	}
	arena_release(&arena);
	return ok;
}

static void set_host(struct send *s)
{
	Radioshop__V1__ClaimDeliveriesRequest *request = (Radioshop__V1__ClaimDeliveriesRequest *)s->claim.request;
	char *name = talloc_zero_array(s->session->mem, char, 256);

	request->lease_seconds = LEASE_S;
	if (*request->host != '\0')
		return;
	if (name == NULL || gethostname(name, 255) != 0 || *name == '\0')
		name = talloc_strdup(s->session->mem, "a host without a name");
	request->host = name;
}

static bool send_all(struct send *s, struct error *err)
{
	size_t count = 1;

	if (!session_connect(s->session, err) || !send_settings_load(s->session->mem, &s->settings, err) ||
		!open_journal(s, err) || !confirm_journal(s, err))
		return false;
	set_host(s);
	while (count > 0)
		if (!send_some(s, &count, err))
			return false;
	/* All of it is known to the shop. */
	return forget(s, err);
}

int action_send(struct session *session, const struct command *c, int argc, char **argv)
{
	struct send s = {.session = session, .fd = -1};
	struct error err = {0};
	bool ok;

	if (!prepare(session, c, catalog_method_by_name(c->method), argc, argv, &s.claim, &err))
		return failure_tell(&err, NULL);
	if (session->options.help)
		return help_command(stdout, c);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	ok = send_all(&s, &err);
	curl_global_cleanup();
	if (s.fd >= 0)
		close(s.fd);
	if (!ok)
		return tell_failure(&s.claim, &err);
	if (s.our_fault)
		return EXIT_CONFIG;
	return s.refused ? EXIT_REFUSED : s.again ? EXIT_AGAIN : EXIT_DONE;
}
