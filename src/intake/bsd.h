/*
 * intake/bsd.h: the header of RFC 3164 as it is really sent. For syslog.c.
 */
#ifndef INTAKE_BSD_H
#define INTAKE_BSD_H

#include "base/event.h"

/*
 * bsd_read: fill event_us, host, app, proc, msgid, message and parse
 * (PARSE_RFC3164, PARSE_BARE or PARSE_BAD_TIME) from what follows the PRI.
 * Texts may be longer than EVENT_TEXT_MAX.
 *
 *   pri   there was a PRI: then a tag alone is a header too
 */
void bsd_read(
    struct span line, int64_t received_us, bool pri, struct event *ev);

#endif
