/*
 * proc/keeper.c: the process that keeps the records.
 *
 * Holds    the vault folder; it alone writes there.
 * Reads    batches of records from intake, gate and reader.
 * Asks     book, to store roll-ups, detections, heads and segments, and for
 *          the rules by which senders belong to agencies. It never waits for
 *          book: acknowledging goes on while book thinks or is restarted.
 * Leaves   the network, the registers, the keys.
 * Fence    user beimen-keeper, files of the vault folder, no sockets.
 *
 * A batch is staged when it comes and acknowledged after the round's one sync
 * (group commit). What book must hear goes as one errand at a time, in
 * proc/keeper_errand.c; checking what is stored in proc/keeper_verify.c.
 */
#include "proc/keeper.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "book/start.h"
#include "call/append.h"
#include "proc/keeper_values.h"
#include "proc/roles.h"
#include "proc/self.h"
#include "proc/share.h"

#define TICK_US WHEN_SECOND
#define GROUP_US (5 * INT64_C(1000)) /* between two syncs, at least … */
#define GROUP_BYTES ((size_t)1 << 20) /* … unless so much waits, */
#define GROUP_ASKS 8U /* or so many */

/* Whose a sender is, by book's rules; the first agency's when none fits. */
static void
home(void *arg, struct span sender, struct span host, struct source_home *out)
{
	struct keeper *k = arg;
	const struct source_rule *r = k->rules == NULL
	    ? NULL
	    : source_match(k->rules, sender, host);

	*out = (struct source_home){
		.agency = r == NULL ? START_AGENCY : r->agency,
		.log_source = r == NULL ? NULL : r->key,
		.keep_days = r == NULL ? 0 : r->keep_days,
	};
}

void
keeper_rules_take(struct keeper *k, struct source_rules *rules)
{
	source_rules_free(k->rules);
	k->rules = rules;
	vault_home_changed(k->vault);
}

/* ---- accepting ---- */

/* Reads the records of an ask into k->batch. */
static enum err
batch_read(struct keeper *k, const struct caller *who,
    const struct append_ask *a, struct fault *why)
{
	struct cursor rows = cursor_of(a->rows);
	bool ours = who->role == ROLE_GATE || who->role == ROLE_READER;
	enum err e;

	for (uint32_t i = 0; i < a->n; i++) {
		struct event *ev = &k->batch[i];
		struct span row = cursor_block(&rows, WIRE_MAX);

		if (rows.bad)
			return fault_set(
			    why, ERR_SYNTAX, "a batch ends inside a record");
		k->row[i] = row;
		if ((e = event_decode(row, ev, why)) != ERR_OK)
			return e;
		/* Only our own processes speak in Beimen's own name. */
		if (!ours &&
		    (span_is(ev->sender, "beimen") || ev->via == VIA_SELF))
			return fault_set(why, ERR_DENIED,
			    "a record from outside in Beimen's name");
	}
	if (!cursor_done(&rows))
		return fault_set(why, ERR_SYNTAX, "a batch with a tail");
	return ERR_OK;
}

/* Reads the parts of an ask into k->part. */
static void
parts_read(struct keeper *k, const struct append_ask *a)
{
	struct cursor c = a->parts;
	struct append_part p = { .n = 0 };

	for (uint32_t i = 0; i < a->n_parts; i++) {
		append_part_read(&c, &p);
		k->part[i] = (struct vault_part){ p.first, p.n, p.id };
		k->known[i] = false;
	}
}

/* The answer: a bit for each part that was stored before. */
static void
known_print(const struct keeper *k, uint32_t n, struct buf *answer)
{
	for (uint32_t i = 0; i < n; i += 8) {
		unsigned bits = 0;

		for (uint32_t j = i; j < i + 8 && j < n; j++)
			bits |= k->known[j] ? 0x80U >> (j - i) : 0;
		buf_u8(answer, (uint8_t)bits);
	}
}

/* Ask: call/append.h. Answered after the round's sync. */
enum err
on_keeper_append(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct keeper *k = c->state;
	struct append_ask a;
	struct vault_batch b = { .ev = k->batch,
		.row = k->row,
		.part = k->part,
		.known = k->known };
	bool repeated = false;
	enum err e;

	if ((e = append_read(cursor_rest(ask), &a, why)) != ERR_OK)
		return e;
	if (who->role != ROLE_GATE && who->role != ROLE_READER &&
	    (e = vault_room(k->vault, a.rows.len, why)) != ERR_OK)
		return e;
	if ((e = batch_read(k, who, &a, why)) != ERR_OK)
		return e;
	parts_read(k, &a);
	b.epoch = a.epoch;
	b.number = a.batch;
	b.after = a.after;
	b.n = a.n;
	b.n_parts = a.n_parts;
	if ((e = vault_put(k->vault, &b, NULL, &repeated, why)) != ERR_OK)
		return e;
	known_print(k, a.n_parts, answer);
	k->waiting++;
	return (enum err)ERR_LATER;
}

/* One sync for all who wait, then their answers. */
static void
group_commit(struct keeper *k)
{
	struct child *c = k->child;
	struct fault why = { .code = ERR_OK };
	enum err e = vault_sync(k->vault, &why);

	k->waiting = 0;
	k->synced_us = loop_clock(NULL);
	if (e != ERR_OK)
		child_log(c, "records not accepted: %s", why.text);
	child_answer_late(c, e, &why);
	if (e == ERR_IO) /* fail-stop: a new process reads what the disk has */
		c->quitting = true;
	if (e == ERR_OK && k->trim_due) {
		k->trim_due = false;
		if (vault_trim(k->vault, &why) != ERR_OK)
			child_log(c, "after sealing: %s", why.text);
	}
}

static void
group_late(void *arg)
{
	struct keeper *k = arg;

	if (k->waiting > 0)
		group_commit(k);
}

/*
 * After a round. Under load a sync waits a little for more to join it: each
 * costs the processor and the disk the same for one batch or for many. A
 * batch that comes alone is synced at once.
 */
static void
round_end(struct child *c)
{
	struct keeper *k = c->state;
	int64_t now_us = loop_clock(NULL), until_us = k->synced_us + GROUP_US;
	struct fault why;

	if (k->waiting == 0)
		return;
	if (vault_staged(k->vault) < GROUP_BYTES && k->waiting < GROUP_ASKS &&
	    now_us < until_us &&
	    loop_arm(c->loop, &k->group, until_us - now_us, group_late, k,
		&why) == ERR_OK)
		return;
	loop_disarm(c->loop, &k->group);
	group_commit(k);
}

/* Ask: socket, u64 lost. A note. */
enum err
on_keeper_loss(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct keeper *k = c->state;
	struct span socket = cursor_block(ask, 64);
	uint64_t lost = cursor_u64(ask);

	(void)who;
	(void)answer;
	if (!cursor_done(ask))
		return fault_set(why, ERR_SYNTAX, "not a loss");
	if (k->lost == 0)
		memcpy(k->lost_socket, socket.at, socket.len);
	k->lost += lost;
	return ERR_OK;
}

/* Ask: JSON of what intake could not read, by sender and reason. A note; it
 * is shown, not judged. */
enum err
on_keeper_counts(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct keeper *k = c->state;
	json_t *counts = NULL;
	enum err e = json_read(cursor_rest(ask), &counts, why);

	(void)answer;
	if (e != ERR_OK)
		return e;
	json_decref(k->counts[who->role]);
	k->counts[who->role] = counts;
	return ERR_OK;
}

/* ---- sealing ---- */

/* Seals one segment; what it cannot is logged and tried again later. */
static bool
seal_one(struct keeper *k, uint32_t stream)
{
	const struct segment_info *info;
	struct fault why;
	enum err e = vault_seal(k->vault, stream, &info, &why);

	if (e == ERR_OK)
		return true;
	if (e != ERR_NOT_FOUND)
		child_log(k->child, "sealing %s: %s",
		    vault_stream_at(k->vault, stream)->name, why.text);
	return false;
}

/* Ask: part of stream names (empty: all). Answer: u64 segments sealed. */
enum err
on_keeper_seal(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct keeper *k = c->state;
	struct span part = cursor_rest(ask);
	char *text = arena_text(c->arena, part);
	uint64_t n = 0;

	(void)who;
	if (text == NULL)
		return fault_set(why, ERR_MEMORY, "seal");
	if (!keeper_seal_idle(k))
		return fault_set(
		    why, ERR_STATE, "a segment is being made; ask again");
	for (uint32_t i = 0; i < vault_streams(k->vault); i++) {
		struct span name = span_text(
		    vault_stream_at(k->vault, i)->name);

		if (span_find_text(name, text) == SIZE_MAX)
			continue;
		while (seal_one(k, i))
			n++;
	}
	buf_u64(answer, n);
	keeper_errand_next(k);
	return ERR_OK;
}

/* What no receiver could read, all receivers together. */
static json_t *
unread(const struct keeper *k)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < ROLE_N; i++)
		if (json_is_array(k->counts[i]))
			(void)json_array_extend(all, k->counts[i]);
	return all;
}

/* Answer: JSON of vault_stat. */
enum err
on_keeper_stat(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct keeper *k = c->state;
	struct vault_stat s;
	json_t *o = json_object();

	(void)who;
	(void)ask;
	(void)why;
	vault_stat(k->vault, &s);
	json_put_int(o, "inbox_bytes", (int64_t)s.inbox_bytes);
	json_put_int(o, "inbox_records", (int64_t)s.inbox_records);
	json_put_int(o, "records", (int64_t)s.records);
	json_put_int(o, "repeats", (int64_t)s.repeats);
	json_put_int(o, "detector_dropped", (int64_t)s.detector_dropped);
	json_put_int(o, "clock_held_us", s.clock_held_us);
	json_object_set_new(o, "failed", json_boolean(s.failed));
	json_object_set_new(o, "unread", unread(k));
	json_canonical(answer, o);
	json_decref(o);
	return ERR_OK;
}

/* ---- the clock's work ---- */

/* A record of our own: the wall clock moved by so much against the one that
 * only counts (D11: a jump is an event). */
static void
jump_record(struct keeper *k, int64_t by_us)
{
	struct self_event what = { .category = CAT_OTHER,
		.what = "clock-jump" };
	struct event ev;
	struct buf raw, detail;
	struct fault why;
	bool repeated;
	enum err e;

	buf_init(&raw, EVENT_RAW_MAX);
	buf_init(&detail, 64);
	buf_printf(&detail, "%+lld seconds", (long long)(by_us / WHEN_SECOND));
	what.detail = buf_string(&detail);
	e = self_event_make(k->child, &what, &raw, &ev, &why);
	if (e == ERR_OK)
		e = vault_append(k->vault, 0, 0, &ev, 1, NULL, &repeated, &why);
	if (e == ERR_OK)
		k->waiting++;
	else
		child_log(k->child, "clock: %s", why.text);
	buf_clear(&detail);
	buf_clear(&raw);
}

static void
tick(void *arg)
{
	struct keeper *k = arg;
	int64_t jump_us;
	struct fault why;

	if ((jump_us = clock_look(
		 &k->clock, keeper_now(k), loop_clock(NULL))) != 0)
		jump_record(k, jump_us);
	keeper_seal_next(k);
	keeper_keys_tick(k);
	keeper_verify_step(k);
	keeper_errand_tick(k);
	if (loop_arm(k->child->loop, &k->tick, TICK_US, tick, k, &why) !=
	    ERR_OK)
		child_log(k->child, "%s", why.text);
}

int64_t
keeper_now(const struct keeper *k)
{
	return k->env->ops->now_us(k->env);
}

/* ---- life ---- */

/* Says what opening found: damage is told, never passed over. */
static void
found_log(struct child *c, const struct vault_found *f)
{
	for (uint32_t i = 0; i < f->inbox.n_damages && i < INBOX_DAMAGES; i++)
		child_log(c, "%s", f->inbox.damage[i].text);
	for (uint32_t i = 0; i < f->n_losses && i < 8; i++)
		child_log(c, "lost: %s", f->loss[i]);
	if (f->inbox.torn > 0)
		child_log(c,
		    "an unfinished write of %llu bytes was cut off "
		    "(nothing of it was acknowledged)",
		    (unsigned long long)f->inbox.torn);
	if (f->catalogue_rebuilt)
		child_log(c, "the vault's catalogue was made anew");
}

enum err
keeper_proc_load(struct child *c, struct fault *why)
{
	struct keeper *k = calloc(1, sizeof *k);

	if (k == NULL)
		return fault_set(why, ERR_MEMORY, "keeper");
	c->state = k;
	if (share_detections(c->config, NULL, &k->detections, why) != ERR_OK)
		return why->code;
	return keeper_keep_load(k, c->config, why);
}

/* The stream key to seal a class under now. */
static bool
key_for(void *arg, enum event_class class, int64_t now_us,
    struct segment_crypt *out)
{
	const struct keeper *k = arg;

	return k->keys != NULL && vaultkeys_for(k->keys, class, now_us, out);
}

enum err
keeper_proc_start(struct child *c, struct fault *why)
{
	struct keeper *k = c->state;
	struct vault_options o = { .home = home };
	struct vault_found found;
	struct buf path;
	enum err e;

	if ((k->batch = calloc(APPEND_ROWS_MAX, sizeof *k->batch)) == NULL ||
	    (k->row = calloc(APPEND_ROWS_MAX, sizeof *k->row)) == NULL ||
	    (k->part = calloc(APPEND_PARTS_MAX, sizeof *k->part)) == NULL ||
	    (k->known = calloc(APPEND_PARTS_MAX, sizeof *k->known)) == NULL)
		return fault_set(why, ERR_MEMORY, "keeper");
	c->round_end = round_end;
	k->child = c;
	k->env = env_system();
	k->dir = k->keys_dir = -1;
	o.home_arg = k;
	o.agency = START_AGENCY;
	o.rules = k->detections;
	o.reserve = (uint64_t)json_get_int(c->config, "reserve_mib", 64) << 20;
	o.seal_us = json_get_int(c->config, "seal_minutes", 60) * WHEN_MINUTE;
	memcpy(o.keep_days, k->least_days, sizeof o.keep_days);
	o.keep_days[CLASS_GENERAL] = (unsigned)json_get_int(
	    c->config, "keep_general_days", 60);
	o.keep_days[CLASS_PERSONAL] = (unsigned)json_get_int(
	    c->config, "keep_personal_days", 180);
	buf_init(&path, 4096);
	e = child_path(c, "vault", &path, why);
	if (e == ERR_OK)
		e = k->env->ops->open_dir(
		    k->env, AT_FDCWD, buf_string(&path), false, &k->dir, why);
	if (e == ERR_OK)
		e = keeper_rules_load(k, why);
	if (e == ERR_OK)
		e = keeper_values_load(k, why);
	if (e == ERR_OK)
		e = keeper_keys_start(k, why);
	o.keyring = k->keys;
	o.key = key_for;
	o.key_arg = k;
	if (e == ERR_OK)
		e = vault_open(k->env, k->dir, &o, &k->vault, &found, why);
	if (e == ERR_OK) {
		found_log(c, &found);
		e = view_open(k->env, k->dir, &k->view, why);
	}
	if (e == ERR_OK)
		view_keys(k->view, k->keys);
	buf_clear(&path);
	return e;
}

enum err
keeper_proc_ready(struct child *c, struct fault *why)
{
	struct keeper *k = c->state;

	return loop_arm(c->loop, &k->tick, 0, tick, k, why);
}

void
keeper_proc_stop(struct child *c)
{
	struct keeper *k = c->state;
	struct fault why;

	if (k->waiting > 0 && vault_sync(k->vault, &why) != ERR_OK)
		child_log(c, "%s", why.text);
	view_close(k->view);
	vault_close(k->vault);
	keeper_keys_stop(k);
	sigma_free(k->detections);
	source_rules_free(k->rules);
	holds_free(k->holds);
	for (unsigned i = 0; i < ROLE_N; i++)
		json_decref(k->counts[i]);
	free(k->batch);
	free(k->row);
	free(k->part);
	free(k->known);
	free(k);
}
