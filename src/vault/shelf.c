/*
 * vault/shelf.c: the list of sealed segments, kept in order.
 */
#include "vault/shelf.h"

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "vault/map.h"
#include "vault/segment_own.h"

/* A segment kept open. */
struct kept {
	struct segment *segment; /* NULL: a free place */
	struct index *index;
	struct hash name;
	uint64_t used; /* by the shelf's clock */
};

struct shelf {
	struct env counted; /* first: as env below, but it counts reads */
	struct env_ops ops;
	uint64_t bytes;
	const struct keyring *keys;
	struct kept kept[SHELF_OPEN_MAX];
	uint64_t clock;
	struct env *env;
	int dir;
	struct shelf_item *item;
	size_t n, cap;
	bool *met; /* while refreshing: the file is there */
	size_t cap_met;
	bool sorted;
	char (*stream)[STREAM_NAME_MAX];
	uint32_t n_streams, cap_streams;
	struct map *by_stream, *by_name;
};

/* Reads, and counts. */
static enum err
read_counted(struct env *env, int fd, uint64_t at, void *to, size_t len,
    struct fault *why)
{
	struct shelf *s = (struct shelf *)(void *)env;

	s->bytes += len;
	return s->env->ops->read(s->env, fd, at, to, len, why);
}

static void
kept_close(struct kept *k)
{
	index_close(k->index);
	segment_close(k->segment);
	*k = (struct kept){ .segment = NULL };
}

void
shelf_close(struct shelf *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < SHELF_OPEN_MAX; i++)
		kept_close(&s->kept[i]);
	free(s->item);
	free(s->met);
	free(s->stream);
	map_free(s->by_stream);
	map_free(s->by_name);
	free(s);
}

const char *
shelf_stream(const struct shelf *s, uint32_t stream)
{
	return stream < s->n_streams ? s->stream[stream] : "";
}

/* The number of a stream's name. */
static enum err
stream_number(
    struct shelf *s, const char *name, uint32_t *out, struct fault *why)
{
	struct span key = span_text(name);
	uint32_t cap = s->cap_streams == 0 ? 16 : s->cap_streams * 2;
	void *p;
	enum err e;

	if ((*out = map_get(s->by_stream, key)) != MAP_NONE)
		return ERR_OK;
	if (s->n_streams == s->cap_streams) {
		p = reallocarray(s->stream, cap, sizeof *s->stream);
		if (p == NULL)
			return fault_set(why, ERR_MEMORY, "segments");
		s->stream = p;
		s->cap_streams = cap;
	}
	if ((e = map_put(s->by_stream, key, s->n_streams, why)) != ERR_OK)
		return e;
	memcpy(s->stream[s->n_streams], name, key.len + 1);
	*out = s->n_streams++;
	return ERR_OK;
}

/* Adds an item at the end. */
static enum err
item_add(struct shelf *s, const struct shelf_item *item, struct fault *why)
{
	size_t cap = s->cap == 0 ? 64 : s->cap * 2;
	struct shelf_item *p;

	if (s->n == s->cap) {
		if ((p = reallocarray(s->item, cap, sizeof *p)) == NULL)
			return fault_set(why, ERR_MEMORY, "segments");
		s->item = p;
		s->cap = cap;
	}
	s->item[s->n++] = *item;
	s->sorted = false;
	return ERR_OK;
}

/* By stream name, first sequence, name; what cannot be read is last. */
static int
item_order(const void *a, const void *b, void *arg)
{
	const struct shelf_item *x = a, *y = b;
	const struct shelf *s = arg;
	int by;

	if (x->unreadable != y->unreadable)
		return x->unreadable ? 1 : -1;
	if (x->unreadable)
		return memcmp(x->name.at, y->name.at, HASH_LEN);
	by = x->stream == y->stream
	    ? 0
	    : strcmp(s->stream[x->stream], s->stream[y->stream]);
	if (by != 0)
		return by;
	if (x->first_seq != y->first_seq)
		return x->first_seq < y->first_seq ? -1 : 1;
	return memcmp(x->name.at, y->name.at, HASH_LEN);
}

/* Brings items and the table of names into order. */
static enum err
settle(struct shelf *s, struct fault *why)
{
	enum err e = ERR_OK;

	if (s->sorted)
		return ERR_OK;
	if (s->n > 0)
		qsort_r(s->item, s->n, sizeof *s->item, item_order, s);
	map_reset(s->by_name);
	for (size_t i = 0; i < s->n && e == ERR_OK; i++)
		e = map_put(s->by_name, span_of(s->item[i].name.at, HASH_LEN),
		    (uint32_t)i, why);
	s->sorted = e == ERR_OK;
	return e;
}

/* An item from a segment's descriptor. */
static enum err
item_of(struct shelf *s, const struct segment_info *info,
    struct shelf_item *item, struct fault *why)
{
	*item = (struct shelf_item){ .name = info->name,
		.n = info->n,
		.blocks = info->blocks,
		.first_seq = info->first_seq,
		.first_us = info->first_us,
		.last_us = info->last_us,
		.sealed_us = info->sealed_us,
		.file_bytes = info->file_bytes,
		.raw_bytes = info->raw_bytes,
		.chain_before = info->chain_before,
		.chain_after = info->chain_after };
	return stream_number(s, info->stream, &item->stream, why);
}

enum err
shelf_put(struct shelf *s, const struct segment_info *info, struct fault *why)
{
	struct shelf_item item;
	enum err e = item_of(s, info, &item, why);

	if (e == ERR_OK)
		e = item_add(s, &item, why);
	return e == ERR_OK ? settle(s, why) : e;
}

void
shelf_keys(struct shelf *s, const struct keyring *keys)
{
	s->keys = keys;
	for (unsigned i = 0; i < SHELF_OPEN_MAX; i++)
		kept_close(&s->kept[i]);
}

uint64_t
shelf_bytes(const struct shelf *s)
{
	return s->bytes;
}

void
shelf_drop(struct shelf *s, const struct hash *name)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!hash_equal(&s->item[i].name, name))
			s->item[n++] = s->item[i];
	s->n = n;
	s->sorted = false;
	(void)settle(s, NULL); /* nothing grows */
}

/* A new file: its index is read. One that is gone by now is passed over. */
static enum err
file_take(struct shelf *s, const struct hash *name, struct fault *why)
{
	struct fault what = { .code = ERR_OK };
	struct shelf_item item = { .name = *name, .unreadable = true };
	struct segment *g;
	enum err e = segment_open(s->env, s->dir, name, s->keys, &g, &what);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (e == ERR_OK) {
		e = item_of(s, segment_about(g), &item, why);
		segment_close(g);
		if (e != ERR_OK)
			return e;
	} else if (e != ERR_DAMAGE && e != ERR_IO) {
		/* A file the system will not give is damage of that one. */
		return fault_set(why, e, "%s", what.text);
	}
	return item_add(s, &item, why);
}

/* What list calls for each file of one subfolder. */
struct listing {
	struct shelf *s;
	struct fault *why;
	size_t known; /* items before the refresh */
};

static enum err
file_note(void *arg, const char *file)
{
	struct listing *l = arg;
	struct span text = span_text(file);
	struct hash name;
	uint32_t at;

	if (text.len != SEGMENT_NAME_LEN + 4 || !span_ends(text, ".seg") ||
	    !text_unhex_fixed(
		span_slice(text, 0, SEGMENT_NAME_LEN), name.at, HASH_LEN))
		return ERR_OK;
	at = map_get(l->s->by_name, span_of(name.at, HASH_LEN));
	if (at != MAP_NONE && at < l->known) {
		l->s->met[at] = true;
		return ERR_OK;
	}
	return file_take(l->s, &name, l->why);
}

/* Subfolders are two hex digits. */
struct folders {
	bool there[256];
};

static enum err
folder_note(void *arg, const char *name)
{
	struct folders *f = arg;
	uint8_t at;

	if (text_unhex_fixed(span_text(name), &at, 1))
		f->there[at] = true;
	return ERR_OK;
}

/* Lists all subfolders. */
static enum err
folders_list(struct listing *l)
{
	static const char digit[] = "0123456789abcdef";
	struct env *env = l->s->env;
	struct folders f = { .there = { false } };
	enum err e = env->ops->list(env, l->s->dir, folder_note, &f, l->why);

	for (unsigned i = 0; i < 256 && e == ERR_OK; i++) {
		char sub[3] = { digit[i >> 4], digit[i & 15], '\0' };
		int fd;

		if (!f.there[i])
			continue;
		e = env->ops->open_dir(env, l->s->dir, sub, false, &fd, l->why);
		if (e == ERR_NOT_FOUND) {
			e = ERR_OK;
			continue;
		}
		if (e != ERR_OK)
			break;
		e = env->ops->list(env, fd, file_note, l, l->why);
		env->ops->close(env, fd);
	}
	return e;
}

enum err
shelf_refresh(struct shelf *s, struct fault *why)
{
	struct listing l = { .s = s, .why = why, .known = s->n };
	size_t n = 0;
	enum err e;
	bool *met;

	if ((e = settle(s, why)) != ERR_OK)
		return e;
	if (s->cap_met < s->n) {
		if ((met = reallocarray(s->met, s->n, sizeof *met)) == NULL)
			return fault_set(why, ERR_MEMORY, "segments");
		s->met = met;
		s->cap_met = s->n;
	}
	for (size_t i = 0; i < s->n; i++)
		s->met[i] = false;
	if ((e = folders_list(&l)) != ERR_OK) {
		s->sorted = false;
		return e;
	}
	for (size_t i = 0; i < s->n; i++)
		if (i >= l.known || s->met[i])
			s->item[n++] = s->item[i];
	if (n != l.known || n != s->n)
		s->sorted = false;
	s->n = n;
	return settle(s, why);
}

enum err
shelf_open(struct env *env, int dir, struct shelf **out, struct fault *why)
{
	struct shelf *s = calloc(1, sizeof *s);
	uint64_t seed[2] = { 0, 0 };
	enum err e;

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "segments");
	s->env = env;
	s->dir = dir;
	s->counted = *env;
	s->ops = *env->ops;
	s->ops.read = read_counted;
	s->counted.ops = &s->ops;
	if ((e = env->ops->random(env, seed, sizeof seed, why)) != ERR_OK)
		goto out;
	s->by_stream = map_new(seed[0], seed[1]);
	s->by_name = map_new(seed[1], seed[0]);
	if (s->by_stream == NULL || s->by_name == NULL) {
		e = fault_set(why, ERR_MEMORY, "segments");
		goto out;
	}
	if ((e = shelf_refresh(s, why)) != ERR_OK)
		goto out;
	*out = s;
	s = NULL;
out:
	shelf_close(s);
	return e;
}

const struct shelf_item *
shelf_items(const struct shelf *s, size_t *n)
{
	*n = s->n;
	return s->item;
}

const struct shelf_item *
shelf_find(const struct shelf *s, const struct hash *name)
{
	uint32_t at = map_get(s->by_name, span_of(name->at, HASH_LEN));

	return at == MAP_NONE || at >= s->n ? NULL : &s->item[at];
}

const struct shelf_item *
shelf_holding(const struct shelf *s, const char *stream, uint64_t seq)
{
	size_t low = 0, high = s->n;

	/* The last item of the stream that begins at or before seq. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct shelf_item *it = &s->item[mid];
		int by = it->unreadable ? 1
					: strcmp(s->stream[it->stream], stream);

		if (by < 0 || (by == 0 && it->first_seq <= seq))
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return NULL;
	low--;
	if (s->item[low].unreadable ||
	    strcmp(s->stream[s->item[low].stream], stream) != 0 ||
	    seq - s->item[low].first_seq >= s->item[low].n)
		return NULL;
	return &s->item[low];
}

enum err
shelf_segment(struct shelf *s, const struct hash *name, struct segment **out,
    struct fault *why)
{
	return segment_open(s->env, s->dir, name, s->keys, out, why);
}

static enum err
index_fetch(
    void *arg, uint64_t at, size_t len, struct span *out, struct fault *why)
{
	return segment_index_read(arg, at, len, out, why);
}

/* Opens a segment's index, where it has one that can be read. */
static enum err
kept_index(struct kept *k, struct fault *why)
{
	struct hash blind;
	bool has = segment_blind(k->segment, &blind);
	struct fault what;
	enum err e;

	if (segment_index_len(k->segment) == 0 ||
	    segment_locked(k->segment) != NULL)
		return ERR_OK;
	e = index_open(segment_index_len(k->segment), index_fetch, k->segment,
	    has ? &blind : NULL, &k->index, &what);
	if (e == ERR_OK &&
	    index_records(k->index) != segment_about(k->segment)->n) {
		index_close(k->index);
		k->index = NULL;
	}
	/* An index that is damaged costs time; verifying reports it. */
	return e == ERR_MEMORY ? fault_set(why, e, "%s", what.text) : ERR_OK;
}

enum err
shelf_keep(struct shelf *s, const struct hash *name, struct segment **out,
    struct index **index, struct fault *why)
{
	struct kept *k = &s->kept[0];
	enum err e;

	for (unsigned i = 0; i < SHELF_OPEN_MAX; i++) {
		if (s->kept[i].segment != NULL &&
		    hash_equal(&s->kept[i].name, name)) {
			k = &s->kept[i];
			goto found;
		}
		if (s->kept[i].used < k->used)
			k = &s->kept[i];
	}
	kept_close(k);
	e = segment_open(&s->counted, s->dir, name, s->keys, &k->segment, why);
	if (e == ERR_OK)
		e = kept_index(k, why);
	if (e != ERR_OK) {
		kept_close(k);
		return e;
	}
	k->name = *name;
found:
	k->used = ++s->clock;
	*out = k->segment;
	*index = k->index;
	return ERR_OK;
}
