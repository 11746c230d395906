/*
 * web/template.h: pages from JSON, with nothing that runs in between.
 *
 * A template is text with tags:
 *
 *   {{a.b}}            the value, escaped; {{.}} the present one
 *   {{#a}}…{{/a}}      once per element of a list, once for an object (which
 *                      becomes the present one) or any true value
 *   {{^a}}…{{/a}}      when a is missing, null, false, 0, "" or an empty list
 *   {{>name}}          another template, text level only
 *   {{t key}}          a message; its {x} are filled from the present value
 *   {{m prefix a}}     the message whose key is prefix and the value of a,
 *                      other bytes than [a-z0-9_-] as '-'; the value itself
 *                      where there is none
 *   {{l a}}            a text in the reader's language: {zh,en} or a string
 *   {{d a}} {{w a}}    a date; date and time: Taipei, ROC years in Chinese
 *   {{s a}}            date and time, short, for tables
 *   {{n a}}            an integer with thousands separators
 *   {{q a}}            percent-encoded, for a query value or path segment
 *   {{c a}}            as part of a class name or id: as after {{m}}
 *   {{u a}}            a link: the value where it is a path of ours, else "#"
 *   {{! … }}           nothing
 *
 * Names are looked up in the present value, then outward. There is no
 * unescaped form. The compiler follows the HTML around each tag and refuses
 * a template where a value could stand outside text and quoted attribute
 * values, in an event handler, style, script, or at the start of a link
 * other than as {{u}}; sections must close in the HTML state they began in.
 */
#ifndef WEB_TEMPLATE_H
#define WEB_TEMPLATE_H

#include "base/embedded.h"
#include "pack/json.h"
#include "web/message.h"

struct templates;

#define TEMPLATE_DEPTH_MAX 24

/*
 * template_compile: compile every file of the table ("city.html" is named
 * "city").
 * Fails   ERR_SYNTAX "city.html:12: …"; ERR_MEMORY. *out handed over.
 */
MUST_CHECK enum err template_compile(
    const struct embedded *table, struct templates **out, struct fault *why);
void templates_free(struct templates *t);

/*
 * template_draw: append template `name` filled with data to b, whose maximum
 * bounds the output.
 * Fails   ERR_NOT_FOUND: no such template; ERR_LIMIT: too long, or sections
 *         nested deeper than TEMPLATE_DEPTH_MAX; ERR_MEMORY.
 */
MUST_CHECK enum err template_draw(const struct templates *t, const char *name,
    const json_t *data, enum lang l, struct buf *b, struct fault *why);

/* template_keys: call fn for each message key a {{t}} uses and each prefix a
 * {{m}} uses (prefix true), for the test that holds messages complete. */
void template_keys(const struct templates *t,
    void (*fn)(void *arg, struct span key, bool prefix), void *arg);

/* template_escape: append s so that it is plain text in HTML, in or out of an
 * attribute: & < > " ' ` as references; control bytes but tab and newline,
 * and characters that turn the direction of writing, made visible. */
void template_escape(struct buf *b, struct span s);

#endif
