/*
 * book/streamkey.c: the key register, as keeper tells of its keys.
 *
 * Works on: names and dates from keeper. Runs in: book.
 */
#include "book/streamkey.h"

#include "book/entry.h"
#include "book/inner.h"
#include "book/start.h"

/* What the row has: whether it says the same, and whose custody it is. */
static enum err
row_look(struct book *b, const struct stream_key *k, bool *same, json_t *fields,
    struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "stream_key_get", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", SPAN_LIT(START_AGENCY), why)) ||
	    (e = sql_bind_text(s, ":key", k->name, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	*same = row && sql_is_null(s, 0) == (k->destroyed_us == 0);
	if (row && !sql_is_null(s, 1))
		json_put_text(fields, "custodian", sql_text(s, 1));
	sql_reset(s);
	return ERR_OK;
}

enum err
streamkey_tell(struct book *b, const struct stream_key *k, int64_t now_us,
    struct fault *why)
{
	struct arena *a = arena_new((size_t)1 << 20);
	struct refusals *bad = calloc(1, sizeof *bad);
	json_t *fields = json_object();
	struct command c = { .actor = SPAN_LIT("process:keeper"),
		.agency = SPAN_LIT(START_AGENCY),
		.reg = SPAN_LIT("stream_key"),
		.key = k->name,
		.action = ENTRY_SET,
		.fields = fields };
	struct written w;
	bool same = false;
	enum err e = ERR_MEMORY;

	if (a == NULL || bad == NULL)
		goto out;
	refusals_init(bad, a);
	json_put_text(fields, "stream", k->stream);
	json_put_time(fields, "from", k->from_us);
	json_put_time(fields, "until", k->until_us);
	if (k->destroyed_us != 0)
		json_put_time(fields, "destroyed", k->destroyed_us);
	e = row_look(b, k, &same, fields, why);
	if (e == ERR_OK && !same)
		e = book_write(b, &c, now_us, bad, &w, why);
out:
	json_decref(fields);
	free(bad);
	arena_free(a);
	return e == ERR_MEMORY ? fault_set(why, e, "stream keys") : e;
}
