/*
 * intake/loki.h: Grafana Loki's push API, as Promtail, Alloy, Fluent Bit,
 * Vector and the Docker driver speak it: JSON, or protobuf (its Snappy is
 * taken off before).
 *
 * A record's raw bytes are one line of text that loses nothing of the entry:
 *
 *     LABELS NANOSECONDS [{METADATA}] LINE
 *
 * as {job="varlogs",host="web1"} 1700000000000000000 the line as it was, so
 * that the message lies in it unchanged. Labels name host and program.
 *
 * Source: grafana.com/docs/loki, "HTTP API"; pkg/push/push.proto of 3.4.
 */
#ifndef INTAKE_LOKI_H
#define INTAKE_LOKI_H

#include "intake/httpfeed.h"

/*
 * loki_json, loki_proto: give every entry of a push.
 *
 *   refused  [out] entries that could not be taken; the first is told in why
 *            (ERR_OK is returned all the same)
 *
 * Fails  ERR_SYNTAX: not a push at all; then nothing was given.
 */
MUST_CHECK enum err loki_json(
    struct httpfeed *f, struct span body, uint64_t *refused, struct fault *why);
MUST_CHECK enum err loki_proto(
    struct httpfeed *f, struct span body, uint64_t *refused, struct fault *why);

#endif
