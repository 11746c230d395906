/*
 * vault/frame.c: frames, and finding the next sound one after damage.
 */
#include "vault/frame.h"

#include <assert.h>

static const uint8_t magic[8] = { 'B', 'E', 'I', 'M', 'E', 'N', 'J', '1' };

#define HASHED 72 /* header bytes that the frame's hash covers */
#define CHECKED 104 /* header bytes that the header's check covers */
#define SEEK_CHUNK ((size_t)65536)

/* The head of a frame: FRAME_HEAD bytes appended to b. */
static void
head_put(struct buf *b, struct frame *f, struct span payload)
{
	size_t start = b->len;
	struct hash check;

	assert(payload.len <= FRAME_PAYLOAD_MAX);
	f->len = (uint32_t)payload.len;
	buf_add(b, magic, sizeof magic);
	buf_add(b, f->mark, FRAME_MARK_LEN);
	buf_u32(b, f->file);
	buf_u32(b, f->len);
	buf_u64(b, f->at);
	buf_u64(b, f->number);
	buf_add(b, f->prev.at, HASH_LEN);
	if (b->bad != ERR_OK)
		return;
	f->hash = hash_of_parts(
	    (const struct span[]){ span_of(b->at + start, HASHED), payload },
	    2);
	buf_add(b, f->hash.at, HASH_LEN);
	if (b->bad != ERR_OK)
		return;
	check = hash_of(span_of(b->at + start, CHECKED));
	buf_add(b, check.at, FRAME_HEAD - CHECKED);
}

void
frame_put(struct buf *b, struct frame *f, struct span payload)
{
	head_put(b, f, payload);
	buf_span(b, payload);
}

void
frame_wrap(struct buf *b, struct frame *f)
{
	struct buf head;

	assert(b->len >= FRAME_HEAD);
	buf_init(&head, FRAME_HEAD);
	head_put(&head, f, span_slice(buf_view(b), FRAME_HEAD, SIZE_MAX));
	if (head.bad == ERR_OK)
		memcpy(b->at, head.at, FRAME_HEAD);
	else
		b->bad = head.bad;
	buf_clear(&head);
}

enum err
frame_parse(const uint8_t head[static FRAME_HEAD], uint32_t file, uint64_t at,
    struct frame *f, struct fault *why)
{
	struct cursor c = cursor_of(span_of(head, FRAME_HEAD));
	struct hash check = hash_of(span_of(head, CHECKED));
	struct frame got;

	if (memcmp(cursor_take(&c, sizeof magic).at, magic, sizeof magic) != 0)
		return fault_set(why, ERR_SYNTAX, "no frame begins here");
	if (memcmp(check.at, head + CHECKED, FRAME_HEAD - CHECKED) != 0)
		return fault_set(why, ERR_SYNTAX, "damaged frame header");
	memcpy(got.mark, cursor_take(&c, FRAME_MARK_LEN).at, FRAME_MARK_LEN);
	got.file = cursor_u32(&c);
	got.len = cursor_u32(&c);
	got.at = cursor_u64(&c);
	got.number = cursor_u64(&c);
	memcpy(got.prev.at, cursor_take(&c, HASH_LEN).at, HASH_LEN);
	memcpy(got.hash.at, cursor_take(&c, HASH_LEN).at, HASH_LEN);
	if (got.file != file || got.at != at)
		return fault_set(why, ERR_SYNTAX,
		    "a frame of file %u, offset %llu lies here", got.file,
		    (unsigned long long)got.at);
	if (got.len > FRAME_PAYLOAD_MAX || got.number == 0)
		return fault_set(why, ERR_SYNTAX, "impossible frame header");
	*f = got;
	return ERR_OK;
}

bool
frame_check(const uint8_t head[static FRAME_HEAD], struct span payload)
{
	struct hash h = hash_of_parts(
	    (const struct span[]){ span_of(head, HASHED), payload }, 2);

	return memcmp(h.at, head + HASHED, HASH_LEN) == 0;
}

/* Whether a sound header stands at `at`. */
static enum err
sound_at(struct env *env, int fd, uint64_t size, uint32_t file, uint64_t at,
    bool *sound, struct fault *why)
{
	uint8_t head[FRAME_HEAD];
	struct frame f;
	enum err e;

	*sound = false;
	if (size - at < FRAME_HEAD)
		return ERR_OK;
	if ((e = env->ops->read(env, fd, at, head, sizeof head, why)) != ERR_OK)
		return e;
	*sound = frame_parse(head, file, at, &f, NULL) == ERR_OK;
	return ERR_OK;
}

/* The first sound header at or after `at`; size when there is none. */
static enum err
frame_seek(struct env *env, int fd, uint64_t size, uint32_t file, uint64_t at,
    struct buf *b, uint64_t *next, struct fault *why)
{
	enum err e;

	while (at < size && size - at >= FRAME_HEAD) {
		size_t len = size - at < SEEK_CHUNK ? (size_t)(size - at)
						    : SEEK_CHUNK;
		const uint8_t *hit;
		uint8_t *to;
		bool sound;

		buf_reset(b);
		if ((to = buf_room(b, len)) == NULL)
			return fault_set(why, ERR_MEMORY, "journal %u", file);
		e = env->ops->read(env, fd, at, to, len, why);
		if (e != ERR_OK)
			return e;
		hit = memmem(to, len, magic, sizeof magic);
		if (hit == NULL) {
			if (len < SEEK_CHUNK)
				break;
			at += len - sizeof magic + 1;
			continue;
		}
		at += (uint64_t)(hit - to);
		e = sound_at(env, fd, size, file, at, &sound, why);
		if (e != ERR_OK)
			return e;
		if (sound) {
			*next = at;
			return ERR_OK;
		}
		at++;
	}
	*next = size;
	return ERR_OK;
}

/* Reads the payload behind a sound header into b. */
static enum err
payload_read(struct env *env, int fd, const struct frame *f, struct buf *b,
    struct fault *why)
{
	uint8_t *to;
	enum err e;

	buf_reset(b);
	if ((to = buf_room(b, f->len)) == NULL)
		return fault_set(why, ERR_MEMORY, "frame of %u bytes", f->len);
	e = env->ops->read(env, fd, f->at + FRAME_HEAD, to, f->len, why);
	if (e == ERR_OK)
		buf_took(b, f->len);
	return e;
}

enum err
frame_read(struct env *env, int fd, uint64_t size, uint32_t file, uint64_t at,
    struct buf *b, struct frame *f, enum frame_found *found, uint64_t *next,
    struct fault *why)
{
	uint8_t head[FRAME_HEAD];
	enum err e;

	*next = size;
	if (at >= size) {
		*found = FRAME_END;
		return ERR_OK;
	}
	if (size - at < FRAME_HEAD) {
		*found = FRAME_TORN;
		return ERR_OK;
	}
	if ((e = env->ops->read(env, fd, at, head, sizeof head, why)) != ERR_OK)
		return e;
	if (frame_parse(head, file, at, f, NULL) != ERR_OK) {
		*found = FRAME_BAD;
		return frame_seek(env, fd, size, file, at + 1, b, next, why);
	}
	if (f->len > size - at - FRAME_HEAD) {
		*found = FRAME_TORN;
		return ERR_OK;
	}
	if ((e = payload_read(env, fd, f, b, why)) != ERR_OK)
		return e;
	*next = at + FRAME_HEAD + f->len;
	*found = frame_check(head, buf_view(b)) ? FRAME_WHOLE : FRAME_BAD;
	return ERR_OK;
}
