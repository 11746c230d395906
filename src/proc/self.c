/*
 * proc/self.c: Beimen's own records.
 */
#include "proc/self.h"

#include "base/env.h"
#include "base/when.h"
#include "crypt/crypt.h"
#include "proc/role.h"

void
self_init(struct append *a)
{
	uint64_t epoch;

	crypt_random(&epoch, sizeof epoch);
	append_init(a, epoch);
}

/* The record's own text: RFC 5424 with one JSON object, as an application
 * would send it (doc/normalize.md). */
static void
record_print(struct child *c, const struct self_event *ev, int64_t now_us,
    struct buf *b, size_t *message)
{
	json_t *o = json_object();

	json_put_str(o, "event", ev->what);
	if (ev->user != NULL)
		json_put_str(o, "user", ev->user);
	if (ev->address != NULL)
		json_put_str(o, "address", ev->address);
	if (ev->session != NULL)
		json_put_str(o, "session", ev->session);
	if (ev->detail != NULL)
		json_put_str(o, "detail", ev->detail);
	buf_text(b, "<86>1 ");
	when_print_utc(b, now_us);
	buf_printf(b, " %s beimen %s - - ",
	    json_get_text(c->config, "host", "-"), role_name(c->row->role));
	*message = b->len;
	json_canonical(b, o);
	json_decref(o);
}

static void
field_put(struct event *ev, enum event_field f, const char *s)
{
	if (s != NULL)
		ev->field[f] = span_text(s);
}

enum err
self_event_make(struct child *c, const struct self_event *what, struct buf *raw,
    struct event *ev, struct fault *why)
{
	struct env *env = env_system();
	size_t message = 0;

	*ev = (struct event){ .via = VIA_SELF,
		.parse = PARSE_RFC5424,
		.facility = 10,
		.severity = 6 };
	ev->received_us = ev->event_us = env->ops->now_us(env);
	record_print(c, what, ev->received_us, raw, &message);
	ev->raw = buf_view(raw);
	ev->message = span_slice(ev->raw, message, SIZE_MAX);
	ev->sender = SPAN_LIT("beimen");
	ev->host = span_text(json_get_text(c->config, "host", ""));
	ev->app = SPAN_LIT("beimen");
	ev->proc = span_text(role_name(c->row->role));
	ev->category = what->category;
	field_put(ev, FIELD_USER, what->user);
	field_put(ev, FIELD_SRC_IP, what->address);
	field_put(ev, FIELD_SESSION, what->session);
	field_put(ev, FIELD_ACTION, what->what);
	return buf_error(raw) == ERR_OK
	    ? ERR_OK
	    : fault_set(why, ERR_LIMIT, "a record of our own is too long");
}

enum err
self_record(struct child *c, struct append *a, const struct self_event *what,
    struct fault *why)
{
	struct event ev;
	struct buf raw;
	enum err e;

	buf_init(&raw, EVENT_RAW_MAX);
	e = self_event_make(c, what, &raw, &ev, why);
	if (e == ERR_OK && !append_add(a, &ev))
		e = fault_set(
		    why, ERR_LIMIT, "a record of our own is too long");
	if (e == ERR_OK)
		e = child_ask(c, ROLE_KEEPER, KEEPER_APPEND, append_print(a),
		    CHILD_ASK_MS, true, NULL, why);
	append_next(a);
	buf_clear(&raw);
	return e;
}
