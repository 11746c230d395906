/*
 * clause/sentence.h: a problem's sentence with its evidence filled in.
 */
#ifndef CLAUSE_SENTENCE_H
#define CLAUSE_SENTENCE_H

#include "base/buf.h"
#include "pack/json.h"

enum lang { LANG_ZH, LANG_EN };

/*
 * sentence_print: append `text` to b with each {name} replaced by the value of
 * that key in `evidence` (a JSON object; may be NULL). A key that ends in
 * `_us` is printed as a Taipei time: 民國115年11月22日 23:07 in Chinese,
 * 2026-11-22 23:07 in English. Arrays are joined by 、 or a comma. "{{" is a
 * brace.
 *
 * Returns whether every placeholder had a value; one without prints "—".
 */
bool sentence_print(
    struct buf *b, const char *text, const json_t *evidence, enum lang lang);

#endif
