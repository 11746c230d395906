/*
 * vault/index.c: making a segment's index.
 *
 * Every token of a record is one number: 40 bits of hash, 8 of what it was
 * found as, 16 of its granule. A small table keeps repetitions inside one
 * granule away; at the end all are sorted, and what remains is written page
 * by page. A word that is the whole value of a field stands as that field's
 * only: who looks for the word asks for it under every name.
 */
#include "vault/index_own.h"

#include <assert.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "vault/token.h"

/* --- what reader and writer share ------------------------------------------ */

struct hash
index_blind_key(struct span key)
{
	return crypt_hmac(key, SPAN_LIT("beimen index 2: pseudonyms"));
}

bool
index_is_number(unsigned field)
{
	return field == FIELD_SRC_PORT || field == FIELD_DST_PORT ||
	    field == FIELD_STATUS || field == FIELD_COUNT ||
	    field == FIELD_REPEAT || field == FIELD_BYTES;
}

/* Fields whose values are long and all different. */
static bool
is_varied(unsigned tag)
{
	return tag == TAG_FIELD + FIELD_URL ||
	    tag == TAG_FIELD + FIELD_COMMAND ||
	    tag == TAG_FIELD + FIELD_SESSION ||
	    tag == TAG_FIELD + FIELD_OBJECT || tag == TAG_FIELD + FIELD_REASON;
}

bool
index_is_tagged(unsigned tag, struct span value, uint64_t *token, bool *word)
{
	*word = false;
	if (value.len == 0 || value.len > 4 * INDEX_TAGGED_MAX ||
	    tag == TAG_FIELD + FIELD_SRC_IP || tag == TAG_FIELD + FIELD_DST_IP)
		return false; /* an address stands as a word, once */
	*token = token_value(value, word);
	return *word || (value.len <= INDEX_TAGGED_MAX && !is_varied(tag));
}

uint64_t
index_number_token(unsigned number, uint64_t value)
{
	return token_mix(token_mix(UINT64_C(0x4E554D42), number), value);
}

uint64_t
index_there_token(unsigned field)
{
	return token_mix(UINT64_C(0x54484552), field);
}

uint64_t
index_blind(const struct hash *key, uint64_t token)
{
	uint8_t text[8];
	struct hash h;
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		text[i] = (uint8_t)(token >> (56 - 8 * i));
	h = crypt_hmac(span_of(key->at, HASH_LEN), span_of(text, sizeof text));
	for (unsigned i = 0; i < 8; i++)
		v = v << 8 | h.at[i];
	return v;
}

unsigned
index_width(uint64_t n)
{
	unsigned bits = 0;

	while (bits < 63 && UINT64_C(1) << bits < n)
		bits++;
	return bits;
}

unsigned
index_gap_bits(uint32_t n, uint32_t all)
{
	uint64_t gap = (uint64_t)all * 2 / (3 * (uint64_t)n);
	unsigned bits = 0;

	while (gap >> (bits + 1) > 0)
		bits++;
	return bits;
}

/* --- taking in ------------------------------------------------------------- */

struct indexer *
indexer_new(const struct hash *blind)
{
	struct indexer *ix = calloc(1, sizeof *ix);

	if (ix == NULL)
		return NULL;
	ix->shift = INDEX_SHIFT_LEAST;
	if (blind != NULL) {
		ix->blinded = true;
		ix->blind = *blind;
	}
	return ix;
}

void
indexer_free(struct indexer *ix)
{
	if (ix == NULL)
		return;
	free(ix->post);
	free(ix->token);
	explicit_bzero(&ix->blind, sizeof ix->blind);
	free(ix);
}

static enum err
post_grow(struct indexer *ix, struct fault *why)
{
	size_t cap = ix->cap == 0 ? (size_t)1 << 16 : ix->cap * 2;
	uint64_t *p = reallocarray(ix->post, cap, sizeof *p);

	if (p == NULL)
		return fault_set(why, ERR_MEMORY, "index");
	ix->post = p;
	ix->cap = cap;
	return ERR_OK;
}

/* Notes a token of the granule at hand; false when it was noted already. The
 * caller has made room. */
static bool
post(struct indexer *ix, uint64_t token, unsigned tag)
{
	uint64_t key = (token & ~UINT64_C(0xFFFFFF)) | (uint64_t)tag << 16 |
	    ix->granule;
	size_t slot = (size_t)((token >> 24) + tag * UINT64_C(0x9E5)) %
	    INDEX_SEEN;

	if (ix->seen[slot] == ~key) /* ~: zeroes are nobody's */
		return false;
	ix->seen[slot] = ~key;
	ix->post[ix->n++] = key;
	return true;
}

/* Room for n more posts. */
static enum err
post_room(struct indexer *ix, size_t n, struct fault *why)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && ix->cap - ix->n < n)
		e = post_grow(ix, why);
	return e;
}

/* All tokens of a text, into ix->token. */
static enum err
tokens_of(struct indexer *ix, struct span s, size_t *n, struct fault *why)
{
	if (ix->cap_token < TOKEN_MOST(s.len)) {
		size_t cap = TOKEN_MOST(s.len) * 2;
		uint64_t *p = reallocarray(ix->token, cap, sizeof *p);

		if (p == NULL)
			return fault_set(why, ERR_MEMORY, "index");
		ix->token = p;
		ix->cap_token = cap;
	}
	*n = token_list(s, false, false, ix->token);
	return post_room(ix, *n, why);
}

/* Whether this word stands already, as the value of a field. */
static bool
is_named(const struct indexer *ix, uint64_t token)
{
	if ((ix->named_bits >> (token >> 58) & 1) == 0)
		return false;
	for (unsigned i = 0; i < ix->n_named; i++)
		if (ix->named[i] == token)
			return true;
	return false;
}

static void
name_add(struct indexer *ix, uint64_t token)
{
	if (ix->n_named == INDEX_NAMED_MAX)
		return; /* then it stands twice, which harms nobody */
	ix->named[ix->n_named++] = token;
	ix->named_bits |= UINT64_C(1) << (token >> 58);
}

/* The words of a text. */
static enum err
text_add(struct indexer *ix, struct span s, struct fault *why)
{
	size_t n;
	enum err e = tokens_of(ix, s, &n, why);

	for (size_t i = 0; i < n && e == ERR_OK; i++)
		if (!is_named(ix, ix->token[i]))
			(void)post(ix, ix->token[i], TAG_WORD);
	return e;
}

/* A text that mostly is the last record's again. */
static enum err
again_add(struct indexer *ix, struct span s,
    uint8_t last[static EVENT_TEXT_MAX], size_t *len, struct fault *why)
{
	enum err e;

	if (s.len == 0 || (s.len == *len && memcmp(s.at, last, s.len) == 0))
		return ERR_OK;
	e = text_add(ix, s, why);
	*len = s.len <= EVENT_TEXT_MAX ? s.len : 0;
	memcpy(last, s.at, *len);
	return e;
}

/* A value under its name; *word: there is no more to it. */
static void
value_add(struct indexer *ix, unsigned tag, struct span value, bool *word)
{
	uint64_t token;

	if (!index_is_tagged(tag, value, &token, word)) {
		*word = false;
		return;
	}
	(void)post(ix, token, tag);
	if (*word)
		name_add(ix, token);
}

/* A pseudonym: the value and its words, so that only the key's owner can
 * tell what they are. */
static enum err
blind_add(struct indexer *ix, struct span value, struct fault *why)
{
	unsigned tag = TAG_FIELD + FIELD_SUBJECT;
	uint64_t token;
	size_t n;
	bool word;
	enum err e = tokens_of(ix, value, &n, why);

	if (e != ERR_OK)
		return e;
	if (index_is_tagged(tag, value, &token, &word))
		(void)post(ix, index_blind(&ix->blind, token), tag);
	for (size_t i = 0; i < n; i++) {
		(void)post(ix, index_blind(&ix->blind, ix->token[i]), TAG_WORD);
		name_add(ix, ix->token[i]);
	}
	return ERR_OK;
}

static void
number_add(struct indexer *ix, unsigned number, uint64_t v)
{
	struct values *k = &ix->number[number];
	unsigned low = 0, high = k->n;

	if (!k->there || v < k->least)
		k->least = v;
	if (!k->there || v > k->greatest)
		k->greatest = v;
	k->there = true;
	if (k->last == v && k->last_granule == ix->granule + 1)
		return;
	k->last = v;
	k->last_granule = ix->granule + 1;
	if (k->many || !post(ix, index_number_token(number, v), TAG_WORD))
		return;
	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (k->at[mid] < v)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < k->n && k->at[low] == v)
		return;
	if (k->n == INDEX_VALUES_MAX) {
		k->many = true;
		return;
	}
	memmove(&k->at[low + 1], &k->at[low], (k->n - low) * sizeof k->at[0]);
	k->at[low] = v;
	k->n++;
}

/* What every record has. */
static void
head_add(struct indexer *ix, const struct event *ev)
{
	number_add(ix, NUMBER_CATEGORY, ev->category);
	number_add(ix, NUMBER_VIA, ev->via);
	number_add(ix, NUMBER_PARSE, ev->parse);
	if (ev->severity != EVENT_NO_SEVERITY)
		number_add(ix, NUMBER_SEVERITY, ev->severity);
	if (ev->facility != EVENT_NO_SEVERITY)
		number_add(ix, NUMBER_FACILITY, ev->facility);
}

/* The extracted fields: names first, then the words of those that have more
 * than one. */
static enum err
fields_add(struct indexer *ix, const struct event *ev, struct fault *why)
{
	bool word[FIELD_N], other;
	uint64_t v;
	enum err e = ERR_OK;

	if (ix->blinded && ev->field[FIELD_SUBJECT].at != NULL)
		e = blind_add(ix, ev->field[FIELD_SUBJECT], why);
	if (e == ERR_OK)
		e = post_room(ix, INDEX_NAMED_MAX, why);
	if (e != ERR_OK)
		return e;
	value_add(ix, TAG_APP, ev->app, &other);
	value_add(ix, TAG_MSGID, ev->msgid, &other);
	for (unsigned f = 0; f < FIELD_N && e == ERR_OK; f++) {
		word[f] = true;
		if (ev->field[f].at == NULL)
			continue;
		if ((ix->there >> f & 1) == 0)
			(void)post(ix, index_there_token(f), TAG_WORD);
		ix->there |= UINT64_C(1) << f;
		if (index_is_number(f)) {
			word[f] = false;
			if (span_number(ev->field[f], UINT64_MAX, &v))
				number_add(ix, NUMBER_FIELD + f, v);
		} else if (f != FIELD_SUBJECT || !ix->blinded) {
			value_add(ix, TAG_FIELD + f, ev->field[f], &word[f]);
		}
		if (e == ERR_OK)
			e = post_room(ix, INDEX_NAMED_MAX, why);
	}
	if (e == ERR_OK)
		e = again_add(ix, ev->host, ix->host, &ix->host_len, why);
	if (e == ERR_OK)
		e = again_add(ix, ev->sender, ix->sender, &ix->sender_len, why);
	for (unsigned f = 0; f < FIELD_N && e == ERR_OK; f++)
		if (!word[f])
			e = text_add(ix, ev->field[f], why);
	return e;
}

/* Whether the message begins or ends inside a word of the raw bytes. */
static bool
is_inside(const struct event *ev)
{
	static const uint8_t table[] = "abcdefghijklmnopqrstuvwxyz"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const uint8_t *edge[2][2];
	size_t at, after;

	if (ev->message.len == 0)
		return false;
	at = (size_t)(ev->message.at - ev->raw.at);
	after = at + ev->message.len;
	edge[0][0] = at > 0 ? ev->message.at - 1 : NULL;
	edge[0][1] = ev->message.at;
	edge[1][0] = after < ev->raw.len ? ev->raw.at + after : NULL;
	edge[1][1] = ev->raw.at + after - 1;
	for (unsigned i = 0; i < 2; i++)
		if (edge[i][0] != NULL &&
		    memchr(table, *edge[i][0], sizeof table - 1) != NULL &&
		    memchr(table, *edge[i][1], sizeof table - 1) != NULL)
			return true;
	return false;
}

/* Twice as many records a granule: the segment is very long. */
static void
granules_widen(struct indexer *ix)
{
	ix->shift++;
	for (size_t i = 0; i < ix->n; i++)
		ix->post[i] = (ix->post[i] & ~UINT64_C(0xFFFF)) |
		    (ix->post[i] & 0xFFFF) >> 1;
	ix->granule = UINT64_MAX; /* begins anew */
	for (unsigned i = 0; i < NUMBER_N; i++)
		ix->number[i].last_granule = 0;
	memset(ix->seen, 0, sizeof ix->seen);
}

enum err
indexer_add(struct indexer *ix, uint32_t record, const struct event *ev,
    struct fault *why)
{
	enum err e;

	assert(record >= ix->records);
	if (record >= INDEX_RECORDS_MAX)
		return fault_set(why, ERR_LIMIT, "index: too many records");
	while (record >> ix->shift >= INDEX_GRANULES_MAX)
		granules_widen(ix);
	if (record >> ix->shift != ix->granule) {
		ix->granule = record >> ix->shift;
		ix->there = 0;
		ix->host_len = ix->sender_len = 0;
	}
	ix->records = record + 1;
	ix->n_named = 0;
	ix->named_bits = 0;
	if ((e = post_room(ix, 2 * INDEX_NAMED_MAX, why)) != ERR_OK)
		return e;
	head_add(ix, ev);
	if ((e = fields_add(ix, ev, why)) != ERR_OK)
		return e;
	e = text_add(ix, ev->raw, why);
	if (e == ERR_OK && is_inside(ev))
		e = text_add(ix, ev->message, why);
	return e;
}
