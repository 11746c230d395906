/*
 * intake/form_cef.c: the two formats of security products' own events.
 */
#include "intake/form.h"
#include "intake/scan.h"

/* The header's next field, ended by '|'; "\|" does not end it. */
static bool
header_take(struct span *rest, enum form f, struct span key, struct values *v)
{
	enum escape how = ESCAPE_NONE;
	size_t at = 0;

	while ((at = scan_for(*rest, at, '|', '\\')) < rest->len &&
	    rest->at[at] == '\\') {
		how = ESCAPE_MARK;
		at += 2;
	}
	if (at >= rest->len)
		return false;
	values_offer(v, f, key, span_slice(*rest, 0, at), how);
	*rest = span_slice(*rest, at + 1, SIZE_MAX);
	return true;
}

/* What an extension's keys are made of; ad.key[0] is one too. */
static bool
is_key(uint8_t c)
{
	return scan_is_key(c) || c == '[' || c == ']' || c == ':';
}

/* Where the key that ends before eq begins; eq itself when there is none. */
static size_t
key_begin(struct span s, size_t eq, size_t least)
{
	size_t at = eq;

	while (at > least && is_key(s.at[at - 1]))
		at--;
	return at > 0 && s.at[at - 1] != ' ' && s.at[at - 1] != '\t' ? eq : at;
}

/*
 * "src=192.0.2.7 msg=a text with blanks act=blocked": a value ends before the
 * blank before the next key.
 */
static void
extension_read(struct span s, struct values *v)
{
	struct span key = SPAN_EMPTY;
	enum escape how = ESCAPE_NONE;
	size_t from = 0, at = 0;

	while ((at = scan_for(s, at, '=', '\\')) < s.len) {
		size_t begin;

		if (s.at[at] == '\\') {
			how = ESCAPE_MARK;
			at += 2;
			continue;
		}
		begin = key_begin(s, at, from);
		if (begin < at) {
			if (key.len > 0)
				values_offer(v, FORM_CEF, key,
				    span_trim(
					span_slice(s, from, begin - from)),
				    how);
			key = span_slice(s, begin, at - begin);
			from = at + 1;
			how = ESCAPE_NONE;
		}
		at++;
	}
	if (key.len > 0)
		values_offer(v, FORM_CEF, key,
		    span_trim(span_slice(s, from, SIZE_MAX)), how);
}

bool
form_cef(struct span s, struct values *v)
{
	static const char *const keys[] = { "deviceVendor", "deviceProduct",
		"deviceVersion", "deviceEventClassId", "name", "severity" };
	size_t at = span_find_text(s, "CEF:"), bar;

	if (at == SIZE_MAX)
		return false;
	s = span_slice(s, at + 4, SIZE_MAX);
	bar = span_find(span_slice(s, 0, 5), '|');
	if (bar == SIZE_MAX)
		return false;
	s = span_slice(s, bar + 1, SIZE_MAX);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (!header_take(&s, FORM_CEF, span_text(keys[i]), v))
			return i == 5; /* no '|' after the severity */
	extension_read(s, v);
	return true;
}

/* The delimiter of LEEF 2.0: a character or its code, "x09" or "0x09". */
static uint8_t
delimiter_read(struct span s)
{
	static const char digits[] = "0123456789abcdef";
	unsigned code = 0;
	size_t x = span_find(s, 'x');

	if (s.len == 1)
		return s.at[0];
	if (x == SIZE_MAX || x > 1 || s.len > x + 3)
		return '\t';
	for (size_t i = x + 1; i < s.len; i++) {
		uint8_t c = s.at[i];
		const char *at = c == 0
		    ? NULL
		    : strchr(digits, c >= 'A' && c <= 'F' ? c | 32 : c);

		if (at == NULL)
			return '\t';
		code = code * 16 + (unsigned)(at - digits);
	}
	return code == 0 ? '\t' : (uint8_t)code;
}

/* "key=value" between delimiters. */
static void
attributes_read(struct span s, uint8_t delimiter, struct values *v)
{
	for (size_t i = 0; i < s.len; i++) {
		size_t end = scan_for(s, i, delimiter, delimiter);
		struct span one = span_slice(s, i, end - i);
		size_t eq = scan_for(one, 0, '=', '=');

		if (eq < one.len)
			values_offer(v, FORM_LEEF,
			    span_trim(span_slice(one, 0, eq)),
			    span_trim(span_slice(one, eq + 1, SIZE_MAX)),
			    ESCAPE_NONE);
		i = end;
	}
}

bool
form_leef(struct span s, struct values *v)
{
	static const char *const keys[] = { "vendor", "product", "version",
		"eventID" };
	size_t at = span_find_text(s, "LEEF:"), bar;
	uint8_t delimiter = '\t';
	bool second;

	if (at == SIZE_MAX)
		return false;
	s = span_slice(s, at + 5, SIZE_MAX);
	second = span_starts(s, "2");
	bar = span_find(span_slice(s, 0, 5), '|');
	if (bar == SIZE_MAX)
		return false;
	s = span_slice(s, bar + 1, SIZE_MAX);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (!header_take(&s, FORM_LEEF, span_text(keys[i]), v))
			return false;
	bar = span_find(span_slice(s, 0, 6), '|');
	if (second && bar != SIZE_MAX) {
		delimiter = bar == 0 ? '\t'
				     : delimiter_read(span_slice(s, 0, bar));
		s = span_slice(s, bar + 1, SIZE_MAX);
	}
	attributes_read(s, delimiter, v);
	return true;
}
