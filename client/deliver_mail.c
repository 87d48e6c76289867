/*
 * deliver_mail.c: one message to one recipient by SMTP, or through the host's sendmail. Called by deliver.c.
 * Owns nothing between calls.
 */
#include "deliver.h"

#include "failure.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- SMTP ---- */

/* One conversation, as it is watched: libcurl's own result does not say which command a reply was for. */
struct talk {
	const char *message;
	size_t len, sent;
	enum smtp_stage stage;
	unsigned reply; /* to the last command but QUIT; 0: none yet */
	bool over;      /* QUIT was said */
	char text[256];
};

static void hear(struct talk *t, const char *line, size_t len)
{
	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	if (len < 3 || strspn(line, "0123456789") < 3)
		return;
	t->reply = (unsigned)(line[0] - '0') * 100 + (unsigned)(line[1] - '0') * 10 + (unsigned)(line[2] - '0');
	snprintf(t->text, sizeof t->text, "%.*s", (int)len, line);
}

static int watch(CURL *curl, curl_infotype type, char *data, size_t len, void *of)
{
	struct talk *t = of;

	(void)curl;
	t->over = t->over || (type == CURLINFO_HEADER_OUT && len >= 4 && strncasecmp(data, "QUIT", 4) == 0);
	if (t->over)
		return 0;
	if (type == CURLINFO_HEADER_IN) {
		char line[512];
		size_t n = len < sizeof line - 1 ? len : sizeof line - 1;

		memcpy(line, data, n);
		line[n] = '\0';
		hear(t, line, n);
	} else if (type == CURLINFO_HEADER_OUT) {
		t->reply = 0;
		if (len >= 4 && strncasecmp(data, "RCPT", 4) == 0)
			t->stage = SMTP_RECIPIENT;
		else if (len >= 4 && strncasecmp(data, "DATA", 4) == 0)
			t->stage = SMTP_DATA;
	}
	return 0;
}

/* The message as libcurl asks for it. What is asked for follows 354: the next reply is to the message. */
static size_t give(char *out, size_t size, size_t count, void *of)
{
	struct talk *t = of;
	size_t n = size * count;

	if (n > t->len - t->sent)
		n = t->len - t->sent;
	memcpy(out, t->message + t->sent, n);
	t->sent += n;
	t->stage = SMTP_BODY;
	t->reply = 0;
	return n;
}

static bool set_login(CURL *c, const struct send_settings *s, TALLOC_CTX *ctx, struct delivery_result *ret)
{
	struct error err = {0};
	const char *password;

	if (*s->mail_user == '\0')
		return true;
	if (!send_secret_read(ctx, s->mail_password, &password, &err)) {
		result_set(ret, RADIOSHOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_RETRY, "%s", err.text);
		ret->our_fault = true;
		return false;
	}
	curl_easy_setopt(c, CURLOPT_USERNAME, s->mail_user);
	curl_easy_setopt(c, CURLOPT_PASSWORD, password);
	return true;
}

static void set_up(CURL *c, const struct send_settings *s, struct talk *t, const char *url)
{
	long tls = strcmp(s->mail_tls, "never") == 0     ? CURLUSESSL_NONE
		   : strcmp(s->mail_tls, "offered") == 0 ? CURLUSESSL_TRY
							 : CURLUSESSL_ALL;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_USE_SSL, tls);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)send_settings_timeout(s));
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(c, CURLOPT_READDATA, t);
	curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, watch);
	curl_easy_setopt(c, CURLOPT_DEBUGDATA, t);
	if (*s->mail_ca != '\0')
		curl_easy_setopt(c, CURLOPT_CAINFO, s->mail_ca);
}

static void deliver_smtp(
	const struct send_settings *s, const Radioshop__V1__Delivery *d, TALLOC_CTX *ctx, struct delivery_result *ret)
{
	char *from = talloc_asprintf(ctx, "<%s>", s->mail_from), *to = talloc_asprintf(ctx, "<%s>", d->address);
	char *url = talloc_asprintf(ctx, "%s%s%s", s->mail, *s->mail_hello != '\0' ? "/" : "", s->mail_hello);
	char *message = notice_mail(ctx, d, s->mail_from), why[CURL_ERROR_SIZE] = "";
	struct talk t = {.message = message, .len = strlen(message), .stage = SMTP_BEFORE};
	struct curl_slist *recipients = curl_slist_append(NULL, to);
	CURL *c = curl_easy_init();
	CURLcode code;

	if (c == NULL || recipients == NULL)
		abort();
	set_up(c, s, &t, url);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, recipients);
	if (set_login(c, s, ctx, ret)) {
		code = curl_easy_perform(c);
		result_set(ret, outcome_of_smtp(t.stage, t.reply), "%s",
			t.reply != 0 ? t.text : (*why != '\0' ? why : curl_easy_strerror(code)));
	}
	curl_slist_free_all(recipients);
	curl_easy_cleanup(c);
}

/* ---- sendmail ---- */

/* Line ends as programs have them on this host. */
static char *without_cr(TALLOC_CTX *ctx, const char *message)
{
	char *out = talloc_strdup(ctx, message), *to = out;

	if (out == NULL)
		abort();
	for (const char *c = out; *c != '\0'; c++)
		if (*c != '\r')
			*to++ = *c;
	*to = '\0';
	return out;
}

/* In the child: runs the program with the message as its input, and is ended by SIGALRM when it takes too long. */
static void become_sendmail(const struct send_settings *s, const char *to, int in)
{
	char *const argv[] = {(char *)(uintptr_t)s->mail, (char *)(uintptr_t) "-i", (char *)(uintptr_t) "-f",
		(char *)(uintptr_t)s->mail_from, (char *)(uintptr_t) "--", (char *)(uintptr_t)to, NULL};

	signal(SIGALRM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	alarm(send_settings_timeout(s));
	if (dup2(in, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(71);
	execv(s->mail, argv);
	_exit(72);
}

static bool feed(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static void deliver_sendmail(
	const struct send_settings *s, const Radioshop__V1__Delivery *d, TALLOC_CTX *ctx, struct delivery_result *ret)
{
	char *message = without_cr(ctx, notice_mail(ctx, d, s->mail_from));
	int ends[2], status = 0;
	bool fed;
	pid_t pid;

	signal(SIGPIPE, SIG_IGN);
	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		result_set(ret, RADIOSHOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_RETRY, "cannot start %s: %s", s->mail,
			strerror(errno));
		return;
	}
	if (pid == 0)
		become_sendmail(s, d->address, ends[0]);
	close(ends[0]);
	fed = feed(ends[1], message);
	close(ends[1]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFSIGNALED(status))
		result_set(ret, RADIOSHOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_RETRY, "%s was ended by signal %d%s",
			s->mail, WTERMSIG(status), WTERMSIG(status) == SIGALRM ? ": it took too long" : "");
	else if (WEXITSTATUS(status) == 0 && !fed)
		result_set(ret, RADIOSHOP__V1__DELIVERY_OUTCOME__DELIVERY_OUTCOME_RETRY, "%s did not read the message",
			s->mail);
	else
		result_set(ret, outcome_of_sendmail(WEXITSTATUS(status)), "%s ended with %d", s->mail,
			WEXITSTATUS(status));
	ret->our_fault = WIFEXITED(status) && (WEXITSTATUS(status) == 71 || WEXITSTATUS(status) == 72);
}

void deliver_mail(const struct send_settings *s, const Radioshop__V1__Delivery *d, struct delivery_result *ret)
{
	TALLOC_CTX *ctx = talloc_new(NULL);

	if (*s->mail == '/')
		deliver_sendmail(s, d, ctx, ret);
	else
		deliver_smtp(s, d, ctx, ret);
	talloc_free(ctx);
}
