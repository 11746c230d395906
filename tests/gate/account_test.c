/*
 * tests/gate/account_test.c: accounts are made once, begin with a one-time
 * password, and end at once.
 */
#include <fcntl.h>
#include <unistd.h>

#include "desk.h"

static void
the_first_administrator_is_made_once(void **state)
{
	char name[GATE_NAME_MAX + 1] = "", again[GATE_NAME_MAX + 1] = "";
	char first[GATE_ONE_TIME_MAX] = "", second[GATE_ONE_TIME_MAX] = "";
	struct gate *g = desk_open(NULL);
	struct gate_sign_in in;

	(void)state;
	assert_int_equal(
	    gate_first_admin(g, SPAN_LIT("main/admin"), T0, name, first, NULL),
	    ERR_OK);
	assert_string_equal(name, "admin");
	assert_int_equal(strlen(first), 19);
	assert_int_equal(gate_first_admin(g, SPAN_LIT("main/admin"), T0, again,
			     second, NULL),
	    ERR_EXISTS);
	assert_string_equal(second, "");
	in = desk_try(g, "admin", first, HOME, T0);
	assert_int_equal(in.answer, GATE_MUST_CHANGE);
	assert_string_equal(in.person, "main/admin");
	gate_close(g);
}

/* The password printed at the first start was never used and ran out: the
 * next start prints another. Once used, never again. */
static void
an_unused_first_password_is_renewed_when_it_ran_out(void **state)
{
	char name[GATE_NAME_MAX + 1], first[GATE_ONE_TIME_MAX],
	    second[GATE_ONE_TIME_MAX];
	struct gate *g = desk_open(NULL);
	const int64_t week = 7 * WHEN_DAY;

	(void)state;
	assert_int_equal(
	    gate_first_admin(g, SPAN_LIT("main/admin"), T0, name, first, NULL),
	    ERR_OK);
	assert_int_equal(gate_first_admin(g, SPAN_LIT("main/admin"),
			     T0 + week - 1, name, second, NULL),
	    ERR_EXISTS);
	assert_int_equal(desk_try(g, "admin", first, HOME, T0 + week).cause,
	    GATE_CAUSE_EXPIRED);
	assert_int_equal(gate_first_admin(g, SPAN_LIT("main/admin"), T0 + week,
			     name, second, NULL),
	    ERR_OK);
	assert_string_not_equal(first, second);
	assert_int_equal(
	    desk_try(g, "admin", first, HOME, T0 + week).answer, GATE_DENIED);
	assert_int_equal(desk_try(g, "admin", second, HOME, T0 + week).answer,
	    GATE_MUST_CHANGE);
	assert_int_equal(gate_first_admin(g, SPAN_LIT("main/admin"),
			     T0 + 3 * week, name, second, NULL),
	    ERR_EXISTS);
	gate_close(g);
}

static void
names_and_persons_have_one_form(void **state)
{
	static const char *const bad_name[] = { "", "Admin", "a b", "-a",
		"\xe8\x87\xba", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	static const char *const bad_person[] = { "", "main", "main/", "/a",
		"main/a/b", "Main/a" };
	char first[GATE_ONE_TIME_MAX] = "x";
	struct gate *g = desk_open(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof bad_name / sizeof bad_name[0]; i++)
		assert_int_equal(gate_account_add(g, span_text(bad_name[i]),
				     SPAN_LIT("main/a"), T0, first, NULL),
		    ERR_SYNTAX);
	for (size_t i = 0; i < sizeof bad_person / sizeof bad_person[0]; i++)
		assert_int_equal(gate_account_add(g, SPAN_LIT("chen"),
				     span_text(bad_person[i]), T0, first, NULL),
		    ERR_SYNTAX);
	assert_string_equal(first, "x");
	gate_close(g);
}

static void
a_name_is_never_used_a_second_time(void **state)
{
	char token[GATE_TOKEN_LEN + 1], first[GATE_ONE_TIME_MAX];
	struct gate *g = desk_open(NULL);
	struct fault why;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	assert_int_equal(
	    gate_account_disable(g, SPAN_LIT("chen"), T0, NULL), ERR_OK);
	assert_int_equal(gate_account_add(g, SPAN_LIT("chen"),
			     SPAN_LIT("main/other"), T0, first, &why),
	    ERR_EXISTS);
	assert_string_equal(why.text, "the account name chen was used before");
	gate_close(g);
}

static void
disabling_ends_what_is_open_and_enabling_brings_nothing_back(void **state)
{
	char token[GATE_TOKEN_LEN + 1];
	struct gate *g = desk_open(NULL);
	struct gate_sign_in in;
	struct ends ends;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	assert_true(desk_open_session(g, token, true, T0 + 1));
	assert_int_equal(
	    gate_account_disable(g, SPAN_LIT("chen"), T0 + 2, NULL), ERR_OK);
	assert_false(desk_open_session(g, token, true, T0 + 3));
	in = desk_try(g, "chen", GOOD, HOME, T0 + 3);
	assert_int_equal(in.answer, GATE_DENIED);
	assert_int_equal(in.cause, GATE_CAUSE_DISABLED);
	ends = desk_expire(g, T0 + 4);
	assert_int_equal(ends.n, 1);
	assert_int_equal(ends.how[0], GATE_END_DISABLED);
	assert_int_equal(ends.at[0], T0 + 2);
	assert_int_equal(
	    gate_account_enable(g, SPAN_LIT("chen"), NULL), ERR_OK);
	assert_false(desk_open_session(g, token, true, T0 + 5));
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + 6).answer, GATE_OK);
	assert_int_equal(gate_account_disable(g, SPAN_LIT("nobody"), T0, NULL),
	    ERR_NOT_FOUND);
	gate_close(g);
}

static void
a_reset_ends_sessions_and_asks_for_a_new_password(void **state)
{
	char token[GATE_TOKEN_LEN + 1], first[GATE_ONE_TIME_MAX];
	struct gate *g = desk_open(NULL);
	struct gate_sign_in in;
	struct gate_change c;
	struct ends ends;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	for (int i = 0; i < 5; i++)
		(void)desk_try(g, "chen", i % 2 ? "a" : "b", HOME, T0 + i);
	assert_int_equal(
	    gate_account_reset(g, SPAN_LIT("chen"), T0 + 10, first, NULL),
	    ERR_OK);
	ends = desk_expire(g, T0 + 11);
	assert_int_equal(ends.n, 1);
	assert_int_equal(ends.how[0], GATE_END_RESET);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + 12).answer, GATE_DENIED);
	in = desk_try(g, "chen", first, HOME, T0 + 13); /* no lock any more */
	assert_int_equal(in.answer, GATE_MUST_CHANGE);
	/* the password before the reset was the person's own */
	assert_int_equal(
	    gate_password_change(g, span_text(in.token), span_text(first),
		SPAN_LIT(GOOD), SPAN_LIT(HOME), T0 + 14, &c, NULL),
	    ERR_OK);
	assert_int_equal(c.rule, RULE_PAST);
	gate_close(g);
}

/* Two accounts and what is listed of them. */
static enum err
list_check(void *arg, const struct gate_account *a)
{
	unsigned *n = arg;

	if (*n == 0) {
		assert_true(span_is(a->name, "chen"));
		assert_true(span_is(a->person, "main/chen"));
		assert_false(a->must_change);
		assert_int_equal(a->failed, 2);
		assert_int_equal(a->locked_us, 0);
		assert_int_equal(a->sessions, 1);
		assert_int_equal(a->created_us, T0);
		assert_int_equal(a->sign_in_us, T0);
	} else {
		assert_true(span_is(a->name, "lin"));
		assert_true(a->must_change);
		assert_int_equal(a->sign_in_us, 0);
		assert_int_equal(a->sessions, 0);
		assert_int_equal(a->locked_us, T0 + 5 + 15 * WHEN_MINUTE);
	}
	(*n)++;
	return ERR_OK;
}

/* A listener that has had enough. */
static enum err
list_stop(void *arg, const struct gate_account *a)
{
	(void)a;
	(*(unsigned *)arg)++;
	return ERR_GONE;
}

static void
the_list_shows_failures_locks_and_sessions(void **state)
{
	char token[GATE_TOKEN_LEN + 1], first[GATE_ONE_TIME_MAX];
	struct gate *g = desk_open(NULL);
	unsigned n = 0;

	(void)state;
	desk_account(g, "chen", GOOD, T0, token);
	assert_int_equal(gate_account_add(g, SPAN_LIT("lin"),
			     SPAN_LIT("main/lin"), T0, first, NULL),
	    ERR_OK);
	(void)desk_try(g, "chen", "a", HOME, T0 + 1);
	(void)desk_try(g, "chen", "b", HOME, T0 + 2);
	for (int i = 1; i <= 5; i++)
		(void)desk_try(g, "lin", i % 2 ? "a" : "b", HOME, T0 + i);
	assert_int_equal(
	    gate_account_list(g, T0 + 6, list_check, &n, NULL), ERR_OK);
	assert_int_equal(n, 2);
	n = 0; /* a refusal ends the list and is passed on */
	assert_int_equal(
	    gate_account_list(g, T0 + 6, list_stop, &n, NULL), ERR_GONE);
	assert_int_equal(n, 1);
	gate_close(g);
}

static void
rules_that_make_no_sense_are_refused_by_name(void **state)
{
	struct gate_rules r = gate_rules_default;
	struct fault why = { 0 };
	struct gate *g = NULL;

	(void)state;
	r.fail_max = GATE_FAIL_MAX + 1;
	assert_int_equal(gate_open(NULL, pepper, &r, &g, &why), ERR_RANGE);
	assert_string_equal(
	    why.text, "the gate's rule fail_max makes no sense");
	assert_null(g);
	gate_close(NULL);
}

/* What is in the file: no password, no token; and it is all there again. */
static void
the_file_holds_no_password_and_no_token(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char token[GATE_TOKEN_LEN + 1];
	uint8_t raw[GATE_TOKEN_LEN / 2];
	static uint8_t bytes[1 << 20];
	struct gate *g = NULL;
	struct buf path;
	size_t dir_len;
	int fd;

	(void)state;
	password_cost(8192, 1);
	buf_init(&path, 4096);
	buf_printf(&path, "%s/gate.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp((char *)path.at));
	dir_len = path.len;
	buf_text(&path, "/gate.db");
	assert_int_equal(
	    gate_open(buf_string(&path), pepper, NULL, &g, NULL), ERR_OK);
	desk_account(g, "chen", GOOD, T0, token);
	(void)desk_try(g, "chen", "Wrong-Battery-8", HOME, T0);
	gate_close(g);

	for (unsigned i = 0; i < sizeof raw; i++)
		raw[i] = (uint8_t)strtoul(
		    (char[]){ token[2 * i], token[2 * i + 1], 0 }, NULL, 16);
	static const char *const file[] = { "", "-wal", "-shm" };
	for (unsigned k = 0; k < 3; k++) {
		size_t len = path.len;

		buf_text(&path, file[k]);
		fd = open(buf_string(&path), O_RDONLY);
		if (fd != -1) {
			ssize_t n = read(fd, bytes, sizeof bytes);

			assert_true(n >= 0);
			assert_null(
			    memmem(bytes, (size_t)n, GOOD, sizeof GOOD - 1));
			assert_null(
			    memmem(bytes, (size_t)n, "Wrong-Battery", 13));
			assert_null(
			    memmem(bytes, (size_t)n, token, GATE_TOKEN_LEN));
			assert_null(memmem(bytes, (size_t)n, raw, sizeof raw));
			assert_null(
			    memmem(bytes, (size_t)n, pepper, sizeof pepper));
			assert_int_equal(close(fd), 0);
		}
		path.len = len;
		path.at[len] = '\0';
	}

	assert_int_equal(
	    gate_open(buf_string(&path), pepper, NULL, &g, NULL), ERR_OK);
	assert_true(desk_open_session(g, token, true, T0 + WHEN_MINUTE));
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + WHEN_MINUTE).answer, GATE_OK);
	gate_close(g);

	/* another pepper: no password is right, no form token either */
	uint8_t other[PASSWORD_PEPPER_LEN] = { 9 };
	assert_int_equal(
	    gate_open(buf_string(&path), other, NULL, &g, NULL), ERR_OK);
	assert_int_equal(
	    desk_try(g, "chen", GOOD, HOME, T0 + WHEN_MINUTE).answer,
	    GATE_DENIED);
	gate_close(g);
	for (unsigned k = 0; k < 3; k++) {
		size_t len = path.len;

		buf_text(&path, file[k]);
		(void)unlink(buf_string(&path));
		path.len = len;
		path.at[len] = '\0';
	}
	path.at[dir_len] = '\0';
	assert_int_equal(rmdir((char *)path.at), 0);
	buf_clear(&path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_administrator_is_made_once),
		cmocka_unit_test(
		    an_unused_first_password_is_renewed_when_it_ran_out),
		cmocka_unit_test(names_and_persons_have_one_form),
		cmocka_unit_test(a_name_is_never_used_a_second_time),
		cmocka_unit_test(
		    disabling_ends_what_is_open_and_enabling_brings_nothing_back),
		cmocka_unit_test(
		    a_reset_ends_sessions_and_asks_for_a_new_password),
		cmocka_unit_test(the_list_shows_failures_locks_and_sessions),
		cmocka_unit_test(rules_that_make_no_sense_are_refused_by_name),
		cmocka_unit_test(the_file_holds_no_password_and_no_token),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
