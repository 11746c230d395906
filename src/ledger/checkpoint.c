/*
 * ledger/checkpoint.c: checkpoints (C2SP tlog-checkpoint), to text and back.
 */
#include "ledger/checkpoint.h"

#include <inttypes.h>

#include "base/text.h"

void
checkpoint_print(struct buf *b, const struct checkpoint *c)
{
	buf_span(b, c->origin);
	buf_printf(b, "\n%" PRIu64 "\n", c->size);
	text_base64(b, span_of(c->root.at, HASH_LEN));
	buf_text(b, "\n");
	buf_span(b, c->more);
}

/* The next line, which must be ended and not be empty. */
static bool
take_line(struct cursor *c, struct span *line)
{
	bool ended;

	*line = cursor_until(c, '\n', &ended);
	return ended && line->len > 0;
}

enum err
checkpoint_parse(struct span text, struct checkpoint *c, struct fault *why)
{
	struct cursor lines = cursor_of(text);
	struct checkpoint got = { 0 };
	struct span size, root, more;
	struct buf bytes;
	enum err e = ERR_OK;

	if (!take_line(&lines, &got.origin) ||
	    got.origin.len > CHECKPOINT_ORIGIN_MAX ||
	    !take_line(&lines, &size) || !take_line(&lines, &root))
		return fault_set(why, ERR_SYNTAX,
		    "a checkpoint is origin, size and root, a line each");
	if ((size.len > 1 && size.at[0] == '0') ||
	    !span_number(size, INT64_MAX, &got.size))
		return fault_set(
		    why, ERR_SYNTAX, "the checkpoint's size is not a number");
	buf_init(&bytes, HASH_LEN);
	if (!text_unbase64(&bytes, root) || bytes.len != HASH_LEN)
		e = fault_set(why, ERR_SYNTAX,
		    "the checkpoint's root is not a SHA-256 in base64");
	else
		memcpy(got.root.at, bytes.at, HASH_LEN);
	buf_clear(&bytes);
	got.more = span_slice(text, lines.pos, SIZE_MAX);
	while (e == ERR_OK && lines.pos < text.len)
		if (!take_line(&lines, &more))
			e = fault_set(why, ERR_SYNTAX,
			    "a checkpoint's further line is empty or cut");
	if (e == ERR_OK)
		*c = got;
	return e;
}

enum err
checkpoint_sign(struct buf *b, const struct checkpoint *c,
    const struct note_key *key, note_sign_fn *sign, void *arg,
    struct fault *why)
{
	struct buf text;
	enum err e;

	if (key->type != NOTE_ED25519 || !span_is(c->origin, key->name))
		return fault_set(why, ERR_RANGE,
		    "key %s does not sign for this log", key->name);
	buf_init(&text, NOTE_MAX);
	checkpoint_print(&text, c);
	if ((e = buf_error(&text)) != ERR_OK)
		(void)fault_set(why, e, "no room for a checkpoint");
	else
		e = note_sign(b, buf_view(&text), key, sign, arg, why);
	buf_clear(&text);
	return e;
}

enum err
checkpoint_open(struct span note, const struct note_key *key, unsigned n_key,
    struct arena *a, struct checkpoint *c, bool *good, struct fault *why)
{
	struct note *n = arena_alloc(a, sizeof *n);
	bool *signed_by = arena_array(a, n_key, sizeof *signed_by);
	struct checkpoint got;
	bool own = false;
	enum err e;

	if (n == NULL || signed_by == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for a note");
	if ((e = note_parse(note, a, n, why)) != ERR_OK)
		return e;
	if ((e = checkpoint_parse(n->text, &got, why)) != ERR_OK)
		return e;
	if ((e = note_verify(n, key, n_key, signed_by, NULL, why)) != ERR_OK)
		return e;
	for (unsigned i = 0; i < n_key; i++)
		own |= signed_by[i] && key[i].type == NOTE_ED25519 &&
		    span_is(got.origin, key[i].name);
	if (!own)
		return fault_set(why, ERR_PROOF,
		    "no key given for log %.*s signed this",
		    (int)got.origin.len, (const char *)got.origin.at);
	for (unsigned i = 0; good != NULL && i < n_key; i++)
		good[i] = signed_by[i];
	*c = got;
	return ERR_OK;
}
