/*
 * book/refusal.c: the list of reasons a person is given.
 */
#include "book/refusal.h"

#include "base/text.h"

#define VALUE_MAX 120 /* bytes of a value that are shown */

void
refusals_init(struct refusals *r, struct arena *a)
{
	*r = (struct refusals){ .a = a };
}

/* Text in the list's arena; "" when there is none or no memory. */
static const char *
kept(struct arena *a, const char *s)
{
	const char *out = s != NULL ? arena_text(a, span_text(s)) : NULL;

	return out != NULL ? out : "";
}

struct refusal *
refuse(struct refusals *r, const char *code, const char *reg, const char *field,
    struct span value, const char *zh, const char *en)
{
	struct refusal *to;
	size_t len = value.len;

	r->total++;
	if (r->n >= REFUSALS_MAX)
		return NULL;
	if (len > VALUE_MAX)
		len = text_cut((const char *)value.at, VALUE_MAX);
	to = &r->at[r->n++];
	*to = (struct refusal){ .code = code };
	to->reg = kept(r->a, reg);
	to->field = kept(r->a, field);
	to->value = arena_text(r->a, span_slice(value, 0, len));
	if (to->value == NULL)
		to->value = "";
	to->zh = kept(r->a, zh);
	to->en = kept(r->a, en);
	return to;
}

void
refuse_at(struct refusals *r, size_t first, unsigned row, unsigned column)
{
	for (size_t i = first; i < r->n; i++) {
		if (r->at[i].row == 0)
			r->at[i].row = row;
		if (r->at[i].column == 0)
			r->at[i].column = column;
	}
}

json_t *
refusal_json(const struct refusal *r)
{
	json_t *o = json_object(), *text = json_object();

	json_put_str(o, "code", r->code);
	json_put_str(o, "register", r->reg);
	json_put_str(o, "field", r->field);
	json_put_text(o, "value", span_text(r->value));
	json_put_str(text, "zh", r->zh);
	json_put_str(text, "en", r->en);
	json_object_set_new(o, "text", text);
	if (r->row > 0)
		json_put_int(o, "line", r->row);
	return o;
}

json_t *
refusals_json(const struct refusals *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(list, refusal_json(&r->at[i]));
	return list;
}
