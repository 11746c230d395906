/*
 * tests/rules/property_test.c: what holds of every check, on random cities.
 *
 * A city is a function of its seed. Its evidence is whole: what is counted
 * twice agrees. PROPERTY_SEEDS sets how many are tried (default 24).
 */
#include "help.h"

#ifndef AGENCIES
#define AGENCIES 3
#endif
#define SENDERS 4 /* log sources an agency */
#define LISTS 2 /* account lists a system */

static struct pack *pack;

/* splitmix64: small, and the same everywhere. */
static uint64_t
next(uint64_t *seed)
{
	uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static int64_t
below(uint64_t *seed, int64_t n)
{
	return (int64_t)(next(seed) % (uint64_t)n);
}

static bool
one_in(uint64_t *seed, int64_t n)
{
	return below(seed, n) == 0;
}

__attribute__((format(printf, 2, 3))) static void
run(struct world *w, const char *fmt, ...)
{
	struct fault why;
	char sql[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(sql, sizeof sql, fmt, ap);
	va_end(ap);
	assert_true(n > 0 && (size_t)n < sizeof sql);
	if (sql_run(w->db, sql, &why) != ERR_OK)
		fail_msg("%s: %s", sql, why.text);
}

#define LL(v) ((long long)(v))

/* People, units and systems of agency a. */
static void
make_registers(struct world *w, uint64_t *s, int a)
{
	static const char *const grades[] = { "'low'", "'mid'", "'high'",
		"NULL" };

	run(w,
	    "INSERT INTO agency (agency, key, name, level, level_approved, "
	    "effective_us, received_us, entry) VALUES ('a%d', 'a%d', 'A', %s, "
	    "nullif(%lld, 0), 0, 0, 1)",
	    a, a, one_in(s, 4) ? "NULL" : "'B'",
	    LL(one_in(s, 5) ? 0 : NOW - (600 + below(s, 200)) * WHEN_DAY));
	for (int p = 0; p < 4; p++)
		run(w,
		    "INSERT INTO person (agency, key, name, left_on, "
		    "effective_us, received_us, entry) VALUES ('a%d', 'p%d', "
		    "'P', nullif(%lld, 0), 0, 0, 1)",
		    a, p,
		    LL(one_in(s, 2) ? 0
				    : NOW + (20 - below(s, 60)) * WHEN_DAY));
	for (int u = one_in(s, 4) ? 2 : 0; u < 2; u++) {
		run(w,
		    "INSERT INTO unit (agency, key, name, kind, head, "
		    "effective_us, received_us, entry) VALUES ('a%d', 'u%d', "
		    "'U', '%s', %s, 0, 0, 1)",
		    a, u, u == 0 ? "information" : "business",
		    one_in(s, 3) ? "NULL" : "'p1'");
		run(w,
		    "INSERT INTO appointment (agency, key, person, role, unit, "
		    "\"from\", until, effective_us, received_us, entry) VALUES "
		    "('a%d', 'ap%d', 'p2', 'unit-head', 'u%d', %lld, %lld, 0, "
		    "0, 1)",
		    a, u, u, LL(NOW - 300 * WHEN_DAY),
		    LL(NOW + (below(s, 200) - 100) * WHEN_DAY));
	}
	for (int y = 0; y < 2; y++)
		run(w,
		    "INSERT INTO system (agency, key, name, owner, grade_c, "
		    "grade_i, grade_a, grade_l, grade, grade_approved, "
		    "effective_us, received_us, entry) VALUES ('a%d', 'y%d', "
		    "'Y', %s, 'low', %s, 'mid', 'low', 'mid', %lld, 0, 0, 1)",
		    a, y, one_in(s, 3) ? "NULL" : "'p0'", grades[below(s, 4)],
		    LL(NOW - below(s, 500) * WHEN_DAY));
	run(w,
	    "INSERT INTO host (agency, key, name, custodian, address, "
	    "effective_us, received_us, entry) VALUES ('a%d', 'h', 'h0', "
	    "'p3', '192.0.2.1', 0, 0, 1)",
	    a);
}

/* Account lists of one system. */
static void
make_accounts(struct world *w, uint64_t *s, int a, int y)
{
	int lists = (int)below(s, LISTS + 1);

	for (int l = 0; l < lists; l++) {
		int64_t taken = NOW -
		    (below(s, 20) + 20 * (LISTS - 1 - l)) * WHEN_DAY - 1;
		int rows = (int)below(s, 4);

		run(w,
		    "INSERT INTO account_list (agency, key, system, taken, "
		    "rows, digest, effective_us, received_us, entry) VALUES "
		    "('a%d', 'l%d%d', 'y%d', %lld, %d, 'x', 0, 0, 1)",
		    a, y, l, y, LL(taken), rows);
		for (int k = 0; k < rows; k++)
			run(w,
			    "INSERT INTO account (agency, key, list, system, "
			    "account, person, status, shared, "
			    "shared_authorised_by, shared_until, shared_users, "
			    "shared_control, effective_us, received_us, entry) "
			    "VALUES ('a%d', 'c%d%d%d', 'l%d%d', 'y%d', 'n%d', "
			    "'p%d', '%s', %d, %s, %lld, 'x', 'y', 0, 0, 1)",
			    a, y, l, k, y, l, y, k, k,
			    one_in(s, 2) ? "active" : "disabled", one_in(s, 3),
			    one_in(s, 2) ? "NULL" : "'p1'",
			    LL(NOW + (below(s, 100) - 20) * WHEN_DAY));
	}
}

/* One sender's roll-ups: a row a day and category, with some days missing. */
static void
make_rollups(struct world *w, uint64_t *s, int64_t id, int64_t first,
    int64_t last, bool firewall)
{
	static const char *const cats[] = { "sign-in", "sign-out", "privilege",
		"sign-in-failed", "firewall-conn", "firewall-admin" };

	for (size_t c = firewall ? 4 : 0; c < (firewall ? 6 : 4); c++) {
		int64_t until = last -
		    (one_in(s, 3) ? below(s, 45) : 0) * WHEN_DAY;
		int64_t hole = one_in(s, 3) ? below(s, 100) : 1000;
		int64_t lack = one_in(s, 3) ? below(s, 90) : 1000;

		run(w,
		    "INSERT INTO rollup_day (source, category, day_us, n, "
		    "lacking, first_us, last_us, unseen_hours, lacking_us) "
		    "WITH RECURSIVE d (day) AS (SELECT %lld UNION ALL SELECT "
		    "day + 86400000000 FROM d WHERE day + 86400000000 <= %lld) "
		    "SELECT %lld, '%s', day, 9, ((%lld - day) / 86400000000 = "
		    "%lld), max(day, %lld), min(day + 86399999999, %lld), "
		    "'000000000000000000000000', ((%lld - day) / 86400000000 = "
		    "%lld) * max(day, %lld) FROM d WHERE (%lld - day) / "
		    "86400000000 <> %lld",
		    LL(when_day_start(first)), LL(until), LL(id), cats[c],
		    LL(NOW), LL(lack), LL(first), LL(until), LL(NOW), LL(lack),
		    LL(first), LL(NOW), LL(hole));
	}
}

/* One sender of a log source (or of none), with detections. */
static void
make_source(struct world *w, uint64_t *s, int a, int64_t id, int sender)
{
	int64_t first = NOW - (1 + below(s, 110)) * WHEN_DAY;
	int64_t age = one_in(s, 6) ? below(s, 60) * WHEN_DAY
	    : one_in(s, 5)         ? below(s, 10) * WHEN_DAY
				   : below(s, 20) * WHEN_HOUR;
	int64_t last = NOW - age - 1;
	static const char *const rules[] = { "brute-force",
		"brute-force-success", "brute-force-locked", "concurrent-use" };
	int detections = (int)below(s, 4);
	char name[32] = "NULL";

	if (last < first)
		last = first;
	if (sender < SENDERS)
		(void)snprintf(name, sizeof name, "'s%d'", sender);
	run(w,
	    "INSERT INTO source (id, agency, log_source, sender, host, via, "
	    "first_us, last_us, records, detections) VALUES (%lld, 'a%d', %s, "
	    "'192.0.2.%d', 'h%d', 'udp', %lld, %lld, 100, %d)",
	    LL(id), a, name, (int)below(s, 3), (int)below(s, 3), LL(first),
	    LL(last), detections);
	make_rollups(w, s, id, first, last, sender == SENDERS - 1);
	for (int n = 1; n <= detections; n++) {
		int64_t at = last - below(s, 50) * WHEN_HOUR;

		run(w,
		    "INSERT INTO detection (source, n, rule, agency, subject, "
		    "\"user\", first_us, last_us, count, record) VALUES (%lld, "
		    "%d, '%s', 'a%d', 'n%d', 'n%d', %lld, %lld, 9, 'r')",
		    LL(id), n, rules[below(s, 4)], a, (int)below(s, 2),
		    (int)below(s, 2), LL(at), LL(at));
		if (one_in(s, 2))
			run(w,
			    "INSERT INTO answer (agency, key, source, "
			    "detection, action, by, \"at\", effective_us, "
			    "received_us, entry) VALUES ('a%d', '%lld.%d', "
			    "%lld, %d, 'x', 'p0', %lld, 0, 0, 1)",
			    a, LL(id), n, LL(id), n, LL(at));
	}
}

/* Sealed segments of one stream, without gap; most hold all sources. */
static void
make_segments(struct world *w, uint64_t *s, int a, const char *class,
    int64_t keep, int64_t first_id, int64_t n_ids)
{
	int64_t seq = 1, at = NOW - 100 * WHEN_DAY;

	for (int g = 0; g < 10; g++) {
		int64_t end = at + 9 * WHEN_DAY, gone = end + keep * WHEN_DAY;
		int64_t recent = end > NOW - 30 * WHEN_DAY;

		if (recent && one_in(s, 8))
			gone = NOW - WHEN_DAY;
		run(w,
		    "INSERT INTO segment (name, agency, stream, class, "
		    "keep_days, first_seq, n, first_us, last_us, sealed_us, "
		    "leaf, gone_us, damaged) VALUES ('a%d%s%d', 'a%d', "
		    "'a%d.%s', '%s', %lld, %lld, %lld, %lld, %lld, %lld, 1, "
		    "nullif(%lld, 0), %lld)",
		    a, class, g, a, a, class, class,
		    LL(recent && one_in(s, 12) ? 30 : keep), LL(seq),
		    LL(n_ids * 10), LL(at), LL(end), LL(end),
		    LL(gone <= NOW ? gone : 0),
		    LL(recent && one_in(s, 12) ? NOW - WHEN_DAY : 0));
		for (int64_t i = 0; i < n_ids; i++)
			run(w,
			    "INSERT INTO segment_source (segment, source, "
			    "first_us, last_us, n) VALUES ('a%d%s%d', %lld, "
			    "%lld, %lld, 10)",
			    a, class, g, LL(first_id + i), LL(at), LL(end));
		seq += n_ids * 10;
		at = end;
	}
}

/* A second host's reports of one log, the last ones sound, late, wanting or
 * of another root. */
static void
make_replica(struct world *w, uint64_t *s, int a, int64_t k)
{
	int64_t n = 1 + below(s, 4);
	int64_t ago = (one_in(s, 3) ? 0 : below(s, 30)) * WHEN_HOUR + 1;
	bool differs = one_in(s, 5), lacks = one_in(s, 5);

	for (int64_t i = 1; i <= n; i++) {
		int64_t at = NOW - ago - (n - i) * WHEN_HOUR;

		run(w,
		    "INSERT INTO replica (agency, name, n, hour_us, at_us, "
		    "size, behind, agrees, segments, missing) VALUES ('a%d', "
		    "'host%d', %lld, %lld, %lld, %lld, 0, %d, 3, %d)",
		    a, (int)k, LL(i), LL(when_hour(at)), LL(at), LL(10 + i),
		    !(differs && i == n), lacks && i == n);
	}
}

/* A whole city. */
static void
make_city(struct world *w, uint64_t seed)
{
	uint64_t *s = &seed;
	int64_t id = 1;

	run(w, "BEGIN");
	for (int a = 0; a < AGENCIES; a++) {
		int64_t first_id = id, runs = below(s, 4);

		make_registers(w, s, a);
		for (int y = 0; y < 2; y++)
			make_accounts(w, s, a, y);
		for (int k = 0; k < SENDERS; k++) {
			bool firewall = k == SENDERS - 1;
			int64_t senders = 1 + one_in(s, 3);

			run(w,
			    "INSERT INTO log_source (agency, key, name, "
			    "system, kind, firewall, sign_in, sign_out, "
			    "privilege, silent_hours, effective_us, "
			    "received_us, entry) VALUES ('a%d', 's%d', 'S', "
			    "'y%d', '%s', %d, %d, %d, %d, %s, 0, 0, %d)",
			    a, k, (int)below(s, 2),
			    firewall ? "firewall" : "server", firewall,
			    !firewall, !firewall && one_in(s, 2),
			    !firewall && one_in(s, 2),
			    one_in(s, 3) ? "12" : "NULL", 10 + k);
			for (int64_t i = 0; i < senders; i++)
				make_source(w, s, a, id++, k);
		}
		if (one_in(s, 2))
			make_source(w, s, a, id++, SENDERS);
		make_segments(w, s, a, "audit", 60, first_id, id - first_id);
		make_segments(
		    w, s, a, "firewall-conn", 45, first_id, id - first_id);
		make_segments(
		    w, s, a, "firewall-admin", 90, first_id, id - first_id);
		for (int64_t n = 1; n <= runs; n++)
			run(w,
			    "INSERT INTO verify_run (agency, n, from_us, "
			    "at_us, segments, records, failed, detail) VALUES "
			    "('a%d', %lld, 0, %lld, 30, 300, %d, 'x')",
			    a, LL(n),
			    LL(NOW - (runs - n) * 30 * WHEN_HOUR -
				(one_in(s, 3) ? 25 * WHEN_HOUR + WHEN_MINUTE
					      : below(s, 10) * WHEN_HOUR)),
			    one_in(s, 4));
		if (one_in(s, 2))
			run(w,
			    "INSERT INTO witness (agency, name, at_us, size) "
			    "VALUES ('a%d', 'b', %lld, 9)",
			    a, LL(NOW - WHEN_DAY));
		for (int64_t k = 0; k < below(s, 3); k++)
			make_replica(w, s, a, k);
	}
	for (int64_t d = 0; d < 3; d++)
		run(w,
		    "INSERT INTO disk (at_us, free, used, day_bytes) VALUES "
		    "(%lld, %lld, 0, 1000)",
		    LL(NOW - d * WHEN_DAY - 1), LL(below(s, 60) * 1000));
	run(w, "COMMIT");
}

/* What was judged, as one text: for determinism and for the past. */
struct printed {
	struct buf all;
	bool evidence; /* the evidence is part of it */
};

static enum err
print_judged(void *arg, const struct judged *j, struct fault *why)
{
	struct printed *p = arg;

	(void)why;
	if (j->refused != NULL)
		fail_msg("%s", j->refused);
	for (size_t i = 0; i < j->n_verdicts; i++)
		buf_printf(&p->all, "%s %s %s\n", j->clause->id,
		    j->verdicts[i].agency, state_name(j->verdicts[i].state));
	for (size_t i = 0; i < j->n_findings; i++) {
		const struct finding *f = &j->findings[i];

		buf_printf(&p->all, "%s %s %s %s %lld %lld %s %s\n",
		    j->clause->id, f->agency, f->subject, state_name(f->state),
		    LL(f->since_us), LL(f->due_us),
		    f->problem == NULL ? "-" : f->problem,
		    p->evidence ? f->evidence : "");
	}
	return ERR_OK;
}

static void
print_at(struct world *w, int64_t at_us, bool evidence, struct printed *p)
{
	struct judge_ask ask = { .at_us = at_us };
	struct fault why;

	buf_init(&p->all, (size_t)64 << 20);
	p->evidence = evidence;
	OK(rules_judge(w->db, pack, &ask, print_judged, p, &why));
}

static void
same_text(const struct buf *a, const struct buf *b, uint64_t seed)
{
	struct cursor x = cursor_of(buf_view(a)), y = cursor_of(buf_view(b));

	while (!cursor_done(&x) || !cursor_done(&y)) {
		struct span p = cursor_until(&x, '\n', NULL);
		struct span q = cursor_until(&y, '\n', NULL);

		if (!span_equal(p, q))
			fail_msg("seed %llu:\n%.*s\n%.*s",
			    (unsigned long long)seed, (int)p.len, p.at,
			    (int)q.len, q.at);
	}
}

/* Which states cities reach at all: a generator that reaches nothing would
 * prove nothing. */
static unsigned reached[64][STATE_SUBJECT_N];

static void
count_states(struct world *w)
{
	struct sql_stmt *s = NULL;
	struct fault why;
	bool more;

	OK(sql_prepare(w->db, "SELECT clause, state FROM finding", &s, &why));
	for (;;) {
		OK(sql_step(s, &more, &why));
		if (!more)
			break;
		for (size_t i = 0, k = 0; i < pack_count(pack); i++) {
			const struct clause *c = pack_at(pack, i);

			if (c->sql == NULL)
				continue;
			if (span_is(sql_text(s, 0), c->id))
				reached[k][state_find(sql_text(s, 1))]++;
			k++;
		}
	}
	sql_stmt_free(s);
}

/* The stored findings, put aside for comparing. */
static void
remember(struct world *w)
{
	run(w, "DROP TABLE IF EXISTS past_finding");
	run(w, "CREATE TABLE past_finding AS SELECT * FROM finding");
	run(w, "DROP TABLE IF EXISTS past_verdict");
	run(w, "CREATE TABLE past_verdict AS SELECT * FROM verdict");
}

#define RANK(c)                                                            \
	"CASE " c " WHEN 'unmet' THEN 4 WHEN 'unknown' THEN 4 WHEN 'due' " \
	"THEN 3 WHEN 'excepted' THEN 2 WHEN 'met' THEN 1 ELSE 0 END"

/* No subject and no verdict may be better than what was put aside. `aged`:
 * time has passed, so what ends with its declared period may. */
static void
nothing_is_better(
    struct world *w, const char *what, uint64_t seed, bool aged, int64_t at_us)
{
	char sql[2048], *got;

	(void)snprintf(sql, sizeof sql,
	    "SELECT p.clause || ' ' || p.agency || ' ' || p.subject || ' was ' "
	    "|| p.state || coalesce(' ' || p.problem, '') || ', is ' || "
	    "coalesce(f.state || coalesce(' ' || f.problem, ''), 'gone') "
	    "FROM past_finding AS p LEFT JOIN finding AS f ON f.clause = "
	    "p.clause AND f.agency = p.agency AND f.subject = p.subject "
	    "WHERE " RANK("coalesce(f.state, 'n/a')") " < " RANK(
		"p.state") " AND NOT (%d AND p.problem = 'gap' AND p.due_us < "
			   "%lld)",
	    aged, LL(at_us + WHEN_DAY));
	got = strdup(world_ask(w, sql));
	if (*got != '\0')
		fail_msg(
		    "seed %llu, %s: %s", (unsigned long long)seed, what, got);
	free(got);
	if (aged)
		return;
	got = strdup(world_ask(w,
	    "SELECT p.clause || ' ' || p.agency || ' was ' || p.state || "
	    "', is ' || v.state FROM past_verdict AS p JOIN verdict AS v ON "
	    "v.clause = p.clause AND v.agency = p.agency WHERE " RANK(
		"v.state") " < " RANK("p.state")));
	if (*got != '\0')
		fail_msg(
		    "seed %llu, %s: %s", (unsigned long long)seed, what, got);
	free(got);
}

static uint64_t
seeds(void)
{
	const char *n = getenv("PROPERTY_SEEDS");

	return n == NULL ? 24 : strtoull(n, NULL, 10);
}

static void
the_same_city_at_the_same_moment_is_judged_the_same(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= seeds() / 4; seed++) {
		struct printed a, b, c;
		struct world w, again;

		world_open(&w);
		world_open(&again);
		make_city(&w, seed);
		make_city(&again, seed);
		print_at(&w, NOW, true, &a);
		print_at(&w, NOW, true, &b);
		print_at(&again, NOW, true, &c);
		same_text(&a.all, &b.all, seed);
		same_text(&a.all, &c.all, seed);
		buf_clear(&a.all);
		buf_clear(&b.all);
		buf_clear(&c.all);
		world_close(&w);
		world_close(&again);
	}
}

/* The tables that a thief may delete from. */
static const char *const evidence[] = { "source", "rollup_hour", "rollup_day",
	"detection", "segment", "segment_source", "verify_run", "account",
	"account_list", "disk", "witness", "replica" };

#define N_EVIDENCE ((int64_t)(sizeof evidence / sizeof *evidence))

/* Delete some of the evidence: a table, a share of it, or one end of it. */
static void
lose(struct world *w, uint64_t *s, char *what, size_t room)
{
	const char *table = evidence[below(s, N_EVIDENCE)];
	int64_t k = 1 + below(s, 5), salt = below(s, 1000);

	switch (below(s, 3)) {
	case 0: /* every kth */
		(void)snprintf(what, room,
		    "DELETE FROM %s WHERE (rowid * 31 + %lld) %% %lld = 0",
		    table, LL(salt), LL(k));
		break;
	case 1: /* the newest */
		(void)snprintf(what, room,
		    "DELETE FROM %s WHERE rowid > (SELECT max(rowid) FROM %s) "
		    "- %lld",
		    table, table, LL(k * 7));
		break;
	default: /* one row */
		(void)snprintf(what, room,
		    "DELETE FROM %s WHERE rowid = (SELECT rowid FROM %s ORDER "
		    "BY (rowid * 7919 + %lld) %% 1009 LIMIT 1)",
		    table, table, LL(salt));
		break;
	}
	run(w, "%s", what);
}

static void
losing_evidence_never_makes_anything_better(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= seeds(); seed++) {
		uint64_t s = seed * 77;
		struct world w;
		char what[512];

		world_open(&w);
		make_city(&w, seed);
		json_decref(world_judge(&w, pack, NOW));
		count_states(&w);
		for (int round = 0; round < 5; round++) {
			remember(&w);
			lose(&w, &s, what, sizeof what);
			json_decref(world_judge(&w, pack, NOW + round + 1));
			nothing_is_better(&w, what, seed, false, NOW);
		}
		world_close(&w);
	}
}

static void
time_without_evidence_never_makes_anything_better(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= seeds() / 2; seed++) {
		uint64_t s = seed * 99;
		int64_t at = NOW;
		struct world w;

		world_open(&w);
		make_city(&w, seed);
		json_decref(world_judge(&w, pack, at));
		for (int round = 0; round < 4; round++) {
			remember(&w);
			at += one_in(&s, 2) ? below(&s, 30) * WHEN_HOUR
					    : below(&s, 4) * WHEN_DAY;
			json_decref(world_judge(&w, pack, at));
			nothing_is_better(&w, "time", seed, true, at);
		}
		world_close(&w);
	}
}

/* Everything that happens after NOW. */
static void
make_future(struct world *w, uint64_t *s)
{
	run(w,
	    "INSERT INTO detection (source, n, rule, agency, subject, "
	    "\"user\", first_us, last_us, count, record) SELECT id, detections "
	    "+ 1, 'brute-force-success', agency, 'n9', 'n9', %lld, %lld, 9, "
	    "'r' FROM source",
	    LL(NOW + WHEN_HOUR), LL(NOW + WHEN_HOUR));
	run(w, "UPDATE source SET detections = detections + 1, records = 500");
	run(w,
	    "INSERT INTO rollup_day (source, category, day_us, n, lacking, "
	    "first_us, last_us) SELECT id, 'sign-in', %lld, 1, 1, %lld, %lld "
	    "FROM source",
	    LL(when_day_start(NOW) + WHEN_DAY), LL(NOW + WHEN_DAY),
	    LL(NOW + WHEN_DAY));
	run(w,
	    "INSERT INTO source (id, agency, sender, host, via, first_us, "
	    "last_us, records) VALUES (900, 'a0', '203.0.113.9', 'z', 'udp', "
	    "%lld, %lld, 1)",
	    LL(NOW + 1), LL(NOW + WHEN_DAY));
	run(w,
	    "INSERT INTO verify_run (agency, n, from_us, at_us, segments, "
	    "records, failed) SELECT agency, max(n) + 1, 0, %lld, 1, 1, 1 FROM "
	    "verify_run GROUP BY agency",
	    LL(NOW + 1));
	run(w,
	    "INSERT INTO segment (name, agency, stream, class, keep_days, "
	    "first_seq, n, first_us, last_us, sealed_us, leaf, damaged) SELECT "
	    "'z' || stream, agency, stream, class, 1, max(first_seq + n), 5, "
	    "0, %lld, %lld, 1, %lld FROM segment GROUP BY stream",
	    LL(NOW + 1), LL(NOW + 1), LL(NOW + 1));
	run(w,
	    "INSERT INTO replica (agency, name, n, hour_us, at_us, size, "
	    "behind, agrees, segments, missing) SELECT agency, name, "
	    "max(n) + 1, %lld, %lld, 99, 0, 0, 9, 9 FROM replica "
	    "GROUP BY agency, name",
	    LL(NOW + WHEN_HOUR), LL(NOW + 1));
	run(w, "UPDATE segment SET gone_us = %lld WHERE gone_us IS NULL",
	    LL(NOW + 1));
	run(w,
	    "INSERT INTO account_list (agency, key, system, taken, rows, "
	    "digest, effective_us, received_us, entry) SELECT agency, 'z' || "
	    "key, key, %lld, 9, 'x', %lld, 0, 1 FROM system",
	    LL(NOW + 1), LL(NOW + 1));
	run(w,
	    "INSERT INTO account (agency, key, list, system, account, person, "
	    "status, shared, effective_us, received_us, entry) SELECT agency, "
	    "'z' || key, 'z' || key, key, 'z', 'p0', 'active', 1, %lld, 0, 1 "
	    "FROM system",
	    LL(NOW + 1));
	run(w,
	    "INSERT INTO answer (agency, key, source, detection, action, by, "
	    "\"at\", effective_us, received_us, entry) SELECT agency, 'z' || "
	    "source || n, source, n, 'x', 'p0', %lld, %lld, 0, 1 FROM "
	    "detection",
	    LL(NOW + 1), LL(NOW + 1));
	run(w,
	    "INSERT INTO system (agency, key, name, effective_us, "
	    "received_us, entry) VALUES ('a1', 'z', 'Z', %lld, 0, 9)",
	    LL(NOW + 1));
	run(w,
	    "INSERT INTO disk (at_us, free, used, day_bytes) VALUES "
	    "(%lld, %lld, 0, 1000)",
	    LL(NOW + 1), LL(below(s, 2) * 100000));
}

static void
a_past_moment_ignores_what_came_later(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= seeds() / 2; seed++) {
		uint64_t s = seed * 55;
		struct printed before, after;
		struct world w;

		world_open(&w);
		make_city(&w, seed);
		print_at(&w, NOW, false, &before);
		make_future(&w, &s);
		print_at(&w, NOW, false, &after);
		same_text(&before.all, &after.all, seed);
		buf_clear(&before.all);
		buf_clear(&after.all);
		world_close(&w);
	}
}

static void
the_cities_tried_reach_all_four_states_of_every_check(void **state)
{
	(void)state;
	if (seeds() < 24)
		skip(); /* asked for fewer cities */
	for (size_t i = 0, k = 0; i < pack_count(pack); i++) {
		const struct clause *c = pack_at(pack, i);

		if (c->sql == NULL)
			continue;
		if (reached[k][STATE_MET] == 0 ||
		    reached[k][STATE_UNMET] == 0 ||
		    reached[k][STATE_UNKNOWN] == 0 ||
		    reached[k][STATE_DUE] == 0)
			fail_msg("%s: met %u, unmet %u, unknown %u, due %u",
			    c->id, reached[k][STATE_MET],
			    reached[k][STATE_UNMET], reached[k][STATE_UNKNOWN],
			    reached[k][STATE_DUE]);
		k++;
	}
}

static int
load(void **state)
{
	struct fault why;

	(void)state;
	OK(crypt_start(&why));
	pack = city_pack();
	return 0;
}

static int
drop(void **state)
{
	(void)state;
	pack_free(pack);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_same_city_at_the_same_moment_is_judged_the_same),
		cmocka_unit_test(losing_evidence_never_makes_anything_better),
		cmocka_unit_test(
		    the_cities_tried_reach_all_four_states_of_every_check),
		cmocka_unit_test(
		    time_without_evidence_never_makes_anything_better),
		cmocka_unit_test(a_past_moment_ignores_what_came_later),
	};

	return cmocka_run_group_tests(tests, load, drop);
}
