/*
 * vault/view.c: reading a vault beside its writer.
 */
#include "vault/view.h"

#include <stdlib.h>

#define LISTED_US INT64_C(30000000) /* segments' folders are listed anew */

struct view {
	struct env *env;
	int dir, inbox_dir, segments_dir; /* -1: not there yet */
	struct inbox *inbox;
	struct shelf *shelf;
	struct inbox_found found;
	const struct keyring *keys;
	uint64_t catalogue; /* its length when segments were last listed */
	int64_t listed_us; /* when; 0: never */
};

void
view_close(struct view *v)
{
	if (v == NULL)
		return;
	inbox_close(v->inbox);
	shelf_close(v->shelf);
	if (v->inbox_dir != -1)
		v->env->ops->close(v->env, v->inbox_dir);
	if (v->segments_dir != -1)
		v->env->ops->close(v->env, v->segments_dir);
	free(v);
}

/* Opens a folder that may not be there yet. */
static enum err
folder_open(struct view *v, const char *name, int *fd, struct fault *why)
{
	enum err e;

	if (*fd != -1)
		return ERR_OK;
	e = v->env->ops->open_dir(v->env, v->dir, name, false, fd, why);
	if (e == ERR_OK)
		return e;
	*fd = -1;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Opens what is there by now; inbox first (see view.h). */
static enum err
parts_open(struct view *v, struct fault *why)
{
	enum err e = folder_open(v, "inbox", &v->inbox_dir, why);

	if (e == ERR_OK && v->inbox_dir != -1 && v->inbox == NULL)
		e = inbox_open(v->env, v->inbox_dir, false, NULL, &v->inbox,
		    &v->found, why);
	if (e == ERR_OK)
		e = folder_open(v, "segments", &v->segments_dir, why);
	if (e == ERR_OK && v->segments_dir != -1 && v->shelf == NULL)
		e = shelf_open(v->env, v->segments_dir, &v->shelf, why);
	if (e == ERR_OK && v->shelf != NULL)
		shelf_keys(v->shelf, v->keys);
	return e;
}

enum err
view_open(struct env *env, int dir, struct view **out, struct fault *why)
{
	struct view *v = calloc(1, sizeof *v);
	enum err e;

	if (v == NULL)
		return fault_set(why, ERR_MEMORY, "vault");
	v->env = env;
	v->dir = dir;
	v->inbox_dir = v->segments_dir = -1;
	if ((e = parts_open(v, why)) == ERR_OK)
		*out = v;
	else
		view_close(v);
	return e;
}

/*
 * Whether segments may have come or gone: each that does is noted in the
 * catalogue, before records leave the inbox for it. Without a catalogue, and
 * every half minute, the folders are listed anyhow.
 */
static bool
segments_moved(struct view *v)
{
	struct env *env = v->env;
	int64_t now_us = env->ops->now_us(env);
	uint64_t len = 0;
	bool moved;
	int fd;

	if (env->ops->open(env, v->dir, "catalogue", ENV_READ, &fd, NULL) !=
	    ERR_OK)
		return true;
	if (env->ops->size(env, fd, &len, NULL) != ERR_OK)
		len = 0;
	env->ops->close(env, fd);
	moved = len == 0 || len != v->catalogue || v->listed_us == 0 ||
	    now_us - v->listed_us > LISTED_US || now_us < v->listed_us;
	if (moved) {
		v->catalogue = len;
		v->listed_us = now_us;
	}
	return moved;
}

enum err
view_refresh(struct view *v, struct fault *why)
{
	bool inbox = v->inbox != NULL, shelf = v->shelf != NULL;
	enum err e = ERR_OK;

	if (inbox)
		e = inbox_refresh(v->inbox, &v->found, why);
	if (e == ERR_OK && (!inbox || !shelf))
		e = parts_open(v, why);
	if (e == ERR_OK && shelf && segments_moved(v))
		e = shelf_refresh(v->shelf, why);
	if (e != ERR_OK)
		v->listed_us = 0; /* then all of it again */
	return e;
}

void
view_keys(struct view *v, const struct keyring *keys)
{
	v->keys = keys;
	if (v->shelf != NULL)
		shelf_keys(v->shelf, keys);
}

uint64_t
view_bytes(const struct view *v)
{
	return v->shelf == NULL ? 0 : shelf_bytes(v->shelf);
}

struct env *
view_env(const struct view *v)
{
	return v->env;
}

int
view_dir(const struct view *v)
{
	return v->dir;
}

struct shelf *
view_shelf(struct view *v)
{
	return v->shelf;
}

struct inbox *
view_inbox(struct view *v)
{
	return v->inbox;
}

const struct inbox_found *
view_found(const struct view *v)
{
	return &v->found;
}

/* A span's copy; an absent one stays absent, an empty one empty. */
static bool
span_copy(struct arena *a, struct span from, struct span *to)
{
	*to = SPAN_EMPTY;
	if (from.at == NULL)
		return true;
	*to = arena_copy(a, from);
	return to->at != NULL;
}

bool
event_copy(struct arena *a, const struct event *ev, struct event *to)
{
	struct event got = *ev;
	bool whole = span_copy(a, ev->sender, &got.sender) &&
	    span_copy(a, ev->host, &got.host) &&
	    span_copy(a, ev->app, &got.app) &&
	    span_copy(a, ev->proc, &got.proc) &&
	    span_copy(a, ev->msgid, &got.msgid) &&
	    span_copy(a, ev->raw, &got.raw);

	for (unsigned f = 0; f < FIELD_N && whole; f++)
		whole = span_copy(a, ev->field[f], &got.field[f]);
	if (!whole)
		return false;
	if (ev->message.len > 0) /* it lies inside the raw bytes */
		got.message = span_slice(got.raw,
		    (size_t)(ev->message.at - ev->raw.at), ev->message.len);
	*to = got;
	return true;
}

/* Looking for one record. */
struct wanted {
	uint64_t seq;
	struct arena *a;
	struct event *ev;
	uint32_t *source;
	bool found;
};

static enum err
row_want(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct wanted *w = arg;

	(void)stream;
	if (r->seq != w->seq)
		return ERR_OK;
	w->found = true;
	*w->source = r->source;
	return event_copy(w->a, ev, w->ev)
	    ? ERR_OK
	    : fault_set(why, ERR_MEMORY, "record");
}

/* From the segment that holds it. */
static enum err
record_sealed(struct view *v, const struct shelf_item *it, struct wanted *w,
    struct view_place *place, struct fault *why)
{
	struct segment *s;
	uint32_t i = 0;
	enum err e = shelf_segment(v->shelf, &it->name, &s, why);

	if (e != ERR_OK)
		return e;
	while (i < segment_about(s)->blocks &&
	    w->seq - segment_block_at(s, i)->first_seq >=
		segment_block_at(s, i)->n)
		i++;
	e = fault_set(why, ERR_NOT_FOUND, "no such record");
	if (i < segment_about(s)->blocks) {
		*place = (struct view_place){ .sealed = true,
			.segment = it->name,
			.block = i,
			.index = (uint32_t)(w->seq -
			    segment_block_at(s, i)->first_seq) };
		e = segment_rows(s, i, row_want, w, NULL, NULL, why);
		if (w->found && e == ERR_DAMAGE)
			e = ERR_OK; /* others of the block are damaged */
	}
	segment_close(s);
	return e;
}

/* From the inbox. */
static enum err
record_waiting(struct view *v, const struct record_name *id, struct wanted *w,
    struct fault *why)
{
	const struct inbox_group *g;
	struct span rows;
	struct cursor c;
	struct event ev;
	struct row r;
	size_t n = 0;
	enum err e;

	g = v->inbox == NULL ? NULL : inbox_groups(v->inbox, &n);
	for (size_t i = 0; i < n; i++) {
		if (id->seq < g[i].first_seq ||
		    id->seq - g[i].first_seq >= g[i].n ||
		    strcmp(inbox_stream_name(v->inbox, g[i].stream),
			id->stream) != 0)
			continue;
		if ((e = inbox_read(v->inbox, &g[i], &rows, why)) != ERR_OK)
			return e;
		c = cursor_of(rows);
		for (uint32_t k = 0; k < g[i].n; k++) {
			if (!row_get(&c, g[i].first_seq + k, &r) ||
			    event_decode(r.event, &ev, why) != ERR_OK)
				return fault_set(why, ERR_DAMAGE,
				    "record %s.%llu does not read", id->stream,
				    (unsigned long long)(g[i].first_seq + k));
			if ((e = row_want(w, id->stream, &r, &ev, why)) !=
			    ERR_OK)
				return e;
			if (w->found)
				return ERR_OK;
		}
	}
	return fault_set(why, ERR_NOT_FOUND, "no record %s.%llu", id->stream,
	    (unsigned long long)id->seq);
}

enum err
view_record(struct view *v, const struct record_name *id, struct arena *a,
    struct event *ev, uint32_t *source, struct view_place *place,
    struct fault *why)
{
	struct wanted w = {
		.seq = id->seq, .a = a, .ev = ev, .source = source
	};
	const struct shelf_item *it = v->shelf == NULL
	    ? NULL
	    : shelf_holding(v->shelf, id->stream, id->seq);

	*place = (struct view_place){ .sealed = false };
	if (it != NULL)
		return record_sealed(v, it, &w, place, why);
	return record_waiting(v, id, &w, why);
}

/* --- what streams hold --------------------------------------------------- */

/* Widens a stream by a run of records. */
static void
stream_widen(struct view_stream *s, uint64_t first, uint64_t n,
    int64_t least_us, int64_t greatest_us, uint64_t bytes)
{
	if (s->records == 0 || first < s->first_seq)
		s->first_seq = first;
	if (first + n - 1 > s->last_seq)
		s->last_seq = first + n - 1;
	if (s->records == 0 || least_us < s->first_us)
		s->first_us = least_us;
	if (s->records == 0 || greatest_us > s->last_us)
		s->last_us = greatest_us;
	s->records += n;
	s->bytes += bytes;
}

/* The entry of a stream's name, made when it is new. */
static struct view_stream *
stream_entry(struct view_stream *list, size_t *n, const char *name)
{
	size_t i = 0;

	while (i < *n && strcmp(list[i].name, name) != 0)
		i++;
	if (i == *n)
		list[(*n)++] = (struct view_stream){ .name = name };
	return &list[i];
}

static int
stream_order(const void *a, const void *b)
{
	const struct view_stream *x = a, *y = b;

	return strcmp(x->name, y->name);
}

enum err
view_streams(struct view *v, struct arena *a, const struct view_stream **out,
    size_t *n, struct fault *why)
{
	const struct shelf_item *it = NULL;
	const struct inbox_group *g = NULL;
	struct view_stream *list, *s;
	size_t n_items = 0, n_groups = 0, most = 0, count = 0;

	if (v->shelf != NULL)
		it = shelf_items(v->shelf, &n_items);
	if (v->inbox != NULL)
		g = inbox_groups(v->inbox, &n_groups);
	for (size_t i = 0; i < n_items; i++)
		most += i == 0 || it[i].stream != it[i - 1].stream;
	most += v->inbox == NULL ? 0 : inbox_streams(v->inbox);
	if ((list = arena_array(a, most, sizeof *list)) == NULL)
		return fault_set(why, ERR_MEMORY, "streams");
	for (size_t i = 0; i < n_items; i++) {
		if (it[i].unreadable)
			continue;
		s = stream_entry(
		    list, &count, shelf_stream(v->shelf, it[i].stream));
		stream_widen(s, it[i].first_seq, it[i].n, it[i].first_us,
		    it[i].last_us, it[i].file_bytes);
	}
	for (size_t i = 0; i < n_groups; i++) {
		const char *name = inbox_stream_name(v->inbox, g[i].stream);

		if (v->shelf != NULL &&
		    shelf_holding(v->shelf, name, g[i].first_seq) != NULL)
			continue;
		s = stream_entry(list, &count, name);
		stream_widen(s, g[i].first_seq, g[i].n, g[i].least_us,
		    g[i].greatest_us, g[i].len);
		s->unsealed += g[i].n;
	}
	for (size_t i = 0; i < count; i++)
		if ((list[i].name = arena_text(a, span_text(list[i].name))) ==
		    NULL)
			return fault_set(why, ERR_MEMORY, "streams");
	if (count > 1)
		qsort(list, count, sizeof *list, stream_order);
	*out = list;
	*n = count;
	return ERR_OK;
}
