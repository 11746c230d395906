/*
 * intake/rule.h: one rule of the normaliser as it is kept. For normalize.c,
 * rule_read.c and rule_fit.c.
 */
#ifndef INTAKE_RULE_H
#define INTAKE_RULE_H

#include "intake/normalize.h"
#include "intake/pattern.h"
#include "pack/yaml.h"

#define RULE_LITERALS_MAX 4096
#define RULE_PATHS_MAX 4096
#define RULE_LIST_MAX 64 /* of any list inside a rule */
#define RULE_FILES_MAX 1024

/* What a rule reads its values from. */
enum rule_kind { RULE_PATTERN, RULE_JSON, RULE_PAIRS, RULE_PARAMS };

/* A list of texts. */
struct texts {
	struct span *at;
	size_t n;
};

/* Where a value comes from: of a pattern its slot, else a path's number. */
typedef size_t ref;

/* A path and its alternatives, of JSON, pairs or structured data. Equal ones
 * are one, so that a record's value is looked up once for all rules. */
struct path {
	enum rule_kind kind;
	struct texts any;
};

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
	enum rule_kind kind;
	size_t file; /* which file it came from */
	struct texts apps; /* none: any */
	size_t literal[RULE_LIST_MAX], n_literals; /* numbers; any of them */
	struct pattern **pattern;
	size_t n_patterns;
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

/* Rules of one program: places in normalizer.rule, in order. */
struct app_rules {
	struct span app; /* at == NULL: empty slot */
	uint16_t *rule;
	size_t n;
};

struct normalizer {
	struct arena *arena; /* all below lives here */
	struct rule **rule;
	size_t n_rules, n_tests, n_files;
	struct span literal[RULE_LITERALS_MAX];
	size_t n_literals;
	struct path *path;
	size_t n_paths;
	struct app_rules *app; /* a hash table, a power of two */
	size_t n_apps;
	struct app_rules any; /* for programs that no rule names */
};

/*
 * rule_read_file: add the rules of one file, as it stands in y. Their tests
 * are not run.
 */
MUST_CHECK enum err rule_read_file(
    struct normalizer *n, const struct yaml *y, struct fault *why);

/* A record while rules are tried on it. */
struct probe {
	const struct normalizer *n;
	struct arena *arena;
	struct event *ev;
	uint8_t *literal; /* 0 not looked for, 1 there, 2 not there */
	struct span *value; /* of each path, once looked up */
	uint8_t *known;
	struct jsontree *tree;
	struct pairs *pairs;
	struct span params;
	bool tree_tried, pairs_tried, params_tried;
	struct span slot[PATTERN_SLOTS_MAX];
};

/* rule_probe: begin on a record; false when the arena is full. */
bool rule_probe(struct probe *p, const struct normalizer *n, struct arena *a,
    struct event *ev);
/* rule_fits: whether r fits; then ev's category and fields are set. */
bool rule_fits(struct probe *p, const struct rule *r);

#endif
