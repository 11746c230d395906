/*
 * vault/view.h: a vault read-only, while keeper writes or when nothing runs.
 *
 * A refresh reads the inbox first and the shelf after it: a record on its way
 * from one to the other is then seen at least once, and once only is it given
 * out, because what a segment holds is passed over in the inbox.
 */
#ifndef VAULT_VIEW_H
#define VAULT_VIEW_H

#include "vault/inbox.h"
#include "vault/shelf.h"

struct view;

/* view_open: `dir` is DIR/vault, borrowed. Folders that do not exist yet are
 * an empty vault. */
MUST_CHECK enum err view_open(
    struct env *env, int dir, struct view **out, struct fault *why);
void view_close(struct view *v);
MUST_CHECK enum err view_refresh(struct view *v, struct fault *why);
struct env *view_env(const struct view *v);
int view_dir(const struct view *v);
/* view_keys: the stream keys; borrowed for the view's life, NULL: none. */
void view_keys(struct view *v, const struct keyring *keys);
/* view_bytes: bytes read from segments so far, for what a search costs. */
uint64_t view_bytes(const struct view *v);
/* NULL while the folder does not exist yet. */
struct shelf *view_shelf(struct view *v);
struct inbox *view_inbox(struct view *v);
const struct inbox_found *view_found(const struct view *v);

/* Where one record lies. */
struct view_place {
	bool sealed;
	struct hash segment;
	uint32_t block, index; /* of the segment; of the record in the block */
};

/*
 * view_record: one record; its event is copied into the arena.
 * Fails   ERR_NOT_FOUND; ERR_DAMAGE.
 */
MUST_CHECK enum err view_record(struct view *v, const struct record_name *id,
    struct arena *a, struct event *ev, uint32_t *source,
    struct view_place *place, struct fault *why);

/* event_copy: ev with all its spans copied into the arena; false without
 * room. */
bool event_copy(struct arena *a, const struct event *ev, struct event *to);

/* What one stream holds now. */
struct view_stream {
	const char *name;
	uint64_t first_seq, last_seq, records, bytes;
	int64_t first_us, last_us;
	uint64_t unsealed;
};
/* view_streams: in order of name; allocated in the arena. */
MUST_CHECK enum err view_streams(struct view *v, struct arena *a,
    const struct view_stream **out, size_t *n, struct fault *why);

#endif
