/*
 * pack/json.c: JSON read strictly, values asked and put, text for people.
 *
 * Works on jansson's values. Source: RFC 8259.
 */
#include "pack/json.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/text.h"
#include "base/when.h"

/* jansson calls some failed allocations syntax errors, so we look ourselves. */
static _Thread_local bool starved;

static void *
allocate(size_t len)
{
	void *p = malloc(len);

	starved = starved || p == NULL;
	return p;
}

/* jansson seeds its tables from a file when the first object is made, which
 * behind a fence cannot be opened. So it is seeded as the program loads. */
static void __attribute__((constructor)) begin(void)
{
	size_t seed = 0;

	json_set_alloc_funcs(allocate, free);
	/* Without chance jansson takes time and process number: still fine. */
	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) ==
	    (ssize_t)sizeof seed)
		json_object_seed(seed | 1);
}

/* Looks whether brackets nest deeper than allowed; says where. */
static enum err
depth_check(struct span s, struct fault *why)
{
	size_t depth = 0, line = 1, start = 0;
	bool text = false;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (c == '\n') {
			line++;
			start = i + 1;
		}
		if (text && c == '\\')
			i++;
		else if (c == '"')
			text = !text;
		else if (!text && (c == '[' || c == '{'))
			depth++;
		else if (!text && (c == ']' || c == '}') && depth > 0)
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return fault_set(why, ERR_LIMIT,
			    "line %zu, column %zu: nested deeper than %d", line,
			    i - start + 1, JSON_DEPTH_MAX);
	}
	return ERR_OK;
}

enum err
json_read(struct span s, json_t **out, struct fault *why)
{
	const size_t how = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	json_error_t at;
	json_t *v;
	enum err e;

	if ((e = depth_check(s, why)) != ERR_OK)
		return e;
	starved = false;
	v = json_loadb(s.len == 0 ? "" : (const char *)s.at, s.len, how, &at);
	if (v != NULL) {
		*out = v; /* handed over: json_decref */
		return ERR_OK;
	}
	if (starved)
		return fault_set(why, ERR_MEMORY, "JSON");
	return fault_set(why, ERR_SYNTAX, "line %d, column %d: %s",
	    at.line < 1 ? 1 : at.line, at.column < 0 ? 0 : at.column, at.text);
}

/* Takes jansson's text into a buffer. */
static int
take(const char *text, size_t len, void *b)
{
	buf_add(b, text, len);
	return buf_error(b) == ERR_OK ? 0 : -1;
}

void
json_pretty(struct buf *b, const json_t *v)
{
	const size_t how = JSON_INDENT(2) | JSON_ENCODE_ANY;

	if (json_dump_callback(v, take, b, how) != 0 && buf_error(b) == ERR_OK)
		b->bad = ERR_MEMORY;
}

const char *
json_get_text(const json_t *o, const char *key, const char *or_)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) ? json_string_value(v) : or_;
}

int64_t
json_get_int(const json_t *o, const char *key, int64_t or_)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : or_;
}

bool
json_get_bool(const json_t *o, const char *key, bool or_)
{
	const json_t *v = json_object_get(o, key);

	return json_is_boolean(v) ? json_is_true(v) : or_;
}

/* Sets key to v, which is taken; without memory the key is left out. */
static void
put(json_t *o, const char *key, json_t *v)
{
	if (v == NULL || json_object_set_new(o, key, v) != 0)
		(void)json_object_del(o, key); /* it may not be there */
}

void
json_put_text(json_t *o, const char *key, struct span s)
{
	struct buf b;

	if (s.len == 0) {
		put(o, key, json_string(""));
		return;
	}
	if (text_valid(s) && span_find(s, '\0') == SIZE_MAX) {
		put(o, key, json_stringn_nocheck((const char *)s.at, s.len));
		return;
	}
	buf_init(&b, s.len < SIZE_MAX / 4 ? s.len * 3 : SIZE_MAX);
	(void)text_scrub(&b, s);
	put(o, key,
	    buf_error(&b) != ERR_OK
		? NULL
		: json_stringn_nocheck(buf_string(&b), b.len));
	buf_clear(&b);
}

void
json_put_str(json_t *o, const char *key, const char *s)
{
	if (s == NULL)
		put(o, key, json_null());
	else
		json_put_text(o, key, span_text(s));
}

void
json_put_int(json_t *o, const char *key, int64_t v)
{
	put(o, key, json_integer(v));
}

void
json_put_time(json_t *o, const char *key, int64_t us)
{
	struct buf b;

	if (us == 0 || us == WHEN_NEVER) {
		put(o, key, json_null());
		return;
	}
	buf_init(&b, 64);
	when_print(&b, us);
	put(o, key,
	    buf_error(&b) != ERR_OK ? NULL : json_string(buf_string(&b)));
	buf_clear(&b);
}
