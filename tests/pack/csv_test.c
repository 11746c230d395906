/*
 * tests/pack/csv_test.c: tables that come from a spreadsheet, and go to one.
 */
#include "pack/csv.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* All rows as "LINE:[cell][cell] ", or the line of the fault. */
static enum err
rows_of(struct span s, struct csv_limits most, struct buf *b)
{
	struct fault why = { 0 };
	struct csv *c = NULL;
	struct csv_row row;
	bool more = true;
	enum err e = csv_open(s, most, &c, &why);

	buf_reset(b);
	while (e == ERR_OK && more) {
		e = csv_next(c, &row, &more, &why);
		if (e != ERR_OK || !more)
			break;
		buf_printf(b, "%zu:", row.line);
		for (size_t i = 0; i < row.n; i++)
			buf_printf(b, "[%.*s]", (int)row.cell[i].len,
			    (const char *)row.cell[i].at);
		buf_text(b, " ");
	}
	if (e != ERR_OK) {
		/* A reader that failed says the same when asked again. */
		if (c != NULL)
			assert_int_equal(csv_next(c, &row, &more, NULL), e);
		buf_reset(b);
		buf_text(b, why.text);
	}
	csv_close(c);
	return e;
}

static void
cells_are_read_as_rfc_4180_says(void **state)
{
	static const struct {
		const char *in, *out;
	} form[] = {
		{ "", "" },
		{ "\xEF\xBB\xBF", "" },
		{ "a,b\r\nc,d\r\n", "1:[a][b] 2:[c][d] " },
		{ "a,b\nc,d", "1:[a][b] 2:[c][d] " },
		{ "\xEF\xBB\xBF"
		  "名稱,b",
		    "1:[名稱][b] " },
		{ "a,,\r\n,\r\n", "1:[a][][] 2:[][] " },
		{ "\r\n\n a , b \n\n", "3:[ a ][ b ] " },
		{ "\"a\",\"b,c\"\r\n", "1:[a][b,c] " },
		{ "\"a\"\"b\",\"\"\"\",\"\"\n", "1:[a\"b][\"][] " },
		{ "\"a\r\nb\",c\nd\n", "1:[a\r\nb][c] 3:[d] " },
		{ "\"\"", "1:[] " },
		{ "a,\"b\"", "1:[a][b] " },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
		if (rows_of(span_text(form[i].in), CSV_LIMITS, &b) != ERR_OK)
			fail_msg("%s: %s", form[i].in, buf_string(&b));
		assert_string_equal(buf_string(&b), form[i].out);
	}
	buf_clear(&b);
}

static void
a_mistake_is_answered_with_line_and_column(void **state)
{
	static const struct {
		const char *in, *line;
	} form[] = {
		{ "a,b\nc,d\"e\n",
		    "line 2, column 2: a quote inside a cell "
		    "that does not begin with one" },
		{ "\"a\"b,c\n",
		    "line 1, column 1: text behind a closing "
		    "quote" },
		{ "a\nb,\"c\nd\n",
		    "line 2, column 2: a quote that is never "
		    "closed" },
		{ "a\rb\n",
		    "line 1, column 1: a carriage return without a "
		    "line feed" },
		{ "a,\"b\"\r",
		    "line 1, column 2: a carriage return without a "
		    "line feed" },
		/* 名稱 in Big5. */
		{ "a,b\n\"x\ny\",\xA6\x57\xBA\xD9\n",
		    "line 3, column 2: not UTF-8: save as CSV UTF-8 "
		    "(不是 UTF-8：請另存為「CSV UTF-8」)" },
		{ "\xFF\xFE"
		  "a",
		    "line 1, column 1: not UTF-8: save as CSV "
		    "UTF-8 (不是 UTF-8：請另存為「CSV UTF-8」)" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
		assert_int_equal(
		    rows_of(span_text(form[i].in), CSV_LIMITS, &b), ERR_SYNTAX);
		assert_string_equal(buf_string(&b), form[i].line);
	}
	assert_int_equal(
	    rows_of(span_of("a,b\0c", 5), CSV_LIMITS, &b), ERR_SYNTAX);
	assert_string_equal(buf_string(&b), "line 1, column 2: a NUL byte");
	buf_clear(&b);
}

static void
rows_columns_and_cells_have_their_most(void **state)
{
	const struct csv_limits few = { 2, 3, 4 };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(
	    rows_of(SPAN_LIT("a,b,c\n\"1234\"\n\n"), few, &b), ERR_OK);
	assert_int_equal(rows_of(SPAN_LIT("a\nb\n\nc\n"), few, &b), ERR_LIMIT);
	assert_string_equal(
	    buf_string(&b), "line 4, column 1: more than 2 rows");
	assert_int_equal(rows_of(SPAN_LIT("a,b,c,d\n"), few, &b), ERR_LIMIT);
	assert_string_equal(
	    buf_string(&b), "line 1, column 4: more than 3 columns");
	assert_int_equal(rows_of(SPAN_LIT("a,12345\n"), few, &b), ERR_LIMIT);
	assert_string_equal(
	    buf_string(&b), "line 1, column 2: a cell of more than 4 bytes");
	/* Quotes count as they are meant, not as they are written. */
	assert_int_equal(
	    rows_of(SPAN_LIT("\"\"\"\"\"\"\"\"\"\"\n"), few, &b), ERR_OK);
	assert_int_equal(
	    rows_of(SPAN_LIT("\"\"\"\"\"\"\"\"\"\"\"\"\n"), few, &b),
	    ERR_LIMIT);
	buf_clear(&b);
}

static void
a_cell_is_never_written_as_a_formula(void **state)
{
	static const char *const cells[] = { "=1+1", "+886", "-5", "@x", "\tx",
		"\rx", "'=x", "'x", "a=b", "", "'" };
	static const char want[] =
	    "\xEF\xBB\xBF'=1+1,'+886,'-5,'@x,'\tx,\"'\rx\",''=x,'x,a=b,,'\r\n"
	    "\"\"\r\n"
	    "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\" x\",'-7\r\n";
	struct csv_out o;
	struct csv *c;
	struct csv_row row;
	struct buf b;
	bool more;
	struct fault why = { 0 };

	(void)state;
	buf_init(&b, 4096);
	csv_begin(&o, &b, true);
	for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
		csv_text(&o, cells[i]);
	csv_end(&o);
	csv_text(&o, "");
	csv_end(&o);
	csv_text(&o, "a,b");
	csv_text(&o, "say \"hi\"");
	csv_text(&o, "two\nlines");
	csv_text(&o, " x");
	csv_int(&o, -7);
	csv_end(&o);
	assert_int_equal(buf_error(&b), ERR_OK);
	assert_string_equal(buf_string(&b), want);
	/* What was written is read back as it was. */
	assert_int_equal(csv_open(buf_view(&b), CSV_LIMITS, &c, &why), ERR_OK);
	assert_int_equal(csv_next(c, &row, &more, &why), ERR_OK);
	assert_int_equal(row.n, sizeof cells / sizeof cells[0]);
	for (size_t i = 0; i < row.n; i++)
		assert_true(span_is(csv_plain(row.cell[i]), cells[i]));
	csv_close(c);
	buf_clear(&b);
}

/* Found by fuzzing: the first cell's own U+FEFF was taken for the mark. */
static void
a_cell_that_begins_with_a_mark_keeps_it(void **state)
{
	struct csv_out o;
	struct buf b, rows;

	(void)state;
	buf_init(&b, 100);
	buf_init(&rows, 100);
	csv_begin(&o, &b, false);
	csv_text(&o,
	    "\xEF\xBB\xBF"
	    "a");
	csv_end(&o);
	assert_int_equal(rows_of(buf_view(&b), CSV_LIMITS, &rows), ERR_OK);
	assert_string_equal(buf_string(&rows),
	    "1:[\xEF\xBB\xBF"
	    "a] ");
	buf_clear(&b);
	buf_clear(&rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_are_read_as_rfc_4180_says),
		cmocka_unit_test(a_mistake_is_answered_with_line_and_column),
		cmocka_unit_test(rows_columns_and_cells_have_their_most),
		cmocka_unit_test(a_cell_is_never_written_as_a_formula),
		cmocka_unit_test(a_cell_that_begins_with_a_mark_keeps_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
