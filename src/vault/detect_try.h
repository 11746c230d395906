/*
 * vault/detect_try.h: detection rules tried on the records beside them.
 *
 * NAME.test.yaml beside NAME.yml:
 *
 *   tables: {NAME: [texts]}          what comes from outside
 *   tests:
 *     - name: a sentence
 *       records:
 *         - {at: RFC 3339, category: sign-in, user: alice, src: 192.0.2.7,
 *            times: 5, every: 1m}    also host app message, json: {…}, and
 *                                    every field; {n} in a text counts
 *       expect: [{rule: NAME, subject: TEXT, count: N, records: N}]
 *
 * Only detections of the rules in NAME.yml are compared, each expected one
 * against one that was told, and none may be left.
 */
#ifndef VAULT_DETECT_TRY_H
#define VAULT_DETECT_TRY_H

#include "vault/detect.h"

struct detect_tried {
	unsigned tests, failed;
};
/* One line for each test that failed: "NAME:LINE: …". */
typedef void detect_say_fn(void *arg, const char *line);

/*
 * detect_try: run all tests of one file. The rules' outside tables are set.
 * Fails   ERR_SYNTAX the file is not of that form; ERR_MEMORY.
 */
MUST_CHECK enum err detect_try(struct sigma *rules, struct span yaml,
    const char *name, detect_say_fn *say, void *arg, struct detect_tried *tried,
    struct fault *why);

#endif
