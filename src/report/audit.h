/*
 * report/audit.h: one agency's log held against everything it speaks of.
 *
 * For audit.c (leaves, heads, entries) and audit_vault.c (segments, streams).
 */
#ifndef REPORT_AUDIT_H
#define REPORT_AUDIT_H

#include "ledger/checkpoint.h"
#include "ledger/leaf.h"
#include "report/inner.h"

/* What the newest heads leaf says of one stream or register. */
struct audit_head {
	struct leaf_head said;
	bool seen;
};

/* A segment's descriptor in the log. */
struct audit_segment {
	uint64_t at; /* of its leaf */
	struct leaf_segment l;
	bool gone; /* a later leaf says so */
	bool listed; /* the table has it */
};

/* An entry's leaf. */
struct audit_entry {
	uint64_t at;
	struct leaf_entry l;
};

struct audit {
	struct report *r;
	struct span agency;
	json_t *problems;
	uint64_t n_problems;

	struct hash *leaf; /* leaf hashes, n of them */
	bool *bare; /* its data is no longer there */
	uint64_t n, max, n_bare, last_bare;
	struct audit_entry *entry;
	size_t n_entries, at_entry;
	struct audit_segment *segment;
	size_t n_segments;
	struct hash *gone; /* files whose end is in the log */
	size_t n_gone;
	uint64_t heads_at; /* of the newest heads leaf */
	struct audit_head *head;
	size_t n_heads;
};

/* wrong: one line about what does not hold. */
void wrong(struct audit *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* audit_vault: every segment the log describes is there, as described, or
 * gone by the log's own word; every stream reaches its last head, with the
 * chain that head has. The bytes of segments are for verify_run. */
MUST_CHECK enum err audit_vault(struct audit *a, struct fault *why);

#endif
