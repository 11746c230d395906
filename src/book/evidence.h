/*
 * book/evidence.h: what keeper says, as rows that checks read.
 *
 * Tables as in ARCHITECTURE.md, "Evidence tables". Each function is one
 * transaction (or joins the caller's, book/book.h). Further columns:
 *
 *   rollup_hour, rollup_day  lacking_us: when a record first lacked; 0 none
 *   rollup_day.unseen_hours  24 characters, one a Taipei hour of that day,
 *       '1' where the source gave no record of any category, '0' where it
 *       did; the same in all rows of one source and day. Hours that had not
 *       come, or were before the source's first record, are '1' too: a check
 *       cuts them off with :at and source.first_us. six silent hours:
 *       unseen_hours LIKE '%111111%'
 *   segment.damaged          0, or when damage was found
 *
 * Hour rows are kept 8 days, day rows 400 (evidence_trim).
 */
#ifndef BOOK_EVIDENCE_H
#define BOOK_EVIDENCE_H

#include "base/event.h"
#include "book/book.h"
#include "crypt/hash.h"

#define EVIDENCE_HOUR_DAYS 8
#define EVIDENCE_DAY_DAYS 400

/* A source as keeper numbers it. Spans are borrowed, as in all structs here. */
struct source_report {
	int64_t id; /* from 1 */
	struct span agency;
	struct span log_source; /* its row; empty: not inventoried */
	struct span sender, host;
	enum event_transport via;
	int64_t first_us, last_us;
	uint64_t records; /* all, so far */
};

/* What was added to (source, category, Taipei hour). */
struct rollup_delta {
	int64_t source;
	enum event_category category;
	int64_t hour_us; /* when_hour of its records' received time */
	uint64_t n; /* records */
	uint64_t lacking;
	int64_t first_us, last_us;
	int64_t lacking_us; /* the first that lacked; 0: taken as first_us */
};

/* A detection; the same (source, rule, subject, first_us) again brings the
 * stored one up to date (later last_us, greater count). */
struct detection_report {
	int64_t source;
	struct span rule, subject, user;
	int64_t first_us, last_us;
	uint64_t count;
	struct span record; /* record id */
	struct span records; /* ids that decided it, separated by spaces; of
			      * one told again, those that came since */
};

/* What keeper says of one stream for the records after position `from` up to
 * and with position `to`. */
struct stream_report {
	struct span stream;
	uint64_t from, to; /* record sequence numbers; from < to */
	const struct source_report *source;
	size_t n_sources;
	const struct rollup_delta *delta;
	size_t n_deltas;
	const struct detection_report *detection;
	size_t n_detections;
};

/*
 * evidence_source: store or bring up to date one source (records, last_us
 * and first_us only widen; agency and log_source as given).
 */
MUST_CHECK enum err evidence_source(
    struct book *b, const struct source_report *s, struct fault *why);

/*
 * evidence_report: apply one report exactly once. *stored [out] is the
 * stream's position after the call: == to when it was applied, or what it was
 * when from differs from it (nothing is applied then; the sender goes on from
 * there). A new detection is also an entry of register beimen.detection.
 */
MUST_CHECK enum err evidence_report(struct book *b,
    const struct stream_report *r, int64_t now_us, uint64_t *stored,
    struct fault *why);
/* evidence_detection: one detection that no report carries (a silence). */
MUST_CHECK enum err evidence_detection(struct book *b,
    const struct detection_report *d, int64_t now_us, struct fault *why);
/* evidence_position: a stream's position; 0 when there is none. */
MUST_CHECK enum err evidence_position(
    struct book *b, struct span stream, uint64_t *at, struct fault *why);

struct segment_source {
	int64_t source;
	int64_t first_us, last_us;
	uint64_t n;
};

struct segment_report {
	struct hash file; /* SHA-256 of the file: its name */
	struct span agency, stream, class_name;
	unsigned keep_days;
	uint64_t first_seq;
	uint32_t n, blocks;
	int64_t first_us, last_us; /* received times */
	int64_t sealed_us;
	struct hash root, rollups; /* segment tree root, roll-up digest */
	const struct segment_source *source;
	size_t n_sources;
};

/*
 * evidence_segment: the catalogue row, its sources, the leaf 0x11 and the
 * entry beimen.segment, in one transaction. Said again, it changes nothing.
 * *leaf [out]: place of the descriptor in the agency's log.
 * Fails   ERR_DAMAGE: the same name with another content.
 */
MUST_CHECK enum err evidence_segment(struct book *b,
    const struct segment_report *s, int64_t now_us, uint64_t *leaf,
    struct fault *why);
/* evidence_segment_gone: the end of its period: leaf 0x13, entry, gone_us.
 * Said again, nothing changes. ERR_NOT_FOUND. */
MUST_CHECK enum err evidence_segment_gone(struct book *b,
    const struct hash *file, struct span ground, int64_t now_us,
    struct fault *why);
/* evidence_segment_damaged: note damage found; an entry beimen.segment. */
MUST_CHECK enum err evidence_segment_damaged(struct book *b,
    const struct hash *file, struct span detail, int64_t at_us,
    struct fault *why);

struct verify_report {
	struct span agency;
	int64_t from_us, at_us; /* began, ended */
	uint64_t segments, records, failed;
	struct span detail;
};
/* evidence_verify: one run, numbered 1.. in its agency. */
MUST_CHECK enum err evidence_verify(
    struct book *b, const struct verify_report *v, struct fault *why);
/* evidence_loss: datagrams a socket dropped. evidence_disk: space where the
 * vault lies and bytes written a day. evidence_witness: a cosigned size. */
MUST_CHECK enum err evidence_loss(struct book *b, int64_t at_us,
    struct span socket, uint64_t lost, struct fault *why);
MUST_CHECK enum err evidence_disk(struct book *b, int64_t at_us, uint64_t free,
    uint64_t used, uint64_t day_bytes, struct fault *why);
MUST_CHECK enum err evidence_witness(struct book *b, struct span agency,
    struct span name, int64_t at_us, uint64_t size, struct fault *why);

/* The present head of a stream, from keeper. */
struct stream_head {
	struct span stream, agency, class_name;
	unsigned keep_days;
	uint64_t first_seq, last_seq; /* still held; last 0: none yet */
	uint64_t count; /* records ever accepted */
	int64_t first_us, last_us;
	struct hash chain;
};
/*
 * evidence_heads: store the stream rows, then for each agency in which a
 * stream or a register moved since its last heads leaf append one leaf 0x12
 * with the heads of all its streams and registers.
 */
MUST_CHECK enum err evidence_heads(struct book *b, const struct stream_head *h,
    size_t n, int64_t now_us, struct fault *why);

/* evidence_trim: delete hour and day rows past their age, and the bodies of
 * heads leaves older than 8 days that are not their log's last (their hashes
 * stay). */
MUST_CHECK enum err evidence_trim(
    struct book *b, int64_t now_us, struct fault *why);

#endif
