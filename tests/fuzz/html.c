/*
 * Any text in a page: it opens no element, ends no attribute and no entity but ours, is UTF-8 that XML has, and is the
 * text again when the entities are taken back.
 */
#include "html.h"
#include "target.h"
#include "terminal.h"
#include "utf8.h"

static const struct {
	const char *entity, *text;
} entities[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}};

/* The text behind an entity at *at, which moves behind it; every & begins one. */
static const char *decode(const char **at)
{
	size_t i = 0, count = sizeof entities / sizeof *entities;

	while (i < count && strncmp(*at, entities[i].entity, strlen(entities[i].entity)) != 0)
		i++;
	expect(i < count);
	*at += strlen(entities[i].entity);
	return entities[i].text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_of(data, size), *wanted = terminal_clean(NULL, text, false), *encoded = html_text(NULL, text);
	const char *w = wanted;

	expect(text_check((const uint8_t *)encoded, strlen(encoded), NULL) == TEXT_GOOD);
	expect(strpbrk(encoded, "<>\"'\n\t") == NULL);
	for (const char *at = encoded; *at != '\0'; w++) {
		if (*at == '&') {
			expect(*w == *decode(&at));
		} else if (strncmp(w, "\xef\xbf\xbe", 3) == 0 || strncmp(w, "\xef\xbf\xbf", 3) == 0) {
			expect(strncmp(at, "\xef\xbf\xbd", 3) == 0);
			at += 3;
			w += 2;
		} else {
			expect(*at++ == *w);
		}
	}
	expect(*w == '\0');
	free(text);
	talloc_free(wanted);
	talloc_free(encoded);
	return 0;
}
