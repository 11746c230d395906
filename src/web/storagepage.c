/*
 * web/storagepage.c: how long the log will last, and the days it covers.
 *
 * About     the disk's forecast per stream, legal holds, and each source's
 *           calendar with its gaps named.
 * Runs      in the web process, in any of its threads.
 */
#include "web/page.h"

#define CELL_WIDTH 8
#define CELL_GAP 2
#define CELL_FULL 16 /* heights: what a day is shows without colour too */
#define CELL_PART 9
#define CELL_NONE 2

/* A number of bytes as people read it. */
static void
size_put(struct ask *k, json_t *o, const char *key, json_int_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB",
		"PiB" };
	json_int_t tenths = bytes * 10;
	unsigned u = 0;

	if (bytes > INT64_MAX / 10) {
		tenths = bytes / 1024 * 10;
		u = 1;
	}
	for (; tenths >= 10240 && u + 1 < sizeof units / sizeof units[0]; u++)
		tenths /= 1024;
	view_text(o, key,
	    u == 0 ? ask_printf(k, "%lld B", (long long)bytes)
		   : ask_printf(k, "%lld.%lld %s", (long long)(tenths / 10),
			 (long long)(tenths % 10), units[u]));
}

/* The calendar of one source as cells of a drawing. */
static void
cells_add(json_t *source)
{
	const char *days = json_get_text(source, "days", "");
	json_t *cells = json_array();
	json_int_t x = 0;

	for (; *days != '\0'; days++, x += CELL_WIDTH + CELL_GAP) {
		json_int_t h = *days == '-' ? CELL_NONE
		    : *days == 'p'          ? CELL_PART
					    : CELL_FULL;
		json_t *c = json_object();

		view_put(c, "x", json_integer(x));
		view_put(c, "y", json_integer(CELL_FULL - h));
		view_put(c, "h", json_integer(h));
		view_text(c, "kind",
		    *days == 'f'       ? "full"
			: *days == 'p' ? "part"
			: *days == 'g' ? "gap"
				       : "none");
		(void)json_array_append_new(cells, c);
	}
	view_put(source, "cells", cells);
	view_put(source, "width", json_integer(x));
}

void
log_storage(struct ask *k)
{
	static const char *const columns[] = { "name", "agency.key", "class",
		"keep_days", "holds_days", "enough", "records", "bytes",
		"day_bytes", "first", "last", NULL };
	json_t *d, *s;
	size_t i;

	if (!ask_read(k, "/log/storage", NULL, &d))
		return;
	if (page_json(k, d) ||
	    page_csv(k, json_object_get(d, "streams"), columns))
		return;
	size_put(k, d, "free", json_get_int(d, "free_bytes", 0));
	json_array_foreach(json_object_get(d, "streams"), i, s) {
		size_put(k, s, "size", json_get_int(s, "bytes", 0));
		size_put(k, s, "rate", json_get_int(s, "day_bytes", 0));
	}
	page_draw(k, 200, "storage", d);
}

void
log_calendar(struct ask *k)
{
	static const char *const names[] = { "agency", "days", NULL };
	static const char *const columns[] = { "source", "agency.key", "host",
		"sender", "log_source", "days", "lived", "whole", "n_gaps",
		"first", "last", NULL };
	json_t *d, *s;
	size_t i;

	if (!ask_read(k, "/log/calendar", ask_query(k, names), &d))
		return;
	if (page_json(k, d) ||
	    page_csv(k, json_object_get(d, "sources"), columns))
		return;
	json_array_foreach(json_object_get(d, "sources"), i, s)
		cells_add(s);
	page_draw(k, 200, "calendar", d);
}
