/*
 * tests/web/fake.h: a backend that answers from a table, for tests of the web
 * face alone.
 *
 * Accounts: admin/correct-1! (token t-admin), fresh/correct-1! (token
 * t-fresh, must change), slow (throttled), broken (cannot be asked). Writes
 * are judged by simple rules written beside them and change nothing.
 */
#ifndef TESTS_WEB_FAKE_H
#define TESTS_WEB_FAKE_H

#include "pack/json.h"
#include "web/web.h"

struct fake {
	json_t *answers; /* path -> answer, as fake_data.py makes it */
	int64_t now_us;
	unsigned n_reads, n_writes;
	char last_path[256], last_query[512], last_body[4096];
	char last_write[512]; /* the query of the last write */
	bool changed; /* fresh has changed its password */
};

/* fake_load: read the table from a file; ends the program when it cannot. */
void fake_load(struct fake *f, const char *path);
void fake_clear(struct fake *f);
/* fake_backend: callbacks over f. */
struct web_backend fake_backend(struct fake *f);

#endif
