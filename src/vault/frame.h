/*
 * vault/frame.h: frames of journals and of the catalogue: bytes that know
 * which file and place they belong to and what came before them.
 *
 * Layout in doc/format-vault.md, "frame". A frame is written whole and synced
 * before anybody hears of it, so a torn one can only be a file's last.
 */
#ifndef VAULT_FRAME_H
#define VAULT_FRAME_H

#include "base/buf.h"
#include "base/env.h"
#include "crypt/hash.h"

#define FRAME_HEAD 112 /* bytes before the payload */
#define FRAME_PAYLOAD_MAX ((uint32_t)16 << 20) /* bytes */
#define FRAME_MARK_LEN 8

struct frame {
	uint8_t mark[FRAME_MARK_LEN]; /* random, one a file */
	uint32_t file; /* journal number; 0: the catalogue */
	uint32_t len; /* of the payload */
	uint64_t at; /* offset in the file */
	uint64_t number; /* from 1, on from file to file */
	struct hash prev, hash;
};

/* frame_put: append the frame of this payload to b, filling f->len and
 * f->hash. frame_wrap: the same where b holds only FRAME_HEAD bytes of any
 * content, and the payload behind them. */
void frame_put(struct buf *b, struct frame *f, struct span payload);
void frame_wrap(struct buf *b, struct frame *f);

/*
 * frame_parse: a header at its place. frame_check: whether the payload is the
 * one it was made for.
 * Fails   ERR_SYNTAX: no frame of this file begins here.
 */
MUST_CHECK enum err frame_parse(const uint8_t head[static FRAME_HEAD],
    uint32_t file, uint64_t at, struct frame *f, struct fault *why);
bool frame_check(const uint8_t head[static FRAME_HEAD], struct span payload);

enum frame_found {
	FRAME_WHOLE, /* *f and the payload in b are good */
	FRAME_END, /* the file ends here */
	FRAME_TORN, /* the file ends inside this frame */
	FRAME_BAD, /* bytes that are no frame, or not the frame written */
};

/*
 * frame_read: what stands at `at` of a file of `size` bytes. The payload
 * replaces the content of b. *next [out]: where to go on after WHOLE or BAD
 * (the frame's end when its header is sound, else the next sound header;
 * `size` when there is none).
 * Fails   ERR_IO, ERR_MEMORY only: every content is an answer.
 */
MUST_CHECK enum err frame_read(struct env *env, int fd, uint64_t size,
    uint32_t file, uint64_t at, struct buf *b, struct frame *f,
    enum frame_found *found, uint64_t *next, struct fault *why);

#endif
