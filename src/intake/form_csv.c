/*
 * intake/form_csv.c: columns between commas.
 */
#include "intake/form.h"
#include "intake/scan.h"

/* A column's number as text: keys are texts. */
struct number {
	uint8_t digit[3];
	size_t n;
};

static void
number_next(struct number *k)
{
	for (size_t i = k->n; i-- > 0;) {
		if (k->digit[i] < '9') {
			k->digit[i]++;
			return;
		}
		k->digit[i] = '0';
	}
	k->digit[0] = '1'; /* one digit more: 9 is followed by 10 */
	if (k->n > 0)
		k->digit[k->n] = '0';
	k->n++;
}

/* A quoted column at *i; what stands between its quotes, and *i after it. */
static struct span
quoted_take(struct span s, size_t *i, enum escape *how)
{
	uint8_t quote = s.at[*i];
	size_t from = *i + 1, at = from;

	*how = ESCAPE_NONE;
	while ((at = scan_for(s, at, quote, '\\')) < s.len) {
		bool twice = s.at[at] == quote && at + 1 < s.len &&
		    s.at[at + 1] == quote;

		if (s.at[at] == quote && !twice)
			break;
		if (quote == '"')
			*how = twice ? ESCAPE_TWICE : *how;
		else if (!twice)
			*how = ESCAPE_MARK;
		/* a backslash is an escape only in single quotes */
		at += twice || quote == '\'' ? 2 : 1;
	}
	if (at > s.len)
		at = s.len;
	*i = at < s.len ? at + 1 : at;
	return span_slice(s, from, at - from);
}

bool
form_csv(struct span s, struct values *v)
{
	struct number k = { .n = 0 };
	size_t i = 0;

	for (unsigned n = 0; n < FORM_COLUMNS_MAX && i <= s.len; n++) {
		enum escape how = ESCAPE_NONE;
		struct span text;
		size_t from;

		number_next(&k);
		while (i < s.len && s.at[i] == ' ')
			i++;
		from = i;
		if (i < s.len && (s.at[i] == '"' || s.at[i] == '\'')) {
			text = quoted_take(s, &i, &how);
			i = scan_for(s, i, ',', ',');
		} else {
			i = scan_for(s, i, ',', ',');
			text = span_trim(span_slice(s, from, i - from));
		}
		values_offer(v, FORM_CSV, span_of(k.digit, k.n), text, how);
		if (n == 0 && i >= s.len)
			return false;
		i++;
	}
	return true;
}
