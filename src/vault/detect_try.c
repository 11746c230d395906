/*
 * vault/detect_try.c: detection rules tried on the records beside them.
 */
#include "vault/detect_try.h"

#include <stdlib.h>

#include "base/when.h"
#include "pack/yaml.h"

#define TELLINGS_MAX 256U
#define TIMES_MAX 100000
#define TRY_ARENA ((size_t)64 << 20)

/* What was told, as last told. */
struct telling {
	struct detection d;
	unsigned records; /* cited when first told */
	bool expected;
};

struct trying {
	struct sigma *rules;
	const struct yaml *yaml;
	const char *name;
	const char *twin; /* file of the rules; "" all */
	struct arena *arena;
	detect_say_fn *say;
	void *arg;
	char at[96]; /* pointer to the test under the hands */
	bool failed;
	struct telling *told;
	unsigned n_told;
};

static void __attribute__((format(printf, 2, 3)))
complain(struct trying *t, const char *fmt, ...)
{
	struct fault line;
	char text[FAULT_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)yaml_fault(t->yaml, t->at, &line, ERR_SYNTAX, "%s", text);
	t->failed = true;
	t->say(t->arg, line.text);
}

/* Is the rule one of those that are tried? */
static bool
is_tried(const struct trying *t, const char *rule)
{
	uint32_t i = sigma_find(t->rules, span_text(rule));

	return t->twin[0] == '\0' ||
	    (i != SIGMA_NONE &&
		strcmp(sigma_at(t->rules, i)->file, t->twin) == 0);
}

static enum err
hear(void *arg, const struct detection *d, struct fault *why)
{
	struct trying *t = arg;

	(void)why;
	if (!is_tried(t, d->rule))
		return ERR_OK;
	for (unsigned i = 0; i < t->n_told; i++)
		if (t->told[i].d.n == d->n &&
		    t->told[i].d.source == d->source) {
			t->told[i].d = *d;
			return ERR_OK;
		}
	if (t->n_told < TELLINGS_MAX)
		t->told[t->n_told++] = (struct telling){ .d = *d,
			.records = d->n_records };
	return ERR_OK;
}

/* ---- records ---- */

/* A text with {n} in it counted. */
static struct span
counted(struct trying *t, const json_t *v, int64_t n)
{
	struct span s, behind;
	size_t at;
	char *text;

	if (json_is_integer(v))
		text = arena_printf(
		    t->arena, "%lld", (long long)json_integer_value(v));
	else
		text = arena_text(t->arena,
		    span_text(json_is_string(v) ? json_string_value(v) : ""));
	if (text == NULL)
		return SPAN_EMPTY;
	s = span_text(text);
	if ((at = span_find_text(s, "{n}")) == SIZE_MAX)
		return s;
	behind = span_slice(s, at + 3, SIZE_MAX);
	text = arena_printf(t->arena, "%.*s%lld%.*s", (int)at,
	    (const char *)s.at, (long long)n, (int)behind.len,
	    (const char *)behind.at);
	return text == NULL ? SPAN_EMPTY : span_text(text);
}

static struct span
json_line(struct trying *t, const json_t *v)
{
	struct buf b;
	struct span s;

	buf_init(&b, EVENT_RAW_MAX);
	json_canonical(&b, v);
	s = arena_copy(t->arena, buf_view(&b));
	buf_clear(&b);
	return s;
}

/* One attribute of a record; false: there is no such. */
static bool
attribute(struct trying *t, struct event *ev, const char *key, const json_t *v,
    int64_t n)
{
	static const char *const aside[] = { "at", "times", "every" };
	struct span value = counted(t, v, n), name = span_text(key);
	enum event_field f = event_field_find(name);

	for (size_t i = 0; i < sizeof aside / sizeof aside[0]; i++)
		if (strcmp(key, aside[i]) == 0)
			return true;
	if (f != FIELD_N) {
		ev->field[f] = value;
	} else if (strcmp(key, "category") == 0) {
		ev->category = event_category_find(value);
		return ev->category != CAT_N;
	} else if (strcmp(key, "host") == 0) {
		ev->host = value;
	} else if (strcmp(key, "app") == 0) {
		ev->app = value;
	} else if (strcmp(key, "message") == 0) {
		ev->message = ev->raw = value;
	} else if (strcmp(key, "json") == 0) {
		ev->message = ev->raw = json_line(t, v);
	} else {
		return false;
	}
	return true;
}

static bool
event_make(struct trying *t, const json_t *o, int64_t n, struct event *ev)
{
	json_t *map = json_incref((json_t *)(uintptr_t)o), *v;
	const char *key;
	bool good = true;

	*ev = (struct event){ .via = VIA_UDP,
		.facility = EVENT_NO_SEVERITY,
		.severity = EVENT_NO_SEVERITY,
		.sender = SPAN_LIT("192.0.2.1"),
		.host = SPAN_LIT("host") };
	json_object_foreach(map, key, v) {
		if (good && !attribute(t, ev, key, v, n)) {
			complain(t, "a record has no attribute '%s'", key);
			good = false;
		}
	}
	json_decref(map);
	return good;
}

static bool
span_us(const char *text, int64_t *us)
{
	struct span s = span_text(text);
	int64_t unit = s.len == 0    ? 0
	    : s.at[s.len - 1] == 's' ? WHEN_SECOND
	    : s.at[s.len - 1] == 'm' ? WHEN_MINUTE
	    : s.at[s.len - 1] == 'h' ? WHEN_HOUR
	    : s.at[s.len - 1] == 'd' ? WHEN_DAY
				     : 0;
	uint64_t n;

	if (unit == 0 || !span_number(span_slice(s, 0, s.len - 1), 1000000, &n))
		return false;
	*us = (int64_t)n * unit;
	return true;
}

/* One line of `records`, as often as it says. */
static enum err
records_feed(struct trying *t, struct detect *d, const json_t *o, uint64_t *seq,
    struct fault *why)
{
	int64_t times = json_get_int(o, "times", 1), every = 0, at = 0;
	enum err e = ERR_OK;

	if (!json_is_object(o) || times < 1 || times > TIMES_MAX ||
	    when_parse(span_text(json_get_text(o, "at", "")), &at, NULL) !=
		ERR_OK ||
	    !span_us(json_get_text(o, "every", "0s"), &every)) {
		complain(t, "a record needs `at`, and `every` is like 10s");
		return ERR_OK;
	}
	for (int64_t i = 0; i < times && e == ERR_OK; i++) {
		struct event ev;

		if (!event_make(t, o, i + 1, &ev))
			return ERR_OK;
		ev.received_us = ev.event_us = at + i * every;
		e = detect_feed(d, 1, 0, ++*seq, &ev, hear, t, why);
	}
	return e;
}

/* ---- comparing ---- */

static bool
fits(const struct telling *x, const json_t *want)
{
	const char *subject = json_get_text(want, "subject", NULL);

	return !x->expected &&
	    strcmp(x->d.rule, json_get_text(want, "rule", "")) == 0 &&
	    (subject == NULL || strcmp(x->d.subject, subject) == 0) &&
	    json_get_int(want, "count", (int64_t)x->d.count) ==
	    (int64_t)x->d.count &&
	    json_get_int(want, "records", x->records) == x->records;
}

static void
compare(struct trying *t, const json_t *test)
{
	const json_t *list = json_object_get(test, "expect");
	const char *name = json_get_text(test, "name", "");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *want = json_array_get(list, i);
		bool found = false;

		for (unsigned k = 0; k < t->n_told && !found; k++) {
			found = fits(&t->told[k], want);
			t->told[k].expected = t->told[k].expected || found;
		}
		if (!found)
			complain(t, "%s: expected but not told: %s %s", name,
			    json_get_text(want, "rule", "?"),
			    json_get_text(want, "subject", ""));
	}
	for (unsigned k = 0; k < t->n_told; k++)
		if (!t->told[k].expected)
			complain(t,
			    "%s: told but not expected: %s %s, count %llu, "
			    "%u records",
			    name, t->told[k].d.rule, t->told[k].d.subject,
			    (unsigned long long)t->told[k].d.count,
			    t->told[k].records);
}

static enum err
test_run(struct trying *t, const json_t *test, struct fault *why)
{
	const json_t *list = json_object_get(test, "records");
	struct detect *d = detect_new(t->rules, 0);
	uint64_t seq = 0;
	enum err e = ERR_OK;

	t->n_told = 0;
	t->failed = false;
	if (d == NULL)
		return fault_set(why, ERR_MEMORY, "detectors");
	if (!json_is_array(list) ||
	    !json_is_array(json_object_get(test, "expect")))
		complain(t, "a test needs `records` and `expect`");
	for (size_t i = 0; i < json_array_size(list) && e == ERR_OK; i++)
		e = records_feed(t, d, json_array_get(list, i), &seq, why);
	if (e == ERR_OK && !t->failed)
		compare(t, test);
	detect_free(d);
	arena_reset(t->arena);
	return e;
}

static enum err
tables_set(struct trying *t, const json_t *tables, struct fault *why)
{
	json_t *map = json_incref((json_t *)(uintptr_t)tables), *list;
	const char *name;
	enum err e = ERR_OK;

	json_object_foreach(map, name, list) {
		size_t n = json_array_size(list);
		struct span *value = arena_array(
		    t->arena, n + 1, sizeof *value);

		for (size_t i = 0; value != NULL && i < n; i++)
			value[i] = counted(t, json_array_get(list, i), 0);
		if (value == NULL)
			e = fault_set(why, ERR_MEMORY, "tables");
		if (e == ERR_OK)
			e = sigma_table_set(t->rules, name, value, n, why);
	}
	json_decref(map);
	return e;
}

/* "…/brute-force.test.yaml" is about "…/brute-force.yml" or ".yaml". */
static const char *
twin_of(const struct sigma *rules, struct arena *a, const char *name)
{
	size_t at = span_find_text(span_text(name), ".test.y");
	static const char *const ends[] = { "yml", "yaml" };

	for (unsigned i = 0; i < 2 && at != SIZE_MAX; i++) {
		const char *file = arena_printf(
		    a, "%.*s.%s", (int)at, name, ends[i]);

		for (unsigned k = 0; file != NULL && k < sigma_count(rules);
		     k++)
			if (strcmp(sigma_at(rules, k)->file, file) == 0)
				return sigma_at(rules, k)->file;
	}
	return "";
}

enum err
detect_try(struct sigma *rules, struct span yaml, const char *name,
    detect_say_fn *say, void *arg, struct detect_tried *tried,
    struct fault *why)
{
	struct trying t = {
		.rules = rules, .name = name, .say = say, .arg = arg
	};
	struct yaml *doc = NULL;
	const json_t *list;
	enum err e = yaml_read(yaml, name, &doc, why);

	if (e != ERR_OK)
		return e;
	t.yaml = doc;
	t.arena = arena_new(TRY_ARENA);
	t.told = calloc(TELLINGS_MAX, sizeof *t.told);
	if (t.arena == NULL || t.told == NULL) {
		e = fault_set(why, ERR_MEMORY, "%s", name);
		goto out;
	}
	t.twin = twin_of(rules, t.arena, name);
	list = json_object_get(yaml_root(doc), "tests");
	if (!json_is_array(list)) {
		e = fault_set(
		    why, ERR_SYNTAX, "%s:1: `tests` is missing", name);
		goto out;
	}
	e = tables_set(&t, json_object_get(yaml_root(doc), "tables"), why);
	for (size_t i = 0; i < json_array_size(list) && e == ERR_OK; i++) {
		struct buf b;

		buf_init(&b, sizeof t.at - 1);
		buf_printf(&b, "/tests/%zu", i);
		memcpy(t.at, buf_string(&b), b.len + 1);
		buf_clear(&b);
		e = test_run(&t, json_array_get(list, i), why);
		tried->tests++;
		tried->failed += t.failed;
	}
out:
	free(t.told);
	arena_free(t.arena);
	yaml_doc_free(doc);
	return e;
}
