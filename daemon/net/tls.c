/*
 * tls.c: the TLS policy as an SSL_CTX, and the name in the peer's certificate. Called by the daemon at start and
 * reload, and by conn.c for each connection. Owns the context; its store is the only trust there is.
 */
#include "tls.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHAIN_DEPTH_MAX = 2 };

struct tls {
	SSL_CTX *ctx;
	unsigned references;
};

static const unsigned char alpn_h2[] = {2, 'h', '2'};
static char groups[] = "X25519:P-256:P-384";

/* The newest reason OpenSSL has, for a person; empties its queue. */
static const char *tls_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return reason ? reason : "not in PEM form";
}

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

/* Opens a PEM file; key: nobody but its owner may read it, save a group that root gave it to. */
static BIO *pem_open(const char *what, const char *path, bool key, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	FILE *file;
	struct stat st;
	BIO *bio;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		error_set(err, STATUS_FAILED_PRECONDITION, NULL, "%s %s: %s", what, path,
			fd < 0 ? strerror(errno) : "not a regular file");
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	if (key && (st.st_mode & 077 & (st.st_uid == 0 ? ~040U : ~0U))) {
		error_set(err, STATUS_FAILED_PRECONDITION, NULL,
			"%s %s can be read or written by others (mode %03o); run chmod 600 on it", what, path,
			(unsigned)st.st_mode & 0777);
		close(fd);
		return NULL;
	}
	file = fdopen(fd, "r");
	bio = file ? BIO_new_fp(file, BIO_CLOSE) : NULL;
	if (!bio) {
		error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "%s %s: no memory to read it", what, path);
		if (file)
			fclose(file);
		else
			close(fd);
	}
	ERR_clear_error();
	return bio;
}

/* No pass phrase is ever asked for: there is nobody to answer. */
static int no_pass_phrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static bool certificate_check_dates(const char *path, const X509 *certificate, struct error *err)
{
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
		return error_set(
			err, STATUS_FAILED_PRECONDITION, NULL, "tls_certificate %s has expired; issue a new one", path);
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		return error_set(err, STATUS_FAILED_PRECONDITION, NULL,
			"tls_certificate %s is not valid yet; check the clock of this machine", path);
	return true;
}

static bool load_certificate(SSL_CTX *ctx, const char *path, struct error *err)
{
	BIO *bio = pem_open("tls_certificate", path, false, err);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL) : NULL;
	X509 *next;
	bool ok;

	if (!bio)
		return false;
	ok = certificate && SSL_CTX_use_certificate(ctx, certificate) == 1;
	if (!ok)
		error_set(err, STATUS_FAILED_PRECONDITION, NULL, "tls_certificate %s: %s", path, tls_reason());
	ok = ok && certificate_check_dates(path, certificate, err);
	X509_free(certificate);
	while (ok && (next = PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL))) {
		ok = SSL_CTX_add1_chain_cert(ctx, next) == 1;
		X509_free(next);
		if (!ok)
			error_set(err, STATUS_FAILED_PRECONDITION, NULL, "tls_certificate %s: %s", path, tls_reason());
	}
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

static bool load_key(SSL_CTX *ctx, const char *path, const char *certificate_path, struct error *err)
{
	BIO *bio = pem_open("tls_key", path, true, err);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL) : NULL;
	bool ok = false;

	if (!bio)
		return false;
	if (!key)
		error_set(err, STATUS_FAILED_PRECONDITION, NULL, "tls_key %s: %s; a key without pass phrase is needed",
			path, tls_reason());
	else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
		error_set(err, STATUS_FAILED_PRECONDITION, NULL, "tls_key %s does not belong to tls_certificate %s",
			path, certificate_path);
	else
		ok = true;
	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

static bool load_client_ca(SSL_CTX *ctx, const char *path, struct error *err)
{
	BIO *bio = pem_open("tls_client_ca", path, false, err);
	X509 *ca;
	unsigned count = 0;
	bool ok = true;

	if (!bio)
		return false;
	while (ok && (ca = PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL))) {
		ok = X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) == 1 && SSL_CTX_add_client_CA(ctx, ca) == 1;
		X509_free(ca);
		count++;
	}
	BIO_free(bio);
	if (!ok || count == 0)
		return error_set(err, STATUS_FAILED_PRECONDITION, NULL, "tls_client_ca %s: %s", path, tls_reason());
	ERR_clear_error();
	return true;
}

static bool crl_check_dates(const char *path, const X509_CRL *crl, struct error *err)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

	if (next && X509_cmp_current_time(next) > 0)
		return true;
	return error_set(err, STATUS_FAILED_PRECONDITION, NULL,
		"tls_client_crl %s is stale: its next update is past; publish a new one", path);
}

static bool load_crl(SSL_CTX *ctx, const char *path, struct error *err)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	BIO *bio = pem_open("tls_client_crl", path, false, err);
	X509_CRL *crl;
	unsigned count = 0;
	bool ok = true;

	if (!bio)
		return false;
	while (ok && (crl = PEM_read_bio_X509_CRL(bio, NULL, no_pass_phrase, NULL))) {
		ok = crl_check_dates(path, crl, err);
		if (ok && X509_STORE_add_crl(store, crl) != 1)
			ok = error_set(
				err, STATUS_FAILED_PRECONDITION, NULL, "tls_client_crl %s: %s", path, tls_reason());
		X509_CRL_free(crl);
		count++;
	}
	BIO_free(bio);
	if (ok && count == 0)
		ok = error_set(err, STATUS_FAILED_PRECONDITION, NULL, "tls_client_crl %s: %s", path, tls_reason());
	ERR_clear_error();
	if (ok)
		X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return ok;
}

static bool tls_policy(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(
		ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
	SSL_CTX_set_verify_depth(ctx, CHAIN_DEPTH_MAX);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 && SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, groups) == 1 && SSL_CTX_set_purpose(ctx, X509_PURPOSE_SSL_CLIENT) == 1 &&
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
	if (!tls || !tls->ctx || !tls_policy(tls->ctx)) {
		error_set(err, STATUS_INTERNAL, NULL, "OpenSSL refuses the TLS policy: %s", tls_reason());
		tls_unref(tls);
		return NULL;
	}
	if (!load_certificate(tls->ctx, config->tls_certificate, err) ||
		!load_key(tls->ctx, config->tls_key, config->tls_certificate, err) ||
		!load_client_ca(tls->ctx, config->tls_client_ca, err) ||
		(config->tls_client_crl && config->tls_client_crl[0] &&
			!load_crl(tls->ctx, config->tls_client_crl, err))) {
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
