/*
 * frame.c: fuzzes the frame reader: however the bytes are cut, the same messages come out.
 *
 * The first byte chooses the size of the pieces and whether gzip was agreed on; the rest is the stream, and then a message
 * that is written compressed and read back.
 */
#include "frame.h"
#include "gzip.h"
#include "target.h"

enum { LIMIT = 4096 };

/* Reads the stream in pieces; returns a sum over the messages and whether the stream was refused. */
static uint64_t read_all(const uint8_t *bytes, size_t len, size_t piece, bool gzip, bool *ret_refused)
{
	struct frame_reader r;
	struct error err;
	uint64_t sum = 0;
	size_t at = 0, used;

	frame_reader_init(&r, LIMIT);
	r.gzip = gzip;
	*ret_refused = false;
	while (at < len) {
		size_t n = piece < len - at ? piece : len - at;

		if (!frame_reader_feed(&r, bytes + at, n, &used, &err)) {
			*ret_refused = true;
			break;
		}
		expect(used <= n && r.body_len <= LIMIT && r.body_cap <= LIMIT && (used == n || r.complete));
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

/* Any message, compressed behind its prefix, comes out as it was. */
static void write_and_read(const uint8_t *message, size_t len)
{
	struct frame_reader r;
	uint8_t *zipped, prefix[FRAME_PREFIX];
	size_t zipped_len, used;
	struct error err;

	expect(gzip_deflate(message, len, &zipped, &zipped_len, &err));
	frame_prefix(prefix, (uint32_t)zipped_len, true);
	frame_reader_init(&r, 2 * LIMIT);
	r.gzip = true;
	expect(frame_reader_feed(&r, prefix, sizeof prefix, &used, &err) && used == sizeof prefix);
	expect(frame_reader_feed(&r, zipped, zipped_len, &used, &err) && used == zipped_len);
	expect(r.complete && frame_reader_at_boundary(&r));
	expect(r.body_len == len && (len == 0 || memcmp(r.body, message, len) == 0));
	frame_reader_release(&r);
	free(zipped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool whole_refused, cut_refused, gzip;
	uint64_t whole, cut;

	if (size < 2 || size > LIMIT)
		return 0;
	gzip = data[0] & 0x80;
	whole = read_all(data + 1, size - 1, size, gzip, &whole_refused);
	cut = read_all(data + 1, size - 1, (size_t)data[0] % 16 + 1, gzip, &cut_refused);
	expect(whole == cut && whole_refused == cut_refused);
	write_and_read(data + 1, size - 1);
	return 0;
}
