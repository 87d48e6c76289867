/*
 * message_test.c: messages by descriptor, the checked unpacking, and enum labels.
 */
#include "message.h"
#include "utf8.h"

#include "google/protobuf/descriptor.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"
#include "radioshop/v1/asset.pb-c.h"
#include "radioshop/v1/ticket.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { MEMORY = 1024 * 1024 };

static int make_arena(void **state)
{
	static struct arena arena;

	arena_init(&arena, NULL, MEMORY);
	*state = &arena;
	return 0;
}

static int drop_arena(void **state)
{
	arena_release(*state);
	return 0;
}

static struct field_path path_of(const ProtobufCMessageDescriptor *d, const char *dotted)
{
	struct field_path path;

	if (!field_path_find(d, dotted, &path))
		fail_msg("%s not found", dotted);
	return path;
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *d, const char *name)
{
	const struct field_path path = path_of(d, name);

	return field_path_leaf(&path);
}

static void paths_are_found(void **state)
{
	const ProtobufCMessageDescriptor *d = &radioshop__v1__create_asset_request__descriptor;
	static const char *const bad[] = {"", ".", "asset.", ".asset", "asset..tag", "assets", "asse", "asset.tag.x",
		"asset.created_at.seconds.x", "request_id.x"};
	struct field_path path;

	(void)state;
	path = path_of(d, "asset.created_at.seconds");
	assert_int_equal(path.depth, 3);
	assert_string_equal(field_path_leaf(&path)->name, "seconds");
	path = path_of(&radioshop__v1__import_assets_request__descriptor, "rows.tag");
	assert_int_equal(path.depth, 2);
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (field_path_find(d, bad[i], &path))
			fail_msg("\"%s\" was found", bad[i]);
	}
	/* Five steps are one too many. */
	d = &google__protobuf__descriptor_proto__descriptor;
	assert_true(field_path_find(d, "nested_type.nested_type.nested_type.name", &path));
	assert_false(field_path_find(d, "nested_type.nested_type.nested_type.nested_type.name", &path));
}

static void presence_of_each_kind(void **state)
{
	const ProtobufCMessageDescriptor *d = &radioshop__v1__asset__descriptor;
	const ProtobufCFieldDescriptor *cost = field_of(d, "cost_cents"), *quantity = field_of(d, "quantity");
	const ProtobufCFieldDescriptor *tag = field_of(d, "tag"), *created = field_of(d, "created_at");
	ProtobufCMessage *m = message_new(d, *state), *t = message_new(field_message(created), *state);
	int64_t cents = 0;
	int32_t pieces = 0;
	char text[] = "1042", *value = text;

	assert_true(field_has_presence(cost));
	assert_true(field_has_presence(created));
	assert_false(field_has_presence(quantity));
	assert_false(field_has_presence(tag));
	assert_null(field_message(tag));
	for (unsigned i = 0; i < d->n_fields; i++)
		assert_false(message_has(m, &d->fields[i]));

	message_set(m, cost, &cents);
	assert_true(message_has(m, cost)); /* a zero that is set */
	message_set(m, quantity, &pieces);
	assert_false(message_has(m, quantity));
	pieces = 3;
	message_set(m, quantity, &pieces);
	assert_true(message_has(m, quantity));
	assert_int_equal(((Radioshop__V1__Asset *)m)->quantity, 3);
	message_set(m, tag, &value);
	assert_true(message_has(m, tag));
	message_set(m, created, &t);
	assert_true(message_has(m, created));

	message_clear(m, cost);
	message_clear(m, quantity);
	message_clear(m, tag);
	message_clear(m, created);
	for (unsigned i = 0; i < d->n_fields; i++)
		assert_false(message_has(m, &d->fields[i]));
	assert_string_equal(((Radioshop__V1__Asset *)m)->tag, "");
	assert_int_equal(message_packed_size(m), 0);
}

static void presence_of_proto2(void **state)
{
	const ProtobufCMessageDescriptor *d = &google__protobuf__field_descriptor_proto__descriptor;
	ProtobufCMessage *m = message_new(d, *state);
	const ProtobufCFieldDescriptor *number = field_of(d, "number"), *name = field_of(d, "name");
	int32_t zero = 0;
	char empty[] = "", *text = empty;

	assert_false(message_has(m, number));
	message_set(m, number, &zero);
	assert_true(message_has(m, number));
	assert_false(message_has(m, name));
	message_set(m, name, &text);
	assert_true(message_has(m, name));
	message_clear(m, number);
	message_clear(m, name);
	assert_false(message_has(m, number));
	assert_false(message_has(m, name));
}

static void parents_are_followed_and_made(void **state)
{
	const ProtobufCMessageDescriptor *d = &radioshop__v1__create_asset_request__descriptor;
	const struct field_path path = path_of(d, "asset.created_at.seconds");
	const struct field_path rows = path_of(&radioshop__v1__import_assets_request__descriptor, "rows.tag");
	ProtobufCMessage *m = message_new(d, *state), *parent;
	int64_t seconds = 77;

	assert_null(message_parent(m, &path));
	parent = message_make_parent(m, &path, *state);
	assert_non_null(parent);
	message_set(parent, field_path_leaf(&path), &seconds);
	assert_ptr_equal(message_parent(m, &path), parent);
	assert_ptr_equal(message_make_parent(m, &path, *state), parent);
	assert_int_equal(((Radioshop__V1__CreateAssetRequest *)m)->asset->created_at->seconds, 77);

	m = message_new(&radioshop__v1__import_assets_request__descriptor, *state);
	assert_null(message_parent(m, &rows));
	assert_null(message_make_parent(m, &rows, *state));
}

static void arrays_grow(void **state)
{
	const ProtobufCMessageDescriptor *d = &radioshop__v1__ticket__descriptor;
	const ProtobufCFieldDescriptor *moves = field_of(d, "moves");
	ProtobufCMessage *m = message_new(d, *state), *copy;
	uint8_t wire[256];
	struct error err;
	size_t len;

	for (int i = 0; i < 5; i++)
		assert_true(message_append(m, moves, &i, *state));
	/* An array as protobuf-c unpacks it has room for just its elements. */
	len = message_packed_size(m);
	assert_true(len <= sizeof(wire));
	assert_int_equal(message_pack(m, wire), len);
	copy = message_unpack(d, wire, len, *state, &err);
	assert_non_null(copy);
	for (int i = 5; i < 40; i++)
		assert_true(message_append(copy, moves, &i, *state));
	assert_int_equal(message_count(copy, moves), 40);
	for (int i = 0; i < 40; i++)
		assert_int_equal(*(const int *)message_value(copy, moves, (size_t)i), i);
	message_clear(copy, moves);
	assert_int_equal(message_count(copy, moves), 0);
}

static void memory_is_counted(void **state)
{
	struct arena a;
	char *p;

	(void)state;
	arena_init(&a, NULL, 4096);
	p = arena_strndup(&a, "abcdef", 3);
	assert_string_equal(p, "abc");
	assert_true(a.used >= 4 && a.used < 256);
	assert_int_equal((uintptr_t)arena_alloc(&a, 1) % 16, 0);
	assert_null(arena_alloc_array(&a, SIZE_MAX / 2, 3));
	assert_true(a.exhausted);
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
	assert_null(arena_alloc(&a, 4096));
	assert_non_null(arena_alloc(&a, 0));
	arena_release(&a);
	assert_int_equal(a.used, 0);
	arena_release(&a);
}

/* Builds wire bytes by hand, as no client library would. */
struct wire {
	uint8_t bytes[2048];
	size_t len;
};

static void put(struct wire *w, unsigned id, const void *bytes, size_t len)
{
	assert_true(len < 2048 - w->len - 8 && id < 2048);
	if (id >= 16) {
		w->bytes[w->len++] = (uint8_t)((id << 3 | 2) & 0x7F) | 0x80;
		w->bytes[w->len++] = (uint8_t)(id >> 4);
	} else {
		w->bytes[w->len++] = (uint8_t)(id << 3 | 2);
	}
	if (len >= 128)
		w->bytes[w->len++] = (uint8_t)(len & 0x7F) | 0x80;
	w->bytes[w->len++] = (uint8_t)(len >= 128 ? len >> 7 : len);
	if (len > 0)
		memmove(w->bytes + w->len, bytes, len);
	w->len += len;
}

static void bad_text_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *why; /* NULL: accepted */
	} cases[] = {
		{"plain", 5, NULL},
		{"", 0, NULL},
		{"tab\tand\nline", 12, NULL},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x93\xbb", 9, NULL},
		{"\xf4\x8f\xbf\xbf", 4, NULL},
		{"\xed\x9f\xbf\xee\x80\x80", 6, NULL},
		{"\xc2\xa0", 2, NULL},
		{"a\0b", 3, "NUL"},
		{"\0", 1, "NUL"},
		{"a\rb", 3, "control"},
		{"\x1b[2J", 4, "control"},
		{"\x7f", 1, "control"},
		{"\xc2\x80", 2, "control"},
		{"\xc2\x9f", 2, "control"},
		{"\xff", 1, "UTF-8"},
		{"\x80", 1, "UTF-8"},
		{"\xc0\x80", 2, "UTF-8"},
		{"\xc1\xbf", 2, "UTF-8"},
		{"\xe0\x9f\xbf", 3, "UTF-8"},
		{"\xed\xa0\x80", 3, "UTF-8"},
		{"\xf0\x8f\xbf\xbf", 4, "UTF-8"},
		{"\xf4\x90\x80\x80", 4, "UTF-8"},
		{"\xf5\x80\x80\x80", 4, "UTF-8"},
		{"\xe2\x82", 2, "UTF-8"},
		{"\xc3", 1, "UTF-8"},
		{"\xc3(", 2, "UTF-8"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct wire w = {.len = 0};
		struct error err = {.code = STATUS_OK};
		ProtobufCMessage *m;

		put(&w, 1, cases[i].bytes, cases[i].len);
		m = message_unpack(&radioshop__v1__get_asset_request__descriptor, w.bytes, w.len, *state, &err);
		if ((m != NULL) != (cases[i].why == NULL))
			fail_msg("case %zu: %s", i, err.text);
		if (m == NULL) {
			assert_int_equal(err.code, STATUS_INVALID_ARGUMENT);
			assert_string_equal(err.field, "asset");
			assert_non_null(strstr(err.text, cases[i].why));
		} else {
			assert_int_equal(err.code, STATUS_OK);
			assert_memory_equal(((Radioshop__V1__GetAssetRequest *)m)->asset, cases[i].bytes, cases[i].len);
		}
	}
}

static void the_path_names_the_element(void **state)
{
	const ProtobufCMessageDescriptor *d = &radioshop__v1__import_assets_request__descriptor;
	struct wire row = {.len = 0}, bad = {.len = 0}, w = {.len = 0};
	struct error err;

	put(&row, 2, "1042", 4);
	put(&bad, 2, "10\0", 3);
	put(&w, 4, row.bytes, row.len);
	put(&w, 2, "IND", 3);
	put(&w, 4, row.bytes, row.len);
	put(&w, 4, bad.bytes, bad.len);
	assert_null(message_unpack(d, w.bytes, w.len, *state, &err));
	assert_string_equal(err.field, "rows[2].tag");
	assert_non_null(strstr(err.text, "rows[2].tag contains a NUL"));
}

static void wrong_wire_types_are_named(void **state)
{
	static const uint8_t varint_for_string[] = {0x08, 1}, text_for_int32[] = {0x0A, 1, 'x'};
	static const uint8_t packed_moves[] = {0x7A, 2, 1, 2}, unpacked_moves[] = {0x78, 1, 0x78, 2};
	struct error err;
	ProtobufCMessage *m;

	assert_null(message_unpack(&radioshop__v1__get_asset_request__descriptor, varint_for_string, 2, *state, &err));
	assert_int_equal(err.code, STATUS_INVALID_ARGUMENT);
	assert_string_equal(err.field, "asset");
	assert_null(message_unpack(&radioshop__v1__asset_row__descriptor, text_for_int32, 3, *state, &err));
	assert_string_equal(err.field, "line");
	/* Packed or not is the sender's choice. */
	m = message_unpack(&radioshop__v1__ticket__descriptor, packed_moves, 4, *state, &err);
	assert_non_null(m);
	assert_int_equal(((Radioshop__V1__Ticket *)m)->n_moves, 2);
	m = message_unpack(&radioshop__v1__ticket__descriptor, unpacked_moves, 4, *state, &err);
	assert_non_null(m);
	assert_int_equal(((Radioshop__V1__Ticket *)m)->n_moves, 2);
}

static void bytes_that_are_no_message(void **state)
{
	static const struct {
		uint8_t bytes[12];
		size_t len;
	} cases[] = {
		{{0x0A}, 1},
		{{0x0A, 5, 'x'}, 3},
		{{0x00, 0x00}, 2},
		{{0x0B, 0x0C}, 2},
		{{0x0F, 0}, 2},
		{{0x80}, 1},
		{{0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}, 11},
		{{0xF8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x00}, 8},
		{{0x38, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}, 12},
		{{0x39, 1, 2, 3}, 4},
		{{0x3D, 1, 2, 3}, 4},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = {.code = STATUS_OK};

		if (message_unpack(&radioshop__v1__get_asset_request__descriptor, cases[i].bytes, cases[i].len, *state,
			    &err) != NULL)
			fail_msg("case %zu was read", i);
		assert_int_equal(err.code, STATUS_INTERNAL);
		assert_non_null(strstr(err.text, "radioshop.v1.GetAssetRequest"));
	}
}

static void an_empty_message_is_good(void **state)
{
	struct error err;
	ProtobufCMessage *m = message_unpack(&radioshop__v1__get_asset_request__descriptor, NULL, 0, *state, &err);

	assert_non_null(m);
	assert_string_equal(((Radioshop__V1__GetAssetRequest *)m)->asset, "");
}

static void unknown_fields_are_limited(void **state)
{
	uint8_t bytes[65 * 2];
	struct error err;

	for (size_t i = 0; i < 65; i++) {
		bytes[i * 2] = 0x50; /* field 10, which GetAssetRequest has not */
		bytes[i * 2 + 1] = 1;
	}
	assert_non_null(message_unpack(&radioshop__v1__get_asset_request__descriptor, bytes, 128, *state, &err));
	assert_null(message_unpack(&radioshop__v1__get_asset_request__descriptor, bytes, 130, *state, &err));
	assert_int_equal(err.code, STATUS_INVALID_ARGUMENT);
}

/* Our own messages cannot recurse, but descriptor.proto's can. */
static void nesting_is_limited(void **state)
{
	const ProtobufCMessageDescriptor *d = &google__protobuf__descriptor_proto__descriptor;
	struct wire w = {.len = 0};
	struct error err;

	for (unsigned depth = 1; depth < 16; depth++) {
		struct wire outer = {.len = 0};

		put(&outer, 3, w.bytes, w.len);
		w = outer;
	}
	assert_non_null(message_unpack(d, w.bytes, w.len, *state, &err));
	for (unsigned more = 0; more < 2; more++) {
		struct wire outer = {.len = 0};

		put(&outer, 3, w.bytes, w.len);
		w = outer;
		assert_null(message_unpack(d, w.bytes, w.len, *state, &err));
		assert_int_equal(err.code, STATUS_INVALID_ARGUMENT);
		assert_non_null(strstr(err.text, "too deep"));
	}
}

/* A megabyte of empty rows would be 200 MB of objects. */
static void amplification_is_stopped(void **state)
{
	static uint8_t bytes[64 * 1024];
	struct arena a;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i += 2) {
		bytes[i] = 0x22;
		bytes[i + 1] = 0;
	}
	arena_init(&a, NULL, MEMORY);
	assert_null(message_unpack(&radioshop__v1__import_assets_request__descriptor, bytes, sizeof(bytes), &a, &err));
	assert_int_equal(err.code, STATUS_RESOURCE_EXHAUSTED);
	assert_true(a.used <= MEMORY);
	arena_release(&a);
}

static void labels_are_short(void **state)
{
	char label[32];
	int value = -1;

	(void)state;
	assert_true(enum_label(&radioshop__v1__ticket_state__descriptor, 6, label, sizeof(label)));
	assert_string_equal(label, "at_depot");
	assert_true(enum_label(&radioshop__v1__ticket_state__descriptor, 0, label, sizeof(label)));
	assert_string_equal(label, "");
	assert_false(enum_label(&radioshop__v1__ticket_state__descriptor, 99, label, sizeof(label)));
	assert_false(enum_label(&radioshop__v1__ticket_state__descriptor, 6, label, 8));
	assert_true(enum_label(&radioshop__v1__ticket_state__descriptor, 6, label, 9));
	/* An enum without the prefix keeps its names. */
	assert_true(enum_label(
		&grpc__health__v1__health_check_response__serving_status__descriptor, 2, label, sizeof(label)));
	assert_string_equal(label, "not_serving");

	assert_true(enum_value(&radioshop__v1__ticket_state__descriptor, "at_depot", 8, &value));
	assert_int_equal(value, 6);
	assert_true(enum_value(&radioshop__v1__ticket_state__descriptor, "At-Depot!", 8, &value));
	assert_true(enum_value(&radioshop__v1__ticket_state__descriptor, "TICKET_STATE_READY", 18, &value));
	assert_int_equal(value, 9);
	assert_true(enum_value(&radioshop__v1__ticket_state__descriptor, "", 0, &value));
	assert_int_equal(value, 0);
	value = -1;
	assert_false(enum_value(&radioshop__v1__ticket_state__descriptor, "at_depo", 7, &value));
	assert_false(enum_value(&radioshop__v1__ticket_state__descriptor, "at_depots", 9, &value));
	assert_false(enum_value(&radioshop__v1__ticket_state__descriptor, "ticket_state_", 13, &value));
	assert_false(enum_value(&radioshop__v1__ticket_state__descriptor, "at_depot\0", 9, &value));
	assert_int_equal(value, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_found),
		cmocka_unit_test_setup_teardown(presence_of_each_kind, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(presence_of_proto2, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(parents_are_followed_and_made, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(arrays_grow, make_arena, drop_arena),
		cmocka_unit_test(memory_is_counted),
		cmocka_unit_test_setup_teardown(bad_text_is_refused, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(the_path_names_the_element, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(wrong_wire_types_are_named, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(bytes_that_are_no_message, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(an_empty_message_is_good, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(unknown_fields_are_limited, make_arena, drop_arena),
		cmocka_unit_test_setup_teardown(nesting_is_limited, make_arena, drop_arena),
		cmocka_unit_test(amplification_is_stopped),
		cmocka_unit_test(labels_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
