/*
 * vault/column.h: lists of numbers and of texts, as small as they go.
 *
 * About a column of one frame: values of one kind, in the order of the
 * records. The writer tries what may suit (constant, packed bits,
 * differences, a table of the values that occur, byte planes) and keeps the
 * smallest; the reader is told by the first byte. Lengths are known to the
 * reader from elsewhere, so none is stored.
 * Source: doc/format-vault.md, "Columns".
 */
#ifndef VAULT_COLUMN_H
#define VAULT_COLUMN_H

#include "base/buf.h"
#include "base/fault.h"

#define COLUMN_VALUES_MAX ((size_t)1 << 20) /* of one column */

struct column; /* the working memory of one writer or reader */

struct column *column_new(void);
void column_free(struct column *c);

/* number_put: append v in groups of 7 bits, the lowest first, bit 7 set
 * while more follow. number_get: the reverse; c->bad when it is none. */
void number_put(struct buf *b, uint64_t v);
uint64_t number_get(struct cursor *c);

/*
 * column_put: append n values. column_get: the next n values.
 *
 * Fails   ERR_DAMAGE: not a column of n values; ERR_MEMORY, ERR_LIMIT.
 */
MUST_CHECK enum err column_put(struct column *c, struct buf *b,
    const uint64_t *v, size_t n, struct fault *why);
MUST_CHECK enum err column_get(struct column *c, struct cursor *from,
    uint64_t *v, size_t n, struct fault *why);

/* column_put_bytes, column_get_bytes: bytes, squeezed where it pays; the
 * reader knows how many. Failures as above. */
MUST_CHECK enum err column_put_bytes(
    struct column *c, struct buf *b, struct span s, struct fault *why);
MUST_CHECK enum err column_get_bytes(struct column *c, struct cursor *from,
    uint8_t *to, size_t len, struct fault *why);

#endif
