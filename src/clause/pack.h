/*
 * clause/pack.h: a regulation as a folder of clauses.
 *
 *     PACK/pack.yaml            id, title, edition, law, in_force, chapters
 *     PACK/<id>/clause.yaml     text, modality, mode, parameters, problems
 *     PACK/<id>/check.sql       one SELECT; absent: no instrument yet
 *     PACK/<id>/cases.yaml      what the check must answer; see clause/cases.h
 *
 * A pack is read whole into memory and never changes; it belongs to whoever
 * loaded it. A clause with a mistake in it stays in the list, refused, with
 * the place and cause: the others are unharmed.
 */
#ifndef CLAUSE_PACK_H
#define CLAUSE_PACK_H

#include "base/fault.h"
#include "base/span.h"

#include <stdint.h>

#define CLAUSE_ID_MAX 24 /* bytes, the NUL included */
#define CLAUSE_FILE_MAX ((size_t)1 << 20)

struct words {
	const char *zh, *en;
};

enum clause_mode {
	MODE_ENFORCED,
	MODE_MEASURED,
	MODE_RECORDED,
	MODE_ATTESTED,
	MODE_INFO, /* shown as context: no verdict */
	MODE_HEADING, /* the sentence above its items: no verdict */
	MODE_N
};

enum clause_modality {
	MODALITY_MUST,
	MODALITY_MAY,
	MODALITY_AVOID,
	MODALITY_AS_NEEDED,
	MODALITY_AS_FAR_AS_POSSIBLE,
	MODALITY_MAY_ELSE_MUST,
	MODALITY_NONE,
	MODALITY_N
};

/* Where a parameter's number comes from: the sentence, another law, or good
 * practice (passing that gives due or unknown, never unmet). */
enum param_source { PARAM_TEXT, PARAM_LAW, PARAM_PRACTICE, PARAM_SOURCE_N };

struct clause_param {
	const char *name; /* [a-z_]+; ":name" in check.sql */
	int64_t value;
	const char *unit; /* "hour", "day", "month", "count", … */
	enum param_source source;
	struct words about;
};

/* What a finding says, with {placeholders} filled from its evidence
 * (clause/sentence.h), and the shortest way to green. */
struct clause_problem {
	const char *code; /* [a-z_]+ */
	struct words says, fix;
};

struct clause {
	const char *id; /* "12.1" */
	unsigned chapter;
	struct words chapter_title;
	struct words title;
	const char *text; /* the official sentence, verbatim */
	enum clause_mode mode;
	enum clause_modality modality;
	struct words exception; /* {NULL, NULL}: its text allows none */
	struct words decided_by;
	struct words limits; /* what the check cannot see yet; may be NULLs */
	const char *const *instruments;
	unsigned n_instruments;
	const char *actor; /* who must act: a role; "" for headings */
	const struct clause_param *params;
	unsigned n_params;
	const struct clause_problem *problems;
	unsigned n_problems;
	const char *sql; /* check.sql; NULL: no instrument yet */
	const char *refused; /* "…/12.1/clause.yaml:7: …"; NULL: sound */
};

struct pack;

/* One mistake, with its place: "taipei-2019/12.1/clause.yaml:7: …". */
typedef void pack_mistake_fn(void *arg, const char *line);

/*
 * pack_load: read the pack in folder `path` below `dir` (AT_FDCWD allowed).
 * Every mistake in a clause is told to `mistake` (which may be NULL) and the
 * first of each clause stands in its `refused`. Handed over (pack_free).
 *
 * Fails   ERR_NOT_FOUND, ERR_IO, ERR_SYNTAX: pack.yaml itself is missing or
 *         wrong, or the folder holds no clause; ERR_MEMORY.
 */
MUST_CHECK enum err pack_load(int dir, const char *path, struct pack **out,
    pack_mistake_fn *mistake, void *arg, struct fault *why);
void pack_free(struct pack *p);

const char *pack_id(const struct pack *p);
struct words pack_title(const struct pack *p);
const char *pack_edition(const struct pack *p);
const char *pack_law(const struct pack *p); /* document number */
int64_t pack_in_force(const struct pack *p);

/* Clauses in the order of the regulation (2.2.3 before 2.3, 9 before 10). */
size_t pack_count(const struct pack *p);
const struct clause *pack_at(const struct pack *p, size_t at);
/* pack_clause: by exact id; NULL when there is none. */
const struct clause *pack_clause(const struct pack *p, const char *id);
/* pack_find: as people write it; see clause_id_parse. NULL: none. */
const struct clause *pack_find(const struct pack *p, struct span query);

/* clause_judged: has a verdict (not a heading, not information). */
bool clause_judged(const struct clause *c);
const struct clause_param *clause_param(
    const struct clause *c, struct span name);
const struct clause_problem *clause_problem(
    const struct clause *c, struct span code);

const char *mode_name(enum clause_mode m);
const char *modality_name(enum clause_modality m);
const char *param_source_name(enum param_source s);

/*
 * clause_id_parse: "18.3", "18-3", "十八(三)", "十八（三）", "第十八點第三款",
 * "二十一(十)" → "18.3", …. Numerals up to 99, ASCII, full-width or Chinese.
 *
 *   id   [out] room for CLAUSE_ID_MAX bytes; stays as it was on failure
 *
 * Returns whether `query` has that form; the clause need not exist.
 */
bool clause_id_parse(struct span query, char *id);
/* clause_id_compare: <0, 0, >0 in the order of the regulation. */
int clause_id_compare(const char *a, const char *b);

#endif
