/*
 * chosen.h: the method or message that an input speaks of. Its first line is the name, so that the corpus stays readable
 * and stays right when methods are added; any other line means some method too.
 */
#ifndef RADIOSHOP_FUZZ_CHOSEN_H
#define RADIOSHOP_FUZZ_CHOSEN_H

#include "catalog.h"
#include "every_type.pb-c.h"
#include "target.h"

static inline const struct catalog_method *method_of_name(const char *name)
{
	const struct catalog_method *methods, *found;
	size_t count, sum = 0;

	catalog_init();
	methods = catalog_methods(&count);
	found = catalog_method_by_name(name);
	for (; *name != '\0'; name++)
		sum = sum * 31 + (uint8_t)*name;
	return found != NULL ? found : &methods[sum % count];
}

/* By a line "AssetService.GetAsset". */
static inline const struct catalog_method *chosen_method(struct input *in)
{
	const struct catalog_method *method;
	size_t len;
	const char *line = take_until(in, '\n', &len);
	char *name = text_of(line, len);

	method = method_of_name(name);
	free(name);
	return method;
}

/*
 * By a line "AssetService.GetAsset request", "AssetService.GetAsset reply" or "EveryType"; reply says what it is without a
 * second word.
 */
static inline const ProtobufCMessageDescriptor *chosen_message(struct input *in, bool reply)
{
	const ProtobufCMessageDescriptor *d = &radioshop__fuzz__every_type__descriptor;
	size_t len;
	const char *line = take_until(in, '\n', &len);
	char *name = text_of(line, len), *blank = strchr(name, ' ');

	if (blank != NULL) {
		reply = strcmp(blank, " reply") == 0 || (reply && strcmp(blank, " request") != 0);
		*blank = '\0';
	}
	if (strcmp(name, "EveryType") != 0)
		d = reply ? method_of_name(name)->output : method_of_name(name)->input;
	free(name);
	return d;
}

#endif
