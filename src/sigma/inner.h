/*
 * sigma/inner.h: what the files of this room share.
 */
#ifndef SIGMA_INNER_H
#define SIGMA_INNER_H

#include "match/regex.h"
#include "pack/json.h"
#include "pack/yaml.h"
#include "sigma/sigma.h"

#define ARENA_MAX ((size_t)512 << 20)
#define RULES_MAX 32768U
#define VALUES_MAX 65536U /* of one field, tables expanded */
#define TEXT_MAX 8192U /* bytes of one value */
#define DEPTH_MAX 48U /* of a condition, of nested selections */
#define NAMES_MAX 128U /* search identifiers of a rule */
#define TARGETS_MAX 12U
#define TABLE_FILES_MAX 8U
#define NODES_MAX 65536U /* of one rule */

/* ---- texts with wildcards (text.c) ---- */

/* One character of a pattern: a byte, or one of these. */
enum {
	SIGN_ONE = 0x100, /* ? */
	SIGN_ANY = 0x101, /* * */
	SIGN_DASH = 0x102, /* any of the dashes windash knows */
};
struct pattern {
	uint16_t *at;
	size_t n;
};

/* wild_read: a text of Sigma, wildcards and escapes read. pattern_plain:
 * every byte stands for itself. In the arena; at NULL without memory. */
struct pattern wild_read(struct arena *a, struct span s);
struct pattern pattern_plain(struct arena *a, struct span s);
/* pattern_around: with * before and behind, where there is none yet. */
struct pattern pattern_around(
    struct arena *a, struct pattern p, bool before, bool behind);
/* pattern_is_plain: no signs in it. pattern_bytes: its bytes. */
bool pattern_is_plain(struct pattern p);
struct span pattern_bytes(struct arena *a, struct pattern p);
/* pattern_windash: dashes that begin a word become SIGN_DASH. */
void pattern_windash(struct pattern p);

/* How a compiled text is compared. */
enum shape { SHAPE_IS, SHAPE_BEGINS, SHAPE_ENDS, SHAPE_HAS, SHAPE_GLOB };
struct text_test {
	enum shape shape;
	bool cased;
	struct span plain; /* small letters unless cased */
	struct pattern glob; /* likewise */
};
MUST_CHECK bool text_test_make(
    struct arena *a, struct pattern p, bool cased, struct text_test *t);
bool text_test_fits(const struct text_test *t, struct span s);

/* ---- compiled rules ---- */

enum test_op {
	TEST_TEXT,
	TEST_NULL, /* the field is not there, or null */
	TEST_EXISTS, /* number: 1 must be there, 0 must not */
	TEST_REGEX,
	TEST_CIDR,
	TEST_NUMBER, /* by `op` */
	TEST_FIELD, /* the text of another field, by text.shape */
	TEST_TABLE, /* one of a table's texts */
};
enum time_part {
	PART_NONE,
	PART_MINUTE,
	PART_HOUR,
	PART_DAY,
	PART_WEEK,
	PART_MONTH,
	PART_YEAR
};
struct network {
	uint8_t at[16];
	unsigned bits;
	bool six;
};
struct test {
	enum test_op what;
	enum sigma_op op;
	double number;
	uint32_t ref; /* field, or table */
	bool cased;
	struct text_test text;
	struct regex *regex; /* of the set */
	struct network net;
};

enum node_type {
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_FIELD, /* tests on a field's values */
	NODE_WORDS, /* tests on the whole record */
	NODE_TRUE,
};
struct node {
	enum node_type type;
	bool all; /* every test must fit, else one */
	enum time_part part;
	uint32_t field;
	uint32_t test, n_tests;
	uint32_t first, next; /* children */
};

/* Where a field's value is found in a record. */
enum target_kind {
	TARGET_FIELD, /* of struct event */
	TARGET_HOST,
	TARGET_APP,
	TARGET_PROC,
	TARGET_MSGID,
	TARGET_SENDER,
	TARGET_CATEGORY,
	TARGET_CLASS,
	TARGET_VIA,
	TARGET_SEVERITY,
	TARGET_FACILITY,
	TARGET_MESSAGE,
	TARGET_RAW,
	TARGET_TIME, /* RFC 3339, Taipei */
	TARGET_DATE, /* 2026-11-22 in Taipei */
	TARGET_WEEKDAY, /* 1 Monday .. 7 Sunday */
	TARGET_CLOCK, /* minutes since midnight in Taipei */
	TARGET_JSON, /* a path */
};
struct target {
	enum target_kind kind;
	enum event_field field;
	struct span path;
};
struct field {
	struct span name;
	struct target target[TARGETS_MAX]; /* besides JSON by its own name */
	unsigned n;
	bool json; /* look into JSON by its name first */
	bool json_last; /* … or where nothing else is there */
};

struct table {
	const char *name;
	bool outside; /* from elsewhere: set at run time */
	bool set;
	struct span *value; /* outside: sorted, lower case, of `own` */
	size_t n;
	struct arena *own;
};

struct source_row {
	const char *category, *product, *service; /* NULL: none stated */
	uint64_t categories; /* bits of enum event_category */
	bool json; /* only records that are JSON */
	struct span app[16];
	unsigned n_apps;
	const json_t *where; /* of the taxonomy's document, or NULL */
	const char *pointer;
	unsigned kept; /* the file of `where` */
};

/* A rule while it is read, and after. */
struct rule {
	struct sigma_rule pub;
	uint32_t node; /* of a plain rule */
	uint32_t source; /* row; SIGMA_NONE: none */
	bool generate; /* of a correlation: its parts speak too */
	bool used; /* part of a correlation that does not say generate */
	bool filter;
	bool bad;
	json_t *doc; /* kept until sigma_finish */
	struct yaml *yaml; /* likewise; lines */
	/* the file's text up to the document's end, for columns */
	struct span whole;
	uint64_t mark;
};

struct sigma {
	struct arena *arena;
	struct rule *rule;
	uint32_t n_rules, cap_rules;
	struct node *node;
	uint32_t n_nodes, cap_nodes;
	uint32_t node_most; /* of the rule under the hands; 0: none */
	struct test *test;
	uint32_t n_tests, cap_tests;
	struct field *field;
	uint32_t n_fields, cap_fields;
	struct regex **regex;
	uint32_t n_regexes, cap_regexes;
	struct table *table;
	uint32_t n_tables, cap_tables;
	struct source_row *source;
	uint32_t n_sources, cap_sources;
	struct kept {
		struct yaml *yaml;
		struct span text;
		const char *name;
	} kept[TABLE_FILES_MAX]; /* files of names and tables */
	unsigned n_kept;
	struct span container[16];
	unsigned n_containers;
	/* for each category the plain rules that may fit, in order */
	uint32_t *bucket[64];
	uint32_t n_bucket[64];
	bool ready;
};

/* ---- while reading ---- */

/* Where in which document something is: for error lines. */
struct place {
	struct sigma *s;
	const struct yaml *yaml;
	struct span whole;
	const char *name;
	char pointer[512];
};

/* place_down, place_item: one step into the document; false when too deep.
 * place_up: back. */
size_t place_down(struct place *p, const char *key);
size_t place_item(struct place *p, size_t i);
void place_up(struct place *p, size_t mark);
/* place_fault: "NAME:LINE:COLUMN: …"; `word` is looked for in the line to
 * find the column (NULL: the line's first character). */
enum err place_fault(const struct place *p, const char *word, struct fault *why,
    enum err code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6), nonnull(5)));

/* set_grow: one more element in an array of `size` each. */
MUST_CHECK enum err set_grow(
    void *array, uint32_t n, uint32_t *cap, size_t size, struct fault *why);
MUST_CHECK enum err node_new(
    struct sigma *s, enum node_type type, uint32_t *out, struct fault *why);
void node_hang(struct sigma *s, uint32_t up, uint32_t *last, uint32_t node);

/* field_take: the number of the field of this name (taxonomy.c). */
MUST_CHECK enum err field_take(
    struct sigma *s, struct span name, uint32_t *out, struct fault *why);
/* source_find: the row of a rule's log source, SIGMA_NONE when unknown. */
uint32_t source_find(const struct sigma *s, const char *category,
    const char *product, const char *service);
/* source_row_for: the same, our own categories included; may add a row. */
MUST_CHECK enum err source_row_for(struct sigma *s, const char *category,
    const char *product, const char *service, uint32_t *out, struct fault *why);
struct table *table_find(struct sigma *s, struct span name);
/* table_value: one of a fixed table's texts. */
/* item_read: one key of a map with its values, as a node (value.c). */
MUST_CHECK enum err item_read(struct place *p, const char *key, const json_t *v,
    uint32_t *out, struct fault *why);
/* selection_read: a search identifier (detection.c). */
MUST_CHECK enum err selection_read(struct place *p, const json_t *v,
    unsigned depth, uint32_t *out, struct fault *why);
/* detection_read: identifiers and condition. */
MUST_CHECK enum err detection_read(
    struct place *p, const json_t *detection, uint32_t *out, struct fault *why);
/* condition_read: one condition over named nodes. */
struct named {
	const char *name;
	uint32_t node;
};
MUST_CHECK enum err condition_read(struct place *p, const char *text,
    const struct named *names, unsigned n, uint32_t *out, struct fault *why);
/* correlation_read: into rule i, once all names are known. */
MUST_CHECK enum err correlation_read(
    struct sigma *s, uint32_t i, struct fault *why);
/* rule_alone: what a plain rule that speaks alone counts. */
MUST_CHECK enum err rule_alone(struct sigma *s, uint32_t i, struct fault *why);

/* network_read: "10.0.0.0/8", "2001:db8::1". address_read: without bits. */
bool network_read(struct span s, struct network *n);
bool network_holds(const struct network *n, struct span address);
/* number_read: a decimal number, all of s. */
bool number_read(struct span s, double *n);
bool number_fits(enum sigma_op op, double have, double want);

/* node_fits: record.c and match.c. */
bool node_fits(struct sigma_record *r, uint32_t node);

#endif
