/*
 * fuzz/web/web_form.c: forms, escapes and cookies of any bytes.
 */
#include "web/form.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena *a = arena_new(1 << 22), *again = arena_new(1 << 22);
	struct form f = { 0 }, g = { 0 };
	char *text = calloc(1, len + 1);
	struct buf b;

	if (a == NULL || again == NULL || text == NULL)
		abort();
	buf_init(&b, 1 << 22);
	if (form_parse(a, span_of(data, len), &f, NULL) == ERR_OK) {
		/* What was read is written and read back the same. */
		for (unsigned i = 0; i < f.n; i++) {
			buf_u8(&b, '&');
			form_escape(&b, span_text(f.field[i].name));
			buf_u8(&b, '=');
			form_escape(&b, span_text(f.field[i].value));
		}
		if (f.n > 0 && f.n < FORM_FIELDS_MAX &&
		    b.len <= FORM_BYTES_MAX) {
			if (form_parse(again, buf_view(&b), &g, NULL) !=
				ERR_OK ||
			    g.n != f.n)
				abort();
			for (unsigned i = 0; i < f.n; i++)
				if (strcmp(f.field[i].value,
					g.field[i].value) != 0)
					abort();
		}
	}
	if (len != 0)
		memcpy(text, data, len);
	if (form_cookie(text, "__Host-beimen").len > len)
		abort();
	buf_clear(&b);
	free(text);
	arena_free(a);
	arena_free(again);
	return 0;
}
