/*
 * report/logrecord.c: one record of a machine as a document.
 */
#include "report/logrecord.h"

#include "base/text.h"

static json_t *
fields_json(const struct event *ev)
{
	json_t *list = json_array();

	for (unsigned f = 0; f < FIELD_N; f++) {
		json_t *o;

		if (ev->field[f].at == NULL)
			continue;
		o = json_object();
		json_put_str(o, "name", event_field_name((enum event_field)f));
		json_put_text(o, "value", ev->field[f]);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static void
level_put(json_t *o, const char *key, uint8_t v)
{
	if (v == EVENT_NO_SEVERITY)
		put(o, key, NULL);
	else
		json_put_int(o, key, v);
}

void
logrecord_raw(json_t *o, const struct event *ev)
{
	struct buf b;

	buf_init(&b, EVENT_RAW_MAX * 2);
	text_base64(&b, ev->raw);
	json_put_text(o, "raw", ev->raw);
	json_put_str(o, "raw_base64", buf_string(&b));
	buf_clear(&b);
}

json_t *
logrecord_json(struct report *r, const char *stream, uint64_t seq,
    const struct event *ev, bool sealed)
{
	json_t *o = json_object();
	struct stream_name name;
	struct buf id;
	struct fault why;

	buf_init(&id, 256);
	record_print(&id, stream, seq);
	json_put_str(o, "id", buf_string(&id));
	buf_clear(&id);
	if (stream_parse(span_text(stream), &name, &why) == ERR_OK) {
		put(o, "agency", agency_json(r, span_text(name.agency)));
		json_put_str(o, "class", event_class_name(name.class));
	}
	json_put_time(o, "received", ev->received_us);
	json_put_time(o, "event", ev->event_us);
	json_put_text(o, "sender", ev->sender);
	json_put_text(o, "host", ev->host);
	json_put_text(o, "app", ev->app);
	json_put_text(o, "proc", ev->proc);
	if (ev->msgid.len == 0)
		put(o, "msgid", NULL);
	else
		json_put_text(o, "msgid", ev->msgid);
	level_put(o, "facility", ev->facility);
	level_put(o, "severity", ev->severity);
	json_put_str(o, "category", event_category_name(ev->category));
	json_put_str(o, "via", event_via_name(ev->via));
	json_put_str(o, "parse", event_parse_name(ev->parse));
	json_put_text(o, "message", ev->message);
	put(o, "fields", fields_json(ev));
	put(o, "sealed", json_boolean(sealed));
	return o;
}

bool
logs_may(struct report *r, const char *agency)
{
	return rights_may(r->rights, span_text(agency), MAY_LOGS);
}
