/*
 * catalog.h: what protobuf-c's descriptors leave out, from the FileDescriptorSet that
 * is embedded in each program: streaming, comments, oneofs; and the files for reflection.
 */
#ifndef RADIOSHOP_CATALOG_H
#define RADIOSHOP_CATALOG_H

#include "error.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One method as the proto declares it. All pointers are static or owned by the catalog. */
struct catalog_method {
	const char *service; /* "radioshop.v1.AssetService" */
	const char *name;    /* "GetAsset" */
	const char *path;    /* "/radioshop.v1.AssetService/GetAsset" */
	const char *comment; /* trimmed, "" if none */
	const ProtobufCMessageDescriptor *input, *output;
	bool client_streaming, server_streaming;
	bool no_side_effects; /* option idempotency_level: it may be called by GET */
};

/* What one program knows: the bytes of a FileDescriptorSet, and protobuf-c's descriptors of all services in it. */
struct catalog_source {
	const uint8_t *set;
	size_t set_len;
	const ProtobufCServiceDescriptor *const *services;
	size_t service_count;
};

/*
 * Parses the descriptor set, once; later calls do nothing. Aborts when the embedded bytes are not
 * what the build made. Call first in main(). The source is static.
 */
void catalog_load(const struct catalog_source *source);
/* The same with the contract of radioshop; a program that loads another one does not carry this. */
void catalog_init(void);
/* Frees what was loaded; for leak checkers. */
void catalog_release(void);

/* All methods of all services, sorted by path. */
const struct catalog_method *catalog_methods(size_t *ret_count);
/* By ":path" (exact bytes, len of them), or NULL. */
const struct catalog_method *catalog_method_by_path(const char *path, size_t len);
/* By "AssetService.GetAsset", "radioshop.v1.AssetService/GetAsset" or a full path; NULL if none. */
const struct catalog_method *catalog_method_by_name(const char *name);

/* Services, sorted by full name. */
const char *const *catalog_services(size_t *ret_count);

/*
 * The leading comment of a field, message, service or enum value, trimmed; "" if none.
 * Trimmed: on one line, only where the proto has an empty comment line there is a line feed.
 */
const char *catalog_field_comment(const ProtobufCMessageDescriptor *d, const char *field);
const char *catalog_message_comment(const ProtobufCMessageDescriptor *d);
const char *catalog_service_comment(const char *service);
const char *catalog_enum_value_comment(const ProtobufCEnumDescriptor *e, const char *value_name);

/* Files, for reflection: serialized FileDescriptorProto, in dependency order as embedded. */
struct catalog_file {
	const char *name; /* "radioshop/v1/asset.proto" */
	const uint8_t *bytes;
	size_t len;
	const char *const *imports; /* NULL-terminated file names */
};
const struct catalog_file *catalog_file_by_name(const char *name);
/* The file that declares a service, method, message, field, enum or enum value; NULL if none. */
const struct catalog_file *catalog_file_by_symbol(const char *symbol);

#endif
