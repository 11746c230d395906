/*
 * intake/intake.c: from bytes to events.
 *
 * Works on  pieces of streams and datagrams, all of them hostile.
 * Runs in   proc/intake.c, and in whatever feeds records by other ways.
 */
#include "intake/intake.h"

#include <stdlib.h>
#include <string.h>

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
	char *peer; /* NULL: none */
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
		if (ev->via == VIA_FILE) /* as files' lines are */
			return;
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

void
intake_record(struct intake *in, const struct intake_from *from,
    int64_t received_us, struct span raw, unsigned marks)
{
	struct event ev = {
		.received_us = received_us,
		.via = from->via,
		.sender = from->sender,
	};

	syslog_parse(raw, received_us, &ev);
	parse_count(in, &ev);
	marks_count(in, from->sender, marks);
	if ((marks & (FRAME_CUT | FRAME_UNFINISHED)) != 0)
		ev.parse = PARSE_CUT;
	if (ev.host.len == 0)
		ev.host = from->host;
	if (ev.app.len == 0)
		ev.app = from->app;
	if (in->rules != NULL)
		(void)normalize_apply(in->rules, in->arena, &ev);
	if (from->peer.len > 0)
		ev.field[FIELD_PEER] = from->peer;
	if ((marks & INTAKE_REPEAT) != 0)
		ev.field[FIELD_REPEAT] = SPAN_LIT("1");
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
	const struct intake_from from = { .via = via, .sender = sender };
	unsigned marks = bytes.len > EVENT_RAW_MAX ? FRAME_CUT : 0;

	if (is_empty(bytes)) {
		counts_add(in->counts, COUNTS_EMPTY, sender, 1);
		return;
	}
	intake_record(
	    in, &from, received_us, span_slice(bytes, 0, EVENT_RAW_MAX), marks);
}

struct intake_conn *
intake_open(struct intake *in, const struct intake_from *from)
{
	struct intake_conn *c = calloc(1, sizeof *c);
	struct span sender = from->sender;

	if (c == NULL)
		return NULL;
	if (from->peer.len > 0 &&
	    (c->peer = strndup((const char *)from->peer.at, from->peer.len)) ==
		NULL) {
		free(c);
		return NULL;
	}
	c->in = in;
	c->via = from->via;
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

	const struct intake_from from = {
		.via = c->via,
		.sender = span_text(c->sender),
		.peer = c->peer == NULL ? SPAN_EMPTY : span_text(c->peer),
	};

	c->given++;
	intake_record(c->in, &from, c->received_us, record, marks);
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
	free(c->peer);
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
