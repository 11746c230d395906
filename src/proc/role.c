/*
 * proc/role.c: the process table.
 */
#include "proc/role.h"

#include "proc/roles.h"
#include "proc/vaultkeys.h"

#define CALL(name, from, when, fn) { fn },
static const struct answer_row keeper_answers[] = {
#include "call/keeper.tab"
};
static const struct answer_row sealer_answers[] = {
#include "call/sealer.tab"
};
static const struct answer_row book_answers[] = {
#include "call/book.tab"
};
static const struct answer_row signer_answers[] = {
#include "call/signer.tab"
};
static const struct answer_row gate_answers[] = {
#include "call/gate.tab"
};
static const struct answer_row reader_answers[] = {
#include "call/reader.tab"
};
static const struct answer_row rules_answers[] = {
#include "call/rules.tab"
};
#undef CALL

/* The signer first, the faces last; they end in the reverse order. */
const enum role role_order[] = { ROLE_SIGNER, ROLE_GATE, ROLE_BOOK, ROLE_KEEPER,
	ROLE_SEALER, ROLE_READER, ROLE_RULES, ROLE_INTAKE, ROLE_INGEST,
	ROLE_FOLLOW, ROLE_WEB, ROLE_N };

static const struct role_row rows[] = {
	{
	    .role = ROLE_SIGNER,
	    .instances = 1,
	    .user = "beimen-signer",
	    .folder = "signer",
	    .mode = 0700,
	    .sees_data = true,
	    .fence = { MAY_CHANGE, { NULL } },
	    .start = signer_proc_start,
	    .stop = signer_proc_stop,
	    .answers = signer_answers,
	},
	{
	    .role = ROLE_GATE,
	    .instances = 1,
	    .user = "beimen-gate",
	    .folder = "gate",
	    .mode = 0700,
	    .sees_data = true,
	    .fence = { MAY_OPEN | MAY_CHANGE, { "gate" } },
	    .start = gate_proc_start,
	    .ready = gate_proc_ready,
	    .stop = gate_proc_stop,
	    .answers = gate_answers,
	},
	{
	    .role = ROLE_BOOK,
	    .instances = 1,
	    .user = "beimen-book",
	    .folder = "book",
	    .mode = 0750,
	    .sees_data = true,
	    .fence = { MAY_OPEN | MAY_CHANGE, { "book" } },
	    .load = book_proc_load,
	    .start = book_proc_start,
	    .ready = book_proc_ready,
	    .stop = book_proc_stop,
	    .answers = book_answers,
	},
	{
	    .role = ROLE_KEEPER,
	    .instances = 1,
	    .user = "beimen-keeper",
	    .folder = "vault",
	    .mode = 0750,
	    .sees_data = true,
	    .fence = { MAY_OPEN | MAY_CHANGE, { "vault", VAULTKEYS_FOLDER } },
	    .load = keeper_proc_load,
	    .start = keeper_proc_start,
	    .ready = keeper_proc_ready,
	    .stop = keeper_proc_stop,
	    .answers = keeper_answers,
	},
	{
	    .role = ROLE_SEALER,
	    .instances = 1,
	    .user = "beimen-keeper", /* the same files, nothing else */
	    .sees_data = true,
	    .fence = { MAY_OPEN | MAY_CHANGE, { "vault" } },
	    .start = sealer_proc_start,
	    .stop = sealer_proc_stop,
	    .answers = sealer_answers,
	},
	{
	    .role = ROLE_READER,
	    .instances = 2,
	    .user = "beimen-reader",
	    .sees_data = true,
	    .fence = { MAY_OPEN, { "book", "vault" } },
	    .load = reader_proc_load,
	    .start = reader_proc_start,
	    .stop = reader_proc_stop,
	    .answers = reader_answers,
	},
	{
	    .role = ROLE_RULES,
	    .instances = 1,
	    .user = "beimen-rules",
	    .sees_data = true,
	    .fence = { MAY_OPEN, { "book" } },
	    .load = rules_proc_load,
	    .start = rules_proc_start,
	    .ready = rules_proc_ready,
	    .stop = rules_proc_stop,
	    .answers = rules_answers,
	},
	{
	    .role = ROLE_INTAKE,
	    .instances = 1,
	    .user = "beimen-intake",
	    .holds = HOLDS_SYSLOG,
	    .fence = { MAY_ACCEPT, { NULL } },
	    .load = intake_proc_load,
	    .start = intake_proc_start,
	    .stop = intake_proc_stop,
	},
	{
	    .role = ROLE_INGEST,
	    .instances = 1,
	    .user = "beimen-ingest",
	    .holds = HOLDS_INGEST,
	    .fence = { MAY_ACCEPT, { NULL } },
	    .load = ingest_proc_load,
	    .start = ingest_proc_start,
	    .ready = ingest_proc_ready,
	    .stop = ingest_proc_stop,
	},
	{
	    .role = ROLE_FOLLOW,
	    .instances = 1,
	    .user = "beimen-follow",
	    .folder = "follow",
	    .mode = 0700,
	    .sees_data = true,
	    .groups = true,
	    .only_with = "follow",
	    .fence = { MAY_OPEN | MAY_CHANGE, { "follow" } },
	    .load = follow_proc_load,
	    .start = follow_proc_start,
	    .ready = follow_proc_ready,
	    .stop = follow_proc_stop,
	},
	{
	    .role = ROLE_WEB,
	    .instances = 1,
	    .user = "beimen-web",
	    .holds = HOLDS_WEB,
	    .fence = { MAY_ACCEPT | MAY_THREAD, { NULL } },
	    .load = web_proc_load,
	    .start = web_proc_start,
	    .ready = web_proc_ready,
	    .stop = web_proc_stop,
	},
};

const struct role_row *
role_row(enum role r)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].role == r)
			return &rows[i];
	return NULL;
}
