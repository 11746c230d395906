/*
 * book/hold.c: legal holds: what may not be deleted although its period is
 * over.
 *
 * Works on: rows that people wrote. Runs in: book, which prints them, and
 * keeper, which asks before every deletion.
 */
#include "book/hold.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "book/inner.h"

#define HOLD_COLUMNS 7 /* of hold_rules.sql */
#define HOLDS_MAX ((size_t)16 << 20)

struct hold {
	const char *agency, *key, *class, *log_source; /* "": all */
	int64_t from_us, until_us; /* records: from <= received < until */
	int64_t end_us; /* of the hold itself; INT64_MAX: none */
};

struct holds {
	struct arena *a;
	struct hold *at;
	size_t n;
};

enum err
holds_print(struct book *b, struct buf *out, struct fault *why)
{
	return rowlist_print(
	    b, "hold_rules", HOLD_COLUMNS, "legal holds", out, why);
}

/* A text of the object, kept; "" when it is missing; NULL without memory. */
static const char *
text_of(struct holds *h, const json_t *o, const char *key)
{
	return arena_text(h->a, span_text(json_get_text(o, key, "")));
}

/* The instant after a day whose first instant is us. */
static int64_t
day_after(int64_t us)
{
	int64_t end;

	return __builtin_add_overflow(us, WHEN_DAY, &end) ? INT64_MAX : end;
}

static bool
hold_read(struct holds *h, const json_t *o, struct hold *to)
{
	*to = (struct hold){ .agency = text_of(h, o, "agency"),
		.key = text_of(h, o, "key"),
		.class = text_of(h, o, "class"),
		.log_source = text_of(h, o, "log_source"),
		.from_us = json_get_int(o, "records_from", INT64_MIN),
		.until_us = day_after(
		    json_get_int(o, "records_until", INT64_MAX)),
		.end_us = day_after(json_get_int(o, "until", INT64_MAX)) };
	return to->agency != NULL && to->key != NULL && to->class != NULL &&
	    to->log_source != NULL;
}

enum err
holds_read(struct span json, struct holds **out, struct fault *why)
{
	struct holds *h = NULL;
	json_t *list = NULL;
	enum err e;

	if ((e = json_read(json, &list, why)) != ERR_OK)
		return e;
	if (!json_is_array(list)) {
		e = fault_set(why, ERR_SYNTAX, "legal holds: no list");
		goto out;
	}
	if ((h = calloc(1, sizeof *h)) == NULL ||
	    (h->a = arena_new(HOLDS_MAX)) == NULL ||
	    (h->at = arena_array(
		 h->a, json_array_size(list) + 1, sizeof *h->at)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "legal holds");
		goto out;
	}
	h->n = json_array_size(list);
	for (size_t i = 0; i < h->n && e == ERR_OK; i++)
		if (!hold_read(h, json_array_get(list, i), &h->at[i]))
			e = fault_set(why, ERR_MEMORY, "legal holds");
	if (e == ERR_OK) {
		*out = h;
		h = NULL;
	}
out:
	holds_free(h);
	json_decref(list);
	return e;
}

void
holds_free(struct holds *h)
{
	if (h == NULL)
		return;
	arena_free(h->a);
	free(h);
}

size_t
holds_count(const struct holds *h)
{
	return h->n;
}

/* Whether one of the log sources is the hold's. */
static bool
source_held(const struct hold *h, const struct hold_ask *ask)
{
	const char *key;

	if (*h->log_source == '\0')
		return true;
	for (size_t i = 0; (key = ask->from(ask->arg, i)) != NULL; i++)
		if (strcmp(key, h->log_source) == 0)
			return true;
	return false;
}

const char *
holds_find(const struct holds *h, const struct hold_ask *ask, int64_t now_us)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct hold *one = &h->at[i];

		if (now_us < one->end_us && ask->last_us >= one->from_us &&
		    ask->first_us < one->until_us &&
		    strcmp(ask->agency, one->agency) == 0 &&
		    (*one->class == '\0' ||
			strcmp(ask->class, one->class) == 0) &&
		    source_held(one, ask))
			return one->key;
	}
	return NULL;
}
