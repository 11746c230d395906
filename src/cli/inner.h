/*
 * cli/inner.h: one run of the command line.
 */
#ifndef CLI_INNER_H
#define CLI_INNER_H

#include <stdio.h>

#include "cli/cli.h"

#define WORDS_MAX 256

enum option {
#define OPTION(name, text, value, help) OPT_##name,
#include "cli/option.tab"
#undef OPTION
	OPT_N
};

/* The command line taken apart. */
struct run {
	const struct cli_backend *b;
	const char *verb; /* the command's second word */
	const char *data;
	const char *option[OPT_N]; /* value, "" for a flag, NULL: not given */
	const char *word[WORDS_MAX];
	size_t n; /* words after the command's own */
	bool zh;
};

typedef int command_fn(struct run *r);

/* run_get: GET; a document on 200 (handed over). Otherwise the exit status
 * that fits goes to *exit_status and the error has been printed. */
json_t *run_get(
    struct run *r, const char *path, const struct buf *query, int *exit_status);
/* run_bytes: the same for an answer that is shown as it is. */
bool run_bytes(struct run *r, const char *path, const struct buf *query,
    struct buf *out, int *exit_status);
/* run_fetch: GET; the bytes to -o FILE or standard output. Exit status. */
int run_fetch(struct run *r, const char *path);
/* run_send: a change; prints the error. Returns the exit status; the answer
 * is handed over when out is not NULL. */
int run_send(struct run *r, const char *method, const char *path,
    const struct buf *query, const char *type, struct span body, json_t **out);

/* run_data: the data folder: as said, else ./data, else the installed one. */
const char *run_data(const struct run *r);

/* query_add: "name=value", percent-encoded, to a query; nothing for NULL. */
void query_add(struct buf *q, const char *name, const char *value);
/* path_add: "/" and one encoded part. */
void path_add(struct buf *p, const char *part);

/* fail: one line to stderr, "beimen: …". usage: how the command is used. */
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int usage(struct run *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* words_of: zh or en of a {zh,en}, or the text itself; "" when neither. */
const char *words_of(const struct run *r, const json_t *v);
/* print_json: pretty on a terminal's behalf; --json. */
void print_json(const json_t *v);
/* file_read: a whole file ("-": standard input), at most max bytes. */
enum err file_read(const char *path, struct buf *b, struct fault *why);
/* file_write: to -o FILE, or standard output. */
enum err file_write(struct run *r, struct span s, struct fault *why);

#endif
