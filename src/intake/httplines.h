/*
 * intake/httplines.h: POST /ingest: one record a line, or one an element of a
 * JSON list. A line that is a JSON object is a shipper's document
 * (intake/httpdoc.h); any other is a log line, with a syslog header or none.
 * What is not understood is kept as received and counted.
 */
#ifndef INTAKE_HTTPLINES_H
#define INTAKE_HTTPLINES_H

#include "intake/httpfeed.h"

/*
 * httplines_read: give every record of a body. Blank lines are none.
 * Fails  ERR_SYNTAX: it begins as a JSON list and is none; nothing was given.
 */
MUST_CHECK enum err httplines_read(
    struct httpfeed *f, struct span body, struct fault *why);

#endif
