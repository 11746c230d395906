/*
 * fuzz/book/book_schema.c: a register file of any bytes is a schema or a
 * line with its place, and a schema that was read makes tables.
 */
#include <stdlib.h>

#include "book/book.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct schema_file f = { "fuzz.yaml", span_of(data, len) };
	struct schema *s = NULL;
	struct book *b = NULL;
	struct fault why = { 0 };

	if (schema_read(&f, 1, &s, &why) != ERR_OK) {
		if (why.text[0] == '\0' || s != NULL)
			abort();
		return 0;
	}
	json_decref(schema_json(schema_at(s, 0)));
	if (book_open(":memory:", SQL_MEMORY, s, NULL, &b, &why) != ERR_OK)
		abort();
	book_close(b);
	schema_free(s);
	return 0;
}
