/*
 * tests/book/entry_test.c: the one way by which a register changes.
 */
#include "help.h"

#include <signal.h>
#include <sys/wait.h>

#include "book/log.h"

static void
a_write_makes_entry_leaf_and_row_together(void **state)
{
	struct help *h = *state;
	struct written w;

	OK(help_do(h, "process:test", "main", "system", "web",
	    "{'name':'入口網','core':true}", NULL, 0, &w));
	assert_int_equal(w.seq, 5);
	assert_int_equal(w.leaf, 4);
	assert_true(w.added);
	assert_int_equal(ask_int(h, "SELECT size FROM log"), 5);
	assert_int_equal(
	    ask_int(h, "SELECT core FROM system WHERE key = 'web'"), 1);
	assert_int_equal(ask_int(h, "SELECT prev FROM entry WHERE seq = 5"), 4);
	assert_int_equal(ask_int(h, "SELECT prev FROM entry WHERE seq = 4"), 0);
	ASK_TEXT(h, "SELECT origin FROM log", "city.test/beimen/main");
	/* The same again writes nothing. */
	OK(help_do(h, "process:test", "main", "system", "web",
	    "{'name':' 入口網 ','core':'是'}", NULL, 0, &w));
	assert_true(w.unchanged);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM entry"), 5);
}

static void
the_body_is_canonical_and_hashes_to_the_leaf(void **state)
{
	struct help *h = *state;
	struct sql_stmt *s = NULL;
	struct hash leaf, body;
	struct buf b;
	bool row;

	ASK_TEXT(h, "SELECT body FROM entry WHERE seq = 4",
	    "{\"action\":\"set\",\"actor\":\"process:test\",\"agency\":"
	    "\"main\",\"effective\":\"2026-03-02T01:00:04Z\",\"fields\":{"
	    "\"name\":\"客服系統\",\"owner\":\"p1\"},\"ground\":null,"
	    "\"key\":\"crm\",\"prev\":0,\"register\":\"system\",\"seq\":4}");
	OK(sql_prepare(book_db(h->b),
	    "SELECT salt, body, hash, data FROM entry JOIN leaf ON at = leaf "
	    "WHERE seq = 4",
	    &s, &h->why));
	OK(sql_step(s, &row, &h->why));
	body = hash_of_parts(
	    (struct span[]){ sql_bytes(s, 0), sql_text(s, 1) }, 2);
	buf_init(&b, 128);
	buf_u8(&b, 0x10);
	buf_u64(&b, 4);
	buf_u64(&b, (uint64_t)(NOON + 4 * WHEN_SECOND));
	buf_add(&b, body.at, HASH_LEN);
	assert_true(span_equal(sql_bytes(s, 3), buf_view(&b)));
	leaf = merkle_leaf_hash(buf_view(&b));
	assert_true(span_equal(sql_bytes(s, 2), span_of(leaf.at, HASH_LEN)));
	buf_clear(&b);
	sql_stmt_free(s);
}

static void
a_refused_write_leaves_nothing(void **state)
{
	static const struct {
		const char *reg, *key, *fields, *code, *field;
		enum err e;
	} no[] = {
		{ "system", "x", "{}", REFUSE_REQUIRED, "name", ERR_RANGE },
		{ "system", "x", "{'name':'x','owner':'nobody'}", REFUSE_REF,
		    "owner", ERR_RANGE },
		{ "nothing", "x", "{}", REFUSE_UNKNOWN, "", ERR_NOT_FOUND },
		{ "system", "a/b", "{'name':'x'}", REFUSE_KEY, "", ERR_RANGE },
		{ "agency", "other", "{'name':'x'}", REFUSE_KEY, "",
		    ERR_RANGE },
		{ "agency", "main", "{'name':'x','parent':'main'}", REFUSE_REF,
		    "parent", ERR_RANGE },
	};
	struct help *h = *state;
	struct written w;

	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
		enum err e = help_do(h, "process:test", "main", no[i].reg,
		    no[i].key, no[i].fields, NULL, 0, &w);

		assert_int_equal(e, no[i].e);
		assert_int_equal(h->bad->n, 1);
		assert_string_equal(h->bad->at[0].code, no[i].code);
		assert_string_equal(h->bad->at[0].field, no[i].field);
	}
	assert_int_equal(help_do(h, "process:test", "main", "system", "crm",
			     "{'name':'x'}", NULL, h->now + WHEN_DAY, &w),
	    ERR_RANGE);
	assert_string_equal(h->bad->at[0].code, REFUSE_FUTURE);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM entry"), 4);
	assert_int_equal(ask_int(h, "SELECT size FROM log"), 4);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM system"), 1);
}

static void
voiding_needs_a_ground_and_keeps_the_row(void **state)
{
	struct help *h = *state;
	struct written w;

	assert_int_equal(help_do(h, "process:test", "main", "system", "crm",
			     NULL, "  ", 0, &w),
	    ERR_RANGE);
	assert_string_equal(h->bad->at[0].code, REFUSE_GROUND);
	OK(help_do(
	    h, "process:test", "main", "system", "crm", NULL, "已除役", 0, &w));
	ASK_TEXT(h, "SELECT name || voided || ground FROM system",
	    "客服系統1已除役");
	/* A voided row is no ref's target. */
	assert_int_equal(help_do(h, "process:test", "main", "host", "h",
			     "{'name':'h','system':'crm'}", NULL, 0, &w),
	    ERR_RANGE);
	assert_int_equal(help_do(h, "process:test", "main", "system", "nix",
			     NULL, "x", 0, &w),
	    ERR_NOT_FOUND);
}

static void
undo_writes_the_earlier_row_back(void **state)
{
	struct help *h = *state;
	struct written w, u;

	OK(help_do(h, "process:test", "main", "system", "crm",
	    "{'name':'錯了','core':true}", NULL, 0, &w));
	refusals_init(h->bad, h->a);
	OK(book_undo(h->b, S("process:test"), S("main"), w.seq, h->now += 1,
	    h->bad, &u, &h->why));
	ASK_TEXT(h, "SELECT name FROM system", "客服系統");
	assert_int_equal(ask_int(h, "SELECT core IS NULL FROM system"), 1);
	assert_int_equal(u.effective_us, w.effective_us);
	/* What is not the row's last entry cannot be undone. */
	assert_int_equal(book_undo(h->b, S("process:test"), S("main"), w.seq,
			     h->now += 1, h->bad, &u, &h->why),
	    ERR_STATE);
	/* Undoing the entry that made a row voids it. */
	OK(help_do(h, "process:test", "main", "system", "new", "{'name':'新'}",
	    NULL, 0, &w));
	OK(book_undo(h->b, S("process:test"), S("main"), w.seq, h->now += 1,
	    h->bad, &u, &h->why));
	assert_int_equal(
	    ask_int(h, "SELECT voided FROM system WHERE key='new'"), 1);
}

static void
what_took_effect_earlier_is_history_only(void **state)
{
	struct help *h = *state;
	struct written w;

	OK(help_do(h, "process:test", "main", "system", "crm",
	    "{'name':'舊名'}", NULL, NOON - WHEN_DAY, &w));
	assert_true(w.history);
	ASK_TEXT(h, "SELECT name FROM system", "客服系統");
	assert_int_equal(ask_int(h, "SELECT count(*) FROM entry"), 5);
}

static void
no_statement_changes_or_deletes_an_entry(void **state)
{
	struct help *h = *state;

	assert_int_not_equal(
	    sql_run(book_db(h->b), "UPDATE entry SET actor = 'x'", &h->why),
	    ERR_OK);
	assert_non_null(strstr(h->why.text, "entries are never changed"));
	assert_int_not_equal(
	    sql_run(book_db(h->b), "DELETE FROM entry", &h->why), ERR_OK);
	assert_non_null(strstr(h->why.text, "entries are never deleted"));
}

static void
another_reader_sees_all_of_a_write_or_nothing(void **state)
{
	struct help *h = *state;
	struct book *r = NULL;
	struct help other = *h;
	json_t *f = J("{'name':'半'}");
	struct command c = { .actor = S("process:test"),
		.agency = S("main"),
		.reg = S("system"),
		.key = S("half"),
		.action = ENTRY_SET,
		.fields = f };
	struct written w;

	OK(book_open(h->path, SQL_READ, h->schema, NULL, &r, &h->why));
	other.b = r;
	refusals_init(h->bad, h->a);
	OK(book_begin(h->b, &h->why));
	OK(book_write(h->b, &c, h->now += 1, h->bad, &w, &h->why));
	assert_int_equal(ask_int(&other, "SELECT count(*) FROM entry"), 4);
	assert_int_equal(ask_int(&other, "SELECT count(*) FROM system"), 1);
	assert_int_equal(ask_int(&other, "SELECT size FROM log"), 4);
	/* Killed here: the same as undone. */
	book_undo_all(h->b);
	assert_int_equal(ask_int(&other, "SELECT count(*) FROM entry"), 4);
	/* And afterwards the log goes on where it was. */
	OK(book_write(h->b, &c, h->now += 1, h->bad, &w, &h->why));
	assert_int_equal(w.seq, 5);
	assert_int_equal(w.leaf, 4);
	assert_int_equal(ask_int(&other, "SELECT count(*) FROM entry"), 5);
	assert_int_equal(ask_int(&other, "SELECT count(*) FROM system"), 2);
	assert_int_equal(ask_int(&other, "SELECT size FROM log"), 5);
	book_close(r);
	json_decref(f);
}

static void
a_writer_killed_before_its_commit_leaves_nothing(void **state)
{
	struct help *h = *state;
	struct written w;
	int status = 0;
	pid_t child;

	book_close(h->b);
	if ((child = fork()) == 0) {
		struct fault why = { 0 };

		/* the child's own handle, and then not another step */
		if (book_open(h->path, SQL_WRITE, h->schema, "city.test", &h->b,
			&why) == ERR_OK &&
		    book_begin(h->b, &why) == ERR_OK)
			set(h, "main", "system", "half", "{'name':'半'}");
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	OK(book_open(
	    h->path, SQL_WRITE, h->schema, "city.test", &h->b, &h->why));
	assert_int_equal(ask_int(h, "SELECT count(*) FROM entry"), 4);
	assert_int_equal(ask_int(h, "SELECT count(*) FROM system"), 1);
	OK(help_do(h, "process:test", "main", "system", "whole",
	    "{'name':'全'}", NULL, 0, &w));
	assert_int_equal(w.seq, 5);
	assert_int_equal(w.leaf, 4);
}

static void
a_clock_that_went_back_does_not_unorder_entries(void **state)
{
	struct help *h = *state;
	struct written w;

	h->now -= WHEN_DAY;
	OK(help_do(h, "process:test", "main", "system", "b", "{'name':'b'}",
	    NULL, 0, &w));
	assert_int_equal(w.received_us, NOON + 4 * WHEN_SECOND);
}

static void
a_stale_form_and_a_fresh_key(void **state)
{
	struct help *h = *state;
	json_t *f = J("{'name':'王五'}");
	struct command c = { .actor = S("process:test"),
		.agency = S("main"),
		.reg = S("person"),
		.key = S("p1"),
		.action = ENTRY_SET,
		.fields = f,
		.prev = 1 };
	struct written w;

	refusals_init(h->bad, h->a);
	assert_int_equal(
	    book_write(h->b, &c, h->now, h->bad, &w, &h->why), ERR_STATE);
	c.prev = 2;
	OK(book_write(h->b, &c, h->now, h->bad, &w, &h->why));
	c.key = S("-");
	c.prev = 0;
	OK(book_write(h->b, &c, h->now, h->bad, &w, &h->why));
	assert_string_equal(w.key, "person-1");
	json_object_set_new(f, "staff_no", json_string("B7"));
	OK(book_write(h->b, &c, h->now, h->bad, &w, &h->why));
	assert_string_equal(w.key, "B7");
	OK(book_write(h->b, &c, h->now, h->bad, &w, &h->why));
	assert_string_equal(w.key, "B7-1");
	json_decref(f);
}

/* A small generator: the same numbers on every machine. */
static uint32_t
next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void
rebuilt_registers_are_identical_after_2000_random_commands(void **state)
{
	struct help *h = *state;
	struct written w;
	uint32_t seed = 20260302;
	unsigned written = 0, refused = 0;
	bool same = false;

	OK(book_begin(h->b, &h->why));
	for (unsigned i = 0; i < 2000; i++) {
		char key[16], fields[200];
		int64_t back = (int64_t)(next(&seed) % 5) * WHEN_HOUR;
		enum err e;

		(void)snprintf(key, sizeof key, "s%u", next(&seed) % 40);
		(void)snprintf(fields, sizeof fields,
		    "{'name':'n%u','core':%s,'grade_c':'%s'%s}",
		    next(&seed) % 3, next(&seed) % 2 ? "true" : "null",
		    next(&seed) % 2 ? "low" : "high",
		    next(&seed) % 9 == 0 ? ",'owner':'nobody'" : "");
		e = help_do(h, "process:test", "main", "system", key,
		    next(&seed) % 6 == 0 ? NULL : fields,
		    next(&seed) % 4 == 0 ? "" : "測試",
		    back == 0 ? 0 : h->now - back, &w);
		if (e == ERR_OK)
			written++;
		else
			refused++;
		if (e == ERR_OK && next(&seed) % 10 == 0 && !w.unchanged)
			OK(book_undo(h->b, S("process:test"), S("main"), w.seq,
			    h->now += 1, h->bad, &w, &h->why));
	}
	OK(book_commit(h->b, &h->why));
	assert_true(written > 500 && refused > 100);
	OK(book_rebuild(h->b, &same, &h->why));
	assert_true(same);
	/* A row that no entry made is found. */
	OK(sql_run(book_db(h->b),
	    "UPDATE system SET core = 1 - core "
	    "WHERE key = (SELECT min(key) FROM system "
	    "WHERE core IS NOT NULL)",
	    &h->why));
	OK(sql_run(book_db(h->b),
	    "UPDATE system SET name = 'forged' WHERE "
	    "key = 's1'",
	    &h->why));
	OK(book_rebuild(h->b, &same, &h->why));
	assert_false(same);
	OK(book_rebuild(h->b, &same, &h->why));
	assert_true(same);
}

static void
a_field_added_later_is_a_column_added(void **state)
{
#define THING                                             \
	"name: agency\ntitle: {zh: 機關, en: Agency}\n" \
	"read: [everyone]\nwrite: [administrator]\n"      \
	"fields:\n  - {name: name, type: text, label: {zh: 名, en: N}}\n"
	static const char one[] = THING;
	static const char two[] = THING
	    "  - {name: size, type: int, label: {zh: 大, en: S}}\n";
	struct help *h = *state;
	struct schema_file f = { "agency.yaml", S(one) };
	struct schema *s1 = NULL, *s2 = NULL;
	struct help other = *h;
	struct written w;
	char path[320];

	(void)snprintf(path, sizeof path, "%s/two.db", h->dir);
	OK(schema_read(&f, 1, &s1, &h->why));
	f.text = S(two);
	OK(schema_read(&f, 1, &s2, &h->why));
	OK(book_open(path, SQL_WRITE, s1, NULL, &other.b, &h->why));
	OK(help_do(&other, "process:test", "a", "agency", "a", "{'name':'A'}",
	    NULL, 0, &w));
	book_close(other.b);
	/* A reader with the newer schema waits for the writer. */
	assert_int_equal(
	    book_open(path, SQL_READ, s2, NULL, &other.b, &h->why), ERR_STATE);
	assert_string_equal(
	    h->why.text, "register agency has no column size yet");
	OK(book_open(path, SQL_WRITE, s2, NULL, &other.b, &h->why));
	OK(help_do(&other, "process:test", "a", "agency", "a",
	    "{'name':'A','size':3}", NULL, 0, &w));
	assert_int_equal(ask_int(&other, "SELECT size FROM agency"), 3);
	book_close(other.b);
	schema_free(s1);
	schema_free(s2);
	(void)unlink(path);
	(void)snprintf(path, sizeof path, "%s/two.db-wal", h->dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof path, "%s/two.db-shm", h->dir);
	(void)unlink(path);
}

static void
rules_are_told_which_tables_changed(void **state)
{
	struct help *h = *state;
	struct written w;
	struct buf b;

	buf_init(&b, 1024);
	assert_true(book_changed(h->b, &b));
	assert_string_equal(
	    buf_string(&b), "[\"agency\",\"person\",\"system\"]");
	buf_reset(&b);
	assert_false(book_changed(h->b, &b));
	assert_int_not_equal(help_do(h, "process:test", "main", "unit", "u",
				 "{'name':'x'}", NULL, 0, &w),
	    ERR_OK);
	buf_reset(&b);
	assert_false(book_changed(h->b, &b));
	buf_clear(&b);
}

#define T(name) cmocka_unit_test_setup_teardown(name, help_setup, help_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_write_makes_entry_leaf_and_row_together),
		T(the_body_is_canonical_and_hashes_to_the_leaf),
		T(a_refused_write_leaves_nothing),
		T(voiding_needs_a_ground_and_keeps_the_row),
		T(undo_writes_the_earlier_row_back),
		T(what_took_effect_earlier_is_history_only),
		T(no_statement_changes_or_deletes_an_entry),
		T(another_reader_sees_all_of_a_write_or_nothing),
		T(a_writer_killed_before_its_commit_leaves_nothing),
		T(a_clock_that_went_back_does_not_unorder_entries),
		T(a_stale_form_and_a_fresh_key),
		T(rebuilt_registers_are_identical_after_2000_random_commands),
		T(a_field_added_later_is_a_column_added),
		T(rules_are_told_which_tables_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
