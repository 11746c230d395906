/*
 * pack/csv_out.c: tables written as comma-separated values.
 */
#include "pack/csv.h"

#include <inttypes.h>

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

void
csv_begin(struct csv_out *o, struct buf *b, bool mark)
{
	*o = (struct csv_out){ .b = b };
	if (mark)
		buf_text(b, BYTE_ORDER_MARK);
}

/* A spreadsheet would reckon with what follows any apostrophes here. */
static bool
is_formula(struct span s)
{
	size_t at = 0;

	while (at < s.len && s.at[at] == '\'')
		at++;
	if (at == s.len)
		return false;
	switch (s.at[at]) {
	case '=':
	case '+':
	case '-':
	case '@':
	case '\t':
	case '\r':
		return true;
	default:
		return false;
	}
}

static bool
must_quote(struct span s)
{
	/* At the front of a file it would be taken for the order mark. */
	if (span_starts(s, BYTE_ORDER_MARK))
		return true;
	if (s.len > 0 && (s.at[0] == ' ' || s.at[s.len - 1] == ' '))
		return true;
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == ',' || s.at[i] == '"' || s.at[i] == '\n' ||
		    s.at[i] == '\r')
			return true;
	return false;
}

void
csv_cell(struct csv_out *o, struct span s)
{
	/* Alone in its row an empty cell would be an empty line. */
	bool quote = must_quote(s) || (s.len == 0 && !o->inside);

	if (o->inside)
		buf_u8(o->b, ',');
	o->inside = true;
	if (quote)
		buf_u8(o->b, '"');
	if (is_formula(s))
		buf_u8(o->b, '\'');
	while (quote && s.len > 0) {
		size_t at = span_find(s, '"');
		size_t n = at == SIZE_MAX ? s.len : at + 1;

		buf_span(o->b, span_slice(s, 0, n));
		if (at != SIZE_MAX)
			buf_u8(o->b, '"');
		s = span_slice(s, n, SIZE_MAX);
	}
	buf_span(o->b, s);
	if (quote)
		buf_u8(o->b, '"');
}

void
csv_text(struct csv_out *o, const char *s)
{
	csv_cell(o, span_text(s));
}

void
csv_int(struct csv_out *o, int64_t v)
{
	struct buf b;

	buf_init(&b, 32);
	buf_printf(&b, "%" PRId64, v);
	if (buf_error(&b) != ERR_OK && buf_error(o->b) == ERR_OK)
		o->b->bad = buf_error(&b);
	csv_cell(o, buf_view(&b));
	buf_clear(&b);
}

void
csv_end(struct csv_out *o)
{
	buf_text(o->b, "\r\n");
	o->inside = false;
}

struct span
csv_plain(struct span cell)
{
	if (cell.len > 1 && cell.at[0] == '\'' && is_formula(cell))
		return span_slice(cell, 1, SIZE_MAX);
	return cell;
}
