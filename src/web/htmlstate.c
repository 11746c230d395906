/*
 * web/htmlstate.c: where in an HTML text one stands.
 *
 * About     the part of HTML that our templates use, and nothing else.
 * Runs      in the web process, when templates are compiled.
 * Source    WHATWG HTML section 13.2.5.
 */
#include "web/htmlstate.h"

/* White space of HTML. */
static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* A byte of a tag or attribute name as we write them. */
static bool
is_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == ':' || c == '_';
}

/* Add a byte to a name; false when it is too long. */
static bool
name_add(char name[static HTMLSTATE_NAME_MAX], size_t *len, uint8_t c)
{
	if (*len + 1 >= HTMLSTATE_NAME_MAX)
		return false;
	if (c >= 'A' && c <= 'Z')
		c = (uint8_t)(c - 'A' + 'a');
	name[(*len)++] = (char)c;
	name[*len] = '\0';
	return true;
}

/* The '>' of a tag: what follows it. */
static void
tag_end(struct htmlstate *h)
{
	bool raw = !h->end_tag &&
	    (strcmp(h->tag, "script") == 0 || strcmp(h->tag, "style") == 0);

	*h = (struct htmlstate){ .place = raw ? HTML_CLOSED : HTML_TEXT,
		.raw = raw };
}

/* One byte inside a tag, outside values. */
static void
tag_byte(struct htmlstate *h, uint8_t c)
{
	if (c == '>') {
		if (h->equals)
			h->place = HTML_BAD;
		else
			tag_end(h);
	} else if (h->naming) {
		if (is_name(c))
			h->place = name_add(h->tag, &h->tag_len, c) ? HTML_TAG
								    : HTML_BAD;
		else if (c == '/' && h->tag_len == 0)
			h->end_tag = true;
		else if (c == '!' && h->tag_len == 0)
			h->place = HTML_CLOSED;
		else if ((is_blank(c) || c == '/') && h->tag_len != 0)
			h->naming = false;
		else
			h->place = HTML_BAD;
	} else if (h->equals) {
		if (c != '"' && c != '\'') {
			h->place = HTML_BAD; /* unquoted values are not ours */
			return;
		}
		h->place = HTML_VALUE;
		h->quote = c;
		h->equals = false;
		h->first = 0;
		h->value_len = 0;
	} else if (c == '=') {
		h->equals = h->attr_len != 0;
		if (!h->equals)
			h->place = HTML_BAD;
	} else if (is_blank(c) || c == '/') {
		h->attr_len = 0;
	} else if (!is_name(c) || !name_add(h->attr, &h->attr_len, c)) {
		h->place = HTML_BAD;
	}
}

/* One byte of literal text. */
static void
byte_feed(struct htmlstate *h, uint8_t c)
{
	switch (h->place) {
	case HTML_TEXT:
		if (c == '<')
			*h = (struct htmlstate){ .place = HTML_TAG,
				.naming = true };
		return;
	case HTML_TAG:
		tag_byte(h, c);
		return;
	case HTML_VALUE:
		if (c == h->quote) {
			h->place = HTML_TAG;
			h->attr_len = 0;
			return;
		}
		if (h->value_len++ == 0)
			h->first = c;
		return;
	case HTML_CLOSED:
		if (h->raw && c == '<')
			*h = (struct htmlstate){ .place = HTML_TAG,
				.naming = true };
		else if (!h->raw && c == '>')
			*h = (struct htmlstate){ .place = HTML_TEXT };
		return;
	case HTML_BAD:
		return;
	}
}

void
htmlstate_feed(struct htmlstate *h, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		byte_feed(h, s.at[i]);
}

bool
htmlstate_same(const struct htmlstate *a, const struct htmlstate *b)
{
	if (a->place != b->place)
		return false;
	if (a->place == HTML_TAG)
		return a->equals == b->equals && strcmp(a->tag, b->tag) == 0;
	if (a->place == HTML_VALUE)
		return a->quote == b->quote && strcmp(a->attr, b->attr) == 0;
	return true;
}

/* The attribute's value is a link that a browser may follow or load. */
static bool
is_link(const char *attr)
{
	static const char *const name[] = { "href", "src", "action",
		"formaction", "xlink:href", "poster", "data", "cite",
		"background", "ping", "srcset", "hx-get", "hx-post", "manifest",
		"longdesc" };

	for (size_t i = 0; i < sizeof name / sizeof *name; i++)
		if (strcmp(attr, name[i]) == 0)
			return true;
	return false;
}

/* The attribute's value is a program, a style or a document. */
static bool
is_active(const char *attr)
{
	return (attr[0] == 'o' && attr[1] == 'n') ||
	    strcmp(attr, "style") == 0 || strcmp(attr, "srcdoc") == 0 ||
	    strcmp(attr, "http-equiv") == 0 || strncmp(attr, "hx-", 3) == 0;
}

enum html_value
htmlstate_value(const struct htmlstate *h)
{
	if (h->place == HTML_TEXT)
		return HTML_ANY;
	if (h->place != HTML_VALUE)
		return HTML_NO;
	if (is_link(h->attr)) {
		if (h->value_len == 0)
			return HTML_LINK_START;
		if (h->value_len == 1 && h->first == '/')
			return HTML_NO; /* an empty part would make "//" */
		/* Past '/', '?' or '#', or past a checked link. */
		return h->first == '/' || h->first == '?' || h->first == '#'
		    ? HTML_LINK_PART
		    : HTML_NO;
	}
	return is_active(h->attr) ? HTML_NO : HTML_ANY;
}

void
htmlstate_put(struct htmlstate *h)
{
	if (h->place != HTML_VALUE)
		return;
	if (h->value_len == 0)
		h->first = '/'; /* a checked link begins so */
	h->value_len += 2;
}
