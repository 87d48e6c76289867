/*
 * tls.h: the TLS policy and who the peer is. OpenSSL is known to tls.c and conn.c only.
 *
 * TLS 1.3 (1.2 with ECDHE and AES-GCM when tls_minimum says so), ALPN h2, client certificate required from our own CA,
 * EKU clientAuth, CRL for the whole chain when one is configured, no resumption, no tickets, no early data (a resumed
 * session would skip the revocation check), no renegotiation, no compression.
 */
#ifndef RADIOSHOP_TLS_H
#define RADIOSHOP_TLS_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct tls;    /* one SSL_CTX and what belongs to it; counted references */
struct ssl_st; /* OpenSSL's SSL */

enum { PRINCIPAL_NAME_MAX = 128 };

/*
 * Loads certificate, key, client CA and CRL. NULL: err says which file and what is wrong with it: missing, broken off
 * in the middle, key of another user or readable by others (any of mode 0077 but group-read when owned by root), key
 * and certificate that do not match, expired certificate, CRL missing, stale, or not for every CA.
 */
struct tls *tls_new(const struct config *config, struct error *err) MUST_CHECK;
struct tls *tls_ref(struct tls *tls);
void tls_unref(struct tls *tls);

/* When what was loaded ends, seconds since 1970: the earliest of each kind; 0: there is none. */
struct tls_dates {
	int64_t certificate, client_ca;
	int64_t crl_since, crl; /* last and next update */
};
const struct tls_dates *tls_dates(const struct tls *tls);

/* A server-side SSL for a new connection on fd (non-blocking). NULL when memory is short. */
struct ssl_st *tls_accept_new(struct tls *tls, int fd) MUST_CHECK;

/*
 * After the handshake: checks ALPN and reads the principal's name from the one URI SAN
 * radioshop://principal/NAME. False: err->text for the log (the peer learns nothing).
 */
bool tls_peer_principal(struct ssl_st *ssl, char ret_name[PRINCIPAL_NAME_MAX], struct error *err) MUST_CHECK;

/* Whether the peer certificate of a live connection would still be accepted by tls (after a reload). */
bool tls_peer_still_valid(const struct tls *tls, struct ssl_st *ssl);

/* When the first certificate of the peer's chain ends, seconds since 1970. */
int64_t tls_peer_expires(struct ssl_st *ssl);

/* The name in a certificate in DER; pure, for fuzzing. */
bool principal_from_certificate(
	const uint8_t *der, size_t len, char ret_name[PRINCIPAL_NAME_MAX], struct error *err) MUST_CHECK;

/* The pure part of the above, for tests and fuzzing: [A-Za-z0-9._@-]{1,127} after the scheme, bytes compared with
 * length. */
bool principal_from_uri(const char *uri, size_t len, char ret_name[PRINCIPAL_NAME_MAX]) MUST_CHECK;

#endif
