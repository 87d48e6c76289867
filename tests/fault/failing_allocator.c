/*
 * failing_allocator.c: linked into a radioshopd of its own, lets one allocation fail when a test says which.
 *
 * The linker's --wrap sends our own code's allocations here, and its calls of talloc; libevent, OpenSSL and nghttp2 take
 * their allocators from us. libpq has no such door and is left out: it is known to crash when memory runs out while
 * it connects. The test maps the file that RADIOSHOP_ALLOCATIONS names and writes into it while the daemon runs.
 */
#include <event2/event.h>
#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <talloc.h>
#include <unistd.h>

/* The file's layout, in the machine's byte order; tests/fault/test_allocation.py has the same. */
struct orders {
	int64_t fail_at; /* 0: none fails; n: the n-th from now, and with persistent each from there on */
	int64_t persistent;
	int64_t seen;   /* allocations since the test set this to 0 */
	int64_t failed; /* how many of them failed */
};

static struct orders quiet, *orders = &quiet;

static bool fails(void)
{
	int64_t at = orders->fail_at, n;

	if (at == 0)
		return false;
	n = ++orders->seen;
	if (n != at && !(orders->persistent && n > at))
		return false;
	orders->failed++;
	return true;
}

/* NAME is what the code calls, __real_NAME what it would have got, __wrap_NAME what it gets. */
#define WRAP(type, name, parameters, arguments)             \
	type __real_##name parameters;                      \
	type __wrap_##name parameters;                      \
	type __wrap_##name parameters                       \
	{                                                   \
		return fails() ? NULL : __real_##name arguments; \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(void *, talloc_pool, (const void *parent, size_t size), (parent, size))
WRAP(void *, talloc_named_const, (const void *parent, size_t size, const char *name), (parent, size, name))
WRAP(char *, talloc_strdup, (const void *parent, const char *text), (parent, text))
WRAP(char *, talloc_strndup, (const void *parent, const char *text, size_t len), (parent, text, len))
WRAP(void *, _talloc_zero, (const void *parent, size_t size, const char *name), (parent, size, name))
WRAP(void *, _talloc_array, (const void *parent, size_t each, unsigned count, const char *name),
	(parent, each, count, name))
WRAP(void *, _talloc_zero_array, (const void *parent, size_t each, unsigned count, const char *name),
	(parent, each, count, name))

static void *crypto_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size == 0 ? NULL : __wrap_malloc(size);
}

static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size == 0) {
		free(old);
		return NULL;
	}
	return __wrap_realloc(old, size);
}

static void crypto_free(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	free(old);
}

static void *http_malloc(size_t size, void *data)
{
	(void)data;
	return __wrap_malloc(size);
}

static void http_free(void *old, void *data)
{
	(void)data;
	free(old);
}

static void *http_calloc(size_t count, size_t size, void *data)
{
	(void)data;
	return __wrap_calloc(count, size);
}

static void *http_realloc(void *old, size_t size, void *data)
{
	(void)data;
	return __wrap_realloc(old, size);
}

int __wrap_nghttp2_session_server_new2(nghttp2_session **ret_session, const nghttp2_session_callbacks *callbacks, void *user,
	const nghttp2_option *option);
int __wrap_nghttp2_session_server_new2(nghttp2_session **ret_session, const nghttp2_session_callbacks *callbacks, void *user,
	const nghttp2_option *option)
{
	nghttp2_mem memory = {NULL, http_malloc, http_free, http_calloc, http_realloc};

	return nghttp2_session_server_new3(ret_session, callbacks, user, option, &memory);
}

/* Before main, since OpenSSL takes no other allocator once it has allocated. */
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("RADIOSHOP_ALLOCATIONS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
		abort();
	event_set_mem_functions(__wrap_malloc, __wrap_realloc, free);
	if (fd >= 0)
		close(fd);
	if (mapped != MAP_FAILED)
		orders = mapped;
}
