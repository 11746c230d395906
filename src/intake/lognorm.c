/*
 * intake/lognorm.c: a liblognorm rule base as a file of our rules.
 *
 * Works on  a file that people wrote; what cannot be turned is told by line.
 */
#include "intake/lognorm_own.h"

#include <stdlib.h>

#include "base/text.h"

#define TEXT_MAX ((size_t)64 << 10) /* bytes of a rule */
#define NAME_MAX_LEN 40
#define TAGS_MAX 256

/* What annotate= gives to a tag. */
struct tag {
	struct span name;
	enum event_category category; /* CAT_N: it gives none */
	struct span set[FIELD_N];
};

/* A rule base being read. */
struct reader {
	struct span text;
	size_t pos;
	unsigned line; /* of what is under the hands, from 1 */
	const char *name;
	char stem[NAME_MAX_LEN + 1]; /* of the rules' names */
	struct buf prefix;
	struct tag tag[TAGS_MAX];
	size_t n_tags;
	struct drafts drafts;
	struct buf *out;
	unsigned n_rules;
};

/* The file's name without folder and ending, as rules may be called. */
static void
stem_make(struct reader *r)
{
	struct span s = span_text(r->name);
	size_t n = 0;

	for (size_t i = s.len; i-- > 0;)
		if (s.at[i] == '/') {
			s = span_slice(s, i + 1, SIZE_MAX);
			break;
		}
	s = span_slice(s, 0, span_find(s, '.'));
	for (size_t i = 0; i < s.len && n < NAME_MAX_LEN; i++) {
		uint8_t c = s.at[i];

		if (c >= 'A' && c <= 'Z')
			c |= 32;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    (n > 0 && (c == '-' || c == '_')))
			r->stem[n++] = (char)c;
	}
	if (n == 0)
		memcpy(r->stem, "rule", 5);
}

/* Whether a line leaves a field open: fields in JSON may go on. */
static bool
is_open(struct span s)
{
	bool open = false, quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		if (open && s.at[i] == '\\')
			i++;
		else if (open && s.at[i] == '"')
			quoted = !quoted;
		else if (s.at[i] == '%' && !quoted) {
			if (!open && i + 1 < s.len && s.at[i + 1] == '%')
				i++;
			else
				open = !open;
		}
	}
	return open && span_find(s, '{') != SIZE_MAX;
}

static size_t
line_end(const struct reader *r, size_t from)
{
	size_t n = span_find(span_slice(r->text, from, SIZE_MAX), '\n');

	return n == SIZE_MAX ? r->text.len : from + n;
}

/* The next line with those that belong to it; *lines of them. */
static struct span
line_take(struct reader *r, unsigned *lines)
{
	size_t from = r->pos, end = line_end(r, from);
	struct span s = span_slice(r->text, from, end - from);

	*lines = 1;
	while (end < r->text.len && s.len < TEXT_MAX &&
	    span_starts(s, "rule=") && is_open(s)) {
		end = line_end(r, end + 1);
		s = span_slice(r->text, from, end - from);
		++*lines;
	}
	r->pos = end + 1;
	while (
	    s.len > 0 && (s.at[s.len - 1] == '\r' || s.at[s.len - 1] == '\n'))
		s.len--;
	return s;
}

/* The tag of a name, new or known; NULL when there are too many. */
static struct tag *
tag_of(struct reader *r, struct span name)
{
	for (size_t i = 0; i < r->n_tags; i++)
		if (span_equal(r->tag[i].name, name))
			return &r->tag[i];
	if (r->n_tags == TAGS_MAX)
		return NULL;
	r->tag[r->n_tags] = (struct tag){ .name = name, .category = CAT_N };
	return &r->tag[r->n_tags++];
}

/* annotate=TAG:+FIELD="VALUE" +FIELD="VALUE" */
static enum err
annotate_read(struct reader *r, struct span s, struct fault *why)
{
	size_t colon = span_find(s, ':');
	struct tag *tag;

	if (colon == SIZE_MAX || colon == 0)
		return fault_set(
		    why, ERR_SYNTAX, "annotate=TAG:+FIELD=\"VALUE\"");
	if ((tag = tag_of(r, span_slice(s, 0, colon))) == NULL)
		return fault_set(why, ERR_LIMIT, "more than %d tags", TAGS_MAX);
	s = span_trim(span_slice(s, colon + 1, SIZE_MAX));
	while (s.len > 0) {
		size_t eq = span_find(s, '='), end;
		struct span name, value;
		enum event_field f;

		if (s.at[0] != '+' || eq == SIZE_MAX || eq + 1 >= s.len ||
		    s.at[eq + 1] != '"')
			return fault_set(why, ERR_SYNTAX,
			    "only +FIELD=\"VALUE\" can be annotated");
		name = span_trim(span_slice(s, 1, eq - 1));
		s = span_slice(s, eq + 2, SIZE_MAX);
		if ((end = span_find(s, '"')) == SIZE_MAX)
			return fault_set(
			    why, ERR_SYNTAX, "a value without its end");
		value = span_slice(s, 0, end);
		s = span_trim(span_slice(s, end + 1, SIZE_MAX));
		f = lognorm_field_of(name);
		if (span_is(name, "category"))
			tag->category = event_category_find(value);
		else if (f != FIELD_N && value.len > 0)
			tag->set[f] = value;
	}
	return ERR_OK;
}

static void
drafts_clear(struct drafts *d)
{
	for (size_t i = 0; i < LOGNORM_ALTERNATIVES_MAX; i++) {
		buf_clear(&d->at[i].pattern);
		buf_clear(&d->at[i].sample);
		for (unsigned f = 0; f < FIELD_N; f++)
			buf_clear(&d->at[i].gives[f]);
	}
}

/* One empty draft. */
static void
drafts_begin(struct drafts *d)
{
	for (size_t i = 0; i < LOGNORM_ALTERNATIVES_MAX; i++) {
		struct draft *one = &d->at[i];

		buf_reset(&one->pattern);
		buf_reset(&one->sample);
		for (unsigned f = 0; f < FIELD_N; f++)
			buf_reset(&one->gives[f]);
		one->stop = 0;
	}
	d->n = 1;
	d->n_names = 0;
	d->single = false;
	d->literal = SPAN_EMPTY;
}

/* The percent sign that ends a field: not one inside a JSON text. */
static size_t
field_end(struct span s)
{
	bool json = false, quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		if (json && s.at[i] == '\\')
			i++;
		else if (json && s.at[i] == '"')
			quoted = !quoted;
		else if (s.at[i] == '{' || s.at[i] == '[')
			json = true;
		else if (s.at[i] == '%' && !quoted)
			return i;
	}
	return SIZE_MAX;
}

/* A rule's text into drafts. */
static enum err
sample_read(struct drafts *d, struct span s, struct fault *why)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && s.len > 0) {
		size_t n = span_find(s, '%'), end;

		if (n != 0) {
			lognorm_literal(d, span_slice(s, 0, n));
			s = span_slice(s, n, SIZE_MAX);
			continue;
		}
		if (span_starts(s, "%%")) {
			lognorm_literal(d, span_slice(s, 0, 1));
			s = span_slice(s, 2, SIZE_MAX);
			continue;
		}
		end = field_end(span_slice(s, 1, SIZE_MAX));
		if (end == SIZE_MAX)
			return fault_set(why, ERR_SYNTAX,
			    "a field without its closing percent sign");
		e = lognorm_field(d, span_slice(s, 1, end),
		    span_trim(span_slice(s, end + 2, SIZE_MAX)).len == 0, why);
		s = span_slice(s, end + 2, SIZE_MAX);
	}
	return e;
}

/* A YAML scalar: single quotes, or double ones where there are controls. */
static void
scalar_put(struct buf *b, struct span s)
{
	bool plain = true;

	for (size_t i = 0; i < s.len; i++)
		plain = plain && s.at[i] >= 0x20 && s.at[i] != 0x7f;
	buf_u8(b, plain ? '\'' : '"');
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (plain && c == '\'')
			buf_text(b, "''");
		else if (plain ||
		    (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f))
			buf_u8(b, c);
		else if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else
			buf_printf(b, "\\x%02x", c);
	}
	buf_u8(b, plain ? '\'' : '"');
}

/* The test line of one draft, and what it gives. */
static void
test_put(struct buf *b, const struct draft *one, enum event_category c,
    const struct span *set)
{
	struct buf line;

	buf_init(&line, DRAFT_MAX + 64);
	buf_text(&line, "<13>Oct 11 22:14:15 host import: ");
	buf_span(&line, buf_view(&one->sample));
	if (one->stop != 0)
		buf_u8(&line, one->stop);
	buf_text(b, "      - line: ");
	scalar_put(b, buf_view(&line));
	buf_printf(b, "\n        gives: {category: %s", event_category_name(c));
	for (unsigned f = 0; f < FIELD_N; f++) {
		struct span v = set[f].at != NULL
		    ? set[f]
		    : span_trim(buf_view(&one->gives[f]));

		if (v.len == 0)
			continue;
		buf_printf(b, ", %s: ", event_field_short((enum event_field)f));
		scalar_put(b, v);
	}
	buf_text(b, "}\n");
	if (buf_error(&line) != ERR_OK)
		b->bad = buf_error(&line);
	buf_clear(&line);
}

/* What the rule's tags give. */
static void
tags_read(struct reader *r, struct span tags, enum event_category *c,
    struct span set[static FIELD_N])
{
	struct cursor all = cursor_of(tags);

	while (all.pos < all.all.len) {
		struct span one = span_trim(cursor_until(&all, ',', NULL));
		enum event_category named = event_category_find(one);

		if (named != CAT_N)
			*c = named;
		for (size_t i = 0; i < r->n_tags; i++) {
			if (!span_equal(r->tag[i].name, one))
				continue;
			if (r->tag[i].category != CAT_N)
				*c = r->tag[i].category;
			for (unsigned f = 0; f < FIELD_N; f++)
				if (r->tag[i].set[f].at != NULL)
					set[f] = r->tag[i].set[f];
		}
	}
}

/* One rule as YAML. */
static void
rule_put(struct reader *r, struct span tags)
{
	struct span set[FIELD_N] = { { NULL, 0 } };
	enum event_category c = CAT_OTHER;
	const struct drafts *d = &r->drafts;
	struct buf *b = r->out;
	bool any = false;

	tags_read(r, tags, &c, set);
	buf_printf(b, "\n  - name: %s-%u\n", r->stem, r->line);
	if (tags.len > 0) {
		buf_text(b, "    note: ");
		scalar_put(b, tags);
		buf_text(b, "\n");
	}
	buf_text(b, "    contains: ");
	scalar_put(b, d->literal);
	buf_text(b, "\n    pattern:\n");
	for (size_t i = 0; i < d->n; i++) {
		buf_text(b, "      - ");
		scalar_put(b, buf_view(&d->at[i].pattern));
		buf_text(b, "\n");
	}
	buf_printf(b, "    category: %s\n", event_category_name(c));
	for (unsigned f = 0; f < FIELD_N; f++) {
		if (set[f].at == NULL)
			continue;
		buf_text(b, any ? ", " : "    set: {");
		buf_printf(b, "%s: ", event_field_short((enum event_field)f));
		scalar_put(b, set[f]);
		any = true;
	}
	buf_text(b, any ? "}\n    tests:\n" : "    tests:\n");
	for (size_t i = 0; i < d->n; i++)
		test_put(b, &d->at[i], c, set);
	r->n_rules++;
}

/* rule=TAGS:SAMPLE */
static enum err
rule_read(struct reader *r, struct span s, struct fault *why)
{
	size_t colon = span_find(s, ':');
	struct buf whole;
	enum err e;

	if (colon == SIZE_MAX)
		return fault_set(why, ERR_SYNTAX, "rule=TAGS:SAMPLE");
	buf_init(&whole, TEXT_MAX);
	buf_span(&whole, buf_view(&r->prefix));
	buf_span(&whole, span_slice(s, colon + 1, SIZE_MAX));
	drafts_begin(&r->drafts);
	e = buf_error(&whole) != ERR_OK
	    ? fault_set(why, ERR_LIMIT, "the rule is too long")
	    : sample_read(&r->drafts, buf_view(&whole), why);
	for (size_t i = 0; e == ERR_OK && i < r->drafts.n; i++)
		if (buf_error(&r->drafts.at[i].pattern) != ERR_OK ||
		    buf_error(&r->drafts.at[i].sample) != ERR_OK)
			e = fault_set(why, ERR_LIMIT, "the rule is too long");
	if (e == ERR_OK && span_trim(r->drafts.literal).len < 2)
		e = fault_set(why, ERR_SYNTAX,
		    "the rule has no text of its own to find it by");
	if (e == ERR_OK)
		rule_put(r, span_trim(span_slice(s, 0, colon)));
	buf_clear(&whole);
	return e;
}

/* One line; what cannot be turned is a fault of that line alone. */
static enum err
line_read(struct reader *r, struct span s, struct fault *why)
{
	if (span_trim(s).len == 0 || s.at[0] == '#' ||
	    span_starts(s, "version="))
		return ERR_OK;
	if (span_starts(s, "prefix=")) {
		buf_reset(&r->prefix);
		buf_span(&r->prefix, span_slice(s, 7, SIZE_MAX));
		return buf_error(&r->prefix);
	}
	if (span_starts(s, "extendprefix=")) {
		buf_span(&r->prefix, span_slice(s, 13, SIZE_MAX));
		return buf_error(&r->prefix);
	}
	if (span_starts(s, "annotate="))
		return annotate_read(r, span_slice(s, 9, SIZE_MAX), why);
	if (span_starts(s, "rule="))
		return rule_read(r, span_slice(s, 5, SIZE_MAX), why);
	return fault_set(why, ERR_SYNTAX, "\"%.*s\" is not supported",
	    (int)span_slice(s, 0, span_find(s, '=')).len > 40
		? 40
		: (int)span_slice(s, 0, span_find(s, '=')).len,
	    (const char *)s.at);
}

/* Every line in turn; annotations stand before or after the rules they are
 * for, so that they are read first. */
static void
lines_read(struct reader *r, bool annotations, lognorm_tell_fn *tell, void *arg,
    unsigned *n_skipped)
{
	unsigned lines;

	r->pos = 0;
	r->line = 1;
	for (; r->pos < r->text.len; r->line += lines) {
		struct span s = line_take(r, &lines);
		struct fault one = { .code = ERR_OK }, whole;

		if (span_starts(s, "annotate=") != annotations ||
		    line_read(r, s, &one) == ERR_OK)
			continue;
		(void)fault_set(
		    &whole, one.code, "%s:%u: %s", r->name, r->line, one.text);
		tell(arg, whole.text);
		++*n_skipped;
	}
}

enum err
lognorm_convert(struct span text, const char *name, struct buf *out,
    lognorm_tell_fn *tell, void *arg, unsigned *n_rules, unsigned *n_skipped,
    struct fault *why)
{
	struct reader *r;
	enum err e = ERR_OK;

	if (text.len > LOGNORM_BYTES_MAX)
		return fault_set(why, ERR_LIMIT, "%s: too long", name);
	if (!text_valid(text) || span_find(text, '\0') != SIZE_MAX)
		return fault_set(why, ERR_SYNTAX, "%s: not UTF-8 text", name);
	if ((r = calloc(1, sizeof *r)) == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	r->text = text;
	r->name = name;
	r->out = out;
	buf_init(&r->prefix, TEXT_MAX);
	for (size_t i = 0; i < LOGNORM_ALTERNATIVES_MAX; i++) {
		buf_init(&r->drafts.at[i].pattern, DRAFT_MAX);
		buf_init(&r->drafts.at[i].sample, DRAFT_MAX);
		for (unsigned f = 0; f < FIELD_N; f++)
			buf_init(&r->drafts.at[i].gives[f], 256);
	}
	stem_make(r);
	*n_skipped = 0;
	buf_printf(out, "# %s\nrules:", name);
	lines_read(r, true, tell, arg, n_skipped);
	lines_read(r, false, tell, arg, n_skipped);
	buf_text(out, r->n_rules == 0 ? " []\n" : "\n");
	*n_rules = r->n_rules;
	if (buf_error(out) != ERR_OK)
		e = fault_set(why, buf_error(out), "%s: too long", name);
	drafts_clear(&r->drafts);
	buf_clear(&r->prefix);
	free(r);
	return e;
}
