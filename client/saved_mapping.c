/*
 * saved_mapping.c: mappings that the shop keeps under a name: `mapping save --from FILE`, and the one that an import is
 * read with. Called through the command table and by import.c. Owns nothing.
 */
#include "import.h"

#include "actions.h"
#include "failure.h"
#include "field_text.h"
#include "metadata.h"
#include "request.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 64 << 10, CALL_MEMORY = 1 << 20 };

static void set_text(ProtobufCMessage *m, const char *field, const char *text)
{
	struct field_path path;

	if (!field_path_find(m->descriptor, field, &path))
		abort();
	message_set(m, field_path_leaf(&path), &text);
}

bool import_fetch_mapping(struct import *im, char **ret_text, struct error *err)
{
	const struct catalog_method *method = catalog_method_by_name("MappingService.GetMapping");
	ProtobufCMessage *request, *reply;
	struct arena arena;
	struct field_path path;

	if (!session_connect(im->session, err))
		return false;
	arena_init(&arena, NULL, CALL_MEMORY);
	request = message_new(method->input, &arena);
	if (request == NULL)
		abort();
	set_text(request, "agency", im->agency);
	set_text(request, "name", im->saved);
	reply = session_call(im->session, method, request, BATCH_TIMEOUT_MS, &arena, NULL, err);
	*ret_text = NULL;
	if (reply != NULL && field_path_find(method->output, "mapping", &path)) {
		const ProtobufCMessage *m =
			*(const ProtobufCMessage *const *)message_value(reply, field_path_leaf(&path), 0);

		if (m != NULL && field_path_find(m->descriptor, "text", &path))
			*ret_text = talloc_strdup(
				im->session->mem, *(const char *const *)message_value(m, field_path_leaf(&path), 0));
	}
	arena_release(&arena);
	if (reply != NULL && *ret_text == NULL)
		return error_set(err, STATUS_INTERNAL, NULL, "the shop named no mapping");
	return *ret_text != NULL;
}

/* --from FILE becomes --text with what is in it; everything else is as the tables say. */
int action_mapping_save(struct session *s, const struct command *c, int argc, char **argv)
{
	struct error err = {0};
	const char *file = NULL;
	char **words = talloc_array(s->mem, char *, (unsigned)argc + 2), *text;
	bool given = false;
	int count = 0;
	size_t len;

	if (words == NULL)
		abort();
	for (int i = 0; i < argc; i++) {
		given = given || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 ||
			strncmp(argv[i], "--text", 6) == 0;
		if (strncmp(argv[i], "--from=", 7) == 0)
			file = argv[i] + 7;
		else if (strcmp(argv[i], "--from") == 0 && i + 1 < argc)
			file = argv[++i];
		else
			words[count++] = argv[i];
	}
	if (file == NULL && !given) {
		usage_error(&err, "--from FILE is needed: the mapping file to keep");
		return failure_tell(&err, NULL);
	}
	if (file != NULL) {
		if (!store_read(s->mem, file, TEXT_MAX, &text, &len, &err))
			return failure_tell(&err, NULL);
		if (!csv_check_text(file, text, len, &err))
			return failure_tell(&err, NULL);
		words[count++] = talloc_asprintf(s->mem, "--text=%s", text);
	}
	words[count] = NULL;
	return run_command(s, c, count, words);
}
