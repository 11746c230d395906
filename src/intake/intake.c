/*
 * intake/intake.c: from bytes to events.
 *
 * Works on  pieces of streams and datagrams, all of them hostile.
 * Runs in   proc/intake.c, and in whatever feeds records by other ways.
 */
#include "intake/intake.h"

#include <stdlib.h>

#include "intake/frame.h"
#include "intake/syslog.h"

/* What one record may take while it is understood. */
#define ARENA_MAX ((size_t)4 << 20)
#define SENDER_MAX 48

struct intake {
	const struct normalizer *rules;
	struct counts *counts;
	struct arena *arena;
	intake_fn *fn;
	void *arg;
};

struct intake_conn {
	struct intake *in;
	enum event_transport via;
	char sender[SENDER_MAX];
	struct framer framer;
	int64_t received_us; /* of the bytes being fed */
	uint64_t given; /* records so far */
};

struct intake *
intake_new(
    const struct normalizer *n, struct counts *c, intake_fn *fn, void *arg)
{
	struct intake *in = calloc(1, sizeof *in);

	if (in == NULL || (in->arena = arena_new(ARENA_MAX)) == NULL) {
		free(in);
		return NULL;
	}
	in->rules = n;
	in->counts = c;
	in->fn = fn;
	in->arg = arg;
	return in;
}

void
intake_free(struct intake *in)
{
	if (in == NULL)
		return;
	arena_free(in->arena);
	free(in);
}

/* Counts what the parser found wrong. */
static void
parse_count(struct intake *in, const struct event *ev)
{
	enum counts_reason r;

	switch (ev->parse) {
	case PARSE_BARE:
		r = COUNTS_BARE;
		break;
	case PARSE_BAD_PRI:
		r = COUNTS_BAD_PRI;
		break;
	case PARSE_BAD_HEADER:
		r = COUNTS_BAD_HEADER;
		break;
	case PARSE_BAD_TIME:
		r = COUNTS_BAD_TIME;
		break;
	case PARSE_BAD_UTF8:
		r = COUNTS_BAD_UTF8;
		break;
	default:
		return;
	}
	counts_add(in->counts, r, ev->sender, 1);
}

/* Counts what framing found wrong. */
static void
marks_count(struct intake *in, struct span sender, unsigned marks)
{
	if ((marks & FRAME_CUT) != 0)
		counts_add(in->counts, COUNTS_CUT, sender, 1);
	if ((marks & FRAME_BAD_COUNT) != 0)
		counts_add(in->counts, COUNTS_BAD_COUNT, sender, 1);
	if ((marks & FRAME_UNFINISHED) != 0)
		counts_add(in->counts, COUNTS_UNFINISHED, sender, 1);
}

/* One record: understood as far as it goes, and given on. */
static void
record_give(struct intake *in, enum event_transport via, struct span sender,
    int64_t received_us, struct span raw, unsigned marks)
{
	struct event ev = {
		.received_us = received_us,
		.via = via,
		.sender = sender,
	};

	syslog_parse(raw, received_us, &ev);
	parse_count(in, &ev);
	marks_count(in, sender, marks);
	if ((marks & (FRAME_CUT | FRAME_UNFINISHED)) != 0)
		ev.parse = PARSE_CUT;
	if (in->rules != NULL)
		(void)normalize_apply(in->rules, in->arena, &ev);
	in->fn(in->arg, &ev);
	arena_reset(in->arena);
}

/* Nothing but line ends, NULs and blanks. */
static bool
is_empty(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] != '\n' && s.at[i] != '\r' && s.at[i] != '\0' &&
		    s.at[i] != ' ')
			return false;
	return true;
}

void
intake_datagram(struct intake *in, enum event_transport via, struct span sender,
    int64_t received_us, struct span bytes)
{
	unsigned marks = bytes.len > EVENT_RAW_MAX ? FRAME_CUT : 0;

	if (is_empty(bytes)) {
		counts_add(in->counts, COUNTS_EMPTY, sender, 1);
		return;
	}
	record_give(in, via, sender, received_us,
	    span_slice(bytes, 0, EVENT_RAW_MAX), marks);
}

struct intake_conn *
intake_open(struct intake *in, enum event_transport via, struct span sender)
{
	struct intake_conn *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->in = in;
	c->via = via;
	if (sender.len >= sizeof c->sender)
		sender.len = sizeof c->sender - 1;
	if (sender.len > 0)
		memcpy(c->sender, sender.at, sender.len);
	frame_init(&c->framer);
	return c;
}

/* A frame_fn. */
static void
on_record(void *arg, struct span record, unsigned marks)
{
	struct intake_conn *c = arg;

	c->given++;
	record_give(
	    c->in, c->via, span_text(c->sender), c->received_us, record, marks);
}

enum err
intake_feed(
    struct intake_conn *c, int64_t received_us, struct span bytes, uint64_t *n)
{
	uint64_t before = c->given;
	enum err e;

	c->received_us = received_us;
	e = frame_feed(&c->framer, bytes, on_record, c);
	if (e != ERR_OK)
		intake_note(c, COUNTS_NO_MEMORY);
	else
		*n = c->given - before;
	return e;
}

void
intake_close(struct intake_conn *c, int64_t received_us)
{
	if (c == NULL)
		return;
	c->received_us = received_us;
	frame_end(&c->framer, on_record, c);
	frame_clear(&c->framer);
	free(c);
}

bool
intake_is_quiet(const struct intake_conn *c)
{
	return frame_is_quiet(&c->framer);
}

void
intake_note(struct intake_conn *c, enum counts_reason r)
{
	counts_add(c->in->counts, r, span_text(c->sender), 1);
}
