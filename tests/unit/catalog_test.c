/*
 * catalog_test.c: the catalog against the proto files, and the rules that the proto files keep.
 */
#include "catalog.h"

#include "google/protobuf/descriptor.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"
#include "radioshop/v1/asset.pb-c.h"
#include "radioshop/v1/ticket.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int begin(void **state)
{
	(void)state;
	catalog_init();
	catalog_init(); /* the second does nothing */
	return 0;
}

static int end(void **state)
{
	(void)state;
	catalog_release();
	return 0;
}

static void all_services_are_known(void **state)
{
	size_t n, methods;
	const char *const *services = catalog_services(&n);
	const struct catalog_method *list = catalog_methods(&methods);

	(void)state;
	assert_true(n >= 13);
	for (size_t i = 1; i < n; i++)
		assert_true(strcmp(services[i - 1], services[i]) < 0);
	assert_string_equal(services[0], "grpc.health.v1.Health");
	assert_string_equal(services[n - 1], "radioshop.v1.UnitBlockService");
	assert_true(methods > 40);
	for (size_t i = 0; i < methods; i++) {
		if (i > 0)
			assert_true(strcmp(list[i - 1].path, list[i].path) < 0);
		assert_ptr_equal(catalog_method_by_path(list[i].path, strlen(list[i].path)), &list[i]);
		assert_ptr_equal(catalog_method_by_name(list[i].path), &list[i]);
		assert_non_null(list[i].input);
		assert_non_null(list[i].output);
	}
}

static void streaming_is_known(void **state)
{
	const struct catalog_method *m = catalog_method_by_name("AssetService.ExportAssets");

	(void)state;
	assert_non_null(m);
	assert_true(m->server_streaming);
	assert_false(m->client_streaming);
	m = catalog_method_by_name("AssetService.GetAsset");
	assert_non_null(m);
	assert_false(m->server_streaming || m->client_streaming);
	assert_ptr_equal(m->input, &radioshop__v1__get_asset_request__descriptor);
	assert_ptr_equal(m->output, &radioshop__v1__get_asset_response__descriptor);
	m = catalog_method_by_name("grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
	assert_non_null(m);
	assert_true(m->server_streaming && m->client_streaming);
	m = catalog_method_by_name("Health/Watch");
	assert_non_null(m);
	assert_true(m->server_streaming && !m->client_streaming);
}

static void names_are_matched_whole(void **state)
{
	static const char path[] = "/radioshop.v1.AssetService/GetAsset";
	const struct catalog_method *m = catalog_method_by_path(path, sizeof(path) - 1);

	(void)state;
	assert_non_null(m);
	assert_string_equal(m->service, "radioshop.v1.AssetService");
	assert_string_equal(m->name, "GetAsset");
	assert_ptr_equal(catalog_method_by_name("radioshop.v1.AssetService/GetAsset"), m);
	assert_ptr_equal(catalog_method_by_name("radioshop.v1.AssetService.GetAsset"), m);
	assert_ptr_equal(catalog_method_by_name("AssetService/GetAsset"), m);
	assert_ptr_equal(catalog_method_by_name("v1.AssetService.GetAsset"), m);
	assert_null(catalog_method_by_name("GetAsset"));
	assert_null(catalog_method_by_name("etService.GetAsset"));
	assert_null(catalog_method_by_name(".AssetService.GetAsset"));
	assert_null(catalog_method_by_name("AssetService.Get"));
	assert_null(catalog_method_by_name("assetservice.getasset"));
	assert_null(catalog_method_by_name(""));
	assert_null(catalog_method_by_name("/"));
	assert_null(catalog_method_by_path(path, sizeof(path) - 2));
	assert_null(catalog_method_by_path(path, sizeof(path))); /* with the NUL */
	assert_null(catalog_method_by_path("", 0));
	assert_null(catalog_method_by_path("/radioshop.v1.AssetService/GetAssets", 36));
}

static void comments_are_help(void **state)
{
	(void)state;
	assert_string_equal(catalog_method_by_name("AssetService.GetAsset")->comment,
		"Show one asset, found by any code a person can scan or read.");
	assert_string_equal(catalog_field_comment(&radioshop__v1__asset__descriptor, "tag"),
		"The agency's inventory tag, unique within the agency.");
	assert_string_equal(catalog_field_comment(&radioshop__v1__asset__descriptor, "unit_id"),
		"P25 unit ID on that system, 1 to 16777211.");
	assert_string_equal(catalog_field_comment(&radioshop__v1__asset__descriptor, "nothing"), "");
	/* Two lines of comment are one line of help. */
	assert_string_equal(catalog_message_comment(&radioshop__v1__asset_row__descriptor),
		"One row of a table, as text; the shop reads the values and says what is wrong with them. "
		"An empty cell leaves what is there; \\clear empties the field, and text that looks like it is given "
		"with one \\ more.");
	assert_string_equal(catalog_service_comment("radioshop.v1.TicketService"), "Repair tickets.");
	assert_string_equal(catalog_service_comment("radioshop.v1.None"), "");
	assert_string_equal(catalog_enum_value_comment(&radioshop__v1__ticket_state__descriptor, "TICKET_STATE_READY"),
		"Ready to be picked up.");
	assert_string_equal(catalog_enum_value_comment(
				    &grpc__health__v1__health_check_response__serving_status__descriptor, "SERVING"),
		"It serves.");
}

static void files_are_whole(void **state)
{
	const struct catalog_file *f = catalog_file_by_name("radioshop/v1/asset.proto");
	Google__Protobuf__FileDescriptorProto *parsed;
	bool model = false;

	(void)state;
	assert_non_null(f);
	parsed = google__protobuf__file_descriptor_proto__unpack(NULL, f->len, f->bytes);
	assert_non_null(parsed);
	assert_string_equal(parsed->name, "radioshop/v1/asset.proto");
	google__protobuf__file_descriptor_proto__free_unpacked(parsed, NULL);
	/* Everything that it imports is there too. */
	for (size_t i = 0; f->imports[i] != NULL; i++) {
		assert_non_null(catalog_file_by_name(f->imports[i]));
		model = model || strcmp(f->imports[i], "radioshop/v1/model.proto") == 0;
	}
	assert_true(model);
	assert_null(catalog_file_by_name("radioshop/v1/none.proto"));
	assert_non_null(catalog_file_by_name("google/rpc/error_details.proto"));
	assert_non_null(catalog_file_by_name("google/protobuf/timestamp.proto"));
}

static void symbols_lead_to_files(void **state)
{
	const struct catalog_file *asset = catalog_file_by_name("radioshop/v1/asset.proto");

	(void)state;
	assert_ptr_equal(catalog_file_by_symbol("radioshop.v1.AssetService"), asset);
	assert_ptr_equal(catalog_file_by_symbol("radioshop.v1.AssetService.GetAsset"), asset);
	assert_ptr_equal(catalog_file_by_symbol("radioshop.v1.Asset"), asset);
	assert_ptr_equal(catalog_file_by_symbol("radioshop.v1.Asset.tag"), asset);
	assert_ptr_equal(catalog_file_by_symbol("radioshop.v1.AssetStatus"), asset);
	assert_ptr_equal(catalog_file_by_symbol("radioshop.v1.ASSET_STATUS_SPARE"), asset);
	assert_ptr_equal(catalog_file_by_symbol("grpc.health.v1.HealthCheckResponse.SERVING"),
		catalog_file_by_name("grpc/health/v1/health.proto"));
	assert_null(catalog_file_by_symbol("radioshop.v1"));
	assert_null(catalog_file_by_symbol(""));
	assert_null(catalog_file_by_symbol("Asset"));
}

/* The JSON codec knows these two of google.protobuf; no method may carry another one. */
static void check_types(const ProtobufCMessageDescriptor *d, unsigned depth)
{
	if (strncmp(d->name, "google.protobuf.", 16) == 0) {
		if (strcmp(d->name, "google.protobuf.Timestamp") != 0 &&
			strcmp(d->name, "google.protobuf.FieldMask") != 0)
			fail_msg("message_json does not know %s", d->name);
		return;
	}
	if (depth > 8)
		fail_msg("%s is nested too deep, or in itself", d->name);
	for (unsigned i = 0; i < d->n_fields; i++) {
		if (d->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			check_types(d->fields[i].descriptor, depth + 1);
	}
}

/* The comments are the help: every name that people can meet has one. */
static void check_comments(const ProtobufCMessageDescriptor *d)
{
	if (strncmp(d->name, "radioshop.", 10) != 0)
		return;
	if (catalog_message_comment(d)[0] == '\0')
		fail_msg("%s has no comment", d->name);
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];

		if (catalog_field_comment(d, f->name)[0] == '\0')
			fail_msg("%s.%s has no comment", d->name, f->name);
		if (f->type == PROTOBUF_C_TYPE_MESSAGE)
			check_comments(f->descriptor);
		if (f->type == PROTOBUF_C_TYPE_ENUM) {
			const ProtobufCEnumDescriptor *e = f->descriptor;

			for (unsigned v = 0; v < e->n_values; v++) {
				if (catalog_enum_value_comment(e, e->values[v].name)[0] == '\0')
					fail_msg("%s has no comment", e->values[v].name);
			}
		}
	}
}

static void protos_keep_the_rules(void **state)
{
	size_t n;
	const struct catalog_method *m = catalog_methods(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (m[i].comment[0] == '\0')
			fail_msg("%s has no comment", m[i].path);
		check_types(m[i].input, 0);
		check_types(m[i].output, 0);
		check_comments(m[i].input);
		check_comments(m[i].output);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_services_are_known),
		cmocka_unit_test(streaming_is_known),
		cmocka_unit_test(names_are_matched_whole),
		cmocka_unit_test(comments_are_help),
		cmocka_unit_test(files_are_whole),
		cmocka_unit_test(symbols_lead_to_files),
		cmocka_unit_test(protos_keep_the_rules),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
