/*
 * vault/index_own.h: what the index's writer and its reader share: what
 * tokens are kept for, and the bits of a page (doc/format-index.md).
 */
#ifndef VAULT_INDEX_OWN_H
#define VAULT_INDEX_OWN_H

#include "vault/index.h"

#define INDEX_MAGIC_TEXT "BEIMENX2"
#define INDEX_HEAD_LEN 36U
#define INDEX_SHIFT_LEAST 8U /* a granule is 128 records or more */
#define INDEX_GRANULES_MAX 65536U
#define INDEX_HASH_BITS 40U /* of a token's hash, the first ones */
#define INDEX_PAGE_BITS_MAX 20U
#define INDEX_VALUES_MAX 256U /* of a number, listed one by one */
#define INDEX_TAGGED_MAX 64U /* bytes of a value of several words */

/* What a token was found as. Fields have TAG_FIELD + their number. */
enum {
	TAG_WORD = 0,
	TAG_FIELD = 1,
	TAG_APP = 120,
	TAG_MSGID,
	TAG_MAX = 127,
	TAG_ANY = 255, /* for the reader: whatever it was found as */
};
_Static_assert((int)FIELD_N <= 64, "one bit a field");
_Static_assert(TAG_FIELD + (int)FIELD_N <= (int)TAG_APP, "tags run out");

/* Numbers whose values are listed. */
enum index_number {
	NUMBER_CATEGORY,
	NUMBER_SEVERITY,
	NUMBER_FACILITY,
	NUMBER_VIA,
	NUMBER_PARSE,
	NUMBER_FIELD, /* fields: NUMBER_FIELD + the field's number */
	NUMBER_N = NUMBER_FIELD + FIELD_N,
};

#define INDEX_SEEN 4096U /* places of the table against repetition */
#define INDEX_NAMED_MAX (FIELD_N + 64)

/* The values of one number, in order, until there are too many. */
struct values {
	uint64_t at[INDEX_VALUES_MAX];
	uint64_t least, greatest;
	unsigned n;
	bool there, many;
	uint64_t last, last_granule; /* noted there: quick repetition */
};

struct indexer {
	uint64_t *post;
	size_t n, cap;
	uint64_t seen[INDEX_SEEN];
	unsigned shift;
	uint32_t records; /* the last one's number + 1 */
	uint64_t granule; /* of the record at hand */
	uint64_t *token; /* of the text at hand */
	size_t cap_token;
	bool blinded;
	struct hash blind;
	struct values number[NUMBER_N];
	uint64_t there; /* bit f: field f was in a record of the granule */
	/* The last record's, when it was of the same granule. */
	uint8_t host[EVENT_TEXT_MAX], sender[EVENT_TEXT_MAX];
	size_t host_len, sender_len;
	/* Of the record at hand: words that stand as a field's value. */
	uint64_t named[INDEX_NAMED_MAX];
	unsigned n_named;
	uint64_t named_bits; /* quick no */
};

/* index_is_number: this field is searched as a number. */
bool index_is_number(unsigned field);
/* index_is_tagged: values like this one, found as `tag`, have a token of
 * their own; *token is that one. `word`: and no other. */
bool index_is_tagged(
    unsigned tag, struct span value, uint64_t *token, bool *word);
/* index_number_token: of one value of a number. index_there_token: of a field
 * being there at all. index_blind: a token nobody can guess without the key.*/
uint64_t index_number_token(unsigned number, uint64_t value);
uint64_t index_there_token(unsigned field);
uint64_t index_blind(const struct hash *key, uint64_t token);

/* Bits of a list: how the gaps between n of `all` granules are cut. */
unsigned index_gap_bits(uint32_t n, uint32_t all);
/* index_width: bits that hold 0 .. n - 1. */
unsigned index_width(uint64_t n);

#endif
