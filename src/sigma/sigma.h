/*
 * sigma/sigma.h: detection rules in the Sigma language, compiled once.
 *
 * A set holds what rules are made of: the tables that say which names of
 * Sigma, ECS and Windows mean which of our fields, value tables, and the
 * rules themselves. It is built once and then only read; value tables that
 * come from outside (the inventory) may be set again at any time.
 *
 * Asking whether a record fits a rule needs a struct sigma_record, which
 * keeps what was looked up: one a thread. Counting over time (correlations)
 * is the business of vault/detect.h; this room says only what is to be
 * counted.
 *
 * Source: Sigma specification 2.1.0 (rules, modifiers, correlations,
 * filters). Not supported, and named as errors with file, line and column:
 * value_percentile, the aggregations after `|` of old conditions, and what
 * has no meaning (a number with `cidr`).
 */
#ifndef SIGMA_SIGMA_H
#define SIGMA_SIGMA_H

#include "base/arena.h"
#include "base/event.h"

#define SIGMA_PARTS_MAX 16 /* rules of one correlation */
#define SIGMA_GROUPS_MAX 6 /* fields of one group-by */
#define SIGMA_LIMITS_MAX 4
#define SIGMA_COUNT_MAX 4096 /* greatest count a correlation waits for */
#define SIGMA_NONE UINT32_MAX

enum sigma_kind {
	SIGMA_PLAIN, /* a rule about one record */
	SIGMA_EVENT_COUNT,
	SIGMA_VALUE_COUNT,
	SIGMA_VALUE_SUM,
	SIGMA_VALUE_AVG,
	SIGMA_TEMPORAL,
	SIGMA_ORDERED,
};

enum sigma_level {
	SIGMA_INFORMATIONAL,
	SIGMA_LOW,
	SIGMA_MEDIUM,
	SIGMA_HIGH,
	SIGMA_CRITICAL,
};

enum sigma_op {
	SIGMA_LT,
	SIGMA_LTE,
	SIGMA_GT,
	SIGMA_GTE,
	SIGMA_EQ,
	SIGMA_NEQ,
};

struct sigma_words {
	const char *zh, *en; /* both are set; the same when one is given */
};

/* What a correlation, or a rule that speaks alone, counts. Numbers of rules
 * and fields are places in their set. */
struct sigma_count {
	uint32_t part[SIGMA_PARTS_MAX]; /* rules; for a plain one, itself */
	unsigned n_parts;
	unsigned n_groups;
	/* of group i in a record of part k */
	uint32_t group[SIGMA_GROUPS_MAX][SIGMA_PARTS_MAX];
	bool any_group; /* the first of the groups that is there */
	int64_t window_us;
	struct {
		enum sigma_op op;
		double value;
	} limit[SIGMA_LIMITS_MAX];
	unsigned n_limits;
	uint32_t field[SIGMA_PARTS_MAX]; /* value_*: what is counted */
	/* Our own, below `beimen:` in the rule. */
	uint32_t reset; /* a record of this rule ends the run */
	uint32_t close; /* a record of this rule ends an open value */
	uint32_t session[SIGMA_PARTS_MAX]; /* … which this field names */
	uint32_t close_session, close_value;
	int64_t open_us; /* an open value is believed this long */
};

struct sigma_rule {
	const char *name; /* told with every detection; unique in its set */
	const char *id; /* or "" */
	const char *status;
	enum sigma_level level;
	enum sigma_kind kind;
	struct sigma_words title, description, advice;
	const char *clauses; /* "21.8 21.10", or "" */
	const char *actor; /* who must act; or "" */
	const char *file; /* as given to sigma_add */
	unsigned line; /* of its document */
	struct span text; /* the document as written */
	bool speaks; /* tells of itself; else only part of others */
	bool idle; /* no record here is known to be of its log source */
	struct sigma_count count; /* when it speaks or is a correlation */
};

struct sigma;

/*
 * sigma_new: an empty set, handed over (sigma_free). NULL without memory.
 *
 * Then, in this order: sigma_taxonomy and sigma_values (a few files each;
 * what is read first holds), sigma_add for each file, sigma_finish. `name`
 * stands in error
 * lines ("NAME:LINE:COLUMN: …"); texts are copied.
 * Fails   ERR_SYNTAX, ERR_RANGE, ERR_LIMIT, ERR_UNSUPPORTED, ERR_EXISTS (two
 *         rules of one name or id), ERR_MEMORY. What failed to be added is
 *         not in the set; the set is sound.
 */
struct sigma *sigma_new(void);
void sigma_free(struct sigma *s);
MUST_CHECK enum err sigma_taxonomy(
    struct sigma *s, struct span yaml, const char *name, struct fault *why);
MUST_CHECK enum err sigma_values(
    struct sigma *s, struct span yaml, const char *name, struct fault *why);
MUST_CHECK enum err sigma_add(
    struct sigma *s, struct span yaml, const char *name, struct fault *why);
/* One file or rule that is wrong; its line names the place. */
typedef void sigma_mistake_fn(void *arg, const char *line);
/* sigma_finish: resolve correlations and filters and sort the rules. A rule
 * that cannot be resolved is told to `mistake` and left out. ERR_MEMORY. */
MUST_CHECK enum err sigma_finish(
    struct sigma *s, sigma_mistake_fn *mistake, void *arg, struct fault *why);
/*
 * sigma_load_tables: taxonomy.yaml and values.yaml of a folder, if there.
 * sigma_load: sigma_add for every other *.yml and *.yaml of a folder and
 * those below it, in the order of their names, but for *.test.yaml. What is
 * wrong is told to `mistake` and left out. ERR_IO when the folder cannot be
 * read; ERR_MEMORY.
 */
MUST_CHECK enum err sigma_load_tables(struct sigma *s, const char *folder,
    sigma_mistake_fn *mistake, void *arg, struct fault *why);
MUST_CHECK enum err sigma_load(struct sigma *s, const char *folder,
    sigma_mistake_fn *mistake, void *arg, struct fault *why);

/* Rules, each after those it refers to. Only after sigma_finish. */
unsigned sigma_count(const struct sigma *s);
const struct sigma_rule *sigma_at(const struct sigma *s, unsigned i);
/* sigma_find: by name or id; SIGMA_NONE. */
uint32_t sigma_find(const struct sigma *s, struct span name);
/* sigma_mark: the same for the same rule of the same parts: how a saved state
 * knows its own. */
uint64_t sigma_mark(const struct sigma *s, unsigned i);

/*
 * sigma_table_set: what a table stands for that values.yaml says comes from
 * outside ("from: inventory"); n texts, copied, compared without case.
 * ERR_NOT_FOUND: there is no such table; ERR_MEMORY: it stays as it was.
 */
MUST_CHECK enum err sigma_table_set(struct sigma *s, const char *name,
    const struct span *value, size_t n, struct fault *why);
/* sigma_table_is_set: it was set since the set was made. */
bool sigma_table_is_set(const struct sigma *s, const char *name);

/* ---- one record ---- */

struct sigma_record;

struct sigma_record *sigma_record_new(const struct sigma *s);
void sigma_record_free(struct sigma_record *r);
/* sigma_record_take: look at this record from now on; borrowed until the
 * next. at_us: when it happened. */
void sigma_record_take(
    struct sigma_record *r, const struct event *ev, int64_t at_us);
/* sigma_matches: which plain rules the record fits, in order of number; the
 * array is the record's. sigma_undecided: how many regular expressions met
 * their limit so far; such a test is taken as fitting, so that nobody can
 * hide behind it. */
const uint32_t *sigma_matches(struct sigma_record *r, size_t *n);
uint64_t sigma_undecided(const struct sigma_record *r);
/* sigma_fits: whether the record fits this one plain rule. */
bool sigma_fits(struct sigma_record *r, unsigned rule);
/* sigma_value: a field of the record as text; at == NULL: it is not there.
 * Borrowed until the next record. */
struct span sigma_value(struct sigma_record *r, uint32_t field);
/* sigma_may: whether any rule could fit records of this category; cheap. */
bool sigma_may(const struct sigma *s, enum event_category c);

#endif
