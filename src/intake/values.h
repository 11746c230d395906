/*
 * intake/values.h: the few values that rules ask of a record, out of the
 * many that a message may hold.
 *
 * When rules are loaded every place they name is a wanted key of its form.
 * A reader of a form (intake/form.h) goes once through a message and offers
 * what it finds; what nobody wants is passed over by two look-ups. Nothing
 * is allocated and nothing cleared from one record to the next.
 */
#ifndef INTAKE_VALUES_H
#define INTAKE_VALUES_H

#include "base/arena.h"
#include "base/fault.h"

/* The forms that a message's values are read in. */
enum form {
	FORM_JSON,
	FORM_PAIRS,
	FORM_AUDIT,
	FORM_CSV,
	FORM_CEF,
	FORM_LEEF,
	FORM_PARAMS,
	FORM_N,
	FORM_TEXT = FORM_N, /* patterns: they have captures, not keys */
};

/* How a value is written where it stands. */
enum escape {
	ESCAPE_NONE,
	ESCAPE_JSON, /* backslashes of RFC 8259 */
	ESCAPE_MARK, /* a backslash before \ " ' ] = | and n */
	ESCAPE_TWICE, /* the quote written twice */
	ESCAPE_HEX, /* two digits a byte */
};

/* A place that rules read: keys of one form, the first that is there. */
struct path {
	enum form form;
	struct span *key;
	size_t n_keys;
};

struct want; /* a slot of the hash table */

/* The wanted keys of one form. */
struct wants {
	struct want *slot;
	size_t mask;
	uint64_t lens[256]; /* by first byte: which lengths there are */
};

struct values {
	struct wants wants[FORM_N];
	struct use *use; /* which paths a key serves */
	struct value *value; /* of each path */
	size_t n_paths;
	uint32_t turn; /* of the record */
	bool full; /* a value of the record did not fit the arena */
};

/* values_build: make ready for these paths, which stay borrowed; all memory
 * comes from a. Fails ERR_MEMORY. */
MUST_CHECK enum err values_build(struct values *v, struct arena *a,
    const struct path *path, size_t n_paths, struct fault *why);

/* values_begin: the next record; forgets everything offered. */
void values_begin(struct values *v);

/* values_take: what a reader offers, once values_want said yes. Nothing is
 * taken that stands for nothing ("", "-", "N/A"); of one key the first counts,
 * and of a path's keys the one named first. */
void values_take(struct values *v, enum form f, struct span key,
    struct span text, enum escape how);

/* values_want: false when surely nobody wants the key. */
static inline bool
values_want(const struct values *v, enum form f, struct span key)
{
	return key.len > 0 &&
	    (v->wants[f].lens[key.at[0]] >> (key.len & 63) & 1) != 0;
}

static inline void
values_offer(struct values *v, enum form f, struct span key, struct span text,
    enum escape how)
{
	if (values_want(v, f, key))
		values_take(v, f, key, text, how);
}

/* values_get: the value of a path, unescaped (into a); at == NULL: none, or
 * no memory. */
struct span values_get(struct values *v, size_t path, struct arena *a);

#endif
