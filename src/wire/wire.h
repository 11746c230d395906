/*
 * wire/wire.h: frames between processes, over one end of a socket pair.
 *
 * A connection has an asker and an answerer. The asker sends asks and notes;
 * the answerer answers each ask with the same number. Frame, big-endian:
 *
 *   u32 length of what follows the header, at most WIRE_MAX
 *   u16 which call (the callee's table)   u8 kind   u8 flags
 *   u64 number, from 1, given by the asker; 0 in a note
 *
 * Flag 1: more of the same message follows in the next frame (an import, a
 * long list); a whole message is at most WIRE_WHOLE bytes.
 *
 * An answer's content begins with u16 error code and a u32-length line for
 * the person. A frame outside this grammar ends the connection.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "base/buf.h"
#include "base/fault.h"

#define WIRE_HEADER 16
#define WIRE_MAX ((size_t)1 << 20)
#define WIRE_WHOLE ((size_t)33 << 20)
/* Frames waiting to be sent at one end, at most; a peer that does not read
 * is cut off rather than remembered for ever. */
#define WIRE_BACKLOG (WIRE_WHOLE + 8 * WIRE_MAX)

enum wire_kind {
	WIRE_ASK = 1,
	WIRE_ANSWER = 2,
	WIRE_NOTE = 3, /* an ask without answer */
};

struct wire_frame {
	enum wire_kind kind;
	uint16_t call;
	uint64_t number;
	bool more; /* only in wire_parse: another frame of it follows */
	struct span body; /* borrowed from the connection until its next read */
};

struct wire;

/* wire_new: over a connected stream socket, given (closed by wire_free). The
 * socket becomes non-blocking. NULL without memory (the caller keeps fd). */
struct wire *wire_new(int fd);
void wire_free(struct wire *w);
int wire_fd(const struct wire *w);

/*
 * wire_put: queue one message; wire_flush sends what the socket takes and tells
 * whether something is left.
 * Fails  ERR_LIMIT the body or the backlog is too long; ERR_GONE.
 */
MUST_CHECK enum err wire_put(struct wire *w, enum wire_kind kind, uint16_t call,
    uint64_t number, struct span body, struct fault *why);
MUST_CHECK enum err wire_flush(struct wire *w, bool *left, struct fault *why);

/*
 * wire_get: the next whole message, reading from the socket when `fill`;
 * *got tells whether there is one.
 * Fails  ERR_GONE the peer closed; ERR_SYNTAX not a frame.
 */
MUST_CHECK enum err wire_get(struct wire *w, bool fill,
    struct wire_frame *frame, bool *got, struct fault *why);

/* wire_wait: until the socket is readable (or writable, when something is
 * left to send). ERR_TIMEOUT after wait_ms. */
MUST_CHECK enum err wire_wait(struct wire *w, int wait_ms, struct fault *why);

/*
 * wire_ask: send one ask and wait for its answer. *body [out] is the answer's
 * content after the error line, borrowed until the next use of w.
 * Fails  as the callee answered (its line in *why); ERR_GONE the outcome is
 *        unknown; ERR_TIMEOUT likewise: the connection must then be dropped.
 */
MUST_CHECK enum err wire_ask(struct wire *w, uint16_t call, struct span ask,
    int wait_ms, struct span *body, struct fault *why);

/* wire_answer: queue the answer to an ask: code, line, and (when code is
 * ERR_OK) content. */
MUST_CHECK enum err wire_answer(struct wire *w, const struct wire_frame *ask,
    enum err code, const struct fault *said, struct span content,
    struct fault *why);

/* wire_parse: the header of a frame, for the fuzzer and wire_get. *need [out]
 * is the whole frame's length. ERR_SYNTAX when it is none. */
MUST_CHECK enum err wire_parse(const uint8_t head[static WIRE_HEADER],
    struct wire_frame *frame, size_t *need, struct fault *why);
/* wire_parse_answer: split an answer's content. */
MUST_CHECK enum err wire_parse_answer(
    struct span content, enum err *code, struct span *line, struct span *body);

#endif
