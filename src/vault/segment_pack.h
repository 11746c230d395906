/*
 * vault/segment_pack.h: records into the columns of a frame.
 *
 * A frame has two pieces. The *heads* say of each record its kind, source and
 * times: all that counting by source, host, category or time needs. The
 * *texts* have a column for each family of variables that occurs.
 * Source: doc/format-vault.md, "Frame of format 2".
 */
#ifndef VAULT_SEGMENT_PACK_H
#define VAULT_SEGMENT_PACK_H

#include "vault/lexicon.h"
#include "vault/row.h"

struct packer;

/* packer_new: with an empty lexicon; seed for its hashes. NULL when memory is
 * out. */
struct packer *packer_new(const uint64_t seed[static 2]);
void packer_free(struct packer *p);

/*
 * packer_add: the next record of the frame.
 *
 *   sender, host  of its source, as the segment's list of sources will say
 *
 * Fails   ERR_MEMORY: the packer is then good for nothing.
 */
MUST_CHECK enum err packer_add(struct packer *p, uint32_t source,
    const struct event *ev, struct span sender, struct span host,
    struct fault *why);

/* packer_end: append both pieces; the next frame is then empty. Fails
 * ERR_MEMORY, ERR_LIMIT. */
MUST_CHECK enum err packer_end(
    struct packer *p, struct buf *heads, struct buf *texts, struct fault *why);

/* packer_lexicon: append the lexicon of all frames. */
MUST_CHECK enum err packer_lexicon(
    struct packer *p, struct buf *out, struct fault *why);

/* packer_weigh: bytes that columns took so far, one line each, greatest
 * first, for whoever improves the format. */
void packer_weigh(const struct packer *p, struct buf *out);

#endif
