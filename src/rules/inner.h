/*
 * rules/inner.h: one clause being judged; used inside this room only.
 */
#ifndef RULES_INNER_H
#define RULES_INNER_H

#include "base/arena.h"
#include "pack/json.h"
#include "rules/judge.h"

/* A subject as found, and what is read of it besides. */
struct found {
	struct finding f;
	bool removed;
	int64_t next_us; /* 0: none */
};

struct found_list {
	struct found *at; /* on the heap: it grows */
	size_t n, room;
};

/* Everything of one clause's judging; texts live in the arena. */
struct run {
	struct sql *db;
	const struct clause *clause;
	const struct judge_ask *ask;
	struct arena *arena;
	const char *const *agency; /* sorted; those with a verdict */
	size_t n_agencies;
	struct found_list now, before;
	const char *refused;
};

/* found_add: room for one more, zeroed; NULL without memory. */
struct found *found_add(struct found_list *l);
/* found_sort: by agency and subject; of two of one subject the worse stays. */
void found_sort(struct found_list *l);
int found_compare(const void *a, const void *b);
/* run_has_agency: whether the agency is judged. */
bool run_has_agency(const struct run *r, const char *agency);

/* before_load: the stored findings of the clause into r->before, sorted. */
MUST_CHECK enum err before_load(struct run *r, struct fault *why);
/* run_remember: let nothing that was lost improve on what was known. */
MUST_CHECK enum err run_remember(struct run *r, struct fault *why);

/* verdicts_make: one for each agency, from the findings. */
MUST_CHECK enum err verdicts_make(
    struct run *r, struct verdict **out, struct fault *why);

#endif
