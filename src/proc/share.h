/*
 * proc/share.h: program data: packs, registers, log rules. Read before a
 * process gives anything up.
 */
#ifndef PROC_SHARE_H
#define PROC_SHARE_H

#include "book/schema.h"
#include "clause/pack.h"
#include "pack/json.h"

/* share_path: append "<share>/<below>": the setting `share`, or the installed
 * folder, or the source tree that the program was built from. */
MUST_CHECK enum err share_path(const json_t *settings, const char *below,
    struct buf *to, struct fault *why);
/* share_registers: every register. share_pack: the regulation. Handed over. */
MUST_CHECK enum err share_registers(
    const json_t *settings, struct schema **out, struct fault *why);
MUST_CHECK enum err share_pack(
    const json_t *settings, struct pack **out, struct fault *why);

#endif
