/*
 * call/call.h: what processes may ask one another.
 *
 * call/NAME.tab lists every request that process NAME answers: its id, who
 * may ask, when, and the function that answers. The server loop checks the
 * row before the function runs; a request outside the table ends the asking
 * connection. The same rows tell the supervisor which pairs to connect.
 */
#ifndef CALL_CALL_H
#define CALL_CALL_H

#include "base/buf.h"
#include "base/fault.h"
#include "wire/wire.h"

/* The processes; `cli` is the command line, which the supervisor introduces. */
enum role {
	ROLE_SUPERVISOR,
	ROLE_INTAKE,
	ROLE_INGEST,
	ROLE_KEEPER,
	ROLE_SEALER, /* makes segments for keeper */
	ROLE_BOOK,
	ROLE_READER,
	ROLE_RULES,
	ROLE_SIGNER,
	ROLE_GATE,
	ROLE_WEB,
	ROLE_FOLLOW, /* watched folders of files */
	ROLE_CLI,
	ROLE_N
};

#define FROM_SUPERVISOR (1U << ROLE_SUPERVISOR)
#define FROM_INTAKE (1U << ROLE_INTAKE)
#define FROM_INGEST (1U << ROLE_INGEST)
#define FROM_KEEPER (1U << ROLE_KEEPER)
#define FROM_BOOK (1U << ROLE_BOOK)
#define FROM_READER (1U << ROLE_READER)
#define FROM_RULES (1U << ROLE_RULES)
#define FROM_GATE (1U << ROLE_GATE)
#define FROM_WEB (1U << ROLE_WEB)
#define FROM_FOLLOW (1U << ROLE_FOLLOW)
#define FROM_CLI (1U << ROLE_CLI)

/* When a request is answered. */
enum call_when {
	ANY_TIME,
	AT_START, /* only until the process has told it is ready to serve */
};

enum call_keeper {
#define CALL(name, from, when, fn) KEEPER_##name,
#include "call/keeper.tab"
#undef CALL
	KEEPER_N
};
enum call_sealer {
#define CALL(name, from, when, fn) SEALER_##name,
#include "call/sealer.tab"
#undef CALL
	SEALER_N
};
enum call_book {
#define CALL(name, from, when, fn) BOOK_##name,
#include "call/book.tab"
#undef CALL
	BOOK_N
};
enum call_signer {
#define CALL(name, from, when, fn) SIGNER_##name,
#include "call/signer.tab"
#undef CALL
	SIGNER_N
};
enum call_gate {
#define CALL(name, from, when, fn) GATE_##name,
#include "call/gate.tab"
#undef CALL
	GATE_N
};
enum call_reader {
#define CALL(name, from, when, fn) READER_##name,
#include "call/reader.tab"
#undef CALL
	READER_N
};
enum call_rules {
#define CALL(name, from, when, fn) RULES_##name,
#include "call/rules.tab"
#undef CALL
	RULES_N
};

/* One row as the loop and the supervisor see it, without the function. */
struct call_row {
	const char *name;
	unsigned from; /* FROM_ bits */
	enum call_when when;
};

/* role_name: "keeper". role_find: ROLE_N when there is none. */
const char *role_name(enum role r);
enum role role_find(const char *name);

/* call_rows: the table of what `callee` answers; *n [out] rows; NULL and 0
 * for one that answers nothing. */
const struct call_row *call_rows(enum role callee, unsigned *n);
/* call_may: `asker` may ask something of `callee`: they are connected. */
bool call_may(enum role asker, enum role callee);

#endif
