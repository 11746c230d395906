/*
 * sigma/modifier.c: what each modifier does to the values before it.
 *
 * Source: Sigma specification 2.1, modifiers appendix; the three forms of
 * base64offset as the reference implementation cuts them.
 */
#include "sigma/item.h"

#include "base/text.h"

/* ---- how values are compared ---- */

static enum err
how_set(struct item *it, struct span name, enum how how)
{
	if (it->how != HOW_TEXT || it->changed)
		return item_fault(it, ERR_UNSUPPORTED,
		    "%.*s does not go with the modifiers before it",
		    (int)name.len, (const char *)name.at);
	it->how = how;
	return ERR_OK;
}

static enum err
mod_compare(struct item *it, struct span name)
{
	static const struct {
		const char *name;
		enum sigma_op op;
	} ops[] = { { "lt", SIGMA_LT }, { "lte", SIGMA_LTE },
		{ "gt", SIGMA_GT }, { "gte", SIGMA_GTE } };

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (span_is(name, ops[i].name))
			it->op = ops[i].op;
	return how_set(it, name, HOW_NUMBER);
}

static enum err
mod_regex(struct item *it, struct span name)
{
	return how_set(it, name, HOW_REGEX);
}

static enum err
mod_flag(struct item *it, struct span name)
{
	if (it->how != HOW_REGEX)
		return item_fault(it, ERR_SYNTAX, "%.*s goes only with re",
		    (int)name.len, (const char *)name.at);
	it->flags |= span_is(name, "i") ? (unsigned)REGEX_NOCASE
	    : span_is(name, "m")        ? (unsigned)REGEX_LINES
					: (unsigned)REGEX_DOT_ALL;
	return ERR_OK;
}

static enum err
mod_cidr(struct item *it, struct span name)
{
	return how_set(it, name, HOW_CIDR);
}

static enum err
mod_exists(struct item *it, struct span name)
{
	return how_set(it, name, HOW_EXISTS);
}

static enum err
mod_fieldref(struct item *it, struct span name)
{
	it->changed = false;
	return how_set(it, name, HOW_FIELD);
}

static enum err
mod_all(struct item *it, struct span name)
{
	(void)name;
	it->all = true;
	return ERR_OK;
}

static enum err
mod_cased(struct item *it, struct span name)
{
	(void)name;
	it->cased = true;
	return ERR_OK;
}

static enum err
mod_neq(struct item *it, struct span name)
{
	(void)name;
	it->neq = true;
	return ERR_OK;
}

static enum err
mod_time(struct item *it, struct span name)
{
	static const char *const part[] = { [PART_MINUTE] = "minute",
		[PART_HOUR] = "hour",
		[PART_DAY] = "day",
		[PART_WEEK] = "week",
		[PART_MONTH] = "month",
		[PART_YEAR] = "year" };

	for (unsigned i = PART_MINUTE; i <= PART_YEAR; i++)
		if (span_is(name, part[i]))
			it->part = (enum time_part)i;
	return ERR_OK;
}

/* ---- what changes texts ---- */

static enum err
mod_around(struct item *it, struct span name)
{
	bool before = !span_is(name, "startswith");
	bool behind = !span_is(name, "endswith");

	if (it->how != HOW_TEXT && it->how != HOW_FIELD)
		return item_fault(it, ERR_UNSUPPORTED,
		    "%.*s does not go with the modifiers before it",
		    (int)name.len, (const char *)name.at);
	it->before = it->before || before;
	it->behind = it->behind || behind;
	it->changed = it->changed || it->how == HOW_TEXT;
	for (size_t i = 0; i < it->n; i++) {
		struct draft *d = &it->draft[i];

		if (d->is_null)
			return item_fault(it, ERR_SYNTAX,
			    "%.*s needs a text, not null", (int)name.len,
			    (const char *)name.at);
		d->text = pattern_around(it->a, d->text, before, behind);
		if (d->text.at == NULL)
			return item_fault(it, ERR_MEMORY, "out of memory");
	}
	return ERR_OK;
}

static enum err
mod_windash(struct item *it, struct span name)
{
	(void)name;
	for (size_t i = 0; i < it->n; i++)
		pattern_windash(it->draft[i].text);
	return ERR_OK;
}

/* Bytes of a value that must have no wildcards. */
static enum err
plain_bytes(struct item *it, const struct draft *d, struct span *out)
{
	if (d->is_null || it->how != HOW_TEXT || d->table != SIGMA_NONE ||
	    !pattern_is_plain(d->text))
		return item_fault(it, ERR_UNSUPPORTED,
		    "only texts without wildcards can be encoded");
	*out = pattern_bytes(it->a, d->text);
	return out->at == NULL ? item_fault(it, ERR_MEMORY, "out of memory")
			       : ERR_OK;
}

static enum err
base64_of(struct item *it, struct span s, struct span *out)
{
	struct buf b;
	enum err e = ERR_OK;

	buf_init(&b, TEXT_MAX * 4);
	text_base64(&b, s);
	*out = arena_copy(it->a, buf_view(&b));
	if (buf_error(&b) != ERR_OK || out->at == NULL)
		e = item_fault(it, ERR_LIMIT, "too long a value to encode");
	buf_clear(&b);
	return e;
}

static enum err
mod_base64(struct item *it, struct span name)
{
	struct span s;
	enum err e = ERR_OK;

	(void)name;
	it->changed = it->encoded = true;
	for (size_t i = 0; i < it->n && e == ERR_OK; i++) {
		e = plain_bytes(it, &it->draft[i], &s);
		if (e == ERR_OK)
			e = base64_of(it, s, &s);
		if (e == ERR_OK)
			it->draft[i].text = pattern_plain(it->a, s);
	}
	return e;
}

/* The value behind `shift` unknown bytes: only what they do not touch. */
static enum err
base64_shifted(struct item *it, struct span s, size_t shift)
{
	static const size_t from[] = { 0, 2, 3 };
	static const size_t less[] = { 0, 3, 2 };
	uint8_t *to = arena_alloc(it->a, s.len + 3);
	struct span all;
	enum err e;

	if (to == NULL)
		return item_fault(it, ERR_MEMORY, "out of memory");
	memset(to, ' ', shift);
	if (s.len > 0)
		memcpy(to + shift, s.at, s.len);
	e = base64_of(it, span_of(to, shift + s.len), &all);
	if (e != ERR_OK)
		return e;
	all.len -= less[(s.len + shift) % 3];
	all = span_slice(all, from[shift], SIZE_MAX);
	return item_text(it, pattern_plain(it->a, all), all);
}

static enum err
mod_base64offset(struct item *it, struct span name)
{
	struct draft *old = it->draft;
	size_t n = it->n;
	struct span s;
	enum err e = ERR_OK;

	(void)name;
	if (it->all)
		return item_fault(it, ERR_UNSUPPORTED,
		    "all stands behind base64offset, not before it");
	it->changed = it->encoded = it->expanded = true;
	it->draft = NULL;
	it->n = it->cap = 0;
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		e = plain_bytes(it, &old[i], &s);
		if (e == ERR_OK && s.len < 3)
			e = item_fault(it, ERR_RANGE,
			    "base64offset needs three bytes or more");
		for (size_t k = 0; k < 3 && e == ERR_OK; k++)
			e = base64_shifted(it, s, k);
	}
	return e;
}

/* One unit of UTF-16. */
static void
unit_put(struct pattern *p, uint32_t unit, bool big)
{
	p->at[p->n++] = (uint16_t)(big ? unit >> 8 & 0xff : unit & 0xff);
	p->at[p->n++] = (uint16_t)(big ? unit & 0xff : unit >> 8 & 0xff);
}

/* A text as UTF-16; signs stay signs. */
static enum err
wide(struct item *it, struct draft *d, bool big, bool mark)
{
	struct pattern p = {
		arena_array(it->a, d->text.n * 2 + 3, sizeof *p.at), 0
	};
	size_t i = 0;

	if (p.at == NULL)
		return item_fault(it, ERR_MEMORY, "out of memory");
	if (mark)
		unit_put(&p, 0xfeff, big);
	while (i < d->text.n) {
		uint8_t one[4];
		uint32_t cp = 0;
		size_t n = 0, took;

		if (d->text.at[i] > 0xff) {
			p.at[p.n++] = d->text.at[i++];
			continue;
		}
		while (n < 4 && i + n < d->text.n && d->text.at[i + n] <= 0xff)
			one[n] = (uint8_t)d->text.at[i + n], n++;
		took = text_rune(span_of(one, n), &cp);
		if (took == 0)
			return item_fault(
			    it, ERR_SYNTAX, "text that is not UTF-8");
		i += took;
		if (cp > 0xffff) {
			unit_put(&p, 0xd800 + ((cp - 0x10000) >> 10), big);
			cp = 0xdc00 + ((cp - 0x10000) & 0x3ff);
		}
		unit_put(&p, cp, big);
	}
	d->text = p;
	return ERR_OK;
}

static enum err
mod_wide(struct item *it, struct span name)
{
	enum err e = ERR_OK;

	it->changed = it->encoded = true;
	for (size_t i = 0; i < it->n && e == ERR_OK; i++) {
		if (it->draft[i].is_null || it->how != HOW_TEXT)
			return item_fault(
			    it, ERR_UNSUPPORTED, "only texts can be encoded");
		e = wide(it, &it->draft[i], span_is(name, "utf16be"),
		    span_is(name, "utf16"));
	}
	return e;
}

/* ---- tables ---- */

/* The next %name% of s: what stands before, the name, what stands behind. */
static bool
placeholder_find(
    struct span s, struct span *before, struct span *name, struct span *behind)
{
	for (size_t i = 0; i < s.len; i++) {
		size_t end;

		if (s.at[i] == '\\') {
			i++;
			continue;
		}
		if (s.at[i] != '%')
			continue;
		end = span_find(span_slice(s, i + 1, SIZE_MAX), '%');
		if (end == SIZE_MAX)
			return false;
		*before = span_slice(s, 0, i);
		*name = span_slice(s, i + 1, end);
		*behind = span_slice(s, i + 2 + end, SIZE_MAX);
		return true;
	}
	return false;
}

/* A text without placeholders: \% is a plain one. */
static enum err
expanded_put(struct item *it, struct span s)
{
	uint8_t *to = arena_alloc(it->a, s.len + 1);
	size_t n = 0;

	if (to == NULL)
		return item_fault(it, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] != '\\' || i + 1 == s.len || s.at[i + 1] != '%')
			to[n++] = s.at[i];
	return item_text(it, wild_read(it->a, span_of(to, n)), span_of(to, n));
}

static enum err
expand(struct item *it, struct span s, unsigned depth)
{
	struct span before, name, behind;
	struct table *t;
	enum err e = ERR_OK;

	if (!placeholder_find(s, &before, &name, &behind))
		return expanded_put(it, s);
	if (depth == 4)
		return item_fault(
		    it, ERR_LIMIT, "more than four placeholders in one value");
	if ((t = table_find(it->p->s, name)) == NULL)
		return item_fault(it, ERR_NOT_FOUND, "no table '%%%.*s%%'",
		    (int)name.len, (const char *)name.at);
	if (t->outside) {
		if (before.len + behind.len > 0)
			return item_fault(it, ERR_UNSUPPORTED,
			    "a table from outside must be the whole value");
		e = item_text(it, wild_read(it->a, s), s);
		if (e == ERR_OK)
			it->draft[it->n - 1].table = (uint32_t)(t -
			    it->p->s->table);
		return e;
	}
	for (size_t i = 0; i < t->n && e == ERR_OK; i++) {
		char *one = arena_printf(it->a, "%.*s%.*s%.*s", (int)before.len,
		    (const char *)before.at, (int)t->value[i].len,
		    (const char *)t->value[i].at, (int)behind.len,
		    (const char *)behind.at);

		e = one == NULL ? item_fault(it, ERR_MEMORY, "out of memory")
				: expand(it, span_text(one), depth + 1);
	}
	return e;
}

static enum err
mod_expand(struct item *it, struct span name)
{
	struct draft *old = it->draft;
	size_t n = it->n;
	enum err e = ERR_OK;

	(void)name;
	if (it->encoded || it->how != HOW_TEXT)
		return item_fault(it, ERR_UNSUPPORTED,
		    "expand stands before what changes the value");
	it->expanded = true;
	it->draft = NULL;
	it->n = it->cap = 0;
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = old[i].is_null
		    ? item_fault(it, ERR_SYNTAX, "expand needs a text")
		    : expand(it, old[i].raw, 0);
	/* What contains and its like said before holds for every value. */
	for (size_t i = 0; i < it->n && e == ERR_OK; i++) {
		struct draft *d = &it->draft[i];

		d->text = pattern_around(
		    it->a, d->text, it->before, it->behind);
		if (d->text.at == NULL)
			e = item_fault(it, ERR_MEMORY, "out of memory");
	}
	return e;
}

/* ---- the table ---- */

enum err
modifier_apply(struct item *it, struct span name)
{
	static const struct {
		const char *name;
		enum err (*fn)(struct item *it, struct span name);
	} all[] = {
		{ "contains", mod_around },
		{ "startswith", mod_around },
		{ "endswith", mod_around },
		{ "all", mod_all },
		{ "exists", mod_exists },
		{ "cased", mod_cased },
		{ "neq", mod_neq },
		{ "re", mod_regex },
		{ "i", mod_flag },
		{ "m", mod_flag },
		{ "s", mod_flag },
		{ "cidr", mod_cidr },
		{ "lt", mod_compare },
		{ "lte", mod_compare },
		{ "gt", mod_compare },
		{ "gte", mod_compare },
		{ "base64", mod_base64 },
		{ "base64offset", mod_base64offset },
		{ "wide", mod_wide },
		{ "utf16le", mod_wide },
		{ "utf16be", mod_wide },
		{ "utf16", mod_wide },
		{ "windash", mod_windash },
		{ "fieldref", mod_fieldref },
		{ "expand", mod_expand },
		{ "minute", mod_time },
		{ "hour", mod_time },
		{ "day", mod_time },
		{ "week", mod_time },
		{ "month", mod_time },
		{ "year", mod_time },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (span_is(name, all[i].name))
			return all[i].fn(it, name);
	return item_fault(it, ERR_UNSUPPORTED, "no modifier '%.*s'",
	    (int)name.len, (const char *)name.at);
}
