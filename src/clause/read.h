/*
 * clause/read.h: one clause.yaml read; used inside this room only.
 */
#ifndef CLAUSE_READ_H
#define CLAUSE_READ_H

#include "base/arena.h"
#include "clause/pack.h"
#include "pack/yaml.h"

/* A YAML file being read: every mistake is told, the first is kept. */
struct reader {
	struct yaml *yaml;
	struct arena *arena;
	pack_mistake_fn *mistake;
	void *arg;
	const char *first; /* NULL: none so far */
	bool out_of_memory;
};

/* read_wrong: tell a mistake at the JSON pointer `at`. */
void read_wrong(struct reader *r, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* read_text: a text member, copied into the arena; NULL and a mistake when
 * it is missing or empty. `at` is the object's own pointer. */
const char *read_text(
    struct reader *r, const json_t *o, const char *at, const char *key);
/* read_words: a member {zh, en}, both wanted. */
struct words read_words(
    struct reader *r, const json_t *o, const char *at, const char *key);
/* read_keys: only these keys (ended by NULL) may stand in o. */
void read_keys(
    struct reader *r, const json_t *o, const char *at, const char *const *keys);

/* clause_read: the fields of one clause.yaml; c->id is there already. */
void clause_read(struct reader *r, struct clause *c);

#endif
