/*
 * vault/detect_count.c: counting: events, values, sums, and who comes after
 * whom. All times are the records' own; a window holds both its ends.
 *
 * What was told stays a run until a pause longer than the window, a clock set
 * back by more than it, or a record that the rule names ends it; a rule about
 * single records also begins anew with each day of Taipei.
 */
#include <stdlib.h>

#include "base/text.h"
#include "base/when.h"
#include "vault/detect_own.h"

static bool
op_fits(enum sigma_op op, double have, double want)
{
	switch (op) {
	case SIGMA_LT:
		return have < want;
	case SIGMA_LTE:
		return have <= want;
	case SIGMA_GT:
		return have > want;
	case SIGMA_GTE:
		return have >= want;
	case SIGMA_EQ:
		return !(have < want || have > want);
	default:
		return have < want || have > want;
	}
}

/* Whether every limit of the rule holds. */
static bool
limits_hold(const struct sigma_count *c, double have)
{
	for (unsigned i = 0; i < c->n_limits; i++)
		if (!op_fits(c->limit[i].op, have, c->limit[i].value))
			return false;
	return true;
}

uint32_t
hits_needed(const struct sigma_rule *r)
{
	const struct sigma_count *c = &r->count;
	double most = 1;

	if (r->kind == SIGMA_VALUE_SUM || r->kind == SIGMA_VALUE_AVG)
		return SUMS_MAX;
	for (unsigned i = 0; i < c->n_limits; i++) {
		double n = c->limit[i].value +
		    (c->limit[i].op == SIGMA_GTE || c->limit[i].op == SIGMA_LT
			    ? 0
			    : 1);

		most = n > most ? n : most;
	}
	if (r->kind != SIGMA_VALUE_COUNT)
		return (uint32_t)most;
	/* Sessions of one value are held one by one, and compared. */
	if (c->open_us > 0 && most > 64)
		most = 64;
	/* Room to see the number grow, and for values seen twice. */
	return (uint32_t)most * 2 < HELD_LEAST ? HELD_LEAST
					       : (uint32_t)most * 2;
}

/* Adds a part to a subject, as far as there is room. */
static size_t
subject_add(char *to, size_t len, struct span s)
{
	size_t n = s.len, at = span_find(s, 0);

	if (at != SIZE_MAX)
		n = at;
	if (n > DETECT_TEXT_MAX - len)
		n = text_cut((const char *)s.at, DETECT_TEXT_MAX - len);
	if (n > 0)
		memcpy(to + len, s.at, n);
	to[len + n] = '\0';
	return len + n;
}

/* Whom the record is about, as the rule groups; false: it does not say. */
static bool
subject_of(struct detect *d, const struct sigma_count *c, unsigned part,
    const struct sight *s, char to[static DETECT_TEXT_MAX + 1])
{
	size_t len = 0;

	to[0] = '\0';
	for (unsigned g = 0; g < c->n_groups; g++) {
		struct span v = sigma_value(d->record, c->group[g][part]);

		if (v.len == 0 && c->any_group)
			continue;
		if (v.len == 0)
			return false;
		if (len > 0)
			len = subject_add(to, len, SPAN_LIT(" / "));
		len = subject_add(to, len, v);
		if (c->any_group)
			break;
	}
	if (len == 0 && (c->n_groups == 0 || c->any_group))
		len = subject_add(
		    to, 0, s->ev->host.len > 0 ? s->ev->host : s->ev->sender);
	return len > 0 || c->n_groups == 0;
}

/* A pause longer than the window, or a clock set back, ends a run. */
static void
run_check(const struct sigma_rule *r, struct watch *x, int64_t at_us)
{
	int64_t window = r->count.window_us, step = at_us - x->last_us;
	bool any = x->n_items > 0 || x->told;

	if (any && (step > window || step < -window))
		watch_reset(x);
	else if (any && r->kind == SIGMA_PLAIN && x->told &&
	    when_day_start(at_us) > when_day_start(x->first_us))
		watch_reset(x);
}

static void
last_note(struct watch *x, bool first, int64_t at_us)
{
	if (first || at_us > x->last_us)
		x->last_us = at_us;
}

/* The records a first telling cites: the latest `most` of them. */
static void
cite(const struct watch *x, struct detection *out, unsigned most)
{
	unsigned n = x->n_ids < most ? x->n_ids : most;

	for (unsigned i = 0; i < n; i++) {
		unsigned at = (x->at_id + DETECT_RECORDS_MAX - n + i) %
		    DETECT_RECORDS_MAX;

		out->record[i].stream = x->id[at].stream;
		out->record[i].seq = x->id[at].seq;
	}
	out->n_records = n;
}

static void
fire(struct detect *d, unsigned rule, const struct watch *x)
{
	d->fired[rule] = (struct fired){
		.turn = d->turn, .first_us = x->first_us, .count = x->count
	};
}

/* ---- events and sums ---- */

/* What stands in the window: how many, their sum, and the earliest. */
static void
window_sum(const struct watch *x, int64_t window_us, uint32_t *n, double *sum,
    int64_t *first_us)
{
	*n = 0;
	*sum = 0;
	*first_us = x->last_us;
	for (uint32_t i = 0; i < x->n_items; i++) {
		if (x->last_us - x->hit[i].at_us > window_us)
			continue;
		(*n)++;
		*sum += x->hit[i].value;
		if (x->hit[i].at_us < *first_us)
			*first_us = x->hit[i].at_us;
	}
}

/* As a whole number that a detection can count with. */
static uint64_t
whole(double v)
{
	if (!(v > 1))
		return 1;
	return v > 1e15 ? (uint64_t)1000000000000000 : (uint64_t)v;
}

static enum err
number_of(struct detect *d, const struct sigma_rule *r, unsigned part,
    double *v, bool *there)
{
	struct span s;
	uint64_t n;

	*v = 1;
	*there = true;
	if (r->kind != SIGMA_VALUE_SUM && r->kind != SIGMA_VALUE_AVG)
		return ERR_OK;
	s = sigma_value(d->record, r->count.field[part]);
	*there = span_number(span_trim(s), UINT64_C(1000000000000000), &n);
	*v = *there ? (double)n : 0;
	return ERR_OK;
}

/* Adds a number; of too many the two oldest become one, at the later time, so
 * that a sum is never made smaller by it. */
static enum err
number_add(struct detect *d, const struct sigma_rule *r, struct watch *x,
    struct hit h, uint32_t keep, struct fault *why)
{
	bool went;

	if (r->kind == SIGMA_VALUE_SUM && x->n_items == keep && keep > 1) {
		x->hit[1].value += x->hit[0].value;
		memmove(x->hit, x->hit + 1, (x->n_items - 1) * sizeof *x->hit);
		x->n_items--;
		d->dropped++;
	} else if (r->kind == SIGMA_VALUE_AVG && x->n_items == keep) {
		d->dropped++;
	}
	return watch_hit(x, h, keep, &went, why);
}

static enum err
events_hit(struct detect *d, unsigned rule, unsigned part, struct watch *x,
    const struct sight *s, struct fault *why)
{
	const struct sigma_rule *r = sigma_at(d->rules, rule);
	struct detection out = { .n_records = 0 };
	struct hit h = { .at_us = s->at_us };
	bool there,
	    sums = r->kind == SIGMA_VALUE_SUM || r->kind == SIGMA_VALUE_AVG;
	uint32_t n;
	double sum;
	int64_t first;
	enum err e = number_of(d, r, part, &h.value, &there);

	if (e != ERR_OK || !there)
		return e;
	run_check(r, x, s->at_us);
	last_note(x, x->n_items == 0, s->at_us);
	e = number_add(d, r, x, h, d->watched[rule].keep, why);
	if (e != ERR_OK)
		return e;
	watch_id(x, s->id);
	if (x->told) {
		x->count += r->kind == SIGMA_VALUE_SUM ? whole(h.value) : 1;
		fire(d, rule, x);
		if (x->count < x->next_told)
			return ERR_OK;
		cite(x, &out, 1);
		return tell(d, rule, x, s, &out, why);
	}
	window_sum(x, r->count.window_us, &n, &sum, &first);
	if (!limits_hold(&r->count,
		r->kind == SIGMA_VALUE_AVG ? sum / n
		    : sums                 ? sum
					   : (double)n))
		return ERR_OK;
	x->first_us = first;
	x->count = r->kind == SIGMA_VALUE_SUM ? whole(sum) : n;
	fire(d, rule, x);
	cite(x, &out, n);
	return tell(d, rule, x, s, &out, why);
}

/* ---- different values ---- */

/* Forgets values that are over. */
static void
held_prune(struct watch *x, const struct sigma_count *c, int64_t now)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < x->n_items; i++) {
		int64_t age = now - x->held[i].at_us;

		if (age <= c->window_us ||
		    (x->held[i].open && age <= c->open_us)) {
			if (n != i)
				x->held[n] = x->held[i];
			n++;
		}
	}
	x->n_items = n;
}

/* How many different values are held; first [out] the earliest of them. */
static uint32_t
held_count(const struct watch *x, const struct sigma_count *c, int64_t *first)
{
	uint32_t n = 0;

	*first = INT64_MAX;
	for (uint32_t i = 0; i < x->n_items; i++) {
		bool new = true;

		/* Only sessions make one value stand there twice. */
		for (uint32_t k = 0; c->open_us > 0 && k < i && new; k++)
			new = strcmp(x->held[i].value, x->held[k].value) != 0;
		n += new;
		if (x->held[i].at_us < *first)
			*first = x->held[i].at_us;
	}
	return n;
}

/* Remembers this value: anew when it is the same one of the same session. */
static enum err
held_add(struct detect *d, struct watch *x, const struct held *h, uint32_t keep,
    struct fault *why)
{
	struct held *to;
	bool went;
	enum err e;

	for (uint32_t i = 0; i < x->n_items; i++) {
		struct held same = x->held[i];

		if (strcmp(same.value, h->value) != 0 ||
		    strcmp(same.session, h->session) != 0)
			continue;
		memmove(&x->held[i], &x->held[i + 1],
		    (x->n_items - i - 1) * sizeof *x->held);
		x->held[x->n_items - 1] = *h;
		if (same.at_us > h->at_us)
			x->held[x->n_items - 1].at_us = same.at_us;
		return ERR_OK;
	}
	if ((e = watch_hold(x, keep, &to, &went, why)) != ERR_OK)
		return e;
	*to = *h;
	if (went)
		d->dropped++;
	return ERR_OK;
}

/* Cites the record of each value. */
static void
held_cite(const struct watch *x, struct detection *out)
{
	uint32_t from = x->n_items > DETECT_RECORDS_MAX
	    ? x->n_items - DETECT_RECORDS_MAX
	    : 0;

	for (uint32_t i = from; i < x->n_items; i++) {
		out->record[out->n_records].stream = x->held[i].id.stream;
		out->record[out->n_records++].seq = x->held[i].id.seq;
	}
}

static enum err
values_hit(struct detect *d, unsigned rule, unsigned part, struct watch *x,
    const struct sight *s, struct fault *why)
{
	const struct sigma_rule *r = sigma_at(d->rules, rule);
	const struct sigma_count *c = &r->count;
	struct detection out = { .n_records = 0 };
	struct held h = { .at_us = s->at_us, .id = s->id };
	int64_t first;
	uint32_t n;
	enum err e;

	text_of(h.value, sigma_value(d->record, c->field[part]));
	if (h.value[0] == '\0')
		return ERR_OK;
	if (c->open_us > 0)
		text_of(h.session, sigma_value(d->record, c->session[part]));
	h.open = h.session[0] != '\0';
	held_prune(x, c, s->at_us);
	if ((e = held_add(d, x, &h, d->watched[rule].keep, why)) != ERR_OK)
		return e;
	n = held_count(x, c, &first);
	/* The run is over when its values are gone, or after a pause. */
	if (!limits_hold(c, n) ||
	    (x->told && s->at_us - x->last_us > c->window_us))
		x->told = false;
	if (!limits_hold(c, n))
		return ERR_OK;
	if (x->told && n <= x->count) {
		fire(d, rule, x);
		return ERR_OK;
	}
	if (!x->told) {
		x->first_us = first;
		held_cite(x, &out);
	} else {
		out.n_records = 1;
		out.record[0].stream = s->id.stream;
		out.record[0].seq = s->id.seq;
	}
	x->last_us = s->at_us;
	x->count = n;
	fire(d, rule, x);
	return tell(d, rule, x, s, &out, why);
}

/* ---- rules near one another ---- */

/* What this record says of part k. */
static struct seen
seen_of(const struct detect *d, uint32_t part, const struct sight *s)
{
	const struct fired *f = &d->fired[part];

	return (struct seen){ .there = true,
		.at_us = s->at_us,
		.start_us = s->at_us,
		.first_us = f->first_us < s->at_us ? f->first_us : s->at_us,
		.count = f->count,
		.id = s->id };
}

/* Parts are known in order up to k when this record is k. */
static bool
order_step(const struct sigma_count *c, struct watch *x, unsigned k,
    const struct seen *now)
{
	const struct seen *before = k == 0 ? NULL : &x->seen[k - 1];

	if (k == 0) {
		x->seen[0] = *now;
		return c->n_parts == 1;
	}
	if (!before->there || before->at_us > now->at_us ||
	    now->at_us - before->start_us > c->window_us)
		return false;
	x->seen[k] = *now;
	x->seen[k].start_us = before->start_us;
	x->seen[k].count = before->count + now->count;
	if (before->first_us < now->first_us)
		x->seen[k].first_us = before->first_us;
	return k + 1 == c->n_parts;
}

/* How many parts lie in one window with the latest; the others are over. */
static unsigned
near_count(const struct sigma_count *c, struct watch *x)
{
	int64_t last = INT64_MIN;
	unsigned n = 0;

	for (unsigned k = 0; k < c->n_parts; k++)
		if (x->seen[k].there && x->seen[k].at_us > last)
			last = x->seen[k].at_us;
	for (unsigned k = 0; k < c->n_parts; k++) {
		if (x->seen[k].there && last - x->seen[k].at_us > c->window_us)
			x->seen[k].there = false;
		n += x->seen[k].there;
	}
	return n;
}

/* All parts are there: tell, and wait for them anew. */
static enum err
together(struct detect *d, unsigned rule, struct watch *x,
    const struct sight *s, struct fault *why)
{
	const struct sigma_rule *r = sigma_at(d->rules, rule);
	const struct sigma_count *c = &r->count;
	struct detection out = { .n_records = 0 };
	int64_t first = s->at_us, last = s->at_us;
	uint64_t count = 0;

	for (unsigned k = 0; k < c->n_parts; k++) {
		struct seen *p = &x->seen[k];

		if (!p->there)
			continue;
		first = p->first_us < first ? p->first_us : first;
		last = p->at_us > last ? p->at_us : last;
		count = r->kind == SIGMA_ORDERED ? p->count : count + p->count;
		out.record[out.n_records].stream = p->id.stream;
		out.record[out.n_records++].seq = p->id.seq;
		*p = (struct seen){ .there = false };
	}
	if (x->told && first != x->first_us)
		x->told = false;
	if (!x->told)
		x->count = 0;
	x->first_us = first;
	x->last_us = last;
	x->count = count > x->count ? count : x->count;
	fire(d, rule, x);
	return tell(d, rule, x, s, &out, why);
}

static enum err
near_hit(struct detect *d, unsigned rule, unsigned part, struct watch *x,
    const struct sight *s, struct fault *why)
{
	const struct sigma_rule *r = sigma_at(d->rules, rule);
	const struct sigma_count *c = &r->count;
	struct seen now = seen_of(d, c->part[part], s);
	enum err e = watch_seen(x, c->n_parts, why);
	unsigned n;

	if (e != ERR_OK)
		return e;
	if (r->kind == SIGMA_ORDERED)
		return order_step(c, x, part, &now)
		    ? together(d, rule, x, s, why)
		    : ERR_OK;
	x->seen[part] = now;
	n = near_count(c, x);
	if (c->n_limits == 0 ? n < c->n_parts : !limits_hold(c, n))
		return ERR_OK;
	return together(d, rule, x, s, why);
}

/* ---- all of them ---- */

enum err
count_hit(struct detect *d, unsigned rule, unsigned part, const struct sight *s,
    struct fault *why)
{
	const struct sigma_rule *r = sigma_at(d->rules, rule);
	char subject[DETECT_TEXT_MAX + 1];
	struct watched *w = &d->watched[rule];
	struct watch *x;
	size_t before, after;
	enum err e;

	if (!subject_of(d, &r->count, part, s, subject))
		return ERR_OK;
	e = watch_at(d, rule, s->source, subject, true, &x, why);
	if (e != ERR_OK)
		return e;
	before = watch_bytes(d, rule, x);
	switch (r->kind) {
	case SIGMA_VALUE_COUNT:
		e = values_hit(d, rule, part, x, s, why);
		break;
	case SIGMA_TEMPORAL:
	case SIGMA_ORDERED:
		e = near_hit(d, rule, part, x, s, why);
		break;
	default:
		e = events_hit(d, rule, part, x, s, why);
		break;
	}
	after = watch_bytes(d, rule, x);
	w->bytes += after - before;
	d->bytes += after - before;
	room_make(d, rule, x);
	return e;
}

/* A closing record ends the session it names, else those of its value, else
 * all. */
static void
values_close(struct detect *d, const struct sigma_count *c, struct watch *x)
{
	char session[DETECT_TEXT_MAX + 1], value[DETECT_TEXT_MAX + 1];

	text_of(session, sigma_value(d->record, c->close_session));
	text_of(value, sigma_value(d->record, c->close_value));
	for (uint32_t i = 0; i < x->n_items; i++) {
		struct held *h = &x->held[i];

		if (session[0] != '\0'
			? strcmp(h->session, session) == 0
			: value[0] == '\0' || strcmp(h->value, value) == 0)
			h->open = false;
	}
}

enum err
count_end(struct detect *d, unsigned rule, bool close, const struct sight *s,
    struct fault *why)
{
	const struct sigma_count *c = &sigma_at(d->rules, rule)->count;
	char subject[DETECT_TEXT_MAX + 1];
	struct watch *x;
	size_t before, after;
	enum err e;

	if (!subject_of(d, c, 0, s, subject))
		return ERR_OK;
	e = watch_at(d, rule, s->source, subject, false, &x, why);
	if (e != ERR_OK || x == NULL)
		return e;
	before = watch_bytes(d, rule, x);
	if (close)
		values_close(d, c, x);
	else
		watch_reset(x);
	after = watch_bytes(d, rule, x);
	d->watched[rule].bytes += after - before;
	d->bytes += after - before;
	return ERR_OK;
}
