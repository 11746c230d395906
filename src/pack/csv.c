/*
 * pack/csv.c: comma-separated values, read.
 *
 * About    files that people save from a spreadsheet and upload: hostile or
 *          merely odd, and to be answered with the place of the mistake.
 * Works on the whole upload at once, which the caller has bounded.
 * Source   RFC 4180.
 */
#include "pack/csv.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/text.h"

struct csv {
	struct span all;
	struct csv_limits most;
	size_t pos; /* of the next byte */
	size_t line; /* that it stands in, from 1 */
	size_t n_rows; /* given so far */
	struct span *cell; /* most.columns + 1 of them, grown as needed */
	size_t cap;
	struct arena *text; /* cells that had quotes in quotes */
	struct fault failed;
};

/* Where a cell stands. */
struct place {
	size_t line, column;
};

/* Puts the place before the line just noted; both are kept for good. */
static enum err
failed(struct csv *c, struct place p)
{
	return fault_at(&c->failed, "line %zu, column %zu", p.line, p.column);
}

/* The place of a byte, found by counting from the beginning. */
static struct place
place_of(struct span s, size_t at)
{
	struct place p = { 1, 1 };
	bool quoted = false;

	for (size_t i = 0; i < at; i++) {
		if (s.at[i] == '"')
			quoted = !quoted;
		if (s.at[i] == '\n') {
			p.line++;
			p.column = quoted ? p.column : 1;
		} else if (s.at[i] == ',' && !quoted) {
			p.column++;
		}
	}
	return p;
}

/* All text must be UTF-8 and hold no NUL. */
static enum err
text_check(struct span s, struct fault *why)
{
	struct place p;
	size_t at = 0;

	while (at < s.len) {
		size_t n = text_rune(span_slice(s, at, 4), NULL);

		if (n == 0 || s.at[at] == '\0')
			break;
		at += n;
	}
	if (at == s.len)
		return ERR_OK;
	p = place_of(s, at);
	if (s.at[at] == '\0')
		return fault_set(why, ERR_SYNTAX,
		    "line %zu, column %zu: a NUL byte", p.line, p.column);
	return fault_set(why, ERR_SYNTAX,
	    "line %zu, column %zu: not UTF-8: save as CSV UTF-8 "
	    "(不是 UTF-8：請另存為「CSV UTF-8」)",
	    p.line, p.column);
}

enum err
csv_open(
    struct span s, struct csv_limits most, struct csv **out, struct fault *why)
{
	struct csv *c = NULL;
	enum err e;

	assert(most.rows > 0 && most.columns > 0 && most.cell > 0);
	if (span_starts(s, "\xEF\xBB\xBF"))
		s = span_slice(s, 3, SIZE_MAX);
	if ((e = text_check(s, why)) != ERR_OK)
		return e;
	if ((c = calloc(1, sizeof *c)) == NULL)
		return fault_set(why, ERR_MEMORY, "CSV");
	c->all = s;
	c->most = most;
	c->line = 1;
	/* What stands in quotes takes less than four times its bytes. */
	c->text = arena_new(s.len < SIZE_MAX / 8 ? s.len * 4 + 4096 : SIZE_MAX);
	if (c->text == NULL) {
		csv_close(c);
		return fault_set(why, ERR_MEMORY, "CSV");
	}
	*out = c; /* handed over: csv_close */
	return ERR_OK;
}

void
csv_close(struct csv *c)
{
	if (c == NULL)
		return;
	arena_free(c->text);
	free(c->cell);
	free(c);
}

/* What is left to read. */
static struct span
rest(const struct csv *c)
{
	return span_slice(c->all, c->pos, SIZE_MAX);
}

/* Bytes of the line's end that stands next; 0 if none does. */
static size_t
line_end(const struct csv *c)
{
	if (span_starts(rest(c), "\r\n"))
		return 2;
	return span_starts(rest(c), "\n") ? 1 : 0;
}

/* Keeps a cell of the present row. */
static enum err
keep(struct csv *c, size_t n, struct span cell, struct place p)
{
	struct span *more;
	size_t cap = c->cap == 0 ? 16 : c->cap * 2;

	if (n == c->most.columns) {
		(void)fault_set(&c->failed, ERR_LIMIT, "more than %zu columns",
		    c->most.columns);
		return failed(c, p);
	}
	if (cell.len > c->most.cell) {
		(void)fault_set(&c->failed, ERR_LIMIT,
		    "a cell of more than %zu bytes", c->most.cell);
		return failed(c, p);
	}
	if (n == c->cap) {
		more = reallocarray(c->cell, cap, sizeof *more);
		if (more == NULL)
			return fault_set(&c->failed, ERR_MEMORY, "CSV");
		c->cell = more;
		c->cap = cap;
	}
	c->cell[n] = cell;
	return ERR_OK;
}

/* Reads a cell that does not begin with a quote. */
static enum err
cell_bare(struct csv *c, struct span *cell, struct place p)
{
	struct span s = rest(c);
	size_t n = 0;

	while (n < s.len && s.at[n] != ',' && s.at[n] != '\n' &&
	    s.at[n] != '\r' && s.at[n] != '"')
		n++;
	*cell = span_slice(s, 0, n);
	c->pos += n;
	if (n < s.len && s.at[n] == '"') {
		(void)fault_set(&c->failed, ERR_SYNTAX,
		    "a quote inside a cell that does not begin with one");
		return failed(c, p);
	}
	return ERR_OK;
}

/* Makes one quote of two. */
static enum err
unquote(struct csv *c, struct span *cell)
{
	uint8_t *to = arena_alloc(c->text, cell->len);
	size_t n = 0;

	if (to == NULL)
		return fault_set(&c->failed, ERR_MEMORY, "CSV");
	for (size_t i = 0; i < cell->len; i++) {
		to[n++] = cell->at[i];
		if (cell->at[i] == '"')
			i++;
	}
	*cell = span_of(to, n);
	return ERR_OK;
}

/* Reads a cell that begins with a quote. */
static enum err
cell_quoted(struct csv *c, struct span *cell, struct place p)
{
	struct span s = span_slice(c->all, c->pos + 1, SIZE_MAX);
	size_t n = 0;
	bool twice = false;

	for (; n < s.len; n++) {
		if (s.at[n] == '\n')
			c->line++;
		if (s.at[n] != '"')
			continue;
		if (n + 1 == s.len || s.at[n + 1] != '"')
			break;
		twice = true;
		n++;
	}
	if (n == s.len) {
		(void)fault_set(
		    &c->failed, ERR_SYNTAX, "a quote that is never closed");
		return failed(c, p);
	}
	*cell = span_slice(s, 0, n);
	c->pos += n + 2;
	if (c->pos < c->all.len && c->all.at[c->pos] != ',' &&
	    c->all.at[c->pos] != '\r' && line_end(c) == 0) {
		(void)fault_set(
		    &c->failed, ERR_SYNTAX, "text behind a closing quote");
		return failed(c, p);
	}
	return twice && n <= c->most.cell * 2 ? unquote(c, cell) : ERR_OK;
}

/* Reads the cells of one row and the end of its line. */
static enum err
row_read(struct csv *c, size_t *n)
{
	struct place p = { c->line, 1 };
	struct span cell = SPAN_EMPTY;
	enum err e;

	for (;; p.column++, p.line = c->line) {
		if (span_starts(rest(c), "\""))
			e = cell_quoted(c, &cell, p);
		else
			e = cell_bare(c, &cell, p);
		if (e == ERR_OK)
			e = keep(c, p.column - 1, cell, p);
		if (e != ERR_OK)
			return e;
		if (!span_starts(rest(c), ","))
			break;
		c->pos++;
	}
	*n = p.column;
	if (c->pos == c->all.len)
		return ERR_OK;
	if (line_end(c) == 0) {
		(void)fault_set(&c->failed, ERR_SYNTAX,
		    "a carriage return without a line feed");
		p.line = c->line;
		return failed(c, p);
	}
	c->pos += line_end(c);
	c->line++;
	return ERR_OK;
}

enum err
csv_next(struct csv *c, struct csv_row *row, bool *more, struct fault *why)
{
	size_t line, n = 0;
	enum err e = c->failed.code;

	while (e == ERR_OK && line_end(c) > 0) {
		c->pos += line_end(c);
		c->line++;
	}
	if (e == ERR_OK && c->pos == c->all.len) {
		*more = false;
		return ERR_OK;
	}
	line = c->line;
	if (e == ERR_OK && c->n_rows == c->most.rows) {
		(void)fault_set(
		    &c->failed, ERR_LIMIT, "more than %zu rows", c->most.rows);
		e = failed(c, (struct place){ line, 1 });
	}
	arena_reset(c->text);
	if (e == ERR_OK)
		e = row_read(c, &n);
	if (e != ERR_OK) {
		if (why != NULL)
			*why = c->failed;
		return e;
	}
	c->n_rows++;
	*row = (struct csv_row){ .line = line, .n = n, .cell = c->cell };
	*more = true;
	return ERR_OK;
}
