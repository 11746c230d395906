/*
 * vault/query_literal.c: what every text that a regular expression matches
 * must hold.
 *
 * Works on   the pattern as PCRE2 reads it without extended mode. Where a
 *            construct is not understood, nothing is said at all: a literal
 *            too few costs time, one too many would lose records.
 */
#include "vault/query_own.h"

struct reader {
	struct span s;
	size_t at;
	bool nocase;
	uint8_t *out; /* all pieces behind one another */
	size_t len, from; /* used; where the open piece begins */
	size_t last; /* where the open piece's last character begins */
	bool closed_left; /* no word goes on before the open piece */
	struct literal *list;
	size_t n, max;
};

/* Ends the open piece. */
static void
piece_end(struct reader *r, bool closed_right)
{
	if (r->len > r->from && r->n < r->max)
		r->list[r->n++] = (struct literal){
			.text = span_of(r->out + r->from, r->len - r->from),
			.open_left = !r->closed_left,
			.open_right = !closed_right,
		};
	r->from = r->last = r->len;
	r->closed_left = false;
}

/* The last character may be missing: it is no part of the piece. */
static void
last_drop(struct reader *r)
{
	r->len = r->last;
}

static uint8_t
peek(const struct reader *r, size_t ahead)
{
	return r->at + ahead < r->s.len ? r->s.at[r->at + ahead] : 0;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One character as it stands. Where case does not count, letters that other
 * alphabets' letters match too are not relied on. */
static void
char_add(struct reader *r)
{
	uint8_t c = peek(r, 0);
	size_t n = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
	struct span one = span_slice(r->s, r->at, n);

	r->at += one.len;
	if (r->nocase &&
	    (c == 'k' || c == 'K' || c == 's' || c == 'S' ||
		(c >= 0x80 && (c < 0xE3 || c > 0xE9)))) {
		piece_end(r, false);
		return;
	}
	r->last = r->len;
	memcpy(r->out + r->len, one.at, one.len);
	text_lower(r->out + r->len, one.len);
	r->len += one.len;
}

/* Passes over [ … ]. */
static bool
class_skip(struct reader *r)
{
	r->at++;
	if (peek(r, 0) == '^')
		r->at++;
	if (peek(r, 0) == ']')
		r->at++;
	while (r->at < r->s.len && peek(r, 0) != ']') {
		if (peek(r, 0) == '\\') {
			r->at++;
		} else if (peek(r, 0) == '[' &&
		    (peek(r, 1) == ':' || peek(r, 1) == '.' ||
			peek(r, 1) == '=')) {
			uint8_t mark = peek(r, 1);

			r->at += 2;
			while (r->at < r->s.len &&
			    !(peek(r, 0) == mark && peek(r, 1) == ']'))
				r->at++;
			r->at++;
		}
		r->at++;
	}
	r->at++;
	return r->at <= r->s.len;
}

/* Passes over ( … ): what it holds may or may not be there. */
static bool
group_skip(struct reader *r)
{
	unsigned depth = 0;

	do {
		uint8_t c = peek(r, 0);

		if (r->at >= r->s.len)
			return false;
		if (c == '[') {
			if (!class_skip(r))
				return false;
			continue;
		}
		if (c == '(') {
			depth++;
			if (peek(r, 1) == '*' ||
			    (peek(r, 1) == '?' &&
				(memchr(":=!<>|", peek(r, 2), 6) == NULL ||
				    peek(r, 2) == 0)))
				return false;
		}
		depth -= c == ')';
		r->at += c == '\\' ? 2 : 1;
	} while (depth > 0);
	return r->at <= r->s.len;
}

/* \x: false where it is not understood. */
static bool
escape_read(struct reader *r)
{
	uint8_t c = peek(r, 1);
	bool word;

	if (r->at + 1 >= r->s.len)
		return false;
	if (!is_letter(c) && !is_digit(c)) {
		r->at++;
		char_add(r);
		return true;
	}
	r->at += 2;
	if (c == 'b') {
		word = r->len > r->from && text_is_word(r->out[r->len - 1]);
		piece_end(r, word);
		r->closed_left = true;
		return true;
	}
	if (memchr("dDwWsShHvVRXBAzZGntrfea", c, 23) == NULL)
		return false;
	piece_end(r, false);
	return true;
}

/* {2,3} and its kin; a brace that begins none stands for itself. */
static void
brace_read(struct reader *r)
{
	if (!is_digit(peek(r, 1)) && peek(r, 1) != ',' && peek(r, 1) != ' ') {
		char_add(r);
		return;
	}
	last_drop(r);
	piece_end(r, false);
	while (r->at < r->s.len && peek(r, 0) != '}')
		r->at++;
	r->at++;
}

/* One step; false: nothing can be said of this pattern. */
static bool
step(struct reader *r)
{
	switch (peek(r, 0)) {
	case '\\':
		return escape_read(r);
	case '[':
		piece_end(r, false);
		return class_skip(r);
	case '(':
		piece_end(r, false);
		return group_skip(r);
	case ')':
	case '|':
	case 0:
		return false;
	case '*':
	case '?':
		last_drop(r);
		piece_end(r, false);
		r->at++;
		return true;
	case '+':
	case '.':
	case '^':
	case '$':
		piece_end(r, false);
		r->at++;
		return true;
	case '{':
		brace_read(r);
		return true;
	default:
		char_add(r);
		return true;
	}
}

size_t
literals_read(struct span pattern, bool nocase, uint8_t *room,
    struct literal *list, size_t max)
{
	struct reader r = { .s = pattern,
		.nocase = nocase,
		.out = room,
		.list = list,
		.max = max };

	if (span_find_text(pattern, "\\Q") != SIZE_MAX ||
	    span_find_text(pattern, "\\E") != SIZE_MAX)
		return 0;
	while (r.at < pattern.len)
		if (!step(&r))
			return 0;
	piece_end(&r, false);
	return r.n;
}
