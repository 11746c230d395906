/*
 * tests/clause/doc_test.c: doc/clauses.md says what the pack says. To write
 * it anew: CLAUSES_DOC=write build/DIR/tests/clause/test_clause_doc
 */
#include "help.h"

#define DOC "doc/clauses.md"
/* Clauses that reach met, due, unmet and unknown from evidence: never fewer. */
#define REACHING_ALL 12

static struct pack *pack;
static struct schema *schema;

static int
load(void **state)
{
	(void)state;
	pack = city_pack();
	schema = city_schema();
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	pack_free(pack);
	schema_free(schema);
	return 0;
}

/* The states that the cases of c reach, as "met, due, …". */
static bool
print_reached(struct buf *b, const struct clause *c, int dir)
{
	static const enum state order[] = { STATE_MET, STATE_DUE, STATE_UNMET,
		STATE_UNKNOWN, STATE_EXCEPTED, STATE_NA };
	struct cases_sum sum = { 0 };
	struct fault why;
	bool first = true;

	OK(cases_run(
	    dir, PACK, c, city_tables, schema, NULL, NULL, &sum, &why));
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		if (!sum.reached[order[i]])
			continue;
		buf_printf(b, "%s%s", first ? "" : ", ", state_name(order[i]));
		first = false;
	}
	return sum.reached[STATE_MET] && sum.reached[STATE_DUE] &&
	    sum.reached[STATE_UNMET] && sum.reached[STATE_UNKNOWN];
}

/* Tables that a check reads. */
static void
print_tables(struct buf *b, const struct clause *c)
{
	struct check *k = NULL;
	struct sql *db = NULL;
	struct fault why;
	const char *t;

	OK(sql_open(NULL, SQL_MEMORY, &db, &why));
	OK(book_tables(db, schema, &why));
	OK(check_prepare(db, c, 1000, &k, &why));
	for (unsigned i = 0; (t = check_table(k, i)) != NULL; i++)
		buf_printf(b, "%s%s", i == 0 ? "" : " ", t);
	check_free(k);
	sql_close(db);
}

/* One row of the table. */
static unsigned
print_row(struct buf *b, const struct clause *c, int dir)
{
	unsigned all = 0;

	if (!clause_judged(c)) {
		buf_printf(b, "| %s | %s | %s | | | | |\n", c->id, c->title.zh,
		    mode_name(c->mode));
		return 0;
	}
	buf_printf(b, "| %s | %s<br>%s | %s | %s | %s<br>%s | ", c->id,
	    c->title.zh, c->title.en, mode_name(c->mode),
	    modality_name(c->modality), c->decided_by.zh, c->decided_by.en);
	if (c->sql == NULL) {
		buf_text(b, "wanted:");
		for (unsigned i = 0; i < c->n_instruments; i++)
			buf_printf(b, " %s", c->instruments[i]);
		buf_text(b, " | unknown |\n");
		return 0;
	}
	print_tables(b, c);
	buf_text(b, " | ");
	all = print_reached(b, c, dir);
	buf_text(b, " |\n");
	return all;
}

static const char head[] =
    "# Clauses: what decides each of them\n"
    "\n"
    "Made from the pack by tests/clause/doc_test.c, which also holds this "
    "page\n"
    "to it. *Evidence* names the tables that the check reads today, or the\n"
    "instruments that are wanted; *reached* the states that its cases reach.\n"
    "A clause without a check is `unknown`, reason \"no instrument yet\".\n"
    "\n"
    "| clause | title | mode | modality | what decides | evidence | reached |\n"
    "| --- | --- | --- | --- | --- | --- | --- |\n";

static void
the_page_of_clauses_says_what_the_pack_says(void **state)
{
	const char *write_it = getenv("CLAUSES_DOC");
	unsigned judged = 0, checked = 0, all = 0;
	struct buf b, stored;
	int dir = source_root(), fd;
	ssize_t n;

	(void)state;
	buf_init(&b, (size_t)4 << 20);
	buf_init(&stored, (size_t)4 << 20);
	buf_text(&b, head);
	for (size_t i = 0; i < pack_count(pack); i++) {
		const struct clause *c = pack_at(pack, i);

		judged += clause_judged(c);
		checked += c->sql != NULL;
		all += print_row(&b, c, dir);
	}
	buf_printf(&b,
	    "\n%zu items; %u have a verdict; %u have a check today; %u reach "
	    "all of met, due,\nunmet and unknown from evidence.\n",
	    pack_count(pack), judged, checked, all);
	assert_true(all >= REACHING_ALL);
	if (write_it != NULL && strcmp(write_it, "write") == 0) {
		fd = openat(dir, DOC, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		assert_int_not_equal(fd, -1);
		assert_int_equal(write(fd, b.at, b.len), (ssize_t)b.len);
		close(fd);
	}
	fd = openat(dir, DOC, O_RDONLY);
	assert_int_not_equal(fd, -1);
	while ((n = read(fd, buf_room(&stored, 65536), 65536)) > 0)
		buf_took(&stored, (size_t)n);
	close(fd);
	close(dir);
	if (!span_equal(buf_view(&b), buf_view(&stored)))
		fail_msg("%s is not what the pack says; CLAUSES_DOC=write "
			 "writes it anew",
		    DOC);
	buf_clear(&b);
	buf_clear(&stored);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_of_clauses_says_what_the_pack_says),
	};

	return cmocka_run_group_tests(tests, load, drop);
}
