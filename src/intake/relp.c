/*
 * intake/relp.c: frames, offers, and the promise that an answer is.
 *
 * Works on  pieces of any size; a record that lies in one piece is given from
 *           there, without a copy.
 * Source    rsyslog's RELP specification.
 */
#include "intake/relp.h"

#include <stdlib.h>
#include <string.h>

#include "intake/frame.h"

#define DIGITS_MAX 9
#define LETTERS_MAX 32
#define OUT_MAX ((size_t)1 << 20)

enum part {
	AT_TXNR,
	IN_COMMAND,
	IN_LENGTH,
	IN_DATA,
	SKIP_DATA, /* what a record has beyond its maximum */
	AT_END, /* the line feed that ends a frame */
};

/* One call of relp_feed. */
struct feed {
	struct relp *r;
	struct span piece;
	size_t pos; /* next byte of the piece */
	relp_fn *fn;
	void *arg;
	struct fault *why;
};

void
relp_init(struct relp *r)
{
	*r = (struct relp){ .state = AT_TXNR };
	buf_init(&r->held, EVENT_RAW_MAX + 1);
	buf_init(&r->out, OUT_MAX);
}

void
relp_clear(struct relp *r)
{
	buf_clear(&r->held);
	buf_clear(&r->out);
	free(r->run);
	r->run = NULL;
	r->n_runs = r->cap_runs = 0;
}

bool
relp_is_quiet(const struct relp *r)
{
	return r->state == AT_TXNR && r->digits == 0;
}

/* ---- answers ---- */

/* A number, without the cost of printf: there is one answer a record. */
static void
number_print(struct buf *b, uint32_t n)
{
	char digits[10];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	buf_add(b, digits + at, sizeof digits - at);
}

static void
answer(struct relp *r, uint32_t txnr, const char *text)
{
	number_print(&r->out, txnr);
	buf_text(&r->out, " rsp ");
	number_print(&r->out, (uint32_t)strlen(text));
	if (text[0] != '\0') {
		buf_u8(&r->out, ' ');
		buf_text(&r->out, text);
	}
	buf_u8(&r->out, '\n');
}

/* Answers a close that nothing stands before any more. */
static void
close_answer(struct relp *r)
{
	if (!r->closing || r->n_runs > 0 || r->done)
		return;
	answer(r, r->close_txnr, "");
	buf_text(&r->out, "0 serverclose 0\n");
	r->done = true;
}

static uint32_t
txnr_after(uint32_t txnr, uint32_t n)
{
	uint64_t sum = (uint64_t)txnr + n;

	return sum > RELP_TXNR_MAX ? (uint32_t)(sum - RELP_TXNR_MAX)
				   : (uint32_t)sum;
}

void
relp_durable(struct relp *r, uint64_t upto)
{
	size_t gone = 0;

	while (r->durable < upto && gone < r->n_runs) {
		struct relp_run *run = &r->run[gone];

		answer(r, run->first, "200 OK");
		run->first = txnr_after(run->first, 1);
		run->n--;
		r->durable++;
		if (run->n == 0)
			gone++;
	}
	if (gone > 0) {
		r->n_runs -= gone;
		memmove(r->run, r->run + gone, r->n_runs * sizeof *r->run);
	}
	close_answer(r);
}

/* Notes that the answer to a number is owed. */
static enum err
txnr_owe(struct relp *r, uint32_t txnr, struct fault *why)
{
	struct relp_run *last = r->n_runs == 0 ? NULL : &r->run[r->n_runs - 1];

	if (last != NULL && txnr_after(last->first, last->n) == txnr) {
		last->n++;
		return ERR_OK;
	}
	if (r->n_runs == RELP_RUNS_MAX)
		return fault_set(why, ERR_LIMIT,
		    "RELP: the numbers of frames do not follow one another");
	if (r->n_runs == r->cap_runs) {
		size_t cap = r->cap_runs == 0 ? 4 : r->cap_runs * 2;
		struct relp_run *more = reallocarray(r->run, cap, sizeof *more);

		if (more == NULL)
			return fault_set(why, ERR_MEMORY, "RELP");
		r->run = more;
		r->cap_runs = cap;
	}
	r->run[r->n_runs++] = (struct relp_run){ txnr, 1 };
	return ERR_OK;
}

/* ---- commands ---- */

static bool
is_command(const struct relp *r, const char *name)
{
	return strcmp(r->command, name) == 0;
}

/* Whether the sender's offers have what we need of it: a version, and the
 * command syslog among its commands (when it names any). */
static bool
offers_fit(struct span data)
{
	struct cursor c = cursor_of(data);
	bool version = false, syslog = true;

	while (c.pos < c.all.len) {
		struct cursor line = cursor_of(cursor_until(&c, '\n', NULL));
		struct span name = cursor_until(&line, '=', NULL);
		struct cursor values = cursor_of(cursor_rest(&line));

		if (span_is(name, "relp_version"))
			version = true;
		if (!span_is(name, "commands"))
			continue;
		syslog = false;
		while (values.pos < values.all.len)
			if (span_is(span_trim(cursor_until(&values, ',', NULL)),
				"syslog"))
				syslog = true;
	}
	return version && syslog;
}

static enum err
open_take(struct feed *d, struct span data)
{
	struct relp *r = d->r;

	if (r->open) {
		answer(r, r->txnr, "500 the session is open already");
		return fault_set(d->why, ERR_SYNTAX, "RELP: a second open");
	}
	if (!offers_fit(data)) {
		answer(r, r->txnr,
		    "500 relp_version and the command syslog are needed");
		return fault_set(
		    d->why, ERR_SYNTAX, "RELP: offers that do not fit");
	}
	r->open = true;
	answer(r, r->txnr,
	    "200 OK\nrelp_version=0\nrelp_software=beimen\ncommands=syslog");
	return ERR_OK;
}

static enum err
syslog_take(struct feed *d, struct span data)
{
	struct relp *r = d->r;
	enum err e;

	if ((e = txnr_owe(r, r->txnr, d->why)) != ERR_OK)
		return e;
	r->taken++;
	if (data.len > 0)
		d->fn(d->arg, data, r->marks);
	else
		r->empty++;
	return ERR_OK;
}

/* Does what a whole frame asks. */
static enum err
frame_take(struct feed *d, struct span data)
{
	struct relp *r = d->r;

	if (r->closing)
		return fault_set(
		    d->why, ERR_SYNTAX, "RELP: a frame after close");
	if (is_command(r, "open"))
		return open_take(d, data);
	if (!r->open)
		return fault_set(
		    d->why, ERR_SYNTAX, "RELP: %s before open", r->command);
	if (is_command(r, "syslog"))
		return syslog_take(d, data);
	if (is_command(r, "close")) {
		r->closing = true;
		r->close_txnr = r->txnr;
		close_answer(r);
		return ERR_OK;
	}
	if (is_command(r, "abort")) {
		r->closing = r->done = true;
		return ERR_OK;
	}
	answer(r, r->txnr, "500 unknown command");
	return buf_error(&r->out) == ERR_OK
	    ? ERR_OK
	    : fault_set(d->why, ERR_LIMIT, "RELP: answers are not read");
}

/* ---- frames ---- */

static void
frame_begin(struct relp *r)
{
	buf_clear(&r->held);
	r->txnr = r->length = r->left = 0;
	r->digits = r->letters = 0;
	r->marks = 0;
	r->state = AT_TXNR;
}

static enum err
bad(struct feed *d, const char *what)
{
	return fault_set(d->why, ERR_SYNTAX, "RELP: %s", what);
}

/* A digit of a number of at most nine. */
static bool
digit_take(struct relp *r, uint32_t *n, uint8_t c)
{
	if (c < '0' || c > '9' || r->digits == DIGITS_MAX)
		return false;
	*n = *n * 10 + (uint32_t)(c - '0');
	r->digits++;
	return true;
}

static enum err
txnr_pass(struct feed *d, uint8_t c)
{
	struct relp *r = d->r;

	if (digit_take(r, &r->txnr, c))
		return ERR_OK;
	if (c != ' ' || r->digits == 0 || r->txnr == 0)
		return bad(d, "a frame does not begin with its number");
	r->state = IN_COMMAND;
	r->letters = 0;
	return ERR_OK;
}

static enum err
command_pass(struct feed *d, uint8_t c)
{
	struct relp *r = d->r;

	if (((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) &&
	    r->letters < LETTERS_MAX) {
		r->command[r->letters++] = (char)c;
		return ERR_OK;
	}
	if (c != ' ' || r->letters == 0)
		return bad(d, "not a command");
	r->command[r->letters] = '\0';
	r->state = IN_LENGTH;
	r->digits = 0;
	return ERR_OK;
}

/* The length is over: data, or the end of the frame. */
static enum err
length_end(struct feed *d, uint8_t c)
{
	struct relp *r = d->r;

	if (r->digits == 0 || c != ' ')
		return bad(d, "not a length");
	if (r->length > RELP_DATA_MAX ||
	    (r->length > RELP_OFFERS_MAX && !is_command(r, "syslog")))
		return fault_set(
		    d->why, ERR_LIMIT, "RELP: a frame of %u bytes", r->length);
	r->left = r->length;
	r->state = r->length > 0 ? IN_DATA : AT_END;
	return ERR_OK;
}

static enum err
length_pass(struct feed *d, uint8_t c)
{
	struct relp *r = d->r;
	enum err e;

	if (digit_take(r, &r->length, c))
		return ERR_OK;
	if (c == '\n' && r->digits > 0 && r->length == 0) {
		if ((e = frame_take(d, SPAN_EMPTY)) != ERR_OK)
			return e;
		frame_begin(r);
		return ERR_OK;
	}
	return length_end(d, c);
}

/* The end of a frame with data, which lies in held, or with the line feed in
 * the piece just before pos. */
static enum err
end_pass(struct feed *d, uint8_t c)
{
	struct relp *r = d->r;
	enum err e;

	if (c != '\n')
		return bad(d, "a frame is longer than it says");
	if ((e = frame_take(d, buf_view(&r->held))) != ERR_OK)
		return e;
	frame_begin(r);
	return ERR_OK;
}

/* Data of a frame. */
static enum err
data_pass(struct feed *d)
{
	struct relp *r = d->r;
	size_t have = d->piece.len - d->pos;
	size_t room = EVENT_RAW_MAX - r->held.len;
	size_t n;
	enum err e;

	/* The usual case: the whole frame lies here. */
	if (r->held.len == 0 && r->left == r->length && have > r->left &&
	    r->left <= EVENT_RAW_MAX) {
		struct span data = span_slice(d->piece, d->pos, r->left);

		d->pos += r->left;
		if (d->piece.at[d->pos++] != '\n')
			return bad(d, "a frame is longer than it says");
		if ((e = frame_take(d, data)) != ERR_OK)
			return e;
		frame_begin(r);
		return ERR_OK;
	}
	n = have < r->left ? have : r->left;
	if (n > room) {
		n = room;
		r->marks |= FRAME_CUT;
	}
	buf_span(&r->held, span_slice(d->piece, d->pos, n));
	if (buf_error(&r->held) != ERR_OK)
		return fault_set(d->why, ERR_MEMORY, "RELP");
	d->pos += n;
	r->left -= (uint32_t)n;
	if (r->left == 0)
		r->state = AT_END;
	else if (r->held.len == EVENT_RAW_MAX) {
		r->marks |= FRAME_CUT;
		r->state = SKIP_DATA;
	}
	return ERR_OK;
}

static void
skip_pass(struct feed *d)
{
	struct relp *r = d->r;
	size_t n = d->piece.len - d->pos;

	if (n > r->left)
		n = r->left;
	d->pos += n;
	r->left -= (uint32_t)n;
	if (r->left == 0)
		r->state = AT_END;
}

enum err
relp_feed(struct relp *r, struct span piece, relp_fn *fn, void *arg,
    struct fault *why)
{
	struct feed d = { r, piece, 0, fn, arg, why };
	enum err e = ERR_OK;

	while (e == ERR_OK && d.pos < piece.len && !r->done) {
		switch ((enum part)r->state) {
		case AT_TXNR:
			e = txnr_pass(&d, piece.at[d.pos++]);
			break;
		case IN_COMMAND:
			e = command_pass(&d, piece.at[d.pos++]);
			break;
		case IN_LENGTH:
			e = length_pass(&d, piece.at[d.pos++]);
			break;
		case IN_DATA:
			e = data_pass(&d);
			break;
		case SKIP_DATA:
			skip_pass(&d);
			break;
		case AT_END:
			e = end_pass(&d, piece.at[d.pos++]);
			break;
		}
	}
	return e;
}
