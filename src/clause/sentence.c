/*
 * clause/sentence.c: {placeholders} of a sentence filled from evidence.
 *
 * Works on texts of a pack and on what its check found. Runs anywhere.
 */
#include "clause/sentence.h"

#include "base/when.h"

/* A moment, to the minute: that is how people read a deadline. */
static void
print_time(struct buf *b, int64_t us, enum lang lang)
{
	struct day d = when_day(us);
	int64_t minute = (us - day_start(d)) / WHEN_MINUTE;

	if (lang == LANG_ZH)
		roc_print(b, d);
	else
		day_print(b, d);
	buf_printf(b, " %02d:%02d", (int)(minute / 60), (int)(minute % 60));
}

/* One value; `key` tells a time from a number. */
static void
print_value(
    struct buf *b, const char *key, size_t len, const json_t *v, enum lang lang)
{
	size_t n = json_array_size(v);

	if (json_is_integer(v) && len > 3 &&
	    memcmp(key + len - 3, "_us", 3) == 0)
		print_time(b, json_integer_value(v), lang);
	else if (json_is_integer(v))
		buf_printf(b, "%lld", (long long)json_integer_value(v));
	else if (json_is_string(v))
		buf_span(
		    b, span_of(json_string_value(v), json_string_length(v)));
	else if (json_is_boolean(v))
		buf_text(b,
		    lang == LANG_ZH ? (json_is_true(v) ? "是" : "否")
				    : (json_is_true(v) ? "yes" : "no"));
	else if (json_is_array(v)) {
		for (size_t i = 0; i < n; i++) {
			if (i > 0)
				buf_text(b, lang == LANG_ZH ? "、" : ", ");
			print_value(b, key, len, json_array_get(v, i), lang);
		}
	}
}

bool
sentence_print(
    struct buf *b, const char *text, const json_t *evidence, enum lang lang)
{
	struct cursor c = cursor_of(span_text(text));
	bool all = true;

	while (c.pos < c.all.len) {
		bool open;
		struct span key;
		const json_t *v = NULL;

		buf_span(b, cursor_until(&c, '{', &open));
		if (!open)
			break;
		if (c.pos < c.all.len && c.all.at[c.pos] == '{') {
			buf_text(b, "{");
			c.pos++;
			continue;
		}
		key = cursor_until(&c, '}', &open);
		if (evidence != NULL)
			v = json_object_getn(
			    evidence, (const char *)key.at, key.len);
		if (v == NULL || json_is_null(v) || json_is_object(v)) {
			buf_text(b, "—");
			all = false;
			continue;
		}
		print_value(b, (const char *)key.at, key.len, v, lang);
	}
	return all;
}
