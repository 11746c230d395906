/*
 * sigma/record.c: a record as rules see it: fields by any of their names.
 *
 * Each field is looked up once a record and kept. A record whose message is a
 * JSON object is parsed only when a rule asks for a field of it.
 */
#include "sigma/record.h"

#include <stdlib.h>

#include "base/when.h"

#define ARENA_RECORD ((size_t)4 << 20)
#define PATH_STEPS 12U

struct sigma_record *
sigma_record_new(const struct sigma *s)
{
	struct sigma_record *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->s = s;
	r->arena = arena_new(ARENA_RECORD);
	r->slot = calloc(s->n_fields + 1U, sizeof *r->slot);
	r->hit = calloc(s->n_rules + 1U, sizeof *r->hit);
	if (r->arena == NULL || r->slot == NULL || r->hit == NULL) {
		sigma_record_free(r);
		return NULL;
	}
	return r;
}

void
sigma_record_free(struct sigma_record *r)
{
	if (r == NULL)
		return;
	json_decref(r->json);
	arena_free(r->arena);
	free(r->slot);
	free(r->hit);
	free(r);
}

void
sigma_record_take(struct sigma_record *r, const struct event *ev, int64_t at_us)
{
	r->ev = ev;
	r->at_us = at_us;
	if (r->used) {
		json_decref(r->json);
		r->json = NULL;
		arena_reset(r->arena);
		r->used = false;
	}
	r->tried = false;
	if (++r->turn == 0) { /* after 4 thousand million records */
		memset(r->slot, 0, (r->s->n_fields + 1U) * sizeof *r->slot);
		r->turn = 1;
	}
}

uint64_t
sigma_undecided(const struct sigma_record *r)
{
	return r->undecided;
}

/* ---- JSON ---- */

/* Where a JSON object could begin. */
static struct span
json_text(const struct event *ev)
{
	struct span s = span_trim(ev->message);

	if (span_starts(s, "@cee:"))
		s = span_trim(span_slice(s, 5, SIZE_MAX));
	return s;
}

bool
record_is_json(struct sigma_record *r)
{
	struct span s = json_text(r->ev);

	return s.len > 1 && s.at[0] == '{';
}

const json_t *
record_json(struct sigma_record *r)
{
	if (r->tried)
		return r->json;
	r->tried = r->used = true;
	if (!record_is_json(r) ||
	    json_read(json_text(r->ev), &r->json, NULL) != ERR_OK)
		r->json = NULL;
	return r->json;
}

/* What a dotted path leads to: the whole name as a key, else its parts. */
static json_t *
path_find(const json_t *o, struct span path, unsigned steps)
{
	json_t *v;

	if (!json_is_object(o) || steps == PATH_STEPS)
		return NULL;
	v = json_object_getn(o, (const char *)path.at, path.len);
	for (size_t i = 1; v == NULL && i + 1 < path.len; i++) {
		if (path.at[i] != '.')
			continue;
		v = json_object_getn(o, (const char *)path.at, i);
		if (v != NULL)
			v = path_find(
			    v, span_slice(path, i + 1, SIZE_MAX), steps + 1);
	}
	return v;
}

/* A number, truth or text as text; at == NULL for anything else. */
struct span
record_scalar(struct sigma_record *r, const json_t *v)
{
	if (json_is_string(v))
		return span_of(json_string_value(v), json_string_length(v));
	r->used = true;
	if (json_is_integer(v))
		return span_text(arena_printf(
		    r->arena, "%lld", (long long)json_integer_value(v)));
	if (json_is_real(v))
		return span_text(
		    arena_printf(r->arena, "%.17g", json_real_value(v)));
	if (json_is_boolean(v))
		return span_text(json_is_true(v) ? "true" : "false");
	return SPAN_EMPTY;
}

static bool
json_slot(struct sigma_record *r, const json_t *v, struct slot *to)
{
	if (v == NULL)
		return false;
	to->kind = VALUE_TEXT;
	if (json_is_null(v)) {
		to->kind = VALUE_NULL;
	} else if (json_is_array(v)) {
		to->kind = VALUE_LIST;
		to->list = v;
		to->text = json_array_size(v) > 0
		    ? record_scalar(r, json_array_get(v, 0))
		    : SPAN_EMPTY;
	} else {
		to->text = record_scalar(r, v);
		if (to->text.at == NULL)
			to->text = span_text("");
	}
	return true;
}

static bool
json_named(struct sigma_record *r, struct span name, struct slot *to)
{
	const json_t *o = record_json(r);
	const json_t *v = o == NULL ? NULL : path_find(o, name, 0);

	for (unsigned i = 0; v == NULL && o != NULL && i < r->s->n_containers;
	     i++) {
		const json_t *in = path_find(o, r->s->container[i], 0);

		v = in == NULL ? NULL : path_find(in, name, 0);
	}
	return json_slot(r, v, to);
}

/* ---- our own fields ---- */

static struct span
number_text(struct sigma_record *r, int64_t n)
{
	char *t;

	r->used = true;
	t = arena_printf(r->arena, "%lld", (long long)n);
	return t == NULL ? SPAN_EMPTY : span_text(t);
}

static struct span
time_text(struct sigma_record *r, bool date)
{
	struct buf b;
	struct span s;

	r->used = true;
	buf_init(&b, 64);
	if (date)
		day_print(&b, when_day(r->at_us));
	else
		when_print(&b, r->at_us);
	s = arena_copy(r->arena, buf_view(&b));
	buf_clear(&b);
	return s;
}

/* Days since 1970-01-01 in Taipei; it was a Thursday. */
static int64_t
weekday(int64_t us)
{
	int64_t day = (when_day_start(us) + 8 * WHEN_HOUR) / WHEN_DAY;

	return (day % 7 + 7 + 3) % 7 + 1;
}

static struct span
nothing_if_empty(struct span s)
{
	return s.len == 0 ? SPAN_EMPTY : s;
}

static struct span
target_value(struct sigma_record *r, const struct target *t)
{
	const struct event *ev = r->ev;

	switch (t->kind) {
	case TARGET_FIELD:
		return ev->field[t->field];
	case TARGET_HOST:
		return nothing_if_empty(ev->host);
	case TARGET_APP:
		return nothing_if_empty(ev->app);
	case TARGET_PROC:
		return nothing_if_empty(ev->proc);
	case TARGET_MSGID:
		return nothing_if_empty(ev->msgid);
	case TARGET_SENDER:
		return nothing_if_empty(ev->sender);
	case TARGET_CATEGORY:
		return span_text(event_category_name(ev->category));
	case TARGET_CLASS:
		return span_text(
		    event_class_name(event_class_of(ev->category)));
	case TARGET_VIA:
		return span_text(event_via_name(ev->via));
	case TARGET_SEVERITY:
		return ev->severity == EVENT_NO_SEVERITY
		    ? SPAN_EMPTY
		    : number_text(r, ev->severity);
	case TARGET_FACILITY:
		return ev->facility == EVENT_NO_SEVERITY
		    ? SPAN_EMPTY
		    : number_text(r, ev->facility);
	case TARGET_MESSAGE:
		return nothing_if_empty(ev->message);
	case TARGET_RAW:
		return ev->raw;
	case TARGET_TIME:
		return time_text(r, false);
	case TARGET_DATE:
		return time_text(r, true);
	case TARGET_WEEKDAY:
		return number_text(r, weekday(r->at_us));
	case TARGET_CLOCK:
		return number_text(
		    r, (r->at_us - when_day_start(r->at_us)) / WHEN_MINUTE);
	default:
		return SPAN_EMPTY;
	}
}

const struct slot *
record_slot(struct sigma_record *r, uint32_t field)
{
	const struct field *f = &r->s->field[field];
	struct slot *to = &r->slot[field];

	if (to->turn == r->turn)
		return to;
	*to = (struct slot){ .turn = r->turn, .kind = VALUE_ABSENT };
	if (f->json && json_named(r, f->name, to))
		return to;
	for (unsigned i = 0; i < f->n; i++) {
		const struct target *t = &f->target[i];
		const json_t *o;

		if (t->kind == TARGET_JSON) {
			o = record_json(r);
			if (o != NULL &&
			    json_slot(r, path_find(o, t->path, 0), to))
				return to;
			continue;
		}
		to->text = target_value(r, t);
		if (to->text.at != NULL) {
			to->kind = VALUE_TEXT;
			return to;
		}
	}
	if (f->json_last)
		(void)json_named(r, f->name, to);
	return to;
}

struct span
sigma_value(struct sigma_record *r, uint32_t field)
{
	const struct slot *v = record_slot(r, field);

	return v->kind == VALUE_TEXT || v->kind == VALUE_LIST ? v->text
							      : SPAN_EMPTY;
}
