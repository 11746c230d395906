/*
 * intake/syslog.h: the syslog header: RFC 5424, and RFC 3164 as it is really
 * sent (Cisco, Juniper, rsyslog's and systemd's ISO times, no PRI, no host…).
 *
 * It never fails: what cannot be read is left out and event.parse says so;
 * the worst is a message that is the whole record. It allocates nothing.
 *
 * Times without zone are Taipei's. Times without year take the year that
 * brings them nearest to the time of receipt, so that a record of 31 December
 * received on 1 January keeps its year. A time far from received_us is kept
 * as the sender gave it; comparing the two is the reader's business.
 */
#ifndef INTAKE_SYSLOG_H
#define INTAKE_SYSLOG_H

#include "base/event.h"

/*
 * syslog_parse: fill ev from raw: facility, severity, event_us, host, app,
 * proc, msgid, message, raw and parse. The other members stay. All spans
 * point into raw, which must outlive ev; texts are at most EVENT_TEXT_MAX
 * bytes. `-` (RFC 5424's nil) gives the empty span.
 *
 *   raw          at most EVENT_RAW_MAX bytes
 *   received_us  for the year of a time that has none
 *
 * Facility is EVENT_NO_SEVERITY too when there is no PRI.
 */
void syslog_parse(struct span raw, int64_t received_us, struct event *ev);

/*
 * syslog_params: the structured data of an RFC 5424 record, "[a b="c"][d]"
 * with its brackets; empty when there is none. raw as above.
 */
struct span syslog_params(struct span raw);

/*
 * syslog_param: the value of one parameter as it stands, escapes included.
 *
 *   id    the SD-ID, or "*" for any
 *
 * Returns at == NULL when it is not there. The first one counts.
 */
struct span syslog_param(struct span params, struct span id, struct span name);

#endif
