/*
 * output.c: any answer of a server in every format of the command. Tables cannot drive a terminal; csv holds no cell that
 * a spreadsheet would run; JSON is JSON.
 *
 * First line: the message, see chosen.h. Then its bytes.
 */
#include "chosen.h"
#include "output.h"
#include "target.h"
#include "utf8.h"

#include <jansson.h>

enum { MEMORY = 1 << 20 };

/* Every field by its name, as a person may ask for it; malloc'ed. */
static char *every_column(const ProtobufCMessage *reply)
{
	const ProtobufCFieldDescriptor *field;
	const ProtobufCMessageDescriptor *row = reply_row(reply->descriptor, &field);
	char *text = calloc(1, 64 * (row->n_fields + 1));

	expect(text != NULL);
	for (unsigned i = 0; i < row->n_fields; i++) {
		strncat(text, row->fields[i].name, 60);
		strcat(text, ",");
	}
	return text;
}

/* What the writer makes of the rows of a reply; malloc'ed. NULL: it refused. */
static char *written(
	const ProtobufCMessage *reply, enum output_format format, enum output_shape shape, const char *columns)
{
	struct output_options o = {
		.format = format, .shape = shape, .header = true, .formula_guard = true, .user_columns = columns};
	const ProtobufCFieldDescriptor *field;
	const ProtobufCMessageDescriptor *row = reply_row(reply->descriptor, &field);
	struct error err = {.code = STATUS_OK};
	struct writer *w;
	char *text = NULL;
	size_t len = 0;

	o.out = open_memstream(&text, &len);
	w = writer_new(NULL, &o, row, &err);
	expect(o.out != NULL && w != NULL);
	if (field != NULL && field_is_repeated(field)) {
		for (size_t i = 0; i < message_count(reply, field) && (shape == SHAPE_LIST || i == 0); i++)
			expect(writer_row(w, *(ProtobufCMessage *const *)message_value(reply, field, i), &err));
	} else if (reply_record(reply) != NULL) {
		expect(writer_row(w, reply_record(reply), &err));
	}
	expect(writer_finish(w, &err));
	writer_free(w);
	expect(fclose(o.out) == 0 && strlen(text) == len);
	return text;
}

static void check_table(char *text)
{
	static const char *const marks[] = {"\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8f"};

	expect(text_check((const uint8_t *)text, strlen(text), NULL) == TEXT_GOOD && strchr(text, '\t') == NULL);
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		expect(strstr(text, marks[i]) == NULL);
	free(text);
}

/* As a spreadsheet sees it: behind the quote that may open it. A minus may only begin a number. */
static void check_cell(const char *cell)
{
	cell += *cell == '"';
	cell += strspn(cell, " ");
	expect(*cell == '\0' || strchr("=+@\t\r", *cell) == NULL);
	expect(*cell != '-' || strspn(cell, "-+.0123456789einfa") >= strcspn(cell, ",\n"));
}

static void check_csv(char *text)
{
	bool quoted = false;

	check_cell(text);
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (!quoted && (*at == ',' || *at == '\n'))
			check_cell(at + 1);
	}
	expect(!quoted);
	free(text);
}

static void check_json(char *text)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, NULL);

	expect(json != NULL || strspn(text, "\n") == strlen(text));
	json_decref(json);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	const ProtobufCMessageDescriptor *d = chosen_message(&in, true);
	ProtobufCMessage *reply;
	struct error err;
	struct arena a;
	char *columns;

	arena_init(&a, NULL, MEMORY);
	reply = message_unpack(d, in.at, input_left(&in), &a, &err);
	if (reply != NULL) {
		columns = every_column(reply);
		check_table(written(reply, OUTPUT_TABLE, SHAPE_LIST, NULL));
		check_table(written(reply, OUTPUT_TABLE, SHAPE_LIST, columns));
		check_table(written(reply, OUTPUT_WIDE, SHAPE_RECORD, NULL));
		check_csv(written(reply, OUTPUT_CSV, SHAPE_LIST, NULL));
		check_csv(written(reply, OUTPUT_CSV, SHAPE_LIST, columns));
		check_json(written(reply, OUTPUT_JSON, SHAPE_LIST, columns));
		check_json(written(reply, OUTPUT_JSON, SHAPE_RECORD, NULL));
		free(columns);
	}
	arena_release(&a);
	return 0;
}
