/*
 * completion.c: completion scripts for bash, zsh and fish, written from the tables. Called through the command table.
 * Owns nothing.
 */
#include "actions.h"
#include "failure.h"
#include "field_text.h"
#include "flags.h"
#include "help.h"
#include "output.h"
#include "session.h"

#include <string.h>

static bool is_row_of(const struct command *c, const char *noun)
{
	return strcmp(c->noun, noun) == 0;
}

static struct flag_set *flags_of(TALLOC_CTX *ctx, const struct command *c)
{
	const struct catalog_method *m = c->method != NULL ? catalog_method_by_name(c->method) : NULL;

	return m != NULL ? flag_set_new(ctx, c, m->input) : NULL;
}

static bool takes_file(const struct command *c)
{
	return c->run == action_asset_import || c->run == action_model_import || c->run == action_runs_import;
}

static void print_verbs(const char *noun)
{
	bool first = true;

	for (const struct command *c = commands; c->noun != NULL; c++) {
		if (!is_row_of(c, noun) || *c->verb == '\0')
			continue;
		printf("%s%s", first ? "" : " ", c->verb);
		first = false;
	}
	if (strcmp(noun, "completion") == 0)
		printf("bash zsh fish");
}

static void print_flags(TALLOC_CTX *ctx, const struct command *c)
{
	const struct flag_set *set = flags_of(ctx, c);

	for (size_t i = 0; set != NULL && i < set->count; i++) {
		printf(" --%s", set->flags[i].name);
		if (set->flags[i].is_switch)
			printf(" --no-%s", set->flags[i].name);
		if (set->flags[i].mask != NULL)
			printf(" --clear-%s", set->flags[i].name);
	}
	if (takes_file(c))
		printf(c->run == action_asset_import ? " --map --mapping --rejects" : " --map --rejects");
	if (c->run == action_mapping_save)
		printf(" --from");
	if (c->run == action_attachment_get)
		printf(" --force");
}

/* What may follow a flag of this command: the labels of an enum. */
static void print_values(TALLOC_CTX *ctx, const struct command *c)
{
	const struct flag_set *set = flags_of(ctx, c);

	for (size_t i = 0; set != NULL && i < set->count; i++) {
		const ProtobufCFieldDescriptor *leaf = field_path_leaf(&set->flags[i].path);

		if (leaf->type == PROTOBUF_C_TYPE_ENUM)
			printf("    '%s %s --%s') values='%s' ;;\n", c->noun, c->verb, set->flags[i].name,
				enum_labels(ctx, leaf->descriptor, " "));
	}
}

/* bash, and zsh through its own emulation of bash's completion. */
static void print_bash(TALLOC_CTX *ctx)
{
	fputs("_radioshop() {\n"
	      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} noun= verb= verbs= flags= "
	      "values= word i\n"
	      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "    word=${COMP_WORDS[i]}\n"
	      "    case $word in -*) continue ;; esac\n"
	      "    if [ -z \"$noun\" ]; then noun=$word; elif [ -z \"$verb\" ]; then verb=$word; fi\n"
	      "  done\n"
	      "  case $prev in\n",
		stdout);
	for (const struct option_row *r = option_rows; r->name != NULL; r++)
		if (r->choices != NULL && strcmp(r->choices, "FILE") == 0)
			printf("    --%s%s%c) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", r->name,
				r->letter != 0 ? "|-" : "", r->letter != 0 ? r->letter : ' ');
		else if (r->choices != NULL)
			printf("    --%s%s%c) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", r->name,
				r->letter != 0 ? "|-" : "", r->letter != 0 ? r->letter : ' ', r->choices);
	fputs("    --map|--rejects|--from) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n  esac\n  case $noun in\n "
	      "   '') "
	      "verbs='",
		stdout);
	for (const struct noun *n = nouns; n->name != NULL; n++)
		printf("%s%s", n == nouns ? "" : " ", n->name);
	fputs("' ;;\n", stdout);
	for (const struct noun *n = nouns; n->name != NULL; n++) {
		printf("    %s) verbs='", n->name);
		print_verbs(n->name);
		fputs("' ;;\n", stdout);
	}
	fputs("  esac\n  case \"$noun $verb\" in\n", stdout);
	for (const struct command *c = commands; c->noun != NULL; c++) {
		printf("    '%s %s'%s%s%s) flags='", c->noun, c->verb, c->alone && *c->verb != '\0' ? "|'" : "",
			c->alone && *c->verb != '\0' ? c->noun : "", c->alone && *c->verb != '\0' ? " '" : "");
		print_flags(ctx, c);
		fputs("' ;;\n", stdout);
	}
	fputs("  esac\n  case \"$noun $verb $prev\" in\n", stdout);
	for (const struct command *c = commands; c->noun != NULL; c++)
		print_values(ctx, c);
	fputs("  esac\n  if [ -n \"$values\" ]; then COMPREPLY=($(compgen -W \"$values\" -- \"$cur\")); return; fi\n"
	      "  case $cur in\n    -*) COMPREPLY=($(compgen -W \"$flags",
		stdout);
	for (const struct option_row *r = option_rows; r->name != NULL; r++)
		printf(" --%s", r->name);
	fputs("\" -- \"$cur\")) ;;\n    *) if [ -z \"$verb\" ]; then COMPREPLY=($(compgen -W \"$verbs\" -- \"$cur\")); "
	      "else COMPREPLY=($(compgen -f -- \"$cur\")); fi ;;\n"
	      "  esac\n}\ncomplete -o filenames -F _radioshop radioshop\n",
		stdout);
}

static void print_zsh(TALLOC_CTX *ctx)
{
	fputs("#compdef radioshop\nautoload -U +X bashcompinit && bashcompinit\n", stdout);
	print_bash(ctx);
}

/* Between single quotes of fish, only ' and \ need care. */
static void print_fish_text(const char *text)
{
	putchar('\'');
	for (; *text != '\0' && *text != '\n'; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

static void print_fish_command(TALLOC_CTX *ctx, const struct command *c)
{
	const struct flag_set *set = flags_of(ctx, c);

	if (*c->verb != '\0') {
		printf("complete -c radioshop -f -n '__fish_seen_subcommand_from %s; and test (count (commandline "
		       "-opc)) -eq 2' -a %s -d ",
			c->noun, c->verb);
		print_fish_text(command_summary(c));
		putchar('\n');
	}
	for (size_t i = 0; set != NULL && i < set->count; i++) {
		const struct flag *f = &set->flags[i];
		const ProtobufCFieldDescriptor *leaf = field_path_leaf(&f->path);

		printf("complete -c radioshop -n '__fish_seen_subcommand_from %s%s%s' -l %s", c->noun,
			*c->verb != '\0' ? "; and __fish_seen_subcommand_from " : "", c->verb, f->name);
		if (leaf->type == PROTOBUF_C_TYPE_ENUM)
			printf(" -x -a '%s'", enum_labels(ctx, leaf->descriptor, " "));
		else if (!f->is_switch)
			printf(" -x");
		putchar('\n');
	}
	if (takes_file(c))
		printf("complete -c radioshop -F -n '__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from "
		       "%s' -l map -r\n",
			c->noun, c->verb);
}

static void print_fish(TALLOC_CTX *ctx)
{
	for (const struct noun *n = nouns; n->name != NULL; n++) {
		printf("complete -c radioshop -f -n '__fish_use_subcommand' -a %s -d ", n->name);
		print_fish_text(n->help);
		putchar('\n');
	}
	for (const struct option_row *r = option_rows; r->name != NULL; r++) {
		printf("complete -c radioshop -l %s", r->name);
		if (r->letter != 0)
			printf(" -s %c", r->letter);
		if (r->choices != NULL && strcmp(r->choices, "FILE") == 0)
			printf(" -r -F");
		else if (r->choices != NULL)
			printf(" -x -a '%s'", r->choices);
		else if (r->value != NULL)
			printf(" -x");
		printf(" -d ");
		print_fish_text(r->help);
		putchar('\n');
	}
	for (const struct command *c = commands; c->noun != NULL; c++)
		print_fish_command(ctx, c);
}

int action_completion(struct session *s, const struct command *c, int argc, char **argv)
{
	static const struct {
		const char *shell;
		void (*print)(TALLOC_CTX *ctx);
	} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
	struct flag_set none = {0};
	struct command_line line;
	struct error err = {0};

	if (!command_line_read(s->mem, &none, argc, argv, &s->options, &line, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	for (size_t i = 0; line.word_count == 1 && i < sizeof shells / sizeof shells[0]; i++) {
		if (strcmp(line.words[0], shells[i].shell) != 0)
			continue;
		shells[i].print(s->mem);
		return output_flush(stdout, &err) ? EXIT_DONE : failure_tell(&err, NULL);
	}
	usage_error(&err, "which shell? radioshop completion bash, zsh or fish");
	return failure_tell(&err, NULL);
}
