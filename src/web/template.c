/*
 * web/template.c: compile templates.
 *
 * About     share/templates, embedded at build: trusted text, but checked
 *           so that no value can stand where it could become a program.
 * Runs      in the web process, once, at its start.
 */
#include "web/htmlstate.h"
#include "web/template_ops.h"

#include <stdlib.h>

/* One template being compiled. */
struct compiler {
	struct templates *t;
	struct template *into;
	const char *file;
	struct span all;
	size_t pos;
	size_t cap; /* room in into->op */
	struct htmlstate html;
	size_t open[TEMPLATE_DEPTH_MAX]; /* sections begun, by op */
	struct htmlstate began[TEMPLATE_DEPTH_MAX];
	unsigned depth;
	struct fault *why;
};

/* Note a mistake with file and line. */
static enum err
mistake(const struct compiler *c, const char *what, struct span tag)
{
	unsigned line = 1;

	for (size_t i = 0; i < c->pos && i < c->all.len; i++)
		line += c->all.at[i] == '\n';
	return fault_set(c->why, ERR_SYNTAX, "%s:%u: %s: %.*s", c->file, line,
	    what, (int)(tag.len > 60 ? 60 : tag.len), (const char *)tag.at);
}

/* Add an op; its index in *at (may be NULL). */
static enum err
op_add(struct compiler *c, struct op op, size_t *at)
{
	if (c->into->n_ops == c->cap)
		return fault_set(
		    c->why, ERR_LIMIT, "%s: too many tags", c->file);
	c->into->op[c->into->n_ops] = op;
	if (at != NULL)
		*at = c->into->n_ops;
	c->into->n_ops++;
	return ERR_OK;
}

/* A name of the data: letters, digits, '_', '-' and dots between; or ".". */
static bool
name_valid(struct span s)
{
	if (span_is(s, "."))
		return true;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t b = s.at[i];

		if (!((b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') ||
			b == '_' || b == '-' || (b == '.' && i > 0)))
			return false;
	}
	return s.len != 0;
}

/* A value tag: is its kind allowed where it stands? */
static enum err
value_compile(struct compiler *c, struct op op, struct span tag)
{
	switch (htmlstate_value(&c->html)) {
	case HTML_NO:
		return mistake(c, "no value may stand here", tag);
	case HTML_LINK_START:
		if (op.letter != 'u')
			return mistake(c, "a link begins with {{u", tag);
		break;
	case HTML_LINK_PART:
		if (op.letter != 'q')
			return mistake(c, "inside a link only {{q", tag);
		break;
	case HTML_ANY:
		break;
	}
	htmlstate_put(&c->html);
	return op_add(c, op, NULL);
}

/* "{{#a}}" and "{{^a}}". */
static enum err
section_open(struct compiler *c, enum op_kind kind, struct span name)
{
	struct op op = { .kind = kind };

	if (!name_valid(name))
		return mistake(c, "bad name", name);
	if (htmlstate_value(&c->html) == HTML_LINK_START)
		return mistake(c, "a link begins with {{u", name);
	if (c->depth == TEMPLATE_DEPTH_MAX)
		return mistake(c, "sections too deep", name);
	if ((op.name = arena_text(c->t->mem, name)) == NULL)
		return fault_set(c->why, ERR_MEMORY, "templates");
	c->began[c->depth] = c->html;
	return op_add(c, op, &c->open[c->depth++]);
}

/* "{{/a}}". */
static enum err
section_close(struct compiler *c, struct span name)
{
	struct op op = { .kind = OP_END };
	struct op *begin;

	if (c->depth == 0)
		return mistake(c, "closes nothing", name);
	c->depth--;
	begin = &c->into->op[c->open[c->depth]];
	if (!span_is(name, begin->name))
		return mistake(c, "closes another section", name);
	if (!htmlstate_same(&c->html, &c->began[c->depth]))
		return mistake(c, "closes elsewhere in the HTML", name);
	op.to = c->open[c->depth];
	begin->to = c->into->n_ops + 1;
	return op_add(c, op, NULL);
}

/* "{{t key}}", "{{m prefix a}}", "{{l a}}" and "{{a}}". */
static enum err
value_tag(struct compiler *c, struct span tag)
{
	struct cursor w = cursor_of(tag);
	struct span first = cursor_until(&w, ' ', NULL);
	struct span rest = span_trim(cursor_rest(&w));
	struct op op = { .kind = OP_VALUE };

	if (rest.len == 0) {
		rest = first;
	} else if (span_is(first, "t")) {
		op.kind = OP_MESSAGE;
		op.text = rest;
		if (message_find(LANG_ZH, rest) == NULL)
			return mistake(c, "no such message", rest);
		return value_compile(c, op, tag);
	} else if (span_is(first, "m")) {
		struct cursor r = cursor_of(rest);

		op.kind = OP_CHOICE;
		op.text = cursor_until(&r, ' ', NULL);
		rest = span_trim(cursor_rest(&r));
	} else if (first.len == 1 && strchr("ldwsnquc", first.at[0]) != NULL) {
		op.letter = (char)first.at[0];
	} else {
		return mistake(c, "no such tag", tag);
	}
	if (!name_valid(rest))
		return mistake(c, "bad name", rest);
	if ((op.name = arena_text(c->t->mem, rest)) == NULL)
		return fault_set(c->why, ERR_MEMORY, "templates");
	return value_compile(c, op, tag);
}

/* One tag, without its braces. */
static enum err
tag_compile(struct compiler *c, struct span tag)
{
	struct span rest = span_trim(span_slice(tag, 1, SIZE_MAX));
	struct op op = { .kind = OP_PARTIAL, .text = rest };

	if (tag.len == 0)
		return mistake(c, "empty tag", tag);
	switch (tag.at[0]) {
	case '!':
		return ERR_OK;
	case '#':
		return section_open(c, OP_SECTION, rest);
	case '^':
		return section_open(c, OP_INVERTED, rest);
	case '/':
		return section_close(c, rest);
	case '>':
		if (c->html.place != HTML_TEXT)
			return mistake(c, "a partial stands between tags", tag);
		return op_add(c, op, NULL);
	default:
		return value_tag(c, span_trim(tag));
	}
}

/* The whole of one file. */
static enum err
file_compile(struct compiler *c)
{
	enum err e;

	while (c->pos < c->all.len) {
		struct span rest = span_slice(c->all, c->pos, SIZE_MAX);
		size_t n = span_find_text(rest, "{{"), end;
		struct op lit = { .kind = OP_LITERAL };

		lit.text = span_slice(rest, 0, n);
		htmlstate_feed(&c->html, lit.text);
		if (lit.text.len != 0 && (e = op_add(c, lit, NULL)) != ERR_OK)
			return e;
		c->pos += lit.text.len;
		if (c->html.place == HTML_BAD)
			return mistake(c, "HTML that no template writes",
			    span_slice(lit.text,
				lit.text.len > 50 ? lit.text.len - 50 : 0, 50));
		if (n == SIZE_MAX)
			break;
		rest = span_slice(rest, n + 2, SIZE_MAX);
		if ((end = span_find_text(rest, "}}")) == SIZE_MAX)
			return mistake(
			    c, "a tag without end", span_slice(rest, 0, 40));
		if ((e = tag_compile(c, span_slice(rest, 0, end))) != ERR_OK)
			return e;
		c->pos += 2 + end + 2;
	}
	if (c->depth != 0)
		return mistake(c, "a section without end", SPAN_EMPTY);
	if (c->html.place != HTML_TEXT)
		return mistake(c, "ends inside a tag", SPAN_EMPTY);
	return ERR_OK;
}

/* Compile table entry f as template at; the file must end in ".html". */
static enum err
template_add(
    struct templates *t, const struct embedded *f, size_t at, struct fault *why)
{
	struct compiler c = { .t = t,
		.into = &t->at[at],
		.file = f->name,
		.all = f->data,
		.why = why };
	struct span name = span_text(f->name);
	size_t tags = 0;

	if (!span_ends(name, ".html"))
		return fault_set(why, ERR_SYNTAX, "%s: not .html", f->name);
	for (size_t i = 0; i + 1 < f->data.len; i++)
		tags += f->data.at[i] == '{' && f->data.at[i + 1] == '{';
	c.cap = 2 * tags + 1;
	c.into->name = arena_text(t->mem, span_slice(name, 0, name.len - 5));
	c.into->op = arena_array(t->mem, c.cap, sizeof *c.into->op);
	if (c.into->name == NULL || c.into->op == NULL)
		return fault_set(why, ERR_MEMORY, "templates");
	return file_compile(&c);
}

/* Find each partial's template. */
static enum err
link_partials(struct templates *t, struct fault *why)
{
	for (size_t i = 0; i < t->n; i++) {
		for (size_t k = 0; k < t->at[i].n_ops; k++) {
			struct op *op = &t->at[i].op[k];

			if (op->kind != OP_PARTIAL)
				continue;
			for (op->to = 0; op->to < t->n; op->to++)
				if (span_is(op->text, t->at[op->to].name))
					break;
			if (op->to == t->n)
				return fault_set(why, ERR_SYNTAX,
				    "%s.html: no template %.*s", t->at[i].name,
				    (int)op->text.len,
				    (const char *)op->text.at);
		}
	}
	return ERR_OK;
}

enum err
template_compile(
    const struct embedded *table, struct templates **out, struct fault *why)
{
	struct templates *t = calloc(1, sizeof *t);
	enum err e;

	if (t == NULL || (t->mem = arena_new(TEMPLATE_MEMORY)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "templates");
		goto out;
	}
	while (table[t->n].name != NULL)
		t->n++;
	if ((t->at = arena_array(t->mem, t->n, sizeof *t->at)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "templates");
		goto out;
	}
	for (size_t i = 0; i < t->n; i++)
		if ((e = template_add(t, &table[i], i, why)) != ERR_OK)
			goto out;
	if ((e = link_partials(t, why)) != ERR_OK)
		goto out;
	*out = t;
	t = NULL;
out:
	templates_free(t);
	return e;
}

void
templates_free(struct templates *t)
{
	if (t == NULL)
		return;
	arena_free(t->mem);
	free(t);
}

void
template_keys(const struct templates *t,
    void (*fn)(void *arg, struct span key, bool prefix), void *arg)
{
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < t->at[i].n_ops; k++) {
			const struct op *op = &t->at[i].op[k];

			if (op->kind == OP_MESSAGE)
				fn(arg, op->text, false);
			else if (op->kind == OP_CHOICE)
				fn(arg, op->text, true);
		}
}
