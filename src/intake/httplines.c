/*
 * intake/httplines.c: plain batches, as syslog-ng's http() and scripts send.
 *
 * Works on  lines or a JSON list, hostile.
 * Runs in   proc/ingest.c.
 */
#include "intake/httplines.h"

#include "intake/httpdoc.h"
#include "intake/httpjson.h"

static void
record_do(struct httpfeed *f, struct span s)
{
	struct fault why;

	if (s.len > 0 && s.at[0] == '{' &&
	    httpdoc_give(f, s, SPAN_EMPTY, SPAN_EMPTY, SPAN_EMPTY, &why) ==
		ERR_OK)
		return;
	arena_reset(f->arena);
	httpfeed_line(f, s);
}

/* A list's elements: objects, texts, or whatever else as it stands. */
static enum err
list_read(struct httpfeed *f, struct span body, struct fault *why)
{
	struct httpjson j = httpjson_of(body);
	struct httpjson_text t;
	struct span s;

	if (!httpjson_skip(&j, NULL) || !httpjson_done(&j))
		return fault_set(
		    why, ERR_SYNTAX, "not JSON at byte %zu", j.pos + 1);
	j = httpjson_of(body);
	(void)httpjson_enter(&j, '[');
	while (httpjson_item(&j)) {
		if (httpjson_kind(&j) == HTTPJSON_TEXT) {
			(void)httpjson_text(&j, &t);
			s = httpjson_plain(f->arena, &t);
			if (s.len > 0)
				httpfeed_line(f, s);
		} else if (httpjson_skip(&j, &s)) {
			record_do(f, s);
		}
	}
	return ERR_OK;
}

enum err
httplines_read(struct httpfeed *f, struct span body, struct fault *why)
{
	struct cursor c = cursor_of(body);
	struct span first = span_trim(span_slice(body, 0, 64));

	if (first.len > 1 && first.at[0] == '[' &&
	    (first.at[1] == '{' || first.at[1] == '"' || first.at[1] == ']' ||
		first.at[1] == '\n' || first.at[1] == '\r'))
		return list_read(f, body, why);
	while (c.pos < c.all.len) {
		struct span line = cursor_until(&c, '\n', NULL);

		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		if (span_trim(line).len > 0)
			record_do(f, line);
	}
	return ERR_OK;
}
