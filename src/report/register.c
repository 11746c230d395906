/*
 * report/register.c: registers and their entries (book/read.h answers).
 */
#include "report/inner.h"

/* The filter of a list, from the query. */
static enum err
query_read(struct report *r, const struct question *q, struct book_query *to,
    struct fault *why)
{
	*to = (struct book_query){ .agency = param(r, q, "agency"),
		.below = param(r, q, "below").len > 0,
		.q = param(r, q, "q"),
		.order = param(r, q, "order"),
		.voided = param(r, q, "voided").len > 0,
		.all = param(r, q, "all").len > 0 };
	return param_int(r, q, "page", 1, 1000000, &to->page, why);
}

enum err
report_registers(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	(void)q;
	return book_registers(r->book, r->rights, &a->json, why);
}

enum err
report_register(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct book_query filter;
	enum err e = query_read(r, q, &filter, why);

	if (e != ERR_OK)
		return e;
	return book_list(
	    r->book, r->rights, q->part[1], &filter, &a->json, why);
}

enum err
report_export(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct book_query filter;
	bool csv = !span_is(param(r, q, "as"), "json");
	const char *lang = span_is(param(r, q, "lang"), "en") ? "en" : "zh";
	enum err e = query_read(r, q, &filter, why);

	if (e != ERR_OK)
		return e;
	a->type = csv ? "text/csv; charset=utf-8" : "application/json";
	return book_export(r->book, r->rights, q->part[1], &filter,
	    csv ? BOOK_CSV : BOOK_JSON, lang, &a->bytes, why);
}

enum err
report_form(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	return book_form(r->book, r->rights, q->part[1], q->part[2], SPAN_EMPTY,
	    &a->json, why);
}

enum err
report_row(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	return book_form(r->book, r->rights, q->part[1], q->part[2], q->part[3],
	    &a->json, why);
}

enum err
report_history(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	return book_history(r->book, r->rights, q->part[1], q->part[2],
	    q->part[3], &a->json, why);
}

enum err
report_entries(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	uint64_t page;
	enum err e = param_int(r, q, "page", 1, 1000000, &page, why);

	if (e != ERR_OK)
		return e;
	return book_entries(r->book, r->rights, q->part[1],
	    param(r, q, "register"), page, &a->json, why);
}
