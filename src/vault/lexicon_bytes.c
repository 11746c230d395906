/*
 * vault/lexicon_bytes.c: a lexicon to bytes and back. The bytes are foreign:
 * whatever they say is checked here, so that readers of frames need not.
 */
#include <stdlib.h>

#include "vault/lexicon.h"

#define LEXICON_VERSION 1

/* --- to bytes --------------------------------------------------------- */

static void
text_put(struct buf *b, struct span s)
{
	number_put(b, s.len);
	buf_span(b, s);
}

static enum err
dict_put(
    const struct dict *d, struct column *c, struct buf *b, struct fault *why)
{
	uint64_t *len = calloc(d->n + 1, sizeof *len);
	enum err e;

	if (len == NULL)
		return fault_set(why, ERR_MEMORY, "lexicon");
	for (size_t i = 0; i < d->n; i++)
		len[i] = d->end[i] - (i == 0 ? 0 : d->end[i - 1]);
	number_put(b, d->n);
	e = column_put(c, b, len, d->n, why);
	buf_span(b, buf_view(&d->bytes));
	free(len);
	return e;
}

static void
template_put(struct buf *b, const struct template *t)
{
	number_put(b, t->n);
	for (unsigned i = 0; i < t->n; i++) {
		const struct template_part *p = &t->part[i];

		buf_u8(b, p->type);
		if (p->type == PART_FIXED)
			text_put(b, p->text);
		else if (p->type == PART_HOST)
			continue;
		else if (p->type >= PART_BSD)
			buf_u8(b, p->param);
		else {
			if (p->type == PART_MAC)
				buf_u8(b, p->param);
			number_put(b, p->family);
		}
	}
}

static void
ref_put(struct buf *b, const struct ref *r)
{
	buf_u8(b, r->how);
	switch (r->how) {
	case REF_FIXED:
		text_put(b, r->text);
		break;
	case REF_RANGE:
		number_put(b, r->from);
		number_put(b, r->from_off);
		number_put(b, r->to);
		number_put(b, r->to_off);
		break;
	case REF_PLACE:
		number_put(b, r->family[0]);
		number_put(b, r->family[1]);
		break;
	case REF_TEXT:
		number_put(b, r->family[0]);
		break;
	default:
		break;
	}
}

static void
kind_put(struct buf *b, const struct kind *k)
{
	number_put(b, k->template);
	buf_u8(b, k->via);
	buf_u8(b, k->parse);
	buf_u8(b, k->category);
	buf_u8(b, k->facility);
	buf_u8(b, k->severity);
	buf_u8(b, k->flags);
	for (unsigned i = 0; i < KIND_TEXTS; i++)
		ref_put(b, &k->text[i]);
	buf_u8(b, k->n_fields);
	for (unsigned i = 0; i < k->n_fields; i++) {
		buf_u8(b, k->field[i]);
		ref_put(b, &k->field_ref[i]);
	}
}

enum err
lexicon_put(
    const struct lexicon *l, struct column *c, struct buf *b, struct fault *why)
{
	enum err e = ERR_OK;

	buf_u8(b, LEXICON_VERSION);
	number_put(b, l->n_ip);
	e = column_put(c, b, l->ip, l->n_ip, why);
	number_put(b, l->n_dicts);
	for (uint32_t i = 0; i < l->n_dicts && e == ERR_OK; i++)
		e = dict_put(&l->dict[i], c, b, why);
	if (e != ERR_OK)
		return e;
	number_put(b, l->n_families);
	for (uint32_t i = 0; i < l->n_families; i++) {
		const struct family *f = &l->family[i];

		buf_u8(b, f->type);
		if (f->type == PART_TEXT)
			number_put(b, f->dict);
		number_put(b, f->usual);
		buf_u8(b, f->usual_len);
	}
	number_put(b, l->n_templates);
	for (uint32_t i = 0; i < l->n_templates; i++)
		template_put(b, &l->template[i]);
	number_put(b, l->n_kinds);
	for (uint32_t i = 1; i < l->n_kinds; i++)
		kind_put(b, &l->kind[i]);
	if (buf_error(b) != ERR_OK)
		return fault_set(why, buf_error(b), "lexicon: too long");
	return ERR_OK;
}

/* --- from bytes ------------------------------------------------------- */

static enum err
damaged(struct fault *why, const char *what)
{
	return fault_set(why, ERR_DAMAGE, "lexicon: %s", what);
}

static struct span
text_get(struct cursor *c)
{
	uint64_t len = number_get(c);

	if (len > c->all.len)
		c->bad = true;
	return c->bad ? SPAN_EMPTY : cursor_take(c, (size_t)len);
}

/* A count of things that take at least one byte each. */
static uint32_t
count_get(struct cursor *c, uint32_t most)
{
	uint64_t n = number_get(c);

	if (n > most || n > c->all.len - c->pos)
		c->bad = true;
	return c->bad ? 0 : (uint32_t)n;
}

static enum err
ips_get(
    struct lexicon *l, struct cursor *from, struct column *c, struct fault *why)
{
	uint64_t n = number_get(from);
	enum err e;

	if (n > LEXICON_WORDS_MAX)
		return damaged(why, "addresses");
	l->ip = calloc((size_t)n + 1, sizeof *l->ip);
	if (l->ip == NULL)
		return fault_set(why, ERR_MEMORY, "lexicon");
	l->n_ip = (size_t)n;
	e = column_get(c, from, l->ip, l->n_ip, why);
	for (size_t i = 0; i < l->n_ip && e == ERR_OK; i++)
		if (l->ip[i] > UINT32_MAX)
			e = damaged(why, "addresses");
	return e;
}

static enum err
dict_get(
    struct lexicon *l, struct cursor *from, struct column *c, struct fault *why)
{
	uint32_t at = lexicon_dict_add(l);
	uint64_t n = number_get(from), *len, sum = 0;
	struct dict *d;
	enum err e;

	if (at == UINT32_MAX)
		return fault_set(why, ERR_MEMORY, "lexicon");
	if (n > LEXICON_WORDS_MAX)
		return damaged(why, "dictionary");
	d = &l->dict[at];
	if ((len = calloc((size_t)n + 1, sizeof *len)) == NULL)
		return fault_set(why, ERR_MEMORY, "lexicon");
	if ((d->end = calloc((size_t)n + 1, sizeof *d->end)) == NULL) {
		free(len);
		return fault_set(why, ERR_MEMORY, "lexicon");
	}
	e = column_get(c, from, len, (size_t)n, why);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		if (len[i] > from->all.len - sum)
			e = damaged(why, "dictionary");
		sum += len[i];
		d->end[i] = (uint32_t)sum;
	}
	if (e == ERR_OK) {
		buf_span(&d->bytes, cursor_take(from, (size_t)sum));
		d->n = (size_t)n;
		if (from->bad)
			e = damaged(why, "dictionary");
		else if (buf_error(&d->bytes) != ERR_OK)
			e = fault_set(why, ERR_MEMORY, "lexicon");
	}
	free(len);
	return e;
}

static enum err
families_get(struct lexicon *l, struct cursor *from, struct fault *why)
{
	uint32_t n = count_get(from, LEXICON_FAMILIES_MAX);

	for (uint32_t i = 0; i < n && !from->bad; i++) {
		uint8_t type = cursor_u8(from);
		uint64_t dict = type == PART_TEXT ? number_get(from) : 0;
		uint64_t most = UINT64_MAX;
		uint32_t at;

		if (type == PART_FIXED ||
		    (type >= PART_HOST && type != FAMILY_COUNT) ||
		    dict >= l->n_dicts)
			return damaged(why, "family");
		at = lexicon_family_add(l, type, (uint32_t)dict);
		if (at == UINT32_MAX)
			return fault_set(why, ERR_MEMORY, "lexicon");
		l->family[at].usual = number_get(from);
		l->family[at].usual_len = cursor_u8(from);
		if (type == PART_TEXT)
			most = l->dict[dict].n;
		else if (type == PART_IP4)
			most = l->n_ip;
		/* A usual text that is not there is met only if a column
		 * relies on it; the reader looks again. */
		if (l->family[at].usual_len > 20 ||
		    (l->family[at].usual > most && l->family[at].usual > 1))
			return damaged(why, "family");
	}
	if (from->bad || l->n_families == 0 ||
	    l->family[FAMILY_WHOLE].type != PART_TEXT)
		return damaged(why, "families");
	return ERR_OK;
}

/* How often family f is among the first n of a list. */
static uint16_t
count_of(const uint32_t *list, unsigned n, uint32_t f)
{
	uint16_t times = 0;

	for (unsigned i = 0; i < n; i++)
		times = (uint16_t)(times + (list[i] == f));
	return times;
}

static bool
part_get(const struct lexicon *l, struct cursor *from, struct template_part *p)
{
	uint64_t f;

	*p = (struct template_part){ .type = cursor_u8(from) };
	if (p->type >= PART_N || from->bad)
		return false;
	if (p->type == PART_FIXED) {
		p->text = text_get(from);
		return !from->bad;
	}
	if (p->type == PART_HOST)
		return true;
	if (p->type >= PART_BSD || p->type == PART_MAC) {
		p->param = cursor_u8(from);
		if (p->param > ZONE_MAX)
			return false;
	}
	if (p->type >= PART_BSD)
		return !from->bad;
	f = number_get(from);
	if (from->bad || f >= l->n_families || l->family[f].type != p->type)
		return false;
	p->family = (uint32_t)f;
	return true;
}

/* Whether a part has values of its own. */
static bool
has_family(const struct template_part *p)
{
	return p->type != PART_FIXED && p->type < PART_HOST;
}

static enum err
templates_get(struct lexicon *l, struct cursor *from, struct fault *why)
{
	uint32_t n = count_get(from, LEXICON_TEMPLATES_MAX);
	struct template_part part[TEMPLATE_PARTS_MAX];
	uint32_t seen[TEMPLATE_PARTS_MAX];

	for (uint32_t i = 0; i < n && !from->bad; i++) {
		struct template t = { .part = part };
		unsigned values = 0;

		t.n = count_get(from, TEMPLATE_PARTS_MAX);
		for (unsigned k = 0; k < t.n; k++) {
			struct template_part *p = &part[k];

			if (!part_get(l, from, p))
				return damaged(why, "template");
			if (!has_family(p))
				continue;
			p->nth = count_of(seen, values, p->family);
			seen[values++] = p->family;
		}
		if (from->bad || t.n == 0)
			break;
		if (lexicon_template_add(l, &t) == UINT32_MAX)
			return fault_set(why, ERR_MEMORY, "lexicon");
	}
	if (from->bad || l->n_templates != n || n == 0)
		return damaged(why, "templates");
	return ERR_OK;
}

/* A kind while it is read: its values so far. */
struct kind_reading {
	const struct lexicon *l;
	struct cursor *from;
	unsigned parts; /* of its template */
	uint32_t value[TEMPLATE_PARTS_MAX + 2 * (KIND_TEXTS + 255)];
	unsigned n;
};

/* The next family of a reference, of the type it must have. */
static bool
ref_family(struct kind_reading *r, struct ref *ref, unsigned at, uint8_t type)
{
	uint64_t f = number_get(r->from);

	if (r->from->bad || f >= r->l->n_families ||
	    r->l->family[f].type != type)
		return false;
	ref->family[at] = (uint32_t)f;
	ref->nth[at] = count_of(r->value, r->n, (uint32_t)f);
	r->value[r->n++] = (uint32_t)f;
	return true;
}

static bool
ref_get(struct kind_reading *r, struct ref *ref)
{
	uint64_t from, from_off, to, to_off;

	*ref = (struct ref){ .how = cursor_u8(r->from) };
	switch (ref->how) {
	case REF_NONE:
		return !r->from->bad;
	case REF_FIXED:
		ref->text = text_get(r->from);
		return !r->from->bad;
	case REF_RANGE:
		from = number_get(r->from);
		from_off = number_get(r->from);
		to = number_get(r->from);
		to_off = number_get(r->from);
		if (r->from->bad || from >= r->parts || to > r->parts ||
		    to < from || from_off > EVENT_RAW_MAX ||
		    to_off > EVENT_RAW_MAX)
			return false;
		ref->from = (uint16_t)from;
		ref->to = (uint16_t)to;
		ref->from_off = (uint32_t)from_off;
		ref->to_off = (uint32_t)to_off;
		return true;
	case REF_TEXT:
		return ref_family(r, ref, 0, PART_TEXT);
	case REF_PLACE:
		return ref_family(r, ref, 0, FAMILY_COUNT) &&
		    ref_family(r, ref, 1, FAMILY_COUNT);
	default:
		return false;
	}
}

/* One kind; false when it is none. */
static bool
kind_get(struct kind_reading *r, struct kind *k)
{
	uint64_t t = number_get(r->from);

	if (r->from->bad || t >= r->l->n_templates)
		return false;
	k->template = (uint32_t)t;
	k->via = cursor_u8(r->from);
	k->parse = cursor_u8(r->from);
	k->category = cursor_u8(r->from);
	k->facility = cursor_u8(r->from);
	k->severity = cursor_u8(r->from);
	k->flags = cursor_u8(r->from);
	if (k->via >= VIA_N || k->parse >= PARSE_N || k->category >= CAT_N ||
	    k->flags > 7)
		return false;
	r->parts = r->l->template[t].n;
	r->n = 0;
	for (unsigned i = 0; i < r->parts; i++)
		if (has_family(&r->l->template[t].part[i]))
			r->value[r->n++] = r->l->template[t].part[i].family;
	for (unsigned i = 0; i < KIND_TEXTS; i++)
		if (!ref_get(r, &k->text[i]))
			return false;
	if (k->text[KIND_MESSAGE].how == REF_FIXED ||
	    k->text[KIND_MESSAGE].how == REF_TEXT)
		return false; /* it lies inside the raw bytes */
	k->n_fields = cursor_u8(r->from);
	for (unsigned i = 0; i < k->n_fields; i++) {
		k->field[i] = cursor_u8(r->from);
		if (k->field[i] >= FIELD_N || r->from->bad ||
		    !ref_get(r, &k->field_ref[i]))
			return false;
	}
	k->family = r->value;
	k->n_values = r->n;
	return !r->from->bad;
}

static enum err
kinds_get(struct lexicon *l, struct cursor *from, struct fault *why)
{
	struct kind_reading *r = calloc(1, sizeof *r);
	struct ref *refs = calloc(256, sizeof *refs);
	uint64_t n = number_get(from);
	uint32_t whole = FAMILY_WHOLE;
	struct kind first = { .family = &whole, .n_values = 1 };
	uint8_t fields[256];
	enum err e = ERR_OK;

	if (r == NULL || refs == NULL)
		e = fault_set(why, ERR_MEMORY, "lexicon");
	else if (from->bad || n == 0 || n > LEXICON_KINDS_MAX)
		e = damaged(why, "kinds");
	else if (lexicon_kind_add(l, &first) == UINT32_MAX)
		e = fault_set(why, ERR_MEMORY, "lexicon");
	for (uint64_t i = 1; i < n && e == ERR_OK; i++) {
		struct kind k = { .field = fields, .field_ref = refs };

		r->l = l;
		r->from = from;
		if (!kind_get(r, &k))
			e = damaged(why, "kind");
		else if (lexicon_kind_add(l, &k) == UINT32_MAX)
			e = fault_set(why, ERR_MEMORY, "lexicon");
	}
	free(r);
	free(refs);
	return e;
}

enum err
lexicon_get(
    struct span s, struct column *c, struct lexicon **out, struct fault *why)
{
	struct lexicon *l = lexicon_blank();
	struct cursor from = cursor_of(s);
	uint32_t n = 0;
	enum err e = ERR_OK;

	if (l == NULL)
		return fault_set(why, ERR_MEMORY, "lexicon");
	if (cursor_u8(&from) != LEXICON_VERSION)
		e = damaged(why, "unknown version");
	if (e == ERR_OK)
		e = ips_get(l, &from, c, why);
	if (e == ERR_OK)
		n = count_get(&from, LEXICON_FAMILIES_MAX);
	for (uint32_t i = 0; i < n && e == ERR_OK; i++)
		e = dict_get(l, &from, c, why);
	if (e == ERR_OK)
		e = families_get(l, &from, why);
	if (e == ERR_OK)
		e = templates_get(l, &from, why);
	if (e == ERR_OK)
		e = kinds_get(l, &from, why);
	if (e == ERR_OK && !cursor_done(&from))
		e = damaged(why, "length");
	if (e == ERR_OK) {
		*out = l;
		return ERR_OK;
	}
	lexicon_free(l);
	return e;
}
