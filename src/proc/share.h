/*
 * proc/share.h: program data: packs, registers, log rules. Read before a
 * process gives anything up.
 */
#ifndef PROC_SHARE_H
#define PROC_SHARE_H

#include "book/schema.h"
#include "clause/pack.h"
#include "pack/json.h"
#include "sigma/sigma.h"

/* share_path: append "<share>/<below>": the setting `share`, or the installed
 * folder, or the source tree that the program was built from. */
MUST_CHECK enum err share_path(const json_t *settings, const char *below,
    struct buf *to, struct fault *why);
/* share_registers: every register. share_pack: the regulation. Handed over. */
MUST_CHECK enum err share_registers(
    const json_t *settings, struct schema **out, struct fault *why);
MUST_CHECK enum err share_pack(
    const json_t *settings, struct pack **out, struct fault *why);

/* share_detections: our detection rules and those of the setting `detections`,
 * whose values.yaml and taxonomy.yaml go before ours. A rule that is wrong is
 * left out, and its line added to `mistakes`, or printed when that is NULL.
 * Handed over (sigma_free). */
MUST_CHECK enum err share_detections(const json_t *settings, json_t *mistakes,
    struct sigma **out, struct fault *why);

#endif
