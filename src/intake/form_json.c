/*
 * intake/form_json.c: the values of a JSON message, without a tree.
 */
#include "intake/form.h"
#include "intake/scan.h"

/* Where reading stands. */
struct reader {
	struct span s;
	size_t pos;
	struct values *v;
	size_t path_len; /* may pass FORM_KEY_MAX: then nothing is wanted */
	unsigned depth;
	/* of the object that is a list's element: {"@Name": …, "#text": …} */
	struct span name, text;
	enum escape text_how;
	uint8_t path[FORM_KEY_MAX];
};

static uint8_t
peek(const struct reader *r)
{
	return r->pos < r->s.len ? r->s.at[r->pos] : 0;
}

static void
blanks_skip(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' ||
	    peek(r) == '\r')
		r->pos++;
}

/* Passes over c, with white space around it. */
static bool
pass(struct reader *r, uint8_t c)
{
	blanks_skip(r);
	if (peek(r) != c)
		return false;
	r->pos++;
	blanks_skip(r);
	return true;
}

/* A string's inside; the opening quote is next. */
static bool
string_read(struct reader *r, struct span *text, enum escape *how)
{
	size_t from = r->pos + 1, at = from;

	*how = ESCAPE_NONE;
	while ((at = scan_for(r->s, at, '"', '\\')) < r->s.len &&
	    r->s.at[at] == '\\') {
		*how = ESCAPE_JSON;
		at += 2;
	}
	if (at >= r->s.len)
		return false;
	*text = span_of(r->s.at + from, at - from);
	r->pos = at + 1;
	return true;
}

/* A number, true, false or null. */
static bool
literal_read(struct reader *r, struct span *text)
{
	size_t from = r->pos;

	while ((peek(r) >= '0' && peek(r) <= '9') ||
	    (peek(r) >= 'a' && peek(r) <= 'z') || peek(r) == 'E' ||
	    peek(r) == '-' || peek(r) == '+' || peek(r) == '.')
		r->pos++;
	*text = span_of(r->s.at + from, r->pos - from);
	return text->len > 0;
}

/* Goes down to a key; the length to come back to. */
static size_t
path_push(struct reader *r, struct span key)
{
	size_t was = r->path_len, at = was;

	r->path_len += key.len + (was > 0);
	if (r->path_len > FORM_KEY_MAX)
		return was;
	if (was > 0)
		r->path[at++] = '.';
	if (key.len > 0)
		memcpy(&r->path[at], key.at, key.len);
	return was;
}

/* Offers a text at the path. */
static void
path_offer(struct reader *r, struct span text, enum escape how)
{
	if (r->path_len <= FORM_KEY_MAX)
		values_offer(
		    r->v, FORM_JSON, span_of(r->path, r->path_len), text, how);
}

/* Offers a text at a key below the path. */
static void
leaf_offer(struct reader *r, struct span key, struct span text, enum escape how)
{
	uint64_t lens;
	size_t was;

	if (r->path_len == 0) {
		values_offer(r->v, FORM_JSON, key, text, how);
		return;
	}
	lens = r->v->wants[FORM_JSON].lens[r->path[0]];
	if ((lens >> ((r->path_len + 1 + key.len) & 63) & 1) == 0)
		return;
	was = path_push(r, key);
	path_offer(r, text, how);
	r->path_len = was;
}

/* What may name an element, and be its text. */
static void
element_note(
    struct reader *r, struct span key, struct span text, enum escape how)
{
	if (span_is(key, "@Name") || span_is(key, "Name")) {
		r->name = text;
	} else if (span_is(key, "#text") || span_is(key, "text")) {
		r->text = text;
		r->text_how = how;
		path_offer(r, text, how);
	}
}

static bool members_read(struct reader *r);
static bool elements_read(struct reader *r);

/* An object or list below the path; the bracket is next. */
static bool
inner_read(struct reader *r)
{
	bool object = peek(r) == '{', fine;

	if (++r->depth > FORM_DEPTH_MAX)
		return false;
	r->pos++;
	blanks_skip(r);
	fine = object ? members_read(r) : elements_read(r);
	r->depth--;
	return fine;
}

/* One "key": value. */
static bool
member_read(struct reader *r)
{
	struct span key, text;
	enum escape how;
	size_t was;
	bool fine;

	if (peek(r) != '"' || !string_read(r, &key, &how) || !pass(r, ':'))
		return false;
	if (peek(r) == '{' || peek(r) == '[') {
		was = path_push(r, key);
		fine = inner_read(r);
		r->path_len = was;
		return fine;
	}
	if (peek(r) == '"') {
		if (!string_read(r, &text, &how))
			return false;
	} else {
		if (!literal_read(r, &text))
			return false;
		how = ESCAPE_NONE;
		if (span_is(text, "null"))
			return true;
	}
	leaf_offer(r, key, text, how);
	if (r->depth > 1)
		element_note(r, key, text, how);
	return true;
}

/* The inside of an object; the opening bracket was passed. */
static bool
members_read(struct reader *r)
{
	if (pass(r, '}'))
		return true;
	do {
		if (!member_read(r))
			return false;
	} while (pass(r, ','));
	return pass(r, '}');
}

/* An object in a list: what it names counts as if it were a member. */
static bool
element_read(struct reader *r)
{
	r->name = r->text = SPAN_EMPTY;
	if (!inner_read(r))
		return false;
	if (r->name.at != NULL && r->text.at != NULL)
		leaf_offer(r, r->name, r->text, r->text_how);
	return true;
}

/* A text in a list: the list's, and its own by number from 0. */
static void
element_offer(struct reader *r, unsigned at, struct span text, enum escape how)
{
	uint8_t digit[2] = { (uint8_t)('0' + at / 10),
		(uint8_t)('0' + at % 10) };

	path_offer(r, text, how);
	if (at < 100)
		leaf_offer(
		    r, span_slice(span_of(digit, 2), at < 10, 2), text, how);
}

/* The inside of a list; the opening bracket was passed. */
static bool
elements_read(struct reader *r)
{
	struct span text;
	enum escape how;
	unsigned at = 0;

	if (pass(r, ']'))
		return true;
	do {
		if (peek(r) == '{') {
			if (!element_read(r))
				return false;
		} else if (peek(r) == '[') {
			if (!inner_read(r))
				return false;
		} else if (peek(r) == '"') {
			if (!string_read(r, &text, &how))
				return false;
			element_offer(r, at, text, how);
		} else {
			if (!literal_read(r, &text))
				return false;
			if (!span_is(text, "null"))
				element_offer(r, at, text, ESCAPE_NONE);
		}
		at += at < 100;
	} while (pass(r, ','));
	return pass(r, ']');
}

bool
form_json(struct span message, struct values *v)
{
	struct reader r;

	r.s = message;
	r.pos = span_starts(message, "@cee:") ? 5 : 0;
	r.v = v;
	r.path_len = 0;
	r.depth = 0;
	r.name = r.text = SPAN_EMPTY;
	r.text_how = ESCAPE_NONE;
	blanks_skip(&r);
	if (peek(&r) != '{' || !inner_read(&r))
		return false;
	blanks_skip(&r);
	return r.pos == r.s.len;
}
