/*
 * fuzz/vault/segment.c: segments of any bytes. The first byte chooses: the
 * rest is a whole file; or one of its parts, whose own check is made right
 * first, so that what lies behind it is reached too.
 */
#include <assert.h>

#include "crypt/crypt.h"
#include "memory.h"
#include "vault/segment_own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum err
row_pass(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	uint64_t *n = arg;

	(void)why;
	assert(stream[0] != '\0' && r->seq > 0 && ev->raw.len <= EVENT_RAW_MAX);
	(*n)++;
	return ERR_OK;
}

static void
count_bad(void *arg, const struct segment_damage *d)
{
	unsigned *n = arg;

	assert(d->text[0] != '\0');
	(*n)++;
}

/* Opens, reads and verifies; a file whose name is not its digest is always
 * found wrong. */
static void
file_read_all(struct span file)
{
	struct hash name = { { 1 } };
	char path[SEGMENT_FILE_MAX];
	struct memory m;
	struct segment *s;
	struct fault why;
	uint64_t records, rows = 0;
	unsigned damages, told = 0;

	segment_file(&name, path);
	if (segment_open(
		memory_env(&m, path, file), 1, &name, NULL, &s, &why) != ERR_OK)
		return;
	for (uint32_t i = 0; i < segment_about(s)->blocks; i++)
		if (segment_rows(s, i, row_pass, &rows, NULL, NULL, &why) !=
		    ERR_OK)
			assert(why.code == ERR_DAMAGE ||
			    why.code == ERR_MEMORY ||
			    (why.code == ERR_DENIED &&
				segment_locked(s) != NULL));
	if (segment_verify(s, count_bad, &told, &records, &damages, &why) ==
	    ERR_OK)
		assert(damages > 0 && damages == told &&
		    (records <= rows || segment_locked(s) != NULL));
	segment_close(s);
}

/* The part with its last 32 bytes made the digest of those before. */
static struct span
checked(struct arena *a, struct span s, const struct hash *identity)
{
	struct span copy = arena_copy(a, s);
	struct span front;
	struct hash h;
	uint8_t *at;

	if (copy.at == NULL || copy.len < HASH_LEN)
		return SPAN_EMPTY;
	at = arena_alloc(a, copy.len);
	if (at == NULL)
		return SPAN_EMPTY;
	memcpy(at, copy.at, copy.len);
	front = span_of(at, copy.len - HASH_LEN);
	h = identity == NULL ? hash_of(front)
			     : hash_of_parts(
				   (const struct span[]){
				       span_of(identity->at, HASH_LEN), front },
				   2);
	memcpy(at + front.len, h.at, HASH_LEN);
	return span_of(at, copy.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool started;
	struct span rest = span_slice(span_of(data, len), 1, SIZE_MAX);
	struct arena *a = arena_new((size_t)64 << 20);
	struct hash identity = { { 7 } };
	struct lexicon_place lexicon;
	struct index_place index;
	struct segment_info info;
	struct block k, *list;
	uint64_t sum;
	struct fault why;
	struct head h;
	struct buf b;

	if (a == NULL || (!started && crypt_start(&why) != ERR_OK))
		return 0;
	started = true;
	switch (len == 0 ? 0 : data[0] % 5) {
	case 0:
		file_read_all(rest);
		break;
	case 1:
		if (head_get(checked(a, rest, NULL), &h, &why) == ERR_OK)
			assert(h.first_seq > 0);
		break;
	case 2:
		if (block_get(a, checked(a, rest, &identity), &identity, &k,
			&why) == ERR_OK)
			assert(k.about.n > 0 && k.n_pieces > 0);
		break;
	case 3:
		if (index_get(a, rest, &h, &info, &list, &sum, &lexicon, &index,
			&why) == ERR_OK)
			assert(info.blocks > 0);
		break;
	default: /* an index behind nothing, with a sound trailer */
		buf_init(&b, len + TRAILER_LEN);
		buf_span(&b, rest);
		trailer_put(&b, 0, rest);
		file_read_all(buf_view(&b));
		buf_clear(&b);
		break;
	}
	arena_free(a);
	return 0;
}
