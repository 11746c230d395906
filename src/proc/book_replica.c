/*
 * proc/book_replica.c: a second host's report, POST /api/v1/replicas.
 */
#include <string.h>

#include "base/text.h"
#include "book/replica.h"
#include "proc/book.h"

#define LOGS_MAX 4096U

/* Who may speak for a replica of an agency: whoever may copy its segments. */
#define MAY_SPEAK                                            \
	(1U << OFFICE_ADMINISTRATOR | 1U << OFFICE_AUDITOR | \
	    1U << OFFICE_OVERSEER)

/* One log of the report; false when it is malformed. */
static bool
claim_read(const json_t *o, struct span name, struct buf *root,
    struct replica_claim *c)
{
	int64_t size = json_get_int(o, "size", -1);
	int64_t segments = json_get_int(o, "segments", -1);
	int64_t missing = json_get_int(o, "missing", -1);

	buf_reset(root);
	*c = (struct replica_claim){ .name = name,
		.agency = span_text(json_get_text(o, "agency", "")),
		.size = (uint64_t)size,
		.segments = (uint64_t)segments,
		.missing = (uint64_t)missing };
	if (size < 0 || segments < 0 || missing < 0 || c->agency.len == 0 ||
	    !text_unbase64(root, span_text(json_get_text(o, "root", "-"))) ||
	    root->len != HASH_LEN)
		return false;
	memcpy(c->root.at, root->at, HASH_LEN);
	return true;
}

enum err
book_replicas_take(struct book *b, const struct rights *r, struct span body,
    int64_t now_us, json_t **out, struct fault *why)
{
	json_t *o = NULL, *logs, *one, *answers = json_array();
	struct replica_answer a;
	struct replica_claim c;
	struct buf root;
	size_t i;
	enum err e;

	buf_init(&root, 64);
	if ((e = json_read(body, &o, why)) != ERR_OK)
		goto out;
	logs = json_object_get(o, "logs");
	if (!json_is_array(logs) || json_array_size(logs) > LOGS_MAX)
		e = fault_set(why, ERR_SYNTAX, "logs: not a list of logs");
	json_array_foreach(logs, i, one) {
		json_t *to;

		if (e != ERR_OK)
			break;
		if (!claim_read(one, span_text(json_get_text(o, "name", "")),
			&root, &c)) {
			e = fault_set(
			    why, ERR_SYNTAX, "logs[%zu]: malformed", i);
			break;
		}
		if (!rights_all(r) &&
		    (rights_offices(r, c.agency) & MAY_SPEAK) == 0) {
			e = fault_set(why, ERR_DENIED,
			    "logs[%zu]: no right to speak of %.*s", i,
			    (int)c.agency.len, (const char *)c.agency.at);
			break;
		}
		e = replica_claim_put(b, &c, now_us, &a, why);
		to = json_object();
		json_put_text(to, "agency", c.agency);
		json_object_set_new(to, "agrees", json_boolean(a.agrees));
		json_put_int(to, "behind", (int64_t)a.behind);
		(void)json_array_append_new(answers, to);
	}
	if (e == ERR_OK) {
		*out = json_object();
		json_object_set(*out, "logs", answers);
	}
out:
	json_decref(answers);
	json_decref(o);
	buf_clear(&root);
	return e;
}
