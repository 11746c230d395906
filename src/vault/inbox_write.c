/*
 * vault/inbox_write.c: staging batches, and one sync for all of them.
 *
 * A frame is everything staged since the last sync, so a torn frame was never
 * acknowledged. After a failed sync nobody knows what is on the disk, so it
 * is never tried again (the inbox has failed, the process should end).
 */
#include <assert.h>
#include <stdlib.h>

#include "vault/inbox_own.h"

size_t
inbox_staged(const struct inbox *x)
{
	return x->stage.len;
}

bool
inbox_has_failed(const struct inbox *x)
{
	return x->failed;
}

void
inbox_undo(struct inbox *x)
{
	buf_reset(&x->stage);
	buf_reset(&x->ids);
	x->stage_noted = 0;
	x->n_staged = 0;
}

void
inbox_undo_batch(struct inbox *x)
{
	x->stage.len = x->stage_noted;
	x->stage.bad = ERR_OK;
}

enum err
inbox_stage(struct inbox *x, const struct inbox_group *g, struct span rows,
    struct fault *why)
{
	struct span name = span_text(inbox_stream_name(x, g->stream));
	size_t before = x->stage.len;

	assert(x->writer && g->n > 0 && rows.len > 0);
	if (x->failed)
		return fault_set(why, ERR_IO, "the inbox has failed");
	buf_u8(&x->stage, (uint8_t)name.len);
	buf_span(&x->stage, name);
	buf_u64(&x->stage, g->first_seq);
	buf_u32(&x->stage, g->n);
	buf_u64(&x->stage, (uint64_t)g->least_us);
	buf_u64(&x->stage, (uint64_t)g->greatest_us);
	buf_add(&x->stage, g->chain.at, HASH_LEN);
	buf_block(&x->stage, rows);
	if (x->stage.bad == ERR_OK)
		return ERR_OK;
	x->stage.len = before;
	if (x->stage.bad == ERR_LIMIT) {
		x->stage.bad = ERR_OK;
		return fault_set(why, ERR_LIMIT, "the inbox's stage is full");
	}
	x->stage.bad = ERR_OK;
	return fault_set(why, ERR_MEMORY, "inbox");
}

enum err
inbox_stage_batch(
    struct inbox *x, const struct inbox_batch *b, struct fault *why)
{
	void *at = x->staged;
	enum err e = ERR_OK;

	if (b->epoch != 0) {
		if (x->n_staged >= UINT16_MAX)
			return fault_set(why, ERR_LIMIT, "too many batches");
		e = grow_array(
		    &at, &x->cap_staged, x->n_staged, sizeof *b, why);
		x->staged = at;
		if (e != ERR_OK)
			return e;
		x->staged[x->n_staged++] = *b;
	}
	x->stage_noted = x->stage.len;
	return ERR_OK;
}

enum err
inbox_stage_id(
    struct inbox *x, const uint8_t id[static INBOX_ID_LEN], struct fault *why)
{
	enum err e;

	buf_add(&x->ids, id, INBOX_ID_LEN);
	if ((e = buf_error(&x->ids)) == ERR_OK)
		return ERR_OK;
	x->ids.bad = ERR_OK;
	return fault_set(why, e, "ids of batches");
}

/* Ends the inbox. */
static enum err
fail(struct inbox *x, enum err e, struct fault *why)
{
	x->failed = true;
	inbox_undo(x);
	if (e == ERR_FULL && why != NULL) /* not a matter of space any more */
		why->code = ERR_IO;
	(void)fault_at(why, "inbox");
	return e == ERR_MEMORY ? e : ERR_IO;
}

/* Gives up what is staged for want of space. */
static enum err
full(struct inbox *x, struct fault *why)
{
	inbox_undo(x);
	if (why != NULL && why->code != ERR_FULL)
		(void)fault_set(why, ERR_FULL, "no space left for the inbox");
	return ERR_FULL;
}

/* Whether a frame of this length still leaves the reserve free. */
static enum err
space_check(struct inbox *x, size_t len, struct fault *why)
{
	uint64_t free_bytes;
	enum err e;

	if (x->o.reserve == 0)
		return ERR_OK;
	e = x->env->ops->space(x->env, x->dir, &free_bytes, why);
	if (e != ERR_OK)
		return e;
	if (free_bytes < x->o.reserve || free_bytes - x->o.reserve < len)
		return fault_set(why, ERR_FULL,
		    "no space left for the inbox: %llu bytes free, %llu are "
		    "kept in reserve",
		    (unsigned long long)free_bytes,
		    (unsigned long long)x->o.reserve);
	return ERR_OK;
}

/* Begins the next journal. */
static enum err
rotate(struct inbox *x, struct fault *why)
{
	struct env *env = x->env;
	char name[JOURNAL_NAME_MAX];
	struct journal *j;
	uint8_t mark[FRAME_MARK_LEN];
	int fd;
	enum err e;

	if (x->last_journal >= 99999999)
		return fault_set(why, ERR_LIMIT, "journal numbers are used up");
	if ((e = env->ops->random(env, mark, sizeof mark, why)) != ERR_OK)
		return e;
	journal_name(x->last_journal + 1, "journal", name);
	e = env->ops->open(env, x->dir, name, ENV_APPEND, &fd, why);
	if (e != ERR_OK)
		return e;
	if ((e = env->ops->sync(env, x->dir, why)) == ERR_OK)
		e = journal_add(x, x->last_journal + 1, why);
	if (e != ERR_OK) {
		env->ops->close(env, fd);
		x->failed = true;
		return e;
	}
	if (x->fd != -1)
		env->ops->close(env, x->fd);
	x->fd = fd;
	j = &x->journal[x->n_journals - 1];
	memcpy(j->mark, mark, sizeof mark);
	j->marked = true;
	return ERR_OK;
}

/* What stands before the groups. */
static void
front_put(struct inbox *x)
{
	struct buf *b = &x->frame;

	buf_u8(b, x->ids.len > 0 ? INBOX_PAYLOAD_IDS : INBOX_PAYLOAD_VERSION);
	buf_u16(b, (uint16_t)x->n_staged);
	for (size_t i = 0; i < x->n_staged; i++) {
		buf_u64(b, x->staged[i].epoch);
		buf_u64(b, x->staged[i].number);
	}
	if (x->ids.len == 0)
		return;
	buf_u16(b, (uint16_t)(x->ids.len / INBOX_ID_LEN));
	buf_span(b, buf_view(&x->ids));
}

/* Everything staged, as one frame in x->frame. */
static enum err
frame_make(struct inbox *x, struct frame *f, struct fault *why)
{
	static const uint8_t head[FRAME_HEAD];
	struct journal *j = &x->journal[x->n_journals - 1];
	enum err e;

	if (!j->marked) {
		e = x->env->ops->random(x->env, j->mark, FRAME_MARK_LEN, why);
		if (e != ERR_OK)
			return e;
		j->marked = true;
	}
	if (x->held_written)
		x->held = x->held_written = false;
	*f = (struct frame){ .file = j->number,
		.at = j->size,
		.number = x->last_frame + 1,
		.prev = x->last_hash };
	memcpy(f->mark, j->mark, FRAME_MARK_LEN);
	buf_reset(&x->frame);
	buf_add(&x->frame, head, FRAME_HEAD);
	front_put(x);
	buf_span(&x->frame, buf_view(&x->stage));
	if (buf_error(&x->frame) == ERR_OK)
		frame_wrap(&x->frame, f);
	if (buf_error(&x->frame) != ERR_OK)
		return fault_set(why, ERR_MEMORY, "inbox");
	return ERR_OK;
}

/* Writes x->frame to the journal and makes it durable. */
static enum err
frame_write(struct inbox *x, struct fault *why)
{
	struct env *env = x->env;
	struct journal *j = &x->journal[x->n_journals - 1];
	struct fault other;
	enum err e = env->ops->write(env, x->fd, buf_view(&x->frame), why);

	if (e == ERR_FULL) {
		if (env->ops->truncate(env, x->fd, j->size, &other) != ERR_OK)
			return fail(x, ERR_IO, why);
		return full(x, why);
	}
	if (e != ERR_OK)
		return fail(x, e, why);
	if ((e = env->ops->sync(env, x->fd, why)) != ERR_OK)
		return fail(x, e, why);
	j->size += x->frame.len;
	return ERR_OK;
}

/* The frame just written is the one read last: its rows are asked for next. */
static void
hold(struct inbox *x, const struct frame *f)
{
	x->held = x->held_written = true;
	x->held_journal = f->file;
	x->held_at = f->at;
}

enum err
inbox_sync(struct inbox *x, struct fault *why)
{
	struct journal *j;
	struct frame f;
	enum err e;

	if (x->failed)
		return fault_set(why, ERR_IO, "the inbox has failed");
	assert(x->stage_noted == x->stage.len);
	if (x->stage.len == 0) {
		inbox_undo(x);
		return ERR_OK;
	}
	e = space_check(x, x->stage.len + x->ids.len + FRAME_HEAD, why);
	if (e == ERR_OK &&
	    (x->fd == -1 || x->journal[x->n_journals - 1].size >= x->o.rotate))
		e = rotate(x, why);
	if (e != ERR_OK)
		return e == ERR_FULL && !x->failed ? full(x, why)
						   : fail(x, e, why);
	if ((e = frame_make(x, &f, why)) != ERR_OK)
		return fail(x, e, why);
	if ((e = frame_write(x, why)) != ERR_OK)
		return e;
	e = inbox_take(x, &f,
	    span_slice(buf_view(&x->frame), FRAME_HEAD, SIZE_MAX), NULL, why);
	if (e != ERR_OK)
		e = fail(x, e, why);
	x->last_frame = f.number;
	x->last_hash = f.hash;
	hold(x, &f);
	j = &x->journal[x->n_journals - 1];
	j->last_frame = f.number;
	j->last_hash = f.hash;
	inbox_undo(x);
	return e;
}
