/*
 * deliver_web.c: one message as an HTTPS POST, signed with a key that only this host and the receiver have. Called by
 * deliver.c. Owns nothing between calls.
 */
#include "deliver.h"

#include "failure.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WEB_TIMEOUT_S = 10, HEARD_MAX = 200 };

struct heard {
	char text[HEARD_MAX + 1];
	size_t len;
};

/* The beginning of the answer is for people; the rest is taken and forgotten, up to what no receiver needs. */
static size_t hear(char *data, size_t size, size_t count, void *of)
{
	struct heard *h = of;
	size_t n = size * count, room = HEARD_MAX - h->len;

	memcpy(h->text + h->len, data, n < room ? n : room);
	h->len += n < room ? n : room;
	return n;
}

/* Hexadecimal HMAC-SHA256 of "TIME.BODY": the time keeps an old message from being played again. */
static char *signature(TALLOC_CTX *ctx, const char *key, int64_t at, const char *body)
{
	char *text = talloc_asprintf(ctx, "%" PRId64 ".%s", at, body), *out = talloc_zero_array(ctx, char, 2 * 32 + 1);
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (text == NULL || out == NULL ||
		HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text, strlen(text), sum, &len) ==
			NULL ||
		len != 32)
		abort();
	for (unsigned i = 0; i < len; i++)
		snprintf(out + (size_t)2 * i, 3, "%02x", sum[i]);
	return out;
}

static struct curl_slist *make_headers(
	TALLOC_CTX *ctx, const Radioshop__V1__Delivery *d, const char *key, const char *body)
{
	int64_t now = (int64_t)time(NULL);
	const char *lines[] = {"Content-Type: application/json", "Expect:", "User-Agent: radioshop/" RADIOSHOP_VERSION,
		talloc_asprintf(ctx, "Idempotency-Key: %s", d->id),
		talloc_asprintf(ctx, "Radioshop-Timestamp: %" PRId64, now),
		talloc_asprintf(ctx, "Radioshop-Signature: sha256=%s", signature(ctx, key, now, body))};
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		list = curl_slist_append(list, lines[i]);
		if (list == NULL)
			abort();
	}
	return list;
}

static void set_up(
	CURL *c, const struct send_settings *s, const Radioshop__V1__Delivery *d, struct heard *heard, char *why)
{
	unsigned timeout = send_settings_timeout(s);

	curl_easy_setopt(c, CURLOPT_URL, d->address);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)(timeout < WEB_TIMEOUT_S ? timeout : WEB_TIMEOUT_S));
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE, 1L << 20);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, hear);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, heard);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	if (*s->webhook_ca != '\0')
		curl_easy_setopt(c, CURLOPT_CAINFO, s->webhook_ca);
}

static void post(
	const struct send_settings *s, const Radioshop__V1__Delivery *d, const char *key, struct delivery_result *ret)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *body = notice_json(ctx, d), why[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = make_headers(ctx, d, key, body);
	struct heard heard = {.len = 0};
	CURL *c = curl_easy_init();
	long status = 0;
	CURLcode code;

	if (c == NULL)
		abort();
	set_up(c, s, d, &heard, why);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (status == 0)
		result_set(ret, outcome_of_http(0), "%s", *why != '\0' ? why : curl_easy_strerror(code));
	else
		result_set(ret, outcome_of_http((unsigned)status), "HTTP %ld%s%s", status, heard.len > 0 ? ": " : "",
			heard.text);
	curl_slist_free_all(headers);
	curl_easy_cleanup(c);
	talloc_free(ctx);
}

void deliver_web(const struct send_settings *s, const Radioshop__V1__Delivery *d, struct delivery_result *ret)
{
	char *path = talloc_asprintf(NULL, "%s/%s/%s", s->secrets, d->agency, d->secret);
	struct error err = {0};
	const char *key;

	if (strchr(d->secret, '/') != NULL || strncmp(d->address, "https://", 8) != 0) {
		result_set(ret, RADIOSHOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_FAILED, "the route leads nowhere");
	} else if (!send_secret_read(path, path, &key, &err)) {
		result_set(ret, RADIOSHOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_RETRY, "%s", err.text);
		ret->our_fault = true;
	} else {
		post(s, d, key, ret);
	}
	talloc_free(path);
}
