/*
 * intake/otlp_own.h: between otlp.c (JSON) and otlp_proto.c. Nobody else
 * includes it.
 */
#ifndef INTAKE_OTLP_OWN_H
#define INTAKE_OTLP_OWN_H

#include "intake/httpfeed.h"

/* otlp_raw_begin, otlp_raw_end: what stands before and behind a log record in
 * its raw bytes; b is emptied first. The record comes first, so that a long
 * resource is cut before it. */
void otlp_raw_begin(struct buf *b);
void otlp_raw_end(struct buf *b, struct span resource, struct span scope);
/* otlp_record_give: one record; `record` is its part of raw. */
void otlp_record_give(struct httpfeed *f, struct span raw, struct span resource,
    struct span record);

#endif
