/*
 * vault/lexicon.c: the lists that a segment's records share.
 */
#include "vault/lexicon.h"

#include <stdlib.h>

/* Room for one more of a list of things of `size` bytes. */
static bool
grow(void **list, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t more = *cap == 0 ? 64 : *cap * 2;
	void *p;

	if (n < *cap)
		return true;
	if ((p = reallocarray(*list, more, size)) == NULL)
		return false;
	*list = p;
	*cap = more;
	return true;
}

/* The same for lists counted in size_t. */
static bool
grow_long(void **list, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap == 0 ? 64 : *cap * 2;
	void *p;

	if (n < *cap)
		return true;
	if ((p = reallocarray(*list, more, size)) == NULL)
		return false;
	*list = p;
	*cap = more;
	return true;
}

struct lexicon *
lexicon_blank(void)
{
	struct lexicon *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	if ((l->arena = arena_new(4 * LEXICON_BYTES_MAX)) == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

struct lexicon *
lexicon_new(void)
{
	struct template_part part = { .type = PART_TEXT };
	struct template plain = { .part = &part, .n = 1 };
	struct lexicon *l = lexicon_blank();
	uint32_t whole = FAMILY_WHOLE;
	struct kind k = { .family = &whole, .n_values = 1 };

	if (l == NULL)
		return NULL;
	if (lexicon_family_add(l, PART_TEXT, lexicon_dict_add(l)) !=
		FAMILY_WHOLE ||
	    (part.family = lexicon_family_add(
		 l, PART_TEXT, lexicon_dict_add(l))) == UINT32_MAX ||
	    lexicon_template_add(l, &plain) != TEMPLATE_PLAIN ||
	    lexicon_kind_add(l, &k) != KIND_WHOLE) {
		lexicon_free(l);
		return NULL;
	}
	return l;
}

void
lexicon_free(struct lexicon *l)
{
	if (l == NULL)
		return;
	for (uint32_t i = 0; i < l->n_dicts; i++) {
		free(l->dict[i].end);
		buf_clear(&l->dict[i].bytes);
	}
	free(l->dict);
	free(l->family);
	free(l->template);
	free(l->kind);
	free(l->ip);
	arena_free(l->arena);
	free(l);
}

struct span
dict_at(const struct dict *d, uint64_t code)
{
	uint32_t from = code > 1 ? d->end[code - 2] : 0;

	return span_slice(buf_view(&d->bytes), from, d->end[code - 1] - from);
}

/* --- adding ----------------------------------------------------------- */

uint32_t
lexicon_family_add(struct lexicon *l, uint8_t type, uint32_t dict)
{
	if (l->n_families >= LEXICON_FAMILIES_MAX ||
	    (type == PART_TEXT && dict >= l->n_dicts) ||
	    !grow((void **)&l->family, l->n_families, &l->cap_families,
		sizeof *l->family))
		return UINT32_MAX;
	l->family[l->n_families] = (struct family){ .type = type,
		.dict = type == PART_TEXT ? dict : 0,
		.usual = type == PART_TEXT || type == PART_IP4,
		.usual_len = 1 };
	return l->n_families++;
}

uint32_t
lexicon_dict_add(struct lexicon *l)
{
	struct dict *d;

	if (l->n_dicts >= LEXICON_FAMILIES_MAX ||
	    !grow(
		(void **)&l->dict, l->n_dicts, &l->cap_dicts, sizeof *l->dict))
		return UINT32_MAX;
	d = &l->dict[l->n_dicts];
	*d = (struct dict){ .n = 0 };
	buf_init(&d->bytes, LEXICON_BYTES_MAX);
	return l->n_dicts++;
}

uint32_t
lexicon_template_add(struct lexicon *l, const struct template *t)
{
	struct template *to;

	if (l->n_templates >= LEXICON_TEMPLATES_MAX ||
	    !grow((void **)&l->template, l->n_templates, &l->cap_templates,
		sizeof *l->template))
		return UINT32_MAX;
	to = &l->template[l->n_templates];
	to->n = t->n;
	to->part = arena_array(l->arena, t->n, sizeof *to->part);
	if (to->part == NULL)
		return UINT32_MAX;
	for (unsigned i = 0; i < t->n; i++) {
		to->part[i] = t->part[i];
		if (t->part[i].type != PART_FIXED)
			continue;
		to->part[i].text = arena_copy(l->arena, t->part[i].text);
		if (to->part[i].text.at == NULL)
			return UINT32_MAX;
	}
	return l->n_templates++;
}

/* Copies a reference's text; false without memory. */
static bool
ref_copy(struct lexicon *l, struct ref *r)
{
	if (r->how != REF_FIXED)
		return true;
	r->text = arena_copy(l->arena, r->text);
	return r->text.at != NULL;
}

uint32_t
lexicon_kind_add(struct lexicon *l, const struct kind *k)
{
	struct kind *to, got = *k;
	bool well = true;

	if (l->n_kinds >= LEXICON_KINDS_MAX ||
	    !grow(
		(void **)&l->kind, l->n_kinds, &l->cap_kinds, sizeof *l->kind))
		return UINT32_MAX;
	to = &l->kind[l->n_kinds];
	got.field = arena_alloc(l->arena, k->n_fields);
	got.field_ref = arena_array(
	    l->arena, k->n_fields, sizeof *got.field_ref);
	got.family = arena_array(l->arena, k->n_values, sizeof *got.family);
	if (got.field == NULL || got.field_ref == NULL || got.family == NULL)
		return UINT32_MAX;
	for (unsigned i = 0; i < KIND_TEXTS; i++)
		well &= ref_copy(l, &got.text[i]);
	for (unsigned i = 0; i < k->n_fields; i++) {
		got.field[i] = k->field[i];
		got.field_ref[i] = k->field_ref[i];
		well &= ref_copy(l, &got.field_ref[i]);
	}
	for (unsigned i = 0; i < k->n_values; i++)
		got.family[i] = k->family[i];
	if (!well)
		return UINT32_MAX;
	*to = got;
	return l->n_kinds++;
}

uint32_t
lexicon_text_add(struct lexicon *l, uint32_t dict, struct span s)
{
	struct dict *d = &l->dict[dict];

	if (d->n >= LEXICON_WORDS_MAX ||
	    s.len > LEXICON_BYTES_MAX - d->bytes.len ||
	    !grow_long((void **)&d->end, d->n, &d->cap, sizeof *d->end))
		return 0;
	buf_span(&d->bytes, s);
	if (buf_error(&d->bytes) != ERR_OK)
		return 0;
	d->end[d->n++] = (uint32_t)d->bytes.len;
	return (uint32_t)d->n;
}

uint32_t
lexicon_ip_add(struct lexicon *l, uint32_t address)
{
	if (l->n_ip >= LEXICON_WORDS_MAX ||
	    !grow_long((void **)&l->ip, l->n_ip, &l->cap_ip, sizeof *l->ip))
		return 0;
	l->ip[l->n_ip++] = address;
	return (uint32_t)l->n_ip;
}
