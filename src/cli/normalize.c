/*
 * cli/normalize.c: `beimen normalize`: trying and importing rules.
 */
#include "cli/inner.h"

#define COMMAND(word, sub, args, fn, options, help) command_fn fn;
#include "cli/command.tab"
#undef COMMAND

int
cmd_normalize_test(struct run *r)
{
	return r->b->normalize_test(r->word, r->n);
}

int
cmd_normalize_import(struct run *r)
{
	struct fault why;
	struct buf out;
	int status;

	buf_init(&out, (size_t)32 << 20);
	status = r->b->normalize_import(r->word[0], &out);
	if (status != EXIT_COULD_NOT &&
	    file_write(r, buf_view(&out), &why) != ERR_OK) {
		fail("%s", why.text);
		status = EXIT_COULD_NOT;
	}
	buf_clear(&out);
	return status;
}
