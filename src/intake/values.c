/*
 * intake/values.c: wanted keys, and what records gave for them.
 */
#include "intake/values.h"

#include "intake/escape.h"

struct want {
	struct span key; /* at == NULL: empty slot */
	uint32_t hash;
	uint32_t use; /* first of n_uses */
	uint32_t n_uses;
};

/* A path that a key serves, and its place among the path's keys. */
struct use {
	uint16_t path, rank;
};

struct value {
	struct span text;
	uint32_t turn; /* set in this record when it is values.turn */
	uint16_t rank;
	uint8_t how; /* enum escape */
};

/* A hash over length and both ends; keys are short. */
static uint32_t
key_hash(struct span s)
{
	uint64_t front = 0, back = 0;

	if (s.len >= 8) {
		memcpy(&front, s.at, 8);
		memcpy(&back, s.at + s.len - 8, 8);
		if (s.len > 16) { /* the middle of long paths */
			uint64_t more;

			memcpy(&more, s.at + s.len / 2 - 4, 8);
			back += more * UINT64_C(0x9FB21C651E98DF25);
		}
	} else {
		for (size_t i = 0; i < s.len; i++)
			front = front << 8 | s.at[i];
	}
	front = (front ^ s.len) * UINT64_C(0x9E3779B97F4A7C15);
	front = (front ^ back ^ front >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
	return (uint32_t)(front >> 32);
}

/* The slot of a key: its own, or the empty one where it would go. */
static struct want *
want_slot(const struct wants *w, struct span key, uint32_t hash)
{
	size_t at = hash & w->mask;

	while (w->slot[at].key.at != NULL &&
	    (w->slot[at].hash != hash || !span_equal(w->slot[at].key, key)))
		at = (at + 1) & w->mask;
	return &w->slot[at];
}

/* Room for the keys of one form, each with a slot. */
static bool
wants_make(struct wants *w, enum form f, struct arena *a,
    const struct path *path, size_t n_paths)
{
	size_t keys = 1, slots = 16;

	for (size_t i = 0; i < n_paths; i++)
		keys += path[i].form == f ? path[i].n_keys : 0;
	while (slots < keys * 4)
		slots *= 2;
	w->slot = arena_array(a, slots, sizeof w->slot[0]);
	w->mask = slots - 1;
	return w->slot != NULL;
}

/* Calls for every key of the form: counts its uses or, with `use`, notes
 * them. */
static void
keys_count(
    struct wants *w, enum form f, const struct path *path, size_t n_paths)
{
	for (size_t i = 0; i < n_paths; i++)
		for (size_t k = 0; path[i].form == f && k < path[i].n_keys;
		     k++) {
			struct span key = path[i].key[k];
			uint32_t hash = key_hash(key);
			struct want *want = want_slot(w, key, hash);

			want->key = key;
			want->hash = hash;
			want->n_uses++;
			w->lens[key.at[0]] |= UINT64_C(1) << (key.len & 63);
		}
}

static void
keys_note(struct values *v, enum form f, const struct path *path, uint32_t *n)
{
	struct wants *w = &v->wants[f];

	for (size_t i = 0; i <= w->mask; i++) {
		w->slot[i].use = *n;
		*n += w->slot[i].n_uses;
		w->slot[i].n_uses = 0;
	}
	for (size_t i = 0; i < v->n_paths; i++)
		for (size_t k = 0; path[i].form == f && k < path[i].n_keys;
		     k++) {
			struct span key = path[i].key[k];
			struct want *want = want_slot(w, key, key_hash(key));

			v->use[want->use + want->n_uses++] = (struct use){
				(uint16_t)i,
				(uint16_t)k,
			};
		}
}

enum err
values_build(struct values *v, struct arena *a, const struct path *path,
    size_t n_paths, struct fault *why)
{
	size_t uses = 1;
	uint32_t n = 0;

	*v = (struct values){ .n_paths = n_paths };
	for (size_t i = 0; i < n_paths; i++)
		uses += path[i].n_keys;
	v->use = arena_array(a, uses, sizeof v->use[0]);
	v->value = arena_array(a, n_paths + 1, sizeof v->value[0]);
	if (v->use == NULL || v->value == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	for (unsigned f = 0; f < FORM_N; f++) {
		if (!wants_make(&v->wants[f], (enum form)f, a, path, n_paths))
			return fault_set(why, ERR_MEMORY, "rules");
		keys_count(&v->wants[f], (enum form)f, path, n_paths);
		keys_note(v, (enum form)f, path, &n);
	}
	return ERR_OK;
}

void
values_begin(struct values *v)
{
	v->full = false;
	if (++v->turn != 0)
		return;
	for (size_t i = 0; i < v->n_paths; i++)
		v->value[i].turn = 0;
	v->turn = 1;
}

/* What senders write for "nothing". */
static bool
is_nothing(struct span s)
{
	return s.len == 0 || (s.len == 1 && s.at[0] == '-') ||
	    (s.len == 3 && memcmp(s.at, "N/A", 3) == 0);
}

void
values_take(struct values *v, enum form f, struct span key, struct span text,
    enum escape how)
{
	const struct want *want = want_slot(&v->wants[f], key, key_hash(key));

	if (want->key.at == NULL || is_nothing(text))
		return;
	for (uint32_t i = 0; i < want->n_uses; i++) {
		struct use use = v->use[want->use + i];
		struct value *to = &v->value[use.path];

		if (to->turn != v->turn || use.rank < to->rank)
			*to = (struct value){ text, v->turn, use.rank,
				(uint8_t)how };
	}
}

struct span
values_get(struct values *v, size_t path, struct arena *a)
{
	struct value *from = &v->value[path];

	if (from->turn != v->turn)
		return SPAN_EMPTY;
	if (from->how != ESCAPE_NONE) {
		from->text = escape_undo(a, from->text, (enum escape)from->how);
		from->how = ESCAPE_NONE;
		v->full = v->full || from->text.at == NULL;
		if (is_nothing(from->text)) {
			from->turn = v->turn - 1; /* nothing after all */
			return SPAN_EMPTY;
		}
	}
	return from->text;
}
