/*
 * book/import.h: registers from a spreadsheet's CSV.
 *
 * The first row names the columns: a field's name, its zh or en label, or one
 * of its listed headings (white space and case ignored); "key" or the
 * register's key heading for the key. An unknown heading is refused, with its
 * place. Every row is checked before anything is stored; then all are
 * written in one transaction, or none. Importing the same file again changes
 * nothing. A column that is missing leaves the field as it is; an empty cell
 * empties it. A ref may be given by key or by the name of exactly one row.
 */
#ifndef BOOK_IMPORT_H
#define BOOK_IMPORT_H

#include "book/entry.h"

#define IMPORT_MAX ((size_t)32 << 20) /* bytes of a file */
#define IMPORT_ROWS_MAX 200000
#define IMPORT_SHOWN_MAX 20 /* rows in a preview */

struct import_job {
	struct span actor, agency, reg;
	struct span csv;
	int64_t effective_us; /* 0: when received */
	bool dry; /* tell only */
	bool skip; /* pass over headings that nobody knows */
};

/*
 * book_import: check and, unless dry, write.
 *
 *   out  [out] {"dry","rows","add","change","same","failed","columns":
 *        [{heading,field}],"errors":[{line,column,field,code,value,text:
 *        {zh,en}}],"preview":[{line,key,action,fields}]} as in doc/api.md;
 *        handed over (json_decref); given with ERR_RANGE too
 *
 * Fails   ERR_RANGE: refused, see out; ERR_SYNTAX: not CSV or not UTF-8, with
 *         the row; ERR_LIMIT; ERR_DENIED; ERR_NOT_FOUND; nothing is stored.
 */
MUST_CHECK enum err book_import(struct book *b, const struct import_job *job,
    int64_t now_us, json_t **out, struct fault *why);

/*
 * book_import_accounts: a list of a system's accounts as one action: one row
 * of account_list (system, taken, rows, SHA-256 over the rows) and one of
 * account for each. The file has the headings of register account; a person
 * who is not found is left empty and counted in "unmatched".
 *
 *   system    its key
 *   taken_us  when the list was taken from the system
 *
 * The list's key is SYSTEM.YYYYMMDDThhmmss (Taipei); the same list again
 * changes nothing; another content under the same key is refused.
 * out, failures: as book_import.
 */
MUST_CHECK enum err book_import_accounts(struct book *b,
    const struct import_job *job, struct span system, int64_t taken_us,
    int64_t now_us, json_t **out, struct fault *why);

#endif
