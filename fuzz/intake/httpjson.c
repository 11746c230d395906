/*
 * fuzz/intake/httpjson.c: what is passed over as one JSON value can be taken
 * apart, and its texts written without their escapes.
 */
#include "intake/httpjson.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every text of a list or object one level down. */
static void
texts_walk(struct arena *a, struct span s)
{
	struct httpjson j = httpjson_of(s);
	bool object = httpjson_kind(&j) == HTTPJSON_OBJECT;
	struct httpjson_text t, key;

	if (!httpjson_enter(&j, object ? '{' : '['))
		return;
	while (object ? httpjson_key(&j, &key) : httpjson_item(&j)) {
		t = httpjson_scalar(&j);
		(void)httpjson_plain(a, &t);
	}
	if (!httpjson_done(&j))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct httpjson j = httpjson_of(span_of(data, size));
	struct arena *a = arena_new((size_t)16 << 20);
	struct span s;

	if (a != NULL && httpjson_skip(&j, &s) && httpjson_done(&j) &&
	    s.len > 0 && (s.at[0] == '{' || s.at[0] == '['))
		texts_walk(a, s);
	arena_free(a);
	return 0;
}
