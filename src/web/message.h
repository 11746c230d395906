/*
 * web/message.h: what the pages say, in both languages.
 *
 * The .po files of share/messages become one table at build time
 * (tools/po_table.py). A message may hold {names} that a template fills.
 */
#ifndef WEB_MESSAGE_H
#define WEB_MESSAGE_H

#include "base/span.h"

enum lang { LANG_ZH, LANG_EN, LANG_N };

struct message {
	const char *key;
	const char *text[LANG_N];
};

/* The whole table, by key; n_messages rows. */
extern const struct message message_table[];
extern const unsigned n_messages;

/* message_find: NULL when there is no such key. */
const char *message_find(enum lang l, struct span key);
/* lang_code: "zh-Hant-TW" or "en", for the html element. */
const char *lang_code(enum lang l);
/* lang_choose: from ?lang= ("zh", "en"), else the cookie's value, else
 * Accept-Language (RFC 9110 section 12.5.4, q-values), else LANG_ZH. */
enum lang lang_choose(
    const char *query, struct span cookie, const char *accept);

#endif
