/*
 * fuzz/pack/csv.c: tables from anywhere.
 *
 * What is read can be written, and is then read as the same cells.
 */
#include "pack/csv.h"

#include <assert.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct csv_limits most = { 100, 20, 1000 };

/* Reads all of s and writes what it holds. */
static enum err
walk(struct span s, struct buf *to)
{
	struct csv *c = NULL;
	struct csv_row row;
	struct csv_out out;
	struct fault why = { 0 };
	size_t line = 0;
	bool more = true;
	enum err e = csv_open(s, most, &c, &why);

	csv_begin(&out, to, false);
	while (e == ERR_OK) {
		e = csv_next(c, &row, &more, &why);
		if (e != ERR_OK || !more)
			break;
		assert(row.line > line && row.n >= 1 && row.n <= most.columns);
		line = row.line;
		for (size_t i = 0; i < row.n; i++) {
			assert(row.cell[i].len <= most.cell);
			assert(text_valid(row.cell[i]));
			csv_cell(&out, csv_plain(row.cell[i]));
		}
		csv_end(&out);
	}
	if (e != ERR_OK)
		assert(why.code == e && why.text[0] != '\0');
	csv_close(c);
	return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf one, two;

	buf_init(&one, 1 << 22);
	buf_init(&two, 1 << 22);
	if (walk(span_of(data, len), &one) == ERR_OK) {
		assert(buf_error(&one) == ERR_OK);
		/* The apostrophe before a formula may pass the cell's most. */
		if (walk(buf_view(&one), &two) == ERR_OK)
			assert(span_equal(buf_view(&one), buf_view(&two)));
	}
	buf_clear(&one);
	buf_clear(&two);
	return 0;
}
