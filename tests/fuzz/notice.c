/*
 * notice.c: any bytes as a delivery, or as the settings of a host that sends. A mail message of it is ASCII in CRLF
 * lines, of a fixed list of headers each once, whatever is in the fields; the JSON is one line that says the same id;
 * an address that passes can stand in a header.
 */
#include "notice.h"
#include "message.h"
#include "send_settings.h"
#include "target.h"

#include <jansson.h>

static const char *const headers[] = {"Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted",
	"X-Radioshop-Delivery", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
enum { HEADERS = sizeof headers / sizeof headers[0], LONGEST = 300 };

static void check_lines(const char *mail)
{
	for (const char *c = mail; *c != '\0'; c++) {
		expect((unsigned char)*c < 0x7f && (*c >= ' ' || *c == '\r' || *c == '\n'));
		expect(*c != '\r' || c[1] == '\n');
		expect(*c != '\n' || (c > mail && c[-1] == '\r'));
	}
	while (*mail != '\0') {
		size_t len = strcspn(mail, "\r");

		expect(len <= LONGEST);
		mail += len + 2;
	}
}

/* Each header once and in its order; nothing else begins a line before the empty one. */
static void check_headers(const char *mail)
{
	size_t next = 0;

	while (strncmp(mail, "\r\n", 2) != 0) {
		size_t len = strcspn(mail, "\r");

		if (*mail != ' ') {
			expect(next < HEADERS);
			expect(strncmp(mail, headers[next], strlen(headers[next])) == 0 &&
				mail[strlen(headers[next])] == ':');
			next++;
		}
		mail += len + 2;
	}
	expect(next == HEADERS);
	for (mail += 2; *mail != '\0'; mail += strcspn(mail, "\r") + 2)
		expect(strcspn(mail, "\r") <= 76);
}

static void check_json(TALLOC_CTX *ctx, const Radioshop__V1__Delivery *d)
{
	char *text = notice_json(ctx, d);
	json_t *said;

	expect(strpbrk(text, "\r\n") == NULL);
	said = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	expect(said != NULL && json_object_get(said, "secret") == NULL && json_object_get(said, "id") != NULL);
	json_decref(said);
}

static void check_settings(TALLOC_CTX *ctx, const uint8_t *data, size_t size)
{
	struct error err = {.code = STATUS_OK};
	struct send_settings s;

	if (!send_settings_parse(ctx, "send.conf", "/dir", (const char *)data, size, &s, &err)) {
		expect(err.text[0] != '\0');
		return;
	}
	expect(send_settings_timeout(&s) >= 1 && send_settings_timeout(&s) <= 300);
	expect(*s.mail == '\0' || notice_is_address(s.mail_from));
	expect(strpbrk(s.mail, "\r\n") == NULL && strpbrk(s.mail_hello, "\r\n") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Radioshop__V1__Delivery *d = radioshop__v1__delivery__unpack(NULL, size, data);
	struct error err = {.code = STATUS_OK};
	struct arena arena;
	char *mail;

	check_settings(ctx, data, size);
	if (d != NULL) {
		/* What the shop sends was checked before; here it may be anything that protobuf takes. */
		mail = notice_mail(ctx, d, d->address);
		check_lines(mail);
		check_headers(mail);
		expect(notice_text(ctx, d) != NULL && notice_subject(ctx, d) != NULL);
		radioshop__v1__delivery__free_unpacked(d, NULL);
	}
	arena_init(&arena, NULL, 1 << 24);
	d = (Radioshop__V1__Delivery *)message_unpack(&radioshop__v1__delivery__descriptor, data, size, &arena, &err);
	if (d != NULL)
		check_json(ctx, d);
	arena_release(&arena);
	talloc_free(ctx);
	return 0;
}
