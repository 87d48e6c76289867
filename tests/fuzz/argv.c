/*
 * argv.c: any words as a command line: usage is refused with a sentence, or there is a request that packs and reads back,
 * and that a write can be repeated with.
 *
 * Lines: noun, verb, arguments. After a line "==" the JSON file that the command is given with -f.
 */
#include "command.h"
#include "message_json.h"
#include "metadata.h"
#include "money.h"
#include "request.h"
#include "scratch.h"
#include "target.h"

enum { WORDS_MAX = 32 };

/* What is typed as money and taken, is shown as a sum that is the same when it is typed again. */
static void check_money(const char *text)
{
	char shown[MONEY_TEXT];
	int64_t cents, again;

	if (!money_parse(text, &cents))
		return;
	money_format(cents, shown);
	expect(money_parse(shown, &again) && again == cents);
}

static void check_round(const ProtobufCMessage *m)
{
	json_t *json = message_to_json(m, JSON_PROTO);
	struct error err = {.code = STATUS_OK};
	ProtobufCMessage *back;
	struct arena a;

	expect(json != NULL);
	arena_init(&a, NULL, 16 << 20);
	back = message_from_json(m->descriptor, json, &a, &err);
	expect(back != NULL && message_packed_size(back) == message_packed_size(m));
	arena_release(&a);
	json_decref(json);
}

/* The Get before a write answers with an empty record, or without one. */
static void take_from_nothing(struct session *s, const struct command *c, struct prepared *p)
{
	ProtobufCMessage *reply = message_new(p->fetch_method->output, &s->arena);
	struct error err = {.code = STATUS_OK};

	(void)needs_fetch(p);
	if (!take_fields(c->take, reply, p->request, &s->arena, &err))
		expect(err.text[0] != '\0');
	for (unsigned i = 0; i < reply->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &reply->descriptor->fields[i];
		ProtobufCMessage *record;

		if (field_message(f) == NULL || field_is_repeated(f))
			continue;
		record = message_new(field_message(f), &s->arena);
		message_set(reply, f, &record);
	}
	expect(take_fields(c->take, reply, p->request, &s->arena, &err));
	check_round(p->request);
}

static void prepare_words(struct session *s, const struct command *c, int argc, char **argv)
{
	const struct catalog_method *method = c->method != NULL ? catalog_method_by_name(c->method) : NULL;
	struct error err = {.code = STATUS_OK};
	struct flag_set none = {0};
	struct command_line line;
	struct prepared p;
	uint8_t uuid[16];

	if (method == NULL) {
		if (!command_line_read(s->mem, &none, argc, argv, &s->options, &line, &err))
			expect(err.text[0] != '\0');
		return;
	}
	if (!prepare(s, c, method, argc, argv, &p, &err)) {
		expect(err.code != STATUS_OK && err.text[0] != '\0');
		return;
	}
	if (s->options.help)
		return;
	check_round(p.request);
	expect(!p.flags->write || uuid_parse(p.request_id, strlen(p.request_id), uuid));
	if (p.fetch != NULL) {
		check_round(p.fetch);
		take_from_nothing(s, c, &p);
	}
}

/* Files are the business of the part behind "==": the fuzzer is not to open what it likes. */
static bool names_file(const char *word)
{
	return strncmp(word, "-f", 2) == 0 || strncmp(word, "--file", 6) == 0;
}

static size_t split(char *text, char **words)
{
	size_t count = 0;
	char *save;

	for (char *w = strtok_r(text, "\n", &save); w != NULL && count < WORDS_MAX; w = strtok_r(NULL, "\n", &save))
		if (!names_file(w))
			words[count++] = w;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size), *file = strstr(text, "\n==\n"), *words[WORDS_MAX + 3], path[300];
	char from_file[] = "-f";
	const struct command *c;
	struct session s;
	size_t count;

	catalog_init();
	session_init(&s);
	if (file != NULL)
		*file = '\0';
	count = split(text, words);
	for (size_t i = 0; i < count; i++)
		check_money(words[i]);
	if (file != NULL) {
		snprintf(path, sizeof path, "%s/request.json", scratch());
		scratch_write(path, file + 4, size - (size_t)(file + 4 - text));
		words[count++] = from_file;
		words[count++] = path;
	}
	words[count] = NULL;
	if (count > 1 && (c = command_find(words[0], words[1])) != NULL)
		prepare_words(&s, c, (int)count - 2, words + 2);
	else if (count > 0 && (c = command_find(words[0], NULL)) != NULL)
		prepare_words(&s, c, (int)count - 1, words + 1);
	session_release(&s);
	free(text);
	return 0;
}
