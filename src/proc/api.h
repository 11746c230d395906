/*
 * proc/api.h: asks and answers in the shapes of doc/api.md, between the
 * processes that give them (reader, book) and the faces (web, cli).
 */
#ifndef PROC_API_H
#define PROC_API_H

#include "pack/json.h"
#include "proc/child.h"

/*
 * The ask READER_READ and BOOK_WRITE: token, address, method, path, query,
 * type, body, each a u32-length block. The answer: u16 HTTP status and the
 * body.
 */
struct api_ask {
	struct span token, address, method, path, query, type, body;
};

void api_ask_print(struct buf *b, const struct api_ask *q);
MUST_CHECK enum err api_ask_read(
    struct cursor *c, struct api_ask *q, struct fault *why);

/* api_status: the HTTP status that tells of this code. */
int api_status(enum err e);
/* api_error: an error object; code NULL: err_name(e). Handed over. */
json_t *api_error(enum err e, const char *code, const char *text);
/* api_put: status and v, canonical; v is given. */
void api_put(struct buf *answer, int status, json_t *v);

/* Who asks, resolved: an actor of book/rights.h. */
struct api_who {
	char account[64];
	char actor[160]; /* "person:AGENCY/KEY" or "console" */
	bool must_change;
	int64_t since_us, until_us, change_us;
};

/*
 * api_who: whose ask is it? A command line is `console`; a token is asked of
 * gate.
 * Fails  ERR_DENIED: no session.
 */
MUST_CHECK enum err api_who(struct child *c, const struct caller *from,
    const struct api_ask *q, struct api_who *who, struct fault *why);

#endif
