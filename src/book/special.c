/*
 * book/special.c: what a register's schema alone cannot say.
 *
 * Today one rule, for registers marked `approval`: a decision is the
 * approver's own, and the approver is not the requester.
 */
#include "book/inner.h"

/* The actor is the person that this field of the row names. */
static bool
is_actor(const struct rights *who, struct span agency, const char *person)
{
	struct span a, k;

	return person != NULL && rights_person(who, &a, &k) &&
	    span_equal(a, agency) && span_is(k, person);
}

void
special_check(const struct schema_register *r, const struct command *c,
    const struct rights *who, const json_t *fields, const json_t *before,
    struct refusals *bad)
{
	const char *decision = json_get_text(fields, "decision", NULL);
	const char *asked = json_get_text(fields, "requested_by", "");
	const char *by = json_get_text(fields, "approved_by", NULL);
	const char *was_by = json_get_text(before, "approved_by", NULL);

	if (json_object_get(before, "decision") != NULL &&
	    !is_actor(who, c->agency, was_by))
		(void)refuse(bad, REFUSE_APPROVAL, r->name, "decision", c->key,
		    "已作成的決定只能由核准人本人更改",
		    "a decision can be changed by its approver only");
	else if (decision != NULL && !is_actor(who, c->agency, by))
		(void)refuse(bad, REFUSE_APPROVAL, r->name, "approved_by",
		    span_text(by != NULL ? by : ""), "決定只能由核准人本人登錄",
		    "a decision can be recorded by its approver only");
	else if (decision != NULL && by != NULL && strcmp(asked, by) == 0)
		(void)refuse(bad, REFUSE_APPROVAL, r->name, "approved_by",
		    span_text(by), "請求人與核准人不得為同一人",
		    "requester and approver are the same person");
	else if (decision != NULL && !rights_may(who, c->agency, MAY_APPROVE))
		(void)refuse(bad, REFUSE_APPROVAL, r->name, "decision", c->key,
		    "您的職務沒有核准的權限", "your role may not approve");
}
