/*
 * pack/csv.h: tables as text: comma-separated values, read and written.
 *
 * Source: RFC 4180. Besides it, reading takes a UTF-8 byte order mark, LF
 * alone as a line's end, and passes over lines that are quite empty. Text in
 * Big5 or UTF-16 is refused, because guessing would store wrong names.
 */
#ifndef PACK_CSV_H
#define PACK_CSV_H

#include "base/buf.h"
#include "base/fault.h"

struct csv;

/* The most of everything; 0 in any of them is a mistake of ours. */
struct csv_limits {
	size_t rows; /* the heading counts */
	size_t columns; /* cells of one row */
	size_t cell; /* bytes of one cell */
};

/* Limits for an upload by a person. */
#define CSV_LIMITS ((struct csv_limits){ 200000, 256, 65536 })

/* A row: its cells, borrowed until the next csv_next or csv_close. */
struct csv_row {
	size_t line; /* where it begins, from 1 */
	size_t n; /* at least 1 */
	const struct span *cell;
};

/*
 * csv_open: read s, which is borrowed until csv_close. All of s is checked
 * for UTF-8 and NUL before the first row is given.
 * Handed over (csv_close).
 *
 * Fails   ERR_SYNTAX: "line 2, column 3: not UTF-8: save as CSV UTF-8 ...";
 *         column counts cells from 1, as a spreadsheet does. ERR_MEMORY.
 */
MUST_CHECK enum err csv_open(
    struct span s, struct csv_limits most, struct csv **out, struct fault *why);
void csv_close(struct csv *c);

/*
 * csv_next: the next row. *more is false after the last, and *row is then as
 * it was. A cell's text has its quotes taken off; lines inside quotes keep
 * their ends. Rows need not be of one length.
 *
 * Fails   ERR_SYNTAX: a quote inside an unquoted cell, text behind a closing
 *         quote, a quote that is never closed, CR without LF. ERR_LIMIT: too
 *         many rows or columns, a cell too long. ERR_MEMORY. The line names
 *         line and column; the same failure is given again when asked again.
 */
MUST_CHECK enum err csv_next(
    struct csv *c, struct csv_row *row, bool *more, struct fault *why);

/*
 * Writing: cells in order, csv_end after each row; buf_error tells at last.
 * Rows end in CRLF. A cell is quoted where RFC 4180 asks for it, and where
 * it begins or ends with a space.
 *
 * A spreadsheet takes a cell that begins with = + - @ TAB or CR for a
 * formula. Such a cell (after any apostrophes of its own) is written with an
 * apostrophe before it; csv_plain takes exactly that away again, so that what
 * was exported can be imported unchanged.
 */
struct csv_out {
	struct buf *b; /* borrowed */
	bool inside; /* a row has begun */
};

/* csv_begin: `mark` writes the byte order mark that Excel wants. */
void csv_begin(struct csv_out *o, struct buf *b, bool mark);
void csv_cell(struct csv_out *o, struct span s);
void csv_text(struct csv_out *o, const char *s);
void csv_int(struct csv_out *o, int64_t v);
void csv_end(struct csv_out *o);

/* csv_plain: the cell without the apostrophe that csv_cell put before it. */
struct span csv_plain(struct span cell);

#endif
