/*
 * intake/rule.h: one rule of the normaliser as it is kept. For normalize*.c,
 * rule_read.c, rule_parts.c, rule_index.c and rule_fit.c.
 */
#ifndef INTAKE_RULE_H
#define INTAKE_RULE_H

#include "intake/normalize.h"
#include "intake/pattern.h"
#include "intake/values.h"
#include "match/literals.h"
#include "pack/yaml.h"

#define RULE_PATHS_MAX 8192
#define RULE_LIST_MAX 64 /* of any list inside a rule */
#define RULE_FILES_MAX 1024
#define RULE_KEYS_MAX 256 /* places of one value, roots included */
#define RULE_WORDS (NORMALIZE_RULES_MAX / 64)

/* A list of texts. */
struct texts {
	struct span *at;
	size_t n;
};

/* Where a value comes from: of a pattern its capture's number, else a path's
 * number; from REF_HEAD on, a part of the header. */
typedef size_t ref;

#define REF_HEAD ((ref)1 << 20)
enum head { HEAD_HOST, HEAD_APP, HEAD_PROC, HEAD_MSGID, HEAD_MESSAGE, HEAD_N };

/* A condition: the value is (or is not) one of these. */
struct cond {
	ref from;
	struct texts values; /* with "*" at either end */
	bool unless;
};

/* Where a value goes: a field, or one of the two header parts. */
enum { OUT_HOST = FIELD_N, OUT_TIME, OUT_N };

struct out {
	unsigned to; /* enum event_field, OUT_HOST or OUT_TIME */
	bool constant;
	ref from;
	struct span text; /* of a constant */
};

/* A category by value. */
struct choice {
	struct span value;
	enum event_category category;
};

/* One test of a rule. */
struct rule_test {
	struct span line;
	enum event_category category;
	struct out *gives; /* constants */
	size_t n_gives;
	const char *pointer; /* its place in the file */
};

struct rule {
	const char *name;
	enum form form;
	size_t file; /* which file it came from */
	struct texts apps; /* none: any */
	struct texts literals; /* any of them stands in the message */
	struct pattern **pattern;
	size_t n_patterns;
	bool led; /* all of them begin with text */
	bool within; /* they read not the message but a text of its JSON: */
	ref text; /* this path */
	struct pattern_names names;
	struct cond *cond;
	size_t n_conds;
	struct out *out;
	size_t n_outs;
	enum event_category category; /* without choices */
	ref by;
	struct choice *choice;
	size_t n_choices;
	struct rule_test *test;
	size_t n_tests;
};

/* A set of rules, by their place in normalizer.rule. */
struct rule_set {
	uint64_t *word; /* normalizer.n_words of them */
};

/* Rules of one program. */
struct app_rules {
	struct span app; /* at == NULL: empty slot */
	struct rule_set own;
};

/* Which rules are still possible once a path's value is known. */
struct fork_row {
	struct span value; /* at == NULL: empty slot */
	struct rule_set may;
};

struct fork {
	size_t path;
	struct fork_row *row; /* a hash table, mask + 1 slots */
	size_t mask;
	struct rule_set other; /* for values no row names, and for none */
};

/* Forks of one form, and its rules. */
struct form_rules {
	struct rule_set own;
	struct fork *fork;
	size_t n_forks;
};

struct normalizer {
	struct arena *arena; /* all below lives here */
	struct rule **rule;
	size_t n_rules, n_tests, n_files, n_words;
	struct path *path;
	size_t n_paths;
	struct app_rules *app; /* a hash table, a power of two */
	size_t n_apps;
	/* rules for any program are tried after their literal was seen */
	struct literals *literals;
	struct rule_set *by_literal;
	struct form_rules by_form[FORM_N];
	/* what one record needs while it is looked at */
	struct values *values;
};

/*
 * rule_read_file: add the rules of one file, as it stands in y. Their tests
 * are not run.
 */
MUST_CHECK enum err rule_read_file(
    struct normalizer *n, const struct yaml *y, struct fault *why);

/* rule_index: once all rules are there, make what finds them fast. */
MUST_CHECK enum err rule_index(struct normalizer *n, struct fault *why);

/* rule_first: the first rule that fits, which has set ev's category and
 * fields; NULL: none, category other. `file`: only rules of that one, or
 * SIZE_MAX. */
const struct rule *rule_first(
    const struct normalizer *n, size_t file, struct arena *a, struct event *ev);

static inline void
rule_set_add(struct rule_set s, size_t rule)
{
	s.word[rule / 64] |= UINT64_C(1) << (rule % 64);
}

static inline bool
rule_set_has(struct rule_set s, size_t rule)
{
	return (s.word[rule / 64] >> (rule % 64) & 1) != 0;
}

/* rule_app: the rules that name the program: by its name, by what stands
 * after its last '/', or before a '(' ("su(pam_unix)"); NULL: none. */
const struct app_rules *rule_app(const struct normalizer *n, struct span app);

/* rule_fork: the rules that a value leaves possible. */
struct rule_set rule_fork(const struct fork *f, struct span value);

/* A record while rules are tried on it. */
struct probe {
	const struct normalizer *n;
	struct arena *arena;
	struct event *ev;
	unsigned read, bad; /* forms tried, and those it has not; bits */
	struct span slot[PATTERN_SLOTS_MAX];
};

/* rule_probe: begin on a record. */
void rule_probe(struct probe *p, const struct normalizer *n, struct arena *a,
    struct event *ev);
/* rule_form: whether the message has the form; it is read the first time. */
bool rule_form(struct probe *p, enum form f);
/* rule_literal: whether one of r's literals stands in the message. */
bool rule_literal(const struct probe *p, const struct rule *r);
/* rule_fits: whether r fits; then ev's category and fields are set. `seen`:
 * one of its literals is known to stand in the message. */
bool rule_fits(struct probe *p, const struct rule *r, bool seen);

#endif
