/*
 * fuzz/vault/inbox.c: journals of any bytes. The first byte chooses: the rest
 * is a whole journal; or the payload of one sound frame, so that what lies
 * behind the hashes is reached too.
 */
#include "vault/inbox.h"

#include <assert.h>

#include "crypt/crypt.h"
#include "memory.h"
#include "vault/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Opens the journal as a reader and reads every row of every group. */
static void
journal_read_all(struct span journal)
{
	struct inbox_found found;
	const struct inbox_group *g;
	struct memory m;
	struct env *env = memory_env(&m, "00000001.journal", journal);
	struct inbox *x;
	struct fault why;
	size_t n;

	if (inbox_open(env, 1, false, NULL, &x, &found, &why) != ERR_OK)
		return;
	g = inbox_groups(x, &n);
	for (size_t i = 0; i < n; i++) {
		struct span rows;
		struct cursor c;
		struct event ev;
		struct row r;

		if (inbox_read(x, &g[i], &rows, &why) != ERR_OK)
			continue;
		c = cursor_of(rows);
		for (uint32_t k = 0;
		     k < g[i].n && row_get(&c, g[i].first_seq + k, &r); k++)
			if (event_decode(r.event, &ev, &why) != ERR_OK)
				break;
	}
	inbox_close(x);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool started;
	struct span rest = span_slice(span_of(data, len), 1, SIZE_MAX);
	struct frame f = { .file = 1, .number = 1 };
	struct fault why;
	struct buf b;

	if (!started && crypt_start(&why) != ERR_OK)
		return 0;
	started = true;
	if (len == 0)
		return 0;
	switch (data[0] % 2) {
	case 0:
		journal_read_all(rest);
		break;
	default:
		buf_init(&b, len + FRAME_HEAD);
		frame_put(&b, &f, rest);
		journal_read_all(buf_view(&b));
		buf_clear(&b);
		break;
	}
	return 0;
}
