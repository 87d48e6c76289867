/*
 * catalog.c: what the embedded FileDescriptorSet says about services, methods and files.
 *
 * Called by each program at start, then asked by the method table, reflection, help and
 * completion. Owns one arena from catalog_load to catalog_release. A set that does not agree
 * with protobuf-c's descriptors is a broken build, so it aborts.
 */
#include "catalog.h"
#include "arena.h"
#include "catalog_symbol.h"

#include "google/protobuf/descriptor.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CATALOG_MEMORY = 64 * 1024 * 1024, NAME_BYTES = 256 };

static struct {
	const struct catalog_source *source; /* NULL until loaded */
	struct arena arena;                  /* owns everything below */
	struct symbol_table symbols;
	struct catalog_method *methods;
	size_t n_methods;
	const char **services;
	size_t n_services;
	struct catalog_file *files;
	size_t n_files;
} catalog;

static _Noreturn void broken(const char *what, const char *name)
{
	fprintf(stderr, "radioshop: the embedded descriptors are broken: %s %s; build again\n", what, name);
	abort();
}

static void *need(void *p)
{
	if (p == NULL)
		broken("no memory for", "the catalog");
	return p;
}

static const char *keep(const char *text)
{
	return need(arena_strndup(&catalog.arena, text, strlen(text)));
}

static const char *keep_path(const char *service, const char *method)
{
	size_t size = strlen(service) + strlen(method) + 3;
	char *path = need(arena_alloc(&catalog.arena, size));

	snprintf(path, size, "/%s/%s", service, method);
	return path;
}

static const ProtobufCServiceDescriptor *find_service(const char *name)
{
	const struct catalog_source *source = catalog.source;

	for (size_t i = 0; i < source->service_count; i++) {
		if (strcmp(source->services[i]->name, name) == 0)
			return source->services[i];
	}
	return NULL;
}

static bool has_no_side_effects(const Google__Protobuf__MethodDescriptorProto *proto)
{
	return proto->options != NULL && proto->options->idempotency_level ==
						 GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__NO_SIDE_EFFECTS;
}

static void add_method(const ProtobufCServiceDescriptor *service, const Google__Protobuf__MethodDescriptorProto *proto)
{
	const ProtobufCMethodDescriptor *d = protobuf_c_service_descriptor_get_method_by_name(service, proto->name);
	const struct symbol *symbol;
	char name[NAME_BYTES];

	snprintf(name, sizeof(name), "%s.%s", service->name, proto->name);
	symbol = symbol_table_find(&catalog.symbols, name);
	if (d == NULL || symbol == NULL)
		broken("protobuf-c does not know the method", name);
	catalog.methods[catalog.n_methods++] = (struct catalog_method){
		.service = service->name,
		.name = d->name,
		.path = keep_path(service->name, d->name),
		.comment = symbol->comment,
		.input = d->input,
		.output = d->output,
		.client_streaming = proto->client_streaming,
		.server_streaming = proto->server_streaming,
		.no_side_effects = has_no_side_effects(proto),
	};
}

static void add_service(const char *package, const Google__Protobuf__ServiceDescriptorProto *proto)
{
	const ProtobufCServiceDescriptor *service;
	char name[NAME_BYTES];

	snprintf(name, sizeof(name), "%s.%s", package, proto->name);
	service = find_service(name);
	if (service == NULL || catalog.n_services == catalog.source->service_count ||
		service->n_methods != proto->n_method)
		broken("the program does not list the service", name);
	catalog.services[catalog.n_services++] = service->name;
	for (size_t i = 0; i < proto->n_method; i++)
		add_method(service, proto->method[i]);
}

/* The set is nothing but files in field 1: finds where each one's bytes are. */
static void find_file_bytes(void)
{
	const uint8_t *set = catalog.source->set;
	const size_t set_len = catalog.source->set_len;
	size_t at = 0, n = 0;

	while (at < set_len && n < catalog.n_files) {
		size_t len = 0;
		unsigned shift = 0;

		if (set[at++] != 0x0A)
			broken("unexpected field in", "the set");
		while (at < set_len && shift < 35) {
			uint8_t byte = set[at++];

			len |= (size_t)(byte & 0x7F) << shift;
			shift += 7;
			if (byte < 0x80)
				break;
		}
		if (len > set_len - at)
			broken("a file is cut in", "the set");
		catalog.files[n].bytes = set + at;
		catalog.files[n++].len = len;
		at += len;
	}
	if (n != catalog.n_files || at != set_len)
		broken("a file is missing in", "the set");
}

static void add_file(struct catalog_file *file, const Google__Protobuf__FileDescriptorProto *proto)
{
	const char **imports = need(arena_alloc_array(&catalog.arena, proto->n_dependency + 1, sizeof(*imports)));

	for (size_t i = 0; i < proto->n_dependency; i++)
		imports[i] = keep(proto->dependency[i]);
	file->name = keep(proto->name);
	file->imports = imports;
	if (!symbol_table_add_file(&catalog.symbols, proto, file, &catalog.arena))
		broken("no memory for the symbols of", proto->name);
}

static int method_order(const void *a, const void *b)
{
	return strcmp(((const struct catalog_method *)a)->path, ((const struct catalog_method *)b)->path);
}

static int text_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void read_set(const Google__Protobuf__FileDescriptorSet *set)
{
	const struct catalog_source *source = catalog.source;
	size_t method_count = 0;

	catalog.n_files = set->n_file;
	catalog.files = need(arena_alloc_array(&catalog.arena, set->n_file, sizeof(catalog.files[0])));
	find_file_bytes();
	for (size_t i = 0; i < set->n_file; i++)
		add_file(&catalog.files[i], set->file[i]);
	symbol_table_sort(&catalog.symbols);

	for (size_t i = 0; i < source->service_count; i++)
		method_count += source->services[i]->n_methods;
	catalog.methods = need(arena_alloc_array(&catalog.arena, method_count, sizeof(catalog.methods[0])));
	catalog.services = need(arena_alloc_array(&catalog.arena, source->service_count, sizeof(catalog.services[0])));
	for (size_t i = 0; i < set->n_file; i++) {
		for (size_t s = 0; s < set->file[i]->n_service; s++)
			add_service(set->file[i]->package, set->file[i]->service[s]);
	}
	if (catalog.n_services != source->service_count || catalog.n_methods != method_count)
		broken("a service is missing in", "the set");
	qsort(catalog.methods, catalog.n_methods, sizeof(catalog.methods[0]), method_order);
	qsort(catalog.services, catalog.n_services, sizeof(catalog.services[0]), text_order);
}

void catalog_load(const struct catalog_source *source)
{
	struct arena scratch;
	Google__Protobuf__FileDescriptorSet *set;

	if (catalog.source)
		return;
	catalog.source = source;
	arena_init(&catalog.arena, NULL, CATALOG_MEMORY);
	arena_init(&scratch, NULL, CATALOG_MEMORY);
	set = google__protobuf__file_descriptor_set__unpack(&scratch.allocator, source->set_len, source->set);
	if (set == NULL)
		broken("cannot read", "the set");
	read_set(set);
	arena_release(&scratch);
}

void catalog_release(void)
{
	arena_release(&catalog.arena);
	memset(&catalog, 0, sizeof(catalog));
}

const struct catalog_method *catalog_methods(size_t *ret_count)
{
	*ret_count = catalog.n_methods;
	return catalog.methods;
}

const struct catalog_method *catalog_method_by_path(const char *path, size_t len)
{
	size_t low = 0, high = catalog.n_methods;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct catalog_method *m = &catalog.methods[middle];
		size_t n = strlen(m->path);
		int order = memcmp(path, m->path, len < n ? len : n);

		if (order == 0 && len == n)
			return m;
		if (order < 0 || (order == 0 && len < n))
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Whether typed, with '/' for '.' allowed before the method, is the method's full name or ends it at a dot. */
static bool method_is_named(const struct catalog_method *m, const char *typed)
{
	const char *full = m->path + 1;
	size_t full_len = strlen(full), len = strlen(typed);

	if (len > full_len || len <= strlen(m->name) + 1)
		return false;
	if (len < full_len && full[full_len - len - 1] != '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		char want = full[full_len - len + i];

		if (typed[i] != want && !(want == '/' && typed[i] == '.'))
			return false;
	}
	return true;
}

const struct catalog_method *catalog_method_by_name(const char *name)
{
	if (name[0] == '/')
		return catalog_method_by_path(name, strlen(name));
	for (size_t i = 0; i < catalog.n_methods; i++) {
		if (method_is_named(&catalog.methods[i], name))
			return &catalog.methods[i];
	}
	return NULL;
}

const char *const *catalog_services(size_t *ret_count)
{
	*ret_count = catalog.n_services;
	return catalog.services;
}

static const char *comment_of(const char *scope, size_t scope_len, const char *name)
{
	char full[NAME_BYTES];
	const struct symbol *symbol;
	int n;

	n = snprintf(full, sizeof(full), "%.*s%s%s", (int)scope_len, scope, scope_len > 0 ? "." : "", name);
	if (n < 0 || (size_t)n >= sizeof(full))
		return "";
	symbol = symbol_table_find(&catalog.symbols, full);
	return symbol == NULL ? "" : symbol->comment;
}

const char *catalog_field_comment(const ProtobufCMessageDescriptor *d, const char *field)
{
	return comment_of(d->name, strlen(d->name), field);
}

const char *catalog_message_comment(const ProtobufCMessageDescriptor *d)
{
	return comment_of("", 0, d->name);
}

const char *catalog_service_comment(const char *service)
{
	return comment_of("", 0, service);
}

const char *catalog_enum_value_comment(const ProtobufCEnumDescriptor *e, const char *value_name)
{
	const char *dot = strrchr(e->name, '.');

	/* protobuf scopes a value beside its enum, not inside it. */
	return comment_of(e->name, dot == NULL ? 0 : (size_t)(dot - e->name), value_name);
}

const struct catalog_file *catalog_file_by_name(const char *name)
{
	for (size_t i = 0; i < catalog.n_files; i++) {
		if (strcmp(catalog.files[i].name, name) == 0)
			return &catalog.files[i];
	}
	return NULL;
}

const struct catalog_file *catalog_file_by_symbol(const char *symbol)
{
	const struct symbol *found = symbol_table_find(&catalog.symbols, symbol);

	return found == NULL ? NULL : found->file;
}
