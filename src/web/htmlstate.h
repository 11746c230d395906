/*
 * web/htmlstate.h: where in an HTML text one stands, byte by byte.
 *
 * The template compiler feeds its literal text through this to know whether
 * a value may stand at a place. It follows the tokenizer of the HTML
 * standard as far as our own templates go, and calls everything else
 * HTML_BAD, so a template outside that part does not compile.
 *
 * Source: WHATWG HTML section 13.2.5.
 */
#ifndef WEB_HTMLSTATE_H
#define WEB_HTMLSTATE_H

#include "base/span.h"

#define HTMLSTATE_NAME_MAX 24

enum html_place {
	HTML_TEXT, /* between tags */
	HTML_TAG, /* inside a tag, no value open: no value may stand here */
	HTML_VALUE, /* inside a quoted attribute value */
	HTML_CLOSED, /* a comment, declaration, script or style: none either */
	HTML_BAD /* not HTML that we write */
};

struct htmlstate {
	enum html_place place;
	uint8_t quote; /* in HTML_VALUE: the quote that ends it */
	bool naming; /* inside the tag's name */
	bool equals; /* an '=' was seen: a value must follow */
	bool end_tag, raw; /* "</"; inside script or style */
	uint8_t first; /* first byte of the value; 0: none yet */
	size_t value_len; /* bytes of the value up to here */
	char tag[HTMLSTATE_NAME_MAX], attr[HTMLSTATE_NAME_MAX];
	size_t tag_len, attr_len;
};

/* htmlstate_feed: go on over literal text. */
void htmlstate_feed(struct htmlstate *h, struct span s);
/* htmlstate_same: the places agree, so that a section may close here. */
bool htmlstate_same(const struct htmlstate *a, const struct htmlstate *b);

enum html_value {
	HTML_NO, /* no value may stand here */
	HTML_ANY, /* any kind */
	HTML_LINK_START, /* only a whole checked link */
	HTML_LINK_PART /* only percent-encoded */
};
/* htmlstate_value: what kind of value may stand here; htmlstate_put tells
 * that one did. */
enum html_value htmlstate_value(const struct htmlstate *h);
void htmlstate_put(struct htmlstate *h);

#endif
