/*
 * tests/base/env_test.c: the real clock and disk, and the env that fails.
 */
#include "base/env_fault.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"

/* A new folder, its path, and a handle to it. */
struct place {
	char path[200];
	int dir;
};

static void
place_new(struct place *p)
{
	const char *tmp = getenv("TMPDIR");
	struct env *env = env_system();
	struct fault why = { 0 };

	(void)snprintf(p->path, sizeof p->path, "%s/env-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(p->path));
	assert_int_equal(
	    env->ops->open_dir(env, AT_FDCWD, p->path, false, &p->dir, &why),
	    ERR_OK);
}

static void
place_end(struct place *p)
{
	struct env *env = env_system();

	env->ops->close(env, p->dir);
	assert_int_equal(rmdir(p->path), 0);
}

/* Whether the file holds exactly this. */
static bool
holds(int dir, const char *name, const char *want)
{
	struct env *env = env_system();
	char text[100];
	uint64_t len;
	int fd;
	bool same;

	if (env->ops->open(env, dir, name, ENV_READ, &fd, NULL) != ERR_OK)
		return false;
	same = env->ops->size(env, fd, &len, NULL) == ERR_OK &&
	    len == strlen(want) && len < sizeof text &&
	    env->ops->read(env, fd, 0, text, (size_t)len, NULL) == ERR_OK &&
	    memcmp(text, want, (size_t)len) == 0;
	env->ops->close(env, fd);
	return same;
}

static enum err
count_name(void *arg, const char *name)
{
	buf_printf(arg, "%s ", name);
	return ERR_OK;
}

static enum err
refuse_name(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return ERR_LIMIT;
}

static void
a_file_is_written_read_cut_and_renamed(void **state)
{
	struct env *env = env_system();
	struct place p;
	struct fault why = { 0 };
	char text[8];
	uint64_t len;
	int fd, again;

	(void)state;
	place_new(&p);
	assert_int_equal(env->ops->open(env, p.dir, "a", ENV_READ, &fd, &why),
	    ERR_NOT_FOUND);
	assert_string_equal(
	    why.text, "cannot open a: No such file or directory");
	assert_int_equal(
	    env->ops->open(env, p.dir, "a", ENV_CREATE, &fd, &why), ERR_OK);
	assert_int_equal(
	    env->ops->open(env, p.dir, "a", ENV_CREATE, &again, &why),
	    ERR_EXISTS);
	assert_int_equal(
	    env->ops->write(env, fd, SPAN_LIT("hello "), &why), ERR_OK);
	assert_int_equal(
	    env->ops->write(env, fd, SPAN_LIT("world"), &why), ERR_OK);
	assert_int_equal(env->ops->write(env, fd, SPAN_EMPTY, &why), ERR_OK);
	assert_int_equal(env->ops->sync(env, fd, &why), ERR_OK);
	assert_int_equal(env->ops->size(env, fd, &len, &why), ERR_OK);
	assert_int_equal(len, 11);
	assert_int_equal(env->ops->read(env, fd, 4, text, 3, &why), ERR_OK);
	assert_memory_equal(text, "o w", 3);
	assert_int_equal(env->ops->read(env, fd, 8, text, 4, &why), ERR_DAMAGE);
	assert_string_equal(why.text, "the file ends at byte 11, before 12");
	assert_int_equal(
	    env->ops->read(env, fd, UINT64_MAX, text, 4, &why), ERR_RANGE);
	/* After a cut the next write goes to the new end. */
	assert_int_equal(env->ops->truncate(env, fd, 5, &why), ERR_OK);
	assert_int_equal(env->ops->write(env, fd, SPAN_LIT("!"), &why), ERR_OK);
	env->ops->close(env, fd);
	assert_true(holds(p.dir, "a", "hello!"));
	/* Appending goes to the end, whoever else writes. */
	assert_int_equal(
	    env->ops->open(env, p.dir, "a", ENV_APPEND, &fd, &why), ERR_OK);
	assert_int_equal(env->ops->read(env, fd, 0, text, 2, &why), ERR_OK);
	assert_int_equal(env->ops->write(env, fd, SPAN_LIT("?"), &why), ERR_OK);
	env->ops->close(env, fd);
	assert_int_equal(env->ops->rename(env, p.dir, "a", "b", &why), ERR_OK);
	assert_int_equal(env->ops->sync(env, p.dir, &why), ERR_OK);
	assert_true(holds(p.dir, "b", "hello!?"));
	assert_int_equal(
	    env->ops->rename(env, p.dir, "a", "b", &why), ERR_NOT_FOUND);
	assert_int_equal(env->ops->unlink(env, p.dir, "b", &why), ERR_OK);
	assert_int_equal(
	    env->ops->unlink(env, p.dir, "b", &why), ERR_NOT_FOUND);
	place_end(&p);
}

static void
folders_are_made_and_listed(void **state)
{
	struct env *env = env_system();
	struct place p;
	struct fault why = { 0 };
	struct buf names;
	uint64_t bytes = 0;
	int sub, again, fd;

	(void)state;
	place_new(&p);
	buf_init(&names, 1000);
	assert_int_equal(
	    env->ops->open_dir(env, p.dir, "sub", false, &sub, &why),
	    ERR_NOT_FOUND);
	assert_int_equal(
	    env->ops->open_dir(env, p.dir, "sub", true, &sub, &why), ERR_OK);
	assert_int_equal(
	    env->ops->open_dir(env, p.dir, "sub", true, &again, &why), ERR_OK);
	assert_int_equal(
	    env->ops->open(env, sub, "x", ENV_APPEND, &fd, &why), ERR_OK);
	for (int turn = 0; turn < 2; turn++) { /* twice: each from the start */
		buf_reset(&names);
		assert_int_equal(
		    env->ops->list(env, sub, count_name, &names, &why), ERR_OK);
		assert_string_equal(buf_string(&names), "x ");
	}
	assert_int_equal(
	    env->ops->list(env, sub, refuse_name, NULL, &why), ERR_LIMIT);
	assert_int_equal(env->ops->space(env, sub, &bytes, &why), ERR_OK);
	assert_true(bytes > 0);
	/* A symbolic link is not followed, nor a folder opened as a file. */
	assert_int_equal(symlinkat("x", sub, "link"), 0);
	assert_int_equal(
	    env->ops->open(env, sub, "link", ENV_READ, &again, NULL), ERR_IO);
	assert_int_equal(
	    env->ops->open(env, p.dir, "sub", ENV_APPEND, &again, NULL),
	    ERR_IO);
	assert_int_equal(env->ops->unlink(env, sub, "link", &why), ERR_OK);
	assert_int_equal(env->ops->unlink(env, sub, "x", &why), ERR_OK);
	env->ops->close(env, fd);
	env->ops->close(env, again);
	env->ops->close(env, sub);
	assert_int_equal(unlinkat(p.dir, "sub", AT_REMOVEDIR), 0);
	buf_clear(&names);
	place_end(&p);
}

static void
time_and_chance_go_on(void **state)
{
	struct env *env = env_system();
	int64_t before = env->ops->now_us(env);
	uint8_t a[64] = { 0 }, b[64] = { 0 };

	(void)state;
	assert_true(before > INT64_C(1700000000000000));
	assert_true(env->ops->now_us(env) >= before);
	assert_int_equal(env->ops->random(env, a, sizeof a, NULL), ERR_OK);
	assert_int_equal(env->ops->random(env, b, sizeof b, NULL), ERR_OK);
	assert_memory_not_equal(a, b, sizeof a);
}

/* In a child: /dev/full is always full, and a file may not grow past its
 * limit, so that a write is first short and then refused. */
static int
write_short(const char *path)
{
	const struct rlimit most = { 1000, 1000 };
	static uint8_t bytes[3000];
	struct env *env = env_system();
	struct fault why = { 0 };
	uint64_t len = 0;
	int fd;

	if (env->ops->open(env, AT_FDCWD, "/dev/full", ENV_APPEND, &fd, &why) !=
		ERR_OK ||
	    env->ops->write(env, fd, SPAN_LIT("x"), &why) != ERR_FULL)
		return 2;
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &most) != 0 ||
	    env->ops->open(env, AT_FDCWD, path, ENV_CREATE, &fd, &why) !=
		ERR_OK)
		return 3;
	if (env->ops->write(env, fd, span_of(bytes, sizeof bytes), &why) !=
		ERR_IO ||
	    strcmp(why.text, "cannot write: File too large") != 0)
		return 4;
	if (env->ops->size(env, fd, &len, &why) != ERR_OK || len != 1000)
		return 5;
	return 0;
}

static void
a_full_disk_is_told_from_a_broken_one(void **state)
{
	struct place p;
	char path[220];
	int status;
	pid_t child;

	(void)state;
	place_new(&p);
	(void)snprintf(path, sizeof path, "%s/a", p.path);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0)
		_exit(write_short(path));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(unlink(path), 0);
	place_end(&p);
}

/* Replaces file "a" in the way that survives a power cut. */
static enum err
replace(struct env *env, int dir, const char *text, struct fault *why)
{
	int fd = -1;
	enum err e = env->ops->unlink(env, dir, "new", NULL);

	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return fault_set(why, e, "cannot remove new");
	e = env->ops->open(env, dir, "new", ENV_CREATE, &fd, why);
	if (e == ERR_OK)
		e = env->ops->write(env, fd, span_text(text), why);
	if (e == ERR_OK)
		e = env->ops->sync(env, fd, why);
	if (e == ERR_OK)
		e = env->ops->rename(env, dir, "new", "a", why);
	if (e == ERR_OK)
		e = env->ops->sync(env, dir, why);
	if (fd != -1)
		env->ops->close(env, fd);
	return e;
}

/* Fails each operation in each manner, once and for good: the old file or
 * the new one is there, whole, and the fault has its code. */
static void
each_operation_can_be_made_to_fail(void **state)
{
	static const enum err codes[] = {
		[ENV_FAIL_IO] = ERR_IO,
		[ENV_FAIL_FULL] = ERR_FULL,
		[ENV_FAIL_TORN] = ERR_IO,
		[ENV_FAIL_MEMORY] = ERR_MEMORY,
	};
	struct place p;
	struct env *env = env_fault_new(env_system());
	struct fault why = { 0 };
	uint64_t n;

	(void)state;
	place_new(&p);
	assert_non_null(env);
	env_fault_at(env, 0, ENV_OPS_ALL, ENV_FAIL_IO, false);
	assert_int_equal(replace(env, p.dir, "old", &why), ERR_OK);
	n = env_fault_count(env);
	assert_int_equal(n, 6);
	assert_false(env_fault_struck(env));
	for (unsigned how = 0; how < 4; how++)
		for (uint64_t nth = 1; nth <= n * 2; nth++) {
			bool stays = nth > n;
			uint64_t at = stays ? nth - n : nth;

			env_fault_at(env, at, ENV_OPS_DISK,
			    (enum env_failure)how, stays);
			assert_int_equal(
			    replace(env, p.dir, "new text", &why), codes[how]);
			assert_int_equal(why.code, codes[how]);
			assert_true(env_fault_struck(env));
			assert_true(
			    holds(p.dir, "a", at < 6 ? "old" : "new text"));
			if (how == ENV_FAIL_TORN && at == 3)
				assert_true(holds(p.dir, "new", "new "));
			if (stays)
				assert_int_equal(
				    env->ops->sync(env, p.dir, NULL),
				    codes[how]);
			env_fault_at(env, 0, 0, ENV_FAIL_IO, false);
			assert_int_equal(
			    replace(env, p.dir, "old", &why), ERR_OK);
		}
	assert_int_equal(env->ops->unlink(env, p.dir, "a", &why), ERR_OK);
	env_fault_free(env);
	place_end(&p);
}

static void
only_the_chosen_operations_count(void **state)
{
	struct place p;
	struct env *env = env_fault_new(env_system());
	struct fault why = { 0 };

	(void)state;
	place_new(&p);
	env_fault_at(env, 2, ENV_OP_SYNC, ENV_FAIL_IO, false);
	assert_int_equal(replace(env, p.dir, "text", &why), ERR_IO);
	assert_string_equal(why.text, "cannot sync: Input/output error");
	assert_int_equal(env_fault_count(env), 2);
	assert_string_equal(env_fault_log(env),
	    "unlink new !not-found\n"
	    "open create new\n"
	    "write 4\n"
	    "sync\n"
	    "rename new a\n"
	    "sync !io\n");
	env_fault_log_clear(env);
	assert_int_equal(env->ops->unlink(env, p.dir, "a", &why), ERR_OK);
	assert_string_equal(env_fault_log(env), "unlink a\n");
	env_fault_free(env);
	env_fault_free(NULL);
	place_end(&p);
}

static void
the_clock_stops_and_chance_repeats(void **state)
{
	struct env *env = env_fault_new(env_system());
	uint8_t a[20], b[20];
	struct fault why = { 0 };

	(void)state;
	env_fault_freeze(env, 1000);
	assert_true(env->ops->now_us(env) == 1000);
	env_fault_advance(env, 500);
	assert_true(env->ops->now_us(env) == 1500);
	env_fault_advance(env, -600);
	assert_true(env->ops->now_us(env) == 900);
	env_fault_thaw(env);
	assert_true(env->ops->now_us(env) > INT64_C(1700000000000000));
	env_fault_seed(env, 7);
	assert_int_equal(env->ops->random(env, a, sizeof a, &why), ERR_OK);
	env_fault_seed(env, 7);
	assert_int_equal(env->ops->random(env, b, sizeof b, &why), ERR_OK);
	assert_memory_equal(a, b, sizeof a);
	assert_int_equal(env->ops->random(env, b, sizeof b, &why), ERR_OK);
	assert_memory_not_equal(a, b, sizeof a);
	env_fault_at(env, 1, ENV_OP_RANDOM, ENV_FAIL_IO, false);
	assert_int_equal(env->ops->random(env, b, sizeof b, &why), ERR_IO);
	env_fault_free(env);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_written_read_cut_and_renamed),
		cmocka_unit_test(folders_are_made_and_listed),
		cmocka_unit_test(time_and_chance_go_on),
		cmocka_unit_test(a_full_disk_is_told_from_a_broken_one),
		cmocka_unit_test(each_operation_can_be_made_to_fail),
		cmocka_unit_test(only_the_chosen_operations_count),
		cmocka_unit_test(the_clock_stops_and_chance_repeats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
