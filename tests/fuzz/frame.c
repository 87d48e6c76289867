/*
 * frame.c: fuzzes the frame reader: however the bytes are cut, the same messages come out.
 *
 * The first byte chooses the size of the pieces; the rest is the stream.
 */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads the stream in pieces; returns a sum over the messages and whether the stream was refused. */
static uint64_t read_all(const uint8_t *bytes, size_t len, size_t piece, bool *ret_refused)
{
	struct frame_reader r;
	struct error err;
	uint64_t sum = 0;
	size_t at = 0, used;

	frame_reader_init(&r, LIMIT);
	*ret_refused = false;
	while (at < len) {
		size_t n = piece < len - at ? piece : len - at;

		if (!frame_reader_feed(&r, bytes + at, n, &used, &err)) {
			*ret_refused = true;
			break;
		}
		if (used > n || r.body_len > LIMIT || r.body_cap > LIMIT || (used < n && !r.complete))
			abort();
		at += used;
		if (r.complete) {
			for (size_t i = 0; i < r.body_len; i++)
				sum = sum * 31 + r.body[i];
			sum = sum * 31 + r.body_len + 1;
			frame_reader_next(&r);
		}
	}
	frame_reader_release(&r);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool whole_refused, cut_refused;
	uint64_t whole, cut;

	if (size < 2)
		return 0;
	whole = read_all(data + 1, size - 1, size, &whole_refused);
	cut = read_all(data + 1, size - 1, (size_t)data[0] % 16 + 1, &cut_refused);
	if (whole != cut || whole_refused != cut_refused)
		abort();
	return 0;
}
