/*
 * intake/rule_fit.c: one rule tried on one record.
 *
 * What is dear is done once a record, and only when a rule asks for it:
 * reading the message's form, undoing a value's escapes.
 */
#include "intake/rule.h"

#include "base/text.h"
#include "intake/form.h"
#include "intake/stamp.h"

void
rule_probe(struct probe *p, const struct normalizer *n, struct arena *a,
    struct event *ev)
{
	p->n = n;
	p->arena = a;
	p->ev = ev;
	p->read = p->bad = 0;
	values_begin(n->values);
}

/* Reads the message's values in one form. */
static bool
form_read(struct probe *p, enum form f)
{
	struct span m = p->ev->message;
	struct values *v = p->n->values;

	switch (f) {
	case FORM_JSON:
		return form_json(m, v);
	case FORM_PAIRS:
		return form_pairs(m, v);
	case FORM_AUDIT:
		return form_audit(m, v);
	case FORM_CSV:
		return form_csv(m, v);
	case FORM_CEF:
		return form_cef(m, v);
	case FORM_LEEF:
		return form_leef(m, v);
	case FORM_PARAMS:
		return form_params(p->ev->raw, v);
	case FORM_TEXT:
		break; /* patterns read for themselves */
	}
	return true;
}

bool
rule_form(struct probe *p, enum form f)
{
	unsigned bit = 1U << f;

	if ((p->read & bit) == 0) {
		p->read |= bit;
		if (!form_read(p, f))
			p->bad |= bit;
	}
	return (p->bad & bit) == 0;
}

/* A part of the header. */
static struct span
head_of(const struct event *ev, ref from)
{
	switch (from - REF_HEAD) {
	case HEAD_HOST:
		return ev->host;
	case HEAD_APP:
		return ev->app;
	case HEAD_PROC:
		return ev->proc;
	case HEAD_MSGID:
		return ev->msgid;
	case HEAD_MESSAGE:
		return ev->message;
	default:
		return SPAN_EMPTY;
	}
}

/* What senders write for "nothing". */
static bool
is_nothing(struct span s)
{
	return s.len == 0 || (s.len == 1 && s.at[0] == '-') ||
	    (s.len == 3 && memcmp(s.at, "N/A", 3) == 0);
}

/* A value for a rule that fits so far; at == NULL: there is none. */
static struct span
value_of(struct probe *p, const struct rule *r, ref from)
{
	if (from >= REF_HEAD)
		return head_of(p->ev, from);
	if (r->form == FORM_TEXT)
		return span_trim(p->slot[from]);
	return values_get(p->n->values, from, p->arena);
}

/* "x", "x*", "*x", "*x*" or "*", which is anything but nothing. */
static bool
glob_fits(struct span glob, struct span s)
{
	bool front = span_starts(glob, "*"), back;
	struct span text = span_slice(glob, front, SIZE_MAX);

	back = span_ends(text, "*");
	text = span_slice(text, 0, text.len - back);
	if (s.len < text.len)
		return false;
	if (text.len == 0)
		return front || back ? s.len > 0 : s.len == 0;
	if (front && back)
		return memmem(s.at, s.len, text.at, text.len) != NULL;
	if (front)
		return span_equal(
		    span_slice(s, s.len - text.len, text.len), text);
	if (back)
		return span_equal(span_slice(s, 0, text.len), text);
	return span_equal(s, text);
}

static bool
conds_hold(struct probe *p, const struct rule *r)
{
	for (size_t i = 0; i < r->n_conds; i++) {
		const struct cond *c = &r->cond[i];
		struct span s = value_of(p, r, c->from);
		bool is = false;

		for (size_t k = 0; !is && k < c->values.n; k++)
			is = glob_fits(c->values.at[k], s);
		if (is == c->unless)
			return false;
	}
	return true;
}

/* The category, by a value where the rule says so. */
static bool
category_of(struct probe *p, const struct rule *r, enum event_category *c)
{
	struct span s;

	*c = r->category;
	if (r->n_choices == 0)
		return true;
	s = value_of(p, r, r->by);
	for (size_t i = 0; i < r->n_choices; i++)
		if (glob_fits(r->choice[i].value, s)) {
			*c = r->choice[i].category;
			return true;
		}
	return false;
}

/* A field's text as it is kept: bounded, IPv4 as IPv4. */
static struct span
field_text(unsigned to, struct span s)
{
	if ((to == FIELD_SRC_IP || to == FIELD_DST_IP) && s.at[0] == ':' &&
	    span_equal_nocase(span_slice(s, 0, 7), SPAN_LIT("::ffff:")) &&
	    span_find(s, '.') != SIZE_MAX)
		s = span_slice(s, 7, SIZE_MAX);
	if (s.len > EVENT_FIELD_MAX)
		s = span_slice(
		    s, 0, text_cut((const char *)s.at, EVENT_FIELD_MAX));
	return s;
}

/* The event's own time, where the header had none. */
static void
time_set(struct event *ev, struct span s)
{
	int64_t us;
	size_t used;

	if (ev->event_us != 0)
		return;
	if (stamp_number(s, &us) || stamp_iso(s, &used, &us) == STAMP_OK ||
	    stamp_bsd(s, ev->received_us, &used, &us) == STAMP_OK ||
	    stamp_epoch(s, &used, &us) == STAMP_OK)
		ev->event_us = us;
}

static void
out_set(struct probe *p, const struct rule *r, const struct out *o)
{
	struct span s = o->constant ? o->text : value_of(p, r, o->from);

	if (s.at == NULL || (!o->constant && is_nothing(s)))
		return;
	if (o->to == OUT_TIME)
		time_set(p->ev, s);
	else if (o->to == OUT_HOST && p->ev->host.len == 0)
		p->ev->host = span_slice(s, 0,
		    s.len > EVENT_TEXT_MAX
			? text_cut((const char *)s.at, EVENT_TEXT_MAX)
			: s.len);
	else if (o->to < FIELD_N)
		p->ev->field[o->to] = field_text(o->to, s);
}

bool
rule_literal(const struct probe *p, const struct rule *r)
{
	struct span m = p->ev->message;

	for (size_t i = 0; i < r->literals.n; i++) {
		struct span text = r->literals.at[i];

		if (m.len >= text.len &&
		    memmem(m.at, m.len, text.at, text.len) != NULL)
			return true;
	}
	return r->literals.n == 0;
}

/* Whether one of the rule's patterns fits. */
static bool
patterns_fit(struct probe *p, const struct rule *r)
{
	struct span text = p->ev->message;

	if (r->within)
		text = rule_form(p, FORM_JSON)
		    ? values_get(p->n->values, r->text, p->arena)
		    : SPAN_EMPTY;
	if (text.len == 0)
		return false;
	for (size_t i = 0; i < r->n_patterns; i++)
		if (pattern_fits(r->pattern[i], text, p->slot))
			return true;
	return false;
}

/* Whether the message is what the rule reads. What is cheaper is asked first:
 * patterns that begin with text, before their literal. */
static bool
message_fits(struct probe *p, const struct rule *r, bool seen)
{
	if (r->form == FORM_TEXT && r->led && !r->within)
		return patterns_fit(p, r) && (seen || rule_literal(p, r));
	if (!seen && !rule_literal(p, r))
		return false;
	return r->form == FORM_TEXT ? patterns_fit(p, r)
				    : rule_form(p, r->form);
}

bool
rule_fits(struct probe *p, const struct rule *r, bool seen)
{
	enum event_category c;

	if (!message_fits(p, r, seen))
		return false;
	if (!conds_hold(p, r) || !category_of(p, r, &c) || p->n->values->full)
		return false;
	p->ev->category = c;
	for (size_t i = 0; i < r->n_outs; i++)
		out_set(p, r, &r->out[i]);
	return true;
}
