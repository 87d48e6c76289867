/*
 * head_test.c: which request headers make a gRPC call, and what the others are told.
 */
#include "head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void field(struct head *h, const char *name, const char *value)
{
	head_field(h, name, strlen(name), value, strlen(value));
}

/* A good head, with one field more, or another value for one. */
static struct head head_with(const char *name, const char *value)
{
	struct head h = {.path = ""};

	field(&h, ":method", "POST");
	field(&h, ":path", "/radioshop.v1.AssetService/GetAsset");
	field(&h, "content-type", "application/grpc");
	field(&h, "te", "trailers");
	if (name) {
		if (strcmp(name, "content-type") == 0)
			h.content_type = NULL;
		field(&h, name, value);
	}
	return h;
}

static void verdict(const char *name, const char *value, int http, enum status code)
{
	struct head h = head_with(name, value);
	struct error err = {.code = STATUS_OK};
	int got = 0;
	bool ok = head_check(&h, &got, &err);

	assert_int_equal(ok, code == STATUS_OK);
	assert_int_equal(got, http);
	assert_int_equal(err.code, code);
}

static void a_good_head_passes(void **state)
{
	struct head h = head_with("grpc-timeout", "1500m");

	(void)state;
	verdict(NULL, NULL, 200, STATUS_OK);
	assert_string_equal(h.path, "/radioshop.v1.AssetService/GetAsset");
	assert_int_equal(h.path_len, strlen(h.path));
	assert_int_equal(h.timeout_ms, 1500);
	assert_string_equal(h.content_type, "application/grpc");
}

static void content_types(void **state)
{
	struct head h = head_with("content-type", "application/grpc+proto;charset=utf-8");

	(void)state;
	assert_string_equal(h.content_type, "application/grpc+proto");
	verdict("content-type", "application/grpc+proto", 200, STATUS_OK);
	verdict("content-type", "application/grpc;x=y", 200, STATUS_OK);
	verdict("content-type", "application/grpc+json", 415, STATUS_UNIMPLEMENTED);
	verdict("content-type", "application/grpc-web", 415, STATUS_UNIMPLEMENTED);
	verdict("content-type", "application/json", 415, STATUS_UNIMPLEMENTED);
	verdict("content-type", "", 415, STATUS_UNIMPLEMENTED);
}

static void others_are_refused(void **state)
{
	(void)state;
	verdict(":method", "GET", 405, STATUS_UNIMPLEMENTED);
	verdict("te", "gzip", 200, STATUS_INTERNAL);
	verdict("grpc-timeout", "123456789S", 200, STATUS_INTERNAL);
	verdict("grpc-timeout", "1", 200, STATUS_INTERNAL);
	verdict("x-unknown", "value", 200, STATUS_OK);
}

static void encodings(void **state)
{
	static const char *const taken[] = {
		"gzip", "identity,deflate,gzip", "identity, gzip , deflate", "gzip,", ",,gzip"};
	static const char *const not_taken[] = {"", "identity", "xgzip", "gzip2, deflate", "g,zip", "GZIP", "gzip;q=1"};
	struct head h;

	(void)state;
	verdict("grpc-encoding", "gzip", 200, STATUS_OK);
	verdict("grpc-encoding", "identity", 200, STATUS_OK);
	verdict("grpc-encoding", "deflate", 200, STATUS_UNIMPLEMENTED);
	verdict("grpc-encoding", "gzip,identity", 200, STATUS_UNIMPLEMENTED);
	verdict("grpc-encoding", "", 200, STATUS_UNIMPLEMENTED);
	assert_true(head_with("grpc-encoding", "gzip").gzip);
	assert_false(head_with("grpc-encoding", "identity").gzip);
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		assert_true(head_with("grpc-accept-encoding", taken[i]).accepts_gzip);
	for (size_t i = 0; i < sizeof not_taken / sizeof *not_taken; i++)
		assert_false(head_with("grpc-accept-encoding", not_taken[i]).accepts_gzip);
	/* Several fields are one list. */
	h = head_with("grpc-accept-encoding", "gzip");
	field(&h, "grpc-accept-encoding", "identity");
	assert_true(h.accepts_gzip);
}

static void long_paths_are_cut_and_counted(void **state)
{
	char path[HEAD_PATH_MAX + 10];
	struct head h = {.path = ""};

	(void)state;
	memset(path, 'p', sizeof path);
	head_field(&h, ":path", 5, path, sizeof path);
	assert_int_equal(h.path_len, sizeof path);
	assert_int_equal(strlen(h.path), HEAD_PATH_MAX - 1);
	assert_int_equal(h.bytes, 5 + sizeof path + 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_head_passes),
		cmocka_unit_test(content_types),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(encodings),
		cmocka_unit_test(long_paths_are_cut_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
