/*
 * help.c: prints help. Called by main.c for --help and by the commands that find they need it.
 * Owns nothing.
 */
#include "help.h"

#include "actions.h"
#include "clear_mark.h"
#include "failure.h"
#include "field_text.h"
#include "flags.h"
#include "output.h"
#include "request.h"

#include <stdlib.h>
#include <string.h>

static int flushed(FILE *out)
{
	struct error err = {0};

	return output_flush(out, &err) ? EXIT_DONE : failure_tell(&err, NULL);
}

const char *command_summary(const struct command *c)
{
	const struct catalog_method *m = c->method != NULL ? catalog_method_by_name(c->method) : NULL;

	if (c->help != NULL)
		return c->help;
	return m != NULL ? m->comment : "";
}

static void print_exit_codes(FILE *out)
{
	const char *text;
	int code;

	fputs("\nExit codes\n", out);
	for (unsigned i = 0; exit_code_describe(i, &code, &text); i++)
		fprintf(out, "  %2d  %s\n", code, text);
}

static void print_options(FILE *out)
{
	fputs("\nOptions of every command\n", out);
	for (const struct option_row *r = option_rows; r->name != NULL; r++) {
		char left[48];

		snprintf(left, sizeof left, "%c%c%s--%s%s%s", r->letter != 0 ? '-' : ' ',
			r->letter != 0 ? r->letter : ' ', r->letter != 0 ? ", " : "  ", r->name,
			r->value != NULL ? " " : "", r->value != NULL ? r->value : "");
		fprintf(out, "  %-26s  %s\n", left, r->help);
	}
}

int help_top(FILE *out)
{
	fputs("radioshop keeps the shared register of radio equipment, its services and its repairs.\n\n"
	      "Usage: radioshop NOUN VERB [ARGUMENTS] [FLAGS]\n\nNouns\n",
		out);
	for (const struct noun *n = nouns; n->name != NULL; n++)
		fprintf(out, "  %-11s  %s\n", n->name, n->help);
	fputs("\nExamples\n"
	      "  radioshop due --agency IND --overdue\n"
	      "  radioshop ticket log 1042 --problem 'no audio' --action 'new speaker' --minutes 15\n"
	      "  radioshop asset find 837CX -o json\n",
		out);
	print_options(out);
	print_exit_codes(out);
	fputs("\nradioshop NOUN --help tells the verbs of a noun, radioshop NOUN VERB --help the flags of a command.\n",
		out);
	return flushed(out);
}

static char *usage_of(TALLOC_CTX *ctx, const struct command *c)
{
	const char *arguments = "", *more = c->run == action_attachment_add ? " FILE..." : "";

	if (c->run == action_asset_import || c->run == action_model_import)
		arguments = " FILE.csv";
	else if (c->run == action_call)
		arguments = " SERVICE.METHOD";
	else if (c->run == action_unsent_drop)
		arguments = " ID";
	else if (c->run == action_unsent_send)
		arguments = " [ID]";
	else if (c->run == action_completion)
		arguments = " bash|zsh|fish";
	else if (c->run == action_help)
		arguments = " [NOUN [VERB]]";
	return talloc_asprintf(ctx, "radioshop %s%s%s%s%s%s", c->noun, *c->verb != '\0' ? " " : "", c->verb, arguments,
		positions_shown(ctx, c), more);
}

int help_noun(FILE *out, const struct noun *noun)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	size_t verbs = 0;

	for (const struct command *c = commands; c->noun != NULL; c++)
		verbs += strcmp(c->noun, noun->name) == 0;
	if (verbs == 1) {
		talloc_free(ctx);
		return help_command(out, command_find(noun->name, NULL));
	}
	fprintf(out, "%s: %s\n\nVerbs\n", noun->name, noun->help);
	for (const struct command *c = commands; c->noun != NULL; c++) {
		const char *text = command_summary(c);

		if (strcmp(c->noun, noun->name) == 0)
			fprintf(out, "  %-15s  %.*s%s\n", *c->verb != '\0' ? c->verb : "(none)",
				(int)strcspn(text, "\n"), text, c->alone && *c->verb != '\0' ? " (or no verb)" : "");
	}
	fprintf(out, "\nradioshop %s VERB --help tells the flags of a command.\n", noun->name);
	talloc_free(ctx);
	return flushed(out);
}

/* "--status LABEL", "--[no-]received", "--reading 'NAME=VALUE UNIT'". */
static char *flag_usage(TALLOC_CTX *ctx, const struct flag *f)
{
	const ProtobufCFieldDescriptor *leaf = field_path_leaf(&f->path);
	const char *flag, *form = field_shorthand(leaf, &flag);

	if (f->is_switch)
		return talloc_asprintf(ctx, "--[no-]%s", f->name);
	if (form == NULL)
		form = f->dollars                             ? "DOLLARS"
		       : leaf->type == PROTOBUF_C_TYPE_ENUM   ? "WORD"
		       : leaf->type == PROTOBUF_C_TYPE_STRING ? "TEXT"
		       : field_is_money(leaf)                 ? "CENTS"
							      : "NUMBER";
	return talloc_asprintf(ctx, "--%s %s", f->name, form);
}

/* The comment of the field that the flag sets. */
static const char *flag_comment(const struct flag_set *set, const struct flag *f)
{
	const ProtobufCMessageDescriptor *d = set->request;

	if (f->path.depth > 1)
		d = field_message(f->path.field[f->path.depth - 2]);
	return catalog_field_comment(d, field_path_leaf(&f->path)->name);
}

static void print_flags(FILE *out, TALLOC_CTX *ctx, const struct flag_set *set)
{
	if (set->count > 0)
		fputs("\nFlags\n", out);
	for (size_t i = 0; i < set->count; i++) {
		const struct flag *f = &set->flags[i];
		const ProtobufCFieldDescriptor *leaf = field_path_leaf(&f->path);
		const char *comment = flag_comment(set, f);

		fprintf(out, "  %s%s%s\n", flag_usage(ctx, f),
			f->choice   ? "  (one of these is needed)"
			: f->needed ? "  (needed)"
				    : "",
			field_is_repeated(leaf) ? "  (as often as you like)" : "");
		for (const char *line = comment; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n')
			fprintf(out, "      %.*s\n", (int)strcspn(line, "\n"), line);
		if (f->dollars)
			fputs("      In dollars, such as 12.50.\n", out);
		if (leaf->type == PROTOBUF_C_TYPE_ENUM)
			fprintf(out, "      One of %s.\n", enum_labels(ctx, leaf->descriptor, ", "));
	}
	if (set->masked && set->count > 0)
		fputs("\n--clear-NAME empties the field of flag --NAME.\n", out);
	if (set->paged)
		fputs("\nTables show 100 rows; --limit N or --all shows more. json and csv write all.\n", out);
}

/* What the positions mean, from the comments of the fields they fill. */
static void print_positions(FILE *out, TALLOC_CTX *ctx, const struct command *c)
{
	const struct catalog_method *of[] = {
		c->fetch != NULL ? catalog_method_by_name(c->fetch) : NULL, catalog_method_by_name(c->method)};
	const char *list = c->positional;
	char word[128];

	if (list != NULL)
		fputs("\nArguments\n", out);
	while (word_next(&list, word, sizeof word)) {
		const char *comment = "";
		struct field_path path;

		word[strcspn(word, "?+")] = '\0';
		for (size_t i = 0; i < 2 && *comment == '\0'; i++) {
			const ProtobufCMessageDescriptor *d = of[i] != NULL ? of[i]->input : NULL;

			if (d == NULL || !field_path_find(d, word, &path) || !field_takes_text(field_path_leaf(&path)))
				continue;
			if (path.depth > 1)
				d = field_message(path.field[path.depth - 2]);
			comment = catalog_field_comment(d, field_path_leaf(&path)->name);
		}
		fprintf(out, "  %-12s  %.*s\n", position_name(ctx, word), (int)strcspn(comment, "\n"), comment);
	}
}

static void print_import_flags(FILE *out, bool assets)
{
	fputs("\nFlags\n"
	      "  --map FILE\n      Says which columns make up which field, one line 'field = {Column}' each; see "
	      "radioshop(1), MAPPING FILES. Without it, columns are known by their names.\n",
		out);
	if (assets)
		fputs("  --mapping NAME\n      The same, by the name under which the shop keeps it: radioshop mapping "
		      "list.\n",
			out);
	fputs("  --rejects FILE\n      Writes the refused rows there as csv, with the reason in a last column, to be "
	      "corrected and imported again.\n",
		out);
}

static void print_import_cells(FILE *out)
{
	fputs("\nAn empty cell leaves what is there; a cell " CLEAR_MARK " empties the field.\n", out);
}

int help_command(FILE *out, const struct command *c)
{
	const struct catalog_method *m = c->method != NULL ? catalog_method_by_name(c->method) : NULL;
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct flag_set *set;

	fprintf(out, "%s\n\nUsage: %s%s\n", command_summary(c), usage_of(ctx, c), m != NULL ? " [FLAGS]" : "");
	if (m != NULL) {
		print_positions(out, ctx, c);
		if (c->run == action_asset_import || c->run == action_model_import || c->run == action_runs_import)
			print_import_flags(out, c->run == action_asset_import);
		if (c->run == action_runs_import)
			fputs("  --format csv|log\n      What FILE is; its content says it if not given.\n", out);
		set = flag_set_new(ctx, c, m->input);
		set->paged = set->paged && !c->file;
		print_flags(out, ctx, set);
		if (c->run == action_asset_import)
			print_import_cells(out);
		if (c->run == action_mapping_save)
			fputs("  --from FILE\n      The mapping file to keep; - is standard input.\n", out);
		if (c->run == action_attachment_get)
			fputs("  -o, --output FILE\n      Writes FILE, or the file's own name into a directory; into "
			      "this one if not given; - for standard output.\n"
			      "  --force\n      Replaces a file that is there.\n",
				out);
		else if (c->file)
			fputs("  -o, --output FILE\n      Writes FILE, whole or not at all; standard output if not "
			      "given.\n",
				out);
	}
	if (c->example != NULL)
		fprintf(out, "\nExample\n  %s\n", c->example);
	fputs("\nradioshop --help tells the options of every command.\n", out);
	talloc_free(ctx);
	return flushed(out);
}

int help_method(FILE *out, const struct catalog_method *method)
{
	TALLOC_CTX *ctx = talloc_new(NULL);

	fprintf(out, "%s\n\nUsage: radioshop call %s [-f FILE] [FLAGS]\n", method->comment, method->path);
	print_flags(out, ctx, flag_set_new(ctx, NULL, method->input));
	talloc_free(ctx);
	return flushed(out);
}

int help_methods(FILE *out)
{
	size_t count;
	const struct catalog_method *methods = catalog_methods(&count);

	fputs("Usage: radioshop call SERVICE.METHOD [-f FILE] [FLAGS]\n\nMethods\n", out);
	for (size_t i = 0; i < count; i++) {
		const char *dot = strrchr(methods[i].service, '.');

		fprintf(out, "  %s.%s\n      %.*s\n", dot != NULL ? dot + 1 : methods[i].service, methods[i].name,
			(int)strcspn(methods[i].comment, "\n"), methods[i].comment);
	}
	return flushed(out);
}

/* ---- the manual ---- */

/* scdoc gives a meaning to these. */
static void scdoc_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("\\_*#`[]|<", *text) != NULL)
			fputc('\\', out);
		fputc(*text == '\n' ? ' ' : *text, out);
	}
}

static void manual_command(FILE *out, TALLOC_CTX *ctx, const struct command *c)
{
	const struct catalog_method *m = c->method != NULL ? catalog_method_by_name(c->method) : NULL;
	const struct flag_set *set = m != NULL ? flag_set_new(ctx, c, m->input) : NULL;

	fputs("*", out);
	scdoc_text(out, usage_of(ctx, c));
	fputs("*\n\t", out);
	scdoc_text(out, command_summary(c));
	for (size_t i = 0; set != NULL && i < set->count; i++) {
		fputs(i == 0 ? "++\nFlags: " : ", ", out);
		scdoc_text(out, flag_usage(ctx, &set->flags[i]));
	}
	fputs("\n\n", out);
}

int help_manual(FILE *out)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *text;
	int code;

	fputs("# COMMANDS\n\n", out);
	for (const struct command *c = commands; c->noun != NULL; c++)
		manual_command(out, ctx, c);
	fputs("# OPTIONS\n\n", out);
	for (const struct option_row *r = option_rows; r->name != NULL; r++) {
		fputs("*", out);
		if (r->letter != 0)
			fprintf(out, "-%c*, *", r->letter);
		fprintf(out, "--%s*", r->name);
		if (r->value != NULL)
			fprintf(out, " _%s_", r->value);
		fputs("\n\t", out);
		scdoc_text(out, r->help);
		fputs("\n\n", out);
	}
	fputs("# EXIT STATUS\n\n", out);
	for (unsigned i = 0; exit_code_describe(i, &code, &text); i++)
		fprintf(out, "*%d*\n\t%s\n\n", code, text);
	talloc_free(ctx);
	return flushed(out);
}

int action_help(struct session *s, const struct command *c, int argc, char **argv)
{
	const struct command *row;
	const struct noun *noun;
	struct error err = {0};

	(void)s;
	if (argc == 0)
		return help_top(stdout);
	if (strcmp(argv[0], "--manual") == 0)
		return help_manual(stdout);
	if (argv[0][0] == '-')
		return help_command(stdout, c);
	noun = noun_find(argv[0]);
	row = noun != NULL && argc > 1 ? command_find(argv[0], argv[1]) : NULL;
	if (row != NULL)
		return help_command(stdout, row);
	if (noun != NULL && argc == 1)
		return help_noun(stdout, noun);
	usage_error(&err, "there is no command %s%s%s; radioshop --help lists them", argv[0], argc > 1 ? " " : "",
		argc > 1 ? argv[1] : "");
	return failure_tell(&err, NULL);
}
