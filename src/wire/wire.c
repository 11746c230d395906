/*
 * wire/wire.c: frames over a socket pair, without blocking unless asked to.
 */
#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_CHUNK ((size_t)65536)
#define FLAG_MORE 1

struct wire {
	int fd;
	uint64_t asked; /* the last number given */
	struct buf in; /* bytes read; the frame given out lies at `taken` */
	size_t taken; /* bytes of `in` that frames already used */
	struct buf out; /* bytes to send */
	size_t sent; /* bytes of `out` that went */
	struct buf work; /* an answer being put together */
	struct buf parts; /* a message of several frames, being received */
	bool partial; /* more of it is to come */
};

struct wire *
wire_new(int fd)
{
	struct wire *w = calloc(1, sizeof *w);
	int flags = fcntl(fd, F_GETFL);

	if (w == NULL || flags == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) {
		free(w);
		return NULL;
	}
	w->fd = fd;
	buf_init(&w->in, 2 * (WIRE_MAX + WIRE_HEADER) + READ_CHUNK);
	buf_init(&w->out, WIRE_BACKLOG);
	buf_init(&w->work, WIRE_WHOLE);
	buf_init(&w->parts, WIRE_WHOLE);
	return w;
}

void
wire_free(struct wire *w)
{
	if (w == NULL)
		return;
	(void)close(w->fd);
	buf_clear(&w->in);
	buf_clear(&w->out);
	buf_clear(&w->work);
	buf_clear(&w->parts);
	free(w);
}

int
wire_fd(const struct wire *w)
{
	return w->fd;
}

/* Queues one frame of a message. */
static void
frame_put(struct wire *w, enum wire_kind kind, uint16_t call, uint64_t number,
    struct span body, bool more)
{
	buf_u32(&w->out, (uint32_t)body.len);
	buf_u16(&w->out, call);
	buf_u8(&w->out, (uint8_t)kind);
	buf_u8(&w->out, more ? FLAG_MORE : 0);
	buf_u64(&w->out, number);
	buf_span(&w->out, body);
}

enum err
wire_put(struct wire *w, enum wire_kind kind, uint16_t call, uint64_t number,
    struct span body, struct fault *why)
{
	size_t frames = body.len / WIRE_MAX + 1;

	if (body.len > WIRE_WHOLE)
		return fault_set(why, ERR_LIMIT,
		    "a message of %zu bytes is over the limit", body.len);
	/* Under steady traffic it is never empty: what went is taken away
	 * once it is the greater part, so each byte moves once at most. */
	if (w->sent > 0 && w->sent >= w->out.len / 2) {
		buf_drop(&w->out, w->sent);
		w->sent = 0;
	}
	if (w->out.len + frames * WIRE_HEADER + body.len > WIRE_BACKLOG)
		return fault_set(why, ERR_LIMIT, "the peer does not read");
	for (size_t at = 0; frames > 0; frames--, at += WIRE_MAX)
		frame_put(w, kind, call, number, span_slice(body, at, WIRE_MAX),
		    frames > 1);
	if (buf_error(&w->out) != ERR_OK)
		return fault_set(why, buf_error(&w->out), "no room to send");
	return ERR_OK;
}

enum err
wire_flush(struct wire *w, bool *left, struct fault *why)
{
	while (w->sent < w->out.len) {
		ssize_t n = send(w->fd, w->out.at + w->sent,
		    w->out.len - w->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			w->sent += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			break;
		return fault_sys(why, ERR_GONE, "cannot send");
	}
	if (left != NULL)
		*left = w->sent < w->out.len;
	if (w->sent == w->out.len) {
		buf_reset(&w->out);
		w->sent = 0;
	}
	return ERR_OK;
}

enum err
wire_parse(const uint8_t head[static WIRE_HEADER], struct wire_frame *frame,
    size_t *need, struct fault *why)
{
	struct cursor c = cursor_of(span_of(head, WIRE_HEADER));
	uint32_t len = cursor_u32(&c);
	uint16_t call = cursor_u16(&c);
	uint8_t kind = cursor_u8(&c);
	uint8_t flags = cursor_u8(&c);
	uint64_t number = cursor_u64(&c);

	if (len > WIRE_MAX || kind < WIRE_ASK || kind > WIRE_NOTE ||
	    (flags & ~FLAG_MORE) != 0)
		return fault_set(why, ERR_SYNTAX, "not a frame");
	if ((kind == WIRE_NOTE) != (number == 0))
		return fault_set(why, ERR_SYNTAX, "wrong frame number");
	*frame = (struct wire_frame){ .kind = (enum wire_kind)kind,
		.call = call,
		.number = number,
		.more = flags != 0 };
	*need = WIRE_HEADER + len;
	return ERR_OK;
}

/* Adds a frame to the parts of its message. */
static enum err
part_add(struct wire *w, const struct wire_frame *f, struct fault *why)
{
	buf_span(&w->parts, f->body);
	if (buf_error(&w->parts) != ERR_OK)
		return fault_set(why, ERR_SYNTAX, "a message is too long");
	return ERR_OK;
}

/* Takes one whole message out of what was read, if there is one. */
static enum err
frame_take(
    struct wire *w, struct wire_frame *frame, bool *got, struct fault *why)
{
	enum err e;

	*got = false;
	for (;;) {
		struct span have = span_slice(
		    buf_view(&w->in), w->taken, SIZE_MAX);
		size_t need;

		if (have.len < WIRE_HEADER)
			return ERR_OK;
		e = wire_parse(have.at, frame, &need, why);
		if (e != ERR_OK || have.len < need)
			return e;
		frame->body = span_slice(have, WIRE_HEADER, need - WIRE_HEADER);
		w->taken += need;
		if (!frame->more && !w->partial) {
			*got = true;
			return ERR_OK;
		}
		if (!w->partial)
			buf_reset(&w->parts);
		w->partial = frame->more;
		if ((e = part_add(w, frame, why)) != ERR_OK)
			return e;
		if (!frame->more) {
			frame->body = buf_view(&w->parts);
			*got = true;
			return ERR_OK;
		}
	}
}

/* Reads once from the socket; nothing to read is no failure. */
static enum err
socket_read(struct wire *w, struct fault *why)
{
	uint8_t *to;
	ssize_t n;

	buf_drop(&w->in, w->taken);
	w->taken = 0;
	if ((to = buf_room(&w->in, READ_CHUNK)) == NULL)
		return fault_set(why, buf_error(&w->in), "no room to read");
	do {
		n = recv(w->fd, to, READ_CHUNK, MSG_DONTWAIT);
	} while (n == -1 && errno == EINTR);
	if (n == 0)
		return fault_set(why, ERR_GONE, "the peer went away");
	if (n > 0) {
		buf_took(&w->in, (size_t)n);
		return ERR_OK;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return ERR_OK;
	return fault_sys(why, ERR_GONE, "cannot receive");
}

enum err
wire_get(struct wire *w, bool fill, struct wire_frame *frame, bool *got,
    struct fault *why)
{
	enum err e = frame_take(w, frame, got, why);

	if (e != ERR_OK || *got || !fill)
		return e;
	if ((e = socket_read(w, why)) != ERR_OK)
		return e;
	return frame_take(w, frame, got, why);
}

enum err
wire_wait(struct wire *w, int wait_ms, struct fault *why)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	int n;

	if (w->sent < w->out.len)
		p.events |= POLLOUT;
	do {
		n = poll(&p, 1, wait_ms);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return fault_sys(why, ERR_IO, "cannot wait");
	if (n == 0)
		return fault_set(
		    why, ERR_TIMEOUT, "no answer in %d ms", wait_ms);
	return ERR_OK;
}

enum err
wire_parse_answer(
    struct span content, enum err *code, struct span *line, struct span *body)
{
	struct cursor c = cursor_of(content);
	uint16_t n = cursor_u16(&c);

	*line = cursor_block(&c, FAULT_TEXT_MAX);
	*body = cursor_rest(&c);
	if (c.bad || n >= ERR_N)
		return ERR_SYNTAX;
	*code = (enum err)n;
	return ERR_OK;
}

/* Milliseconds on a clock that only goes forward. */
static int64_t
clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for the answer numbered w->asked. */
static enum err
answer_wait(
    struct wire *w, int wait_ms, struct wire_frame *f, struct fault *why)
{
	int64_t until = clock_ms() + wait_ms;
	enum err e;
	bool got;

	for (;;) {
		int64_t left = until - clock_ms();

		if ((e = wire_flush(w, NULL, why)) != ERR_OK ||
		    (e = wire_get(w, true, f, &got, why)) != ERR_OK)
			return e;
		if (got && f->kind == WIRE_ANSWER && f->number == w->asked)
			return ERR_OK;
		if (got)
			return fault_set(
			    why, ERR_SYNTAX, "an answer nobody asked for");
		if ((e = wire_wait(w, left > 0 ? (int)left : 0, why)) != ERR_OK)
			return e;
	}
}

enum err
wire_ask(struct wire *w, uint16_t call, struct span ask, int wait_ms,
    struct span *body, struct fault *why)
{
	struct wire_frame f;
	struct span line, content;
	enum err code, e;

	e = wire_put(w, WIRE_ASK, call, ++w->asked, ask, why);
	if (e != ERR_OK)
		return e;
	if ((e = answer_wait(w, wait_ms, &f, why)) != ERR_OK)
		return e;
	if (wire_parse_answer(f.body, &code, &line, &content) != ERR_OK)
		return fault_set(why, ERR_SYNTAX, "not an answer");
	if (code != ERR_OK)
		return fault_set(
		    why, code, "%.*s", (int)line.len, (const char *)line.at);
	if (body != NULL)
		*body = content;
	return ERR_OK;
}

enum err
wire_answer(struct wire *w, const struct wire_frame *ask, enum err code,
    const struct fault *said, struct span content, struct fault *why)
{
	const char *line = code == ERR_OK || said == NULL ? "" : said->text;

	buf_reset(&w->work);
	buf_u16(&w->work, (uint16_t)code);
	buf_block(&w->work, span_text(line));
	if (code == ERR_OK)
		buf_span(&w->work, content);
	if (buf_error(&w->work) != ERR_OK)
		return fault_set(why, ERR_LIMIT, "the answer is too long");
	return wire_put(
	    w, WIRE_ANSWER, ask->call, ask->number, buf_view(&w->work), why);
}
