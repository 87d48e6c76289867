/*
 * batch.c: the rows of an import in calls of a few hundred, each call the same request however often it is sent. Called
 * by import.c. Owns nothing; outcomes go into the import's rows.
 */
#include "import.h"

#include "failure.h"
#include "flags.h"
#include "metadata.h"
#include "request.h"

#include <openssl/evp.h>
#include <string.h>
#include <time.h>

enum { BATCH_MEMORY = 256 << 20, BATCH_BYTES = 1 << 20, ATTEMPTS = 4 };

/* The id of a batch follows from the run and the rows' place, so that sending it again is the same request. */
static void batch_id(const struct import *im, size_t first, size_t count, char out[37])
{
	char text[64];
	unsigned char digest[EVP_MAX_MD_SIZE], seed[16 + sizeof text];
	int n = snprintf(text, sizeof text, "%zu+%zu", first, count);

	memcpy(seed, im->intent, 16);
	memcpy(seed + 16, text, (size_t)n);
	if (EVP_Digest(seed, 16 + (size_t)n, digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	digest[6] = (unsigned char)((digest[6] & 0x0f) | 0x80); /* version 8: made from a hash of one's own */
	digest[8] = (unsigned char)((digest[8] & 0x3f) | 0x80);
	uuid_format(digest, out);
}

/* Rows that are done with a batch: those up to it, and those behind it that are not sent because they are refused here.
 */
static size_t done_with(const struct import *im, size_t first, size_t count)
{
	size_t done = first + count;

	while (done < im->file->count && im->rows[done].outcome == OUTCOME_REFUSED)
		done++;
	return done;
}

static ProtobufCMessage *make_batch(
	struct import *im, size_t first, size_t count, struct arena *arena, size_t *ret_rows)
{
	ProtobufCMessage *request = message_new(im->method->input, arena);
	struct field_path rows;
	char id[37];

	if (request == NULL || !field_path_find(im->method->input, im->kind->field, &rows))
		abort();
	for (unsigned f = 0; f < im->method->input->n_fields; f++) {
		const ProtobufCFieldDescriptor *field = &im->method->input->fields[f];

		if (field->label != PROTOBUF_C_LABEL_REPEATED && strcmp(field->name, "request_id") != 0)
			message_set(request, field, message_value(im->base, field, 0));
	}
	batch_id(im, first, count, id);
	set_request_id(request, id, arena);
	*ret_rows = 0;
	for (size_t i = first; i < first + count; i++) {
		ProtobufCMessage *m;

		if (im->rows[i].outcome == OUTCOME_REFUSED || (m = import_make_row(im, i, arena)) == NULL)
			continue;
		if (!message_append(request, field_path_leaf(&rows), &m, arena))
			abort();
		++*ret_rows;
	}
	import_name_run(im, request, done_with(im, first, count), arena);
	return request;
}

static const char *text_of(const ProtobufCMessage *m, const char *field)
{
	struct field_path path;
	const char *text;

	if (!field_path_find(m->descriptor, field, &path))
		return "";
	text = *(const char *const *)message_value(m, field_path_leaf(&path), 0);
	return text != NULL ? text : "";
}

static int number_of(const ProtobufCMessage *m, const char *field)
{
	struct field_path path;

	return field_path_find(m->descriptor, field, &path) ? *(const int *)message_value(m, field_path_leaf(&path), 0)
							    : 0;
}

/* Only one row of a run that is refused has a reason; the others follow it. */
static void take_run(struct import *im, size_t i, const ProtobufCMessage *result)
{
	struct import_row *r = &im->rows[i];

	r->asset = talloc_strdup(im->session->mem, text_of(result, "asset"));
	r->ticket = talloc_strdup(im->session->mem, text_of(result, "ticket"));
	r->result = number_of(result, "result");
	if (r->outcome == OUTCOME_REFUSED && r->reason[0] == '\0') {
		r->reason = "its run is refused, see the line that says why";
		r->follows = true;
	}
}

static void take_result(struct import *im, size_t i, const ProtobufCMessage *result)
{
	static const char *const names[] = {[OUTCOME_CREATED] = "created",
		[OUTCOME_CHANGED] = "changed",
		[OUTCOME_UNCHANGED] = "unchanged",
		[OUTCOME_REFUSED] = "refused"};
	struct field_path path;
	char label[64] = "";

	if (!field_path_find(result->descriptor, "outcome", &path) ||
		!enum_label(field_path_leaf(&path)->descriptor, number_of(result, "outcome"), label, sizeof label))
		label[0] = '\0';
	for (unsigned k = OUTCOME_CREATED; k <= OUTCOME_REFUSED; k++)
		if (strcmp(label, names[k]) == 0)
			im->rows[i].outcome = (enum import_outcome)k;
	if (im->rows[i].outcome == OUTCOME_REFUSED)
		import_refuse(im, i, mapping_column(im->mapping, text_of(result, "column")), text_of(result, "value"),
			text_of(result, "reason"));
	else if (im->kind->run_fields != NULL || im->rows[i].outcome == OUTCOME_CREATED)
		im->rows[i].reason = talloc_strdup(im->session->mem, text_of(result, "reason"));
	if (im->kind->run_fields != NULL)
		take_run(im, i, result);
	if (im->rows[i].outcome == OUTCOME_UNKNOWN)
		import_refuse(im, i, "", "", "the shop did not say what became of this row");
}

static void take_reply(struct import *im, size_t first, size_t count, const ProtobufCMessage *reply)
{
	struct field_path path;
	size_t at = 0;

	if (!field_path_find(reply->descriptor, "results", &path)) {
		im->created += (size_t)number_of(reply, "created");
		im->changed += (size_t)number_of(reply, "changed");
		im->unchanged += (size_t)number_of(reply, "unchanged");
		for (size_t i = first; i < first + count; i++)
			if (im->rows[i].outcome == OUTCOME_UNKNOWN)
				im->rows[i].outcome = OUTCOME_COUNTED;
		return;
	}
	for (size_t i = first; i < first + count; i++) {
		const ProtobufCFieldDescriptor *results = field_path_leaf(&path);

		if (im->rows[i].outcome == OUTCOME_REFUSED)
			continue;
		if (at < message_count(reply, results))
			take_result(im, i, *(const ProtobufCMessage *const *)message_value(reply, results, at++));
		else
			import_refuse(im, i, "", "", "the shop did not say what became of this row");
	}
}

static bool is_worth_waiting(const struct error *err)
{
	return err->code == STATUS_UNAVAILABLE || err->code == STATUS_DEADLINE_EXCEEDED ||
	       err->code == STATUS_ABORTED || err->code == STATUS_RESOURCE_EXHAUSTED;
}

/* Sends one batch; a lost answer is asked for again under the same id. */
static bool send_batch(struct import *im, size_t first, size_t count, struct error *err)
{
	struct arena arena;
	ProtobufCMessage *request, *reply = NULL;
	size_t rows;

	arena_init(&arena, NULL, BATCH_MEMORY);
	request = make_batch(im, first, count, &arena, &rows);
	for (int attempt = 1; rows > 0 && reply == NULL; attempt++) {
		struct timespec pause = {.tv_sec = attempt};

		reply = session_call(im->session, im->method, request, BATCH_TIMEOUT_MS, &arena, NULL, err);
		if (reply != NULL || attempt == ATTEMPTS || !is_worth_waiting(err) || (first == 0 && im->done == 0))
			break;
		nanosleep(&pause, NULL);
	}
	if (reply != NULL) {
		take_reply(im, first, count, reply);
		im->shop_done = done_with(im, first, count);
	}
	arena_release(&arena);
	return rows == 0 || reply != NULL;
}

/* A row that was sent alone and made the whole call fail: rows[0].serial is its serial. */
static void refuse_alone(struct import *im, size_t i, const struct error *err)
{
	const char *dot = strrchr(err->field, '.'), *field = dot != NULL ? dot + 1 : err->field, *value = "";

	for (size_t f = 0; f < mapping_count(im->mapping) && im->rows[i].values != NULL; f++)
		if (strcmp(mapping_field(im->mapping, f), field) == 0)
			value = im->rows[i].values[f];
	import_refuse(im, i, mapping_column(im->mapping, field), value, err->text);
}

/* Where count rows from first are parted in two, as near to the middle as runs allow; 0 when they are one run. */
static size_t parted_at(const struct import *im, size_t first, size_t count)
{
	size_t half = count / 2;

	while (half > 0 && im->rows[first + half].run != first + half)
		half--;
	if (half == 0)
		for (half = count / 2; half < count && im->rows[first + half].run != first + half; half++)
			;
	return half < count ? half : 0;
}

/*
 * A batch that is refused as a whole is sent in halves until the row at fault stands alone, so that one bad row keeps
 * no good one out.
 */
static bool import_range(struct import *im, size_t first, size_t count, struct error *err)
{
	size_t half;

	if (send_batch(im, first, count, err)) {
		im->done += count;
		progress_update(&im->progress, im->done);
		return true;
	}
	if (err->code != STATUS_INVALID_ARGUMENT && err->code != STATUS_ALREADY_EXISTS &&
		err->code != STATUS_FAILED_PRECONDITION)
		return false;
	if (err->reason[0] != '\0' && exit_code_of(err) != EXIT_REFUSED)
		return false;
	if (strcmp(err->field, "agency") == 0 || strcmp(err->field, "request_id") == 0 ||
		flag_of_field(im->flags, err->field) != NULL)
		return false;
	half = parted_at(im, first, count);
	if (half > 0)
		return import_range(im, first, half, err) && import_range(im, first + half, count - half, err);
	refuse_alone(im, first, err);
	import_refuse_run(im, first);
	im->done += count;
	return true;
}

/* How many rows go in the next call: no more than the shop takes, in number and in bytes. */
static size_t batch_size(const struct import *im, size_t first)
{
	size_t bytes = 0, i;

	for (i = first; i < im->file->count && i < first + im->kind->batch; i++) {
		for (size_t f = 0; im->rows[i].values != NULL && f < mapping_count(im->mapping); f++)
			bytes += strlen(im->rows[i].values[f]);
		if (bytes > BATCH_BYTES && i > first)
			break;
	}
	if (i < im->file->count && im->rows[i].run != i && im->rows[i].run > first)
		i = im->rows[i].run;
	while (i < im->file->count && im->rows[i].run != i) /* never a part of a run */
		i++;
	return i - first;
}

bool import_rows(struct import *im, struct error *err)
{
	size_t count;

	bool ok = session_connect(im->session, err);

	import_expand(im);
	ok = ok && import_begin_run(im, err);
	progress_init(&im->progress, "rows", im->file->count);
	for (size_t first = 0; ok && first < im->file->count; first += count) {
		count = batch_size(im, first);
		ok = import_range(im, first, count, err);
		im->sent = ok ? first + count : first;
	}
	progress_end(&im->progress);
	return ok && import_end_run(im, err);
}
