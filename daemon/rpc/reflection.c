/*
 * grpc.reflection.v1 and v1alpha: which services, files and symbols there are, from the embedded descriptor set.
 *
 * Called by talk.c as builtins. Owns nothing: each question is answered by itself. The two versions have the same
 * messages on the wire, so a v1alpha question is read as a v1 one and the v1 answer is sent for both.
 * https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
#include "builtin.h"
#include "catalog.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "message.h"

#include <stdio.h>
#include <string.h>

enum { FILES_MAX = 64 }; /* files in one answer; the whole set is about twenty */

/* A file and all it imports, each once. */
struct file_list {
	const struct catalog_file *file[FILES_MAX];
	size_t count;
};

static void add_file(struct file_list *list, const struct catalog_file *file)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->file[i] == file)
			return;
	}
	if (list->count < FILES_MAX)
		list->file[list->count++] = file;
}

/* Breadth first: the imports of each file of the list are put behind it, until nothing is new. */
static void collect_files(struct file_list *list, const struct catalog_file *first)
{
	list->count = 0;
	add_file(list, first);
	for (size_t i = 0; i < list->count; i++) {
		for (const char *const *name = list->file[i]->imports; *name; name++) {
			const struct catalog_file *import = catalog_file_by_name(*name);

			if (import)
				add_file(list, import);
		}
	}
}

static bool answer_error(struct call *call, Grpc__Reflection__V1__ServerReflectionResponse *response, enum status code,
	const char *what, const char *name, struct error *err)
{
	Grpc__Reflection__V1__ErrorResponse error;
	char text[300];

	/* The name comes from the peer: it is cut, and its bytes have been checked as UTF-8 text. */
	snprintf(text, sizeof(text), "%s %.200s", what, name);
	grpc__reflection__v1__error_response__init(&error);
	error.error_code = (int32_t)code;
	error.error_message = text;
	response->message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
	response->error_response = &error;
	return call_send(call, &response->base, err);
}

static bool answer_files(struct call *call, Grpc__Reflection__V1__ServerReflectionResponse *response,
	const struct catalog_file *first, struct error *err)
{
	Grpc__Reflection__V1__FileDescriptorResponse files;
	ProtobufCBinaryData bytes[FILES_MAX];
	struct file_list list;

	collect_files(&list, first);
	for (size_t i = 0; i < list.count; i++) {
		bytes[i].len = list.file[i]->len;
		/* protobuf-c has no const bytes; packing only reads them. */
		bytes[i].data = (uint8_t *)(uintptr_t)list.file[i]->bytes;
	}
	grpc__reflection__v1__file_descriptor_response__init(&files);
	files.n_file_descriptor_proto = list.count;
	files.file_descriptor_proto = bytes;
	response->message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
	response->file_descriptor_response = &files;
	return call_send(call, &response->base, err);
}

static bool answer_services(
	struct call *call, Grpc__Reflection__V1__ServerReflectionResponse *response, struct error *err)
{
	Grpc__Reflection__V1__ListServiceResponse list;
	Grpc__Reflection__V1__ServiceResponse *each, **pointers;
	const char *const *names;
	size_t count;

	names = catalog_services(&count);
	each = arena_alloc_array(call_arena(call), count, sizeof(*each));
	pointers = arena_alloc_array(call_arena(call), count, sizeof(*pointers));
	if (!each || !pointers)
		return error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL,
			"the list of services needs more memory than a call may use");
	for (size_t i = 0; i < count; i++) {
		grpc__reflection__v1__service_response__init(&each[i]);
		each[i].name = (char *)(uintptr_t)names[i];
		pointers[i] = &each[i];
	}
	grpc__reflection__v1__list_service_response__init(&list);
	list.n_service = count;
	list.service = pointers;
	response->message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
	response->list_services_response = &list;
	return call_send(call, &response->base, err);
}

static bool answer_file_or_error(struct call *call, Grpc__Reflection__V1__ServerReflectionResponse *response,
	const struct catalog_file *file, const char *what, const char *name, struct error *err)
{
	if (!file)
		return answer_error(call, response, STATUS_NOT_FOUND, what, name, err);
	return answer_files(call, response, file, err);
}

static bool answer(struct call *call, Grpc__Reflection__V1__ServerReflectionRequest *request, struct error *err)
{
	Grpc__Reflection__V1__ServerReflectionResponse response;

	grpc__reflection__v1__server_reflection_response__init(&response);
	response.valid_host = request->host;
	response.original_request = request;
	switch (request->message_request_case) {
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
		return answer_services(call, &response, err);
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
		return answer_file_or_error(call, &response, catalog_file_by_name(request->file_by_filename),
			"there is no file", request->file_by_filename, err);
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
		return answer_file_or_error(call, &response, catalog_file_by_symbol(request->file_containing_symbol),
			"there is no symbol", request->file_containing_symbol, err);
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
		return answer_error(call, &response, STATUS_NOT_FOUND, "there are no extensions of",
			request->file_containing_extension->containing_type, err);
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
		return answer_error(call, &response, STATUS_NOT_FOUND, "there are no extensions of",
			request->all_extension_numbers_of_type, err);
	default:
		return answer_error(call, &response, STATUS_INVALID_ARGUMENT,
			"the question is missing:", "ask for a file, a symbol or the services", err);
	}
}

/* The question as a v1 message, whichever version it came as; NULL with err when memory is short. */
static Grpc__Reflection__V1__ServerReflectionRequest *as_v1(
	struct call *call, const ProtobufCMessage *message, struct error *err)
{
	size_t len = message_packed_size(message);
	uint8_t *bytes = arena_alloc(call_arena(call), len);

	if (!bytes) {
		(void)error_set(
			err, STATUS_RESOURCE_EXHAUSTED, NULL, "the question needs more memory than a call may use");
		return NULL;
	}
	message_pack(message, bytes);
	return (Grpc__Reflection__V1__ServerReflectionRequest *)(void *)message_unpack(
		&grpc__reflection__v1__server_reflection_request__descriptor, bytes, len, call_arena(call), err);
}

static bool on_question(struct call *call, const ProtobufCMessage *message, struct error *err)
{
	Grpc__Reflection__V1__ServerReflectionRequest *request = as_v1(call, message, err);

	return request && answer(call, request, err);
}

const struct builtin reflection_builtins[] = {
	{"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", .on_message = on_question},
	{"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", .on_message = on_question},
	{NULL},
};
