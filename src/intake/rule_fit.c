/*
 * intake/rule_fit.c: one rule tried on one record.
 *
 * What is dear is done once a record, and only when a rule asks for it:
 * looking for a literal, reading JSON or pairs, finding a value.
 */
#include "intake/rule.h"

#include "base/text.h"
#include "intake/pairs.h"
#include "intake/stamp.h"
#include "intake/syslog.h"
#include "intake/jsontree.h"

bool
rule_probe(struct probe *p, const struct normalizer *n, struct arena *a,
    struct event *ev)
{
	*p = (struct probe){ .n = n, .arena = a, .ev = ev };
	p->literal = arena_alloc(a, n->n_literals);
	return p->literal != NULL;
}

/* Whether one of the rule's literals stands in the message. */
static bool
literal_stands(struct probe *p, const struct rule *r)
{
	for (size_t i = 0; i < r->n_literals; i++) {
		size_t at = r->literal[i];
		struct span text = p->n->literal[at], m = p->ev->message;

		if (p->literal[at] == 0)
			p->literal[at] = m.len >= text.len &&
				memmem(m.at, m.len, text.at, text.len) != NULL
			    ? 1
			    : 2;
		if (p->literal[at] == 1)
			return true;
	}
	return r->n_literals == 0;
}

/* The message's JSON: all of it, or after "@cee:". */
static bool
tree_ready(struct probe *p)
{
	struct span m = p->ev->message;

	if (p->tree_tried)
		return p->tree != NULL;
	p->tree_tried = true;
	if (span_starts(m, "@cee:"))
		m = span_trim(span_slice(m, 5, SIZE_MAX));
	if (span_starts(m, "{"))
		p->tree = jsontree_read(p->arena, m);
	return p->tree != NULL;
}

static bool
pairs_ready(struct probe *p)
{
	if (!p->pairs_tried)
		p->pairs = pairs_read(p->arena, p->ev->message);
	p->pairs_tried = true;
	return p->pairs != NULL;
}

static bool
params_ready(struct probe *p)
{
	if (!p->params_tried)
		p->params = syslog_params(p->ev->raw);
	p->params_tried = true;
	return p->params.len > 0;
}

/* A parameter's value without the escapes of RFC 5424. */
static struct span
param_text(struct probe *p, struct span s)
{
	uint8_t *out;
	size_t n = 0;

	if (span_find(s, '\\') == SIZE_MAX)
		return s;
	if ((out = arena_alloc(p->arena, s.len)) == NULL)
		return SPAN_EMPTY;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\\' && i + 1 < s.len &&
		    (s.at[i + 1] == '"' || s.at[i + 1] == '\\' ||
			s.at[i + 1] == ']'))
			i++;
		out[n++] = s.at[i];
	}
	return span_of(out, n);
}

/* The value at one alternative of a path. */
static struct span
path_get(struct probe *p, enum rule_kind kind, struct span path)
{
	size_t slash;

	switch (kind) {
	case RULE_JSON:
		return jsontree_get(p->tree, p->arena, path);
	case RULE_PAIRS:
		return pairs_get(p->pairs, path);
	case RULE_PARAMS:
		slash = span_find(path, '/');
		if (slash == SIZE_MAX)
			return param_text(
			    p, syslog_param(p->params, SPAN_LIT("*"), path));
		return param_text(p,
		    syslog_param(p->params, span_slice(path, 0, slash),
			span_slice(path, slash + 1, SIZE_MAX)));
	case RULE_PATTERN:
		break; /* it has slots, not paths */
	}
	return SPAN_EMPTY;
}

/* What senders write for "nothing". */
static bool
is_nothing(struct span s)
{
	return s.len == 0 || span_is(s, "-") || span_is(s, "N/A");
}

/* A value for a rule that fits so far; at == NULL: there is none. */
static struct span
value_of(struct probe *p, const struct rule *r, ref from)
{
	const struct path *path;

	if (r->kind == RULE_PATTERN)
		return span_trim(p->slot[from]);
	if (p->value == NULL) {
		p->value = arena_array(
		    p->arena, p->n->n_paths, sizeof p->value[0]);
		p->known = arena_alloc(p->arena, p->n->n_paths);
		if (p->value == NULL || p->known == NULL) {
			p->value = NULL;
			return SPAN_EMPTY;
		}
	}
	if (p->known[from])
		return p->value[from];
	path = &p->n->path[from];
	p->known[from] = 1;
	for (size_t i = 0; i < path->any.n; i++) {
		struct span got = path_get(p, path->kind, path->any.at[i]);

		if (got.at == NULL || is_nothing(got))
			continue;
		return p->value[from] = got;
	}
	return SPAN_EMPTY;
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
	struct span v4 = span_slice(s, 7, SIZE_MAX);

	if ((to == FIELD_SRC_IP || to == FIELD_DST_IP) &&
	    span_equal_nocase(span_slice(s, 0, 7), SPAN_LIT("::ffff:")) &&
	    span_find(v4, '.') != SIZE_MAX)
		s = v4;
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
	    stamp_bsd(s, ev->received_us, &used, &us) == STAMP_OK)
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

/* Whether it is worth looking for the rule's literals: by the first byte. */
static bool
form_may_fit(const struct probe *p, const struct rule *r)
{
	struct span m = p->ev->message;

	return r->kind != RULE_JSON ||
	    (m.len > 0 && (m.at[0] == '{' || m.at[0] == '@'));
}

/* Whether the message is of the rule's form, before its values are asked. */
static bool
form_fits(struct probe *p, const struct rule *r)
{
	switch (r->kind) {
	case RULE_PATTERN:
		for (size_t i = 0; i < r->n_patterns; i++)
			if (pattern_fits(
				r->pattern[i], p->ev->message, p->slot))
				return true;
		return false;
	case RULE_JSON:
		return tree_ready(p);
	case RULE_PAIRS:
		return pairs_ready(p);
	case RULE_PARAMS:
		return params_ready(p);
	}
	return false;
}

bool
rule_fits(struct probe *p, const struct rule *r)
{
	enum event_category c;

	if (!form_may_fit(p, r) || !literal_stands(p, r) || !form_fits(p, r) ||
	    !conds_hold(p, r) || !category_of(p, r, &c))
		return false;
	p->ev->category = c;
	for (size_t i = 0; i < r->n_outs; i++)
		out_set(p, r, &r->out[i]);
	return true;
}
