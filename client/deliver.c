/*
 * deliver.c: chooses the channel; files and standard output are written here; what answers mean. Called by send.c.
 * Owns nothing between calls.
 */
#include "deliver.h"

#include "store.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define DELIVERED RADIOSHOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_DELIVERED
#define FAILED    RADIOSHOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_FAILED
#define RETRY     RADIOSHOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_RETRY

/* ---- what answers mean ---- */

Radioshop__V1__DeliveryOutcome outcome_of_smtp(enum smtp_stage stage, unsigned reply)
{
	if (stage == SMTP_BODY && reply >= 200 && reply < 300)
		return DELIVERED;
	return stage >= SMTP_RECIPIENT && reply >= 500 && reply < 600 ? FAILED : RETRY;
}

Radioshop__V1__DeliveryOutcome outcome_of_sendmail(int status)
{
	switch (status) {
	case EX_OK:
		return DELIVERED;
	case EX_DATAERR: /* msmtp says so of 5xx */
	case EX_NOUSER:
	case EX_NOHOST:
		return FAILED;
	default:
		return RETRY;
	}
}

Radioshop__V1__DeliveryOutcome outcome_of_http(unsigned status)
{
	if (status >= 200 && status < 300)
		return DELIVERED;
	return status >= 300 && status < 500 && status != 408 && status != 425 && status != 429 ? FAILED : RETRY;
}

void result_set(struct delivery_result *r, Radioshop__V1__DeliveryOutcome outcome, const char *format, ...)
{
	char text[sizeof r->reply], *shown;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	shown = terminal_clean(NULL, text, false);
	r->outcome = outcome;
	snprintf(r->reply, sizeof r->reply, "%s", shown);
	talloc_free(shown);
	/* A character that was cut in two is no text. */
	for (size_t n = strlen(r->reply); n > 0 && (r->reply[n - 1] & 0x80) != 0; n--)
		r->reply[n - 1] = '\0';
}

static void result_ours(struct delivery_result *r, const char *text)
{
	result_set(r, RETRY, "%s", text);
	r->our_fault = true;
}

/* ---- files and standard output ---- */

static bool is_file_name(const char *name)
{
	return *name != '\0' && *name != '.' && strchr(name, '/') == NULL;
}

/* One write, so that lines of two hosts do not mix; a line that a crash has left half is ended first. */
static bool append_line(const char *path, const char *line)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	size_t len = strlen(line);
	char last = '\n';
	off_t size;
	bool ok;

	if (fd < 0)
		return false;
	size = lseek(fd, 0, SEEK_END);
	ok = size <= 0 || pread(fd, &last, 1, size - 1) == 1;
	if (ok && last != '\n')
		ok = write(fd, "\n", 1) == 1;
	ok = ok && write(fd, line, len) == (ssize_t)len && fsync(fd) == 0;
	return close(fd) == 0 && ok;
}

static void deliver_file(const struct send_settings *s, const Radioshop__V1__Delivery *d, struct delivery_result *ret)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *dir = talloc_asprintf(ctx, "%s/%s", s->files, d->agency),
	     *path = talloc_asprintf(ctx, "%s/%s", dir, d->address);
	char *line = talloc_asprintf(ctx, "%s\n", notice_json(ctx, d));
	struct error err = {0};

	if (*s->files == '\0')
		result_ours(ret, "this host writes no files: set files = DIRECTORY in send.conf");
	else if (!is_file_name(d->agency) || !is_file_name(d->address))
		result_set(ret, FAILED, "'%s' is no name of a file", d->address);
	else if (!store_make_directory(dir, &err))
		result_ours(ret, err.text);
	else if (!append_line(path, line))
		result_ours(ret, talloc_asprintf(ctx, "cannot write %s: %s", path, strerror(errno)));
	else
		result_set(ret, DELIVERED, "written");
	talloc_free(ctx);
}

static void deliver_output(const Radioshop__V1__Delivery *d, struct delivery_result *ret)
{
	char *text = notice_text(NULL, d);

	if (fputs(text, stdout) >= 0 && putchar('\n') != EOF && fflush(stdout) == 0)
		result_set(ret, DELIVERED, "printed");
	else
		result_ours(ret, "the output cannot be written");
	talloc_free(text);
}

void deliver(const struct send_settings *s, const Radioshop__V1__Delivery *d, struct delivery_result *ret)
{
	*ret = (struct delivery_result){.outcome = RETRY};
	switch (d->channel) {
	case RADIOSHOP__V1__ALERT_CHANNEL__ALERT_CHANNEL_EMAIL:
		if (*s->mail == '\0')
			result_ours(ret, "this host sends no mail: set mail = smtp://HOST:PORT in send.conf");
		else if (!notice_is_address(d->address))
			result_set(ret, FAILED, "'%s' is no address", d->address);
		else
			deliver_mail(s, d, ret);
		break;
	case RADIOSHOP__V1__ALERT_CHANNEL__ALERT_CHANNEL_WEBHOOK:
		deliver_web(s, d, ret);
		break;
	case RADIOSHOP__V1__ALERT_CHANNEL__ALERT_CHANNEL_FILE:
		deliver_file(s, d, ret);
		break;
	case RADIOSHOP__V1__ALERT_CHANNEL__ALERT_CHANNEL_OUTPUT:
		deliver_output(d, ret);
		break;
	default:
		result_ours(ret, "this version of the command does not know the channel");
	}
}
