/*
 * sigma/correlation.c: what is counted, over which time, and for whom.
 *
 * Source: Sigma specification 2.1, correlation rules.
 */
#include "sigma/inner.h"

#include "base/when.h"

#define WITHIN_US WHEN_HOUR
#define OPEN_US (12 * WHEN_HOUR)
#define WINDOW_MAX (366 * WHEN_DAY)

struct counting {
	struct place p;
	struct rule *r;
	const json_t *c; /* the section */
	struct sigma_count *to;
	struct fault *why;
};

static bool
timespan(const char *text, int64_t *us)
{
	struct span s = span_text(text);
	int64_t unit = 0;
	uint64_t n;

	if (s.len < 2)
		return false;
	switch (s.at[s.len - 1]) {
	case 's':
		unit = WHEN_SECOND;
		break;
	case 'm':
		unit = WHEN_MINUTE;
		break;
	case 'h':
		unit = WHEN_HOUR;
		break;
	case 'd':
		unit = WHEN_DAY;
		break;
	default:
		return false;
	}
	if (!span_number(span_slice(s, 0, s.len - 1), 400000000, &n) ||
	    n == 0 || (int64_t)n > WINDOW_MAX / unit)
		return false;
	*us = (int64_t)n * unit;
	return true;
}

static enum err
timespan_read(struct counting *c, const json_t *o, const char *key, int64_t or_,
    int64_t *us)
{
	const char *text = json_get_text(o, key, NULL);
	size_t mark = place_down(&c->p, key);
	enum err e = ERR_OK;

	*us = or_;
	if (text == NULL && or_ == 0)
		e = place_fault(
		    &c->p, NULL, c->why, ERR_SYNTAX, "%s is missing", key);
	else if (text != NULL && !timespan(text, us))
		e = place_fault(&c->p, text, c->why, ERR_SYNTAX,
		    "%s: '%s' is no time like 30s, 15m, 2h or 1d", key, text);
	place_up(&c->p, mark);
	return e;
}

/* The number of a rule that is neither a filter nor bad. */
static enum err
rule_named(struct counting *c, const char *name, uint32_t *out)
{
	struct sigma *s = c->p.s;

	*out = SIGMA_NONE;
	for (uint32_t i = 0; name != NULL && i < s->n_rules; i++)
		if ((strcmp(s->rule[i].pub.name, name) == 0 ||
			strcmp(s->rule[i].pub.id, name) == 0) &&
		    !s->rule[i].filter && !s->rule[i].bad)
			*out = i;
	if (*out == SIGMA_NONE)
		return place_fault(&c->p, name, c->why, ERR_NOT_FOUND,
		    "no rule '%s'", name == NULL ? "" : name);
	return ERR_OK;
}

static enum err
parts_read(struct counting *c)
{
	const json_t *list = json_object_get(c->c, "rules");
	size_t n = json_is_string(list) ? 1 : json_array_size(list);
	size_t mark = place_down(&c->p, "rules");
	enum err e = ERR_OK;

	if (n == 0 || n > SIGMA_PARTS_MAX)
		e = place_fault(&c->p, NULL, c->why, ERR_SYNTAX,
		    "a correlation names 1 to %d rules", SIGMA_PARTS_MAX);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const json_t *one = json_is_string(list)
		    ? list
		    : json_array_get(list, i);
		size_t inner = place_item(&c->p, i);

		e = rule_named(c, json_string_value(one), &c->to->part[i]);
		c->to->n_parts++;
		place_up(&c->p, inner);
	}
	place_up(&c->p, mark);
	return e;
}

/* The field a name means in records of part k. */
static enum err
field_of(struct counting *c, const char *name, unsigned k, uint32_t *out)
{
	struct sigma *s = c->p.s;
	const struct sigma_rule *part = &s->rule[c->to->part[k]].pub;
	const json_t *alias = json_object_get(
	    json_object_get(c->c, "aliases"), name);
	const char *field = json_get_text(alias, part->name, NULL);

	if (field == NULL)
		field = json_get_text(alias, part->id, NULL);
	if (field == NULL && alias != NULL)
		return place_fault(&c->p, name, c->why, ERR_NOT_FOUND,
		    "the alias '%s' says nothing of '%s'", name, part->name);
	return field_take(
	    s, span_text(field == NULL ? name : field), out, c->why);
}

static enum err
field_everywhere(struct counting *c, const char *name, uint32_t *out)
{
	enum err e = ERR_OK;

	for (unsigned k = 0; k < c->to->n_parts && e == ERR_OK; k++)
		e = field_of(c, name, k, &out[k]);
	return e;
}

static enum err
groups_read(struct counting *c, const json_t *list, const char *key)
{
	size_t n = json_is_string(list) ? 1 : json_array_size(list);
	size_t mark = place_down(&c->p, key);
	enum err e = ERR_OK;

	if (n > SIGMA_GROUPS_MAX)
		e = place_fault(&c->p, NULL, c->why, ERR_LIMIT,
		    "more than %d fields to group by", SIGMA_GROUPS_MAX);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const json_t *one = json_is_string(list)
		    ? list
		    : json_array_get(list, i);

		if (!json_is_string(one))
			e = place_fault(&c->p, NULL, c->why, ERR_SYNTAX,
			    "the name of a field was expected");
		else
			e = field_everywhere(
			    c, json_string_value(one), c->to->group[i]);
		c->to->n_groups++;
	}
	place_up(&c->p, mark);
	return e;
}

static enum err
limit_read(struct counting *c, const char *key, const json_t *v)
{
	static const char *const op[] = { [SIGMA_LT] = "lt",
		[SIGMA_LTE] = "lte",
		[SIGMA_GT] = "gt",
		[SIGMA_GTE] = "gte",
		[SIGMA_EQ] = "eq",
		[SIGMA_NEQ] = "neq" };
	unsigned n = c->to->n_limits;
	double value = 0;

	for (unsigned i = 0; i < sizeof op / sizeof op[0]; i++) {
		if (strcmp(key, op[i]) != 0)
			continue;
		if (json_is_integer(v))
			value = (double)json_integer_value(v);
		else if (!json_is_string(v) ||
		    !number_read(span_text(json_string_value(v)), &value))
			return place_fault(&c->p, key, c->why, ERR_SYNTAX,
			    "%s needs a number", key);
		if (n == SIGMA_LIMITS_MAX)
			return place_fault(&c->p, key, c->why, ERR_LIMIT,
			    "more than %d limits", SIGMA_LIMITS_MAX);
		if (c->r->pub.kind != SIGMA_VALUE_SUM &&
		    c->r->pub.kind != SIGMA_VALUE_AVG &&
		    (value < 0 || value > SIGMA_COUNT_MAX))
			return place_fault(&c->p, key, c->why, ERR_UNSUPPORTED,
			    "a count of more than %d would take too much "
			    "memory",
			    SIGMA_COUNT_MAX);
		c->to->limit[n].op = (enum sigma_op)i;
		c->to->limit[n].value = value;
		c->to->n_limits++;
		return ERR_OK;
	}
	return place_fault(
	    &c->p, key, c->why, ERR_SYNTAX, "no criterion '%s'", key);
}

static enum err
condition_read_(struct counting *c)
{
	json_t *map = json_incref(json_object_get(c->c, "condition")), *v;
	enum sigma_kind kind = c->r->pub.kind;
	bool values = kind == SIGMA_VALUE_COUNT || kind == SIGMA_VALUE_SUM ||
	    kind == SIGMA_VALUE_AVG;
	size_t mark = place_down(&c->p, "condition");
	bool field = false;
	const char *key;
	enum err e = ERR_OK;

	json_object_foreach(map, key, v) {
		if (e != ERR_OK)
			break;
		if (strcmp(key, "field") != 0) {
			e = limit_read(c, key, v);
		} else if (json_is_string(v) && values) {
			field = true;
			e = field_everywhere(
			    c, json_string_value(v), c->to->field);
		} else {
			e = place_fault(&c->p, key, c->why, ERR_UNSUPPORTED,
			    "field: one name, and only where values are "
			    "counted");
		}
	}
	json_decref(map);
	if (e == ERR_OK && values && !field)
		e = place_fault(
		    &c->p, NULL, c->why, ERR_SYNTAX, "condition needs a field");
	if (e == ERR_OK && c->to->n_limits == 0 && kind < SIGMA_TEMPORAL)
		e = place_fault(&c->p, NULL, c->why, ERR_SYNTAX,
		    "condition needs gt, gte, lt, lte, eq or neq");
	if (e == ERR_OK && c->to->n_limits > 0 && kind == SIGMA_ORDERED)
		e = place_fault(&c->p, NULL, c->why, ERR_UNSUPPORTED,
		    "temporal_ordered waits for all its rules: no condition");
	place_up(&c->p, mark);
	return e;
}

static enum err
kind_read(struct counting *c)
{
	static const struct {
		const char *name;
		enum sigma_kind kind;
	} kinds[] = { { "event_count", SIGMA_EVENT_COUNT },
		{ "value_count", SIGMA_VALUE_COUNT },
		{ "value_sum", SIGMA_VALUE_SUM },
		{ "value_avg", SIGMA_VALUE_AVG },
		{ "temporal", SIGMA_TEMPORAL },
		{ "temporal_ordered", SIGMA_ORDERED } };
	const char *type = json_get_text(c->c, "type", "");
	size_t mark = place_down(&c->p, "type");
	enum err e = ERR_OK;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(type, kinds[i].name) == 0) {
			c->r->pub.kind = kinds[i].kind;
			place_up(&c->p, mark);
			return e;
		}
	e = place_fault(&c->p, type, c->why, ERR_UNSUPPORTED,
	    "no correlation of type '%s'", type);
	place_up(&c->p, mark);
	return e;
}

/* What stands below `beimen`. */
static enum err
own_read(struct counting *c, const json_t *doc)
{
	const json_t *own = json_object_get(doc, "beimen");
	const json_t *open = json_object_get(own, "open");
	const char *name = json_get_text(own, "reset-by", NULL);
	enum err e = ERR_OK;

	c->to->reset = c->to->close = SIGMA_NONE;
	c->p.pointer[0] = '\0';
	(void)place_down(&c->p, "beimen");
	if (name != NULL)
		e = rule_named(c, name, &c->to->reset);
	if (e != ERR_OK || open == NULL)
		return e;
	(void)place_down(&c->p, "open");
	if (c->r->pub.kind != SIGMA_VALUE_COUNT)
		return place_fault(&c->p, NULL, c->why, ERR_UNSUPPORTED,
		    "open goes with value_count");
	name = json_get_text(open, "session", "session.uid");
	e = timespan_read(c, open, "for", OPEN_US, &c->to->open_us);
	if (e == ERR_OK)
		e = field_everywhere(c, name, c->to->session);
	if (e == ERR_OK)
		e = rule_named(
		    c, json_get_text(open, "closed-by", NULL), &c->to->close);
	/* What a closing record names its session and value by. */
	if (e == ERR_OK)
		e = field_take(
		    c->p.s, span_text(name), &c->to->close_session, c->why);
	c->to->close_value = c->to->field[0];
	return e;
}

static struct counting
counting_of(struct sigma *s, uint32_t i, struct fault *why)
{
	struct rule *r = &s->rule[i];

	return (struct counting){ .p = { .s = s,
				      .yaml = r->yaml,
				      .whole = r->whole,
				      .name = r->pub.file },
		.r = r,
		.to = &r->pub.count,
		.why = why };
}

enum err
correlation_read(struct sigma *s, uint32_t i, struct fault *why)
{
	struct counting c = counting_of(s, i, why);
	const json_t *doc = yaml_root(c.r->yaml);
	const json_t *generate;
	enum err e;

	c.c = json_object_get(doc, "correlation");
	generate = json_object_get(c.c, "generate");
	if (generate == NULL)
		generate = json_object_get(doc, "generate");
	c.r->generate = json_is_true(generate);
	c.r->pub.count = (struct sigma_count){ .n_parts = 0 };
	(void)place_down(&c.p, "correlation");
	if ((e = kind_read(&c)) != ERR_OK || (e = parts_read(&c)) != ERR_OK ||
	    (e = groups_read(
		 &c, json_object_get(c.c, "group-by"), "group-by")) != ERR_OK ||
	    (e = timespan_read(&c, c.c, "timespan", 0, &c.to->window_us)) !=
		ERR_OK ||
	    (e = condition_read_(&c)) != ERR_OK)
		return e;
	return own_read(&c, doc);
}

enum err
rule_alone(struct sigma *s, uint32_t i, struct fault *why)
{
	struct counting c = counting_of(s, i, why);
	const json_t *own = json_object_get(yaml_root(c.r->yaml), "beimen");
	const json_t *subject = json_object_get(own, "subject");
	json_t *usual = NULL;
	enum err e;

	*c.to = (struct sigma_count){ .part = { i },
		.n_parts = 1,
		.any_group = true,
		.reset = SIGMA_NONE,
		.close = SIGMA_NONE };
	c.to->limit[c.to->n_limits].op = SIGMA_GTE;
	c.to->limit[c.to->n_limits++].value = 1;
	if (subject == NULL)
		subject = usual = json_pack("[s,s,s,s]", "user.name",
		    "target.user.name", "src_endpoint.ip", "host");
	(void)place_down(&c.p, "beimen");
	e = groups_read(&c, subject, "subject");
	if (e == ERR_OK)
		e = timespan_read(
		    &c, own, "within", WITHIN_US, &c.to->window_us);
	json_decref(usual);
	return e;
}
