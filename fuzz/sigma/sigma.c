/*
 * fuzz/sigma/sigma.c: any text as a file of rules, and any record against
 * them. What stands behind the first NUL is the record; before it the rules.
 * The second half of the record, if any, is asked once more: the same record
 * fits the same rules.
 */
#include "sigma/sigma.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char taxonomy[] =
    "fields: {Image: [process.file.path], U: [user, json:a.b]}\n"
    "containers: [winlog.event_data]\n"
    "logsources:\n  - {product: any, categories: ['*']}\n"
    "  - {product: windows, json: true, where: {EventID: 1}}\n";
static const char values[] =
    "tables: {a: [x, 'y*', 3], b: {from: inventory}, c: [10.0.0.0/8]}\n";

static void
ask(struct sigma *s, struct span record)
{
	struct sigma_record *r = sigma_record_new(s);
	struct event ev = { .received_us = 1772416800000000,
		.facility = EVENT_NO_SEVERITY,
		.severity = 5,
		.message = record,
		.raw = record };
	size_t n, again;

	assert(r != NULL);
	ev.field[FIELD_USER] = span_slice(record, 0, 9);
	ev.field[FIELD_SRC_IP] = SPAN_LIT("10.1.2.3");
	for (unsigned c = 0; c < CAT_N; c++) {
		ev.category = (enum event_category)c;
		sigma_record_take(r, &ev, ev.received_us);
		(void)sigma_matches(r, &n);
		sigma_record_take(r, &ev, ev.received_us);
		(void)sigma_matches(r, &again);
		assert(n == again && n <= sigma_count(s));
	}
	sigma_record_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span all = span_of(data, len);
	size_t at = span_find(all, 0);
	struct sigma *s = sigma_new();
	struct span mac[] = { SPAN_LIT("aa:bb") };
	struct fault why;

	if (s == NULL)
		return 0;
	assert(sigma_taxonomy(s, SPAN_LIT(taxonomy), "t", &why) == ERR_OK);
	assert(sigma_values(s, SPAN_LIT(values), "v", &why) == ERR_OK);
	assert(sigma_table_set(s, "b", mac, 1, &why) == ERR_OK);
	if (sigma_add(s, span_slice(all, 0, at), "r", &why) == ERR_OK &&
	    sigma_finish(s, NULL, NULL, &why) == ERR_OK)
		ask(s,
		    at == SIZE_MAX ? SPAN_EMPTY
				   : span_slice(all, at + 1, SIZE_MAX));
	sigma_free(s);
	return 0;
}
