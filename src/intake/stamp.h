/*
 * intake/stamp.h: the times that log lines begin with.
 *
 * A time without zone is Taipei's. Each reader takes what stands at the front
 * of s and says how long it was; digits are bounded, nothing overflows.
 */
#ifndef INTAKE_STAMP_H
#define INTAKE_STAMP_H

#include "base/span.h"

enum stamp {
	STAMP_NONE, /* no time of this form; nothing is set */
	STAMP_OK, /* *used and *us are set */
	STAMP_BAD, /* of this form, but no such time; *used is set */
};

/*
 * stamp_iso: RFC 3339 as it is really written: '-' or '/' in the date, 'T' or
 * a space, fraction after '.' or ',', zone Z, +08:00, +0800, +08 or none.
 */
enum stamp stamp_iso(struct span s, size_t *used, int64_t *us);

/*
 * stamp_bsd: "Oct 11 22:14:15" with day " 5", "05" or "5"; a week day or a
 * year before it; a year before or after the time; a fraction; a zone name.
 * Without year it is the year nearest to received_us.
 */
enum stamp stamp_bsd(
    struct span s, int64_t received_us, size_t *used, int64_t *us);

/* stamp_epoch: seconds since 1970 in ten digits, with or without fraction. */
enum stamp stamp_epoch(struct span s, size_t *used, int64_t *us);

/* stamp_number: seconds, milli-, micro- or nanoseconds since 1970, told apart
 * by their 10, 13, 16 or 19 digits; false if it is none. */
bool stamp_number(struct span s, int64_t *us);

#endif
