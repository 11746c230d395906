/*
 * fuzz/vault/detect.c: any bytes as a saved state of the detectors, and what
 * is counted from it: what can be loaded can be saved, and loaded again.
 */
#include "vault/detect.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define PART(name)                                                \
	"title: " name "\nname: " name "\nlevel: informational\n" \
	"logsource: {product: any}\n"                             \
	"detection: {k: [" name "], condition: k}\n---\n"
#define HEAD(name, type)                                               \
	"title: " name "\nname: " name "\ncorrelation:\n  type: " type \
	"\n  group-by: [user]\n  timespan: 9s\n"

static const char rules[] = PART("a") PART("b") HEAD(
    "e", "event_count") "  rules: [a]\n  condition: {gte: 3}\n---\n" HEAD("v",
    "value_count") "  rules: [a, b]\n  condition: {field: src, gte: 2}\n"
		   "beimen: {open: {session: session, closed-by: b, for: "
		   "1h}}\n---\n" HEAD(
		       "s", "value_sum") "  rules: [b]\n"
					 "  condition: {field: count, gte: "
					 "9}\n---\n" HEAD(
					     "t", "temporal") "  rules: "
							      "[a, "
							      "b]\n---"
							      "\n" HEAD("o",
								  "temporal"
								  "_ordere"
								  "d") "  "
								       "rul"
								       "es:"
								       " ["
								       "e, "
								       "b]"
								       "\n "
								       " ge"
								       "ner"
								       "ate"
								       ": "
								       "tru"
								       "e"
								       "\n";

static enum err
hear(void *arg, const struct detection *d, struct fault *why)
{
	(void)arg;
	(void)why;
	assert(d->n_records <= DETECT_RECORDS_MAX);
	return ERR_OK;
}

static void
feed(struct detect *d, struct span s)
{
	struct fault why;

	for (size_t i = 0; i + 2 <= s.len && i < 512; i += 2) {
		static const char *const words[] = { "a", "b", "a b", "c" };
		struct event ev = { .received_us = s.at[i] * 1000000,
			.facility = EVENT_NO_SEVERITY,
			.severity = EVENT_NO_SEVERITY,
			.host = SPAN_LIT("h") };

		ev.message = ev.raw = span_text(words[s.at[i + 1] & 3]);
		ev.field[FIELD_USER] = span_slice(s, i, 1);
		ev.field[FIELD_SRC_IP] = span_slice(s, i + 1, 1);
		ev.field[FIELD_COUNT] = SPAN_LIT("4");
		assert(detect_feed(d, 1, 0, i + 1, &ev, hear, NULL, &why) ==
		    ERR_OK);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct sigma *set;
	struct span all = span_of(data, len);
	struct detect *d;
	struct fault why;
	struct buf b;

	if (set == NULL) {
		set = sigma_new();
		assert(sigma_taxonomy(set,
			   SPAN_LIT("logsources: [{product: any, "
				    "categories: ['*']}]"),
			   "t", &why) == ERR_OK);
		assert(sigma_add(set, SPAN_LIT(rules), "r", &why) == ERR_OK);
		assert(sigma_finish(set, NULL, NULL, &why) == ERR_OK);
		assert(sigma_count(set) == 7);
	}
	d = detect_new(set, 50);
	assert(d != NULL);
	if (detect_load(d, all, &why) == ERR_OK || len % 2 == 0) {
		feed(d, all);
		buf_init(&b, DETECT_STATE_MAX + (1 << 20));
		detect_save(d, &b);
		assert(buf_error(&b) == ERR_OK);
		assert(detect_load(d, buf_view(&b), &why) == ERR_OK);
		buf_clear(&b);
	}
	detect_free(d);
	return 0;
}
