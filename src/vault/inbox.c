/*
 * vault/inbox.c: reading journals: at the start, behind a writer, and row by
 * row. Every byte is checked before it is believed.
 */
#include "vault/inbox_own.h"

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "vault/line.h"

enum err
grow_array(void **at, size_t *cap, size_t n, size_t size, struct fault *why)
{
	size_t want = *cap == 0 ? 16 : *cap * 2;
	void *p;

	if (n < *cap)
		return ERR_OK;
	if ((p = reallocarray(*at, want, size)) == NULL)
		return fault_set(why, ERR_MEMORY, "%zu entries", want);
	*at = p;
	*cap = want;
	return ERR_OK;
}

void
journal_name(uint32_t number, const char *end, char to[static JOURNAL_NAME_MAX])
{
	line_put(to, JOURNAL_NAME_MAX, "%08u.%s", number, end);
}

enum err
journal_add(struct inbox *x, uint32_t number, struct fault *why)
{
	void *at = x->journal;
	enum err e = grow_array(
	    &at, &x->cap_journals, x->n_journals, sizeof *x->journal, why);

	x->journal = at;
	if (e != ERR_OK)
		return e;
	x->journal[x->n_journals++] = (struct journal){ .number = number,
		.fd = -1 };
	if (number > x->last_journal)
		x->last_journal = number;
	return ERR_OK;
}

uint32_t
inbox_streams(const struct inbox *x)
{
	return x->n_streams;
}

const char *
inbox_stream_name(const struct inbox *x, uint32_t stream)
{
	assert(stream < x->n_streams);
	return x->stream[stream];
}

enum err
inbox_stream(
    struct inbox *x, const char *name, uint32_t *stream, struct fault *why)
{
	struct span key = span_text(name);
	uint32_t there = map_get(x->by_name, key);
	size_t cap = x->cap_streams;
	void *at = x->stream;
	enum err e;

	if (there != MAP_NONE) {
		*stream = there;
		return ERR_OK;
	}
	if (x->n_streams >= INBOX_STREAMS_MAX)
		return fault_set(why, ERR_LIMIT, "too many streams");
	assert(key.len < STREAM_NAME_MAX);
	e = grow_array(&at, &cap, x->n_streams, sizeof *x->stream, why);
	x->stream = at;
	x->cap_streams = (uint32_t)cap;
	if (e != ERR_OK)
		return e;
	if ((e = map_put(x->by_name, key, x->n_streams, why)) != ERR_OK)
		return e;
	memcpy(x->stream[x->n_streams], name, key.len + 1);
	*stream = x->n_streams++;
	return ERR_OK;
}

/* Adds a line about damage to *found. */
static void
damage_add(struct inbox_found *found, uint32_t journal, uint64_t at,
    uint64_t len, bool doubtful, const char *text)
{
	struct inbox_damage *d;

	if (found == NULL || found->n_damages++ >= INBOX_DAMAGES)
		return;
	d = &found->damage[found->n_damages - 1];
	*d = (struct inbox_damage){
		.journal = journal, .at = at, .len = len, .doubtful = doubtful
	};
	line_put(d->text, sizeof d->text,
	    "inbox: journal %08u, offset %llu: %s", journal,
	    (unsigned long long)at, text);
}

/* One group's head and rows; *g is filled but for the frame's part. */
static bool
group_get(struct cursor *c, struct inbox_group *g, struct span *name)
{
	struct span chain;

	*name = cursor_take(c, cursor_u8(c));
	g->first_seq = cursor_u64(c);
	g->n = cursor_u32(c);
	g->least_us = (int64_t)cursor_u64(c);
	g->greatest_us = (int64_t)cursor_u64(c);
	chain = cursor_take(c, HASH_LEN);
	g->len = cursor_u32(c);
	g->offset = (uint32_t)c->pos;
	(void)cursor_take(c, g->len);
	if (c->bad || g->n == 0 || g->first_seq == 0 ||
	    g->first_seq > UINT64_MAX - g->n || g->n > g->len)
		return false;
	memcpy(g->chain.at, chain.at, HASH_LEN);
	return true;
}

/* Notes one group of a frame. */
static enum err
group_take(struct inbox *x, struct cursor *c, const struct frame *f,
    struct inbox_found *found, struct fault *why)
{
	struct inbox_group g = {
		.frame = f->number, .journal = f->file, .at = f->at
	};
	char name[STREAM_NAME_MAX] = "";
	struct stream_name parts;
	struct span text;
	void *at = x->group;
	enum err e;

	if (!group_get(c, &g, &text) ||
	    stream_parse(text, &parts, NULL) != ERR_OK)
		return fault_set(why, ERR_SYNTAX, "a frame of no such form");
	memcpy(name, text.at, text.len);
	if ((e = inbox_stream(x, name, &g.stream, why)) != ERR_OK)
		return e;
	e = grow_array(&at, &x->cap_groups, x->n_groups, sizeof g, why);
	x->group = at;
	if (e != ERR_OK)
		return e;
	x->group[x->n_groups++] = g;
	if (found != NULL)
		found->records += g.n;
	return ERR_OK;
}

/* The ids of a frame, to whoever opened the inbox. */
static void
ids_take(struct inbox *x, struct cursor *c)
{
	uint32_t n = cursor_u16(c);

	for (uint32_t i = 0; i < n && !c->bad; i++) {
		struct span id = cursor_take(c, INBOX_ID_LEN);

		if (id.len == INBOX_ID_LEN && x->o.id != NULL)
			x->o.id(x->o.id_arg, id.at);
	}
}

enum err
inbox_take(struct inbox *x, const struct frame *f, struct span payload,
    struct inbox_found *found, struct fault *why)
{
	struct cursor c = cursor_of(payload);
	size_t n_groups = x->n_groups, n_batches = x->n_batches;
	enum err e = ERR_OK;
	unsigned version = cursor_u8(&c), n = cursor_u16(&c);
	void *at;

	if (version != INBOX_PAYLOAD_VERSION && version != INBOX_PAYLOAD_IDS)
		return fault_set(why, ERR_SYNTAX, "frame of unknown form");
	for (unsigned i = 0; i < n && e == ERR_OK; i++) {
		struct noted_batch b = { .journal = f->file };

		b.id.epoch = cursor_u64(&c);
		b.id.number = cursor_u64(&c);
		at = x->batch;
		e = grow_array(
		    &at, &x->cap_batches, x->n_batches, sizeof b, why);
		x->batch = at;
		if (e == ERR_OK)
			x->batch[x->n_batches++] = b;
	}
	if (e == ERR_OK && version == INBOX_PAYLOAD_IDS)
		ids_take(x, &c);
	if (e == ERR_OK && c.bad)
		e = fault_set(why, ERR_SYNTAX, "a frame of no such form");
	while (e == ERR_OK && c.pos < c.all.len)
		e = group_take(x, &c, f, found, why);
	if (e != ERR_OK) {
		x->n_groups = n_groups;
		x->n_batches = n_batches;
	}
	return e;
}

/* Whether the frame follows the last one known; damage if it does not. */
static void
frame_follows(struct inbox *x, const struct frame *f, struct inbox_found *found)
{
	char text[120];

	if (x->last_frame != 0 && !x->hole) {
		if (f->number != x->last_frame + 1) {
			line_put(text, sizeof text,
			    "frames %llu to %llu are missing before it",
			    (unsigned long long)x->last_frame + 1,
			    (unsigned long long)f->number - 1);
			damage_add(found, f->file, f->at, 0, false, text);
		} else if (!hash_equal(&f->prev, &x->last_hash)) {
			damage_add(found, f->file, f->at, 0, false,
			    "the frame does not follow the one before it");
		}
	}
	x->hole = false;
	x->last_frame = f->number;
	x->last_hash = f->hash;
}

/* Takes a whole frame of journal j; a form we do not know is damage. */
static enum err
frame_whole(struct inbox *x, struct journal *j, const struct frame *f,
    struct inbox_found *found, struct fault *why)
{
	struct fault what = { .code = ERR_OK };
	enum err e;

	if (!j->marked) {
		memcpy(j->mark, f->mark, FRAME_MARK_LEN);
		j->marked = true;
	}
	frame_follows(x, f, found);
	j->last_frame = f->number;
	j->last_hash = f->hash;
	e = inbox_take(x, f, buf_view(&x->read), found, &what);
	if (e == ERR_SYNTAX) {
		j->damaged = true;
		damage_add(found, f->file, f->at, (uint64_t)FRAME_HEAD + f->len,
		    false, what.text);
		return ERR_OK;
	}
	if (e != ERR_OK)
		return fault_set(why, e, "%s", what.text);
	if (found != NULL)
		found->frames++;
	return ERR_OK;
}

/* Where reading a journal ended. */
struct journal_end {
	uint64_t at; /* end of what is understood */
	uint64_t size;
	enum frame_found what; /* END, or what stands at `at` to the end */
};

/* Reads journal j from j->size on, through fd. */
static enum err
journal_scan(struct inbox *x, struct journal *j, int fd,
    struct inbox_found *found, struct journal_end *end, struct fault *why)
{
	uint64_t at = j->size, next;
	enum frame_found what;
	struct frame f;
	enum err e;

	if ((e = x->env->ops->size(x->env, fd, &end->size, why)) != ERR_OK)
		return e;
	x->held = x->held_written = false;
	for (;;) {
		e = frame_read(x->env, fd, end->size, j->number, at, &x->read,
		    &f, &what, &next, why);
		if (e != ERR_OK)
			return e;
		if (what == FRAME_WHOLE && j->marked &&
		    memcmp(j->mark, f.mark, FRAME_MARK_LEN) != 0) {
			what = FRAME_BAD; /* a record that looks like one */
			next = at + 1 < end->size ? at + 1 : end->size;
		}
		if (what == FRAME_END || what == FRAME_TORN ||
		    (what == FRAME_BAD && next >= end->size))
			break;
		if (what == FRAME_BAD) {
			j->damaged = true;
			x->hole = true;
			damage_add(found, j->number, at, next - at, false,
			    "what was written here cannot be read");
		} else {
			e = frame_whole(x, j, &f, found, why);
			if (e != ERR_OK)
				return e;
		}
		at = next;
		j->size = at;
	}
	end->at = at;
	end->what = what;
	return ERR_OK;
}

/* Copies len bytes at `at` of a journal into a file beside it. */
static enum err
set_aside(struct inbox *x, int fd, uint32_t number, uint64_t at, uint64_t len,
    struct fault *why)
{
	struct env *env = x->env;
	char name[JOURNAL_NAME_MAX + 24];
	uint8_t *to;
	int out;
	enum err e;

	if (len > FRAME_PAYLOAD_MAX)
		len = FRAME_PAYLOAD_MAX;
	line_put(name, sizeof name, "%08u.%llu.aside", number,
	    (unsigned long long)at);
	buf_reset(&x->read);
	if ((to = buf_room(&x->read, (size_t)len)) == NULL)
		return fault_set(why, ERR_MEMORY, "%s", name);
	if ((e = env->ops->read(env, fd, at, to, (size_t)len, why)) != ERR_OK)
		return e;
	(void)env->ops->unlink(env, x->dir, name, NULL);
	e = env->ops->open(env, x->dir, name, ENV_CREATE, &out, why);
	if (e != ERR_OK)
		return e;
	e = env->ops->write(env, out, span_of(to, (size_t)len), why);
	if (e == ERR_OK)
		e = env->ops->sync(env, out, why);
	env->ops->close(env, out);
	if (e == ERR_OK)
		e = env->ops->sync(env, x->dir, why);
	return e;
}

/* The end of the last journal: what is unfinished is cut off; what is whole
 * but wrong is kept aside, for it may have been acknowledged. */
static enum err
tail_cut(struct inbox *x, struct journal *j, int fd,
    const struct journal_end *end, struct inbox_found *found, struct fault *why)
{
	enum err e;

	if (end->what == FRAME_END)
		return ERR_OK;
	if (end->what == FRAME_BAD) {
		damage_add(found, j->number, end->at, end->size - end->at, true,
		    "the last frame is not what was written; kept aside");
		e = set_aside(
		    x, fd, j->number, end->at, end->size - end->at, why);
		if (e != ERR_OK)
			return e;
	} else if (found != NULL) {
		found->torn += end->size - end->at;
	}
	if ((e = x->env->ops->truncate(x->env, fd, end->at, why)) != ERR_OK)
		return e;
	return x->env->ops->sync(x->env, fd, why);
}

/* The end of a journal that is not the last: nothing may be missing there. */
static void
tail_damaged(struct inbox *x, struct journal *j, const struct journal_end *end,
    struct inbox_found *found)
{
	if (end->what == FRAME_END)
		return;
	j->damaged = true;
	j->size = end->size;
	x->hole = true;
	damage_add(found, j->number, end->at, end->size - end->at, false,
	    "the rest of the journal cannot be read");
}

/* Reads one journal of the list. */
static enum err
journal_read(struct inbox *x, struct journal *j, bool last,
    struct inbox_found *found, struct fault *why)
{
	struct env *env = x->env;
	enum env_open how = x->writer && last ? ENV_APPEND : ENV_READ;
	char name[JOURNAL_NAME_MAX];
	struct journal_end end;
	int fd = j->fd, reading;
	enum err e = ERR_OK;

	journal_name(j->number, "journal", name);
	if (fd == -1) {
		e = env->ops->open(env, x->dir, name, ENV_READ, &fd, why);
		if (e != ERR_OK)
			return e;
	}
	reading = fd;
	if (!x->writer) {
		j->fd = fd;
		/* What came before the oldest journal has been trimmed. */
		if (j == x->journal && j->size == 0)
			x->hole = true;
	}
	e = journal_scan(x, j, reading, found, &end, why);
	if (e == ERR_OK && how == ENV_APPEND) {
		e = env->ops->open(env, x->dir, name, how, &x->fd, why);
		if (e == ERR_OK && end.what != FRAME_END)
			e = tail_cut(x, j, x->fd, &end, found, why);
	} else if (e == ERR_OK && !last) {
		tail_damaged(x, j, &end, found);
	} else if (e == ERR_OK && end.what != FRAME_END && found != NULL) {
		found->torn += end.size - end.at; /* or just being written */
	}
	if (e == ERR_OK && found != NULL)
		found->bytes += j->size;
	if (j->fd == -1)
		env->ops->close(env, reading);
	return e;
}

/* Numbers of the journals in the folder. */
struct numbers {
	uint32_t *at;
	size_t n, cap;
	uint32_t greatest; /* of any kind, set aside or not */
};

static enum err
number_note(void *arg, const char *name)
{
	struct numbers *l = arg;
	struct span s = span_text(name);
	void *at = l->at;
	uint64_t n;
	enum err e;

	if (s.len < 9 || s.at[8] != '.' ||
	    !span_number(span_slice(s, 0, 8), 99999999, &n))
		return ERR_OK;
	if (n > l->greatest)
		l->greatest = (uint32_t)n;
	if (!span_is(span_slice(s, 8, SIZE_MAX), ".journal") || n == 0)
		return ERR_OK;
	e = grow_array(&at, &l->cap, l->n, sizeof *l->at, NULL);
	l->at = at;
	if (e == ERR_OK)
		l->at[l->n++] = (uint32_t)n;
	return e;
}

static int
number_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static enum err
numbers_list(struct inbox *x, struct numbers *l, struct fault *why)
{
	enum err e = x->env->ops->list(x->env, x->dir, number_note, l, why);

	if (e == ERR_OK && l->n > 0)
		qsort(l->at, l->n, sizeof *l->at, number_order);
	return e;
}

enum err
inbox_open(struct env *env, int dir, bool writer, const struct inbox_options *o,
    struct inbox **out, struct inbox_found *found, struct fault *why)
{
	struct inbox *x = calloc(1, sizeof *x);
	struct numbers l = { .n = 0 };
	uint64_t seed[2] = { 0, 0 };
	enum err e;

	if (x == NULL)
		return fault_set(why, ERR_MEMORY, "inbox");
	x->env = env;
	x->dir = dir;
	x->writer = writer;
	x->fd = x->read_fd = -1;
	if (o != NULL)
		x->o = *o;
	if (x->o.rotate == 0)
		x->o.rotate = INBOX_ROTATE;
	buf_init(&x->stage, INBOX_STAGE_MAX);
	buf_init(&x->frame, (size_t)FRAME_PAYLOAD_MAX + FRAME_HEAD);
	buf_init(&x->read, FRAME_PAYLOAD_MAX);
	buf_init(&x->ids, INBOX_IDS_MAX * INBOX_ID_LEN);
	if ((e = env->ops->random(env, seed, sizeof seed, why)) != ERR_OK)
		goto out;
	if ((x->by_name = map_new(seed[0], seed[1])) == NULL) {
		e = fault_set(why, ERR_MEMORY, "inbox");
		goto out;
	}
	if (found != NULL)
		*found = (struct inbox_found){ .journals = 0 };
	if (!x->o.bare && (e = numbers_list(x, &l, why)) != ERR_OK)
		goto out;
	for (size_t i = 0; i < l.n && e == ERR_OK; i++) {
		if ((e = journal_add(x, l.at[i], why)) == ERR_OK)
			e = journal_read(
			    x, &x->journal[i], i + 1 == l.n, found, why);
	}
	if (e != ERR_OK)
		goto out;
	if (l.greatest > x->last_journal)
		x->last_journal = l.greatest;
	if (found != NULL)
		found->journals = (uint32_t)l.n;
	*out = x;
	x = NULL;
out:
	free(l.at);
	inbox_close(x);
	return e;
}

void
inbox_close(struct inbox *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i < x->n_journals; i++)
		if (x->journal[i].fd != -1)
			x->env->ops->close(x->env, x->journal[i].fd);
	if (x->fd != -1)
		x->env->ops->close(x->env, x->fd);
	if (x->read_fd != -1)
		x->env->ops->close(x->env, x->read_fd);
	buf_clear(&x->stage);
	buf_clear(&x->frame);
	buf_clear(&x->read);
	buf_clear(&x->ids);
	map_free(x->by_name);
	free(x->journal);
	free(x->group);
	free(x->batch);
	free(x->stream);
	free(x->staged);
	free(x);
}

/* Takes journal i and all it held off the lists. */
static void
journal_drop(struct inbox *x, size_t i)
{
	uint32_t number = x->journal[i].number;
	size_t n = 0;

	if (x->journal[i].fd != -1)
		x->env->ops->close(x->env, x->journal[i].fd);
	for (size_t k = 0; k < x->n_groups; k++)
		if (x->group[k].journal != number)
			x->group[n++] = x->group[k];
	x->n_groups = n;
	n = 0;
	for (size_t k = 0; k < x->n_batches; k++)
		if (x->batch[k].journal != number)
			x->batch[n++] = x->batch[k];
	x->n_batches = n;
	x->n_journals--;
	memmove(&x->journal[i], &x->journal[i + 1],
	    (x->n_journals - i) * sizeof *x->journal);
	if (x->held && x->held_journal == number)
		x->held = false;
	if (x->read_fd != -1 && x->read_journal == number) {
		x->env->ops->close(x->env, x->read_fd);
		x->read_fd = -1;
	}
}

enum err
inbox_refresh(struct inbox *x, struct inbox_found *found, struct fault *why)
{
	struct numbers l = { .n = 0 };
	size_t at = 0;
	enum err e = numbers_list(x, &l, why);

	assert(!x->writer);
	for (size_t i = 0; i < x->n_journals && e == ERR_OK;) {
		while (at < l.n && l.at[at] < x->journal[i].number)
			at++;
		if (at < l.n && l.at[at] == x->journal[i].number)
			i++;
		else
			journal_drop(x, i);
	}
	for (size_t i = 0; i < l.n && e == ERR_OK; i++) {
		if (i < x->n_journals && x->journal[i].number == l.at[i]) {
			if (i + 1 < l.n && i + 1 < x->n_journals)
				continue; /* closed and read before */
		} else if ((e = journal_add(x, l.at[i], why)) != ERR_OK) {
			break;
		}
		e = journal_read(x, &x->journal[i], i + 1 == l.n, found, why);
		if (e == ERR_NOT_FOUND) { /* trimmed this moment */
			journal_drop(x, i);
			x->hole = true;
			l.n--;
			memmove(
			    &l.at[i], &l.at[i + 1], (l.n - i) * sizeof *l.at);
			i--;
			e = ERR_OK;
		}
	}
	free(l.at);
	return e;
}

const struct inbox_group *
inbox_groups(const struct inbox *x, size_t *n)
{
	*n = x->n_groups;
	return x->group;
}

void
inbox_batches(const struct inbox *x, inbox_batch_fn *fn, void *arg)
{
	for (size_t i = 0; i < x->n_batches; i++)
		fn(arg, &x->batch[i].id);
}

/* A handle to read journal `number` by. */
static enum err
read_handle(struct inbox *x, uint32_t number, int *fd, struct fault *why)
{
	char name[JOURNAL_NAME_MAX];
	enum err e;

	for (size_t i = 0; i < x->n_journals; i++) {
		if (x->journal[i].number == number && x->journal[i].fd != -1) {
			*fd = x->journal[i].fd;
			return ERR_OK;
		}
	}
	if (x->read_fd != -1 && x->read_journal == number) {
		*fd = x->read_fd;
		return ERR_OK;
	}
	if (x->read_fd != -1)
		x->env->ops->close(x->env, x->read_fd);
	x->read_fd = -1;
	journal_name(number, "journal", name);
	e = x->env->ops->open(x->env, x->dir, name, ENV_READ, &x->read_fd, why);
	if (e != ERR_OK) {
		x->read_fd = -1;
		return e;
	}
	x->read_journal = number;
	*fd = x->read_fd;
	return ERR_OK;
}

enum err
inbox_read(struct inbox *x, const struct inbox_group *g, struct span *rows,
    struct fault *why)
{
	enum frame_found what;
	struct frame f;
	uint64_t size, next;
	int fd;
	enum err e;

	if (!x->held || x->held_journal != g->journal || x->held_at != g->at) {
		x->held = x->held_written = false;
		if ((e = read_handle(x, g->journal, &fd, why)) != ERR_OK)
			return e;
		if ((e = x->env->ops->size(x->env, fd, &size, why)) != ERR_OK)
			return e;
		e = frame_read(x->env, fd, size, g->journal, g->at, &x->read,
		    &f, &what, &next, why);
		if (e != ERR_OK)
			return e;
		if (what != FRAME_WHOLE || f.number != g->frame)
			return fault_set(why, ERR_DAMAGE,
			    "inbox: journal %08u, offset %llu: records %s.%llu "
			    "to .%llu are not what was written",
			    g->journal, (unsigned long long)g->at,
			    x->stream[g->stream],
			    (unsigned long long)g->first_seq,
			    (unsigned long long)(g->first_seq + g->n - 1));
		x->held = true;
		x->held_journal = g->journal;
		x->held_at = g->at;
	}
	*rows = x->held_written
	    ? span_slice(buf_view(&x->frame), FRAME_HEAD + g->offset, g->len)
	    : span_slice(buf_view(&x->read), g->offset, g->len);
	if (rows->len != g->len)
		return fault_set(
		    why, ERR_DAMAGE, "inbox: journal %08u", g->journal);
	return ERR_OK;
}

void
inbox_keep(struct inbox *x, uint32_t journal)
{
	for (size_t i = 0; i < x->n_journals; i++)
		if (x->journal[i].number == journal)
			x->journal[i].damaged = true;
}

void
inbox_expect(struct inbox *x, uint32_t journal, uint64_t number,
    const struct hash *hash, struct inbox_found *found)
{
	const struct journal *j = x->n_journals > 0 ? &x->journal[0] : NULL;
	char text[120];

	if (journal > x->last_journal)
		x->last_journal = journal;
	if (number > x->last_frame) { /* nothing newer is there */
		x->last_frame = number;
		x->last_hash = *hash;
		return;
	}
	if (j == NULL || x->n_groups == 0 || x->group[0].frame <= number + 1)
		return;
	if (j->damaged)
		return; /* told already */
	line_put(text, sizeof text, "frames %llu to %llu are missing before it",
	    (unsigned long long)number + 1,
	    (unsigned long long)x->group[0].frame - 1);
	damage_add(found, j->number, 0, 0, false, text);
}

uint64_t
inbox_bytes(const struct inbox *x)
{
	uint64_t n = 0;

	for (size_t i = 0; i < x->n_journals; i++)
		n += x->journal[i].size;
	return n;
}

uint64_t
inbox_last_frame(const struct inbox *x)
{
	return x->last_frame;
}

/* Whether every group of journal number n may go. */
static bool
journal_may(struct inbox *x, uint32_t number, inbox_may_fn *may, void *arg)
{
	for (size_t i = 0; i < x->n_groups; i++)
		if (x->group[i].journal == number && !may(arg, &x->group[i]))
			return false;
	return true;
}

/* Removes the oldest journal, or renames it when it is damaged. */
static enum err
oldest_remove(struct inbox *x, struct fault *why)
{
	struct env *env = x->env;
	struct journal *j = &x->journal[0];
	char name[JOURNAL_NAME_MAX], kept[JOURNAL_NAME_MAX];
	enum err e;

	journal_name(j->number, "journal", name);
	journal_name(j->number, "damaged", kept);
	if (x->n_journals == 1 && x->fd != -1) { /* it was being written */
		env->ops->close(env, x->fd);
		x->fd = -1;
	}
	e = j->damaged ? env->ops->rename(env, x->dir, name, kept, why)
		       : env->ops->unlink(env, x->dir, name, why);
	if (e == ERR_OK)
		journal_drop(x, 0);
	return e;
}

enum err
inbox_trim(struct inbox *x, inbox_may_fn *may, inbox_before_fn *before,
    void *arg, uint64_t *last, struct fault *why)
{
	bool any = false;
	enum err e = ERR_OK;

	assert(x->writer);
	if (last != NULL)
		*last = 0;
	if (x->failed)
		return fault_set(why, ERR_IO, "the inbox has failed");
	while (x->n_journals > 0 &&
	    (x->n_journals > 1 || x->journal[0].size > 0)) {
		const struct journal *j = &x->journal[0];
		uint64_t frame = j->last_frame;

		if (!journal_may(x, j->number, may, arg))
			break;
		if (before != NULL)
			e = before(
			    arg, j->number, j->last_frame, &j->last_hash, why);
		if (e != ERR_OK || (e = oldest_remove(x, why)) != ERR_OK)
			break;
		any = true;
		if (last != NULL && frame > 0)
			*last = frame;
	}
	if (any && e == ERR_OK)
		e = x->env->ops->sync(x->env, x->dir, why);
	return e;
}
