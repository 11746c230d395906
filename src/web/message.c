/*
 * web/message.c: what the pages say, and in which language.
 *
 * About     the table made from share/messages, and the choice of language.
 * Runs      in the web process.
 * Source    RFC 9110 section 12.5.4 (Accept-Language).
 */
#include "web/message.h"

const char *
message_find(enum lang l, struct span key)
{
	unsigned lo = 0, hi = n_messages;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;
		struct span k = span_text(message_table[mid].key);
		size_t n = k.len < key.len ? k.len : key.len;
		int d = n == 0 ? 0 : memcmp(k.at, key.at, n);

		if (d == 0 && k.len == key.len)
			return message_table[mid].text[l];
		if (d < 0 || (d == 0 && k.len < key.len))
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const char *
lang_code(enum lang l)
{
	return l == LANG_EN ? "en" : "zh-Hant-TW";
}

/* The language a tag such as "en-GB" means to us; LANG_N for any other. */
static enum lang
lang_of(struct span tag)
{
	struct span main = span_slice(tag, 0, 2);

	if (tag.len > 2 && tag.at[2] != '-')
		return LANG_N;
	if (span_equal_nocase(main, SPAN_LIT("zh")))
		return LANG_ZH;
	if (span_equal_nocase(main, SPAN_LIT("en")))
		return LANG_EN;
	return LANG_N;
}

/* A q-value in thousandths: "0.8" is 800; malformed is 0. */
static unsigned
quality(struct span s)
{
	unsigned q = 0, place = 1000;

	if (s.len == 0 || (s.at[0] != '0' && s.at[0] != '1'))
		return 0;
	if (s.at[0] == '1')
		return 1000;
	for (size_t i = 2; i < s.len && i < 5; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return 0;
		place /= 10;
		q += (unsigned)(s.at[i] - '0') * place;
	}
	return q;
}

/* The best of ours in an Accept-Language header; LANG_N if none is there. */
static enum lang
accept_choose(const char *accept)
{
	struct cursor c = cursor_of(span_text(accept));
	enum lang best = LANG_N;
	unsigned best_q = 0;

	while (c.pos < c.all.len) {
		struct span item = cursor_until(&c, ',', NULL);
		struct cursor i = cursor_of(item);
		enum lang l = lang_of(span_trim(cursor_until(&i, ';', NULL)));
		struct span p = span_trim(cursor_rest(&i));
		unsigned q = 1000;

		if (span_starts(p, "q="))
			q = quality(span_slice(p, 2, SIZE_MAX));
		if (l != LANG_N && q > best_q) {
			best = l;
			best_q = q;
		}
	}
	return best;
}

enum lang
lang_choose(const char *query, struct span cookie, const char *accept)
{
	enum lang l = lang_of(span_text(query));

	if (*query != '\0' && l != LANG_N)
		return l;
	if (cookie.len != 0 && (l = lang_of(cookie)) != LANG_N)
		return l;
	l = accept_choose(accept);
	return l == LANG_N ? LANG_ZH : l;
}
