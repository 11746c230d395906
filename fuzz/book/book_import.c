/*
 * fuzz/book/book_import.c: a file of any bytes is imported or refused, and
 * what a dry run says comes true: the same counts, and nothing new the second
 * time. The book is left as it was.
 */
#include "small.h"

#include "book/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct book *b = small();
	struct import_job job = { .actor = SPAN_LIT("process:fuzz"),
		.agency = SPAN_LIT("main"),
		.reg = SPAN_LIT("thing"),
		.csv = span_of(data, len) };
	struct fault why = { 0 };
	json_t *o = NULL;
	int64_t n;

	if (book_begin(b, &why) != ERR_OK)
		abort();
	if (book_import(b, &job, SMALL_NOW + 1, &o, &why) != ERR_OK) {
		if (why.text[0] == '\0')
			abort();
		goto out;
	}
	n = json_get_int(o, "rows", -1);
	json_decref(o);
	o = NULL;
	if (book_import(b, &job, SMALL_NOW + 2, &o, &why) != ERR_OK ||
	    json_get_int(o, "same", -2) != n)
		abort();
out:
	json_decref(o);
	book_undo_all(b);
	return 0;
}
