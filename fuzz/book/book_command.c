/*
 * fuzz/book/book_command.c: fields of any JSON are a row or refusals that
 * say why; a row that was taken is in normal form: taken again, it changes
 * nothing.
 */
#include "small.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct book *b = small();
	struct command c = { .actor = SPAN_LIT("process:fuzz"),
		.agency = SPAN_LIT("main"),
		.reg = SPAN_LIT("thing"),
		.key = SPAN_LIT("k") };
	struct fault why = { 0 };
	struct written w;
	json_t *in = NULL;
	enum err e;

	if (json_read(span_of(data, len), &in, &why) != ERR_OK)
		return 0;
	c.fields = in;
	if (book_begin(b, &why) != ERR_OK)
		abort();
	e = book_write(b, &c, SMALL_NOW + 1, &small_bad, &w, &why);
	if (e != ERR_OK) {
		if (small_bad.total == 0 || small_bad.at[0].zh[0] == '\0' ||
		    small_bad.at[0].en[0] == '\0')
			abort();
		goto out;
	}
	if (book_write(b, &c, SMALL_NOW + 2, &small_bad, &w, &why) != ERR_OK ||
	    !w.unchanged)
		abort();
out:
	book_undo_all(b);
	json_decref(in);
	return 0;
}
