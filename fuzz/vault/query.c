/*
 * fuzz/vault/query.c: searches of any text, asked of one record. What is
 * refused says where; what is not, answers without crash or delay, and what a
 * source alone or an index rules out does not match.
 */
#include "vault/query.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "vault/index_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum err
fetch(void *arg, uint64_t at, size_t len, struct span *out, struct fault *why)
{
	const struct buf *all = arg;

	if (at > all->len || len > all->len - at)
		return fault_set(why, ERR_DAMAGE, "past the end");
	*out = span_slice(buf_view(all), (size_t)at, len);
	return ERR_OK;
}

/* The record's index must not rule it out when it matches, nor take it for
 * granted when it does not. */
static void
index_check(
    const struct query *q, const struct event *ev, enum query_found found)
{
	static struct buf bytes;
	static struct index *ix;
	uint64_t may = 0, all = 0, n = 0;
	struct plan *p;
	struct fault why;

	if (ix == NULL) {
		struct indexer *to = indexer_new(NULL);
		enum err e = indexer_add(to, 0, ev, &why);

		buf_init(&bytes, 1 << 20);
		assert(e == ERR_OK);
		e = indexer_finish(to, &bytes, &why);
		assert(e == ERR_OK);
		indexer_free(to);
		e = index_open(bytes.len, fetch, &bytes, NULL, &ix, &why);
		assert(e == ERR_OK);
	}
	if (plan_new(q, &p, &why) != ERR_OK)
		abort();
	if (plan_granules(p, ix, &may, &all, &n, &why) != ERR_OK)
		abort();
	assert(found != QUERY_YES || may == 1);
	assert(all == 0 || found == QUERY_YES);
	plan_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct event ev = { .received_us = 1,
		.category = CAT_SIGN_IN,
		.severity = 3,
		.facility = EVENT_NO_SEVERITY };
	struct query *q;
	struct fault why;
	enum query_found found, may;
	enum err e = query_parse(span_of(data, len), &q, &why);

	if (e != ERR_OK) {
		assert(e == ERR_SYNTAX || e == ERR_LIMIT || e == ERR_MEMORY);
		assert(why.text[0] != '\0');
		return 0;
	}
	ev.sender = SPAN_LIT("192.0.2.7");
	ev.host = SPAN_LIT("web01");
	ev.raw = SPAN_LIT("Failed password for root 登入失敗 aaaaaaaaaaaaaaa!");
	ev.field[FIELD_USER] = SPAN_LIT("root");
	ev.field[FIELD_SRC_IP] = SPAN_LIT("2001:db8::1");
	ev.field[FIELD_SRC_PORT] = SPAN_LIT("22");
	found = query_match(q, 3, &ev);
	may = query_may(q, 3, ev.sender, ev.host);
	if (may == QUERY_NO)
		assert(found == QUERY_NO);
	if (may == QUERY_YES)
		assert(found == QUERY_YES);
	index_check(q, &ev, found);
	query_free(q);
	return 0;
}
