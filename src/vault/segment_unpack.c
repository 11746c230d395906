/*
 * vault/segment_unpack.c: records out of the columns of a frame.
 */
#include "vault/segment_unpack.h"

#include <stdlib.h>

#define VALUES_MAX ((uint64_t)1 << 22) /* of one frame */
#define FRAME_MEMORY ((size_t)256 << 20)
#define UNNUMBERED (UINT64_C(1) << 63) /* a text that has no number */
#define NOWHERE UINT32_MAX

/* A family's column in the frame at hand. */
struct filled {
	bool ready;
	uint8_t pad;
	uint32_t count; /* values in the frame */
	uint32_t next; /* values of the records before the next one */
	uint32_t at, len; /* its bytes in the texts; NOWHERE: all usual */
	uint64_t *v;
	uint64_t *digits; /* where each has its own */
	uint64_t *end; /* of texts without number: where each ends */
	const uint8_t *bytes; /* of these */
};

/* Numbers, addresses and times that were printed for one record. */
struct printed {
	uint8_t at[PART_TIME_MAX];
};

#define PRINTED_MAX (KIND_TEXTS + 64U)

struct unpacker {
	struct lexicon *l;
	struct column *column;
	struct arena *arena; /* of the frame */
	struct filled *family;
	uint32_t *touched; /* families of this frame */
	uint32_t n_touched;
	const struct segment_origin *origin;
	size_t n_origins;
	uint32_t *origin_of; /* by source number, from 1; 0: none */
	uint32_t n_origin_of;
	/* The frame. */
	uint32_t n, at, events;
	uint64_t *kind, *source, *received, *event;
	uint32_t *kind_times; /* scratch, by kind; zero between frames */
	uint64_t raw_left;
	unpack_texts_fn *texts_fn;
	void *texts_arg;
	struct span texts;
	bool texts_read;
	/* The record. */
	uint8_t *raw;
	size_t raw_len;
	uint32_t place[TEMPLATE_PARTS_MAX + 1];
	struct printed printed[PRINTED_MAX];
	unsigned n_printed;
	struct stamp stamp[2];
};

struct unpacker *
unpacker_new(void)
{
	struct unpacker *u = calloc(1, sizeof *u);

	if (u == NULL)
		return NULL;
	u->column = column_new();
	u->arena = arena_new(FRAME_MEMORY);
	u->raw = malloc(EVENT_RAW_MAX + PART_TIME_MAX);
	if (u->column == NULL || u->arena == NULL || u->raw == NULL) {
		unpacker_free(u);
		return NULL;
	}
	return u;
}

void
unpacker_free(struct unpacker *u)
{
	if (u == NULL)
		return;
	lexicon_free(u->l);
	column_free(u->column);
	arena_free(u->arena);
	free(u->family);
	free(u->touched);
	free(u->origin_of);
	free(u->kind_times);
	free(u->raw);
	free(u);
}

enum err
unpacker_lexicon(struct unpacker *u, struct span bytes, struct fault *why)
{
	enum err e = lexicon_get(bytes, u->column, &u->l, why);

	if (e != ERR_OK)
		return e;
	u->family = calloc(u->l->n_families, sizeof *u->family);
	u->touched = calloc(u->l->n_families, sizeof *u->touched);
	u->kind_times = calloc(u->l->n_kinds, sizeof *u->kind_times);
	if (u->family == NULL || u->touched == NULL || u->kind_times == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	return ERR_OK;
}

enum err
unpacker_origins(struct unpacker *u, const struct segment_origin *o, size_t n,
    struct fault *why)
{
	uint32_t most = n == 0 ? 0 : o[n - 1].source;

	if (most > SOURCES_MAX)
		return fault_set(why, ERR_DAMAGE, "sources");
	free(u->origin_of);
	u->origin_of = calloc((size_t)most + 1, sizeof *u->origin_of);
	if (u->origin_of == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	for (size_t i = 0; i < n; i++)
		u->origin_of[o[i].source] = (uint32_t)i + 1;
	u->n_origin_of = most + 1;
	u->origin = o;
	u->n_origins = n;
	return ERR_OK;
}

static enum err
damaged(struct fault *why, const char *what)
{
	return fault_set(why, ERR_DAMAGE, "frame: %s", what);
}

/* --- a frame ---------------------------------------------------------- */

/* A column of the heads. */
static enum err
heads_get(struct unpacker *u, struct cursor *c, uint32_t n, uint64_t **v,
    struct fault *why)
{
	*v = arena_array(u->arena, n, sizeof **v);
	if (*v == NULL)
		return fault_set(why, ERR_MEMORY, "segment: frame");
	return column_get(u->column, c, *v, n, why);
}

/* Counts what the families hold in this frame. */
static enum err
values_count(struct unpacker *u, struct fault *why)
{
	uint64_t all = 0;
	enum err e = ERR_OK;

	u->events = 0;
	for (uint32_t i = 0; i < u->n; i++) {
		if (u->kind[i] >= u->l->n_kinds) {
			e = damaged(why, "kind");
			u->n = i;
			break;
		}
		u->kind_times[u->kind[i]]++;
	}
	for (uint32_t i = 0; i < u->n; i++) {
		uint32_t times = u->kind_times[u->kind[i]];
		const struct kind *k = &u->l->kind[u->kind[i]];

		if (times == 0)
			continue; /* counted with an earlier record */
		u->kind_times[u->kind[i]] = 0;
		if ((k->flags & KIND_HAS_EVENT) != 0)
			u->events += times;
		all += (uint64_t)times * k->n_values;
		for (unsigned v = 0; v < k->n_values && all <= VALUES_MAX;
		     v++) {
			struct filled *f = &u->family[k->family[v]];

			if (f->count == 0)
				u->touched[u->n_touched++] = k->family[v];
			f->count += times;
		}
	}
	if (e == ERR_OK && all > VALUES_MAX)
		e = damaged(why, "too many values");
	return e;
}

enum err
unpack_begin(struct unpacker *u, struct span heads, uint32_t n, uint64_t raw,
    unpack_texts_fn *texts, void *arg, struct fault *why)
{
	struct cursor c = cursor_of(heads);
	enum err e;

	for (uint32_t i = 0; i < u->n_touched; i++)
		u->family[u->touched[i]] = (struct filled){ .count = 0 };
	u->n_touched = 0;
	arena_reset(u->arena);
	u->n = n;
	u->at = 0;
	u->raw_left = raw;
	u->texts_fn = texts;
	u->texts_arg = arg;
	u->texts_read = false;
	if ((e = heads_get(u, &c, n, &u->kind, why)) != ERR_OK ||
	    (e = values_count(u, why)) != ERR_OK ||
	    (e = heads_get(u, &c, n, &u->source, why)) != ERR_OK ||
	    (e = heads_get(u, &c, n, &u->received, why)) != ERR_OK ||
	    (e = heads_get(u, &c, u->events, &u->event, why)) != ERR_OK)
		return e;
	u->events = 0; /* from here on: those passed */
	return cursor_done(&c) ? ERR_OK : damaged(why, "length of the heads");
}

/* The list of columns in the texts. */
static enum err
texts_open(struct unpacker *u, struct fault *why)
{
	uint64_t n, family = 0, at = 0;
	struct cursor c;
	enum err e = u->texts_fn(u->texts_arg, &u->texts, why);

	if (e != ERR_OK)
		return e;
	c = cursor_of(u->texts);
	for (uint32_t i = 0; i < u->n_touched; i++)
		u->family[u->touched[i]].at = NOWHERE;
	n = number_get(&c);
	for (uint64_t i = 0; i < n && !c.bad; i++) {
		uint64_t step = number_get(&c), len = number_get(&c);

		family += step;
		if (step > u->l->n_families || family >= u->l->n_families ||
		    (i > 0 && step == 0) || len > u->texts.len ||
		    u->family[family].count == 0)
			return damaged(why, "columns");
		u->family[family].at = (uint32_t)at;
		u->family[family].len = (uint32_t)len;
		at += len;
	}
	if (c.bad || at != u->texts.len - c.pos)
		return damaged(why, "columns");
	u->texts = cursor_rest(&c);
	u->texts_read = true;
	return ERR_OK;
}

/* A column of nothing but the usual. */
static enum err
usual_fill(
    struct unpacker *u, uint32_t family, struct filled *f, struct fault *why)
{
	const struct family *of = &u->l->family[family];
	uint64_t v = of->usual;

	if (of->type == PART_TEXT && (v == 0 || v > u->l->dict[of->dict].n))
		return damaged(why, "no such text");
	if (of->type == PART_IP4) {
		if (v == 0 || v > u->l->n_ip)
			return damaged(why, "no such address");
		v = u->l->ip[v - 1];
	}
	f->pad = of->usual_len;
	for (uint32_t i = 0; i < f->count; i++)
		f->v[i] = v;
	return ERR_OK;
}

/* Numbers of texts or addresses, and those that have none. */
static enum err
coded_fill(struct unpacker *u, uint32_t family, struct filled *f,
    struct cursor *c, struct fault *why)
{
	const struct family *of = &u->l->family[family];
	size_t most = of->type == PART_IP4 ? u->l->n_ip
					   : u->l->dict[of->dict].n;
	uint32_t without = 0;
	uint64_t *extra, sum = 0;
	uint8_t *bytes;
	enum err e = column_get(u->column, c, f->v, f->count, why);

	for (uint32_t i = 0; i < f->count && e == ERR_OK; i++) {
		if (f->v[i] > most)
			e = damaged(why, "no such text");
		without += f->v[i] == 0;
	}
	if (e != ERR_OK)
		return e;
	extra = arena_array(u->arena, without, sizeof *extra);
	if (extra == NULL)
		return fault_set(why, ERR_MEMORY, "segment: frame");
	if ((e = column_get(u->column, c, extra, without, why)) != ERR_OK)
		return e;
	without = 0;
	if (of->type == PART_IP4) {
		for (uint32_t i = 0; i < f->count; i++) {
			if (f->v[i] == 0)
				f->v[i] = extra[without++];
			else
				f->v[i] = u->l->ip[f->v[i] - 1];
			if (f->v[i] > UINT32_MAX)
				return damaged(why, "address");
		}
		return ERR_OK;
	}
	for (uint32_t i = 0; i < f->count; i++) {
		if (f->v[i] != 0)
			continue;
		if (extra[without] > ROW_EVENT_MAX)
			return damaged(why, "length of a text");
		sum += extra[without];
		extra[without] = sum;
		f->v[i] = UNNUMBERED | without++;
	}
	if (sum > (uint64_t)32 << 20)
		return damaged(why, "length of the texts");
	if ((bytes = arena_alloc(u->arena, (size_t)sum)) == NULL)
		return fault_set(why, ERR_MEMORY, "segment: frame");
	f->end = extra;
	f->bytes = bytes;
	return sum == 0
	    ? ERR_OK
	    : column_get_bytes(u->column, c, bytes, (size_t)sum, why);
}

static enum err
numbers_fill(struct unpacker *u, uint8_t type, struct filled *f,
    struct cursor *c, struct fault *why)
{
	bool padded = type != PART_MAC && type != FAMILY_COUNT;
	enum err e;

	f->pad = padded ? cursor_u8(c) : 0;
	e = column_get(u->column, c, f->v, f->count, why);
	if (e != ERR_OK || f->pad != 255)
		return e;
	f->digits = arena_array(u->arena, f->count, sizeof *f->digits);
	if (f->digits == NULL)
		return fault_set(why, ERR_MEMORY, "segment: frame");
	return column_get(u->column, c, f->digits, f->count, why);
}

/* Reads the column of a family. */
static enum err
family_fill(struct unpacker *u, uint32_t family, struct fault *why)
{
	struct filled *f = &u->family[family];
	uint8_t type = u->l->family[family].type;
	struct cursor c;
	enum err e = ERR_OK;

	if (!u->texts_read && (e = texts_open(u, why)) != ERR_OK)
		return e;
	f->v = arena_array(u->arena, f->count, sizeof *f->v);
	if (f->v == NULL)
		return fault_set(why, ERR_MEMORY, "segment: frame");
	if (f->at == NOWHERE) {
		if ((e = usual_fill(u, family, f, why)) == ERR_OK)
			f->ready = true;
		return e;
	}
	c = cursor_of(span_slice(u->texts, f->at, f->len));
	if (type == PART_TEXT || type == PART_IP4)
		e = coded_fill(u, family, f, &c, why);
	else
		e = numbers_fill(u, type, f, &c, why);
	if (e == ERR_OK && !cursor_done(&c))
		e = damaged(why, "length of a column");
	f->ready = e == ERR_OK;
	return e;
}

/* --- a record --------------------------------------------------------- */

/* The nth value of the record at hand; the column is ready. */
static uint64_t
value_at(const struct filled *f, unsigned nth)
{
	return f->v[f->next + nth];
}

static struct span
text_at(const struct unpacker *u, uint32_t family, const struct filled *f,
    unsigned nth)
{
	uint64_t v = value_at(f, nth), from;

	if ((v & UNNUMBERED) == 0)
		return dict_at(&u->l->dict[u->l->family[family].dict], v);
	v &= ~UNNUMBERED;
	from = v == 0 ? 0 : f->end[v - 1];
	return span_of(f->bytes + from, (size_t)(f->end[v] - from));
}

/* The bytes of one variable: in place, or printed into `to` (PART_TIME_MAX
 * bytes). */
static enum err
part_get(struct unpacker *u, const struct template_part *p, struct span host,
    int64_t event_us, uint8_t *to, struct span *out, struct fault *why)
{
	struct filled *f;
	unsigned digits;
	size_t len;
	enum err e;

	if (p->type == PART_FIXED || p->type == PART_HOST) {
		*out = p->type == PART_FIXED ? p->text : host;
		return ERR_OK;
	}
	if (p->type >= PART_BSD) {
		len = part_print_time(&u->stamp[p->param == ZONE_ZERO], p->type,
		    p->param, event_us, to);
		*out = span_of(to, len);
		return len == 0 ? damaged(why, "time") : ERR_OK;
	}
	f = &u->family[p->family];
	if (!f->ready && (e = family_fill(u, p->family, why)) != ERR_OK)
		return e;
	if (p->type == PART_TEXT) {
		*out = text_at(u, p->family, f, p->nth);
		return ERR_OK;
	}
	digits = f->digits == NULL ? f->pad
				   : (unsigned)f->digits[f->next + p->nth];
	len = part_print(p->type, p->param, value_at(f, p->nth), digits, to);
	*out = span_of(to, len);
	return ERR_OK;
}

/* The raw bytes, and where each part begins. What is printed goes straight to
 * its place, behind which there is room for any number or time. */
static enum err
raw_print(struct unpacker *u, const struct template *t, struct span host,
    int64_t event_us, struct fault *why)
{
	size_t most = u->raw_left < EVENT_RAW_MAX ? (size_t)u->raw_left
						  : EVENT_RAW_MAX;
	size_t len = 0;

	for (unsigned i = 0; i < t->n; i++) {
		const struct template_part *p = &t->part[i];
		uint8_t *to = u->raw + len;
		struct span s = p->text;

		u->place[i] = (uint32_t)len;
		if (p->type != PART_FIXED) {
			enum err e = part_get(
			    u, p, host, event_us, to, &s, why);

			if (e != ERR_OK)
				return e;
		}
		if (s.len > most - len)
			return damaged(why, "a record is too long");
		if (s.at != to && s.len > 0)
			memcpy(to, s.at, s.len);
		len += s.len;
	}
	u->place[t->n] = (uint32_t)len;
	u->raw_len = len;
	return ERR_OK;
}

/* A record while it is put together. */
struct making {
	const struct kind *kind;
	const struct template *template;
	struct event *ev;
	struct span host; /* of the source */
	bool raw; /* the raw bytes were printed */
};

/* A range as bytes of the raw. */
static enum err
range_of_raw(struct unpacker *u, const struct making *m, const struct ref *r,
    struct span *out, struct fault *why)
{
	size_t from, to;
	enum err e;

	if (!m->raw) {
		e = raw_print(u, m->template, m->host, m->ev->event_us, why);
		if (e != ERR_OK)
			return e;
	}
	from = (size_t)u->place[r->from] + r->from_off;
	to = (size_t)u->place[r->to] + r->to_off;
	if (to > u->raw_len || from > to)
		return damaged(why, "a text lies outside its record");
	*out = span_of(u->raw + from, to - from);
	return ERR_OK;
}

/* A range that is one part, or lies in fixed text, without all the rest. */
static enum err
range_get(struct unpacker *u, const struct making *m, const struct ref *r,
    struct span *out, struct fault *why)
{
	const struct template_part *p = &m->template->part[r->from];
	uint32_t to;

	if (m->raw || u->n_printed == PRINTED_MAX)
		return range_of_raw(u, m, r, out, why);
	if (p->type == PART_FIXED &&
	    (r->to == r->from || (r->to == r->from + 1 && r->to_off == 0))) {
		to = r->to == r->from ? r->to_off : (uint32_t)p->text.len;
		if (to > p->text.len || r->from_off > to)
			return damaged(why, "a text lies outside its record");
		*out = span_slice(p->text, r->from_off, to - r->from_off);
		return ERR_OK;
	}
	if (r->to != r->from + 1 || r->from_off != 0 || r->to_off != 0)
		return range_of_raw(u, m, r, out, why);
	return part_get(u, p, m->host, m->ev->event_us,
	    u->printed[u->n_printed++].at, out, why);
}

/* What a reference means, at most `most` bytes. */
static enum err
ref_read(struct unpacker *u, const struct making *m, const struct ref *r,
    size_t most, struct span *out, struct fault *why)
{
	struct filled *f = &u->family[r->family[0]];
	uint64_t from, len;
	enum err e = ERR_OK;

	switch (r->how) {
	case REF_NONE:
		*out = SPAN_EMPTY;
		return ERR_OK;
	case REF_FIXED:
		*out = r->text;
		break;
	case REF_RANGE:
		e = range_get(u, m, r, out, why);
		break;
	case REF_TEXT:
		if (!f->ready)
			e = family_fill(u, r->family[0], why);
		if (e == ERR_OK)
			*out = text_at(u, r->family[0], f, r->nth[0]);
		break;
	default: /* REF_PLACE: the message; the raw bytes are there */
		for (unsigned i = 0; i < 2 && e == ERR_OK; i++)
			if (!u->family[r->family[i]].ready)
				e = family_fill(u, r->family[i], why);
		if (e != ERR_OK)
			return e;
		from = value_at(f, r->nth[0]);
		len = value_at(&u->family[r->family[1]], r->nth[1]);
		if (!m->raw || from > u->raw_len || len > u->raw_len - from)
			return damaged(why, "a text lies outside its record");
		*out = span_of(u->raw + from, (size_t)len);
	}
	if (e == ERR_OK && out->len > most)
		return damaged(why, "a text is too long");
	return e;
}

/* The texts of the header. */
static enum err
texts_read(struct unpacker *u, struct making *m, struct fault *why)
{
	const struct ref *r = m->kind->text;
	struct event *ev = m->ev;
	enum err e;

	if ((e = ref_read(u, m, &r[KIND_APP], EVENT_TEXT_MAX, &ev->app, why)) !=
		ERR_OK ||
	    (e = ref_read(u, m, &r[KIND_PROC], EVENT_TEXT_MAX, &ev->proc,
		 why)) != ERR_OK ||
	    (e = ref_read(u, m, &r[KIND_MSGID], EVENT_TEXT_MAX, &ev->msgid,
		 why)) != ERR_OK)
		return e;
	if ((m->kind->flags & KIND_SOURCE_HOST) != 0)
		ev->host = m->host;
	else
		e = ref_read(
		    u, m, &r[KIND_HOST], EVENT_TEXT_MAX, &ev->host, why);
	return e;
}

static enum err
fields_read(
    struct unpacker *u, struct making *m, uint64_t fields, struct fault *why)
{
	static const uint8_t nothing[1];
	const struct kind *k = m->kind;

	for (unsigned i = 0; i < k->n_fields; i++) {
		struct span s;
		enum err e;

		if ((fields >> k->field[i] & 1) == 0)
			continue;
		e = ref_read(u, m, &k->field_ref[i], EVENT_FIELD_MAX, &s, why);
		if (e != ERR_OK)
			return e;
		if (s.len == 0)
			s = span_of(nothing, 0);
		m->ev->field[k->field[i]] = s;
	}
	return ERR_OK;
}

/* A record stored as event_encode made it. */
static enum err
whole_read(struct unpacker *u, struct event *ev, struct fault *why)
{
	struct filled *f = &u->family[FAMILY_WHOLE];
	enum err e = ERR_OK;

	if (!f->ready && (e = family_fill(u, FAMILY_WHOLE, why)) != ERR_OK)
		return e;
	if (event_decode(text_at(u, FAMILY_WHOLE, f, 0), ev, NULL) != ERR_OK)
		return damaged(why, "a record does not read");
	if (ev->raw.len > u->raw_left)
		return damaged(why, "a record is too long");
	return ERR_OK;
}

/* All parts that are wanted of a record with a kind. */
static enum err
record_make(struct unpacker *u, const struct segment_want *want,
    const struct segment_origin *o, struct event *ev, struct fault *why)
{
	struct making m = { .kind = &u->l->kind[u->kind[u->at]],
		.ev = ev,
		.host = o->host,
		.raw = want->raw };
	enum err e = ERR_OK;

	m.template = &u->l->template[m.kind->template];
	u->n_printed = 0;
	*ev = (struct event){ .received_us = (int64_t)u->received[u->at],
		.via = (enum event_transport)m.kind->via,
		.parse = (enum event_parse)m.kind->parse,
		.category = (enum event_category)m.kind->category,
		.facility = m.kind->facility,
		.severity = m.kind->severity,
		.sender = o->sender };
	if ((m.kind->flags & KIND_HAS_EVENT) != 0)
		ev->event_us = (int64_t)u->event[u->events];
	if (want->raw) {
		e = raw_print(u, m.template, m.host, ev->event_us, why);
		if (e != ERR_OK)
			return e;
		ev->raw = span_of(u->raw, u->raw_len);
		e = ref_read(u, &m, &m.kind->text[KIND_MESSAGE], EVENT_RAW_MAX,
		    &ev->message, why);
	}
	if (e == ERR_OK && (m.kind->flags & KIND_SOURCE_SENDER) == 0)
		e = ref_read(u, &m, &m.kind->text[KIND_SENDER], EVENT_TEXT_MAX,
		    &ev->sender, why);
	if (e == ERR_OK && want->texts)
		e = texts_read(u, &m, why);
	if (e == ERR_OK && want->fields != 0)
		e = fields_read(u, &m, want->fields, why);
	return e;
}

enum err
unpack_next(struct unpacker *u, const struct segment_want *want,
    uint32_t *source, struct event *ev, struct fault *why)
{
	uint64_t id = u->source[u->at];
	const struct segment_origin *o;
	enum err e;

	if (id >= u->n_origin_of || u->origin_of[id] == 0)
		return damaged(why, "no such source");
	o = &u->origin[u->origin_of[id] - 1];
	if (u->kind[u->at] == KIND_WHOLE)
		e = whole_read(u, ev, why);
	else
		e = record_make(u, want, o, ev, why);
	if (e != ERR_OK)
		return e;
	u->raw_left -= ev->raw.len;
	*source = (uint32_t)id;
	unpack_skip(u);
	return ERR_OK;
}

void
unpack_skip(struct unpacker *u)
{
	const struct kind *k = &u->l->kind[u->kind[u->at]];

	for (unsigned i = 0; i < k->n_values; i++)
		u->family[k->family[i]].next++;
	u->events += (k->flags & KIND_HAS_EVENT) != 0;
	u->at++;
}
