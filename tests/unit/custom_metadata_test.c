/*
 * custom_metadata_test.c: which headers are a handler's to read and to set, and how bytes travel in them.
 */
#include "custom_metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT = 4096 };

struct fixture {
	struct arena arena;
	struct metadata_list list;
};

static int begin(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof f);
	arena_init(&f.arena, NULL, 1 << 20);
	*state = &f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	arena_release(&f->arena);
	return 0;
}

static bool receive(struct fixture *f, const char *name, const char *value, struct error *err)
{
	return metadata_receive(&f->list, &f->arena, name, strlen(name), value, strlen(value), err);
}

static bool set(struct fixture *f, const char *name, const void *value, size_t len, struct error *err)
{
	return metadata_set(&f->list, &f->arena, LIMIT, name, value, len, err);
}

/* "name=value name=value", bytes as hex. */
static const char *shown(const struct metadata_list *list)
{
	static char text[1024];
	size_t n = 0;

	text[0] = '\0';
	for (const struct metadata_field *f = list->first; f; f = f->next) {
		bool binary = strlen(f->name) > 4 && strcmp(f->name + strlen(f->name) - 4, "-bin") == 0;

		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=", n > 0 ? " " : "", f->name);
		for (size_t i = 0; i < f->len; i++)
			n += (size_t)snprintf(text + n, sizeof text - n, binary ? "%02x" : "%c", (uint8_t)f->value[i]);
		assert_int_equal(f->value[f->len], 0);
	}
	return text;
}

static void text_comes_as_it_is(void **state)
{
	struct fixture *f = *state;
	struct error err;

	assert_true(receive(f, "x-trace", "a,b c", &err));
	assert_true(receive(f, "x-trace", "second", &err));
	assert_true(receive(f, "user-agent", "grpc-c/1", &err));
	assert_true(receive(f, "x-empty", "", &err));
	assert_true(receive(f, "x_y.z-0", "\x80\xff", &err));
	assert_string_equal(
		shown(&f->list), "x-trace=a,b c x-trace=second user-agent=grpc-c/1 x-empty= x_y.z-0=\x80\xff");
}

static void the_protocol_keeps_its_own(void **state)
{
	static const char *const own[] = {":path", ":authority", "grpc-timeout", "grpc-", "grpc-anything-bin",
		"content-type", "content-length", "te", "host", "connection", "", "X-Upper", "x y", "x!"};
	struct fixture *f = *state;
	struct error err;

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		assert_true(receive(f, own[i], "value", &err));
	assert_null(f->list.first);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		assert_false(set(f, own[i], "value", 5, &err));
		assert_int_equal(err.code, STATUS_INTERNAL);
	}
	assert_null(f->list.first);
}

static void bytes_are_taken_apart_and_decoded(void **state)
{
	struct fixture *f = *state;
	struct error err;

	assert_true(receive(f, "a-bin", "q6ur", &err));
	assert_true(receive(f, "a-bin", "AA==", &err));
	assert_true(receive(f, "a-bin", "AA", &err));
	assert_true(receive(f, "b-bin", "AAE=,AgM , BAU=,", &err));
	assert_string_equal(shown(&f->list), "a-bin=ababab a-bin=00 a-bin=00 b-bin=0001 b-bin=0203 b-bin=0405 b-bin=");
}

static void what_is_not_base64_is_refused(void **state)
{
	static const char *const wrong[] = {"A", "AAAA=", "A=A=", "====", "a-b_", "AAE=,!", "A\x80", "AAEC AAEC"};
	struct fixture *f = *state;
	struct error err;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(receive(f, "x-bin", wrong[i], &err));
		assert_int_equal(err.code, STATUS_INTERNAL);
		assert_non_null(strstr(err.text, "x-bin"));
	}
}

static void bytes_are_sent_without_padding(void **state)
{
	struct fixture *f = *state;
	struct error err;

	assert_true(set(f, "a-bin", "\xab\xab\xab", 3, &err));
	assert_true(set(f, "b-bin", "\0", 1, &err));
	assert_true(set(f, "c-bin", "", 0, &err));
	assert_true(set(f, "d", "plain text", 10, &err));
	assert_string_equal(f->list.first->value, "q6ur");
	assert_string_equal(f->list.first->next->value, "AA");
	assert_string_equal(f->list.first->next->next->value, "");
	assert_string_equal(f->list.last->value, "plain text");
	assert_int_equal(f->list.bytes, 4 * 32 + 5 + 4 + 5 + 2 + 5 + 0 + 1 + 10);
	/* What was set is what the other side reads. */
	memset(&f->list, 0, sizeof f->list);
	assert_true(receive(f, "a-bin", "q6ur", &err) && receive(f, "b-bin", "AA", &err));
	assert_string_equal(shown(&f->list), "a-bin=ababab b-bin=00");
}

static void text_that_cannot_be_sent_is_refused(void **state)
{
	static const char *const wrong[] = {"a\nb", "\x7f", "z\xc3\xbcrich", " a", "a ", "\t"};
	struct fixture *f = *state;
	struct error err;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_false(set(f, "x", wrong[i], strlen(wrong[i]), &err));
		assert_int_equal(err.code, STATUS_INTERNAL);
	}
	assert_null(f->list.first);
}

/* Bytes, fields and memory: each alone ends it. */
static void limits_hold(void **state)
{
	struct fixture *f = *state;
	static char large[LIMIT];
	struct arena small;
	struct error err;
	unsigned n = 0;

	memset(large, 'x', sizeof large);
	assert_true(set(f, "x", large, LIMIT - 33, &err));
	assert_false(set(f, "y", "", 0, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	memset(&f->list, 0, sizeof f->list);
	assert_false(set(f, "x", large, LIMIT - 32, &err));
	assert_false(set(f, "x-bin", large, SIZE_MAX / 2, &err));
	assert_false(set(f, "x-bin", large, LIMIT * 3 / 4, &err));
	while (set(f, "x", "", 0, &err))
		n++;
	assert_int_equal(n, METADATA_FIELDS_MAX);
	arena_init(&small, NULL, 256);
	memset(&f->list, 0, sizeof f->list);
	assert_false(metadata_receive(&f->list, &small, "x", 1, large, 1000, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	assert_false(metadata_set(&f->list, &small, LIMIT, "x", large, 1000, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	arena_release(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(text_comes_as_it_is, begin, end),
		cmocka_unit_test_setup_teardown(the_protocol_keeps_its_own, begin, end),
		cmocka_unit_test_setup_teardown(bytes_are_taken_apart_and_decoded, begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_base64_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(bytes_are_sent_without_padding, begin, end),
		cmocka_unit_test_setup_teardown(text_that_cannot_be_sent_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(limits_hold, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
