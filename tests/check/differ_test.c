/*
 * tests/check/differ_test.c: three checkers, one answer.
 *
 * 1,000 bundles altered by chance, from the seeds of the fuzzer, are asked of
 * the server's checker, of the one that shares no code with it, and of
 * tools/check_proof.py. A good bundle is proved within 5 ms and has at most
 * 2 KB.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../starve.h"
#include "check/check.h"
#include "crypt/crypt.h"
#include "ledger/proof.h"

#define MUTANTS 1000
#define ORIGIN "beimen.invalid/beimen/main"

static const char *const seeds[] = { "record", "entry", "record-bad-utf8",
	"cut", "index-negative", "key-inside", "no-path" };
#define SEEDS (sizeof seeds / sizeof seeds[0])

static struct buf bundle[SEEDS], vkey;
static struct note_key key;
static struct check_policy *policy;
static char dir[256];
static uint64_t chance = 20261122;

static uint64_t
next(uint64_t below)
{
	uint64_t z = chance += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return (z ^ z >> 31) % below;
}

static int
setup(void **state)
{
	static const uint8_t seed[SIGN_SEED_LEN] = { 42 };
	const char *src = getenv("SRC"), *tmp = getenv("TMPDIR");
	uint8_t public[SIGN_PUBLIC_LEN];
	struct buf path;

	(void)state;
	if (crypt_start(NULL) != ERR_OK)
		return -1;
	sign_public(seed, public);
	if (note_key_make(
		span_text(ORIGIN), NOTE_ED25519, public, &key, NULL) != ERR_OK)
		return -1;
	buf_init(&vkey, 1024);
	note_key_print(&vkey, &key);
	policy = check_policy_key(buf_string(&vkey), NULL);
	buf_init(&path, 4096);
	for (size_t i = 0; i < SEEDS; i++) {
		ssize_t n;
		int fd;

		buf_reset(&path);
		buf_printf(&path, "%s/fuzz/seeds/bundle/%s.json",
		    src == NULL ? "." : src, seeds[i]);
		buf_init(&bundle[i], PROOF_MAX);
		fd = open(buf_string(&path), O_RDONLY | O_CLOEXEC);
		n = fd == -1 ? -1
			     : read(fd, buf_room(&bundle[i], 65536), 65536);
		if (n <= 0)
			return -1;
		buf_took(&bundle[i], (size_t)n);
		(void)close(fd);
	}
	buf_clear(&path);
	(void)snprintf(
	    dir, sizeof dir, "%s/differ.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	return policy == NULL || mkdtemp(dir) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < SEEDS; i++)
		buf_clear(&bundle[i]);
	buf_clear(&vkey);
	check_policy_free(policy);
	(void)rmdir(dir);
	return 0;
}

static bool
server_says(struct span s)
{
	struct arena *a = arena_new(1 << 24);
	struct proof_result got;
	bool good = proof_check(s, &key, 1, a, &got, NULL) == ERR_OK;

	arena_free(a);
	return good;
}

static bool
check_says(struct span s, struct check_why *why)
{
	struct check_shown shown;
	bool good = check_bundle(
	    (struct check_bytes){ s.at, s.len }, policy, &shown, why);

	if (good)
		check_shown_free(&shown);
	return good;
}

/* One to three small changes, at places and of kinds by chance. */
static void
mutate(struct buf *b)
{
	static const char pool[] = "0123456789ABCxyz+/=\"{}[],:. \\u-e\n\xff";

	for (uint64_t n = 1 + next(3); n > 0 && b->len > 2; n--) {
		size_t at = (size_t)next(b->len);
		size_t len = 1 + (size_t)next(4);

		if (len > b->len - at)
			len = b->len - at;
		switch (next(6)) {
		case 0: /* a bit */
			b->at[at] ^= (uint8_t)(1U << next(8));
			break;
		case 1: /* another character */
		case 2:
			b->at[at] = (uint8_t)pool[next(sizeof pool - 1)];
			break;
		case 3: /* some characters away */
			memmove(
			    &b->at[at], &b->at[at + len], b->len - at - len);
			b->len -= len;
			break;
		case 4: /* some characters twice */
			if (buf_room(b, len) == NULL)
				break;
			memmove(&b->at[at + len], &b->at[at], b->len - at);
			b->len += len;
			break;
		default: /* the rest away, seldom */
			if (next(8) == 0)
				b->len = at;
			break;
		}
	}
}

static void
keep(unsigned i, struct span s)
{
	char path[300];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%u.json", dir, i);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, s.at, s.len), s.len);
	(void)close(fd);
}

/* What the third checker says of all that were kept. */
static void
python_says(bool *good)
{
	const char *src = getenv("SRC");
	char line[4096];
	unsigned n = 0;
	struct buf command;
	FILE *f;
	int to[2];
	pid_t pid;

	buf_init(&command, 1 << 16);
	buf_printf(&command,
	    "cd '%s' && seq 0 %d | sed 's/$/.json/' | xargs -n 2000 "
	    "python3 '%s/tools/check_proof.py' --key '%s'; rm -f ./*.json",
	    dir, MUTANTS - 1, src == NULL ? "." : src, buf_string(&vkey));
	assert_int_equal(pipe(to), 0);
	if ((pid = fork()) == 0) {
		(void)dup2(to[1], 1);
		(void)close(to[0]);
		(void)execlp(
		    "sh", "sh", "-c", buf_string(&command), (char *)NULL);
		_exit(127);
	}
	(void)close(to[1]);
	f = fdopen(to[0], "r");
	assert_non_null(f);
	while (n < MUTANTS && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "proved: ", 8) == 0)
			good[n++] = true;
		else if (strncmp(line, "not proved: ", 12) == 0)
			good[n++] = false;
	(void)fclose(f);
	(void)waitpid(pid, NULL, 0);
	assert_int_equal(n, MUTANTS);
	buf_clear(&command);
}

static void
three_checkers_agree_on_a_thousand_altered_bundles(void **state)
{
	static bool ours[MUTANTS], python[MUTANTS];
	unsigned good = 0;

	(void)state;
	for (unsigned i = 0; i < MUTANTS; i++) {
		size_t from = i % 4 < 2 ? i % 2 : (size_t)next(SEEDS);
		struct check_why why = { "" };
		struct buf b;

		buf_init(&b, PROOF_MAX);
		buf_span(&b, buf_view(&bundle[from]));
		if (i >= SEEDS)
			mutate(&b);
		ours[i] = check_says(buf_view(&b), &why);
		if (ours[i] != server_says(buf_view(&b)))
			fail_msg("bundle %u: the server says %s, check: %s %s",
			    i, ours[i] ? "no" : "yes", ours[i] ? "yes" : "no",
			    why.text);
		good += ours[i];
		keep(i, buf_view(&b));
		buf_clear(&b);
	}
	python_says(python);
	for (unsigned i = 0; i < MUTANTS; i++)
		if (ours[i] != python[i])
			fail_msg("bundle %u: python says %s", i,
			    python[i] ? "yes" : "no");
	/* White space may have been doubled; hardly anything else holds. */
	assert_in_range(good, 2, MUTANTS / 10);
	print_message("# %u altered bundles, %u still prove\n", MUTANTS, good);
}

/* Want of memory is never a proof, and never the end of the program. */
static void
whatever_allocation_fails_nothing_false_is_proved(void **state)
{
	uint64_t rounds = 0;

	(void)state;
	for (size_t i = 0; i < SEEDS; i++) {
		const bool want = i < 3;
		bool struck = true;

		for (uint64_t nth = 1; struck; nth++) {
			struct check_shown shown;
			struct check_why why = { "" };
			bool good;

			starve_at(nth);
			good = check_bundle(
			    (struct check_bytes){ bundle[i].at, bundle[i].len },
			    policy, &shown, &why);
			struck = starve_off();
			if (good)
				check_shown_free(&shown);
			assert_true(good ? want : struck || !want);
			assert_true(good || why.text[0] != '\0');
			rounds++;
		}
	}
	assert_true(rounds > 20);
}

static void
a_record_is_proved_within_5_ms_from_2_kb(void **state)
{
	struct timespec from, to;
	double ms;

	(void)state;
	assert_true(bundle[0].len <= 2048);
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 20; i++)
		assert_true(check_says(buf_view(&bundle[0]), NULL));
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	ms = ((double)(to.tv_sec - from.tv_sec) * 1e3 +
		 (double)(to.tv_nsec - from.tv_nsec) / 1e6) /
	    20;
	print_message("# %zu bytes, %.3f ms a proof\n", bundle[0].len, ms);
	assert_true(ms <= 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    three_checkers_agree_on_a_thousand_altered_bundles),
		cmocka_unit_test(
		    whatever_allocation_fails_nothing_false_is_proved),
		cmocka_unit_test(a_record_is_proved_within_5_ms_from_2_kb),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
