/*
 * book/source.h: which log_source row a sender of logs belongs to.
 *
 * Rules are the rows of `log_source` that are not voided, in one list that
 * book hands to keeper as text. A row matches a record when each pattern it
 * has matches: match_host (names, `*` at either end, ASCII case ignored)
 * against the host name in the record, match_address (addresses or networks)
 * against the sender. A row without either matches nothing. A record without
 * a host name can match only by address. kind `beimen` matches Beimen's own
 * records (sender "beimen") and nothing else does. Of several, the most
 * exact wins: host and address, then host, then the longest network, then
 * agency and key in order.
 */
#ifndef BOOK_SOURCE_H
#define BOOK_SOURCE_H

#include "book/book.h"

struct source_rules;

/* One row; text lives as long as the rules. */
struct source_rule {
	const char *agency, *key, *system, *kind;
	bool firewall;
	unsigned keep_days; /* 0: none given */
};

/* source_rules_print: the rules of this database as JSON, appended to out. */
MUST_CHECK enum err source_rules_print(
    struct book *b, struct buf *out, struct fault *why);
/* source_rules_read: from that JSON. Handed over (source_rules_free). */
MUST_CHECK enum err source_rules_read(
    struct span json, struct source_rules **out, struct fault *why);
void source_rules_free(struct source_rules *r);
size_t source_rules_count(const struct source_rules *r);

/* source_match: the rule for a sender and the host name in its record; NULL
 * when none matches. sender is an address without port, or "beimen". */
const struct source_rule *source_match(
    const struct source_rules *r, struct span sender, struct span host);

/* source_rematch: set agency and log_source of every stored source by the
 * rules as they are now; *changed [out] how many differ. A source that no
 * rule matches keeps its agency. */
MUST_CHECK enum err source_rematch(
    struct book *b, uint64_t *changed, struct fault *why);

#endif
