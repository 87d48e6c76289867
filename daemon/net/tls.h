/*
 * tls.h: the TLS policy and who the peer is. OpenSSL is known to tls.c and conn.c only.
 *
 * TLS 1.3, ALPN h2, client certificate required from our own CA, EKU clientAuth, CRL for the whole
 * chain when one is configured, no resumption, no tickets, no early data (a resumed session
 * would skip the revocation check).
 */
#ifndef RADIOSHOP_TLS_H
#define RADIOSHOP_TLS_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

struct config;
struct tls;    /* one SSL_CTX and what belongs to it; counted references */
struct ssl_st; /* OpenSSL's SSL */

enum { PRINCIPAL_NAME_MAX = 128 };

/*
 * Loads certificate, key, client CA and CRL. False: err says which file and what is wrong with it: missing,
 * key readable by others (any of mode 0077 but group-read when owned by root), key and
 * certificate that do not match, expired certificate, CRL missing or stale.
 */
struct tls *tls_new(const struct config *config, struct error *err) MUST_CHECK;
struct tls *tls_ref(struct tls *tls);
void tls_unref(struct tls *tls);

/* A server-side SSL for a new connection on fd (non-blocking). NULL when memory is short. */
struct ssl_st *tls_accept_new(struct tls *tls, int fd) MUST_CHECK;

/*
 * After the handshake: checks ALPN and reads the principal's name from the one URI SAN
 * radioshop://principal/NAME. False: err->text for the log (the peer learns nothing).
 */
bool tls_peer_principal(struct ssl_st *ssl, char ret_name[PRINCIPAL_NAME_MAX], struct error *err) MUST_CHECK;

/* Whether the peer certificate of a live connection would still be accepted by tls (after a reload). */
bool tls_peer_still_valid(const struct tls *tls, struct ssl_st *ssl);

/* The pure part of the above, for tests and fuzzing: [A-Za-z0-9._@-]{1,127} after the scheme, bytes compared with
 * length. */
bool principal_from_uri(const char *uri, size_t len, char ret_name[PRINCIPAL_NAME_MAX]) MUST_CHECK;

#endif
