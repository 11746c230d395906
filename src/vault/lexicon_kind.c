/*
 * vault/lexicon_kind.c: finding or making the kind of a record: where in its
 * bytes each of its texts and fields stands.
 */
#include "vault/lexicon_kind.h"

#include <stdlib.h>

#define RECENT 8U /* kinds of a template that are tried */
#define STRICT 8U /* kinds of a template before texts get columns */
#define MOST 256U /* kinds of a template */
#define LOOKS 8U /* places of one value that are looked at */

/* What is known of a template's kinds. */
struct recent {
	uint32_t kind[RECENT]; /* the one used last in front */
	uint32_t n; /* all of them */
};

struct kinds {
	struct lexicon *l;
	struct recent *recent; /* of each template */
	uint32_t cap;
	uint64_t *fields; /* of each kind: bit f: it has field f */
	uint32_t cap_fields;
	uint32_t text_family[KIND_TEXTS + FIELD_N]; /* from 1; 0: none yet */
	uint32_t place_family[2];
};

struct kinds *
kinds_new(struct lexicon *l)
{
	struct kinds *k = calloc(1, sizeof *k);

	if (k != NULL)
		k->l = l;
	return k;
}

void
kinds_free(struct kinds *k)
{
	if (k == NULL)
		return;
	free(k->recent);
	free(k->fields);
	free(k);
}

/* Where a place of a reference is in a record; SIZE_MAX: nowhere. */
static size_t
place_at(const struct cut *c, struct span raw, unsigned part, uint32_t off)
{
	size_t at = part >= c->n ? raw.len : c->part[part].at;

	return at + off > raw.len ? SIZE_MAX : at + off;
}

bool
ref_span(
    const struct ref *r, const struct cut *c, struct span raw, struct span *out)
{
	size_t from, to;

	if (r->how == REF_FIXED) {
		*out = r->text;
		return true;
	}
	from = place_at(c, raw, r->from, r->from_off);
	to = place_at(c, raw, r->to, r->to_off);
	if (r->how != REF_RANGE || from == SIZE_MAX || to == SIZE_MAX ||
	    to < from)
		return false;
	*out = span_slice(raw, from, to - from);
	return true;
}

/* The texts of an event in the order of KIND_*. */
static struct span
text_of(const struct event *ev, unsigned i)
{
	switch (i) {
	case KIND_MESSAGE:
		return ev->message;
	case KIND_APP:
		return ev->app;
	case KIND_PROC:
		return ev->proc;
	case KIND_MSGID:
		return ev->msgid;
	case KIND_SENDER:
		return ev->sender;
	default:
		return ev->host;
	}
}

/* Whether sender or host follows from the source. */
static bool
from_source(uint8_t flags, unsigned i)
{
	return (i == KIND_SENDER && (flags & KIND_SOURCE_SENDER) != 0) ||
	    (i == KIND_HOST && (flags & KIND_SOURCE_HOST) != 0);
}

/* Whether a reference gives this text in this record. */
static bool
ref_gives(const struct ref *r, const struct event *ev, const struct cut *c,
    struct span text, bool message)
{
	struct span got;

	if (r->how == REF_TEXT || r->how == REF_PLACE)
		return true;
	if (r->how == REF_NONE)
		return text.len == 0;
	if (text.len == 0 && message)
		return false;
	if (!ref_span(r, c, ev->raw, &got))
		return false;
	if (message)
		return got.at == text.at && got.len == text.len;
	return span_equal(got, text);
}

/* Which fields an event has. */
static uint64_t
fields_of(const struct event *ev)
{
	uint64_t bits = 0;

	for (unsigned f = 0; f < FIELD_N; f++)
		bits |= (uint64_t)(ev->field[f].at != NULL) << f;
	return bits;
}

/* Whether a kind's numbers are those of the event. */
static bool
numbers_fit(const struct kind *k, const struct event *ev, uint8_t flags)
{
	return k->via == ev->via && k->parse == ev->parse &&
	    k->category == ev->category && k->facility == ev->facility &&
	    k->severity == ev->severity && k->flags == flags;
}

static bool
kind_fits(const struct kinds *ks, uint32_t at, const struct event *ev,
    const struct cut *c, uint8_t flags, uint64_t fields)
{
	const struct kind *k = &ks->l->kind[at];

	if (!numbers_fit(k, ev, flags) || ks->fields[at] != fields)
		return false;
	for (unsigned i = 0; i < KIND_TEXTS; i++)
		if (!from_source(flags, i) &&
		    !ref_gives(
			&k->text[i], ev, c, text_of(ev, i), i == KIND_MESSAGE))
			return false;
	for (unsigned i = 0; i < k->n_fields; i++)
		if (!ref_gives(
			&k->field_ref[i], ev, c, ev->field[k->field[i]], false))
			return false;
	return true;
}

/* --- making ----------------------------------------------------------- */

/* A place in the record as a part and an offset. `end`: it ends a range, and
 * the end of a part is the beginning of the next. */
static bool
place_of(
    const struct cut *c, size_t at, bool end, uint16_t *part, uint32_t *off)
{
	unsigned i = 0;

	while (i < c->n && c->part[i].at + c->part[i].size <= at)
		i++;
	*part = (uint16_t)i;
	*off = i == c->n ? 0 : (uint32_t)(at - c->part[i].at);
	(void)end;
	return i == c->n || *off == 0 || c->part[i].type == PART_FIXED;
}

/* A range as a reference; whether both ends are stable. */
static bool
range_of(const struct cut *c, size_t from, size_t to, struct ref *r)
{
	bool stable;

	r->how = REF_RANGE;
	stable = place_of(c, from, false, &r->from, &r->from_off);
	stable &= place_of(c, to, true, &r->to, &r->to_off);
	return stable;
}

/* Where `text` stands in the record: a part of its own first, then anywhere.
 * False when it does not. *stable: at the edges of parts. */
static bool
text_find(const struct cut *c, struct span raw, struct span text, struct ref *r,
    bool *stable)
{
	struct ref found;
	bool any = false;
	size_t at = 0;

	*stable = true;
	for (unsigned i = 0; i < c->n; i++)
		if (c->part[i].type != PART_FIXED &&
		    c->part[i].size == text.len &&
		    memcmp(raw.at + c->part[i].at, text.at, text.len) == 0) {
			*r = (struct ref){ .how = REF_RANGE,
				.from = (uint16_t)i,
				.to = (uint16_t)(i + 1) };
			return true;
		}
	for (unsigned look = 0; look < LOOKS; look++) {
		const uint8_t *p = raw.len - at < text.len
		    ? NULL
		    : memmem(raw.at + at, raw.len - at, text.at, text.len);
		size_t here;

		if (p == NULL)
			break;
		here = (size_t)(p - raw.at);
		found = (struct ref){ .how = REF_NONE };
		*stable = range_of(c, here, here + text.len, &found);
		if (!any || *stable)
			*r = found;
		any = true;
		if (*stable)
			return true;
		at = here + 1;
	}
	return any;
}

/* The family of what has a column of its own; UINT32_MAX: no room. */
static uint32_t
own_family(struct kinds *ks, uint32_t *slot, uint8_t type)
{
	uint32_t dict = 0, f;

	if (*slot != 0)
		return *slot - 1;
	if (type == PART_TEXT && (dict = lexicon_dict_add(ks->l)) == UINT32_MAX)
		return UINT32_MAX;
	f = lexicon_family_add(ks->l, type, dict);
	if (f != UINT32_MAX)
		*slot = f + 1;
	return f;
}

/* A text as a column of its own: slot of text_family. */
static bool
ref_own(struct kinds *ks, unsigned slot, struct ref *r)
{
	*r = (struct ref){ .how = REF_TEXT };
	r->family[0] = own_family(ks, &ks->text_family[slot], PART_TEXT);
	return r->family[0] != UINT32_MAX;
}

/* The message: a range, or offset and length of their own. */
static bool
message_make(struct kinds *ks, const struct event *ev, const struct cut *c,
    bool strict, struct ref *r)
{
	size_t from;

	*r = (struct ref){ .how = REF_NONE };
	if (ev->message.len == 0)
		return true;
	from = (size_t)(ev->message.at - ev->raw.at);
	if (range_of(c, from, from + ev->message.len, r) || !strict)
		return true;
	*r = (struct ref){ .how = REF_PLACE };
	for (unsigned i = 0; i < 2; i++) {
		r->family[i] = own_family(
		    ks, &ks->place_family[i], FAMILY_COUNT);
		if (r->family[i] == UINT32_MAX)
			return false;
	}
	return true;
}

/* Any other text or field. */
static bool
text_make(struct kinds *ks, const struct event *ev, const struct cut *c,
    bool strict, unsigned slot, struct span text, struct ref *r)
{
	bool stable = false;

	*r = (struct ref){ .how = REF_FIXED, .text = SPAN_LIT("") };
	if (text.len == 0)
		return true;
	if (text_find(c, ev->raw, text, r, &stable) && (stable || !strict))
		return true;
	if (strict)
		return ref_own(ks, slot, r);
	if (r->how != REF_RANGE)
		*r = (struct ref){ .how = REF_FIXED, .text = text };
	return true;
}

/* Notes the families of a kind's references in the order of its values. */
static void
values_note(struct kind *k, struct ref *r)
{
	unsigned n = r->how == REF_TEXT ? 1 : r->how == REF_PLACE ? 2 : 0;

	for (unsigned i = 0; i < n; i++) {
		r->nth[i] = 0;
		for (unsigned v = 0; v < k->n_values; v++)
			r->nth[i] = (uint16_t)(r->nth[i] +
			    (k->family[v] == r->family[i]));
		k->family[k->n_values++] = r->family[i];
	}
}

/* Room for the notes of one more template, one more kind. */
static bool
notes_grow(struct kinds *ks)
{
	if (ks->cap < ks->l->cap_templates) {
		struct recent *p = reallocarray(
		    ks->recent, ks->l->cap_templates, sizeof *p);

		if (p == NULL)
			return false;
		memset(p + ks->cap, 0,
		    (ks->l->cap_templates - ks->cap) * sizeof *p);
		ks->recent = p;
		ks->cap = ks->l->cap_templates;
	}
	if (ks->cap_fields < ks->l->n_kinds + 1) {
		uint32_t cap = 2 * (ks->l->n_kinds + 1);
		uint64_t *p = reallocarray(ks->fields, cap, sizeof *p);

		if (p == NULL)
			return false;
		ks->fields = p;
		ks->cap_fields = cap;
	}
	return true;
}

/* The reference of a text for a new kind: as an old kind has it where that
 * fits, else a new one. */
static bool
ref_make(struct kinds *ks, const struct event *ev, const struct cut *c,
    bool strict, const struct ref *old, unsigned slot, struct span text,
    struct ref *r)
{
	bool message = slot == KIND_MESSAGE;

	if (old != NULL && ref_gives(old, ev, c, text, message)) {
		*r = *old;
		return true;
	}
	if (message)
		return message_make(ks, ev, c, strict, r);
	if (slot < KIND_TEXTS && text.len == 0) {
		*r = (struct ref){ .how = REF_NONE };
		return true;
	}
	return text_make(ks, ev, c, strict, slot, text, r);
}

/* The old kind's reference of a field; NULL when it has none. */
static const struct ref *
field_ref(const struct kind *k, unsigned f)
{
	for (unsigned i = 0; k != NULL && i < k->n_fields; i++)
		if (k->field[i] == f)
			return &k->field_ref[i];
	return NULL;
}

static uint32_t
kind_make(struct kinds *ks, const struct event *ev, const struct cut *c,
    uint32_t template, uint8_t flags, uint64_t fields)
{
	const struct template *t = &ks->l->template[template];
	struct recent *recent = &ks->recent[template];
	const struct kind *old = recent->n > 0 ? &ks->l->kind[recent->kind[0]]
					       : NULL;
	bool strict = recent->n >= STRICT || template == TEMPLATE_PLAIN;
	uint32_t family[TEMPLATE_PARTS_MAX + 2 * (KIND_TEXTS + FIELD_N)];
	struct ref ref[FIELD_N];
	uint8_t field[FIELD_N];
	struct kind k = { .template = template,
		.via = (uint8_t)ev->via,
		.parse = (uint8_t)ev->parse,
		.category = (uint8_t)ev->category,
		.facility = ev->facility,
		.severity = ev->severity,
		.flags = flags,
		.field = field,
		.field_ref = ref,
		.family = family };
	uint32_t got;

	for (unsigned i = 0; i < t->n; i++)
		if (t->part[i].type != PART_FIXED &&
		    t->part[i].type < PART_HOST)
			family[k.n_values++] = t->part[i].family;
	for (unsigned i = 0; i < KIND_TEXTS; i++) {
		if (!from_source(flags, i) &&
		    !ref_make(ks, ev, c, strict,
			old == NULL ? NULL : &old->text[i], i, text_of(ev, i),
			&k.text[i]))
			return KIND_WHOLE;
		values_note(&k, &k.text[i]);
	}
	for (unsigned f = 0; f < FIELD_N; f++) {
		struct ref *r = &ref[k.n_fields];

		if ((fields >> f & 1) == 0)
			continue;
		if (!ref_make(ks, ev, c, strict, field_ref(old, f),
			KIND_TEXTS + f, ev->field[f], r))
			return KIND_WHOLE;
		values_note(&k, r);
		field[k.n_fields++] = (uint8_t)f;
	}
	got = lexicon_kind_add(ks->l, &k);
	return got == UINT32_MAX ? KIND_WHOLE : got;
}

uint32_t
kinds_find(struct kinds *ks, const struct event *ev, const struct cut *c,
    uint32_t template, uint8_t flags)
{
	uint64_t fields = fields_of(ev);
	struct recent *r;
	unsigned n, i;
	uint32_t got;

	if (ev->event_us != 0)
		flags |= KIND_HAS_EVENT;
	if (!notes_grow(ks))
		return KIND_WHOLE;
	r = &ks->recent[template];
	n = r->n < RECENT ? r->n : RECENT;
	for (i = 0; i < n; i++)
		if (kind_fits(ks, r->kind[i], ev, c, flags, fields))
			break;
	if (i < n) {
		got = r->kind[i];
	} else {
		if (r->n >= MOST)
			return KIND_WHOLE;
		got = kind_make(ks, ev, c, template, flags, fields);
		if (got == KIND_WHOLE)
			return got;
		ks->fields[got] = fields;
		r->n++;
		i = n < RECENT ? n : RECENT - 1;
	}
	memmove(r->kind + 1, r->kind, i * sizeof *r->kind);
	r->kind[0] = got;
	return got;
}
