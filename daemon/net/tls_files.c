/*
 * tls_files.c: reads the PEM files of the TLS policy and judges them. Called by tls.c for every new context, at the
 * start and at each reload. Owns nothing: what it reads goes into the context.
 */
#include "tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *tls_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return reason ? reason : "not in PEM form";
}

int64_t tls_seconds(const ASN1_TIME *time)
{
	struct tm tm = {0};

	if (!time || ASN1_TIME_to_tm(time, &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm);
}

/* The earlier of two ends, 0 being none. */
static int64_t earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/*
 * Whether a key is ours alone: owned by us or root, and readable by nobody else, save a group that root gave it to
 * (mode 0640, and what systemd makes of LoadCredential). It is the open file that is judged, so a symbolic link may
 * lead to it (as those of ACME clients do) and cannot be swapped in between.
 */
static bool key_is_private(const char *what, const char *path, const struct stat *st, struct error *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return error_set(err, STATUS_FAILED_PRECONDITION, NULL,
			"%s %s belongs to another user; it must belong to root or to the user of the daemon", what,
			path);
	if (st->st_mode & 077 & (st->st_uid == 0 ? ~040U : ~0U))
		return error_set(err, STATUS_FAILED_PRECONDITION, NULL,
			"%s %s can be read or written by others (mode %03o); run chmod 600 on it", what, path,
			(unsigned)st->st_mode & 0777);
	return true;
}

/* Opens a PEM file; without blocking, in case it is none but a pipe. */
static BIO *pem_open(const char *what, const char *path, bool key, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	BIO *bio = NULL;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		error_set(err, STATUS_FAILED_PRECONDITION, NULL, "%s %s: %s", what, path,
			fd < 0 ? strerror(errno) : "not a regular file");
	} else if (!key || key_is_private(what, path, &st, err)) {
		/* Without stdio: its buffer would keep a copy of the key. */
		bio = BIO_new_fd(fd, BIO_CLOSE);
		if (!bio)
			error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "%s %s: no memory to read it", what, path);
	}
	if (fd >= 0 && !bio)
		close(fd);
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

/* After the last object that could be read: whether the file ends there, or goes on with something else. */
static bool pem_ended(const char *what, const char *path, struct error *err)
{
	unsigned long code = ERR_peek_last_error();

	if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE) {
		ERR_clear_error();
		return true;
	}
	return error_set(err, STATUS_FAILED_PRECONDITION, NULL, "%s %s is damaged or was written in part: %s", what,
		path, tls_reason());
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

static bool load_certificate(SSL_CTX *ctx, const char *path, struct tls_dates *dates, struct error *err)
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
	if (ok)
		dates->certificate = tls_seconds(X509_get0_notAfter(certificate));
	X509_free(certificate);
	while (ok && (next = PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL))) {
		dates->certificate = earlier(dates->certificate, tls_seconds(X509_get0_notAfter(next)));
		ok = SSL_CTX_add1_chain_cert(ctx, next) == 1;
		X509_free(next);
		if (!ok)
			error_set(err, STATUS_FAILED_PRECONDITION, NULL, "tls_certificate %s: %s", path, tls_reason());
	}
	ok = ok && pem_ended("tls_certificate", path, err);
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

/*
 * The first key in the file. In two steps, since OpenSSL's own reader of keys leaves the text of the file in memory
 * that it has freed; this one wipes all but the last line.
 */
static EVP_PKEY *read_key(BIO *bio)
{
	unsigned char *der = NULL;
	const unsigned char *at;
	char *name = NULL;
	EVP_PKEY *key = NULL;
	long len;

	if (PEM_bytes_read_bio_secmem(&der, &len, &name, PEM_STRING_EVP_PKEY, bio, no_pass_phrase, NULL) != 1)
		return NULL;
	at = der;
	if (strcmp(name, PEM_STRING_PKCS8) != 0)
		key = d2i_AutoPrivateKey(NULL, &at, len);
	OPENSSL_secure_clear_free(der, (size_t)len);
	OPENSSL_free(name);
	return key;
}

static bool load_key(SSL_CTX *ctx, const char *path, const char *certificate_path, struct error *err)
{
	BIO *bio = pem_open("tls_key", path, true, err);
	EVP_PKEY *key = bio ? read_key(bio) : NULL;
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

/* Puts the CAs into the store, and into cas too. */
static bool load_client_ca(
	SSL_CTX *ctx, const char *path, STACK_OF(X509) * cas, struct tls_dates *dates, struct error *err)
{
	BIO *bio = pem_open("tls_client_ca", path, false, err);
	X509 *ca;
	bool ok = true;

	if (!bio)
		return false;
	while (ok && (ca = PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL))) {
		dates->client_ca = earlier(dates->client_ca, tls_seconds(X509_get0_notAfter(ca)));
		ok = X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca) == 1 && SSL_CTX_add_client_CA(ctx, ca) == 1;
		if (sk_X509_push(cas, ca) == 0) {
			X509_free(ca);
			ok = false;
		}
	}
	BIO_free(bio);
	if (!ok || sk_X509_num(cas) == 0)
		return error_set(err, STATUS_FAILED_PRECONDITION, NULL, "tls_client_ca %s: %s", path, tls_reason());
	return pem_ended("tls_client_ca", path, err);
}

static bool crl_check_dates(const char *path, const X509_CRL *crl, struct error *err)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

	if (next && X509_cmp_current_time(next) > 0)
		return true;
	return error_set(err, STATUS_FAILED_PRECONDITION, NULL,
		"tls_client_crl %s is stale: its next update is past; publish a new one", path);
}

/* A list of another CA would let nobody in, or, worse, be taken for ours. Marks the CAs that have one. */
static bool crl_find_issuer(X509_CRL *crl, const STACK_OF(X509) * cas, unsigned long *covered)
{
	for (int i = 0; i < sk_X509_num(cas); i++) {
		X509 *ca = sk_X509_value(cas, i);

		if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(ca)) == 0 &&
			X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1) {
			*covered |= 1UL << i;
			return true;
		}
	}
	ERR_clear_error();
	return false;
}

static bool take_crl(X509_STORE *store, const char *path, X509_CRL *crl, struct tls_dates *dates, struct error *err)
{
	int64_t next = tls_seconds(X509_CRL_get0_nextUpdate(crl));

	if (!crl_check_dates(path, crl, err))
		return false;
	if (X509_STORE_add_crl(store, crl) != 1)
		return error_set(err, STATUS_FAILED_PRECONDITION, NULL, "tls_client_crl %s: %s", path, tls_reason());
	if (earlier(dates->crl, next) == next) {
		dates->crl = next;
		dates->crl_since = tls_seconds(X509_CRL_get0_lastUpdate(crl));
	}
	return true;
}

static bool load_crl(
	SSL_CTX *ctx, const char *path, const STACK_OF(X509) * cas, struct tls_dates *dates, struct error *err)
{
	BIO *bio = pem_open("tls_client_crl", path, false, err);
	unsigned long covered = 0, all = (1UL << sk_X509_num(cas)) - 1;
	X509_CRL *crl;
	unsigned count = 0;
	bool ok = true;

	if (!bio)
		return false;
	while (ok && (crl = PEM_read_bio_X509_CRL(bio, NULL, no_pass_phrase, NULL))) {
		ok = take_crl(SSL_CTX_get_cert_store(ctx), path, crl, dates, err);
		if (ok && !crl_find_issuer(crl, cas, &covered))
			ok = error_set(err, STATUS_FAILED_PRECONDITION, NULL,
				"tls_client_crl %s holds a list that no CA of tls_client_ca has signed", path);
		X509_CRL_free(crl);
		count++;
	}
	if (ok && count == 0)
		ok = error_set(err, STATUS_FAILED_PRECONDITION, NULL, "tls_client_crl %s: %s", path, tls_reason());
	ok = ok && pem_ended("tls_client_crl", path, err);
	if (ok && covered != all)
		ok = error_set(err, STATUS_FAILED_PRECONDITION, NULL,
			"tls_client_crl %s has no list for one of the CAs of tls_client_ca; put the lists of all of "
			"them into it",
			path);
	BIO_free(bio);
	ERR_clear_error();
	if (ok)
		X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return ok;
}

enum { CLIENT_CAS_MAX = 32 }; /* a bit each, see crl_find_issuer() */

static bool load_trust(SSL_CTX *ctx, const struct config *config, struct tls_dates *dates, struct error *err)
{
	STACK_OF(X509) *cas = sk_X509_new_null();
	bool ok = cas && load_client_ca(ctx, config->tls_client_ca, cas, dates, err);

	if (!cas)
		error_set(err, STATUS_RESOURCE_EXHAUSTED, NULL, "no memory for the client CAs");
	if (ok && sk_X509_num(cas) > CLIENT_CAS_MAX)
		ok = error_set(err, STATUS_FAILED_PRECONDITION, NULL, "tls_client_ca %s holds more than %d CAs",
			config->tls_client_ca, CLIENT_CAS_MAX);
	if (ok && config->tls_client_crl[0] != '\0')
		ok = load_crl(ctx, config->tls_client_crl, cas, dates, err);
	sk_X509_pop_free(cas, X509_free);
	return ok;
}

bool tls_files_load(SSL_CTX *ctx, const struct config *config, struct tls_dates *ret_dates, struct error *err)
{
	memset(ret_dates, 0, sizeof *ret_dates);
	return load_certificate(ctx, config->tls_certificate, ret_dates, err) &&
	       load_key(ctx, config->tls_key, config->tls_certificate, err) && load_trust(ctx, config, ret_dates, err);
}
