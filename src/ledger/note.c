/*
 * ledger/note.c: signed notes (C2SP signed-note), keys and signature lines.
 */
#include "ledger/note.h"

#include <inttypes.h>

#include "base/text.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define DASH "\xe2\x80\x94 " /* an em dash and a space */
#define COSIGNATURE_LEN (8 + SIGN_LEN) /* u64 time, signature */
#define SIG_BYTES_MAX 16384 /* of any signature, decoded */
#define MESSAGE_MAX (NOTE_MAX + 64)

/* The characters of Unicode's White_Space beyond ASCII. */
static bool
is_space(uint32_t cp)
{
	return cp == 0x20 || (cp >= 0x09 && cp <= 0x0d) || cp == 0x85 ||
	    cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
	    cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
	    cp == 0x3000;
}

/* A key's name: UTF-8, not empty, no white space, no plus, no NUL. */
static bool
is_name(struct span s)
{
	uint32_t cp;

	if (s.len == 0 || s.len > NOTE_NAME_MAX)
		return false;
	while (s.len > 0) {
		size_t n = text_rune(s, &cp);

		if (n == 0 || cp == '+' || cp < 0x20 || is_space(cp))
			return false;
		s = span_slice(s, n, SIZE_MAX);
	}
	return true;
}

/* Lines of UTF-8, the last one ended, without other control characters. */
static bool
is_text(struct span s)
{
	if (s.len == 0 || s.at[s.len - 1] != '\n' || !text_valid(s))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 0x20 && s.at[i] != '\n')
			return false;
	return true;
}

/* What stands for a key: the first bytes of SHA-256(name, LF, type, public). */
static uint32_t
key_id(struct span name, enum note_type type, const uint8_t *public)
{
	uint8_t mark[2] = { '\n', (uint8_t)type };
	struct span part[3] = { name, span_of(mark, 2),
		span_of(public, SIGN_PUBLIC_LEN) };
	struct hash h = hash_of_parts(part, 3);

	return (uint32_t)h.at[0] << 24 | (uint32_t)h.at[1] << 16 |
	    (uint32_t)h.at[2] << 8 | h.at[3];
}

enum err
note_key_make(struct span name, enum note_type type,
    const uint8_t public[static SIGN_PUBLIC_LEN], struct note_key *key,
    struct fault *why)
{
	struct note_key made = { .type = type };

	if (!is_name(name))
		return fault_set(why, ERR_SYNTAX, "not a key's name");
	if (type != NOTE_ED25519 && type != NOTE_COSIGNATURE)
		return fault_set(why, ERR_UNSUPPORTED,
		    "keys of type %d are not known here", (int)type);
	memcpy(made.name, name.at, name.len);
	memcpy(made.public, public, SIGN_PUBLIC_LEN);
	made.id = key_id(name, type, public);
	*key = made;
	return ERR_OK;
}

enum err
note_key_parse(struct span vkey, struct note_key *key, struct fault *why)
{
	struct cursor c = cursor_of(vkey);
	struct note_key made = { 0 };
	struct span name, id;
	struct buf bytes;
	uint8_t want[4];
	enum err e;

	buf_init(&bytes, 1 + SIGN_PUBLIC_LEN);
	name = cursor_until(&c, '+', NULL);
	id = cursor_until(&c, '+', NULL);
	if (!text_unhex_fixed(id, want, sizeof want) ||
	    !text_unbase64(&bytes, cursor_rest(&c)) || bytes.len < 1) {
		e = fault_set(why, ERR_SYNTAX,
		    "a key is written name+id+base64; this is not");
		goto out;
	}
	if (bytes.len != 1 + SIGN_PUBLIC_LEN) {
		e = fault_set(
		    why, ERR_SYNTAX, "a key of %zu bytes", bytes.len - 1);
		goto out;
	}
	e = note_key_make(
	    name, (enum note_type)bytes.at[0], bytes.at + 1, &made, why);
	if (e != ERR_OK)
		goto out;
	c = cursor_of(span_of(want, sizeof want));
	if (cursor_u32(&c) != made.id) {
		e = fault_set(why, ERR_SYNTAX,
		    "the key's id should be %08" PRIx32, made.id);
		goto out;
	}
	*key = made;
out:
	buf_clear(&bytes);
	return e;
}

void
note_key_print(struct buf *b, const struct note_key *key)
{
	uint8_t bytes[1 + SIGN_PUBLIC_LEN] = { (uint8_t)key->type };

	memcpy(bytes + 1, key->public, SIGN_PUBLIC_LEN);
	buf_printf(b, "%s+%08" PRIx32 "+", key->name, key->id);
	text_base64(b, span_of(bytes, sizeof bytes));
}

/* Reads one signature line, without its line feed. */
static bool
line_parse(
    struct span line, struct arena *a, struct buf *scratch, struct note_sig *s)
{
	struct cursor c;

	if (!span_starts(line, DASH))
		return false;
	c = cursor_of(span_slice(line, sizeof DASH - 1, SIZE_MAX));
	s->name = cursor_until(&c, ' ', NULL);
	buf_reset(scratch);
	if (!is_name(s->name) || !text_unbase64(scratch, cursor_rest(&c)) ||
	    scratch->len < 5)
		return false;
	c = cursor_of(buf_view(scratch));
	s->id = cursor_u32(&c);
	s->sig = arena_copy(a, cursor_rest(&c));
	return true;
}

/* Where the signatures begin: after the last empty line; 0 if nowhere. */
static size_t
last_empty_line(struct span s)
{
	for (size_t i = s.len; i >= 2; i--)
		if (s.at[i - 1] == '\n' && s.at[i - 2] == '\n')
			return i;
	return 0;
}

enum err
note_parse(
    struct span bytes, struct arena *a, struct note *n, struct fault *why)
{
	struct buf scratch;
	struct note *got = arena_alloc(a, sizeof *got);
	struct cursor c;
	enum err e = ERR_OK;
	size_t at;

	if (got == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for a note");
	if (bytes.len > NOTE_MAX)
		return fault_set(
		    why, ERR_LIMIT, "a note of %zu bytes", bytes.len);
	at = last_empty_line(bytes);
	if (at < 2 || !is_text(span_slice(bytes, 0, at - 1)))
		return fault_set(why, ERR_SYNTAX,
		    "a note is lines of text, an empty line, signatures");
	got->text = span_slice(bytes, 0, at - 1);
	buf_init(&scratch, SIG_BYTES_MAX);
	c = cursor_of(span_slice(bytes, at, SIZE_MAX));
	while (c.pos < c.all.len && e == ERR_OK) {
		struct note_sig *s = &got->sig[got->n_sig];
		size_t from = c.pos;
		struct span line;
		bool ended;

		if (got->n_sig == NOTE_SIG_MAX) {
			e = fault_set(why, ERR_LIMIT,
			    "a note with more than %d signatures",
			    NOTE_SIG_MAX);
			break;
		}
		line = cursor_until(&c, '\n', &ended);
		if (!ended || !line_parse(line, a, &scratch, s))
			e = fault_set(why, ERR_SYNTAX,
			    "signature line %u cannot be read", got->n_sig + 1);
		else if (s->sig.at == NULL)
			e = fault_set(
			    why, ERR_MEMORY, "no memory for a signature");
		s->line = span_slice(c.all, from, c.pos - from);
		got->n_sig++;
	}
	if (e == ERR_OK && got->n_sig == 0)
		e = fault_set(why, ERR_SYNTAX, "a note without a signature");
	if (e == ERR_OK)
		*n = *got;
	buf_clear(&scratch);
	return e;
}

/* What a cosignature signs. */
static enum err
cosigned_text(
    struct buf *b, uint64_t time_s, struct span text, struct fault *why)
{
	buf_printf(b, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
	buf_span(b, text);
	return buf_error(b) == ERR_OK
	    ? ERR_OK
	    : fault_set(why, buf_error(b), "no room for a cosignature");
}

/* Does this line's signature hold under this key? */
static bool
sig_holds(struct span text, const struct note_sig *s,
    const struct note_key *key, uint64_t *time)
{
	struct cursor c = cursor_of(s->sig);
	struct buf message;
	bool good;

	*time = 0;
	if (key->type == NOTE_ED25519)
		return s->sig.len == SIGN_LEN &&
		    sign_check(key->public, text, s->sig.at);
	if (s->sig.len != COSIGNATURE_LEN)
		return false;
	buf_init(&message, MESSAGE_MAX);
	*time = cursor_u64(&c);
	good = cosigned_text(&message, *time, text, NULL) == ERR_OK &&
	    sign_check(key->public, buf_view(&message), cursor_rest(&c).at);
	buf_clear(&message);
	return good;
}

enum err
note_verify(const struct note *n, const struct note_key *key, unsigned n_key,
    bool *good, uint64_t *time, struct fault *why)
{
	unsigned signers = 0;
	uint64_t when;

	for (unsigned k = 0; k < n_key; k++) {
		good[k] = false;
		for (unsigned i = 0; i < n->n_sig; i++) {
			const struct note_sig *s = &n->sig[i];

			if (s->id != key[k].id ||
			    !span_is(s->name, key[k].name))
				continue;
			if (!sig_holds(n->text, s, &key[k], &when))
				return fault_set(why, ERR_PROOF,
				    "the signature of %s+%08" PRIx32
				    " does not verify",
				    key[k].name, key[k].id);
			signers += !good[k];
			good[k] = true;
			if (time != NULL)
				time[k] = when;
		}
	}
	if (signers == 0)
		return fault_set(
		    why, ERR_PROOF, "none of the keys given signed this");
	return ERR_OK;
}

void
note_line(struct buf *b, struct span name, uint32_t id, struct span sig)
{
	struct buf bytes;

	buf_init(&bytes, SIG_BYTES_MAX + 4);
	buf_u32(&bytes, id);
	buf_span(&bytes, sig);
	if (buf_error(&bytes) != ERR_OK && b->bad == ERR_OK)
		b->bad = buf_error(&bytes);
	buf_text(b, DASH);
	buf_span(b, name);
	buf_text(b, " ");
	text_base64(b, buf_view(&bytes));
	buf_text(b, "\n");
	buf_clear(&bytes);
}

enum err
note_sign(struct buf *b, struct span text, const struct note_key *key,
    note_sign_fn *sign, void *arg, struct fault *why)
{
	uint8_t sig[SIGN_LEN];
	enum err e;

	if (!is_text(text) || text.len > NOTE_MAX / 2)
		return fault_set(why, ERR_SYNTAX, "not the text of a note");
	if ((e = sign(arg, text, sig, why)) != ERR_OK)
		return e;
	buf_span(b, text);
	buf_text(b, "\n");
	note_line(b, span_text(key->name), key->id, span_of(sig, sizeof sig));
	if (buf_error(b) != ERR_OK)
		return fault_set(why, buf_error(b), "no room for a note");
	return ERR_OK;
}

enum err
note_cosign(struct buf *b, struct span text, const struct note_key *key,
    uint64_t time_s, note_sign_fn *sign, void *arg, struct fault *why)
{
	uint8_t sig[SIGN_LEN];
	struct buf message, timed;
	enum err e;

	if (!is_text(text) || text.len > NOTE_MAX / 2)
		return fault_set(why, ERR_SYNTAX, "not the text of a note");
	buf_init(&message, MESSAGE_MAX);
	buf_init(&timed, COSIGNATURE_LEN);
	if ((e = cosigned_text(&message, time_s, text, why)) != ERR_OK)
		goto out;
	if ((e = sign(arg, buf_view(&message), sig, why)) != ERR_OK)
		goto out;
	buf_u64(&timed, time_s);
	buf_add(&timed, sig, sizeof sig);
	note_line(b, span_text(key->name), key->id, buf_view(&timed));
	if (buf_error(&timed) != ERR_OK || buf_error(b) != ERR_OK)
		e = fault_set(why, ERR_MEMORY, "no room for a cosignature");
out:
	buf_clear(&message);
	buf_clear(&timed);
	return e;
}
