/*
 * h2load_certificate.c: gives h2load 1.52, which has no option for it, a client certificate: preloaded, it loads the
 * files that CLIENT_CERTIFICATE and CLIENT_KEY name into each TLS context that the program makes.
 */
#include <dlfcn.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

typedef SSL_CTX *(*new_context)(const SSL_METHOD *method);

SSL_CTX *SSL_CTX_new(const SSL_METHOD *method)
{
	const char *certificate = getenv("CLIENT_CERTIFICATE"), *key = getenv("CLIENT_KEY");
	new_context original = (new_context)dlsym(RTLD_NEXT, "SSL_CTX_new");
	SSL_CTX *context = original ? original(method) : NULL;

	if (!context || !certificate || !key)
		return context;
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
		SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
		fprintf(stderr, "h2load_certificate: %s and %s cannot be used\n", certificate, key);
		exit(1);
	}
	return context;
}
