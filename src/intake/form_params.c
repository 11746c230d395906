/*
 * intake/form_params.c: structured data of RFC 5424.
 */
#include "intake/form.h"
#include "intake/scan.h"
#include "intake/syslog.h"

/* Offers "ID/NAME" and "NAME". */
static void
param_offer(struct values *v, struct span id, struct span name,
    struct span text, enum escape how)
{
	uint8_t both[FORM_KEY_MAX];

	values_offer(v, FORM_PARAMS, name, text, how);
	if (id.len == 0 || name.len == 0 || id.len >= sizeof both ||
	    name.len >= sizeof both - id.len)
		return;
	memcpy(both, id.at, id.len);
	both[id.len] = '/';
	memcpy(&both[id.len + 1], name.at, name.len);
	values_offer(
	    v, FORM_PARAMS, span_of(both, id.len + 1 + name.len), text, how);
}

/* One element at i, its bracket passed; where it ends. */
static size_t
element_read(struct span s, size_t i, struct values *v)
{
	size_t end = scan_for(s, i, ' ', ']');
	struct span id = span_slice(s, i, end - i);

	i = end;
	while (i < s.len && s.at[i] != ']') {
		enum escape how = ESCAPE_NONE;
		size_t eq, from;

		while (i < s.len && scan_is_blank(s.at[i]))
			i++;
		eq = scan_for(s, i, '=', ']');
		if (eq + 1 >= s.len || s.at[eq] != '=' || s.at[eq + 1] != '"')
			return eq;
		from = eq + 2;
		for (end = from; (end = scan_for(s, end, '"', '\\')) < s.len &&
		     s.at[end] == '\\';
		     end += 2)
			how = ESCAPE_MARK;
		if (end >= s.len)
			return s.len;
		param_offer(v, id, span_slice(s, i, eq - i),
		    span_slice(s, from, end - from), how);
		i = end + 1;
	}
	return i;
}

bool
form_params(struct span raw, struct values *v)
{
	struct span s = syslog_params(raw);
	size_t i = 0;

	while (i < s.len && s.at[i] == '[') {
		i = element_read(s, i + 1, v);
		if (i < s.len && s.at[i] == ']')
			i++;
	}
	return s.len > 0;
}
