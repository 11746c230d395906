/*
 * match/text.h: words in text: ASCII without case, everything else byte for
 * byte, so that Chinese is found as a substring.
 */
#ifndef MATCH_TEXT_H
#define MATCH_TEXT_H

#include "base/span.h"

/* text_lower: ASCII letters of len bytes made small, in place. */
void text_lower(uint8_t *at, size_t len);

/* text_is_word: an ASCII letter, digit or underscore. */
bool text_is_word(uint8_t c);

/* text_find: where `low` (already lower case) stands in s at or after `from`;
 * SIZE_MAX if nowhere. */
size_t text_find(struct span s, struct span low, size_t from);

/*
 * text_has_word: `low` stands in s as a word: where it begins (or ends) with
 * an ASCII letter, digit or underscore, no such character stands before (or
 * after) it. open_left, open_right: that end need not be a word's end.
 */
bool text_has_word(
    struct span s, struct span low, bool open_left, bool open_right);

/* text_glob: all of s follows the lower-case pattern, `*` being any bytes. */
bool text_glob(struct span s, struct span low);

#endif
