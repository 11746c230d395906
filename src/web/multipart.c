/*
 * web/multipart.c: multipart/form-data, split within bounds.
 *
 * About     uploads from a form. Every byte hostile; nothing is copied.
 * Runs      in the web process.
 * Source    RFC 7578, RFC 2046 section 5.1.1.
 */
#include "web/multipart.h"

#include "base/text.h"

#define BOUNDARY_MAX 70 /* RFC 2046 */

bool
multipart_is(const char *content_type)
{
	static const char want[] = "multipart/form-data";
	struct span s = span_text(content_type);
	struct span head = span_slice(s, 0, sizeof want - 1);
	struct span rest = span_slice(s, sizeof want - 1, SIZE_MAX);

	return span_equal_nocase(head, SPAN_LIT(want)) &&
	    (rest.len == 0 || rest.at[0] == ';' || rest.at[0] == ' ');
}

/* RFC 2046 bchars, without the space. */
static bool
boundary_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (c != 0 && strchr("'()+_,-./:=?", c));
}

/* The one parameter `name` of a header value: a token or a quoted string.
 * False when it stands there twice or the header is malformed; *out is then
 * empty. A quoted value is given as sent, between its quotes. */
static bool
parameter(struct span header, const char *name, struct span *out)
{
	struct cursor c = cursor_of(header);
	bool seen = false;

	*out = SPAN_EMPTY;
	(void)cursor_until(&c, ';', NULL);
	while (c.pos < header.len) {
		struct span key, value;
		bool found = false;

		while (c.pos < header.len &&
		    (header.at[c.pos] == ' ' || header.at[c.pos] == '\t' ||
			header.at[c.pos] == ';'))
			c.pos++;
		if (c.pos >= header.len)
			break;
		key = span_trim(cursor_until(&c, '=', &found));
		if (!found)
			return false;
		if (c.pos < header.len && header.at[c.pos] == '"') {
			c.pos++;
			value = cursor_until(&c, '"', &found);
			if (!found || span_find(value, '\\') != SIZE_MAX)
				return false;
			(void)cursor_until(&c, ';', NULL);
		} else {
			value = span_trim(cursor_until(&c, ';', NULL));
		}
		if (!span_equal_nocase(key, span_text(name)))
			continue;
		if (seen)
			return false;
		seen = true;
		*out = value;
	}
	return true;
}

/* Take the line up to CRLF off c; false when no CRLF is left. */
static bool
line_take(struct cursor *c, struct span *line)
{
	struct span rest = span_slice(c->all, c->pos, SIZE_MAX);
	size_t n = span_find_text(rest, "\r\n");

	if (n == SIZE_MAX)
		return false;
	*line = cursor_take(c, n);
	(void)cursor_take(c, 2);
	return true;
}

/* One Content-Disposition value into *p. */
static enum err
disposition_read(
    struct span v, struct multipart_part *p, unsigned at, struct fault *why)
{
	struct span kind = v;
	size_t semi = span_find(v, ';');

	if (semi != SIZE_MAX)
		kind = span_slice(v, 0, semi);
	if (!span_equal_nocase(span_trim(kind), SPAN_LIT("form-data")))
		return fault_set(why, ERR_SYNTAX, "part %u: not form-data", at);
	if (!parameter(v, "name", &p->name) ||
	    !parameter(v, "filename", &p->filename))
		return fault_set(
		    why, ERR_SYNTAX, "part %u: malformed disposition", at);
	if (p->name.len == 0)
		return fault_set(why, ERR_SYNTAX, "part %u: no name", at);
	if (p->name.len > MULTIPART_NAME_MAX || !text_valid(p->name) ||
	    span_find(p->name, 0) != SIZE_MAX)
		return fault_set(why, ERR_SYNTAX, "part %u: bad name", at);
	return ERR_OK;
}

/* The header lines of one part, up to and with the empty line. */
static enum err
head_read(
    struct cursor *c, struct multipart_part *p, unsigned at, struct fault *why)
{
	size_t from = c->pos;
	bool named = false;
	struct span line;
	enum err e;

	for (;;) {
		struct cursor l;
		struct span key;
		bool found = false;

		if (!line_take(c, &line) || c->pos - from > MULTIPART_HEAD_MAX)
			return fault_set(why, ERR_SYNTAX,
			    "part %u: no end of its headers", at);
		if (line.len == 0)
			break;
		l = cursor_of(line);
		key = cursor_until(&l, ':', &found);
		if (!found || line.at[0] == ' ' || line.at[0] == '\t')
			return fault_set(
			    why, ERR_SYNTAX, "part %u: malformed header", at);
		if (span_equal_nocase(key, SPAN_LIT("Content-Type")))
			p->type = span_trim(cursor_rest(&l));
		if (!span_equal_nocase(key, SPAN_LIT("Content-Disposition")))
			continue;
		if (named)
			return fault_set(
			    why, ERR_SYNTAX, "part %u: two dispositions", at);
		named = true;
		if ((e = disposition_read(
			 span_trim(cursor_rest(&l)), p, at, why)) != ERR_OK)
			return e;
	}
	if (!named)
		return fault_set(why, ERR_SYNTAX, "part %u: no name", at);
	return ERR_OK;
}

/* Where CRLF "--" boundary next stands from c on; SIZE_MAX if nowhere. */
static size_t
boundary_find(const struct cursor *c, struct span boundary)
{
	size_t at = c->pos;

	while (at < c->all.len) {
		struct span rest = span_slice(c->all, at, SIZE_MAX);
		size_t n = span_find_text(rest, "\r\n--");

		if (n == SIZE_MAX)
			return SIZE_MAX;
		if (span_equal(span_slice(rest, n + 4, boundary.len), boundary))
			return at + n;
		at += n + 2;
	}
	return SIZE_MAX;
}

enum err
multipart_parse(const char *content_type, struct span body, struct multipart *m,
    struct fault *why)
{
	struct multipart got = { 0 };
	struct cursor c = cursor_of(body);
	struct span boundary, tail;
	enum err e;

	if (!multipart_is(content_type) ||
	    !parameter(span_text(content_type), "boundary", &boundary) ||
	    boundary.len == 0 || boundary.len > BOUNDARY_MAX)
		return fault_set(why, ERR_SYNTAX, "no usable boundary");
	for (size_t i = 0; i < boundary.len; i++)
		if (!boundary_byte(boundary.at[i]))
			return fault_set(why, ERR_SYNTAX, "bad boundary");
	if (!span_is(cursor_take(&c, 2), "--") ||
	    !span_equal(cursor_take(&c, boundary.len), boundary))
		return fault_set(why, ERR_SYNTAX,
		    "the body does not begin with its boundary");
	for (;;) {
		struct multipart_part *p;
		size_t end;

		tail = cursor_take(&c, 2);
		if (span_is(tail, "--"))
			break;
		if (!span_is(tail, "\r\n"))
			return fault_set(why, ERR_SYNTAX,
			    "part %u: malformed boundary", got.n + 1);
		if (got.n == MULTIPART_PARTS_MAX)
			return fault_set(why, ERR_LIMIT, "more than %d parts",
			    MULTIPART_PARTS_MAX);
		p = &got.part[got.n];
		if ((e = head_read(&c, p, got.n + 1, why)) != ERR_OK)
			return e;
		/* An empty part's CRLF is the one that ended its head. */
		c.pos -= 2;
		if ((end = boundary_find(&c, boundary)) == SIZE_MAX)
			return fault_set(why, ERR_SYNTAX,
			    "part %u: no boundary after it", got.n + 1);
		if (end > c.pos)
			p->content = span_slice(
			    body, c.pos + 2, end - c.pos - 2);
		c.pos = end;
		(void)cursor_take(&c, 4 + boundary.len);
		got.n++;
	}
	*m = got;
	return ERR_OK;
}

const struct multipart_part *
multipart_find(const struct multipart *m, const char *name)
{
	const struct multipart_part *found = NULL;

	for (unsigned i = 0; i < m->n; i++) {
		if (!span_is(m->part[i].name, name))
			continue;
		if (found != NULL)
			return NULL;
		found = &m->part[i];
	}
	return found;
}
