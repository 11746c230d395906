/*
 * intake/counts.h: what could not be understood or kept whole, by reason and
 * sender. The table is bounded: senders beyond its room share one row.
 */
#ifndef INTAKE_COUNTS_H
#define INTAKE_COUNTS_H

#include "base/event.h"

#define COUNTS_SENDERS 1024

enum counts_reason {
	COUNTS_BAD_PRI, /* PRI malformed or above 191 */
	COUNTS_BAD_HEADER, /* RFC 5424 header incomplete */
	COUNTS_BAD_TIME, /* no such time */
	COUNTS_BAD_UTF8, /* malformed UTF-8 or NUL inside */
	COUNTS_BARE, /* no header at all */
	COUNTS_CUT, /* beyond EVENT_RAW_MAX */
	COUNTS_BAD_COUNT, /* impossible octet count */
	COUNTS_UNFINISHED, /* the connection ended inside a record */
	COUNTS_EMPTY, /* a datagram without a byte of text */
	COUNTS_SLOW, /* connection closed: one record took too long */
	COUNTS_NO_MEMORY, /* connection closed for want of memory */
	COUNTS_LOST_BESIDE, /* datagrams the kernel dropped in this second */
	COUNTS_STRANGER, /* TLS handshake failed */
	COUNTS_BAD_RELP, /* connection closed: not RELP */
	COUNTS_DEAF, /* connection closed: it read no answers */
	COUNTS_N
};

/* One row; sender is "*" for all those beyond the table's room. */
struct counts_row {
	char sender[48];
	uint64_t n[COUNTS_N];
};

struct counts;

/* counts_new: NULL when memory is out. All of it is taken here. */
struct counts *counts_new(void);
void counts_free(struct counts *c);

/* counts_add: n more of one reason. Allocates nothing. */
void counts_add(
    struct counts *c, enum counts_reason r, struct span sender, uint64_t n);
/* counts_total: of one reason, all senders. */
uint64_t counts_total(const struct counts *c, enum counts_reason r);
/* counts_at: the rows in use, i from 0 in no order; NULL past the last. */
const struct counts_row *counts_at(const struct counts *c, size_t i);

/* counts_name: "bad-pri", …; "?" past the end. */
const char *counts_name(enum counts_reason r);

#endif
