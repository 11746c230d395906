/*
 * report/segment.c: a sealed segment's bytes, for a replica (clause 12.4).
 */
#include "report/inner.h"

#include <fcntl.h>

#include "base/text.h"
#include "vault/whole.h"

#define PART ((size_t)8 << 20) /* bytes given at once */

/* Who may copy whole segments: those who may read every record of them. */
#define MAY_COPY                                             \
	(1U << OFFICE_ADMINISTRATOR | 1U << OFFICE_AUDITOR | \
	    1U << OFFICE_OVERSEER)

/* The agency of a segment that book knows; "" when it does not. */
static enum err
agency_take(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	(void)why;
	*(char **)arg = row_text(r, s, 0);
	return ERR_OK;
}

enum err
report_segment(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	const struct bind b[] = { BIND_TEXT(":name", q->part[1]) };
	struct env *env = view_env(r->view);
	char *agency = NULL;
	uint64_t from = 0;
	struct hash name;
	int dir = -1;
	enum err e;

	if (!text_unhex_fixed(q->part[1], name.at, HASH_LEN))
		return fault_set(why, ERR_NOT_FOUND, "no such segment");
	e = param_int(r, q, "from", 0, INT64_MAX, &from, why);
	if (e == ERR_OK)
		e = rows(r, "segment_agency", b, 1, agency_take, &agency, why);
	if (e != ERR_OK)
		return e;
	if (agency == NULL ||
	    (!rights_all(r->rights) &&
		(rights_offices(r->rights, span_text(agency)) & MAY_COPY) == 0))
		return fault_set(why, ERR_NOT_FOUND, "no such segment");
	a->type = "application/octet-stream";
	e = env->ops->open_dir(
	    env, view_dir(r->view), "segments", false, &dir, why);
	if (e == ERR_OK) {
		e = whole_read(env, dir, &name, from, PART, &a->bytes, why);
		env->ops->close(env, dir);
	}
	return e;
}
