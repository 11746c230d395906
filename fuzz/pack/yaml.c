/*
 * fuzz/pack/yaml.c: YAML from anywhere.
 *
 * A document is JSON that can be written; every pointer has a line in it.
 */
#include "pack/yaml.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct yaml *y = NULL;
	json_t *again = NULL;
	struct fault why = { 0 };
	struct buf b;
	unsigned lines = 2;
	enum err e = yaml_read(span_of(data, len), "f", &y, &why);

	if (e != ERR_OK) {
		assert(y == NULL && why.code == e);
		assert(strncmp(why.text, "f:", 2) == 0);
		return 0;
	}
	for (size_t i = 0; i < len; i++)
		lines += data[i] == '\n' || data[i] == '\r';
	assert(yaml_line(y, "") >= 1 && yaml_line(y, "") <= lines);
	assert(yaml_line(y, "/0/a~1b/1") <= lines);
	buf_init(&b, 1 << 24);
	json_canonical(&b, yaml_root(y));
	assert(buf_error(&b) == ERR_OK);
	assert(json_read(buf_view(&b), &again, &why) == ERR_OK);
	assert(json_equal(again, yaml_root(y)));
	json_decref(again);
	buf_clear(&b);
	yaml_doc_free(y);
	return 0;
}
