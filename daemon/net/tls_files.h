/*
 * tls_files.h: the PEM files that tls.c stands on: certificate, key, client CA, list of revoked certificates.
 */
#ifndef RADIOSHOP_TLS_FILES_H
#define RADIOSHOP_TLS_FILES_H

#include "config.h"
#include "error.h"
#include "tls.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* The newest reason OpenSSL has, for a person; empties its queue. */
const char *tls_reason(void);

/*
 * Puts what the files hold into ctx. False: err says which file and what is wrong with it, see tls_new(). A file that
 * breaks off in the middle is refused as a whole: the first half of a list of CAs would be another policy.
 */
bool tls_files_load(
	SSL_CTX *ctx, const struct config *config, struct tls_dates *ret_dates, struct error *err) MUST_CHECK;

/* Seconds since 1970; 0 when it is no time. */
int64_t tls_seconds(const ASN1_TIME *time);

#endif
