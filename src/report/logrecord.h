/*
 * report/logrecord.h: a machine's record as a document, and who may see it.
 */
#ifndef REPORT_LOGRECORD_H
#define REPORT_LOGRECORD_H

#include "report/inner.h"
#include "vault/view.h"

/* logrecord_json: what doc/api.md calls a record. logrecord_raw: add its
 * bytes as received. */
json_t *logrecord_json(struct report *r, const char *stream, uint64_t seq,
    const struct event *ev, bool sealed);
void logrecord_raw(json_t *o, const struct event *ev);

/* logs_may: may the viewer look at this agency's records? */
bool logs_may(struct report *r, const char *agency);

#endif
