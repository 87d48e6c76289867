/*
 * feed.c: `due feed`, what is due as a calendar that other programs read. Called through the command table.
 * Owns nothing.
 */
#include "actions.h"
#include "failure.h"
#include "help.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MONTHS_AHEAD = 12 };

/* What was given for a field of the request; "" if nothing was. */
static const char *given(const struct prepared *p, const char *name)
{
	struct field_path path;
	const char *text;

	if (!field_path_find(p->request->descriptor, name, &path))
		abort();
	text = *(const char *const *)message_value(p->request, field_path_leaf(&path), 0);
	return text != NULL ? text : "";
}

/* A calendar looks further ahead than a list does. Where the agency has another day just now, a day more or less is no
 * matter. */
static void look_ahead(struct session *s, const struct prepared *p)
{
	struct field_path path;
	time_t now = time(NULL);
	char day[16], *copy;
	struct tm parts;

	if (*given(p, "until") != '\0')
		return;
	if (localtime_r(&now, &parts) == NULL)
		abort();
	parts.tm_mon += MONTHS_AHEAD;
	parts.tm_isdst = -1;
	if (mktime(&parts) == (time_t)-1 || strftime(day, sizeof day, "%Y-%m-%d", &parts) == 0)
		abort();
	copy = arena_strndup(&s->arena, day, strlen(day));
	if (copy == NULL || !field_path_find(p->request->descriptor, "until", &path))
		abort();
	message_set(p->request, field_path_leaf(&path), &copy);
}

/* "Radio service due: IND PM12" */
static const char *title(struct session *s, const struct prepared *p)
{
	static const char *const words[] = {"agency", "plan", "asset"};
	char *text = talloc_strdup(s->mem, "Radio service due");
	bool first = true;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *value = given(p, words[i]);

		if (*value == '\0')
			continue;
		text = talloc_asprintf_append(text, "%s %s", first ? ":" : "", value);
		first = false;
	}
	return text;
}

int action_feed(struct session *s, const struct command *c, int argc, char **argv)
{
	struct prepared p = {.command = c};
	struct error err = {0};

	if (!prepare(s, c, catalog_method_by_name(c->method), argc, argv, &p, &err))
		return failure_tell(&err, NULL);
	if (s->options.help)
		return help_command(stdout, c);
	if (s->options.format_given || s->options.columns != NULL) {
		usage_error(&err, "a calendar has one form; for columns and other forms see radioshop due list --help");
		return failure_tell(&err, NULL);
	}
	s->options.format = OUTPUT_CALENDAR;
	s->title = title(s, &p);
	look_ahead(s, &p);
	return run_list(s, &p);
}
