/*
 * proc/rules.c: the process that judges.
 *
 * Holds    the register database, read-only; the regulation.
 * Reads    which tables changed, from book; the clock.
 * Asks     book, to store what became new. Nothing else.
 * Leaves   every writing handle, the network, the vault, the keys.
 * Fence    user beimen-rules, reading files of the book folder.
 *
 * A clause runs again when a table its check reads has changed, or when time
 * alone changes one of its rows (judge.h: next_us). Where counts of records
 * alone have moved, as they do every five seconds under load, it waits in
 * proportion to what it costs, so that judging takes at most a fiftieth of a
 * core however many agencies there are.
 */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/when.h"
#include "book/book.h"
#include "proc/roles.h"
#include "proc/share.h"
#include "rules/changes.h"
#include "rules/judge.h"

#define TICK_US (WHEN_SECOND / 4)
#define AGAIN_US (5 * WHEN_SECOND) /* after a failure */
#define COUNT_SHARE 50 /* of the time, for news that are counts alone */
#define COUNT_LEAST_US (5 * WHEN_SECOND)
#define COUNT_MOST_US (60 * WHEN_SECOND)

struct due {
	const struct clause *clause;
	struct check *check; /* NULL: none, or refused */
	int64_t at_us; /* when to run it; 0: now; WHEN_NEVER */
	int64_t ran_us, cost_us; /* the last run, and how long it took */
};

struct rules_state {
	struct child *child;
	struct schema *schema;
	struct pack *pack;
	struct book *book;
	struct due *due;
	size_t n;
	struct loop_timer tick;
	json_t *news; /* for book: the objects of rules/changes.h */
	int64_t next_us;
};

static int64_t
now(void)
{
	return env_system()->ops->now_us(env_system());
}

enum err
rules_proc_load(struct child *c, struct fault *why)
{
	struct rules_state *s = calloc(1, sizeof *s);
	enum err e;

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	s->child = c;
	c->state = s;
	if ((e = share_registers(c->config, &s->schema, why)) != ERR_OK)
		return e;
	return share_pack(c->config, &s->pack, why);
}

/* Every clause that has a verdict, due at once; checks tell what they read. */
static enum err
due_make(struct rules_state *s, struct fault *why)
{
	size_t n = pack_count(s->pack);

	s->due = calloc(n == 0 ? 1 : n, sizeof *s->due);
	if (s->due == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	for (size_t i = 0; i < n; i++) {
		const struct clause *c = pack_at(s->pack, i);
		struct due *d = &s->due[s->n];

		if (!clause_judged(c))
			continue;
		*d = (struct due){ .clause = c };
		if (c->sql != NULL && c->refused == NULL &&
		    check_prepare(book_db(s->book), c, CHECK_LIMIT_MS,
			&d->check, why) != ERR_OK)
			child_log(s->child, "%s", why->text);
		s->n++;
	}
	return ERR_OK;
}

enum err
rules_proc_start(struct child *c, struct fault *why)
{
	struct rules_state *s = c->state;
	struct buf path;
	enum err e;

	buf_init(&path, 4096);
	e = child_path(c, "book/book.db", &path, why);
	if (e == ERR_OK)
		e = book_open(buf_string(&path), SQL_READ, s->schema,
		    json_get_text(c->config, "city", NULL), &s->book, why);
	buf_clear(&path);
	return e == ERR_OK ? due_make(s, why) : e;
}

/* ---- judging ---- */

static enum err
judged_take(void *arg, const struct judged *j, struct fault *why)
{
	struct rules_state *s = arg;
	json_t *o = NULL;
	enum err e = rules_changes(book_db(s->book), j, now(), &o, why);

	s->next_us = j->next_us;
	if (e != ERR_OK || o == NULL)
		return e;
	json_put_int(o, "chapter", j->clause->chapter);
	if (json_array_append_new(s->news, o) != 0)
		return fault_set(why, ERR_MEMORY, "verdicts");
	return ERR_OK;
}

/* Runs one clause; its news wait in s->news. */
static void
clause_run(struct rules_state *s, struct due *d)
{
	struct judge_ask ask = {
		.at_us = now(), .clause = d->clause, .memory = true
	};
	int64_t began_us = loop_clock(NULL);
	struct fault why;
	enum err e;

	s->next_us = WHEN_NEVER;
	e = rules_judge(book_db(s->book), s->pack, &ask, judged_take, s, &why);
	d->ran_us = ask.at_us;
	d->cost_us = loop_clock(NULL) - began_us;
	if (e == ERR_OK) {
		d->at_us = s->next_us;
		return;
	}
	child_log(s->child, "%s: %s", d->clause->id, why.text);
	d->at_us = now() + AGAIN_US;
}

/* Sends what is new; what book could not take is judged again. */
static void
news_send(struct rules_state *s)
{
	struct buf b;
	struct fault why;

	if (json_array_size(s->news) == 0)
		return;
	buf_init(&b, WIRE_WHOLE);
	json_canonical(&b, s->news);
	if (child_ask(s->child, ROLE_BOOK, BOOK_VERDICTS, buf_view(&b),
		CHILD_ASK_MS, true, NULL, &why) != ERR_OK) {
		child_log(s->child, "verdicts not stored: %s", why.text);
		for (size_t i = 0; i < s->n; i++)
			if (s->due[i].at_us > now() + AGAIN_US)
				s->due[i].at_us = now() + AGAIN_US;
	}
	(void)json_array_clear(s->news);
	buf_clear(&b);
}

static void
tick(void *arg)
{
	struct rules_state *s = arg;
	struct fault why;

	for (size_t i = 0; i < s->n; i++)
		if (s->due[i].at_us <= now())
			clause_run(s, &s->due[i]);
	news_send(s);
	if (loop_arm(s->child->loop, &s->tick, TICK_US, tick, s, &why) !=
	    ERR_OK)
		child_log(s->child, "%s", why.text);
}

enum err
rules_proc_ready(struct child *c, struct fault *why)
{
	struct rules_state *s = c->state;

	if ((s->news = json_array()) == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	return loop_arm(c->loop, &s->tick, 0, tick, s, why);
}

void
rules_proc_stop(struct child *c)
{
	struct rules_state *s = c->state;

	for (size_t i = 0; i < s->n; i++)
		check_free(s->due[i].check);
	free(s->due);
	json_decref(s->news);
	book_close(s->book);
	pack_free(s->pack);
	schema_free(s->schema);
	free(s);
}

/* A table whose rows move with every record, and which therefore only counts
 * (a detection or a loss is none: it is judged at once). */
static bool
table_counts(const char *name)
{
	return strcmp(name, "rollup_hour") == 0 ||
	    strcmp(name, "rollup_day") == 0 || strcmp(name, "source") == 0 ||
	    strcmp(name, "stream") == 0 || strcmp(name, "disk") == 0;
}

/* When a clause is to run for this table's news. */
static int64_t
due_for(const struct due *d, const char *table)
{
	int64_t wait = d->cost_us * COUNT_SHARE;

	if (!table_counts(table) || d->ran_us == 0)
		return 0;
	if (wait < COUNT_LEAST_US)
		wait = COUNT_LEAST_US;
	return d->ran_us + (wait < COUNT_MOST_US ? wait : COUNT_MOST_US);
}

/* A note: JSON array of table names. A new agency concerns every clause. */
enum err
on_rules_changed(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct rules_state *s = c->state;
	json_t *tables = NULL, *t;
	size_t i;
	enum err e = json_read(cursor_rest(ask), &tables, why);

	(void)who;
	(void)answer;
	if (e != ERR_OK)
		return e;
	json_array_foreach(tables, i, t) {
		const char *name = json_string_value(t);

		for (size_t k = 0; name != NULL && k < s->n; k++) {
			struct due *d = &s->due[k];
			int64_t at = due_for(d, name);

			if ((strcmp(name, "agency") == 0 ||
				(d->check != NULL &&
				    check_reads(d->check, name))) &&
			    at < d->at_us)
				d->at_us = at;
		}
	}
	json_decref(tables);
	return ERR_OK;
}
