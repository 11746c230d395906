/*
 * fuzz/intake/lognorm.c: any text as a liblognorm rule base: what comes out is
 * YAML, and what it says of rules is read or refused with a line.
 */
#include "intake/lognorm.h"

#include <stdlib.h>

#include "intake/normalize.h"
#include "pack/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A lognorm_tell_fn. */
static void
tell(void *arg, const char *line)
{
	if (line[0] == '\0')
		abort();
	++*(unsigned *)arg;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned n = 0, skipped = 0, told = 0;
	struct normalizer *rules = NULL;
	struct fault why = { .code = ERR_OK };
	struct yaml *y = NULL;
	struct buf out;

	buf_init(&out, 4 << 20);
	if (lognorm_convert(span_slice(span_of(data, size), 0, 8192), "f", &out,
		tell, &told, &n, &skipped, &why) == ERR_OK) {
		if (told != skipped)
			abort();
		if (yaml_read(buf_view(&out), "f", &y, &why) == ERR_OK) {
			if (normalize_read(buf_view(&out), "f", &rules, &why) !=
				ERR_OK &&
			    why.text[0] == '\0')
				abort();
		} else if (span_find_text(span_of(why.text, strlen(why.text)),
			       "control") == SIZE_MAX &&
		    span_find_text(span_of(why.text, strlen(why.text)),
			"not allowed") == SIZE_MAX) {
			abort();
		}
	}
	yaml_doc_free(y);
	normalize_free(rules);
	buf_clear(&out);
	return 0;
}
