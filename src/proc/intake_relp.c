/*
 * proc/intake_relp.c: RELP connections: an answer only to what is durable.
 *
 * Each pass over the sockets that brought records asks the outlet once to
 * tell when they are durable; then every connection of that pass gets its
 * answers. A record the outlet has no room for yet holds that question back,
 * so no answer can be early.
 */
#include "proc/intake_own.h"

#include <stdlib.h>
#include <string.h>

#include "intake/relp.h"

struct relp_conn {
	struct intake_state *s;
	struct stream_link *link;
	struct relp relp;
	struct relp_conn *next_dirty;
	bool dirty;
	bool young; /* all so far may have been sent before */
	struct repeats_recent recent;
	char sender[LISTEN_ADDRESS_MAX];
	char peer[TLS_PEER_MAX]; /* "": none */
};

/* Up to where a connection's records belong to a pass. */
struct relp_mark {
	struct relp_conn *conn; /* NULL: it has ended */
	uint64_t upto;
};

/* Connections that wait for the same word of keeper. */
struct relp_pass {
	struct intake_state *s;
	struct relp_pass *next;
	size_t n;
	struct relp_mark mark[];
};

void *
relp_conn_open(struct intake_state *s, struct stream_link *link,
    const struct stream_from *from)
{
	struct relp_conn *c = calloc(1, sizeof *c);
	struct span sender = span_slice(from->sender, 0, sizeof c->sender - 1);
	struct span peer = span_slice(from->peer, 0, sizeof c->peer - 1);

	if (c == NULL)
		return NULL;
	c->s = s;
	c->link = link;
	c->young = true;
	memcpy(c->sender, sender.at, sender.len);
	if (peer.len > 0)
		memcpy(c->peer, peer.at, peer.len);
	relp_init(&c->relp);
	return c;
}

/* A relp_fn. */
static void
on_record(void *arg, struct span record, unsigned marks)
{
	struct relp_conn *c = arg;
	const struct intake_from from = {
		.via = VIA_RELP,
		.sender = span_text(c->sender),
		.peer = span_text(c->peer),
	};
	uint64_t hash = repeats_hash(c->s->repeats, from.sender, record);

	/* What is sent again comes first on a new connection. */
	c->young = c->young && repeats_any(c->s->repeats) &&
	    repeats_take(c->s->repeats, hash);
	if (c->young)
		marks |= INTAKE_REPEAT;
	repeats_note(&c->recent, hash);
	intake_record(c->s->intake, &from, intake_now(), record, marks);
}

/* Sends the answers that have come together. */
static void
answers_send(struct relp_conn *c)
{
	if (c->relp.out.len == 0)
		return;
	stream_send(c->link, buf_view(&c->relp.out));
	buf_reset(&c->relp.out);
}

enum stream_next
relp_conn_data(struct intake_state *s, struct relp_conn *c, struct span bytes)
{
	uint64_t before = c->relp.taken, empty = c->relp.empty;
	struct fault why;
	enum err e = relp_feed(&c->relp, bytes, on_record, c, &why);

	if (c->relp.empty > empty)
		counts_add(s->counts, COUNTS_EMPTY, span_text(c->sender),
		    c->relp.empty - empty);
	if (c->relp.taken > before && !c->dirty) {
		c->dirty = true;
		c->next_dirty = s->dirty;
		s->dirty = c;
	}
	answers_send(c);
	if (e != ERR_OK) {
		counts_add(s->counts,
		    e == ERR_MEMORY ? COUNTS_NO_MEMORY : COUNTS_BAD_RELP,
		    span_text(c->sender), 1);
		return STREAM_FINISH;
	}
	if (c->relp.done)
		return STREAM_FINISH;
	if (relp_is_quiet(&c->relp))
		return STREAM_QUIET;
	return c->relp.taken > before ? STREAM_PROGRESS : STREAM_PARTIAL;
}

void
relp_conn_close(
    struct intake_state *s, struct relp_conn *c, enum stream_end why)
{
	if (why == STREAM_SLOW)
		counts_add(s->counts, COUNTS_SLOW, span_text(c->sender), 1);
	if (why == STREAM_DEAF)
		counts_add(s->counts, COUNTS_DEAF, span_text(c->sender), 1);
	if (!relp_is_quiet(&c->relp) && !c->relp.done)
		counts_add(
		    s->counts, COUNTS_UNFINISHED, span_text(c->sender), 1);
	for (struct relp_conn **at = &s->dirty; *at != NULL;
	     at = &(*at)->next_dirty)
		if (*at == c) {
			*at = c->next_dirty;
			break;
		}
	for (struct relp_pass *p = s->passes; p != NULL; p = p->next)
		for (size_t i = 0; i < p->n; i++)
			if (p->mark[i].conn == c)
				p->mark[i].conn = NULL;
	/* Closed in good order, nothing is unanswered. */
	if (c->relp.done && c->relp.n_runs == 0)
		repeats_clear(&c->recent);
	else
		repeats_break(s->repeats, &c->recent);
	relp_clear(&c->relp);
	free(c);
}

/* An outlet_after_fn: what a pass brought is durable. */
static void
on_durable(void *arg, bool durable, unsigned repeated)
{
	struct relp_pass *p = arg;
	struct relp_pass **at = &p->s->passes;

	(void)repeated;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	for (size_t i = 0; durable && i < p->n; i++) {
		struct relp_conn *c = p->mark[i].conn;

		if (c == NULL)
			continue;
		relp_durable(&c->relp, p->mark[i].upto);
		answers_send(c);
		if (c->relp.done)
			stream_end(c->link);
	}
	free(p);
}

void
relp_pass_end(struct intake_state *s)
{
	struct relp_pass *p, **at = &s->passes;
	struct fault why;
	size_t n = 0;

	/* Records still in hand come before the question. */
	if (s->dirty == NULL || s->spill.len > 0)
		return;
	for (struct relp_conn *c = s->dirty; c != NULL; c = c->next_dirty)
		n++;
	if ((p = calloc(1, sizeof *p + n * sizeof p->mark[0])) == NULL)
		return; /* asked again at the end of the next pass */
	p->s = s;
	for (struct relp_conn *c = s->dirty; c != NULL; c = c->next_dirty)
		p->mark[p->n++] = (struct relp_mark){ c, c->relp.taken };
	if (outlet_after(s->out, on_durable, p, &why) != ERR_OK) {
		free(p);
		return;
	}
	while (*at != NULL)
		at = &(*at)->next;
	*at = p;
	for (struct relp_conn *c; (c = s->dirty) != NULL;) {
		s->dirty = c->next_dirty;
		c->dirty = false;
	}
}

void
relp_stop(struct intake_state *s)
{
	struct relp_pass *p;

	while ((p = s->passes) != NULL) {
		s->passes = p->next;
		free(p);
	}
}
