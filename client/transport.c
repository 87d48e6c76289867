/*
 * transport.c: TCP and TLS 1.3 with deadlines, on a non-blocking socket and poll. Called by connection.c.
 * Owns the socket and the SSL objects of one connection.
 */
#include "transport.h"

#include "failure.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct transport {
	const struct profile *profile; /* borrowed */
	int fd;
	SSL_CTX *context;
	SSL *ssl;
	short read_waits, write_waits; /* poll events that the last try to receive and to send was short of */
};

/*
 * A host that is gone, or a network that drops everything, says nothing: the kernel asks it after so many seconds of
 * silence, so often, and gives up. It costs the daemon nothing, and no server counts it as it counts HTTP/2's PING.
 */
enum { SILENCE_S = 20, PROBE_EVERY_S = 5, PROBES = 4, UNACKNOWLEDGED_MS = 40 * 1000 };

int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool transport_no_answer(const struct profile *profile, struct error *err, const char *why)
{
	/* The C library begins its sentences with a capital; this is the middle of ours. */
	return error_set(err, STATUS_UNAVAILABLE, NULL, "no answer from %s: %c%s", profile->server,
		tolower((unsigned char)why[0]), why + (why[0] != '\0'));
}

static bool no_answer(const struct transport *t, struct error *err, const char *why)
{
	return transport_no_answer(t->profile, err, why);
}

/* Waits until fd is ready for events. */
static bool wait_ready(const struct transport *t, short events, int64_t deadline_ms, struct error *err)
{
	struct pollfd p = {.fd = t->fd, .events = events};

	for (;;) {
		int64_t left = deadline_ms - clock_ms();
		int n = left > 0 ? poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left) : 0;

		if (n > 0)
			return true;
		if (n == 0 && left <= 0)
			return error_set(
				err, STATUS_DEADLINE_EXCEEDED, NULL, "no answer from %s in time", t->profile->server);
		if (n < 0 && errno != EINTR)
			return no_answer(t, err, strerror(errno));
	}
}

static void set_options(int fd)
{
	static const struct {
		int level, option, value;
	} rows[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, SILENCE_S},
		{IPPROTO_TCP, TCP_KEEPINTVL, PROBE_EVERY_S},
		{IPPROTO_TCP, TCP_KEEPCNT, PROBES},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS},
	};

	/* Without one of them a call is slower, or a dead peer found later: no reason to give it up. */
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		(void)setsockopt(fd, rows[i].level, rows[i].option, &rows[i].value, sizeof rows[i].value);
}

static bool connect_one(struct transport *t, const struct addrinfo *to, int64_t deadline_ms, struct error *err)
{
	int failure = 0;
	socklen_t size = sizeof failure;

	t->fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol);
	if (t->fd < 0)
		return no_answer(t, err, strerror(errno));
	if (connect(t->fd, to->ai_addr, to->ai_addrlen) != 0) {
		if (errno != EINPROGRESS)
			return no_answer(t, err, strerror(errno) /* e.g. network is unreachable */);
		if (!wait_ready(t, POLLOUT, deadline_ms, err))
			return false;
		if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0 || failure != 0)
			return no_answer(t, err, strerror(failure));
	}
	set_options(t->fd);
	return true;
}

static bool connect_any(struct transport *t, int64_t deadline_ms, struct error *err)
{
	struct addrinfo wish = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list;
	int code = getaddrinfo(t->profile->host, t->profile->port, &wish, &list);
	struct error last = {0};
	bool ok = false;

	if (code != 0) /* AI_ADDRCONFIG hides 127.0.0.1 on a machine without a network */
		wish.ai_flags = 0;
	if (code != 0 && (code = getaddrinfo(t->profile->host, t->profile->port, &wish, &list)) != 0)
		return no_answer(t, err, gai_strerror(code));
	for (struct addrinfo *a = list; a != NULL && !ok; a = a->ai_next) {
		int64_t now = clock_ms(), left = deadline_ms - now;

		/* An address that swallows everything leaves half of the time to those behind it. */
		ok = connect_one(t, a, a->ai_next != NULL && left > 0 ? now + left / 2 : deadline_ms, &last);
		if (!ok && t->fd >= 0) {
			close(t->fd);
			t->fd = -1;
		}
	}
	freeaddrinfo(list);
	if (!ok && err != NULL)
		*err = last;
	return ok;
}

static bool tls_setup_failed(struct error *err, const char *what, const char *file)
{
	const char *why = ERR_reason_error_string(ERR_peek_error());

	if (access(file, R_OK) != 0)
		return config_error(err, "cannot read the %s %s: %s", what, file, strerror(errno));
	return config_error(err, "cannot use the %s %s: %s", what, file, why != NULL ? why : "it is not understood");
}

/* A key with a passphrase would make OpenSSL ask on the terminal, in the middle of a cron job. */
static int refuse_passphrase(char *buffer, int size, int writing, void *data)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)data;
	return -1;
}

static bool make_context(struct transport *t, struct error *err)
{
	const struct profile *p = t->profile;

	ERR_clear_error();
	t->context = SSL_CTX_new(TLS_client_method());
	if (t->context == NULL)
		abort();
	SSL_CTX_set_min_proto_version(t->context, TLS1_3_VERSION);
	SSL_CTX_set_mode(t->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(t->context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(t->context, refuse_passphrase);
	SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_locations(t->context, p->cacert, NULL) != 1)
		return tls_setup_failed(err, "CA certificate", p->cacert);
	if (SSL_CTX_use_certificate_chain_file(t->context, p->cert) != 1)
		return tls_setup_failed(err, "certificate", p->cert);
	if (SSL_CTX_use_PrivateKey_file(t->context, p->key, SSL_FILETYPE_PEM) == 1)
		return true;
	if (ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH ||
		ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_TYPE_MISMATCH)
		return config_error(err, "the key %s does not belong to the certificate %s", p->key, p->cert);
	return tls_setup_failed(err, "key", p->key);
}

/* OpenSSL's macro casts the const away, which clang refuses; it takes a copy anyway. */
static bool set_server_name(SSL *ssl, const char *host)
{
	char *copy = strdup(host);
	bool ok = copy != NULL && SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, copy) == 1;

	free(copy);
	return ok;
}

static bool make_ssl(struct transport *t)
{
	static const unsigned char alpn[] = {2, 'h', '2'};
	const char *host = t->profile->host;
	unsigned char address[sizeof(struct in6_addr)];
	bool numeric = inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;

	t->ssl = SSL_new(t->context);
	if (t->ssl == NULL || SSL_set_fd(t->ssl, t->fd) != 1 || SSL_set_alpn_protos(t->ssl, alpn, sizeof alpn) != 0)
		return false;
	SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (numeric)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), host) == 1;
	return SSL_set1_host(t->ssl, host) == 1 && set_server_name(t->ssl, host);
}

/* What the other side's alert means for the person who reads it. */
static const struct {
	int alert;
	const char *sentence;
} alerts[] = {
	{SSL_AD_CERTIFICATE_REVOKED,
		"your certificate %s has been revoked; ask the shop's administrator for a new one"},
	{SSL_AD_CERTIFICATE_EXPIRED, "your certificate %s has expired; ask the shop's administrator for a new one"},
	{SSL_AD_UNKNOWN_CA, "your certificate %s is not from the shop's CA"},
	{SSL_AD_BAD_CERTIFICATE, "the shop does not accept your certificate %s"},
	{SSL_AD_UNSUPPORTED_CERTIFICATE, "your certificate %s is not meant for clients"},
	{SSL_AD_CERTIFICATE_UNKNOWN, "the shop does not accept your certificate %s"},
	{SSL_AD_CERTIFICATE_REQUIRED, "the shop wants a certificate and got none; is %s the right file?"},
	{SSL_AD_ACCESS_DENIED, "the shop does not let the certificate %s in"},
};

static bool certificate_error(struct error *err, const char *text)
{
	error_set(err, STATUS_UNAUTHENTICATED, NULL, "%s", text);
	snprintf(err->reason, sizeof err->reason, "%s", REASON_TLS);
	return false;
}

static bool alert_error(const struct transport *t, unsigned long code, struct error *err)
{
	int alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;

	for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
		const char *sentence = alerts[i].sentence, *mark = strstr(sentence, "%s");
		char text[512];

		if (alerts[i].alert != alert)
			continue;
		snprintf(text, sizeof text, "%.*s%s%s", (int)(mark - sentence), sentence, t->profile->cert, mark + 2);
		return certificate_error(err, text);
	}
	return false;
}

/* The certificate that the server showed does not pass. */
static bool verify_error(const struct transport *t, struct error *err)
{
	long result = SSL_get_verify_result(t->ssl);
	char text[512];

	if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH)
		snprintf(text, sizeof text, "the certificate of %s is for another name; use the name that is in it",
			t->profile->server);
	else
		snprintf(text, sizeof text, "the certificate of %s does not pass against the CA %s: %s",
			t->profile->server, t->profile->cacert, X509_verify_cert_error_string(result));
	return certificate_error(err, text);
}

static bool tls_error(const struct transport *t, int kind, int saved_errno, struct error *err)
{
	unsigned long code = ERR_peek_error();

	/* The queue may begin with another error, such as "EVP lib" when a CA of the same name has another key. */
	if (SSL_get_verify_result(t->ssl) != X509_V_OK)
		return verify_error(t, err);
	if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET) {
		struct error told = {0};

		alert_error(t, code, &told);
		if (told.code != STATUS_OK) {
			*err = told;
			return false;
		}
	}
	if (ERR_GET_REASON(code) == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION ||
		ERR_GET_REASON(code) == SSL_R_UNSUPPORTED_PROTOCOL)
		return no_answer(t, err, "it does not speak TLS 1.3; is this the shop's port?");
	if (ERR_GET_REASON(code) == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL)
		return no_answer(t, err, "it does not speak HTTP/2; is this the shop's port?");
	if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
		(kind == SSL_ERROR_SYSCALL && saved_errno == 0))
		return no_answer(t, err, "it closed the connection");
	if (kind == SSL_ERROR_SYSCALL)
		return no_answer(t, err, strerror(saved_errno));
	return no_answer(t, err, ERR_reason_error_string(code) != NULL ? ERR_reason_error_string(code) : "broken TLS");
}

/* After an SSL_* call returned n: true to try it again, false with err when it failed. */
static bool again(struct transport *t, int n, int64_t deadline_ms, struct error *err)
{
	int saved_errno = errno, kind = SSL_get_error(t->ssl, n);

	if (kind == SSL_ERROR_WANT_READ)
		return wait_ready(t, POLLIN, deadline_ms, err);
	if (kind == SSL_ERROR_WANT_WRITE)
		return wait_ready(t, POLLOUT, deadline_ms, err);
	return tls_error(t, kind, saved_errno, err);
}

static bool shake_hands(struct transport *t, int64_t deadline_ms, struct error *err)
{
	const unsigned char *chosen;
	unsigned len;

	if (!make_ssl(t))
		return config_error(err, "'%s' is no name that a certificate could have", t->profile->host);
	for (;;) {
		int n;

		ERR_clear_error();
		errno = 0;
		n = SSL_connect(t->ssl);
		if (n == 1)
			break;
		if (!again(t, n, deadline_ms, err))
			return false;
	}
	SSL_get0_alpn_selected(t->ssl, &chosen, &len);
	if (len != 2 || memcmp(chosen, "h2", 2) != 0)
		return no_answer(t, err, "it does not speak HTTP/2; is this the shop's port?");
	return true;
}

struct transport *transport_open(const struct profile *profile, int64_t deadline_ms, struct error *err)
{
	struct transport *t = calloc(1, sizeof *t);

	if (t == NULL)
		abort();
	t->profile = profile;
	t->fd = -1;
	if (make_context(t, err) && connect_any(t, deadline_ms, err) && shake_hands(t, deadline_ms, err))
		return t;
	transport_free(t);
	return NULL;
}

void transport_free(struct transport *t)
{
	if (t == NULL)
		return;
	if (t->ssl != NULL && SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl); /* says close_notify; does not wait for the answer */
	SSL_free(t->ssl);
	SSL_CTX_free(t->context);
	ERR_clear_error();
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

/* What an SSL_* call that moved nothing waits for; false with err when it failed. */
static bool waits_for(struct transport *t, int n, short *ret_events, struct error *err)
{
	int saved_errno = errno, kind = SSL_get_error(t->ssl, n);

	if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE)
		return tls_error(t, kind, saved_errno, err);
	*ret_events = kind == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
	return true;
}

bool transport_send(struct transport *t, const uint8_t *bytes, size_t len, size_t *ret_len, struct error *err)
{
	*ret_len = 0;
	t->write_waits = 0;
	while (*ret_len < len) {
		size_t left = len - *ret_len;
		int n;

		ERR_clear_error();
		errno = 0;
		n = SSL_write(t->ssl, bytes + *ret_len, left > 1 << 20 ? 1 << 20 : (int)left);
		if (n <= 0)
			return waits_for(t, n, &t->write_waits, err);
		*ret_len += (size_t)n;
	}
	return true;
}

bool transport_receive(
	struct transport *t, uint8_t *bytes, size_t size, size_t *ret_len, bool *ret_end, struct error *err)
{
	int n;

	*ret_len = 0;
	*ret_end = false;
	t->read_waits = 0;
	ERR_clear_error();
	errno = 0;
	n = SSL_read(t->ssl, bytes, size > 1 << 20 ? 1 << 20 : (int)size);
	if (n > 0)
		*ret_len = (size_t)n;
	else if (SSL_get_error(t->ssl, n) == SSL_ERROR_ZERO_RETURN)
		*ret_end = true;
	else
		return waits_for(t, n, &t->read_waits, err);
	return true;
}

bool transport_wait(struct transport *t, int64_t until_ms, struct error *err)
{
	struct pollfd p = {.fd = t->fd, .events = t->read_waits | t->write_waits};
	int64_t left = until_ms - clock_ms();

	if (left <= 0 || poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left) >= 0 || errno == EINTR)
		return true;
	return no_answer(t, err, strerror(errno));
}
