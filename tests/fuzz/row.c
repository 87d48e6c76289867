/*
 * row.c: what a server answers becomes a reply, even when the server is odd or hostile: wrong types, wrong lengths,
 * NULLs, JSON that is none. It is refused as INTERNAL, or the reply can be packed and written as JSON.
 *
 * First line: the method, or EveryType for a statement whose reply has a field of every type. A byte: how many rows, and
 * its highest bit: the last column is missing. Then the cells: a byte 0 for NULL; else its lower bit and the bits above
 * choose the type (see odd_types), the next byte is the length, and the bytes follow.
 */
#include "chosen.h"
#include "log.h"
#include "message_json.h"
#include "plans.h"
#include "row.h"

enum { MEMORY = 64 * 1024, ROWS_MAX = 4 };

static const uint32_t odd_types[] = {PGTYPE_BOOL, PGTYPE_BYTEA, PGTYPE_INT8, PGTYPE_INT2, PGTYPE_INT4, PGTYPE_TEXT,
	PGTYPE_JSON, PGTYPE_FLOAT8, PGTYPE_TEXT_ARRAY, PGTYPE_VARCHAR, PGTYPE_DATE, PGTYPE_TIMESTAMPTZ, PGTYPE_UUID,
	PGTYPE_JSONB, 0, 4711};

/* The type that the plan was made with, or any other. */
static uint32_t column_type(const struct statement *s, size_t i, uint8_t choice)
{
	const struct plan_column *c = &s->plan->columns[i];

	if (choice & 1)
		return odd_types[choice >> 1 & 15];
	if (c->target == COLUMN_PAGE_KEY)
		return PGTYPE_TEXT_ARRAY;
	return c->target == COLUMN_REFUSAL ? PGTYPE_TEXT : fitting_type(field_path_leaf(&c->path), c->name);
}

static PGresult *result_from(const struct statement *s, struct input *in)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns[PLAN_COLUMNS] = {0};
	uint8_t shape = take(in);
	int rows = shape % ROWS_MAX, count = (int)s->plan->column_count - (shape >> 7);
	struct input types = *in;

	/* The first row says which type each column has. */
	for (int i = 0; i < count; i++) {
		uint8_t choice = take(&types);
		size_t len = choice ? take(&types) : 0;

		columns[i] = (PGresAttDesc){
			.name = s->plan->columns[i].name, .typid = column_type(s, (size_t)i, choice), .format = 1};
		take_bytes(&types, &len);
	}
	expect(PQsetResultAttrs(result, count, columns));
	for (int row = 0; row < rows; row++) {
		for (int i = 0; i < count; i++) {
			uint8_t choice = take(in);
			size_t len = choice ? take(in) : 0;
			const uint8_t *bytes = take_bytes(in, &len);

			expect(PQsetvalue(
				result, row, i, choice ? (char *)(uintptr_t)bytes : NULL, choice ? (int)len : -1));
		}
	}
	return result;
}

static void check_reply(const ProtobufCMessage *reply)
{
	size_t len = message_packed_size(reply);
	uint8_t *bytes = malloc(len + 1);
	json_t *json;

	expect(bytes && message_pack(reply, bytes) == len);
	json = message_to_json(reply, JSON_PROTO); /* NULL when a text is no UTF-8 */
	json_decref(json);
	free(bytes);
}

/* With less memory than it takes, it is refused. */
static void map_with(const struct statement *s, const PGresult *result, const struct page *page, size_t limit)
{
	struct error err = {.code = STATUS_OK};
	struct rows rows;
	struct arena a;

	arena_init(&a, NULL, limit);
	expect(!rows_map(s, result, NULL, page, &a, &rows, &err) && a.exhausted);
	expect(err.code == STATUS_RESOURCE_EXHAUSTED);
	arena_release(&a);
}

static void map(const struct statement *s, const PGresult *result, const ProtobufCMessage *request, size_t part)
{
	struct page page = {.size = 2};
	struct error err = {.code = STATUS_OK};
	struct rows rows = {0};
	struct arena a;

	arena_init(&a, NULL, MEMORY);
	if (row_refused(s, result, &err)) {
		expect(err.code != STATUS_OK);
	} else if (!rows_map(s, result, request, &page, &a, &rows, &err)) {
		expect(err.code == STATUS_INTERNAL || err.code == STATUS_RESOURCE_EXHAUSTED ||
		       (err.code == STATUS_NOT_FOUND && PQntuples(result) == 0));
		expect(err.text[0] != '\0');
	} else {
		if (rows.reply)
			check_reply(rows.reply);
		for (size_t i = 0; rows.messages && i < rows.count; i++)
			check_reply(rows.messages[i]);
		map_with(s, result, &page, a.used / 8 * part);
	}
	expect(a.used <= MEMORY);
	arena_release(&a);
}

/* A statement that no method has. */
static struct statement *every_type(void)
{
	static struct statement s = {.name = "get_caller",
		.rows = ROWS_ONE,
		.method = "EveryType",
		.request = &radioshop__fuzz__every_type__descriptor,
		.reply = &radioshop__fuzz__every_type__descriptor};
	struct shape_column columns[PLAN_COLUMNS];
	struct statement_shape shape = {.columns = columns};
	struct faults faults = {0};

	for (unsigned i = 0; !s.plan && i < s.reply->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &s.reply->fields[i];
		uint32_t type = fitting_type(f, f->name);

		if (column_fits(f, type))
			columns[shape.column_count++] = (struct shape_column){f->name, type, false};
	}
	if (!s.plan) {
		columns[shape.column_count++] = (struct shape_column){"refusal", PGTYPE_TEXT, true};
		expect(statement_check(&s, &shape, &faults));
	}
	return &s;
}

static const struct statement *chosen_statement(struct input *in)
{
	const ProtobufCMessageDescriptor *d;
	struct input again = *in;
	const struct method *method;
	const char *path;

	d = chosen_message(&again, false);
	if (d == &radioshop__fuzz__every_type__descriptor) {
		*in = again;
		return every_type();
	}
	path = chosen_method(in)->path;
	method = method_by_path(path, strlen(path));
	return method ? &method->statement : NULL;
}

/* A request that names what was asked for, in its first text. */
static ProtobufCMessage *request_of(const struct statement *s, struct arena *a)
{
	ProtobufCMessage *m = message_new(s->request, a);
	const char *text = "1042";

	for (unsigned i = 0; i < s->request->n_fields; i++)
		if (s->request->fields[i].type == PROTOBUF_C_TYPE_STRING && !field_is_repeated(&s->request->fields[i]))
			message_set(m, &s->request->fields[i], &text);
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	const struct statement *s;
	PGresult *result;
	struct arena a;

	make_plans();
	log_set_level(LOG_LEVEL_ERROR);
	s = chosen_statement(&in);
	if (!s)
		return 0;
	arena_init(&a, NULL, MEMORY);
	result = result_from(s, &in);
	map(s, result, request_of(s, &a), size % 8);
	PQclear(result);
	arena_release(&a);
	return 0;
}
