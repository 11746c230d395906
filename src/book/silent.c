/*
 * book/silent.c: the register of hosts as a table for rules, and silence.
 *
 * Works on: registers, and when each source was last heard. Runs in: book.
 */
#include "book/silent.h"

#include "book/evidence.h"
#include "book/inner.h"

#define MOST 200

struct silence {
	int64_t source, since_us;
	struct span log_source;
};

/* The new silences; a bounded number at one time. */
static enum err
silences_list(struct book *b, int64_t now_us, struct arena *a,
    struct silence *to, size_t *n, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	*n = 0;
	if ((e = sql_named(b->db, "silent_sources", &s, why)) ||
	    (e = sql_bind_int(s, ":hours", SILENT_HOURS, why)) ||
	    (e = sql_bind_int(s, ":now", now_us, why)))
		return e;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row && *n < MOST) {
		to[*n] = (struct silence){ .source = sql_int(s, 0),
			.log_source = arena_copy(a, sql_text(s, 1)),
			.since_us = sql_int(s, 2) };
		if (to[(*n)++].log_source.at == NULL)
			e = fault_set(why, ERR_MEMORY, "silent sources");
		if (e != ERR_OK)
			break;
	}
	sql_reset(s);
	return e;
}

enum err
silent_look(struct book *b, int64_t now_us, uint64_t *n, struct fault *why)
{
	struct arena *a = arena_new((size_t)1 << 20);
	struct silence *list = a == NULL ? NULL
					 : arena_array(a, MOST, sizeof *list);
	size_t count = 0;
	enum err e;

	*n = 0;
	if (list == NULL) {
		arena_free(a);
		return fault_set(why, ERR_MEMORY, "silent sources");
	}
	e = silences_list(b, now_us, a, list, &count, why);
	for (size_t i = 0; i < count && e == ERR_OK; i++) {
		const struct detection_report d = { .source = list[i].source,
			.rule = SPAN_LIT("silent-source"),
			.subject = list[i].log_source,
			.first_us = list[i].since_us,
			.last_us = list[i].since_us,
			.count = 1 };

		if ((e = evidence_detection(b, &d, now_us, why)) == ERR_OK)
			(*n)++;
	}
	arena_free(a);
	return e;
}

enum err
inventory_print(struct book *b, struct buf *out, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "inventory_macs", &s, why)) != ERR_OK)
		return e;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row) {
		struct cursor c = cursor_of(sql_text(s, 0));

		/* A host may have several, separated by spaces. */
		while (c.pos < c.all.len) {
			struct span one = cursor_until(&c, ' ', NULL);

			if (one.len == 0)
				continue;
			buf_span(out, one);
			buf_u8(out, '\n');
		}
	}
	sql_reset(s);
	return e == ERR_OK ? buf_error(out) : e;
}
