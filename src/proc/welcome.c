/*
 * proc/welcome.c: the first start and the greeting.
 */
#include "proc/welcome.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "book/start.h"
#include "call/call.h"

#define FIRST_MS 30000

/* The first rows, and the first administrator. */
static enum err
first_start(const json_t *settings, struct wire *book, struct wire *gate,
    struct buf *name, struct buf *password, struct fault *why)
{
	struct buf ask;
	struct span body;
	struct cursor c;
	enum err e;

	e = wire_ask(book, BOOK_FIRST,
	    span_text(json_get_text(settings, "host", "localhost")), FIRST_MS,
	    &body, why);
	if (e != ERR_OK)
		return e;
	buf_init(&ask, 256);
	buf_block(&ask, SPAN_LIT(START_AGENCY "/" START_ADMIN));
	e = wire_ask(gate, GATE_FIRST, buf_view(&ask), FIRST_MS, &body, why);
	buf_clear(&ask);
	if (e == ERR_EXISTS)
		return ERR_OK;
	if (e != ERR_OK)
		return e;
	c = cursor_of(body);
	buf_span(name, cursor_block(&c, 64));
	buf_span(password, cursor_block(&c, 64));
	return ERR_OK;
}

static void
greet(const json_t *settings, const struct listeners *l, const char *name,
    const char *password)
{
	const char *host = json_get_text(settings, "host", "localhost");
	const char *at = json_get_text(settings, "syslog", "");
	const char *colon = strrchr(at, ':');
	int n = colon == NULL ? 0 : (int)(colon - at);
	bool any = strncmp(at, "0.0.0.0", 7) == 0 || at[0] == '*' ||
	    strncmp(at, "[::]", 4) == 0;

	(void)printf("web: https://%s:%u/\n", host, l->web_port);
	(void)printf("syslog: %.*s:%u\n", n, at, l->syslog_port);
	for (unsigned i = 0; i < LISTENER_N; i++)
		if (l->more[i].fd != -1)
			(void)printf("%s: %s%s\n", listen_rows[i].name,
			    listen_rows[i].scheme == NULL
				? ""
				: listen_rows[i].scheme,
			    l->more[i].at);
	if (name[0] != '\0')
		(void)printf("administrator: %s %s\n", name, password);
	(void)printf("try: logger --server %.*s --port %u --tcp "
		     "--rfc5424 'hello, Beimen'\n",
	    any ? 9 : n, any ? "127.0.0.1" : at, l->syslog_port);
	(void)printf("try: open https://%s:%u/ in a browser (the certificate "
		     "is its own)\n",
	    host, l->web_port);
	(void)fflush(stdout);
}

enum err
welcome(const json_t *settings, const struct listeners *l, int book, int gate,
    struct fault *why)
{
	struct wire *to_book = wire_new(book), *to_gate = wire_new(gate);
	struct buf name, password;
	enum err e;

	buf_init(&name, 256);
	buf_init(&password, 256);
	if (to_book == NULL || to_gate == NULL)
		e = fault_set(why, ERR_MEMORY, "greeting");
	else
		e = first_start(
		    settings, to_book, to_gate, &name, &password, why);
	if (e == ERR_OK)
		greet(settings, l, buf_string(&name), buf_string(&password));
	wire_free(to_book);
	wire_free(to_gate);
	buf_clear(&name);
	buf_clear(&password);
	return e;
}
