/*
 * vault/source.h: who sends, as the vault tells senders apart.
 *
 * A source is (sender address, host name in the record), numbered from 1 in
 * the order of first sight. Numbers never change: they are in every stored
 * row, so the table can be rebuilt from rows, and it is saved in the
 * catalogue before the rows that define it go.
 *
 * To whom a source belongs is not stored here: keeper gives a function that
 * answers from book's rules (book/source.h), and gives it again when they
 * change.
 */
#ifndef VAULT_SOURCE_H
#define VAULT_SOURCE_H

#include "base/env.h"
#include "base/event.h"
#include "vault/stream.h"

#define SOURCES_MAX 200000U /* more senders than this get ERR_LIMIT */

struct vault_source {
	uint32_t id; /* from 1 */
	struct span sender, host;
	enum event_transport via;
	int64_t first_us, last_us; /* received times */
	uint64_t records;
	/* As last resolved; agency "" when never. */
	char agency[STREAM_AGENCY_MAX + 1];
	char log_source
	    [STREAM_NAME_MAX]; /* its register key; "" uninventoried */
	unsigned keep_days; /* its own; 0: as the class */
	/* The vault's own notes. */
	bool resolved, saved;
};

/* What keeper answers for (sender, host). */
struct source_home {
	const char *agency; /* key of the agency it belongs to */
	const char
	    *log_source; /* key of its log_source row; NULL or "": none */
	unsigned keep_days; /* 0: as the class */
};

/*
 * source_home_fn: fill *home; text is borrowed until the next call. An agency
 * that is not a name (text_is_name, at most 40 bytes) is refused by the
 * vault, and the batch with it.
 */
typedef void source_home_fn(
    void *arg, struct span sender, struct span host, struct source_home *home);

struct sources;

struct sources *sources_new(uint64_t seed0, uint64_t seed1);
void sources_free(struct sources *t);
uint32_t sources_count(const struct sources *t);
/* sources_at: number id; NULL when there is none. Valid until the table
 * grows. */
struct vault_source *sources_at(struct sources *t, uint32_t id);
/* sources_find: the number of (sender, host); 0 when it is new. */
uint32_t sources_find(
    const struct sources *t, struct span sender, struct span host);
/*
 * sources_add: the number of (sender, host), given if it is new.
 * sources_put: the same with a number that a stored row names.
 * Fails   ERR_LIMIT, ERR_MEMORY; sources_put: ERR_DAMAGE when the number or
 *         the pair already stands for another.
 */
MUST_CHECK enum err sources_add(struct sources *t, struct span sender,
    struct span host, uint32_t *id, struct fault *why);
MUST_CHECK enum err sources_put(struct sources *t, uint32_t id,
    struct span sender, struct span host, struct fault *why);
/* sources_seen: widen first, last and count by one record. */
void sources_seen(struct sources *t, uint32_t id, const struct event *ev);
/* sources_forget: every source is to be resolved anew. */
void sources_forget(struct sources *t);

#endif
