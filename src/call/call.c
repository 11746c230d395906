/*
 * call/call.c: the permit tables without their functions.
 */
#include "call/call.h"

#include <string.h>

#define CALL(name, from, when, fn) { #name, from, when },
static const struct call_row keeper_rows[] = {
#include "call/keeper.tab"
};
static const struct call_row sealer_rows[] = {
#include "call/sealer.tab"
};
static const struct call_row book_rows[] = {
#include "call/book.tab"
};
static const struct call_row signer_rows[] = {
#include "call/signer.tab"
};
static const struct call_row gate_rows[] = {
#include "call/gate.tab"
};
static const struct call_row reader_rows[] = {
#include "call/reader.tab"
};
static const struct call_row rules_rows[] = {
#include "call/rules.tab"
};
#undef CALL

static const struct {
	const char *name;
	const struct call_row *rows;
	unsigned n;
} roles[ROLE_N] = {
	[ROLE_SUPERVISOR] = { "supervisor", NULL, 0 },
	[ROLE_INTAKE] = { "intake", NULL, 0 },
	[ROLE_INGEST] = { "ingest", NULL, 0 },
	[ROLE_FOLLOW] = { "follow", NULL, 0 },
	[ROLE_KEEPER] = { "keeper", keeper_rows, KEEPER_N },
	[ROLE_SEALER] = { "sealer", sealer_rows, SEALER_N },
	[ROLE_BOOK] = { "book", book_rows, BOOK_N },
	[ROLE_READER] = { "reader", reader_rows, READER_N },
	[ROLE_RULES] = { "rules", rules_rows, RULES_N },
	[ROLE_SIGNER] = { "signer", signer_rows, SIGNER_N },
	[ROLE_GATE] = { "gate", gate_rows, GATE_N },
	[ROLE_WEB] = { "web", NULL, 0 },
	[ROLE_CLI] = { "cli", NULL, 0 },
};

const char *
role_name(enum role r)
{
	return (unsigned)r < ROLE_N ? roles[r].name : "?";
}

enum role
role_find(const char *name)
{
	unsigned r = 0;

	while (r < ROLE_N && strcmp(roles[r].name, name) != 0)
		r++;
	return (enum role)r;
}

const struct call_row *
call_rows(enum role callee, unsigned *n)
{
	*n = (unsigned)callee < ROLE_N ? roles[callee].n : 0;
	return *n == 0 ? NULL : roles[callee].rows;
}

bool
call_may(enum role asker, enum role callee)
{
	unsigned n;
	const struct call_row *rows = call_rows(callee, &n);

	for (unsigned i = 0; i < n; i++)
		if ((rows[i].from & 1U << asker) != 0)
			return true;
	return false;
}
