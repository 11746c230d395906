/*
 * fuzz api: a question from web, taken apart as reader and book do.
 */
#include <stdlib.h>

#include "base/text.h"
#include "proc/api.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_of(span_of(data, len));
	struct arena *a = arena_new((size_t)1 << 20);
	struct span part[16], v;
	struct api_ask q;
	struct fault why;
	unsigned n;

	if (a == NULL)
		return 0;
	if (api_ask_read(&c, &q, &why) == ERR_OK) {
		n = question_split(a, q.path, part, 16);
		if (n > 16)
			abort();
		for (unsigned i = 0; i < n; i++)
			if (!text_valid(part[i]) || part[i].len == 0)
				abort();
		v = question_param(a, q.query, "q");
		if (!text_valid(v))
			abort();
	}
	arena_free(a);
	return 0;
}
