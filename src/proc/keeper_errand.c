/*
 * proc/keeper_errand.c: what keeper tells book, one thing at a time.
 *
 * Each errand is an ask without waiting; its end chooses the next. An errand
 * that fails is left where it is and tried again with the next tick, from
 * what the vault still holds: nothing is forgotten before book has it.
 */
#include <string.h>

#include "proc/keeper.h"
#include "proc/keeper_values.h"
#include "proc/told.h"

#define CYCLE_US (5 * WHEN_SECOND) /* W: roll-ups and heads */
#define DISK_US (10 * WHEN_MINUTE)
#define RULES_FILE "rules"
#define RULES_MAX ((size_t)8 << 20)

/* ---- who belongs to whom ---- */

/* Writes the rules down for the next start. */
static enum err
rules_save(struct keeper *k, struct span json, struct fault *why)
{
	const struct env_ops *o = k->env->ops;
	int fd;
	enum err e;

	(void)o->unlink(k->env, k->dir, RULES_FILE ".new", NULL);
	e = o->open(k->env, k->dir, RULES_FILE ".new", ENV_CREATE, &fd, why);
	if (e != ERR_OK)
		return e;
	if ((e = o->write(k->env, fd, json, why)) == ERR_OK)
		e = o->sync(k->env, fd, why);
	o->close(k->env, fd);
	if (e == ERR_OK)
		e = o->rename(
		    k->env, k->dir, RULES_FILE ".new", RULES_FILE, why);
	return e == ERR_OK ? o->sync(k->env, k->dir, why) : e;
}

enum err
keeper_rules_load(struct keeper *k, struct fault *why)
{
	const struct env_ops *o = k->env->ops;
	struct buf b;
	uint64_t len;
	int fd;
	enum err e;

	if (o->open(k->env, k->dir, RULES_FILE, ENV_READ, &fd, why) != ERR_OK)
		return ERR_OK; /* the first start */
	buf_init(&b, RULES_MAX);
	e = o->size(k->env, fd, &len, why);
	if (e == ERR_OK && buf_room(&b, len) == NULL)
		e = fault_set(why, ERR_LIMIT, "vault/" RULES_FILE " too long");
	if (e == ERR_OK)
		e = o->read(k->env, fd, 0, b.at, len, why);
	if (e == ERR_OK) {
		buf_took(&b, len);
		e = source_rules_read(buf_view(&b), &k->rules, why);
	}
	o->close(k->env, fd);
	buf_clear(&b);
	if (e == ERR_DAMAGE || e == ERR_SYNTAX) {
		child_log(k->child,
		    "vault/" RULES_FILE ": %s; book will say "
		    "them again",
		    why->text);
		e = ERR_OK;
	}
	return e;
}

/* Answer: u64 version, block of rules as JSON, block of the inventory's MAC
 * addresses, holds as JSON. */
static enum err
rules_told(struct keeper *k, struct span body, struct fault *why)
{
	struct cursor c = cursor_of(body);
	uint64_t version = cursor_u64(&c);
	struct span json = cursor_block(&c, RULES_MAX);
	struct span macs = cursor_block(&c, RULES_MAX);
	struct source_rules *rules;
	struct holds *holds;
	enum err e = source_rules_read(json, &rules, why);

	if (e != ERR_OK)
		return e;
	if ((e = holds_read(cursor_rest(&c), &holds, why)) != ERR_OK) {
		source_rules_free(rules);
		return e;
	}
	keeper_rules_take(k, rules);
	holds_free(k->holds);
	k->holds = holds;
	k->rules_version = version;
	k->wanted_version = version;
	e = keeper_values_take(k, macs, why);
	return e == ERR_OK ? rules_save(k, json, why) : e;
}

/* ---- roll-ups, detections, sources ---- */

/* The sources that this report's rows speak of. */
static size_t
report_sources(struct keeper *k, const struct vault_report *v, struct arena *a,
    struct source_report **out)
{
	struct source_report *s = arena_array(a, v->n_rows + 1, sizeof *s);
	uint32_t last = 0;
	size_t n = 0;

	for (size_t i = 0; s != NULL && i < v->n_rows; i++) {
		const struct vault_source *from;

		/* Rows are in order of source. */
		if (v->row[i].source == last)
			continue;
		last = v->row[i].source;
		from = sources_at(vault_sources(k->vault), last);
		if (from == NULL)
			continue;
		s[n++] = (struct source_report){ .id = last,
			.agency = span_text(from->agency),
			.log_source = span_text(from->log_source),
			.sender = from->sender,
			.host = from->host,
			.via = from->via,
			.first_us = from->first_us,
			.last_us = from->last_us,
			.records = from->records };
	}
	*out = s;
	return n;
}

static struct rollup_delta *
report_deltas(const struct vault_report *v, struct arena *a)
{
	struct rollup_delta *d = arena_array(a, v->n_rows + 1, sizeof *d);

	for (size_t i = 0; d != NULL && i < v->n_rows; i++) {
		const struct rollup_row *r = &v->row[i];

		d[i] = (struct rollup_delta){ .source = r->source,
			.category = r->category,
			.hour_us = r->hour_us,
			.n = r->n,
			.lacking = r->lacking,
			.first_us = r->first_us,
			.last_us = r->last_us,
			.lacking_us = r->lacking_us };
	}
	return d;
}

/* One detection, the records it cites by their ids. */
static bool
detection_put(struct keeper *k, struct arena *a, const struct detection *from,
    struct detection_report *to)
{
	const char *id = arena_printf(a, "%s.%llu",
	    vault_stream_at(k->vault, from->stream)->name,
	    (unsigned long long)from->seq);
	const char *all = "";

	for (unsigned i = 0; i < from->n_records && all != NULL; i++)
		all = arena_printf(a, "%s%s%s.%llu", all, i == 0 ? "" : " ",
		    vault_stream_at(k->vault, from->record[i].stream)->name,
		    (unsigned long long)from->record[i].seq);
	if (id == NULL || all == NULL)
		return false;
	*to = (struct detection_report){ .source = from->source,
		.rule = span_text(from->rule),
		.subject = span_text(from->subject),
		.user = span_text(from->user),
		.first_us = from->first_us,
		.last_us = from->last_us,
		.count = from->count,
		.record = span_text(id),
		.records = span_text(all) };
	return true;
}

/* What the detectors saw. */
static struct detection_report *
report_detections(
    struct keeper *k, const struct vault_report *v, struct arena *a, size_t *n)
{
	struct detection_report *d = arena_array(
	    a, v->n_detections + 1, sizeof *d);

	*n = 0;
	for (size_t i = 0; d != NULL && i < v->n_detections; i++)
		if (!detection_put(k, a, &v->detection[i], &d[(*n)++]))
			return NULL;
	return d;
}

/* Puts what a stream has new into b; false when there is nothing. */
static bool
report_print(struct keeper *k, uint32_t stream, struct buf *b)
{
	const struct vault_stream *s = vault_stream_at(k->vault, stream);
	struct stream_report r = { .stream = span_text(s->name) };
	struct vault_report v;
	struct source_report *source;
	struct arena *a;
	struct fault why;
	enum err e = vault_report(k->vault, stream, k->from, &v, &why);
	bool good = false;

	if (e == ERR_RANGE)
		child_log(k->child,
		    "records are lost: book has %s up to %llu, "
		    "the vault up to %llu",
		    s->name, (unsigned long long)k->from,
		    (unsigned long long)s->last_seq);
	else if (e != ERR_OK)
		child_log(k->child, "report of %s: %s", s->name, why.text);
	if (e != ERR_OK || v.from == v.to)
		return false;
	if ((a = arena_new((size_t)256 << 20)) == NULL)
		return false;
	r.from = v.from;
	r.to = v.to;
	r.n_sources = report_sources(k, &v, a, &source);
	r.source = source;
	r.delta = report_deltas(&v, a);
	r.n_deltas = v.n_rows;
	r.detection = report_detections(k, &v, a, &r.n_detections);
	if (source != NULL && r.delta != NULL && r.detection != NULL) {
		told_report(b, &r);
		good = buf_error(b) == ERR_OK;
	}
	arena_free(a);
	return good;
}

/* Answer: u64 position stored, u64 version of the rules. */
static void
report_told(struct keeper *k, struct span body)
{
	struct cursor c = cursor_of(body);
	uint64_t at = cursor_u64(&c), version = cursor_u64(&c);
	const struct vault_stream *s = vault_stream_at(k->vault, k->under_way);

	if (!cursor_done(&c))
		return;
	k->wanted_version = version;
	if (at > s->last_seq) {
		child_log(k->child,
		    "records are lost: book has %s up to %llu, "
		    "the vault up to %llu",
		    s->name, (unsigned long long)at,
		    (unsigned long long)s->last_seq);
		k->next++;
		return;
	}
	vault_reported(k->vault, k->under_way, at);
	k->from = at;
	if (at == s->last_seq)
		k->next++;
}

/* ---- heads, segments, disk ---- */

/* Positions of all streams in one number: it moves when any of them does. */
static uint64_t
heads_sum(struct keeper *k)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < vault_streams(k->vault); i++)
		sum += vault_stream_at(k->vault, i)->last_seq + 1;
	return sum;
}

static bool
heads_print(struct keeper *k, struct buf *b)
{
	uint32_t n = vault_streams(k->vault);
	struct arena *a = arena_new((size_t)64 << 20);
	struct stream_head *h = a == NULL ? NULL
					  : arena_array(a, n + 1, sizeof *h);

	for (uint32_t i = 0; h != NULL && i < n; i++) {
		const struct vault_stream *s = vault_stream_at(k->vault, i);

		h[i] = (struct stream_head){ .stream = span_text(s->name),
			.agency = span_text(s->parts.agency),
			.class_name = span_text(
			    event_class_name(s->parts.class)),
			.keep_days = s->parts.keep_days,
			.first_seq = 1,
			.last_seq = s->last_seq,
			.count = s->last_seq,
			.first_us = s->oldest_us,
			.last_us = s->last_us,
			.chain = s->chain };
	}
	if (h != NULL)
		told_heads(b, h, n);
	arena_free(a);
	return h != NULL && n > 0 && buf_error(b) == ERR_OK;
}

static bool
segment_print(struct keeper *k, struct buf *b)
{
	const struct segment_info *info;
	struct segment_report s;
	struct segment_source *from;
	struct arena *a;
	struct fault why;

	if (vault_offer(k->vault, &info, &why) != ERR_OK)
		return false;
	if ((a = arena_new((size_t)256 << 20)) == NULL)
		return false;
	from = arena_array(a, info->n_origins + 1, sizeof *from);
	for (size_t i = 0; from != NULL && i < info->n_origins; i++)
		from[i] = (struct segment_source){ info->origin[i].source,
			info->origin[i].first_us, info->origin[i].last_us,
			info->origin[i].n };
	s = (struct segment_report){ .file = info->name,
		.agency = span_text(info->parts.agency),
		.stream = span_text(info->stream),
		.class_name = span_text(event_class_name(info->parts.class)),
		.keep_days = info->parts.keep_days,
		.first_seq = info->first_seq,
		.n = info->n,
		.blocks = info->blocks,
		.first_us = info->first_us,
		.last_us = info->last_us,
		.sealed_us = info->sealed_us,
		.root = info->root,
		.rollups = info->rollups,
		.source = from,
		.n_sources = info->n_origins };
	if (from != NULL)
		told_segment(b, &s);
	k->segment = info->name;
	arena_free(a);
	return from != NULL && buf_error(b) == ERR_OK;
}

static void
segment_told(struct keeper *k)
{
	struct fault why;
	enum err e = vault_sealed(k->vault, &k->segment, &why);

	/* What is staged goes to the journals before any of them goes. */
	k->trim_due = e == ERR_OK && k->waiting > 0;
	if (e == ERR_OK && !k->trim_due)
		e = vault_trim(k->vault, &why);
	if (e != ERR_OK)
		child_log(k->child, "after sealing: %s", why.text);
}

static bool
gone_print(struct keeper *k, struct buf *b)
{
	const struct segment_info *info;
	struct fault why;

	if (k->holds == NULL ||
	    vault_expired(
		k->vault, keeper_now(k), keeper_hold, k, &info, &why) != ERR_OK)
		return false;
	k->segment = info->name;
	buf_add(b, info->name.at, HASH_LEN);
	buf_printf(b, "kept %u days", info->parts.keep_days);
	return true;
}

/* The entry stands; now the bytes may go. */
static void
gone_told(struct keeper *k)
{
	struct fault why;

	if (vault_delete(k->vault, &k->segment, keeper_now(k), keeper_hold, k,
		&why) != ERR_OK)
		child_log(k->child, "deleting a segment: %s", why.text);
}

static bool
disk_print(struct keeper *k, struct buf *b)
{
	struct vault_stat s;
	uint64_t free_bytes;
	struct fault why;

	if (keeper_now(k) - k->disk_us < DISK_US)
		return false;
	if (k->env->ops->space(k->env, k->dir, &free_bytes, &why) != ERR_OK) {
		child_log(k->child, "%s", why.text);
		return false;
	}
	vault_stat(k->vault, &s);
	buf_u64(b, (uint64_t)keeper_now(k));
	buf_u64(b, free_bytes);
	buf_u64(b, s.inbox_bytes);
	return true;
}

/* ---- one at a time ---- */

enum errand {
	ERRAND_RULES,
	ERRAND_SEGMENT,
	ERRAND_LOSS,
	ERRAND_REPORT,
	ERRAND_HEADS,
	ERRAND_VERIFIED,
	ERRAND_GONE,
	ERRAND_DISK,
	ERRAND_KEY,
	ERRAND_N
};

static const enum call_book errand_call[ERRAND_N] = {
	[ERRAND_RULES] = BOOK_SOURCES,
	[ERRAND_SEGMENT] = BOOK_SEGMENT_ADD,
	[ERRAND_LOSS] = BOOK_LOSS,
	[ERRAND_REPORT] = BOOK_REPORT,
	[ERRAND_HEADS] = BOOK_HEADS,
	[ERRAND_VERIFIED] = BOOK_VERIFIED,
	[ERRAND_GONE] = BOOK_SEGMENT_GONE,
	[ERRAND_DISK] = BOOK_DISK,
	[ERRAND_KEY] = BOOK_KEY,
};

/* The next stream of this cycle with something to report. */
static bool
report_next(struct keeper *k, struct buf *b)
{
	while (k->next < vault_streams(k->vault)) {
		const struct vault_stream *s = vault_stream_at(
		    k->vault, k->next);

		if (k->under_way != k->next) {
			k->under_way = k->next;
			k->from = s->reported_seq;
		}
		if (s->last_seq > k->from && report_print(k, k->next, b))
			return true;
		k->next++;
		buf_reset(b);
	}
	return false;
}

/* Is there such an errand? Its message goes to b. */
static bool
errand_print(struct keeper *k, enum errand which, struct buf *b)
{
	switch (which) {
	case ERRAND_RULES:
		return k->rules_version == 0 ||
		    k->rules_version != k->wanted_version;
	case ERRAND_SEGMENT:
		return segment_print(k, b);
	case ERRAND_LOSS:
		buf_u64(b, (uint64_t)keeper_now(k));
		buf_u64(b, k->lost);
		buf_text(b, k->lost_socket);
		return k->lost > 0;
	case ERRAND_REPORT:
		return report_next(k, b);
	case ERRAND_HEADS:
		return k->heads_due && heads_print(k, b);
	case ERRAND_VERIFIED:
		return keeper_verify_print(k, b);
	case ERRAND_GONE:
		return gone_print(k, b);
	case ERRAND_DISK:
		return disk_print(k, b);
	case ERRAND_KEY:
		return keeper_key_print(k, b);
	default:
		return false;
	}
}

/* Book has it. */
static void
errand_done(struct keeper *k, enum errand which, struct span body)
{
	struct fault why;

	switch (which) {
	case ERRAND_RULES:
		if (rules_told(k, body, &why) != ERR_OK)
			child_log(k->child, "rules: %s", why.text);
		break;
	case ERRAND_SEGMENT:
		segment_told(k);
		break;
	case ERRAND_LOSS:
		k->lost = 0;
		break;
	case ERRAND_REPORT:
		report_told(k, body);
		break;
	case ERRAND_HEADS:
		k->heads_due = false;
		k->heads_seen = heads_sum(k);
		break;
	case ERRAND_VERIFIED:
		k->verified = false;
		break;
	case ERRAND_GONE:
		gone_told(k);
		break;
	case ERRAND_DISK:
		k->disk_us = keeper_now(k);
		break;
	case ERRAND_KEY:
		keeper_key_told(k);
		break;
	default:
		break;
	}
}

static void
errand_end(struct child *c, void *arg, enum err code, const struct fault *said,
    struct span body)
{
	struct keeper *k = c->state;
	enum errand which = (enum errand)(uintptr_t)arg;

	k->busy = false;
	if (code != ERR_OK) {
		/* It stays where it is; the next tick tries again. */
		if (code != ERR_GONE)
			child_log(c, "book refused an errand (%d): %s",
			    (int)which, said->text);
		return;
	}
	errand_done(k, which, body);
	keeper_errand_next(k);
}

void
keeper_errand_next(struct keeper *k)
{
	struct fault why;
	struct buf b;

	if (k->busy)
		return;
	buf_init(&b, WIRE_WHOLE);
	for (unsigned i = 0; i < ERRAND_N; i++) {
		buf_reset(&b);
		if (!errand_print(k, (enum errand)i, &b))
			continue;
		k->busy = child_ask_later(k->child, ROLE_BOOK,
			      (uint16_t)errand_call[i], buf_view(&b),
			      errand_end, (void *)(uintptr_t)i, &why) == ERR_OK;
		break;
	}
	buf_clear(&b);
}

void
keeper_errand_tick(struct keeper *k)
{
	int64_t now_us = loop_clock(NULL);

	/* An errand on its way still belongs to the cycle it began in. */
	if (!k->busy && now_us - k->cycle_us >= CYCLE_US) {
		k->cycle_us = now_us;
		k->next = 0;
		k->under_way = UINT32_MAX;
		k->heads_due = heads_sum(k) != k->heads_seen;
	}
	keeper_errand_next(k);
}
