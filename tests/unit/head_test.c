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

/* A good head of gRPC, with one field more, or another value for one. */
static struct head head_with(const char *name, const char *value)
{
	struct head h = {.path = ""};

	field(&h, ":method", "POST");
	field(&h, ":path", "/radioshop.v1.AssetService/GetAsset");
	field(&h, ":authority", "shop.example.org:8443");
	field(&h, "content-type", "application/grpc");
	field(&h, "te", "trailers");
	if (name)
		field(&h, name, value);
	return h;
}

static void verdict_of(struct head h, int http, enum status code)
{
	struct error err = {.code = STATUS_OK};
	int got = -1;
	bool ok = head_check(&h, &got, &err);

	assert_int_equal(err.code, code);
	assert_int_equal(ok, code == STATUS_OK);
	assert_int_equal(got, http);
	head_release(&h);
}

static void verdict(const char *name, const char *value, int http, enum status code)
{
	verdict_of(head_with(name, value), http, code);
}

/* The same for a head of Connect in JSON, as a browser or curl sends it. */
static struct head connect_with(const char *name, const char *value)
{
	struct head h = {.path = ""};

	field(&h, ":method", "POST");
	field(&h, ":path", "/radioshop.v1.AssetService/GetAsset");
	field(&h, ":authority", "shop.example.org:8443");
	field(&h, "content-type", "application/json");
	if (name)
		field(&h, name, value);
	return h;
}

static void connect_verdict(const char *name, const char *value, int http, enum status code)
{
	verdict_of(connect_with(name, value), http, code);
}

static void a_good_head_passes(void **state)
{
	struct head h = head_with("grpc-timeout", "1500m");

	(void)state;
	verdict(NULL, NULL, 0, STATUS_OK);
	assert_string_equal(h.path, "/radioshop.v1.AssetService/GetAsset");
	assert_int_equal(h.path_len, strlen(h.path));
	assert_int_equal(head_timeout_ms(&h), 1500);
	assert_int_equal(h.dialect, DIALECT_GRPC);
	assert_string_equal(h.content_type, "application/grpc");
}

static void content_types(void **state)
{
	static const struct {
		const char *type;
		enum dialect dialect;
		bool json;
		const char *answer;
	} rows[] = {
		{"application/grpc", DIALECT_GRPC, false, "application/grpc"},
		{"application/grpc;x=y", DIALECT_GRPC, false, "application/grpc"},
		{"application/grpc+proto;charset=utf-8", DIALECT_GRPC, false, "application/grpc+proto"},
		{"application/proto", DIALECT_CONNECT, false, "application/proto"},
		{"application/json", DIALECT_CONNECT, true, "application/json"},
		{"Application/JSON ; charset=utf-8", DIALECT_CONNECT, true, "application/json"},
		{"application/grpc+json", DIALECT_OTHER},
		{"application/grpc-web", DIALECT_OTHER},
		{"application/connect+json", DIALECT_OTHER},
		{"application/connect+proto", DIALECT_OTHER},
		{"application/jsonx", DIALECT_OTHER},
		{"application/xml", DIALECT_OTHER},
		/* These a page of any site can send without asking first. */
		{"text/plain", DIALECT_OTHER},
		{"text/plain;application/json", DIALECT_OTHER},
		{"application/x-www-form-urlencoded", DIALECT_OTHER},
		{"multipart/form-data; boundary=x", DIALECT_OTHER},
		{"", DIALECT_OTHER},
		{";", DIALECT_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct head h = head_with("content-type", rows[i].type);

		if (h.dialect != rows[i].dialect)
			fail_msg("%s: %d", rows[i].type, (int)h.dialect);
		if (rows[i].dialect == DIALECT_OTHER) {
			verdict("content-type", rows[i].type, 415, STATUS_UNIMPLEMENTED);
		} else {
			verdict("content-type", rows[i].type, 0, STATUS_OK);
			assert_int_equal(h.json, rows[i].json);
			assert_string_equal(h.content_type, rows[i].answer);
		}
	}
}

static void others_are_refused(void **state)
{
	struct head h = head_with(":method", "GET");
	struct error err;
	int http;

	(void)state;
	verdict(":method", "GET", 405, STATUS_UNIMPLEMENTED);
	verdict(":method", "PUT", 405, STATUS_UNIMPLEMENTED);
	verdict("te", "gzip", 0, STATUS_INTERNAL);
	verdict("grpc-timeout", "123456789S", 0, STATUS_INTERNAL);
	verdict("grpc-timeout", "1", 0, STATUS_INTERNAL);
	verdict("x-unknown", "value", 0, STATUS_OK);
	/* Its content-type says gRPC, but no gRPC client sent it. */
	assert_false(head_check(&h, &http, &err));
	assert_int_equal(h.dialect, DIALECT_OTHER);
}

static void encodings(void **state)
{
	static const char *const taken[] = {"gzip", "identity,deflate,gzip", "identity, gzip , deflate", "gzip,",
		",,gzip", "gzip;q=1", "br;q=1.0, gzip;q=0.5", "gzip ; q=0.001"};
	static const char *const not_taken[] = {
		"", "identity", "xgzip", "gzip2, deflate", "g,zip", "GZIP", "gzip;q=0", "gzip; q=0.000, br", "gzip x"};
	struct head h;

	(void)state;
	verdict("grpc-encoding", "gzip", 0, STATUS_OK);
	verdict("grpc-encoding", "identity", 0, STATUS_OK);
	verdict("grpc-encoding", "deflate", 0, STATUS_UNIMPLEMENTED);
	verdict("grpc-encoding", "gzip,identity", 0, STATUS_UNIMPLEMENTED);
	verdict("grpc-encoding", "", 0, STATUS_UNIMPLEMENTED);
	h = head_with("grpc-encoding", "gzip");
	assert_true(head_coding(&h)->gzip);
	h = head_with("grpc-encoding", "identity");
	assert_false(head_coding(&h)->gzip);
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
		h = head_with("grpc-accept-encoding", taken[i]);
		assert_true(head_coding(&h)->accepts);
		h = connect_with("accept-encoding", taken[i]);
		assert_true(head_coding(&h)->accepts);
	}
	for (size_t i = 0; i < sizeof not_taken / sizeof *not_taken; i++) {
		h = head_with("grpc-accept-encoding", not_taken[i]);
		assert_false(head_coding(&h)->accepts);
		h = connect_with("accept-encoding", not_taken[i]);
		assert_false(head_coding(&h)->accepts);
	}
	/* Several fields are one list. */
	h = head_with("grpc-accept-encoding", "gzip");
	field(&h, "grpc-accept-encoding", "identity");
	assert_true(head_coding(&h)->accepts);
	/* HTTP's own is about the whole body, which gRPC leaves alone. */
	h = head_with("accept-encoding", "gzip");
	assert_false(head_coding(&h)->accepts);
}

static void heads_of_connect(void **state)
{
	struct head h = connect_with("connect-timeout-ms", "1500");

	(void)state;
	assert_int_equal(head_timeout_ms(&h), 1500);
	connect_verdict(NULL, NULL, 0, STATUS_OK);
	connect_verdict(":method", "GET", 0, STATUS_OK);
	connect_verdict(":method", "OPTIONS", 405, STATUS_UNIMPLEMENTED);
	connect_verdict(":method", "HEAD", 405, STATUS_UNIMPLEMENTED);
	connect_verdict("connect-protocol-version", "1", 0, STATUS_OK);
	connect_verdict("connect-protocol-version", "2", 0, STATUS_INVALID_ARGUMENT);
	connect_verdict("connect-protocol-version", "", 0, STATUS_INVALID_ARGUMENT);
	connect_verdict("connect-timeout-ms", "soon", 0, STATUS_INVALID_ARGUMENT);
	connect_verdict("connect-timeout-ms", "12345678901", 0, STATUS_INVALID_ARGUMENT);
	connect_verdict("content-encoding", "gzip", 0, STATUS_OK);
	connect_verdict("content-encoding", "identity", 0, STATUS_OK);
	connect_verdict("content-encoding", "br", 0, STATUS_UNIMPLEMENTED);
	/* The other protocol's headers mean nothing here, and its own nothing there. */
	connect_verdict("te", "gzip", 0, STATUS_OK);
	connect_verdict("grpc-timeout", "soon", 0, STATUS_OK);
	connect_verdict("grpc-encoding", "snappy", 0, STATUS_OK);
	verdict("connect-timeout-ms", "soon", 0, STATUS_OK);
	verdict("connect-protocol-version", "2", 0, STATUS_OK);
	h = head_with("connect-timeout-ms", "1500");
	assert_int_equal(head_timeout_ms(&h), 0);
}

static void pages_of_other_sites(void **state)
{
	static const struct {
		const char *name, *value;
		bool foreign;
	} rows[] = {
		{"sec-fetch-site", "same-origin", false},
		{"sec-fetch-site", "none", false},
		{"sec-fetch-site", "same-site", true},
		{"sec-fetch-site", "cross-site", true},
		{"sec-fetch-site", "", true},
		{"origin", "https://shop.example.org:8443", false},
		{"origin", "https://SHOP.example.org:8443", false},
		{"origin", "https://shop.example.org", true},
		{"origin", "http://shop.example.org:8443", true},
		{"origin", "https://shop.example.org:84430", true},
		{"origin", "https://evil.example.org", true},
		{"origin", "https://", true},
		{"origin", "null", true},
		{"origin", "", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum status code = rows[i].foreign ? STATUS_PERMISSION_DENIED : STATUS_OK;

		connect_verdict(rows[i].name, rows[i].value, 0, code);
		verdict(rows[i].name, rows[i].value, 0, code);
	}
}

/* One cannot be taken back by the other, in whatever order they come. */
static void one_sign_of_another_site_is_enough(void **state)
{
	struct head h = connect_with("origin", "https://evil.example.org");

	(void)state;
	field(&h, "sec-fetch-site", "same-origin");
	verdict_of(h, 0, STATUS_PERMISSION_DENIED);
	h = connect_with("sec-fetch-site", "cross-site");
	field(&h, "origin", "https://shop.example.org:8443");
	verdict_of(h, 0, STATUS_PERMISSION_DENIED);
}

static void a_query_is_no_part_of_the_path(void **state)
{
	struct head h = {.path = ""};

	(void)state;
	field(&h, ":path", "/a.B/C?message=secret&x=?");
	assert_string_equal(h.path, "/a.B/C");
	assert_int_equal(h.path_len, 6);
	assert_int_equal(h.query_len, strlen("message=secret&x=?"));
	assert_memory_equal(h.query, "message=secret&x=?", h.query_len);
	head_release(&h);
	assert_null(h.query);
	head_release(&h);
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
		cmocka_unit_test(heads_of_connect),
		cmocka_unit_test(pages_of_other_sites),
		cmocka_unit_test(one_sign_of_another_site_is_enough),
		cmocka_unit_test(a_query_is_no_part_of_the_path),
		cmocka_unit_test(long_paths_are_cut_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
