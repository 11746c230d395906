/*
 * proc/outlet.c: batches on their way to keeper: a ring of them, the oldest
 * first, of which the last is being filled.
 *
 * Several are under way at once. Keeper stores a batch only after the one
 * before it (call/append.h, `after`), so a refusal stops those behind it too;
 * then one is offered alone, until keeper takes it.
 */
#include "proc/outlet.h"

#include <assert.h>
#include <stdlib.h>

#include "base/when.h"
#include "call/append.h"
#include "crypt/crypt.h"

#define SLOTS 32U /* batches held: some 8 MiB */
#define SLOTS_HIGH 24U /* reading stops: the rest is for what is in hand */
#define SLOTS_LOW 16U /* and goes on */
#define FLUSH_US (10 * INT64_C(1000)) /* a record waits so long for others */
#define AGAIN_US (200 * INT64_C(1000)) /* after a refusal */
#define END_US (5 * WHEN_SECOND)
/* A part of a batch with id ends past these. */
#define PART_LEN ((size_t)64 << 10)
#define PART_ROWS 2048U
/* A part begins only where it fits, its last record being of any length. */
#define PART_ROOM (PART_LEN + ((size_t)132 << 10))

enum state { FILLING, READY, ASKED, STORED };

struct slot {
	struct outlet *outlet;
	struct append a;
	enum state state;
	uint64_t owner[APPEND_PARTS_MAX]; /* the after each part belongs to */
};

/* Somebody who waits. */
struct after {
	struct after *next;
	outlet_after_fn *fn;
	void *arg;
	uint64_t batch; /* durable when this one is */
	uint64_t number; /* of the after, from 1 */
	unsigned repeated;
};

struct outlet {
	struct child *child;
	outlet_room_fn *room;
	void *room_arg;
	struct slot *slot[SLOTS];
	unsigned first, n; /* the ring; the last one may be filling */
	uint64_t epoch, next_batch, stored; /* all up to here are durable */
	unsigned asked;
	bool alone; /* offer one batch, until one is stored */
	bool told_refused; /* logged once */
	bool open, ending;
	struct loop_timer flush, again, tell;
	struct after *after, **after_end;
	uint64_t afters; /* how many there were */
	unsigned repeated; /* of the after to come */
	/* The batch with id that is being put. */
	bool marked;
	struct hash id;
	uint32_t part;
	size_t part_at; /* bytes of the ask before it */
};

static struct slot *
slot_at(struct outlet *o, unsigned i)
{
	return o->slot[(o->first + i) % SLOTS];
}

static void
room_tell(struct outlet *o, bool open)
{
	if (o->open == open)
		return;
	o->open = open;
	if (o->room != NULL)
		o->room(o->room_arg, open);
}

/* The batch being filled; NULL when every slot is in use. */
static struct slot *
slot_open(struct outlet *o)
{
	struct slot **at, *s;

	if (o->n > 0 && slot_at(o, o->n - 1)->state == FILLING)
		return slot_at(o, o->n - 1);
	if (o->n == SLOTS)
		return NULL;
	at = &o->slot[(o->first + o->n) % SLOTS];
	if (*at == NULL) {
		if ((s = calloc(1, sizeof *s)) == NULL)
			return NULL;
		s->outlet = o;
		append_init(&s->a, o->epoch);
		*at = s;
	}
	s = *at;
	append_next(&s->a);
	s->state = FILLING;
	s->a.batch = o->next_batch++;
	if (++o->n > SLOTS_HIGH)
		room_tell(o, false);
	return s;
}

/* ---- those who wait ---- */

/* Calls the afters whose batches are durable. */
static void
after_tell(void *arg)
{
	struct outlet *o = arg;
	struct after *w;

	while ((w = o->after) != NULL && w->batch <= o->stored) {
		o->after = w->next;
		if (o->after == NULL)
			o->after_end = &o->after;
		if (w->fn != NULL)
			w->fn(w->arg, true, w->repeated);
		free(w);
	}
}

/* One part was stored before: whose? */
static void
repeated_note(struct outlet *o, uint64_t owner)
{
	struct after *w = o->after;

	while (w != NULL && w->number != owner)
		w = w->next;
	if (w != NULL)
		w->repeated++;
	else if (owner == o->afters + 1)
		o->repeated++;
}

static void
repeated_read(struct outlet *o, const struct slot *s, struct span bits)
{
	for (uint32_t i = 0; i < s->a.n_parts && i / 8 < bits.len; i++)
		if ((bits.at[i / 8] & 0x80 >> i % 8) != 0)
			repeated_note(o, s->owner[i]);
}

/* ---- to keeper ---- */

static void pump(struct outlet *o);

static void
again(void *arg)
{
	struct outlet *o = arg;

	pump(o);
	if (!o->told_refused && o->n <= SLOTS_LOW)
		room_tell(o, true);
}

static void
again_arm(struct outlet *o)
{
	struct fault why;

	if (loop_arm(o->child->loop, &o->again, AGAIN_US, again, o, &why) !=
	    ERR_OK)
		child_log(o->child, "%s", why.text);
}

/* Lets go of the oldest batches that are stored. */
static void
stored_drop(struct outlet *o)
{
	while (o->n > 0 && slot_at(o, 0)->state == STORED) {
		o->stored = slot_at(o, 0)->a.batch;
		o->first = (o->first + 1) % SLOTS;
		o->n--;
	}
}

/* Keeper did not store a batch: it stays, and so do all behind it. */
static void
refused(
    struct outlet *o, struct slot *s, enum err code, const struct fault *said)
{
	s->state = READY;
	o->alone = true;
	again_arm(o);
	/* What came behind a refused one says only that. */
	if (code == ERR_GONE || code == ERR_STATE)
		return;
	if (!o->told_refused && !o->ending)
		child_log(
		    o->child, "records wait, reading stops: %s", said->text);
	o->told_refused = true;
	room_tell(o, false);
}

static void
batch_done(struct child *c, void *arg, enum err code, const struct fault *said,
    struct span body)
{
	struct slot *s = arg;
	struct outlet *o = s->outlet;

	(void)c;
	o->asked--;
	if (code != ERR_OK) {
		refused(o, s, code, said);
		return;
	}
	s->state = STORED;
	repeated_read(o, s, body);
	o->alone = false;
	o->told_refused = false;
	stored_drop(o);
	pump(o);
	after_tell(o);
	if (o->n <= SLOTS_LOW)
		room_tell(o, true);
}

/* Sends what may be sent. */
static void
pump(struct outlet *o)
{
	struct fault why;

	for (unsigned i = 0; i < o->n; i++) {
		struct slot *s = slot_at(o, i);
		enum err e;

		if (s->state == FILLING || o->asked == CHILD_LATER_MAX ||
		    (o->alone && o->asked > 0))
			return;
		if (s->state != READY)
			continue;
		/* Alone, it is in order by itself, whatever keeper knows. */
		s->a.after = o->alone ? 0 : s->a.batch - 1;
		e = child_ask_later(o->child, ROLE_KEEPER, KEEPER_APPEND,
		    append_print(&s->a), batch_done, s, &why);
		if (e != ERR_OK) {
			again_arm(o);
			return;
		}
		s->state = ASKED;
		o->asked++;
	}
}

/* The batch being filled is ready to go. */
static void
slot_close(struct outlet *o)
{
	struct slot *s = o->n == 0 ? NULL : slot_at(o, o->n - 1);

	if (s == NULL || s->state != FILLING || s->a.n == 0)
		return;
	/* A part that is open goes on in the next batch as another part. */
	if (s->a.in_part && s->a.n > s->a.part[s->a.n_parts].first)
		o->part++;
	append_part_end(&s->a);
	s->state = READY;
}

static void
flush(void *arg)
{
	struct outlet *o = arg;

	/* A part ends at its own length alone, so that it is the same part
	 * when its batch is sent again; outlet_mark ends it. */
	if (o->marked && o->n > 0 && slot_at(o, o->n - 1)->a.in_part)
		return;
	slot_close(o);
	pump(o);
}

static void
flush_arm(struct outlet *o, int64_t wait_us)
{
	struct fault why;

	if (loop_arm(o->child->loop, &o->flush, wait_us, flush, o, &why) !=
	    ERR_OK)
		child_log(o->child, "%s", why.text);
}

/* ---- from the receiver ---- */

struct outlet *
outlet_new(struct child *c, outlet_room_fn *room, void *arg)
{
	struct outlet *o = calloc(1, sizeof *o);

	if (o == NULL)
		return NULL;
	crypt_random(&o->epoch, sizeof o->epoch);
	o->epoch |= 1; /* 0 means none */
	o->child = c;
	o->room = room;
	o->room_arg = arg;
	o->next_batch = 1;
	o->open = o->alone = true;
	o->after_end = &o->after;
	return o;
}

void
outlet_free(struct outlet *o)
{
	int64_t until = loop_clock(NULL) + END_US;
	struct fault why;
	struct after *w;

	if (o == NULL)
		return;
	o->ending = true;
	o->room = NULL;
	outlet_mark(o, NULL);
	flush(o);
	while (o->n > 0 && loop_clock(NULL) < until) {
		pump(o);
		if (loop_turn(o->child->loop, 50, &why) != ERR_OK)
			break;
	}
	if (o->n > 0)
		child_log(o->child,
		    "ending with %llu records that keeper has not taken",
		    (unsigned long long)outlet_waiting(o));
	while ((w = o->after) != NULL) {
		o->after = w->next;
		if (w->fn != NULL)
			w->fn(w->arg, w->batch <= o->stored, w->repeated);
		free(w);
	}
	loop_disarm(o->child->loop, &o->flush);
	loop_disarm(o->child->loop, &o->again);
	loop_disarm(o->child->loop, &o->tell);
	for (unsigned i = 0; i < SLOTS; i++) {
		if (o->slot[i] != NULL)
			append_clear(&o->slot[i]->a);
		if (o->asked == 0) /* else an answer may still name it */
			free(o->slot[i]);
	}
	if (o->asked == 0)
		free(o);
}

/* The batch for the next record of a marked batch: its part is open. */
static struct slot *
part_open(struct outlet *o)
{
	uint8_t number[4] = { (uint8_t)(o->part >> 24),
		(uint8_t)(o->part >> 16), (uint8_t)(o->part >> 8),
		(uint8_t)o->part };
	struct span of[2] = { span_of(o->id.at, HASH_LEN),
		span_of(number, sizeof number) };
	struct hash id = o->part == 0 ? o->id : hash_of_parts(of, 2);
	struct slot *s = slot_open(o);

	if (s == NULL || s->a.in_part)
		return s;
	if (s->a.n > 0 &&
	    (s->a.ask.len + PART_ROOM > APPEND_BATCH_MAX ||
		s->a.n + PART_ROWS > APPEND_ROWS_MAX ||
		s->a.n_parts == APPEND_PARTS_MAX)) {
		slot_close(o);
		pump(o);
		if ((s = slot_open(o)) == NULL)
			return NULL;
	}
	if (!append_part(&s->a, &id))
		return NULL;
	s->owner[s->a.n_parts] = o->afters + 1;
	o->part_at = s->a.ask.len;
	return s;
}

/* Ends the open part if it is long enough. */
static void
part_check(struct outlet *o, struct slot *s)
{
	if (!s->a.in_part ||
	    (s->a.ask.len - o->part_at < PART_LEN &&
		s->a.n - s->a.part[s->a.n_parts].first < PART_ROWS))
		return;
	append_part_end(&s->a);
	o->part++;
}

bool
outlet_put(struct outlet *o, const struct event *ev)
{
	struct slot *s = o->marked ? part_open(o) : slot_open(o);

	if (s != NULL && !append_add(&s->a, ev)) {
		assert(!s->a.in_part || s->a.n == 0); /* PART_ROOM was there */
		slot_close(o);
		pump(o);
		s = o->marked ? part_open(o) : slot_open(o);
		if (s != NULL && !append_add(&s->a, ev))
			s = NULL; /* out of memory: later, perhaps */
	}
	if (s == NULL) {
		room_tell(o, false);
		again_arm(o);
		return false;
	}
	part_check(o, s);
	if (o->flush.place == 0)
		flush_arm(o, FLUSH_US);
	return true;
}

void
outlet_mark(struct outlet *o, const struct hash *id)
{
	struct slot *s = o->n == 0 ? NULL : slot_at(o, o->n - 1);

	if (s != NULL && s->state == FILLING && s->a.in_part) {
		append_part_end(&s->a);
		if (o->flush.place == 0)
			flush_arm(o, FLUSH_US);
	}
	o->marked = id != NULL;
	o->part = 0;
	if (id != NULL)
		o->id = *id;
}

void
outlet_wait(struct outlet *o, int wait_ms)
{
	outlet_flush(o);
	child_wait(o->child, ROLE_KEEPER, wait_ms);
	pump(o);
}

enum err
outlet_after(
    struct outlet *o, outlet_after_fn *fn, void *arg, struct fault *why)
{
	struct after *w = calloc(1, sizeof *w);
	struct slot *s;
	enum err e;

	if (w == NULL)
		return fault_set(why, ERR_MEMORY, "outlet");
	outlet_mark(o, NULL);
	s = o->n == 0 ? NULL : slot_at(o, o->n - 1);
	e = loop_arm(o->child->loop, &o->tell, 0, after_tell, o, why);
	if (e != ERR_OK) {
		free(w);
		return e;
	}
	*w = (struct after){ .fn = fn,
		.arg = arg,
		.batch = s == NULL ? o->stored : s->a.batch,
		.number = ++o->afters,
		.repeated = o->repeated };
	/* A batch that is open but empty has nothing to wait for. */
	if (s != NULL && s->state == FILLING && s->a.n == 0)
		w->batch--;
	o->repeated = 0;
	*o->after_end = w;
	o->after_end = &w->next;
	flush_arm(o, 0);
	return ERR_OK;
}

void
outlet_forget(struct outlet *o, const void *arg)
{
	for (struct after *w = o->after; w != NULL; w = w->next)
		if (w->arg == arg)
			w->fn = NULL;
}

void
outlet_flush(struct outlet *o)
{
	flush(o);
}

bool
outlet_is_open(const struct outlet *o)
{
	return o->open;
}

uint64_t
outlet_waiting(const struct outlet *o)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < o->n; i++)
		n += o->slot[(o->first + i) % SLOTS]->a.n;
	return n;
}
