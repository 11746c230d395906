/*
 * ledger/tile.h: the paths and bytes under which a log is published.
 *
 * Paths are relative to the log's own prefix: "checkpoint" is served by the
 * caller, "tile/…" here.
 *
 *     tile/<level>/<index>[.p/<width>]     hashes
 *     tile/entries/<index>[.p/<width>]     leaf data, u16 length before each
 *
 * An index is written in groups of three digits, all but the last with an x:
 * 1234067 is x001/x234/067.
 *
 * Source: C2SP tlog-tiles.
 */
#ifndef LEDGER_TILE_H
#define LEDGER_TILE_H

#include "ledger/tree.h"

struct tile_path {
	bool entries; /* leaf data; level is then 0 */
	unsigned level; /* 0 .. 63 */
	uint64_t at;
	unsigned width; /* 1 .. TILE_WIDTH; TILE_WIDTH: a full tile, no .p */
};

/*
 * tile_parse: read a path, which must be in its one canonical form.
 * tile_print: write it.
 *
 * Fails   ERR_SYNTAX; *p stays.
 */
MUST_CHECK enum err tile_parse(
    struct span path, struct tile_path *p, struct fault *why);
void tile_print(struct buf *b, const struct tile_path *p);

/* A caller's way to leaf data: append that of leaf `at` to b. */
typedef enum err tile_leaf_fn(
    void *arg, uint64_t at, struct buf *b, struct fault *why);

/*
 * tile_give: append the bytes to serve for p from a log of `size` leaves
 * (the size of its last signed checkpoint). `leaf` is asked for entries only.
 *
 * Fails   ERR_NOT_FOUND: no such tile in that log, or no such width: a tile
 *         may be had full, or as long as it is at this size, or shorter.
 */
MUST_CHECK enum err tile_give(struct tree *t, uint64_t size,
    const struct tile_path *p, tile_leaf_fn *leaf, void *arg, struct buf *b,
    struct fault *why);

/* tile_entry: append one leaf's data to an entries tile.
 * Fails  ERR_LIMIT: longer than 65,535 bytes. */
MUST_CHECK enum err tile_entry(
    struct buf *b, struct span data, struct fault *why);

#endif
