/*
 * principal_uri.c: fuzzes the reader of the name in a certificate: what it takes, written back, is the URI that came.
 */
#include "target.h"
#include "tls.h"

/* Once with the bytes as they are, once behind the scheme, so that names are reached at once. */
static void read_back(const char *uri, size_t len)
{
	char name[PRINCIPAL_NAME_MAX], again[PRINCIPAL_NAME_MAX + 32];
	int n;

	if (!principal_from_uri(uri, len, name))
		return;
	n = snprintf(again, sizeof again, "radioshop://principal/%s", name);
	if (n < 0 || (size_t)n != len || memcmp(again, uri, len) != 0 || strpbrk(name, " /\\\"'\n\x7f") ||
		name[0] == '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char scheme[] = "radioshop://principal/";
	const size_t skip = sizeof scheme - 1;
	char *uri = malloc(skip + size);

	if (!uri)
		return 0;
	memcpy(uri, scheme, skip);
	if (size > 0)
		memcpy(uri + skip, data, size);
	read_back((const char *)data, size);
	read_back(uri, skip + size);
	free(uri);
	return 0;
}
