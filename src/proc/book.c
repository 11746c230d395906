/*
 * proc/book.c: the process that writes the register database.
 *
 * Holds    the database, read and write; it numbers every log's leaves.
 * Reads    commands from web and the command line, reports from keeper,
 *          verdicts from rules.
 * Asks     gate, whose session it is; signer, to sign new heads.
 *          Tells rules which tables changed.
 * Leaves   the network, the vault, every key.
 * Fence    user beimen-book, files of the book folder, no sockets.
 */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/when.h"
#include "book/entry.h"
#include "book/hold.h"
#include "book/import.h"
#include "book/log.h"
#include "book/silent.h"
#include "book/source.h"
#include "book/start.h"
#include "book/streamkey.h"
#include "book/verdict.h"
#include "proc/api.h"
#include "proc/book.h"
#include "proc/roles.h"
#include "proc/share.h"
#include "proc/told.h"

#define TICK_US (WHEN_SECOND / 2)
#define HEADS_US (5 * WHEN_SECOND) /* W */
#define TRIM_US WHEN_HOUR
#define SILENT_US WHEN_MINUTE
#define SILENT_FROM_US (10 * WHEN_MINUTE) /* senders may come back first */

static int64_t
now(void)
{
	return env_system()->ops->now_us(env_system());
}

/* ---- life ---- */

enum err
book_proc_load(struct child *c, struct fault *why)
{
	struct book_state *s = calloc(1, sizeof *s);

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "book");
	s->child = c;
	c->state = s;
	return share_registers(c->config, &s->schema, why);
}

enum err
book_proc_start(struct child *c, struct fault *why)
{
	struct book_state *s = c->state;
	struct buf path;
	enum err e;

	buf_init(&path, 4096);
	e = child_path(c, "book/book.db", &path, why);
	if (e == ERR_OK)
		e = book_open(buf_string(&path), SQL_WRITE, s->schema,
		    json_get_text(c->config, "city", NULL), &s->book, why);
	buf_clear(&path);
	return e;
}

/* What the signer is asked: the head, with the proof from `old` leaves on. */
static void
head_print(struct unsigned_copy *to, uint64_t old, const struct hash *proof,
    unsigned n)
{
	buf_reset(&to->ask);
	buf_block(&to->ask, buf_view(&to->origin));
	buf_u64(&to->ask, old);
	buf_u64(&to->ask, to->size);
	buf_add(&to->ask, to->root.at, HASH_LEN);
	buf_u8(&to->ask, (uint8_t)n);
	for (unsigned i = 0; i < n; i++)
		buf_add(&to->ask, proof[i].at, HASH_LEN);
}

/* One head that wants signing, kept until the list is whole. */
static enum err
head_sign(void *arg, const struct log_unsigned *u, struct fault *why)
{
	struct book_state *s = arg;
	struct unsigned_copy *to;

	(void)why;
	if (s->n_heads == BOOK_HEADS_MAX)
		return ERR_OK; /* the next tick goes on */
	to = &s->head[s->n_heads++];
	buf_reset(&to->agency);
	buf_span(&to->agency, u->agency);
	buf_reset(&to->origin);
	buf_span(&to->origin, u->origin);
	to->size = u->size;
	to->root = u->root;
	head_print(to, u->old_size, u->proof, u->n_proof);
	return ERR_OK;
}

/*
 * The signer has a later head than the last note here: we went down between
 * the two. The leaves it signed are in this log, for they were durable before
 * it was asked; the proof from its own head on shows that.
 */
static enum err
head_again(struct book_state *s, struct unsigned_copy *u, struct buf *note,
    struct fault *why)
{
	struct hash path[MERKLE_DEPTH];
	struct buf ask, got;
	struct cursor c;
	uint64_t last;
	unsigned n;
	enum err e;

	buf_init(&ask, 1024);
	buf_init(&got, 1024);
	buf_block(&ask, buf_view(&u->origin));
	e = child_ask(s->child, ROLE_SIGNER, SIGNER_LAST, buf_view(&ask),
	    CHILD_ASK_MS, false, &got, why);
	c = cursor_of(buf_view(&got));
	last = cursor_u64(&c);
	if (e == ERR_OK && last > u->size)
		e = fault_set(why, ERR_PROOF,
		    "the signer has signed %llu leaves, this log has %llu: "
		    "some are lost",
		    (unsigned long long)last, (unsigned long long)u->size);
	if (e == ERR_OK)
		e = book_log_consistency(s->book, buf_view(&u->agency), last,
		    u->size, path, &n, why);
	if (e == ERR_OK) {
		head_print(u, last, path, n);
		buf_reset(note);
		e = child_ask(s->child, ROLE_SIGNER, SIGNER_HEAD,
		    buf_view(&u->ask), CHILD_ASK_MS, false, note, why);
	}
	buf_clear(&ask);
	buf_clear(&got);
	return e;
}

void
book_sign(struct book_state *s)
{
	struct fault why;
	struct buf note;

	s->n_heads = 0;
	if (book_unsigned(s->book, head_sign, s, &why) != ERR_OK) {
		child_log(s->child, "heads to sign: %s", why.text);
		return;
	}
	buf_init(&note, 1 << 16);
	for (unsigned i = 0; i < s->n_heads; i++) {
		struct unsigned_copy *u = &s->head[i];
		enum err e;

		buf_reset(&note);
		e = child_ask(s->child, ROLE_SIGNER, SIGNER_HEAD,
		    buf_view(&u->ask), CHILD_ASK_MS, false, &note, &why);
		if (e == ERR_PROOF)
			e = head_again(s, u, &note, &why);
		if (e == ERR_OK)
			e = book_checkpoint_store(s->book, buf_view(&u->agency),
			    buf_view(&note), now(), &why);
		if (e != ERR_OK)
			child_log(s->child, "head of %s not signed: %s",
			    buf_string(&u->agency), why.text);
	}
	buf_clear(&note);
}

/* Tells rules what changed, if anything did. */
void
book_tell(struct book_state *s)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	if (book_changed(s->book, &b)) {
		if (span_find_text(buf_view(&b), "\"log_source\"") !=
			SIZE_MAX ||
		    span_find_text(buf_view(&b), "\"legal_hold\"") !=
			SIZE_MAX ||
		    span_find_text(buf_view(&b), "\"host\"") != SIZE_MAX)
			s->sources_version++;
		child_note(s->child, ROLE_RULES, RULES_CHANGED, buf_view(&b));
	}
	buf_clear(&b);
}

static void
tick(void *arg)
{
	struct book_state *s = arg;
	int64_t at = loop_clock(NULL);
	struct fault why = { .code = ERR_OK };
	uint64_t silent;
	enum err e = ERR_OK;

	if (at - s->heads_us > HEADS_US) {
		s->heads_us = at;
		e = evidence_heads(s->book, NULL, 0, now(), &why);
	}
	if (e == ERR_OK && at - s->trim_us > TRIM_US) {
		s->trim_us = at;
		e = evidence_trim(s->book, now(), &why);
	}
	if (e == ERR_OK && at - s->began_us > SILENT_FROM_US &&
	    at - s->silent_us > SILENT_US) {
		s->silent_us = at;
		e = silent_look(s->book, now(), &silent, &why);
	}
	if (e != ERR_OK)
		child_log(s->child, "%s", why.text);
	if (sql_is_broken(book_db(s->book))) {
		child_log(s->child, "a sync of the database failed: stopping");
		s->child->quitting = true; /* a new one reads the disk */
		return;
	}
	book_sign(s);
	book_tell(s);
	if (loop_arm(s->child->loop, &s->tick, TICK_US, tick, s, &why) !=
	    ERR_OK)
		child_log(s->child, "%s", why.text);
}

enum err
book_proc_ready(struct child *c, struct fault *why)
{
	struct book_state *s = c->state;

	for (unsigned i = 0; i < BOOK_HEADS_MAX; i++) {
		buf_init(&s->head[i].agency, 64);
		buf_init(&s->head[i].origin, 512);
		buf_init(&s->head[i].ask, 8192);
	}
	s->began_us = loop_clock(NULL);
	s->sources_version = (uint64_t)now(); /* another than the last run's */
	return loop_arm(c->loop, &s->tick, TICK_US, tick, s, why);
}

void
book_proc_stop(struct child *c)
{
	struct book_state *s = c->state;

	for (unsigned i = 0; i < BOOK_HEADS_MAX; i++) {
		buf_clear(&s->head[i].agency);
		buf_clear(&s->head[i].origin);
		buf_clear(&s->head[i].ask);
	}
	book_close(s->book);
	schema_free(s->schema);
	free(s);
}

/* ---- the first start ---- */

/* Ask: host name. Answer: u8 whether anything was made. */
enum err
on_book_first(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	struct start start = {
		.agency_zh = span_text(
		    json_get_text(c->config, "agency_name", "")),
		.agency_en = span_text(
		    json_get_text(c->config, "agency_name_en", "")),
		.host = cursor_rest(ask),
	};
	bool made;
	enum err e = book_first_start(s->book, &start, now(), &made, why);

	(void)who;
	if (e != ERR_OK)
		return e;
	s->sources_version++;
	buf_u8(answer, made);
	book_tell(s);
	return ERR_OK;
}

/* ---- what keeper tells ---- */

/* Answer: u64 version, block of rules as JSON, block of the inventory's MAC
 * addresses, holds as JSON. */
enum err
on_book_sources(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	struct buf rules;
	uint64_t changed;
	enum err e;

	(void)who;
	(void)ask;
	buf_u64(answer, s->sources_version);
	buf_init(&rules, WIRE_WHOLE / 2);
	e = source_rules_print(s->book, &rules, why);
	buf_block(answer, buf_view(&rules));
	buf_reset(&rules);
	if (e == ERR_OK)
		e = inventory_print(s->book, &rules, why);
	buf_block(answer, buf_view(&rules));
	buf_clear(&rules);
	if (e == ERR_OK)
		e = holds_print(s->book, answer, why);
	/* What was stored under the old rules moves to its row too. */
	return e == ERR_OK ? source_rematch(s->book, &changed, why) : e;
}

/* Ask: u8 destroyed, name, class, i64 from, i64 until. */
enum err
on_book_key(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	bool destroyed = cursor_u8(ask) != 0;
	struct stream_key k = { .name = cursor_block(ask, SCHEMA_KEY_MAX),
		.stream = cursor_block(ask, 64) };

	(void)who;
	(void)answer;
	k.from_us = (int64_t)cursor_u64(ask);
	k.until_us = (int64_t)cursor_u64(ask);
	if (!cursor_done(ask))
		return fault_set(why, ERR_SYNTAX, "not a stream key");
	if (destroyed)
		k.destroyed_us = now();
	return streamkey_tell(s->book, &k, now(), why);
}

/* Answer: u64 position, u64 version of the rules. */
enum err
on_book_report(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	struct stream_report r;
	uint64_t stored;
	enum err e = told_report_read(ask, c->arena, &r, why);

	(void)who;
	if (e == ERR_OK)
		e = evidence_report(s->book, &r, now(), &stored, why);
	if (e != ERR_OK)
		return e;
	buf_u64(answer, stored);
	buf_u64(answer, s->sources_version);
	book_tell(s);
	return ERR_OK;
}

enum err
on_book_heads(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	const struct stream_head *h;
	size_t n;
	enum err e = told_heads_read(ask, c->arena, &h, &n, why);

	(void)who;
	(void)answer;
	return e == ERR_OK ? evidence_heads(s->book, h, n, now(), why) : e;
}

/* Ask: i64 at, u64 lost, socket. */
enum err
on_book_loss(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	int64_t at_us = (int64_t)cursor_u64(ask);
	uint64_t lost = cursor_u64(ask);
	struct span socket = cursor_rest(ask);

	(void)who;
	(void)answer;
	if (ask->bad)
		return fault_set(why, ERR_SYNTAX, "not a loss");
	return evidence_loss(s->book, at_us, socket, lost, why);
}

/* Ask: i64 at, u64 free, u64 used. */
enum err
on_book_disk(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	int64_t at_us = (int64_t)cursor_u64(ask);
	uint64_t free_bytes = cursor_u64(ask), used = cursor_u64(ask);

	(void)who;
	(void)answer;
	if (!cursor_done(ask))
		return fault_set(why, ERR_SYNTAX, "not a disk");
	return evidence_disk(s->book, at_us, free_bytes, used, 0, why);
}

enum err
on_book_segment_add(struct child *c, const struct caller *who,
    struct cursor *ask, struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	struct segment_report r;
	uint64_t leaf;
	enum err e = told_segment_read(ask, c->arena, &r, why);

	(void)who;
	if (e == ERR_OK)
		e = evidence_segment(s->book, &r, now(), &leaf, why);
	if (e != ERR_OK)
		return e;
	buf_u64(answer, leaf);
	book_sign(s); /* a proof can be had at once */
	book_tell(s);
	return ERR_OK;
}

/* Ask: file hash, ground. */
enum err
on_book_segment_gone(struct child *c, const struct caller *who,
    struct cursor *ask, struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	struct span name = cursor_take(ask, HASH_LEN);
	struct span ground = cursor_rest(ask);
	struct hash file;

	(void)who;
	(void)answer;
	if (ask->bad)
		return fault_set(why, ERR_SYNTAX, "not a segment");
	memcpy(file.at, name.at, HASH_LEN);
	return evidence_segment_gone(s->book, &file, ground, now(), why);
}

enum err
on_book_verified(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	struct told_verify v;
	enum err e = told_verify_read(ask, c->arena, &v, why);

	(void)who;
	(void)answer;
	if (e == ERR_OK)
		e = evidence_verify(s->book, &v.run, why);
	for (size_t i = 0; i < v.n_damages && e == ERR_OK; i++) {
		e = evidence_segment_damaged(s->book, &v.damage[i].file,
		    v.damage[i].detail, v.run.at_us, why);
		if (e == ERR_NOT_FOUND) /* sealed, not yet in the catalogue */
			e = ERR_OK;
	}
	book_tell(s);
	return e;
}

/* ---- what rules found ---- */

/* Ask: JSON array of the objects of rules/changes.h. */
enum err
on_book_verdicts(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct book_state *s = c->state;
	json_t *all = NULL, *one;
	size_t i;
	enum err e = json_read(cursor_rest(ask), &all, why);

	(void)who;
	(void)answer;
	if (e != ERR_OK)
		return e;
	json_array_foreach(all, i, one) {
		e = book_verdicts(s->book, one, now(), NULL, why);
		if (e != ERR_OK)
			break;
	}
	json_decref(all);
	return e;
}
