/*
 * book/accounts.c: a system's account list, imported as one action.
 *
 * The list's row counts its accounts and has a digest over them, so that a
 * row that goes missing later is a hole that checks can see. Runs in: book.
 */
#include "base/text.h"
#include "base/when.h"
#include "book/importing.h"

/* SYSTEM.YYYYMMDDThhmmss, Taipei. */
static void
list_key(struct buf *b, struct span system, int64_t taken_us)
{
	struct day d = when_day(taken_us);
	int64_t s = (taken_us - when_day_start(taken_us)) / WHEN_SECOND;

	buf_span(b, system);
	buf_printf(b, ".%04d%02d%02dT%02d%02d%02d", d.year, d.month, d.day,
	    (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
}

/* SHA-256 over the list's accounts in key order, each as canonical JSON with
 * its key, and how many there are. */
static enum err
accounts_digest(struct importing *im, struct buf *hex, int64_t *n)
{
	struct register_sql *q = book_register_sql(im->b, im->r);
	struct hasher *h = hasher_new();
	struct sql_stmt *s = NULL;
	struct hash digest;
	struct buf b;
	bool row;
	enum err e;

	buf_init(&b, ENTRY_BODY_MAX);
	*n = 0;
	if (h == NULL) {
		e = fault_set(im->why, ERR_MEMORY, "import");
		goto out;
	}
	if ((e = sql_prepare(im->b->db, q->all, &s, im->why)) != ERR_OK)
		goto out;
	while ((e = sql_step(s, &row, im->why)) == ERR_OK && row) {
		json_t *f;

		if (!span_equal(sql_text(s, ROW_AGENCY), im->job->agency) ||
		    sql_int(s, ROW_VOIDED) != 0)
			continue;
		if ((f = table_fields(s, im->r, ROW_FIELDS)) == NULL) {
			e = fault_set(im->why, ERR_MEMORY, "import");
			break;
		}
		if (span_is(im->list, json_get_text(f, "list", ""))) {
			buf_reset(&b);
			buf_block(&b, sql_text(s, ROW_KEY));
			json_canonical(&b, f);
			hasher_add(h, buf_view(&b));
			++*n;
		}
		json_decref(f);
	}
	digest = hasher_end(h);
	text_hex(hex, span_of(digest.at, HASH_LEN));
out:
	sql_stmt_free(s);
	hasher_free(h);
	buf_clear(&b);
	return e;
}

/* Write the list's row, with its sums. */
static enum err
list_write(
    struct importing *im, int64_t taken_us, int64_t rows, const char *digest)
{
	json_t *f = json_object();
	struct command c = { .actor = im->job->actor,
		.agency = im->job->agency,
		.reg = SPAN_LIT("account_list"),
		.key = im->list,
		.action = ENTRY_SET,
		.effective_us = im->job->effective_us,
		.fields = f };
	struct written w;
	struct buf at;
	enum err e;

	buf_init(&at, 64);
	when_print_utc(&at, taken_us);
	json_put_text(f, "system", im->system);
	json_put_text(f, "taken", buf_view(&at));
	json_put_int(f, "rows", rows);
	json_put_str(f, "digest", digest);
	e = json_object_size(f) != 4 ? fault_set(im->why, ERR_MEMORY, "import")
				     : entry_write(im->b, &c, im->who, false,
					   im->now_us, im->bad, &w, im->why);
	json_decref(f);
	buf_clear(&at);
	return e;
}

/* The list's row as it is stored. */
static enum err
list_known(struct importing *im, bool *there, char digest[static 65])
{
	const struct schema_register *r = schema_find(
	    im->b->schema, SPAN_LIT("account_list"));
	struct row_now now;
	const char *text;
	enum err e;

	*there = false;
	if (r == NULL)
		return fault_set(
		    im->why, ERR_NOT_FOUND, "no register account_list");
	if ((e = table_get(im->b, r, im->job->agency, im->list, &now, im->why)))
		return e;
	*there = now.there && !now.voided;
	text = json_get_text(now.fields, "digest", "");
	memset(digest, 0, 65);
	if (strlen(text) == 64)
		memcpy(digest, text, 64);
	json_decref(now.fields);
	return ERR_OK;
}

/* The accounts, as rows of a list that is promised; then its sums. */
static enum err
accounts_run(struct importing *im, json_t **out, struct buf *hex, int64_t *n)
{
	enum err e;

	im->b->promised = im->list;
	im->b->promised_in = schema_find(
	    im->b->schema, SPAN_LIT("account_list"));
	e = importing_run(im, out);
	im->b->promised_in = NULL;
	return e != ERR_OK ? e : accounts_digest(im, hex, n);
}

/* Inside the transaction: the accounts, their sums, the list. */
static enum err
accounts_take(struct importing *im, int64_t taken_us, json_t **out)
{
	char before[65];
	struct buf hex;
	bool there;
	int64_t n = 0;
	enum err e;

	buf_init(&hex, 128);
	if ((e = list_known(im, &there, before)) ||
	    (e = accounts_run(im, out, &hex, &n)))
		goto out;
	if (n != (int64_t)im->rows ||
	    (there && strcmp(before, buf_string(&hex)) != 0)) {
		e = fault_set(im->why, ERR_RANGE,
		    "there is another list of that system and time");
		goto out;
	}
	if (!there)
		e = list_write(im, taken_us, n, buf_string(&hex));
out:
	buf_clear(&hex);
	return e;
}

enum err
book_import_accounts(struct book *b, const struct import_job *job,
    struct span system, int64_t taken_us, int64_t now_us, json_t **out,
    struct fault *why)
{
	struct import_job own = *job;
	struct importing im;
	bool joined = false;
	struct buf key;
	enum err e;

	*out = NULL;
	own.reg = SPAN_LIT("account");
	buf_init(&key, SCHEMA_KEY_MAX);
	list_key(&key, system, taken_us);
	if ((e = importing_begin(&im, b, &own, now_us, why)) != ERR_OK)
		goto out;
	if (taken_us > now_us || taken_us < 0 || buf_error(&key) != ERR_OK) {
		e = fault_set(why, ERR_RANGE,
		    "an account list is taken before it is imported");
		goto out;
	}
	im.list = buf_view(&key);
	im.system = system;
	if ((e = book_join(b, why)) != ERR_OK)
		goto out;
	joined = true;
	e = accounts_take(&im, taken_us, out);
out:
	if (joined)
		e = importing_leave(&im, e);
	importing_end(&im);
	buf_clear(&key);
	return e;
}
