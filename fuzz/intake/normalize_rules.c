/*
 * fuzz/intake/normalize_rules.c: any text as a rule file: rules, or a line
 * that names the place.
 */
#include "intake/normalize.h"

#include <stdlib.h>

#include "intake/syslog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault why = { .code = ERR_OK };
	struct event ev = { .received_us = 1 };
	struct normalizer *n = NULL;
	struct arena *a;

	if (normalize_read(span_of(data, size), "f", &n, &why) != ERR_OK) {
		if (why.text[0] == '\0')
			abort();
		return 0;
	}
	if ((a = arena_new(1 << 20)) != NULL) {
		syslog_parse(SPAN_LIT("<1>myapp: user a in"), 1, &ev);
		(void)normalize_apply(n, a, &ev);
	}
	arena_free(a);
	normalize_free(n);
	return 0;
}
