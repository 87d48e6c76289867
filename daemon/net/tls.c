/*
 * tls.c: the TLS policy as an SSL_CTX, and the name in the peer's certificate. Called by the daemon at start and
 * reload, and by conn.c for each connection. Owns the context; its store is the only trust there is.
 */
#include "tls.h"

#include "config.h"
#include "tls_files.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_DEPTH_MAX = 2, SECURITY_LEVEL = 2 /* 112 bits: no SHA-1, no RSA below 2048 */ };

struct tls {
	SSL_CTX *ctx;
	struct tls_dates dates;
	unsigned references;
};

static const unsigned char alpn_h2[] = {2, 'h', '2'};

/*
 * Said in full, so that no openssl.cnf of a machine widens it. Without ChaCha20: whoever needs a validated module needs
 * AES, and everything that runs a radio shop has it in hardware. X25519 stands first all the same: gRPC's clients send
 * its key share, and without it each handshake would take another round trip.
 */
static const char suites[] = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";
static const char suites_of_1_2[] = "ECDHE+AESGCM";
static char groups[] = "X25519:P-256:P-384";
static char signatures[] = "ECDSA+SHA256:ECDSA+SHA384:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
			   "RSA+SHA256:RSA+SHA384:RSA+SHA512";

bool principal_from_uri(const char *uri, size_t len, char ret_name[PRINCIPAL_NAME_MAX])
{
	static const char scheme[] = "radioshop://principal/";
	const size_t skip = sizeof scheme - 1;

	if (len <= skip || len - skip >= PRINCIPAL_NAME_MAX || memcmp(uri, scheme, skip) != 0)
		return false;
	for (size_t i = skip; i < len; i++) {
		char c = uri[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '@' && c != '-')
			return false;
	}
	memcpy(ret_name, uri + skip, len - skip);
	ret_name[len - skip] = '\0';
	return true;
}

/* The one URI among the alternative names: with two, which one counts would be a matter of taste. */
static bool certificate_principal(X509 *certificate, char ret_name[PRINCIPAL_NAME_MAX], struct error *err)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	char name[PRINCIPAL_NAME_MAX] = "";
	int uris = 0;

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		const ASN1_IA5STRING *uri;
		int len;

		if (g->type != GEN_URI)
			continue;
		uris++;
		uri = g->d.uniformResourceIdentifier;
		len = ASN1_STRING_length(uri);
		if (len < 0 || !principal_from_uri((const char *)ASN1_STRING_get0_data(uri), (size_t)len, name))
			name[0] = '\0';
	}
	GENERAL_NAMES_free(names);
	if (uris != 1 || name[0] == '\0')
		return error_set(err, STATUS_UNAUTHENTICATED, NULL,
			"the certificate has %d URI names; one radioshop://principal/NAME is needed", uris);
	memcpy(ret_name, name, sizeof name);
	return true;
}

bool principal_from_certificate(const uint8_t *der, size_t len, char ret_name[PRINCIPAL_NAME_MAX], struct error *err)
{
	X509 *certificate = len <= LONG_MAX ? d2i_X509(NULL, &der, (long)len) : NULL;
	bool ok;

	if (!certificate) {
		ERR_clear_error();
		return error_set(err, STATUS_UNAUTHENTICATED, NULL, "not a certificate");
	}
	ok = certificate_principal(certificate, ret_name, err);
	X509_free(certificate);
	ERR_clear_error();
	return ok;
}

/* OpenSSL takes a certificate without extended key usage for one that may do everything. We do not. */
static bool certificate_is_for_clients(X509 *certificate)
{
	return (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) &&
	       (X509_get_extended_key_usage(certificate) & XKU_SSL_CLIENT);
}

/* Refused here the peer still gets a TLS alert, which after the handshake OpenSSL cannot send. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
	char name[PRINCIPAL_NAME_MAX];
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);

	if (!ok || X509_STORE_CTX_get_error_depth(store) != 0)
		return ok;
	if (!certificate_is_for_clients(certificate)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
		return 0;
	}
	if (!certificate_principal(certificate, name, NULL)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return 0;
	}
	return 1;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
	unsigned in_len, void *arg)
{
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, alpn_h2, sizeof alpn_h2, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static bool tls_policy(SSL_CTX *ctx, const char *minimum)
{
	int oldest = strcmp(minimum, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;

	SSL_CTX_set_options(ctx,
		SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
	/* What we send is what tls_certificate has; the CAs of the clients are not ours to show. */
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_mode(
		ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
	SSL_CTX_set_verify_depth(ctx, CHAIN_DEPTH_MAX);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	return SSL_CTX_set_min_proto_version(ctx, oldest) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 && SSL_CTX_set_ciphersuites(ctx, suites) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, suites_of_1_2) == 1 && SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, groups) == 1 && SSL_CTX_set1_sigalgs_list(ctx, signatures) == 1 &&
	       SSL_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT) == 1 &&
	       X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT) == 1;
}

struct tls *tls_new(const struct config *config, struct error *err)
{
	struct tls *tls = calloc(1, sizeof *tls);

	ERR_clear_error();
	if (tls) {
		tls->references = 1;
		tls->ctx = SSL_CTX_new(TLS_server_method());
	}
	if (!tls || !tls->ctx || !tls_policy(tls->ctx, config->tls_minimum)) {
		error_set(err, STATUS_INTERNAL, NULL, "OpenSSL refuses the TLS policy: %s", tls_reason());
		tls_unref(tls);
		return NULL;
	}
	if (!tls_files_load(tls->ctx, config, &tls->dates, err)) {
		tls_unref(tls);
		return NULL;
	}
	return tls;
}

struct tls *tls_ref(struct tls *tls)
{
	tls->references++;
	return tls;
}

void tls_unref(struct tls *tls)
{
	if (!tls || --tls->references > 0)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls);
}

const struct tls_dates *tls_dates(const struct tls *tls)
{
	return &tls->dates;
}

struct ssl_st *tls_accept_new(struct tls *tls, int fd)
{
	SSL *ssl;

	ERR_clear_error();
	ssl = SSL_new(tls->ctx);
	if (ssl && SSL_set_fd(ssl, fd) == 1) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_free(ssl);
	return NULL;
}

bool tls_peer_principal(struct ssl_st *ssl, char ret_name[PRINCIPAL_NAME_MAX], struct error *err)
{
	const unsigned char *protocol = NULL;
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	unsigned len = 0;

	/* The ALPN callback is not asked when the client offers nothing. */
	SSL_get0_alpn_selected(ssl, &protocol, &len);
	if (len != 2 || memcmp(protocol, "h2", 2) != 0)
		return error_set(err, STATUS_UNAUTHENTICATED, NULL, "the client did not offer HTTP/2 (ALPN h2)");
	if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK)
		return error_set(err, STATUS_UNAUTHENTICATED, NULL, "the client has no verified certificate");
	return certificate_principal(certificate, ret_name, err);
}

bool tls_peer_still_valid(const struct tls *tls, struct ssl_st *ssl)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	bool valid = false;

	ERR_clear_error();
	if (certificate && store &&
		X509_STORE_CTX_init(
			store, SSL_CTX_get_cert_store(tls->ctx), certificate, SSL_get_peer_cert_chain(ssl)) == 1 &&
		X509_STORE_CTX_set_default(store, "ssl_client") == 1 &&
		X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(store), SSL_CTX_get0_param(tls->ctx)) == 1) {
		X509_STORE_CTX_set_verify_cb(store, on_verify);
		valid = X509_verify_cert(store) == 1;
	}
	X509_STORE_CTX_free(store);
	ERR_clear_error();
	return valid;
}

int64_t tls_peer_expires(struct ssl_st *ssl)
{
	const STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	int64_t first = 0;

	for (int i = 0; chain && i < sk_X509_num(chain); i++) {
		int64_t end = tls_seconds(X509_get0_notAfter(sk_X509_value(chain, i)));

		if (i == 0 || end < first)
			first = end;
	}
	return first;
}
