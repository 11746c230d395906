/*
 * cli/cli.h: the command line.
 *
 * It renders; data comes by asking, through the functions of struct
 * cli_backend, from the running server or, for reading, from processes started
 * on the files of a stopped one. Exit status: 0 done; 1 a negative answer
 * (unmet, not found, proof fails); 2 usage; 3 could not.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buf.h"
#include "pack/json.h"

enum cli_exit {
	EXIT_DONE = 0,
	EXIT_NO = 1,
	EXIT_USAGE = 2,
	EXIT_COULD_NOT = 3
};

/* What `beimen replica` was told. */
struct cli_replica {
	const char *data, *name;
	const char *url; /* NULL: check what is held */
	const char *key; /* the key it asks with */
	const char *ca; /* NULL: the system's certificates */
	unsigned every_s;
	bool once;
};

/* What proc/ gives. `data` is the data folder, `status` an HTTP status. */
struct cli_backend {
	/* serve: n options "name=value", file may be NULL; the exit status. */
	int (*serve)(const char *file, const char *const *option, size_t n);
	/* settings: print every setting with its default. */
	void (*settings)(void);
	enum err (*read)(const char *data, const char *path, const char *query,
	    int *status, struct buf *body, struct fault *why);
	enum err (*write)(const char *data, const char *method,
	    const char *path, const char *query, const char *type,
	    struct span body, int *status, struct buf *out, struct fault *why);
	/* seal: streams whose name holds `part`; *n segments sealed. */
	enum err (*seal)(
	    const char *data, const char *part, uint64_t *n, struct fault *why);
	/* account: verb, name, person; JSON out. */
	enum err (*account)(const char *data, const char *verb,
	    const char *name, const char *person, struct buf *out,
	    struct fault *why);
	/* clause_test: run the cases of these clauses (all when n is 0), a line
	 * each to stdout; the exit status. */
	int (*clause_test)(const char *const *id, size_t n);
	/* detection_test: compile these rules (ours when n is 0) and run their
	 * tests, a line each to stdout; the exit status. */
	int (*detection_test)(const char *const *file, size_t n);
	/* normalize_test: load these rule files (ours when n is 0) and run their
	 * tests; failures to stdout; the exit status. normalize_import: a
	 * liblognorm rule base as YAML; the exit status. */
	int (*normalize_test)(const char *const *file, size_t n);
	int (*normalize_import)(const char *path, struct buf *out);
	/* replica: rounds, or a check; the exit status. */
	int (*replica)(const struct cli_replica *o);
	const char *version;
};

/* cli_main: the whole command line; the exit status. */
int cli_main(int argc, char **argv, const struct cli_backend *b);

#endif
