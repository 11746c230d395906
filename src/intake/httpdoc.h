/*
 * intake/httpdoc.h: one JSON document as log shippers write it, and the event
 * it is: Elastic's common schema (Beats, Logstash), what Fluent Bit, Vector,
 * rsyslog and syslog-ng write without it, and journald's field names.
 *
 * Source: elastic.co/guide/en/ecs 8.17; the shippers' own manuals. Which key
 *         means what is a row of httpdoc.c.
 */
#ifndef INTAKE_HTTPDOC_H
#define INTAKE_HTTPDOC_H

#include "intake/httpfeed.h"
#include "intake/httpjson.h"

/*
 * httpdoc_give: the document becomes one event and is given.
 *
 *   doc   the bytes as received; they are the record's raw bytes. Where the
 *         message is written in \u escapes beyond ASCII, a line feed and the
 *         message in UTF-8 stand behind them, so that it can be searched.
 *   app, host
 *         for documents that do not say; may be empty
 *   id    the record's id; may be empty
 *
 * Fails  ERR_SYNTAX: not one JSON object, with the place; nothing was given.
 */
MUST_CHECK enum err httpdoc_give(struct httpfeed *f, struct span doc,
    struct span app, struct span host, struct span id, struct fault *why);

/*
 * httpdoc_raw: raw and message of an event whose message is a text of doc:
 * raw is doc, message the text as it stands there; a text that hides behind
 * \u escapes is written out behind doc, as above.
 *
 *   m     the text in doc; m->raw.len 0: the message is the whole of doc
 *   text  the same without escapes
 *
 * Where m has no escapes ev->message must lie in doc already.
 */
void httpdoc_raw(struct httpfeed *f, const struct httpjson_text *m,
    struct span text, struct span doc, struct event *ev);

#endif
