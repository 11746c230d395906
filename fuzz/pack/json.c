/*
 * fuzz/pack/json.c: JSON from anywhere.
 *
 * What is read has a canonical form, and that form read again has the same.
 */
#include "pack/json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	json_t *v = NULL, *again = NULL;
	struct fault why = { 0 };
	struct buf one, two;
	enum err e = json_read(span_of(data, len), &v, &why);

	if (e != ERR_OK) {
		assert(v == NULL && why.code == e && why.text[0] != '\0');
		return 0;
	}
	buf_init(&one, 1 << 22);
	buf_init(&two, 1 << 22);
	json_canonical(&one, v);
	assert(buf_error(&one) == ERR_OK);
	/* RFC 8785 writes 1e20 as an integer, which is one beyond int64. */
	if (json_read(buf_view(&one), &again, &why) != ERR_OK) {
		assert(strstr(why.text, "too big") != NULL);
		goto out;
	}
	json_canonical(&two, again);
	assert(span_equal(buf_view(&one), buf_view(&two)));
	json_decref(again);
	buf_reset(&two);
	json_pretty(&two, v);
	assert(buf_error(&two) == ERR_OK);
	assert(json_read(buf_view(&two), &again, &why) == ERR_OK);
	buf_reset(&two);
	json_canonical(&two, again);
	assert(span_equal(buf_view(&one), buf_view(&two)));
	json_decref(again);
out:
	json_decref(v);
	buf_clear(&one);
	buf_clear(&two);
	return 0;
}
