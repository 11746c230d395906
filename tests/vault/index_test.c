/*
 * tests/vault/index_test.c: the index never hides a record: what it rules out
 * does not match, and what it takes for granted does.
 */
#include "lab.h"

#include <stdio.h>
#include <string.h>

#include "vault/index_plan.h"
#include "vault/token.h"

#define RECORDS 3000U

/* A segment's records and the index made of them. */
struct stock {
	struct lab l;
	struct event ev[RECORDS];
	struct buf bytes;
	struct index *ix;
};

static enum err
fetch(void *arg, uint64_t at, size_t len, struct span *out, struct fault *why)
{
	struct buf *b = arg;

	if (at > b->len || len > b->len - at)
		return fault_set(why, ERR_DAMAGE, "past the end");
	*out = span_slice(buf_view(b), (size_t)at, len);
	return ERR_OK;
}

static uint64_t
below(struct stock *s, uint64_t n)
{
	return lab_random(&s->l) % n;
}

static const char *
one_of(struct stock *s, const char *const *list, size_t n)
{
	return list[below(s, n)];
}
#define ONE_OF(s, ...)                                  \
	one_of(s, (const char *const[]){ __VA_ARGS__ }, \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* Names, addresses and Chinese, some often, some seldom. */
static char *
name_make(struct stock *s)
{
	struct arena *a = s->l.arena;

	switch (below(s, 12)) {
	case 0:
		return arena_printf(a, "u%05u", (unsigned)below(s, 4000));
	case 1:
		return arena_printf(a, "10.%u.%u.%u", (unsigned)below(s, 3),
		    (unsigned)below(s, 20), (unsigned)below(s, 200));
	case 2:
		return arena_printf(a, "2001:db8:%x::%x",
		    (unsigned)below(s, 300), (unsigned)below(s, 70000));
	case 3:
		return arena_printf(a, "52:54:00:%02x:%02x:%02x",
		    (unsigned)below(s, 4), (unsigned)below(s, 256),
		    (unsigned)below(s, 256));
	case 4:
		return arena_printf(a, "%s-%s%02u",
		    ONE_OF(s, "xinyi", "daan", "Neihu"), ONE_OF(s, "web", "DB"),
		    (unsigned)below(s, 30));
	case 5:
		return arena_printf(a, "%08x-%04x-%04x",
		    (unsigned)below(s, UINT32_MAX), (unsigned)below(s, 65536),
		    (unsigned)below(s, 65536));
	case 6:
		return arena_printf(a, "%u", (unsigned)below(s, 100000000));
	case 7:
		return arena_printf(a, "%s%s%s",
		    ONE_OF(s, "戶籍", "地價稅", "低收入戶", "登入"),
		    ONE_OF(s, "查詢", "謄本", "失敗", "，", ""),
		    ONE_OF(s, "核發", "root", "é", "　甲乙"));
	case 8:
		return arena_printf(a, "%s@%s.gov.taipei",
		    ONE_OF(s, "ann", "Bob", "z9"), ONE_OF(s, "a", "tax", "b7"));
	case 9:
		return arena_printf(a, "GOV\\%s%u", ONE_OF(s, "adm", "op"),
		    (unsigned)below(s, 50));
	case 10:
		return arena_printf(a, "%s",
		    ONE_OF(s, "root", "admin", "-", "a1", "su", "5f", "dead"));
	default:
		return arena_printf(a, "%02u:%02u:%02u", (unsigned)below(s, 24),
		    (unsigned)below(s, 60), (unsigned)below(s, 60));
	}
}

static struct event
event_make(struct stock *s, uint64_t i)
{
	struct arena *a = s->l.arena;
	struct event ev = { .received_us = LAB_NOW + (int64_t)i,
		.via = (enum event_transport)below(s, 3),
		.parse = PARSE_RFC3164,
		.category = (enum event_category)below(s, i < 1500 ? 3 : CAT_N),
		.facility = (uint8_t)below(s, 24),
		.severity = below(s, 9) == 0 ? EVENT_NO_SEVERITY
					     : (uint8_t)below(s, 8) };
	const char *user = name_make(s), *other = name_make(s);
	char *head = arena_printf(a,
	    "<13>Nov 22 10:00:00 %s app%u: ", name_make(s),
	    (unsigned)below(s, 3));

	if (below(s, 10) == 0) {
		ev = lab_event(&s->l, i, LAB_NOW);
		ev.raw = span_slice(ev.raw, 0, 1000);
		ev.message = span_slice(ev.raw, 4, SIZE_MAX);
		return ev;
	}
	ev.sender = span_text(name_make(s));
	ev.host = below(s, 5) == 0 ? SPAN_EMPTY : span_text(name_make(s));
	ev.app = span_text(ONE_OF(s, "sshd", "kernel", "my-app", "pam_unix"));
	ev.raw = span_text(arena_printf(a, "%s%s for %s%s%s from %s %s", head,
	    ONE_OF(s, "Failed password", "session opened", "登入失敗"),
	    ONE_OF(s, "", "user=", "x"), user, ONE_OF(s, "", "(uid=0)", "y"),
	    other, name_make(s)));
	ev.message = span_slice(ev.raw, strlen(head) - below(s, 3), SIZE_MAX);
	ev.field[FIELD_USER] = span_text(user);
	if (below(s, 2) == 0)
		ev.field[FIELD_SRC_IP] = span_text(other);
	if (below(s, 4) == 0)
		ev.field[FIELD_SUBJECT] = span_text(name_make(s));
	if (below(s, 3) == 0)
		ev.field[FIELD_SRC_PORT] = span_text(
		    arena_printf(a, "%u", (unsigned)below(s, 65536)));
	if (below(s, 3) == 0)
		ev.field[FIELD_STATUS] = span_text(
		    ONE_OF(s, "200", "404", "500", "x"));
	if (below(s, 5) == 0)
		ev.field[FIELD_COMMAND] = span_text(
		    ONE_OF(s, "/usr/bin/cat x", "visudo", ""));
	return ev;
}

static struct stock *
stock_new(const struct hash *blind, const struct hash *key)
{
	struct stock *s = calloc(1, sizeof *s);
	struct indexer *to;
	struct fault why;

	assert_non_null(s);
	lab_open(&s->l);
	buf_init(&s->bytes, (size_t)64 << 20);
	to = indexer_new(blind);
	assert_non_null(to);
	for (uint32_t i = 0; i < RECORDS; i++) {
		s->ev[i] = event_make(s, i);
		assert_ok(indexer_add(to, i, &s->ev[i], &why), &why);
	}
	assert_ok(indexer_finish(to, &s->bytes, &why), &why);
	indexer_free(to);
	assert_ok(index_open(s->bytes.len, fetch, &s->bytes, key, &s->ix, &why),
	    &why);
	return s;
}

static void
stock_free(struct stock *s)
{
	index_close(s->ix);
	buf_clear(&s->bytes);
	lab_close(&s->l);
	free(s);
}

/* A piece of some record's text, from anywhere in it. */
static struct span
piece_make(struct stock *s, const struct event *ev)
{
	struct span t = ev->raw;
	size_t from, len;

	switch (below(s, 6)) {
	case 0:
		t = ev->field[FIELD_USER];
		break;
	case 1:
		t = ev->host;
		break;
	case 2:
		t = ev->sender;
		break;
	default:
		break;
	}
	if (t.len == 0)
		return SPAN_LIT("nothing");
	if (below(s, 3) == 0)
		return span_slice(t, 0, 200);
	from = below(s, t.len);
	len = 1 + below(s, 24);
	return span_slice(t, from, len);
}

/* Without what the language reads as its own. */
static void
plain_put(struct buf *b, struct span t, const char * not )
{
	for (size_t i = 0; i < t.len; i++)
		buf_u8(b,
		    strchr(not, t.at[i]) != NULL || t.at[i] < ' ' ? '.'
								  : t.at[i]);
}

static void
test_make(struct stock *s, struct buf *b)
{
	const struct event *ev = &s->ev[below(s, RECORDS)];
	struct span t = piece_make(s, ev), user = ev->field[FIELD_USER];

	switch (below(s, 12)) {
	case 0:
	case 1:
		buf_text(b, "\"");
		plain_put(b, t, "\"\\");
		buf_text(b, "\"");
		break;
	case 2:
		buf_text(b, below(s, 2) == 0 ? "*" : "");
		plain_put(b, t, "\"\\()*:<>=/ ");
		buf_text(b, below(s, 2) == 0 ? "*" : "");
		break;
	case 3:
		plain_put(b, span_slice(t, 0, 5), "\"\\()*:<>=/ -");
		buf_text(b, "*");
		plain_put(b, span_slice(t, 9, 5), "\"\\()*:<>=/ -");
		break;
	case 4:
		buf_printf(b, "%s:\"",
		    ONE_OF(s, "user", "subject", "host", "sender", "src", "app",
			"target"));
		plain_put(b, below(s, 2) == 0 ? t : user, "\"\\");
		buf_text(b, "\"");
		break;
	case 5:
		buf_printf(b, "%s:x*", ONE_OF(s, "user", "host", "command"));
		plain_put(b, span_slice(t, 0, 4), "\"\\()*/ ");
		break;
	case 6:
		buf_printf(b, "%s:%u..%u",
		    ONE_OF(
			s, "severity", "status", "port", "sport", "facility"),
		    (unsigned)below(s, 300), 300 + (unsigned)below(s, 60000));
		break;
	case 7:
		buf_printf(b, "%s",
		    ONE_OF(s, "category:sign-in", "class:audit", "via:udp",
			"category:personal*", "severity<=3", "command:*",
			"user:*", "parse:rfc3164", "*", "via:tls"));
		break;
	case 8:
		buf_printf(b, "src:10.%u.0.0/16", (unsigned)below(s, 4));
		break;
	case 9:
		buf_text(b, "/");
		plain_put(b, t, "/\\()[]{}*+?|^$.\"");
		buf_printf(b, "%s/%s", ONE_OF(s, "", ".*", "+", "?", "x|y"),
		    ONE_OF(s, "", "i"));
		break;
	case 10:
		buf_text(b, "/\\b");
		plain_put(b, span_slice(user, 0, 12), "/\\()[]{}*+?|^$.\"");
		buf_text(b, below(s, 2) == 0 ? "\\b[ (]/" : "\\d*(a|b)?/");
		break;
	default:
		plain_put(b, t, "\"\\()*:<>=/ -");
		break;
	}
}

/* Tests joined by the language's operators. */
static void
query_make(struct stock *s, struct buf *b, unsigned depth)
{
	unsigned n = 1 + (unsigned)below(s, 3);

	for (unsigned i = 0; i < n; i++) {
		if (i > 0)
			buf_text(b, below(s, 3) == 0 ? " OR " : " ");
		if (below(s, 5) == 0)
			buf_text(b, "NOT ");
		if (depth < 3 && below(s, 4) == 0) {
			buf_text(b, "(");
			query_make(s, b, depth + 1);
			buf_text(b, ")");
		} else {
			test_make(s, b);
		}
	}
}

/* One query against every record; what was read counts into *may. */
static bool
query_try(struct stock *s, struct span text, uint64_t *may_n)
{
	uint64_t may[8] = { 0 }, all[8] = { 0 }, n = 0;
	struct query *q;
	struct plan *p;
	struct fault why;

	if (query_parse(text, &q, &why) != ERR_OK)
		return false;
	assert_true(index_words(s->ix) <= 8);
	assert_ok(plan_new(q, &p, &why), &why);
	assert_ok(plan_granules(p, s->ix, may, all, &n, &why), &why);
	for (uint32_t i = 0; i < RECORDS; i++) {
		uint32_t g = i >> index_shift(s->ix);
		bool can = (may[g / 64] >> g % 64 & 1) != 0;
		bool sure = (all[g / 64] >> g % 64 & 1) != 0;
		enum query_found f;

		*may_n += can;
		if (can && !sure)
			continue;
		f = query_match(q, 1, &s->ev[i]);
		if (!can && f == QUERY_YES)
			fail_msg("%.*s hides record %u: %.*s", (int)text.len,
			    (const char *)text.at, i, (int)s->ev[i].raw.len,
			    (const char *)s->ev[i].raw.at);
		if (sure && f != QUERY_YES)
			fail_msg("%.*s invents record %u: %.*s", (int)text.len,
			    (const char *)text.at, i, (int)s->ev[i].raw.len,
			    (const char *)s->ev[i].raw.at);
	}
	plan_free(p);
	query_free(q);
	return true;
}

static void
queries_try(struct stock *s, unsigned n)
{
	uint64_t may = 0;
	unsigned good = 0;
	struct buf b;

	buf_init(&b, QUERY_TEXT_MAX);
	for (unsigned i = 0; i < n; i++) {
		buf_reset(&b);
		query_make(s, &b, 0);
		if (buf_error(&b) == ERR_OK)
			good += query_try(s, buf_view(&b), &may);
	}
	buf_clear(&b);
	assert_true(good > n / 3);
	/* And it does help: not everything is read each time. */
	assert_true(may < (uint64_t)good * RECORDS * 9 / 10);
}

static void
no_query_loses_a_record_by_the_index(void **state)
{
	struct stock *s = stock_new(NULL, NULL);

	(void)state;
	queries_try(s, 800);
	stock_free(s);
}

static void
pseudonyms_under_a_key_are_found_with_it_and_without(void **state)
{
	struct hash key = index_blind_key(SPAN_LIT("0123456789abcdef"));
	struct stock *s = stock_new(&key, &key);

	(void)state;
	queries_try(s, 300);
	stock_free(s);
	s = stock_new(&key, NULL); /* then everything is read */
	for (unsigned i = 0; i < 200; i++) {
		uint64_t may = 0;
		struct span subject = s->ev[i].field[FIELD_SUBJECT];

		if (subject.len > 0)
			(void)query_try(s, subject, &may);
	}
	stock_free(s);
}

/* Whether a token is in any page of the index. */
static bool
is_there(struct stock *s, uint64_t token)
{
	uint64_t bits[8] = { 0 }, n = 0, any = 0;
	struct fault why;

	assert_ok(index_find(s->ix, token, TAG_ANY, bits, &n, &why), &why);
	for (unsigned i = 0; i < 8; i++)
		any |= bits[i];
	return any != 0;
}

static void
an_index_under_a_key_does_not_hold_the_pseudonym_itself(void **state)
{
	struct hash key = index_blind_key(SPAN_LIT("0123456789abcdef"));
	struct event ev = { .received_us = 1 };
	struct stock *s = calloc(1, sizeof *s);
	struct indexer *to;
	struct fault why;
	uint64_t token;
	bool word;

	(void)state;
	assert_non_null(s);
	for (unsigned turn = 0; turn < 2; turn++) {
		const struct hash *blind = turn == 0 ? NULL : &key;

		buf_init(&s->bytes, 1 << 20);
		to = indexer_new(blind);
		assert_non_null(to);
		ev.raw = SPAN_LIT("{\"subject\":\"s5da4a7552c2c\"} read");
		ev.field[FIELD_SUBJECT] = SPAN_LIT("s5da4a7552c2c");
		assert_ok(indexer_add(to, 0, &ev, &why), &why);
		assert_ok(indexer_finish(to, &s->bytes, &why), &why);
		indexer_free(to);
		token = token_value(ev.field[FIELD_SUBJECT], &word);
		/* Asked without a key as if it needed none. */
		if (turn == 1)
			s->bytes.at[11] = 0;
		assert_ok(index_open(s->bytes.len, fetch, &s->bytes, NULL,
			      &s->ix, &why),
		    &why);
		assert_int_equal(is_there(s, token), turn == 0);
		if (turn == 1)
			assert_true(is_there(s, index_blind(&key, token)));
		index_close(s->ix);
		buf_clear(&s->bytes);
	}
	free(s);
}

static void
a_rare_word_is_looked_for_in_one_granule_alone(void **state)
{
	struct stock *s = stock_new(NULL, NULL);
	uint64_t may = 0;

	(void)state;
	assert_true(query_try(s, SPAN_LIT("qx0077777zj"), &may));
	assert_true(may <= 256); /* none, but for one in 60 */
	stock_free(s);
}

/* The tokens of a text. */
static size_t
count(const char *text)
{
	uint64_t got[512];

	assert_true(TOKEN_MOST(strlen(text)) <= 512);
	return token_list(span_text(text), false, false, got);
}

static void
tokens_are_words_pairs_addresses_and_two_characters(void **state)
{
	(void)state;
	assert_int_equal(count(""), 0);
	assert_int_equal(count("Failed password"), 2);
	assert_int_equal(count("12 345 123456 a 5f"), 0); /* left out */
	assert_int_equal(count("1234567"), 1);
	assert_int_equal(count("10.1.2.3"), 1);
	assert_int_equal(count("9.10.1.2.3"), 2); /* either four */
	assert_int_equal(count("52:54:00:aa:bb:cc"), 1);
	assert_int_equal(count("10:20:30"), 0); /* a time of day */
	assert_int_equal(count("2001:db8::1"), 1); /* as one */
	assert_int_equal(count("xinyi-web01"), 3);
	assert_int_equal(count("戶籍謄本"), 3);
	assert_int_equal(count("戶籍，謄本"), 2);
	assert_int_equal(count("戶"), 0);
	assert_int_equal(count("root登入ok"), 3);
}

static void
any_piece_of_an_index_may_be_damaged(void **state)
{
	struct stock *s = stock_new(NULL, NULL);
	unsigned wrong = 0;
	struct fault why;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		size_t at = i < 600 ? i : below(s, s->bytes.len);
		uint8_t was = s->bytes.at[at];
		struct index *ix;

		s->bytes.at[at] = (uint8_t)lab_random(&s->l);
		if (index_open(s->bytes.len, fetch, &s->bytes, NULL, &ix,
			&why) == ERR_OK) {
			uint64_t *bits = calloc(index_words(ix) + 1, 8), n = 0;

			assert_non_null(bits);
			for (unsigned k = 0; k < 20; k++)
				wrong += index_find(ix, lab_random(&s->l),
					     TAG_ANY, bits, &n, &why) != ERR_OK;
			wrong += index_range(ix, NUMBER_FIELD + FIELD_STATUS,
				     200, 499, bits, &n, &why) != ERR_OK;
			free(bits);
			index_close(ix);
		}
		s->bytes.at[at] = was;
	}
	assert_true(wrong > 0); /* some of it was seen */
	stock_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    tokens_are_words_pairs_addresses_and_two_characters),
		cmocka_unit_test(no_query_loses_a_record_by_the_index),
		cmocka_unit_test(
		    pseudonyms_under_a_key_are_found_with_it_and_without),
		cmocka_unit_test(
		    an_index_under_a_key_does_not_hold_the_pseudonym_itself),
		cmocka_unit_test(
		    a_rare_word_is_looked_for_in_one_granule_alone),
		cmocka_unit_test(any_piece_of_an_index_may_be_damaged),
	};
	struct fault why;

	assert_ok(crypt_start(&why), &why);
	return cmocka_run_group_tests_name("vault index", tests, NULL, NULL);
}
