/*
 * vault/query_time.c: times as people write them in searches.
 *
 * A day, a minute or a second is a span of time; "-2h" goes from then on.
 */
#include <stdio.h>

#include "base/when.h"
#include "vault/line.h"
#include "vault/query.h"

/* -90s -15m -2h -7d -2w: so long before now. */
static bool
ago_read(struct span s, int64_t now_us, int64_t *us)
{
	static const struct {
		uint8_t letter;
		int64_t us;
	} unit[] = { { 's', WHEN_SECOND }, { 'm', WHEN_MINUTE },
		{ 'h', WHEN_HOUR }, { 'd', WHEN_DAY }, { 'w', 7 * WHEN_DAY } };
	uint64_t n;

	if (span_is(s, "now")) {
		*us = now_us;
		return true;
	}
	if (s.len < 3 || s.at[0] != '-' ||
	    !span_number(span_slice(s, 1, s.len - 2), 1000000, &n))
		return false;
	for (size_t i = 0; i < sizeof unit / sizeof unit[0]; i++) {
		if (s.at[s.len - 1] == unit[i].letter) {
			*us = now_us - (int64_t)n * unit[i].us;
			return true;
		}
	}
	return false;
}

enum err
query_time(struct span s, int64_t now_us, int64_t *from_us, int64_t *until_us,
    struct fault *why)
{
	struct day d;
	char text[48];
	int64_t us;

	if (ago_read(s, now_us, &us)) {
		*from_us = us;
		*until_us = INT64_MAX;
		return ERR_OK;
	}
	if (day_parse(s, &d, NULL) == ERR_OK ||
	    roc_parse(s, &d, NULL) == ERR_OK) {
		*from_us = day_start(d);
		*until_us = *from_us + WHEN_DAY;
		return ERR_OK;
	}
	if (when_parse(s, &us, NULL) == ERR_OK) {
		*from_us = us;
		*until_us = us + WHEN_SECOND - (us % WHEN_SECOND);
		return ERR_OK;
	}
	/* Without a zone it is ours; without seconds it is a minute. */
	line_put(text, sizeof text, "%.*s%s+08:00", s.len > 32 ? 0 : (int)s.len,
	    (const char *)s.at, s.len == 16 ? ":00" : "");
	if (when_parse(span_text(text), &us, NULL) == ERR_OK) {
		*from_us = us;
		*until_us = s.len == 16 ? us + WHEN_MINUTE
					: us + WHEN_SECOND - us % WHEN_SECOND;
		return ERR_OK;
	}
	return fault_set(why, ERR_SYNTAX,
	    "a time is wanted (2026-11-22, 2026-11-22T10:00, 115/11/22, -2h): "
	    "\"%.*s\"",
	    s.len > 60 ? 60 : (int)s.len, (const char *)s.at);
}
