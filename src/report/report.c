/*
 * report/report.c: which question is it?
 */
#include "report/inner.h"

#include <string.h>

/* One resource: its path, where {} stands for any one part and ** for all the
 * rest, and who answers. */
static const struct route {
	const char *path;
	report_fn *fn;
	bool log_read;
} routes[] = {
	{ "self", report_self, false },
	{ "city", report_city, false },
	{ "agencies/{}", report_agency, false },
	{ "verdicts", report_verdicts, false },
	{ "clauses", report_clauses, false },
	{ "clauses/{}", report_clause, false },
	{ "registers", report_registers, false },
	{ "registers/{}", report_register, false },
	{ "registers/{}/export", report_export, false },
	{ "registers/{}/{}", report_form, false },
	{ "registers/{}/{}/{}", report_row, false },
	{ "registers/{}/{}/{}/history", report_history, false },
	{ "log/search", report_search, true },
	{ "log/histogram", report_histogram, true },
	{ "log/top", report_top, true },
	{ "log/stat", report_stat, false },
	{ "log/storage", report_storage, false },
	{ "log/calendar", report_calendar, false },
	{ "log/verify", report_log_verify, false },
	{ "log/records/{}", report_record, true },
	{ "log/records/{}/proof", report_record_proof, true },
	{ "segments/{}", report_segment, true },
	{ "ledger", report_ledger, false },
	{ "ledger/{}/checkpoint", report_checkpoint, false },
	{ "ledger/{}/verify", report_ledger_verify, false },
	{ "ledger/{}/entries", report_entries, false },
	{ "ledger/{}/entries/{}/proof", report_entry_proof, false },
	{ "ledger/{}/tile/**", report_tile, false },
	{ "detections", report_detections, false },
	{ "detections/rules", report_detection_rules, false },
	{ "detections/rules/{}", report_detection_rule, false },
	{ "detections/{}", report_detection, false },
	{ "health", report_health, false },
};

static bool
route_fits(const struct route *t, const struct question *q)
{
	struct cursor c = cursor_of(span_text(t->path));
	unsigned i = 0;

	while (c.pos < c.all.len) {
		struct span want = cursor_until(&c, '/', NULL);

		if (span_is(want, "**"))
			return i < q->n;
		if (i == q->n ||
		    (!span_is(want, "{}") && !span_equal(want, q->part[i])))
			return false;
		i++;
	}
	return i == q->n;
}

static const struct route *
route_find(const struct question *q)
{
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
		if (route_fits(&routes[i], q))
			return &routes[i];
	return NULL;
}

bool
report_is_log_read(const struct question *q)
{
	const struct route *t = route_find(q);

	return t != NULL && t->log_read;
}

enum err
report_answer(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	const struct route *t = route_find(q);

	if (t == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no such resource");
	if (r->must_change && t->fn != report_self)
		return fault_set(why, ERR_DENIED, "change the password first");
	return t->fn(r, q, a, why);
}
