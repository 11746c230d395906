/*
 * vault/segment_pack.c: records into the columns of a frame.
 */
#include "vault/segment_pack.h"

#include <assert.h>
#include <stdlib.h>

#include "vault/lexicon_learn.h"

#define PAD_EACH 255U /* digits are a column of their own */

/* A family's values of the frame at hand. */
struct gathered {
	uint64_t *v; /* values, or numbers of texts and addresses */
	uint8_t *digits;
	size_t n, cap;
	uint64_t *extra; /* lengths of texts, or addresses, without number */
	size_t n_extra, cap_extra;
	struct buf bytes; /* of these texts */
	bool usual_set;
	uint64_t weight; /* bytes it took so far */
	uint64_t values; /* values so far */
};

/* A list of the heads. */
struct list {
	uint64_t *v;
	size_t n, cap;
	uint64_t weight;
};

struct packer {
	struct lexicon *l;
	struct learner *learner;
	struct column *column;
	struct gathered *family;
	uint32_t n_families; /* with memory here */
	struct list kind, source, received, event;
	struct buf work, directory, whole;
};

struct packer *
packer_new(const uint64_t seed[static 2])
{
	struct packer *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	buf_init(&p->work, (size_t)32 << 20);
	buf_init(&p->directory, (size_t)1 << 20);
	buf_init(&p->whole, ROW_EVENT_MAX);
	p->column = column_new();
	p->l = lexicon_new();
	if (p->l != NULL)
		p->learner = learner_new(p->l, seed);
	if (p->column == NULL || p->learner == NULL) {
		packer_free(p);
		return NULL;
	}
	return p;
}

void
packer_free(struct packer *p)
{
	if (p == NULL)
		return;
	for (uint32_t i = 0; i < p->n_families; i++) {
		free(p->family[i].v);
		free(p->family[i].digits);
		free(p->family[i].extra);
		buf_clear(&p->family[i].bytes);
	}
	free(p->family);
	free(p->kind.v);
	free(p->source.v);
	free(p->received.v);
	free(p->event.v);
	learner_free(p->learner);
	lexicon_free(p->l);
	column_free(p->column);
	buf_clear(&p->work);
	buf_clear(&p->directory);
	buf_clear(&p->whole);
	free(p);
}

/* Appends to a list of numbers. */
static bool
push(uint64_t **v, size_t *n, size_t *cap, uint64_t value)
{
	size_t more = *cap == 0 ? 256 : *cap * 2;
	uint64_t *got;

	if (*n == *cap) {
		if ((got = reallocarray(*v, more, sizeof *got)) == NULL)
			return false;
		*v = got;
		*cap = more;
	}
	(*v)[(*n)++] = value;
	return true;
}

static bool
list_push(struct list *l, uint64_t value)
{
	return push(&l->v, &l->n, &l->cap, value);
}

/* Appends to a family's values. */
static bool
gather(struct gathered *g, uint64_t value, uint8_t digits)
{
	size_t cap = g->cap;
	uint8_t *got;

	if (!push(&g->v, &g->n, &g->cap, value))
		return false;
	if (cap != g->cap) {
		if ((got = realloc(g->digits, g->cap)) == NULL)
			return false;
		g->digits = got;
	}
	g->digits[g->n - 1] = digits;
	return true;
}

/* Memory for the families that the lexicon has by now. */
static bool
families_grow(struct packer *p)
{
	uint32_t n = p->l->cap_families;
	struct gathered *more;

	if (p->l->n_families <= p->n_families)
		return true;
	if ((more = reallocarray(p->family, n, sizeof *more)) == NULL)
		return false;
	memset(more + p->n_families, 0, (n - p->n_families) * sizeof *more);
	for (uint32_t i = p->n_families; i < n; i++)
		buf_init(&more[i].bytes, (size_t)8 << 20);
	p->family = more;
	p->n_families = n;
	return true;
}

/* A text of a family: its number, or itself. */
static bool
text_gather(struct packer *p, uint32_t family, struct span s)
{
	struct gathered *g = &p->family[family];
	uint32_t code = learner_text(p->learner, family, s);

	if (!gather(g, code, 1))
		return false;
	if (code != 0)
		return true;
	buf_span(&g->bytes, s);
	return push(&g->extra, &g->n_extra, &g->cap_extra, s.len) &&
	    buf_error(&g->bytes) == ERR_OK;
}

static bool
ip_gather(struct packer *p, uint32_t family, uint64_t address)
{
	struct gathered *g = &p->family[family];
	uint32_t code = learner_ip(p->learner, family, (uint32_t)address);

	return gather(g, code, 1) &&
	    (code != 0 || push(&g->extra, &g->n_extra, &g->cap_extra, address));
}

/* The values of a record's variables. */
static bool
parts_gather(struct packer *p, const struct template *t, const struct cut *c,
    struct span raw)
{
	bool well = true;

	for (unsigned i = 0; i < t->n && well; i++) {
		const struct part *part = &c->part[i];
		uint32_t family = t->part[i].family;

		if (part->type == PART_FIXED || part->type >= PART_HOST)
			continue;
		if (part->type == PART_TEXT)
			well = text_gather(
			    p, family, span_slice(raw, part->at, part->size));
		else if (part->type == PART_IP4)
			well = ip_gather(p, family, part->value);
		else
			well = gather(
			    &p->family[family], part->value, part->len);
	}
	return well;
}

/* The values of a reference that has columns of its own. */
static bool
ref_gather(struct packer *p, const struct ref *r, const struct event *ev,
    struct span text)
{
	if (r->how == REF_TEXT)
		return text_gather(p, r->family[0], text);
	if (r->how != REF_PLACE)
		return true;
	if (text.len == 0)
		text.at = ev->raw.at;
	return gather(&p->family[r->family[0]],
		   text.len == 0 ? 0 : (uint64_t)(text.at - ev->raw.at), 1) &&
	    gather(&p->family[r->family[1]], text.len, 1);
}

static bool
refs_gather(struct packer *p, const struct kind *k, const struct event *ev)
{
	const struct span text[KIND_TEXTS] = { [KIND_MESSAGE] = ev->message,
		[KIND_APP] = ev->app,
		[KIND_PROC] = ev->proc,
		[KIND_MSGID] = ev->msgid,
		[KIND_SENDER] = ev->sender,
		[KIND_HOST] = ev->host };
	bool well = true;

	for (unsigned i = 0; i < KIND_TEXTS && well; i++)
		well = ref_gather(p, &k->text[i], ev, text[i]);
	for (unsigned i = 0; i < k->n_fields && well; i++)
		well = ref_gather(
		    p, &k->field_ref[i], ev, ev->field[k->field[i]]);
	return well;
}

/* The whole event, for want of a kind. */
static bool
whole_gather(struct packer *p, const struct event *ev)
{
	buf_reset(&p->whole);
	event_encode(&p->whole, ev);
	return buf_error(&p->whole) == ERR_OK &&
	    text_gather(p, FAMILY_WHOLE, buf_view(&p->whole));
}

enum err
packer_add(struct packer *p, uint32_t source, const struct event *ev,
    struct span sender, struct span host, struct fault *why)
{
	uint8_t flags = 0;
	uint32_t template, kind;
	const struct cut *c;
	bool well;

	if (span_equal(ev->sender, sender))
		flags |= KIND_SOURCE_SENDER;
	if (span_equal(ev->host, host))
		flags |= KIND_SOURCE_HOST;
	c = learner_cut(p->learner, ev,
	    (flags & KIND_SOURCE_HOST) != 0 ? host : SPAN_EMPTY, &template);
	kind = learner_kind(p->learner, ev, template, flags);
	well = families_grow(p) && list_push(&p->kind, kind) &&
	    list_push(&p->source, source) &&
	    list_push(&p->received, (uint64_t)ev->received_us);
	if (well && kind == KIND_WHOLE) {
		well = whole_gather(p, ev);
	} else if (well) {
		if (ev->event_us != 0)
			well = list_push(&p->event, (uint64_t)ev->event_us);
		well = well &&
		    parts_gather(p, &p->l->template[template], c, ev -> raw) &&
		    refs_gather(p, &p->l->kind[kind], ev);
	}
	return well ? ERR_OK : fault_set(why, ERR_MEMORY, "segment: frame");
}

/* --- the frame's end -------------------------------------------------- */

/* Digits that a number has without leading zeros. */
static unsigned
digits_of(uint8_t type, uint64_t v)
{
	unsigned n = 1, base = type == PART_DECIMAL ? 10 : 16;

	for (; v >= base; v /= base)
		n++;
	return n;
}

/* How a column of numbers is padded: 0 not at all, PAD_EACH each in its own
 * way, else to so many digits. */
static unsigned
padding(const struct gathered *g, uint8_t type)
{
	unsigned pad = 0;

	if (type == PART_MAC || type == FAMILY_COUNT)
		return 0;
	for (size_t i = 0; i < g->n && pad == 0; i++)
		if (g->digits[i] != digits_of(type, g->v[i]))
			pad = g->digits[i];
	for (size_t i = 0; i < g->n && pad != 0; i++) {
		unsigned n = digits_of(type, g->v[i]);

		if (g->digits[i] != (n < pad ? pad : n))
			return PAD_EACH;
	}
	return pad;
}

/* Whether the column says nothing but the usual. */
static bool
is_usual(const struct gathered *g, const struct family *f)
{
	bool digits = part_is_number(f->type) && f->type != PART_MAC;

	for (size_t i = 0; i < g->n; i++)
		if (g->v[i] != f->usual ||
		    (digits && g->digits[i] != f->usual_len))
			return false;
	return true;
}

static enum err
numbers_put(
    struct packer *p, const struct gathered *g, uint8_t type, struct fault *why)
{
	unsigned pad = padding(g, type);
	uint64_t *more;
	enum err e;

	if (type != PART_MAC && type != FAMILY_COUNT)
		buf_u8(&p->work, (uint8_t)pad);
	e = column_put(p->column, &p->work, g->v, g->n, why);
	if (e != ERR_OK || pad != PAD_EACH)
		return e;
	if ((more = calloc(g->n, sizeof *more)) == NULL)
		return fault_set(why, ERR_MEMORY, "segment: frame");
	for (size_t i = 0; i < g->n; i++)
		more[i] = g->digits[i];
	e = column_put(p->column, &p->work, more, g->n, why);
	free(more);
	return e;
}

/* One family's column into p->work. */
static enum err
family_put(
    struct packer *p, const struct gathered *g, uint8_t type, struct fault *why)
{
	enum err e;

	if (type != PART_TEXT && type != PART_IP4)
		return numbers_put(p, g, type, why);
	e = column_put(p->column, &p->work, g->v, g->n, why);
	if (e == ERR_OK)
		e = column_put(p->column, &p->work, g->extra, g->n_extra, why);
	if (e == ERR_OK && type == PART_TEXT && g->bytes.len > 0)
		e = column_put_bytes(
		    p->column, &p->work, buf_view(&g->bytes), why);
	return e;
}

static void
gathered_reset(struct gathered *g)
{
	g->n = g->n_extra = 0;
	buf_reset(&g->bytes);
}

static enum err
texts_put(struct packer *p, struct buf *texts, struct fault *why)
{
	uint32_t n = 0, last = 0;

	buf_reset(&p->work);
	buf_reset(&p->directory);
	for (uint32_t i = 0; i < p->l->n_families; i++) {
		struct gathered *g = &p->family[i];
		struct family *f = &p->l->family[i];
		size_t before = p->work.len;
		enum err e;

		if (g->n == 0)
			continue;
		if (!g->usual_set && f->type != PART_TEXT &&
		    f->type != PART_IP4) {
			f->usual = g->v[0];
			f->usual_len = g->digits[0];
		}
		g->usual_set = true;
		if (!is_usual(g, f)) {
			e = family_put(p, g, f->type, why);
			if (e != ERR_OK)
				return e;
			number_put(&p->directory, i - last);
			number_put(&p->directory, p->work.len - before);
			g->weight += p->work.len - before + 2;
			last = i;
			n++;
		}
		g->values += g->n;
		gathered_reset(g);
	}
	number_put(texts, n);
	buf_span(texts, buf_view(&p->directory));
	buf_span(texts, buf_view(&p->work));
	return buf_error(&p->work) != ERR_OK ||
		buf_error(&p->directory) != ERR_OK || buf_error(texts) != ERR_OK
	    ? fault_set(why, ERR_LIMIT, "segment: frame too long")
	    : ERR_OK;
}

/* One list of the heads. */
static enum err
list_put(struct packer *p, struct buf *b, struct list *l, struct fault *why)
{
	size_t before = b->len;
	enum err e = column_put(p->column, b, l->v, l->n, why);

	l->weight += b->len - before;
	l->n = 0;
	return e;
}

enum err
packer_end(
    struct packer *p, struct buf *heads, struct buf *texts, struct fault *why)
{
	enum err e = list_put(p, heads, &p->kind, why);

	if (e == ERR_OK)
		e = list_put(p, heads, &p->source, why);
	if (e == ERR_OK)
		e = list_put(p, heads, &p->received, why);
	if (e == ERR_OK)
		e = list_put(p, heads, &p->event, why);
	if (e == ERR_OK)
		e = texts_put(p, texts, why);
	return e;
}

enum err
packer_lexicon(struct packer *p, struct buf *out, struct fault *why)
{
	return lexicon_put(p->l, p->column, out, why);
}

/* --- where the bytes go ----------------------------------------------- */

/* A template part of this family, with the text before it. */
static void
family_describe(const struct packer *p, uint32_t family, struct buf *out)
{
	for (uint32_t t = 0; t < p->l->n_templates; t++)
		for (unsigned i = 0; i < p->l->template[t].n; i++) {
			const struct template_part *part =
			    &p->l->template[t].part[i];

			if (part->type == PART_FIXED ||
			    part->type >= PART_HOST || part->family != family)
				continue;
			buf_printf(out, " template %u part %u", t, i);
			if (i > 0 && part[-1].type == PART_FIXED)
				buf_printf(out, " behind \"%.*s\"",
				    (int)part[-1].text.len,
				    (const char *)part[-1].text.at);
			return;
		}
}

void
packer_weigh(const struct packer *p, struct buf *out)
{
	uint64_t below = UINT64_MAX;

	buf_printf(out, "kind %llu source %llu received %llu event %llu\n",
	    (unsigned long long)p->kind.weight,
	    (unsigned long long)p->source.weight,
	    (unsigned long long)p->received.weight,
	    (unsigned long long)p->event.weight);
	buf_printf(out, "%u families, %u templates, %u kinds, %zu addresses\n",
	    p->l->n_families, p->l->n_templates, p->l->n_kinds, p->l->n_ip);
	for (unsigned row = 0; row < 60; row++) {
		uint32_t best = UINT32_MAX;

		for (uint32_t i = 0; i < p->l->n_families && i < p->n_families;
		     i++)
			if (p->family[i].weight < below &&
			    (best == UINT32_MAX ||
				p->family[i].weight > p->family[best].weight))
				best = i;
		if (best == UINT32_MAX || p->family[best].weight == 0)
			return;
		below = p->family[best].weight;
		buf_printf(out, "family %u type %u: %llu bytes, %llu values,",
		    best, p->l->family[best].type, (unsigned long long)below,
		    (unsigned long long)p->family[best].values);
		family_describe(p, best, out);
		buf_text(out, "\n");
	}
}
