/*
 * head.c: collects and judges the headers of a request; called by call.c. Owns the query until head_release().
 *
 * A gRPC peer that breaks the protocol (no te, a grpc-timeout that is none) gets INTERNAL, as every gRPC server
 * answers it: INVALID_ARGUMENT is kept for what a person can correct in a request, which headers of Connect are.
 *
 * A browser that holds a client certificate shows it for any page that asks. So no page of another site is served:
 * not by POST, whose content types here make the browser ask first (and nobody answers OPTIONS), and not by GET.
 */
#include "head.h"

#include "connect.h"
#include "metadata.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is(const char *text, size_t len, const char *literal)
{
	return len == strlen(literal) && memcmp(text, literal, len) == 0;
}

static void take_method(struct head *h, const char *value, size_t len)
{
	static const struct {
		const char *name;
		enum head_verb verb;
	} verbs[] = {{"POST", VERB_POST}, {"GET", VERB_GET}, {"HEAD", VERB_HEAD}};

	h->verb = VERB_OTHER;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (is(value, len, verbs[i].name))
			h->verb = verbs[i].verb;
}

/* The query is a message: it must not reach the log, so it is not part of the path. */
static void take_path(struct head *h, const char *value, size_t len)
{
	const char *mark = memchr(value, '?', len);
	size_t n;

	h->path_len = mark ? (size_t)(mark - value) : len;
	n = h->path_len < sizeof h->path ? h->path_len : sizeof h->path - 1;
	memcpy(h->path, value, n);
	h->path[n] = '\0';
	if (!mark || h->query)
		return;
	h->query_len = len - h->path_len - 1;
	h->query = malloc(h->query_len + 1);
	if (h->query)
		memcpy(h->query, mark + 1, h->query_len);
}

static void take_authority(struct head *h, const char *value, size_t len)
{
	/* One that is cut matches no origin, and nothing else is asked of it. */
	size_t n = len < sizeof h->authority ? len : 0;

	memcpy(h->authority, value, n);
	h->authority[n] = '\0';
}

static void take_content_type(struct head *h, const char *value, size_t len)
{
	static const struct {
		const char *name;
		enum dialect dialect;
		bool json;
	} types[] = {
		{"application/grpc", DIALECT_GRPC, false},
		{"application/grpc+proto", DIALECT_GRPC, false},
		{"application/proto", DIALECT_CONNECT, false},
		{"application/json", DIALECT_CONNECT, true},
	};
	const char *end = memchr(value, ';', len);
	size_t bare = end ? (size_t)(end - value) : len;

	while (bare > 0 && value[bare - 1] == ' ')
		bare--;
	h->dialect = DIALECT_OTHER;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (bare == strlen(types[i].name) && strncasecmp(value, types[i].name, bare) == 0) {
			h->dialect = types[i].dialect;
			h->json = types[i].json;
			h->content_type = types[i].name;
		}
	}
}

static void take_te(struct head *h, const char *value, size_t len)
{
	h->te_trailers = is(value, len, "trailers");
}

static void take_grpc_timeout(struct head *h, const char *value, size_t len)
{
	h->grpc_timeout.bad = !grpc_timeout_parse(value, len, &h->grpc_timeout.ms);
}

static void take_connect_timeout(struct head *h, const char *value, size_t len)
{
	h->connect_timeout.bad = !connect_timeout_parse(value, len, &h->connect_timeout.ms);
}

static void take_encoding(struct head_coding *coding, const char *value, size_t len)
{
	coding->gzip = is(value, len, "gzip");
	coding->bad = !coding->gzip && !is(value, len, "identity");
}

static void take_grpc_encoding(struct head *h, const char *value, size_t len)
{
	take_encoding(&h->grpc_coding, value, len);
}

static void take_content_encoding(struct head *h, const char *value, size_t len)
{
	take_encoding(&h->connect_coding, value, len);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether an element of the list is gzip, and not by ;q=0 said to be unwanted. */
static bool element_is_gzip(const char *at, const char *end)
{
	static const char gzip[] = "gzip";
	const size_t n = sizeof gzip - 1;

	while (at < end && is_blank(*at))
		at++;
	if ((size_t)(end - at) < n || memcmp(at, gzip, n) != 0)
		return false;
	for (at += n; at < end && is_blank(*at);)
		at++;
	if (at == end)
		return true;
	if (*at++ != ';')
		return false;
	/* What is left is a weight: unwanted when it is made of nothing but q, =, zeros and a point. */
	for (; at < end; at++)
		if (*at >= '1' && *at <= '9')
			return true;
	return false;
}

/* A list with commas and perhaps blanks, in several fields perhaps. */
static void take_accept_encoding(struct head_coding *coding, const char *value, size_t len)
{
	const char *end = value + len;

	while (value < end) {
		const char *comma = memchr(value, ',', (size_t)(end - value));

		coding->accepts = coding->accepts || element_is_gzip(value, comma ? comma : end);
		value = comma ? comma + 1 : end;
	}
}

static void take_grpc_accept_encoding(struct head *h, const char *value, size_t len)
{
	take_accept_encoding(&h->grpc_coding, value, len);
}

static void take_http_accept_encoding(struct head *h, const char *value, size_t len)
{
	take_accept_encoding(&h->connect_coding, value, len);
}

static void take_connect_version(struct head *h, const char *value, size_t len)
{
	h->bad_version = !is(value, len, "1");
}

/* Of a request that a page makes, browsers send at least one of these two, and no page can change them. */
static void take_sec_fetch_site(struct head *h, const char *value, size_t len)
{
	if (!is(value, len, "same-origin") && !is(value, len, "none"))
		h->foreign = true;
}

static void take_origin(struct head *h, const char *value, size_t len)
{
	static const char scheme[] = "https://";
	const size_t n = sizeof scheme - 1;

	/* The pseudo headers come first, so the authority is known. */
	if (len <= n || memcmp(value, scheme, n) != 0 || len - n != strlen(h->authority) ||
		strncasecmp(value + n, h->authority, len - n) != 0)
		h->foreign = true;
}

static const struct {
	const char *name;
	void (*take)(struct head *h, const char *value, size_t len);
} fields[] = {
	{":method", take_method},
	{":path", take_path},
	{":authority", take_authority},
	{"content-type", take_content_type},
	{"te", take_te},
	{"grpc-timeout", take_grpc_timeout},
	{"grpc-encoding", take_grpc_encoding},
	{"grpc-accept-encoding", take_grpc_accept_encoding},
	{"connect-timeout-ms", take_connect_timeout},
	{"connect-protocol-version", take_connect_version},
	{"content-encoding", take_content_encoding},
	{"accept-encoding", take_http_accept_encoding},
	{"sec-fetch-site", take_sec_fetch_site},
	{"origin", take_origin},
};

void head_field(struct head *h, const char *name, size_t name_len, const char *value, size_t value_len)
{
	h->bytes += name_len + value_len + 32;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (is(name, name_len, fields[i].name)) {
			fields[i].take(h, value, value_len);
			return;
		}
	}
}

void head_release(struct head *h)
{
	free(h->query);
	h->query = NULL;
}

const struct head_coding *head_coding(const struct head *h)
{
	return h->dialect == DIALECT_GRPC ? &h->grpc_coding : &h->connect_coding;
}

int64_t head_timeout_ms(const struct head *h)
{
	return h->dialect == DIALECT_GRPC ? h->grpc_timeout.ms : h->connect_timeout.ms;
}

static bool check_grpc(const struct head *h, struct error *err)
{
	if (!h->te_trailers)
		return error_set(err, STATUS_INTERNAL, NULL,
			"the request has no te: trailers: a proxy on the way does not pass trailers on");
	if (h->grpc_timeout.bad)
		return error_set(
			err, STATUS_INTERNAL, NULL, "grpc-timeout is not 1 to 8 digits and one of H M S m u n");
	if (h->grpc_coding.bad)
		return error_set(err, STATUS_UNIMPLEMENTED, NULL,
			"the grpc-encoding is not one of identity and gzip: send messages as they are");
	return true;
}

static bool check_connect(const struct head *h, struct error *err)
{
	if (h->bad_version)
		return error_set(err, STATUS_INVALID_ARGUMENT, NULL, "connect-protocol-version must be 1");
	if (h->connect_timeout.bad)
		return error_set(err, STATUS_INVALID_ARGUMENT, NULL,
			"connect-timeout-ms must be a number of milliseconds, at most 10 digits");
	if (h->connect_coding.bad)
		return error_set(err, STATUS_UNIMPLEMENTED, NULL,
			"the content-encoding is not one of identity and gzip: send the message as it is");
	return true;
}

bool head_check(struct head *h, int *ret_http, struct error *err)
{
	*ret_http = 0;
	if (h->foreign)
		return error_set(err, STATUS_PERMISSION_DENIED, NULL,
			"the page of another site asks: only pages of this server's own origin may");
	if (h->verb != VERB_POST && (h->verb != VERB_GET || h->dialect == DIALECT_GRPC)) {
		*ret_http = 405;
		h->dialect = DIALECT_OTHER;
		return error_set(err, STATUS_UNIMPLEMENTED, NULL, "the request is not a POST");
	}
	if (h->verb == VERB_POST && h->dialect == DIALECT_OTHER) {
		*ret_http = 415;
		return error_set(err, STATUS_UNIMPLEMENTED, NULL,
			"the content-type is not one of application/json, application/proto, application/grpc");
	}
	return h->dialect == DIALECT_GRPC ? check_grpc(h, err) : check_connect(h, err);
}
