/*
 * intake/journal.h: systemd's journal export format, as it streams in from
 * systemd-journal-upload, which sends a whole journal in one request.
 *
 * A record's raw bytes are the entry as received, binary fields included. An
 * entry beyond EVENT_RAW_MAX is cut and counted.
 *
 * Source: systemd.io/JOURNAL_EXPORT_FORMATS.
 */
#ifndef INTAKE_JOURNAL_H
#define INTAKE_JOURNAL_H

#include "intake/httpfeed.h"

/* No journald writes a longer field name. */
#define JOURNAL_NAME_MAX 256
/* A binary field beyond this is no log. */
#define JOURNAL_FIELD_MAX ((uint64_t)768 << 20)

struct journal;

/* journal_new: the state of one stream; NULL when memory is out. */
struct journal *journal_new(void);
void journal_free(struct journal *j);

/*
 * journal_feed: the next piece of a stream, however cut; entries that end in
 * it are given, each with an id made of its cursor.
 * Fails  ERR_SYNTAX: no such format; the stream is of no use from there on.
 */
MUST_CHECK enum err journal_feed(struct journal *j, struct httpfeed *f,
    struct span piece, struct fault *why);
/*
 * journal_end: the stream is over; an entry that lacks only the empty line
 * behind it is given.
 * Fails  ERR_SYNTAX: it ended inside a field; that entry is not given.
 */
MUST_CHECK enum err journal_end(
    struct journal *j, struct httpfeed *f, struct fault *why);

#endif
