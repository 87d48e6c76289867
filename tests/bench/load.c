/*
 * load.c: keeps a server of gRPC or plain HTTP/2 busy over mutual TLS and says how fast it answered, as one JSON object.
 *
 *   load --to PORT --ca F --certificate F --key F --path /Service/Method --requests F
 *        [--connections N] [--in-flight N] [--seconds S | --once] [--idle]
 *
 * --requests is a file of messages, each behind its length (4 bytes, big-endian); they are sent in order and round again,
 * with --once until each was sent once. --idle opens the connections, makes one call on each, says "held" and
 * waits for the end of its input.
 *
 * Every server is measured with this one program, so that its own cost, which shares the cores, is the same for all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PREFIX = 5, OUT_MAX = 64 * 1024, EVENTS = 64, BUCKETS = 4096, STATUSES = 18, WINDOW = 16 * 1024 * 1024 };

struct message {
	uint8_t *bytes; /* prefix and message */
	size_t len;
};

struct stream {
	const struct message *message;
	size_t sent;
	int64_t begun_ns;
	int status; /* grpc-status; STATUSES - 1 when none came */
};

struct connection {
	int fd;
	SSL *ssl;
	nghttp2_session *session;
	unsigned open;
	bool wants_write;
	uint8_t out[OUT_MAX];
	size_t out_len, out_sent;
};

static struct {
	const char *port, *ca, *certificate, *key, *path, *requests;
	unsigned connections, in_flight;
	double seconds;
	bool once, idle;
} option = {.connections = 1, .in_flight = 1, .seconds = 2};

static struct message *messages;
static size_t message_count, next_message;
static bool stopping;
static uint64_t calls, bytes_in, by_status[STATUSES];
static uint64_t latency[BUCKETS]; /* by latency_bucket() */
static int epoll_fd;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "failed");
	ERR_print_errors_fp(stderr);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* 64 buckets to a doubling: within 1.6 percent of the truth. */
static unsigned latency_bucket(uint64_t us)
{
	unsigned shift = us < 64 ? 0 : 57U - (unsigned)__builtin_clzll(us);
	unsigned bucket = us < 64 ? (unsigned)us : 64 * (shift + 1) + (unsigned)(us >> shift) - 64;

	return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static double latency_of(unsigned bucket)
{
	return bucket < 64 ? bucket : (double)((uint64_t)(bucket % 64 + 64) << (bucket / 64 - 1));
}

static double percentile(double share)
{
	uint64_t seen = 0, wanted = (uint64_t)((double)calls * share);

	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += latency[i];
		if (seen > wanted)
			return latency_of(i);
	}
	return 0;
}

static void read_messages(void)
{
	FILE *file = fopen(option.requests, "rb");
	uint8_t size[4];
	size_t room = 0;

	if (!file)
		die(option.requests);
	while (fread(size, 1, 4, file) == 4) {
		size_t len = (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];
		struct message *m;

		if (message_count == room) {
			room = room ? 2 * room : 1024;
			messages = realloc(messages, room * sizeof(*messages));
		}
		m = &messages[message_count++];
		m->len = PREFIX + len;
		m->bytes = calloc(1, m->len);
		if (!messages || !m->bytes)
			die("memory");
		memcpy(m->bytes + 1, size, 4);
		if (fread(m->bytes + PREFIX, 1, len, file) != len)
			die("the requests are cut off");
	}
	fclose(file);
	if (message_count == 0)
		die("there are no requests");
}

static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *buf, size_t room, uint32_t *flags,
	nghttp2_data_source *source, void *user)
{
	struct stream *s = source->ptr;
	size_t n = s->message->len - s->sent;

	(void)session;
	(void)id;
	(void)user;
	if (n > room)
		n = room;
	memcpy(buf, s->message->bytes + s->sent, n);
	s->sent += n;
	if (s->sent == s->message->len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

#define FIELD(n, v)                                                                                         \
	{                                                                                                   \
		(uint8_t *)(uintptr_t)(n), (uint8_t *)(uintptr_t)(v), sizeof(n) - 1, strlen(v),             \
			NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                        \
	}

static void begin_call(struct connection *c)
{
	const nghttp2_nv fields[] = {FIELD(":method", "POST"), FIELD(":scheme", "https"), FIELD(":path", option.path),
		FIELD(":authority", "localhost"), FIELD("content-type", "application/grpc"), FIELD("te", "trailers")};
	struct stream *s = calloc(1, sizeof(*s));
	nghttp2_data_provider body = {.source.ptr = s, .read_callback = on_read};

	if (!s)
		die("memory");
	s->message = &messages[next_message++ % message_count];
	s->begun_ns = now_ns();
	s->status = STATUSES - 1;
	if (nghttp2_submit_request(c->session, NULL, fields, sizeof(fields) / sizeof(*fields), &body, s) < 0)
		die("submit");
	c->open++;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
	const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

	(void)flags;
	(void)user;
	if (s && name_len == 11 && memcmp(name, "grpc-status", 11) == 0 && value_len > 0 && value_len < 3)
		s->status = atoi((const char *)value);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *user)
{
	(void)session;
	(void)flags;
	(void)id;
	(void)data;
	(void)user;
	bytes_in += len;
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, id);
	struct connection *c = user;

	(void)code;
	if (!s)
		return 0;
	calls++;
	by_status[s->status >= 0 && s->status < STATUSES ? s->status : STATUSES - 1]++;
	latency[latency_bucket((uint64_t)(now_ns() - s->begun_ns) / 1000)]++;
	free(s);
	c->open--;
	if (option.once && next_message >= message_count)
		stopping = true;
	if (!stopping && !option.idle)
		begin_call(c);
	return 0;
}

static void watch(struct connection *c, bool write)
{
	struct epoll_event event = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = c};

	if (write == c->wants_write)
		return;
	c->wants_write = write;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event) != 0)
		die("epoll");
}

/* Everything that HTTP/2 has to say, in as few writes as can be. */
static void send_all(struct connection *c)
{
	const uint8_t *bytes;
	ssize_t n;
	int rc;

	for (;;) {
		while (c->out_len < OUT_MAX - 17 * 1024 && (n = nghttp2_session_mem_send(c->session, &bytes)) > 0) {
			memcpy(c->out + c->out_len, bytes, (size_t)n);
			c->out_len += (size_t)n;
		}
		if (c->out_sent == c->out_len)
			break;
		ERR_clear_error();
		rc = SSL_write(c->ssl, c->out + c->out_sent, (int)(c->out_len - c->out_sent));
		if (rc <= 0) {
			if (SSL_get_error(c->ssl, rc) != SSL_ERROR_WANT_WRITE)
				die("the server closed");
			watch(c, true);
			return;
		}
		c->out_sent += (size_t)rc;
		if (c->out_sent == c->out_len)
			c->out_sent = c->out_len = 0;
	}
	watch(c, false);
}

static void receive_all(struct connection *c)
{
	static uint8_t bytes[64 * 1024];
	int n;

	for (;;) {
		ERR_clear_error();
		n = SSL_read(c->ssl, bytes, sizeof(bytes));
		if (n <= 0)
			break;
		if (nghttp2_session_mem_recv(c->session, bytes, (size_t)n) < 0)
			die("HTTP/2");
	}
	if (SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ)
		die("the server closed");
	send_all(c);
}

static SSL_CTX *make_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context || SSL_CTX_load_verify_locations(context, option.ca, NULL) != 1 ||
		SSL_CTX_use_certificate_chain_file(context, option.certificate) != 1 ||
		SSL_CTX_use_PrivateKey_file(context, option.key, SSL_FILETYPE_PEM) != 1)
		die("TLS files");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_protos(context, (const uint8_t *)"\2h2", 3);
	return context;
}

static void connect_one(struct connection *c, SSL_CTX *context, nghttp2_session_callbacks *callbacks)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(option.port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW}};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("connect");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->ssl = SSL_new(context);
	if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1 || SSL_set1_host(c->ssl, "localhost") != 1 || SSL_connect(c->ssl) != 1)
		die("TLS");
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
		die("epoll");
	if (nghttp2_session_client_new(&c->session, callbacks, c) != 0 ||
		nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, 1) != 0 ||
		nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, WINDOW) != 0)
		die("HTTP/2");
}

static struct connection *connect_all(void)
{
	struct connection *all = calloc(option.connections, sizeof(*all));
	nghttp2_session_callbacks *callbacks;
	SSL_CTX *context = make_context();

	if (!all || nghttp2_session_callbacks_new(&callbacks) != 0)
		die("memory");
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	for (unsigned i = 0; i < option.connections; i++)
		connect_one(&all[i], context, callbacks);
	return all;
}

static unsigned open_calls(const struct connection *all)
{
	unsigned open = 0;

	for (unsigned i = 0; i < option.connections; i++)
		open += all[i].open;
	return open;
}

/* Runs until the time is over and every call has ended. */
static void drive(struct connection *all, int64_t until_ns)
{
	struct epoll_event events[EVENTS];

	for (unsigned i = 0; i < option.connections; i++) {
		for (unsigned k = 0; k < option.in_flight && !(option.once && next_message >= message_count); k++)
			begin_call(&all[i]);
		send_all(&all[i]);
	}
	while (open_calls(all) > 0) {
		int n = epoll_wait(epoll_fd, events, EVENTS, 1000);

		for (int i = 0; i < n; i++) {
			if (events[i].events & EPOLLOUT)
				send_all(events[i].data.ptr);
			if (events[i].events & ~(uint32_t)EPOLLOUT)
				receive_all(events[i].data.ptr);
		}
		if (!option.once && now_ns() > until_ns)
			stopping = true;
	}
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void report(double seconds, double cpu)
{
	const char *between = "";

	printf("{\"calls\": %llu, \"seconds\": %.6f, \"cpu_s\": %.6f, \"bytes\": %llu, \"p50_us\": %.0f, \"p90_us\": %.0f, "
	       "\"p99_us\": %.0f, \"status\": {",
		(unsigned long long)calls, seconds, cpu, (unsigned long long)bytes_in, percentile(0.5), percentile(0.9),
		percentile(0.99));
	for (int i = 0; i < STATUSES; i++) {
		if (by_status[i] == 0)
			continue;
		printf("%s\"%d\": %llu", between, i == STATUSES - 1 ? -1 : i, (unsigned long long)by_status[i]);
		between = ", ";
	}
	puts("}}");
}

static void read_arguments(int argc, char **argv)
{
	static const struct option options[] = {{"to", 1, NULL, 't'}, {"ca", 1, NULL, 'a'}, {"certificate", 1, NULL, 'e'},
		{"key", 1, NULL, 'k'}, {"path", 1, NULL, 'p'}, {"requests", 1, NULL, 'r'}, {"connections", 1, NULL, 'c'},
		{"in-flight", 1, NULL, 'm'}, {"seconds", 1, NULL, 's'}, {"once", 0, NULL, 'o'}, {"idle", 0, NULL, 'i'}, {0}};
	int given;

	while ((given = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (given) {
		case 't': option.port = optarg; break;
		case 'a': option.ca = optarg; break;
		case 'e': option.certificate = optarg; break;
		case 'k': option.key = optarg; break;
		case 'p': option.path = optarg; break;
		case 'r': option.requests = optarg; break;
		case 'c': option.connections = (unsigned)atoi(optarg); break;
		case 'm': option.in_flight = (unsigned)atoi(optarg); break;
		case 's': option.seconds = atof(optarg); break;
		case 'o': option.once = true; break;
		case 'i': option.idle = true; break;
		default: exit(64);
		}
	}
	if (!option.port || !option.ca || !option.certificate || !option.key || !option.path || !option.requests ||
		option.connections == 0 || option.in_flight == 0)
		die("arguments missing; see the top of load.c");
}

int main(int argc, char **argv)
{
	struct connection *all;
	double cpu;
	int64_t begun;

	read_arguments(argc, argv);
	read_messages();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	all = connect_all();
	cpu = cpu_seconds();
	begun = now_ns();
	drive(all, begun + (int64_t)(option.seconds * 1e9));
	report((double)(now_ns() - begun) / 1e9, cpu_seconds() - cpu);
	if (option.idle) {
		puts("held");
		fflush(stdout);
		(void)getchar();
	}
	return 0;
}
