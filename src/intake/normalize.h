/*
 * intake/normalize.h: what a record means: its category and fields.
 *
 * The rules are data, normalize/NAME.yaml, which users extend without
 * compiling; doc/normalize.md has their language. A rule is asked only for
 * the programs it names and after its literal was found in the message; the
 * first rule that fits decides. Rules match in time linear in the message:
 * nothing backtracks. One pass finds the literals of all rules; a message's
 * JSON, pairs or columns are read once, whatever the number of rules.
 */
#ifndef INTAKE_NORMALIZE_H
#define INTAKE_NORMALIZE_H

#include "base/event.h"

#define NORMALIZE_RULES_MAX 4096

struct normalizer;

/*
 * normalize_load: read rules from files and folders (every *.yaml in it, in
 * order of name). Earlier paths come first, so that a user's own folder,
 * given before ours, wins. Every rule's own tests are run; a rule that does
 * not give what its tests say is refused. *out is handed over
 * (normalize_free) and serves one thread at a time.
 *
 * Fails   ERR_SYNTAX, ERR_RANGE, ERR_EXISTS (a rule's name stands twice):
 *         "FILE:LINE: ..."; ERR_LIMIT, ERR_MEMORY, ERR_IO.
 */
MUST_CHECK enum err normalize_load(const char *const *paths, size_t n_paths,
    struct normalizer **out, struct fault *why);
/* normalize_test_fn: one line about a test that failed: "FILE:LINE: …". */
typedef void normalize_test_fn(void *arg, const char *line);

/* normalize_test: as normalize_load, but every test that fails is told; then
 * the answer is ERR_SYNTAX, "N of M tests failed". */
MUST_CHECK enum err normalize_test(const char *const *paths, size_t n_paths,
    normalize_test_fn *fn, void *arg, struct normalizer **out,
    struct fault *why);
/* normalize_read: the same from one text; `name` stands in error lines. */
MUST_CHECK enum err normalize_read(struct span text, const char *name,
    struct normalizer **out, struct fault *why);
void normalize_free(struct normalizer *n);

/*
 * normalize_apply: set ev's category and fields from its app, message and
 * structured data; host and event_us too where the header had none and the
 * rule names them. New bytes come from a. Where no rule fits, and where the
 * arena is full, the category is CAT_OTHER and no field is set.
 *
 * Returns the rule's name, borrowed from n; NULL when none fits.
 */
const char *normalize_apply(
    const struct normalizer *n, struct arena *a, struct event *ev);

/*
 * normalize_slow: the same answer without what makes it fast: every rule is
 * tried in turn. For tests that compare the two.
 */
const char *normalize_slow(
    const struct normalizer *n, struct arena *a, struct event *ev);

/* normalize_n_rules, normalize_n_tests: how many were read (and passed). */
size_t normalize_n_rules(const struct normalizer *n);
size_t normalize_n_tests(const struct normalizer *n);

#endif
