/*
 * vault/query_own.h: a compiled query, for its two files alone: query.c reads
 * the text, query_match.c asks records.
 */
#ifndef VAULT_QUERY_OWN_H
#define VAULT_QUERY_OWN_H

#include "match/regex.h"
#include "match/text.h"
#include "vault/query.h"

enum node_kind {
	NODE_ALL, /* matches everything: the empty query */
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_TEST,
};

/* What a test looks at: an event_field, or one of these. */
enum {
	WHERE_ANY = FIELD_N, /* the whole record's text */
	WHERE_HOST,
	WHERE_APP,
	WHERE_PROC,
	WHERE_MSGID,
	WHERE_SENDER,
	WHERE_CATEGORY,
	WHERE_CLASS,
	WHERE_SEVERITY,
	WHERE_FACILITY,
	WHERE_VIA,
	WHERE_PARSE,
	WHERE_SOURCE,
	WHERE_MESSAGE,
	WHERE_RAW,
	WHERE_PORT, /* either port */
	WHERE_TIME, /* received; numbers are TIME_NUMBER of it */
	WHERE_EVENT, /* the record's own time */
	WHERE_N
};

/* A time as a number in the same order. */
#define TIME_NUMBER(us) ((uint64_t)(us) ^ UINT64_C(1) << 63)
#define NUMBER_TIME(n) ((int64_t)((n) ^ UINT64_C(1) << 63))

enum test_kind {
	TEST_WORD, /* as a word of the text; star ends are open */
	TEST_GLOB, /* a pattern with stars */
	TEST_THERE, /* the field is there */
	TEST_EQUAL, /* the whole value, without case */
	TEST_RANGE, /* a number within low .. high */
	TEST_NETWORK,
	TEST_REGEX,
};

/* A piece that every text a pattern matches must hold, in lower case. */
struct literal {
	struct span text;
	bool open_left, open_right; /* a word may go on there */
};
#define LITERALS_MAX 8U

struct node {
	enum node_kind kind;
	uint16_t left, right; /* places in the list */
	unsigned where;
	enum test_kind test;
	struct span text; /* lower case, in the arena */
	bool open_left, open_right;
	uint64_t low, high;
	uint8_t net[16];
	unsigned net_bits;
	bool net_v4;
	struct regex *regex;
	const struct literal *literal; /* of the regular expression */
	size_t n_literals;
	struct span need; /* the longest of them */
};

struct query {
	struct arena *arena;
	struct node node[QUERY_NODES_MAX];
	unsigned n;
	unsigned root;
};

/* where_find: the field of that name; WHERE_N when there is none. */
unsigned where_find(struct span name);
/* address_read: an IPv4 or IPv6 address as bytes; false when it is none. */
bool address_read(struct span s, uint8_t to[static 16], bool *v4);

/* literals_read: the pieces of a pattern, at most max; none where nothing is
 * sure. room: as many bytes as the pattern; the pieces lie in it. */
size_t literals_read(struct span pattern, bool nocase, uint8_t *room,
    struct literal *list, size_t max);

#endif
