/*
 * main.c: finds the command that was typed and runs it.
 * Owns the session of the run.
 */
#include "catalog.h"
#include "command.h"
#include "failure.h"
#include "flags.h"
#include "help.h"
#include "run.h"
#include "session.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *nearest_noun(const char *typed)
{
	const char *names[64];
	size_t n = 0;

	for (const struct noun *row = nouns; row->name != NULL && n < 63; row++)
		names[n++] = row->name;
	names[n] = NULL;
	return nearest_word(typed, names);
}

static const char *nearest_verb(const char *noun, const char *typed)
{
	const char *names[64];
	size_t n = 0;

	for (const struct command *c = commands; c->noun != NULL && n < 63; c++)
		if (strcmp(c->noun, noun) == 0 && *c->verb != '\0')
			names[n++] = c->verb;
	names[n] = NULL;
	return nearest_word(typed, names);
}

/* "asset has no verb 'shw'; did you mean show?" */
static int unknown(const char *who, const char *what, const char *typed, const char *meant, const char *help)
{
	struct error err = {0};

	if (meant != NULL)
		usage_error(&err, "%s no %s '%s'; did you mean %s?", who, what, typed, meant);
	else
		usage_error(&err, "%s no %s '%s'; see %s --help", who, what, typed, help);
	return failure_tell(&err, NULL);
}

/* Common options may stand before, between and behind the words. */
static bool skip_options(struct session *s, int argc, char **argv, int *at, struct error *err)
{
	while (*at < argc && argv[*at][0] == '-' && argv[*at][1] != '\0') {
		bool taken;

		if (!options_take(&s->options, argc, argv, at, &taken, err))
			return false;
		if (!taken)
			return true;
	}
	return true;
}

static int run_row(struct session *s, const struct command *c, int argc, char **argv)
{
	s->options.output_is_file = c->file;
	if (c->run != NULL)
		return c->run(s, c, argc, argv);
	return run_command(s, c, argc, argv);
}

static int run_noun(struct session *s, const struct noun *noun, int argc, char **argv)
{
	const struct command *c, *alone = command_find(noun->name, NULL);
	struct error err = {0};
	char *help;
	int at = 0;

	if (!skip_options(s, argc, argv, &at, &err))
		return failure_tell(&err, NULL);
	c = at < argc && argv[at][0] != '-' ? command_find(noun->name, argv[at]) : NULL;
	if (c != NULL)
		return run_row(s, c, argc - at - 1, argv + at + 1);
	if (s->options.help && (alone == NULL || at == argc))
		return help_noun(stdout, noun);
	/* A noun that is a command by itself takes the rest; one with a verb takes only flags. */
	if (alone != NULL && (*alone->verb == '\0' || at == argc || argv[at][0] == '-'))
		return run_row(s, alone, argc - at, argv + at);
	if (at == argc || argv[at][0] == '-') {
		usage_error(&err, "which verb of %s? see radioshop %s --help", noun->name, noun->name);
		return failure_tell(&err, NULL);
	}
	help = talloc_asprintf(s->mem, "radioshop %s", noun->name);
	return unknown(talloc_asprintf(s->mem, "%s has", noun->name), "verb", argv[at],
		nearest_verb(noun->name, argv[at]), help);
}

static int run(struct session *s, int argc, char **argv)
{
	struct error err = {0};
	const struct noun *noun;
	int at = 1;

	if (!skip_options(s, argc, argv, &at, &err))
		return failure_tell(&err, NULL);
	if (s->options.version) {
		printf("radioshop %s\n", RADIOSHOP_VERSION);
		return output_flush(stdout, &err) ? EXIT_DONE : failure_tell(&err, NULL);
	}
	if (at == argc) {
		help_top(s->options.help ? stdout : stderr);
		return s->options.help ? EXIT_DONE : EXIT_USAGE;
	}
	if (argv[at][0] == '-') {
		usage_error(&err, "the flag %s stands before any command; write radioshop NOUN VERB first", argv[at]);
		return failure_tell(&err, NULL);
	}
	noun = noun_find(argv[at]);
	if (noun == NULL)
		return unknown("there is", "noun", argv[at], nearest_noun(argv[at]), "radioshop");
	return run_noun(s, noun, argc - at - 1, argv + at + 1);
}

int main(int argc, char **argv)
{
	struct session s;
	int code;

	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	catalog_init();
	session_init(&s);
	code = run(&s, argc, argv);
	session_release(&s);
	catalog_release();
	return code;
}
