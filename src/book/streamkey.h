/*
 * book/streamkey.h: the key register, as keeper tells of its keys.
 *
 * A key's making and its destruction are entries of register `stream_key` in
 * the first agency; the key itself never leaves keeper. What people wrote
 * there (the custodian) stays.
 */
#ifndef BOOK_STREAMKEY_H
#define BOOK_STREAMKEY_H

#include "book/book.h"

struct stream_key {
	struct span name, stream; /* stream: the retention class */
	int64_t from_us, until_us;
	int64_t destroyed_us; /* 0: it is there */
};

/* streamkey_tell: an entry, unless the register says so already.
 * Fails as book_write. */
MUST_CHECK enum err streamkey_tell(struct book *b, const struct stream_key *k,
    int64_t now_us, struct fault *why);

#endif
