/*
 * report/report.h: every reading question, answered as JSON.
 *
 * What joins book, vault, clauses and verdicts for whoever looks: pages, API
 * and command line get their answers here, each under the viewer's rights, in
 * the shapes of doc/api.md. Nothing here writes.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "book/read.h"
#include "book/rights.h"
#include "clause/pack.h"
#include "sigma/sigma.h"
#include "vault/view.h"

extern const struct sql_named report_sql[];

/* What answers are made from; all borrowed. */
struct report {
	struct book *book;
	struct view *view;
	const struct pack *pack;
	const struct sigma *detections; /* rules; or NULL */
	json_t *rule_mistakes; /* lines about rules left out; or NULL */
	const json_t *status; /* processes, as the supervisor told; or NULL */
	const char *version;
	int64_t now_us;
	struct arena *arena; /* of this question */

	const struct rights *rights; /* the viewer's */
	const char *account;
	bool must_change;
	int64_t since_us, change_us; /* signed in; password good until */
	int64_t idle_s;

	/* Ways to other processes; either may be NULL. The JSON of keeper's
	 * own figures; the verifier key line of a log. */
	json_t *(*keeper_stat)(void *arg);
	enum err (*log_key)(
	    void *arg, struct span origin, struct buf *vkey, struct fault *why);
	void *arg;
};

/*
 * question_split: "/registers/system/main/k1" into at most max parts,
 * percent-decoded into the arena. Returns how many; 0 when it is malformed.
 * question_param: the decoded value of one query name; the empty span when it
 * is not there or is malformed.
 */
unsigned question_split(
    struct arena *a, struct span path, struct span *part, unsigned max);
struct span question_param(
    struct arena *a, struct span query, const char *name);

/* One question, taken apart. */
struct question {
	const struct span *part; /* of the path, decoded: "agencies", "main" */
	unsigned n;
	struct span query; /* still encoded */
};

/* An answer: a document, or bytes of another type. */
struct answer {
	json_t *json; /* handed over (json_decref); NULL when bytes */
	const char *type; /* of the bytes; static text */
	struct buf bytes; /* cleared by whoever asked */
};

/*
 * report_answer: answer GET below /api/v1.
 * Fails   ERR_NOT_FOUND no such resource or thing, or none the viewer may
 *         see; ERR_SYNTAX, ERR_RANGE a wrong parameter, named; ERR_DENIED;
 *         ERR_STATE not yet (a proof of an unsealed record).
 */
MUST_CHECK enum err report_answer(struct report *r, const struct question *q,
    struct answer *a, struct fault *why);

/* report_is_log_read: does the path read records of machines? Such a question
 * is a record itself. */
bool report_is_log_read(const struct question *q);

#endif
