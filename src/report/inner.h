/*
 * report/inner.h: what the files of this room share.
 */
#ifndef REPORT_INNER_H
#define REPORT_INNER_H

#include "base/when.h"
#include "clause/state.h"
#include "report/report.h"
#include "rules/judge.h"

typedef enum err report_fn(struct report *r, const struct question *q,
    struct answer *a, struct fault *why);

report_fn report_self, report_city, report_agency, report_verdicts,
    report_clauses, report_clause, report_registers, report_register,
    report_form, report_row, report_history, report_export, report_search,
    report_histogram, report_top, report_stat, report_record,
    report_record_proof, report_log_verify, report_ledger, report_checkpoint,
    report_tile, report_entries, report_entry_proof, report_health,
    report_storage, report_calendar, report_segment, report_detections,
    report_detection, report_detection_rules, report_detection_rule,
    report_ledger_verify;

/* ---- parameters of a question ---- */

/* param: the decoded value; empty when not given. param_time: an instant;
 * or_ when not given. param_int likewise, at most max. */
struct span param(struct report *r, const struct question *q, const char *name);
MUST_CHECK enum err param_time(struct report *r, const struct question *q,
    const char *name, int64_t or_, int64_t *us, struct fault *why);
MUST_CHECK enum err param_int(struct report *r, const struct question *q,
    const char *name, uint64_t or_, uint64_t max, uint64_t *n,
    struct fault *why);

/* ---- small documents ---- */

/* words_json: {"zh","en"}. put: key := v, which is given. */
json_t *words_json(const char *zh, const char *en);
void put(json_t *o, const char *key, json_t *v);
/* agency_json: {"key","title"}; title by book. */
json_t *agency_json(struct report *r, struct span agency);
/* pack_json. label_json: {"zh":"十二(一)","en":"12.1"}. */
json_t *pack_json(const struct pack *p);
json_t *label_json(const char *id);
/* chapters_json: [{"no","title"}] and how many. */
json_t *chapters_json(const struct pack *p);
unsigned chapters_count(const struct pack *p);

/* Counts of states. */
struct counts {
	int64_t n[STATE_N];
};
json_t *counts_json(const struct counts *c);
/* state_letter: one character for a bitmap. */
char state_letter(enum state s);

/* ---- rows ---- */

typedef enum err row_each_fn(
    struct report *r, struct sql_stmt *s, void *arg, struct fault *why);
/* A value to bind; text when text is not NULL. */
struct bind {
	const char *name;
	struct span text;
	int64_t number;
	bool is_text;
};
#define BIND_TEXT(n, t)                                   \
	{                                                 \
		.name = (n), .text = (t), .is_text = true \
	}
#define BIND_INT(n, v)                     \
	{                                  \
		.name = (n), .number = (v) \
	}
/* rows: run a named statement; `:agencies` is bound to the agencies the
 * viewer may see, when the statement has it. */
MUST_CHECK enum err rows(struct report *r, const char *name,
    const struct bind *b, size_t n, row_each_fn *fn, void *arg,
    struct fault *why);
/* one_int: the first column of the only row; 0 without row. */
MUST_CHECK enum err one_int(struct report *r, const char *name,
    const struct bind *b, size_t n, int64_t *out, struct fault *why);
/* row_text: a column as arena text. */
char *row_text(struct report *r, struct sql_stmt *s, unsigned at);

/* agency_may: the viewer may see this agency. */
bool agency_may(struct report *r, struct span agency);

/* agency_known: it is in the register and the viewer may see it; an empty
 * name passes. Fails ERR_NOT_FOUND. */
MUST_CHECK enum err agency_known(
    struct report *r, struct span agency, struct fault *why);

/* ---- findings and verdicts ---- */

/* finding_json: from a row of finding.sql's columns. verdict_json likewise. */
json_t *finding_json(struct report *r, struct sql_stmt *s);
json_t *verdict_json(struct report *r, struct sql_stmt *s);
/* verdict_list: verdicts as known at at_us (now: the table; before: spans),
 * of one agency or clause where given; each row to fn with the columns of
 * verdict_now.sql. */
MUST_CHECK enum err verdict_list(struct report *r, struct span agency,
    struct span clause, int64_t at_us, row_each_fn *fn, void *arg,
    struct fault *why);

#endif
