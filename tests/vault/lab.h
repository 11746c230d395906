/*
 * tests/vault/lab.h: what the vault's tests share: a folder of their own,
 * logs that look real, and failures on demand.
 */
#ifndef TESTS_VAULT_LAB_H
#define TESTS_VAULT_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/env_fault.h"
#include "base/event.h"
#include "base/when.h"
#include "crypt/crypt.h"
#include "vault/segment.h"
#include "vault/vault.h"

/* 2026-11-22T10:00:00+08:00 */
#define LAB_NOW INT64_C(1795312800000000)

struct lab {
	char path[256];
	int dir; /* the folder's descriptor */
	struct env *env; /* an env_fault over the real one, clock stopped */
	struct arena *arena;
	uint64_t seed;
};

/* lab_open: a fresh folder under $TMPDIR. lab_close removes it. */
void lab_open(struct lab *l);
void lab_close(struct lab *l);
/* lab_empty: remove what is in the folder. */
void lab_empty(struct lab *l);
/* lab_copy: copy the whole folder to `to` (a lab that is open and empty). */
void lab_copy(const struct lab *l, struct lab *to);

uint64_t lab_random(struct lab *l);
/* lab_event: log number i, received then; in the arena. Among them Chinese,
 * NULs, arbitrary bytes, and now and then 64 KiB. */
struct event lab_event(struct lab *l, uint64_t i, int64_t received_us);
/* lab_sign_in: a sign-in record with user and address ("" for none). */
struct event lab_auth(struct lab *l, enum event_category category,
    const char *host, const char *user, const char *address, int64_t at_us);

/* Whole files below the lab's folder. */
void lab_file_read(const struct lab *l, const char *name, struct buf *b);
void lab_file_write(const struct lab *l, const char *name, struct span s);
/* lab_first_file: the path of the first file below `sub` whose name ends so,
 * by name; false when there is none. */
bool lab_first_file(
    const struct lab *l, const char *sub, const char *end, char to[static 300]);

/* assert_ok: the call went well, else its line is shown. */
#define assert_ok(e, why)                                                    \
	do {                                                                 \
		enum err lab_e = (e);                                        \
		if (lab_e != ERR_OK)                                         \
			fail_msg(                                            \
			    "%s: %s: %s", #e, err_name(lab_e), (why)->text); \
	} while (0)

#endif
