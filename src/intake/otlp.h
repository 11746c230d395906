/*
 * intake/otlp.h: OpenTelemetry logs over HTTP: JSON and protobuf.
 *
 * A record's raw bytes are {"logRecord":L,"resource":R,"scope":S}: one log
 * record with what it belongs to, in OTLP's own JSON form. From a JSON body R,
 * S and L are the bytes as received; from protobuf they are written in that
 * form, and nothing that OTLP 1.5 defines is left out.
 *
 * Source: opentelemetry.io/docs/specs/otlp 1.5 and its protobuf definitions.
 */
#ifndef INTAKE_OTLP_H
#define INTAKE_OTLP_H

#include "intake/httpfeed.h"

/*
 * otlp_json, otlp_proto: give every log record of a request.
 *
 *   refused  [out] records that could not be taken; the first is told in why
 *            (ERR_OK is returned all the same)
 *
 * Fails  ERR_SYNTAX: no such request; then nothing was given.
 */
MUST_CHECK enum err otlp_json(
    struct httpfeed *f, struct span body, uint64_t *refused, struct fault *why);
MUST_CHECK enum err otlp_proto(
    struct httpfeed *f, struct span body, uint64_t *refused, struct fault *why);

/* otlp_answer: append an ExportLogsServiceResponse; refused 0: full success.
 * otlp_error: append a google.rpc.Status; `code` as gRPC numbers them. */
void otlp_answer(struct buf *b, bool json, uint64_t refused, const char *cause);
void otlp_error(struct buf *b, bool json, unsigned code, const char *text);

#endif
