/*
 * import.c: `asset import`, `model import`, `meter import` and `service import`: a file in batches, every row accounted
 * for. Called through the command table; report.c writes what came of it. Owns the rows of the file while it runs.
 */
#include "import.h"

#include "actions.h"
#include "analyser_log.h"
#include "array.h"
#include "clear_mark.h"
#include "failure.h"
#include "field_text.h"
#include "flags.h"
#include "help.h"
#include "metadata.h"
#include "progress.h"
#include "request.h"
#include "store.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { IMPORT_FILE_MAX = 100 << 20, MAP_MAX = 1 << 20 };

/* Other names that columns have in other people's tables, in csv_plain_name's form. */
static const struct column_alias asset_aliases[] = {
	{"tag", "assettag assetnumber assetno inventorytag inventorynumber tagnumber propertytag propertynumber "
		"barcode"},
	{"serial", "serialnumber serialno sn"},
	{"model", "modelnumber modelno"},
	{"class", "kind type equipmentclass formfactor category"},
	{"status", "assetstatus"},
	{"assigned_to", "assignee issuedto user holder custodian assigned"},
	{"location", "site station"},
	{"system", "radiosystem"},
	{"unit_id", "radioid subscriberid subscriberunitid lid"},
	{"alias", "radioalias unitalias radioname dispatchalias"},
	{"firmware", "firmwareversion fw"},
	{"codeplug", "codeplugname codeplugversion template"},
	{"purchased_on", "purchasedate datepurchased purchased acquisitiondate"},
	{"warranty_until", "warranty warrantyexpiration warrantyexpires warrantyend warrantydate"},
	{"cost", "price unitcost purchaseprice purchasecost acquisitioncost"},
	{"quantity", "qty count pieces"},
	{"description", "desc item itemname"},
	{"notes", "note comment comments remarks"},
	{NULL, NULL},
};

static const struct column_alias model_aliases[] = {
	{"number", "model modelnumber modelno"},
	{"manufacturer", "maker make vendor brand"},
	{"family", "series"},
	{"band", "frequencyband"},
	{"class", "kind type formfactor equipmentclass"},
	{"end_of_support_on", "endofsupport eos endofsupportdate"},
	{NULL, NULL},
};

static const struct import_kind asset_kind = {"rows", 500, asset_aliases, "asset", NULL, NULL, true};
static const struct import_kind model_kind = {"models", 500, model_aliases, "model", NULL, NULL, false};

static const struct column_alias meter_aliases[] = {
	{"asset", "tag serial assettag serialnumber unitid radioid"},
	{"meter", "kind type metertype"},
	{"value", "reading hours cycles ptt count"},
	{"read_on", "date day readingdate readon"},
	{NULL, NULL},
};
static const struct import_kind meter_kind = {"rows", 500, meter_aliases, "reading", NULL, NULL, false};

static const struct column_alias result_aliases[] = {
	{"serial", "serialnumber serialno sn radioserial radioserialnumber radiosn"},
	{"tag", "assettag radiotag asset"},
	{"tested_at", "datetime dateandtime date testdate timestamp testedat measuredat"},
	{"analyser", "analyzer analyserserial analyzerserial analyserserialnumber analyzerserialnumber "
		     "instrumentserial testset"},
	{"step", "test testname measurement parameter"},
	{"value", "measured reading answer"},
	{"unit", "units uom"},
	{"frequency_mhz", "frequency freq freqmhz"},
	{"low", "min minimum lowerlimit lowlimit minlimit"},
	{"high", "max maximum upperlimit highlimit maxlimit"},
	{"verdict", "result status passfail"},
	{"notes", "note comment comments remarks"},
	{NULL, NULL},
};
static const char *const run_fields[] = {"serial", "tag", "tested_at", "analyser", "plan", "procedure", NULL};
static const struct import_kind result_kind = {"rows", 500, result_aliases, "result", run_fields,
	"line,asset,outcome,result,ticket,column,value,reason", false};

/* ---- arguments ---- */

/* Takes --map FILE, --mapping NAME and --rejects FILE out of argv; what stays are flags that the tables know. */
static bool take_own(int *argc, char **argv, const char *name, const char **ret_value, struct error *err)
{
	size_t n = strlen(name);

	for (int i = 0; i < *argc; i++) {
		int used = 1;

		if (strncmp(argv[i], name, n) != 0 || (argv[i][n] != '\0' && argv[i][n] != '='))
			continue;
		if (argv[i][n] == '=') {
			*ret_value = argv[i] + n + 1;
		} else if (i + 1 < *argc) {
			*ret_value = argv[i + 1];
			used = 2;
		} else {
			return usage_error(err, "%s needs a value", name);
		}
		memmove(&argv[i], &argv[i + used], (size_t)(*argc - i - used) * sizeof argv[0]);
		*argc -= used;
		i--;
	}
	return true;
}

/* The flags that are not fields of the request. */
static bool take_own_flags(struct import *im, int *argc, char **argv, struct error *err)
{
	return take_own(argc, argv, "--map", &im->map, err) && take_own(argc, argv, "--rejects", &im->rejects, err) &&
	       (!im->kind->assets || take_own(argc, argv, "--mapping", &im->saved, err)) &&
	       (im->kind->run_fields == NULL || take_own(argc, argv, "--format", &im->format, err));
}

/* What is given for all rows. */
static bool fill_base(struct import *im, const struct command_line *line, struct error *err)
{
	struct session *s = im->session;

	im->base = message_new(im->method->input, &s->arena);
	if (im->base == NULL)
		abort();
	for (size_t i = 0; i < line->given_count; i++) {
		const struct given *g = &line->given[i];
		const char *value = g->value != NULL ? g->value : g->form == FLAG_NO ? "false" : "true";

		if (!field_set_text(
			    im->base, &g->flag->path, value, false, flag_shown(s->mem, g->flag), &s->arena, err))
			return false;
		im->dry_run = im->dry_run || (strcmp(g->flag->name, "dry-run") == 0 && strcmp(value, "true") == 0);
		if (strcmp(g->flag->name, "agency") == 0)
			im->agency = value;
	}
	return true;
}

static bool check_arguments(const struct import *im, struct error *err)
{
	if (im->map != NULL && im->saved != NULL)
		return usage_error(err, "give --map FILE or --mapping NAME, not both");
	if (im->agency == NULL && flag_of_field(im->flags, "agency") != NULL)
		return usage_error(err, "--agency is needed: the code of the agency that owns these records");
	return true;
}

static bool read_arguments(struct import *im, const struct command *c, int argc, char **argv, struct error *err)
{
	struct session *s = im->session;
	struct command_line line;
	uint8_t uuid[16];

	if (!take_own_flags(im, &argc, argv, err) ||
		!command_line_read(s->mem, im->flags, argc, argv, &s->options, &line, err))
		return false;
	if (s->options.help)
		return true;
	if (line.word_count != 1)
		return usage_error(err, "one FILE.csv is needed: radioshop %s %s FILE.csv", c->noun, c->verb);
	if (im->format != NULL && strcmp(im->format, "csv") != 0 && strcmp(im->format, "log") != 0)
		return usage_error(err, "--format is csv or log, not '%s'", im->format);
	im->name = line.words[0];
	if (!fill_base(im, &line, err) || !check_arguments(im, err))
		return false;
	uuid_random(uuid);
	if (s->options.request_id != NULL && !uuid_parse(s->options.request_id, strlen(s->options.request_id), uuid))
		return usage_error(err, "--request-id: '%s' is no UUID", s->options.request_id);
	memcpy(im->intent, uuid, sizeof im->intent);
	return true;
}

/* What an import depends on goes into its hash, piece by piece. */
static void hash_in(struct import *im, const char *text, size_t len)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1 ||
		EVP_DigestUpdate(md, im->file_hash, sizeof im->file_hash) != 1 ||
		EVP_DigestUpdate(md, text, len) != 1 || EVP_DigestFinal_ex(md, im->file_hash, NULL) != 1)
		abort();
	EVP_MD_CTX_free(md);
}

static bool read_mapping(struct import *im, struct error *err)
{
	char *text;
	size_t len;

	if (im->saved != NULL) {
		im->map = im->saved;
		if (import_fetch_mapping(im, &text, err)) {
			hash_in(im, text, strlen(text));
			im->mapping = mapping_parse(im->session->mem,
				talloc_asprintf(im->session->mem, "mapping %s", im->saved), text, strlen(text),
				im->file, im->row, err);
		}
	} else if (im->map == NULL) {
		im->mapping = mapping_from_header(im->session->mem, im->file, im->row, im->kind->aliases, err);
	} else if (store_read(im->session->mem, im->map, MAP_MAX, &text, &len, err)) {
		hash_in(im, text, len);
		im->mapping = mapping_parse(im->session->mem, im->map, text, len, im->file, im->row, err);
	}
	return im->mapping != NULL;
}

static void name_ignored(const struct import *im)
{
	char *names = talloc_strdup(im->session->mem, "");

	for (size_t i = 0; i < im->file->header.count; i++) {
		const char *name = im->file->header.cells[i];

		if (!mapping_uses(im->mapping, i) && strcmp(name, "reason") != 0 && strcmp(name, "#") != 0)
			names = talloc_asprintf_append(
				names, "%s%s", *names != '\0' ? ", " : "", *name != '\0' ? name : "(no name)");
	}
	if (*names != '\0')
		notice("columns that are not used: %s", names);
	if (im->file->legacy_cells > 0)
		notice("cells that are no UTF-8 and were read as Windows-1252: %zu", im->file->legacy_cells);
}

/* ---- rows ---- */

void import_refuse(struct import *im, size_t i, const char *column, const char *value, const char *reason)
{
	struct import_row *r = &im->rows[i];

	r->outcome = OUTCOME_REFUSED;
	r->column = talloc_strdup(im->session->mem, column);
	r->value = talloc_strdup(im->session->mem, value);
	r->reason = talloc_strdup(im->session->mem, reason);
}

/* A row that was exported from another agency must not slip into this one. */
static bool is_foreign(const struct import *im, const struct csv_row *row)
{
	size_t column = csv_column(im->file, "agency");

	return im->map == NULL && im->agency != NULL && column < row->count && row->cells[column][0] != '\0' &&
	       strcasecmp(row->cells[column], im->agency) != 0;
}

/* The values of fields that a row has, as the JSON object of its message. */
static bool set_fields(struct import *im, size_t i, ProtobufCMessage *m, struct arena *arena, struct error *err)
{
	json_t *values = json_object();
	struct field_path path;
	char *text;
	bool ok;

	for (size_t f = 0; f < mapping_count(im->mapping); f++) {
		const char *field = mapping_field(im->mapping, f), *value = im->rows[i].values[f];

		if (strncmp(field, "field.", 6) != 0 || *value == '\0')
			continue;
		if (json_object_set_new(values, field + 6, json_string(value)) != 0) {
			json_decref(values);
			return error_set(err, STATUS_INVALID_ARGUMENT, NULL, "the text of %s is no UTF-8", field);
		}
	}
	text = json_object_size(values) > 0 ? json_dumps(values, JSON_COMPACT) : NULL;
	json_decref(values);
	if (text == NULL)
		return true;
	ok = field_path_find(im->row, "fields", &path) && field_set_text(m, &path, text, false, "fields", arena, err);
	free(text);
	return ok;
}

/* The message of row i; NULL when a value does not even have the field's form: then the row is refused. */
ProtobufCMessage *import_make_row(struct import *im, size_t i, struct arena *arena)
{
	const struct csv_row *row = &im->file->rows[i];
	ProtobufCMessage *m = message_new(im->row, arena);
	struct error err = {0};
	struct field_path path;
	int32_t line = (int32_t)row->line, run = (int32_t)im->rows[i].run + 1;

	if (m == NULL)
		abort();
	if (field_path_find(im->row, "line", &path))
		message_set(m, field_path_leaf(&path), &line);
	if (im->kind->run_fields != NULL && field_path_find(im->row, "run", &path))
		message_set(m, field_path_leaf(&path), &run);
	for (size_t f = 0; f < mapping_count(im->mapping); f++) {
		const char *field = mapping_field(im->mapping, f), *value = im->rows[i].values[f];
		const char *column = mapping_column(im->mapping, field);
		size_t n = strlen(column);

		if (*value == '\0' || !field_path_find(im->row, field, &path))
			continue;
		if (!im->kind->assets && clear_mark_is(value)) {
			import_refuse(im, i, column, value, "only an import of assets empties fields in this way");
			return NULL;
		}
		if (!im->kind->assets)
			value = clear_mark_unguard(value);
		if (field_set_text(m, &path, value, false, column, arena, &err))
			continue;
		/* The report has a column of its own for "COLUMN: ". */
		import_refuse(im, i, column, value,
			strncmp(err.text, column, n) == 0 && err.text[n] == ':' ? err.text + n + 2 : err.text);
		return NULL;
	}
	if (!set_fields(im, i, m, arena, &err)) {
		import_refuse(im, i, "", "", err.text);
		return NULL;
	}
	return m;
}

/* Enough of a row to know it again. */
static const char *beginning_of(const struct import *im, const struct csv_row *row)
{
	char *text = talloc_strdup(im->session->mem, "");

	for (size_t i = 0; i < row->count && strlen(text) < 40; i++)
		text = talloc_asprintf_append(text, "%s%s", i > 0 ? "," : "", row->cells[i]);
	if (strlen(text) > 60) {
		size_t n = 60;

		while (((unsigned char)text[n] & 0xc0) == 0x80) /* not within a character */
			n--;
		text[n] = '\0';
	}
	return text;
}

/* A field that is made of several cells is not emptied by one of them. */
static void refuse_mixed_mark(struct import *im, size_t i)
{
	for (size_t f = 0; f < mapping_count(im->mapping); f++) {
		size_t column = mapping_mixed_mark(im->mapping, f, &im->file->rows[i]);

		if (column < im->file->header.count)
			import_refuse(im, i, im->file->header.cells[column], im->file->rows[i].cells[column],
				"this empties a field that the mapping makes of more than this column");
	}
}

/* Every value of every row, in the order of the file, because {#} counts. */
void import_expand(struct import *im)
{
	im->rows = array_zeroed(im->session->mem, im->file->count + 1, sizeof(struct import_row));
	for (size_t i = 0; i < im->file->count; i++) {
		const struct csv_row *row = &im->file->rows[i];
		struct import_row *r = &im->rows[i];

		r->run = i;
		if (row->fault != NULL) {
			bool cell = row->fault_column < row->count && row->fault_column < im->file->header.count;

			import_refuse(im, i, cell ? im->file->header.cells[row->fault_column] : "",
				cell ? row->cells[row->fault_column] : beginning_of(im, row), row->fault);
			continue;
		}
		r->values = array_room(im->rows, NULL, mapping_count(im->mapping), sizeof(char *));
		for (size_t f = 0; f < mapping_count(im->mapping); f++)
			r->values[f] = mapping_value(im->rows, im->mapping, f, row, &r->ordinal);
		refuse_mixed_mark(im, i);
		if (is_foreign(im, row))
			import_refuse(im, i, "agency", row->cells[csv_column(im->file, "agency")],
				"belongs to another agency than --agency says: bring it in with the rows of that "
				"agency");
	}
	if (im->kind->run_fields != NULL)
		import_find_runs(im);
	if (im->kind->assets)
		import_compare_rows(im);
}

static int fail(const struct import *im, const struct error *err)
{
	struct prepared p = {.flags = im->flags};
	int code = tell_failure(&p, err);

	if (im->sent > 0 && im->sent < im->file->count && !im->dry_run)
		hint("the rows before line %u are in; run the same command again for the rest: what is in stays as it "
		     "is",
			im->file->rows[im->sent].line);
	return code;
}

/* A log is told from a table by what is in it, unless --format says what it is. */
static bool read_rows(struct import *im, const char *text, size_t len, struct error *err)
{
	bool log = im->kind->run_fields != NULL &&
		   (im->format != NULL ? strcmp(im->format, "log") == 0 : analyser_log_is(text, len));

	return log ? analyser_log_read(im->session->mem, im->name, text, len, &im->file, err)
		   : csv_rows_read(im->session->mem, im->name, text, len, &im->file, err);
}

static int import_file(
	struct session *s, const struct command *c, const struct import_kind *kind, int argc, char **argv)
{
	struct import im = {.session = s, .kind = kind, .method = catalog_method_by_name(c->method)};
	struct error err = {0};
	struct field_path rows;
	size_t len;
	char *text;

	im.flags = flag_set_new(s->mem, c, im.method->input);
	if (!field_path_find(im.method->input, kind->field, &rows))
		abort();
	im.row = field_message(field_path_leaf(&rows));
	if (!read_arguments(&im, c, argc, argv, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	if (!store_read(s->mem, im.name, IMPORT_FILE_MAX, &text, &len, &err))
		return failure_tell(&err, NULL);
	hash_in(&im, text, len);
	if (!read_rows(&im, text, len, &err) || !read_mapping(&im, &err))
		return failure_tell(&err, NULL);
	name_ignored(&im);
	if (!import_rows(&im, &err))
		return fail(&im, &err);
	return import_report(&im);
}

int action_asset_import(struct session *s, const struct command *c, int argc, char **argv)
{
	return import_file(s, c, &asset_kind, argc, argv);
}

int action_model_import(struct session *s, const struct command *c, int argc, char **argv)
{
	return import_file(s, c, &model_kind, argc, argv);
}

int action_meter_import(struct session *s, const struct command *c, int argc, char **argv)
{
	return import_file(s, c, &meter_kind, argc, argv);
}

int action_runs_import(struct session *s, const struct command *c, int argc, char **argv)
{
	return import_file(s, c, &result_kind, argc, argv);
}
