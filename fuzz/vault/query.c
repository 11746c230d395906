/*
 * fuzz/vault/query.c: searches of any text, asked of one record. What is
 * refused says where; what is not, answers without crash or delay, and what a
 * source alone rules out its records do not match.
 */
#include "vault/query.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

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
	query_free(q);
	return 0;
}
