/*
 * intake/form_pairs.c: key=value words of a message, and those of Linux audit.
 */
#include "intake/form.h"
#include "intake/scan.h"

/* The end of the value whose opening quote stands at i: its other quote. */
static size_t
value_end(struct span s, size_t i)
{
	for (i++; (i = scan_for(s, i, '"', '\\')) < s.len && s.at[i] == '\\';)
		i += 2;
	return i < s.len ? i : s.len;
}

static bool
is_key(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!scan_is_key(s.at[i]))
			return false;
	return s.len > 0;
}

bool
form_pairs(struct span s, struct values *v)
{
	size_t i = 0;

	while (i < s.len) {
		size_t eq = scan_word_end(s, i, '='), from = eq + 1, end;
		struct span key = span_slice(s, i, eq - i);

		if (eq < s.len && s.at[eq] == '=') {
			bool quoted = from < s.len && s.at[from] == '"' &&
			    is_key(key);

			end = quoted ? value_end(s, from) : scan_blank(s, from);
			from += quoted;
			if (end > from && values_want(v, FORM_PAIRS, key) &&
			    is_key(key))
				values_take(v, FORM_PAIRS, key,
				    span_slice(s, from, end - from),
				    ESCAPE_NONE);
			eq = quoted ? scan_blank(s, end) : end;
		}
		i = eq + 1;
		while (i < s.len && scan_is_blank(s.at[i]))
			i++;
	}
	return true;
}

/* Keys whose values auditd writes in hex when they are not plain text. */
static bool
is_encoded(struct span key)
{
	static const char *const names[] = { "acct", "cmd", "exe", "comm",
		"name", "cwd", "proctitle", "data", "path", "dir", "key",
		"file", "vm", "grp", "new_group", "op", "unit", "a0", "a1",
		"a2", "a3" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (span_is(key, names[i]))
			return true;
	return false;
}

/* An even number of upper-case hex digits, and a letter or eight of them: so
 * that "10" stays what it is. */
static bool
is_hex(struct span s)
{
	bool letter = false;

	if (s.len < 4 || s.len % 2 != 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		letter = letter || (s.at[i] >= 'A' && s.at[i] <= 'F');
		if ((s.at[i] < '0' || s.at[i] > '9') &&
		    (s.at[i] < 'A' || s.at[i] > 'F'))
			return false;
	}
	return letter || s.len >= 8;
}

/* What ends an audit word besides a blank: the quote of msg='…' and the mark
 * before the enriched part. */
static bool
is_audit_end(uint8_t c)
{
	return scan_is_blank(c) || c == '\'' || c == 0x1d;
}

static size_t
audit_end(struct span s, size_t i)
{
	while (i < s.len && !is_audit_end(s.at[i]))
		i++;
	return i;
}

/* "audit(1728656055.123:456):" */
static void
audit_stamp(struct span s, struct values *v)
{
	size_t open = span_find(s, '('), colon = span_find(s, ':'),
	       close = span_find(s, ')');

	if (open == SIZE_MAX || colon == SIZE_MAX || close == SIZE_MAX ||
	    colon < open || close < colon)
		return;
	values_offer(v, FORM_AUDIT, SPAN_LIT("audit.time"),
	    span_slice(s, open + 1, colon - open - 1), ESCAPE_NONE);
	values_offer(v, FORM_AUDIT, SPAN_LIT("audit.serial"),
	    span_slice(s, colon + 1, close - colon - 1), ESCAPE_NONE);
}

/* What audit writes for "not there". */
static bool
is_unset(struct span s)
{
	return span_is(s, "?") || span_is(s, "(null)") ||
	    span_is(s, "(none)") || span_is(s, "4294967295") ||
	    span_is(s, "unset");
}

/* One pair's value at i; where it ends. */
static size_t
audit_value(struct span s, struct span key, size_t i, struct values *v)
{
	size_t end;
	struct span text;

	if (i < s.len && s.at[i] == '"') {
		end = scan_for(s, i + 1, '"', '"');
		text = span_slice(s, i + 1, end - i - 1);
		if (!is_unset(text))
			values_offer(v, FORM_AUDIT, key, text, ESCAPE_NONE);
		return end < s.len ? end + 1 : end;
	}
	if (i < s.len && s.at[i] == '\'') /* msg='op=… : its inside follows */
		return i + 1;
	end = audit_end(s, i);
	text = span_slice(s, i, end - i);
	if (span_starts(text, "audit("))
		audit_stamp(text, v);
	if (!is_unset(text) && values_want(v, FORM_AUDIT, key))
		values_take(v, FORM_AUDIT, key, text,
		    is_encoded(key) && is_hex(text) ? ESCAPE_HEX : ESCAPE_NONE);
	return end;
}

bool
form_audit(struct span s, struct values *v)
{
	size_t i = 0;

	while (i < s.len) {
		size_t key = i;

		while (i < s.len && scan_is_key(s.at[i]))
			i++;
		if (i > key && i < s.len && s.at[i] == '=') {
			i = audit_value(
			    s, span_of(s.at + key, i - key), i + 1, v);
		} else {
			i = audit_end(s, i);
			if (i > key && s.at[key] == 'a' &&
			    span_starts(span_slice(s, key, i - key), "audit("))
				audit_stamp(span_slice(s, key, i - key), v);
		}
		while (i < s.len && is_audit_end(s.at[i]))
			i++;
	}
	return true;
}
