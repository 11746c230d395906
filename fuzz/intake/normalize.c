/*
 * fuzz/intake/normalize.c: any record against the rules that Beimen comes
 * with, the fast way and rule by rule. They are read from $SRC/normalize, or ./normalize.
 */
#include "intake/normalize.h"

#include <stdio.h>
#include <stdlib.h>

#include "intake/syslog.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct normalizer *rules;
static struct arena *arena;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *src = getenv("SRC"), *path[1];
	struct fault why;
	struct buf b;

	(void)argc;
	(void)argv;
	buf_init(&b, 4096);
	buf_printf(&b, "%s/normalize", src == NULL ? "." : src);
	path[0] = buf_string(&b);
	if (normalize_load(path, 1, &rules, &why) != ERR_OK) {
		(void)fprintf(stderr, "%s\n", why.text);
		abort();
	}
	buf_clear(&b);
	if ((arena = arena_new(4 << 20)) == NULL)
		abort();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span raw = span_slice(span_of(data, size), 0, EVENT_RAW_MAX);
	struct event ev = { .received_us = 1 }, slow;
	const char *by;

	syslog_parse(raw, 1, &ev);
	slow = ev;
	by = normalize_apply(rules, arena, &ev);
	if (by != normalize_slow(rules, arena, &slow) ||
	    ev.category != slow.category)
		abort(); /* the fast way differs */
	if ((unsigned)ev.category >= CAT_N)
		abort();
	for (unsigned i = 0; i < FIELD_N; i++)
		if (ev.field[i].len > EVENT_FIELD_MAX ||
		    !span_equal(ev.field[i], slow.field[i]))
			abort();
	arena_reset(arena);
	return 0;
}
