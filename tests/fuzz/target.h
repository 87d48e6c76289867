/*
 * target.h: what every fuzz target has.
 *
 * A target is NAME.c with one function, its corpus in corpus/NAME/, its dictionary dictionary/NAME.dict, and its name in
 * tests/meson.build. libFuzzer calls the function with inputs that it makes up; replay.c calls it with the corpus, as a
 * unit test of every build.
 */
#ifndef RADIOSHOP_FUZZ_TARGET_H
#define RADIOSHOP_FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Always returns 0. What must not happen ends the program. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define expect(condition) ((condition) ? (void)0 : expect_failed(#condition, __FILE__, __LINE__))

static inline _Noreturn void expect_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

/* An input taken apart from its beginning; what is missing at the end is zero. */
struct input {
	const uint8_t *at, *end;
};

static inline size_t input_left(const struct input *in)
{
	return (size_t)(in->end - in->at);
}

static inline uint8_t take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* The next *len bytes, cut to what is there. */
static inline const uint8_t *take_bytes(struct input *in, size_t *len)
{
	const uint8_t *bytes = in->at;

	if (*len > input_left(in))
		*len = input_left(in);
	in->at += *len;
	return bytes;
}

/* The text up to the next stop (which is left out) or the end; *ret_len its length. Not terminated. */
static inline const char *take_until(struct input *in, char stop, size_t *ret_len)
{
	const uint8_t *begin = in->at;

	while (in->at < in->end && *in->at != (uint8_t)stop)
		in->at++;
	*ret_len = (size_t)(in->at - begin);
	if (in->at < in->end)
		in->at++;
	return (const char *)begin;
}

/* A copy with a NUL behind it, malloc'ed. */
static inline char *text_of(const void *bytes, size_t len)
{
	char *text = malloc(len + 1);

	if (text == NULL)
		abort();
	if (len > 0)
		memcpy(text, bytes, len);
	text[len] = '\0';
	return text;
}

#endif
