/*
 * intake/frame.c: records out of a byte stream.
 *
 * About     RFC 6587 framing, told apart record by record.
 * Works on  pieces of any size; a record that lies in one piece is given
 *           from there, without a copy.
 * Source    RFC 6587 section 3.4; rsyslog's imtcp for what is left open.
 */
#include "intake/frame.h"

#define DIGITS_MAX 9 /* FRAME_COUNT_MAX has eight */

enum part {
	AT_START, /* between records */
	IN_COUNT, /* digits so far */
	IN_BODY, /* of a counted record */
	IN_LINE,
	SKIP_BODY, /* what a counted record has beyond its maximum */
	SKIP_LINE,
};

/* One call of frame_feed. */
struct feed {
	struct framer *f;
	struct span piece;
	size_t pos; /* next byte of the piece */
	size_t from; /* where the unfinished record's bytes begin in it */
	size_t lf, nul; /* the next of each at or after pos, once looked for */
	frame_fn *fn;
	void *arg;
};

void
frame_init(struct framer *f)
{
	*f = (struct framer){ .state = AT_START };
	buf_init(&f->held, EVENT_RAW_MAX + DIGITS_MAX + 1);
}

void
frame_clear(struct framer *f)
{
	buf_clear(&f->held);
}

bool
frame_is_quiet(const struct framer *f)
{
	return f->state == AT_START;
}

/* Bytes of the unfinished record so far. */
static size_t
record_len(const struct feed *d)
{
	return d->f->held.len + (d->pos - d->from);
}

/* The next byte begins something new. */
static void
record_begin(struct feed *d, enum part part)
{
	buf_clear(&d->f->held);
	d->from = d->pos;
	d->f->state = (uint8_t)part;
}

/* Gives the record that ends before pos. */
static enum err
record_give(struct feed *d, unsigned marks)
{
	struct framer *f = d->f;
	struct span part = span_slice(d->piece, d->from, d->pos - d->from);
	enum err e;

	if (f->held.len > 0) {
		buf_span(&f->held, part);
		if ((e = buf_error(&f->held)) != ERR_OK)
			return e;
		part = buf_view(&f->held);
	}
	d->fn(d->arg, span_slice(part, 0, EVENT_RAW_MAX), f->marks | marks);
	return ERR_OK;
}

/* Empty lines between records, and Cisco's space, are no records. */
static void
start_pass(struct feed *d)
{
	struct framer *f = d->f;
	uint8_t c = d->piece.at[d->pos];

	if (c == '\n' || c == '\r' || c == '\0' || c == ' ') {
		d->pos++;
		return;
	}
	f->marks = 0;
	f->left = 0;
	f->digits = 0;
	f->zero = c == '0';
	record_begin(d, c >= '0' && c <= '9' ? IN_COUNT : IN_LINE);
}

/* The count is over: a record of that length, or a line after all. */
static void
count_end(struct feed *d, bool believed)
{
	struct framer *f = d->f;

	if (!believed || f->zero || f->left > FRAME_COUNT_MAX) {
		f->marks |= FRAME_BAD_COUNT;
		f->state = IN_LINE;
		return;
	}
	d->pos++; /* the space */
	record_begin(d, IN_BODY);
}

static void
count_pass(struct feed *d)
{
	struct framer *f = d->f;
	uint8_t c = d->piece.at[d->pos];

	if (c >= '0' && c <= '9' && f->digits < DIGITS_MAX) {
		f->left = f->left * 10 + (unsigned)(c - '0');
		f->digits++;
		d->pos++;
	} else if (c == ' ') {
		count_end(d, true);
	} else if (c >= '0' && c <= '9') {
		count_end(d, false);
	} else {
		f->state = IN_LINE; /* a line that begins with digits */
	}
}

static enum err
body_pass(struct feed *d)
{
	struct framer *f = d->f;
	size_t room = EVENT_RAW_MAX - record_len(d);
	size_t n = d->piece.len - d->pos;
	enum err e;

	if (n > f->left)
		n = (size_t)f->left;
	if (n > room)
		n = room;
	d->pos += n;
	f->left -= n;
	if (f->left > 0 && record_len(d) < EVENT_RAW_MAX)
		return ERR_OK;
	if ((e = record_give(d, f->left > 0 ? FRAME_CUT : 0)) != ERR_OK)
		return e;
	record_begin(d, f->left > 0 ? SKIP_BODY : AT_START);
	return ERR_OK;
}

static void
skip_body_pass(struct feed *d)
{
	struct framer *f = d->f;
	size_t n = d->piece.len - d->pos;

	if (n > f->left)
		n = (size_t)f->left;
	d->pos += n;
	f->left -= n;
	if (f->left == 0)
		record_begin(d, AT_START);
}

/* Where c next stands; looked for again only once it was passed. */
static size_t
next_of(const struct feed *d, uint8_t c, size_t known)
{
	size_t at;

	if (known != SIZE_MAX && known >= d->pos)
		return known;
	at = span_find(span_slice(d->piece, d->pos, SIZE_MAX), c);
	return at == SIZE_MAX ? d->piece.len : d->pos + at;
}

/* The end of the line: the next LF or NUL, or the end of the piece. */
static size_t
line_end(struct feed *d)
{
	d->lf = next_of(d, '\n', d->lf);
	d->nul = next_of(d, '\0', d->nul);
	return d->lf < d->nul ? d->lf : d->nul;
}

static enum err
line_pass(struct feed *d)
{
	size_t room = EVENT_RAW_MAX - record_len(d);
	size_t end = line_end(d);
	enum err e;

	if (end - d->pos > room) {
		d->pos += room;
		if ((e = record_give(d, FRAME_CUT)) != ERR_OK)
			return e;
		record_begin(d, SKIP_LINE);
		return ERR_OK;
	}
	d->pos = end;
	if (end == d->piece.len)
		return ERR_OK;
	if ((e = record_give(d, 0)) != ERR_OK)
		return e;
	d->pos++;
	record_begin(d, AT_START);
	return ERR_OK;
}

static void
skip_line_pass(struct feed *d)
{
	size_t end = line_end(d);

	d->pos = end;
	if (end == d->piece.len)
		return;
	d->pos++;
	record_begin(d, AT_START);
}

enum err
frame_feed(struct framer *f, struct span piece, frame_fn *fn, void *arg)
{
	struct feed d = { f, piece, 0, 0, SIZE_MAX, SIZE_MAX, fn, arg };
	enum err e = ERR_OK;

	while (e == ERR_OK && d.pos < piece.len) {
		switch ((enum part)f->state) {
		case AT_START:
			start_pass(&d);
			break;
		case IN_COUNT:
			count_pass(&d);
			break;
		case IN_BODY:
			e = body_pass(&d);
			break;
		case IN_LINE:
			e = line_pass(&d);
			break;
		case SKIP_BODY:
			skip_body_pass(&d);
			break;
		case SKIP_LINE:
			skip_line_pass(&d);
			break;
		}
	}
	if (e != ERR_OK || f->state == AT_START || f->state == SKIP_BODY ||
	    f->state == SKIP_LINE)
		return e;
	buf_span(&f->held, span_slice(piece, d.from, d.pos - d.from));
	return buf_error(&f->held);
}

void
frame_end(struct framer *f, frame_fn *fn, void *arg)
{
	bool body = f->state == IN_BODY;

	if (f->held.len > 0)
		fn(arg, span_slice(buf_view(&f->held), 0, EVENT_RAW_MAX),
		    f->marks | (body ? FRAME_UNFINISHED : 0));
	buf_clear(&f->held);
	f->state = AT_START;
}
