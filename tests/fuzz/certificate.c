/*
 * certificate.c: fuzzes the way from a certificate in DER to the name of a principal. What it takes is a name that
 * principal_from_uri() would take too; what it does not take leaves nothing behind, neither bytes nor OpenSSL's errors.
 */
#include "target.h"
#include "tls.h"

#include <openssl/err.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char untouched[] = "untouched";
	char name[PRINCIPAL_NAME_MAX] = "untouched", uri[PRINCIPAL_NAME_MAX + 32], again[PRINCIPAL_NAME_MAX];
	struct error err = {.code = STATUS_OK};
	int n;

	if (!principal_from_certificate(data, size, name, &err)) {
		expect(err.code == STATUS_UNAUTHENTICATED && strcmp(name, untouched) == 0);
	} else {
		n = snprintf(uri, sizeof uri, "radioshop://principal/%s", name);
		expect(err.code == STATUS_OK && n > 0);
		expect(principal_from_uri(uri, (size_t)n, again) && strcmp(name, again) == 0);
	}
	expect(ERR_peek_error() == 0);
	return 0;
}
