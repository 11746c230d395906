/*
 * tests/crypt/secret_test.c: key files are made once, and read only when they
 * are as they must be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypt/crypt.h"
#include "crypt/secret.h"

static struct buf path;
static int dir;

static int
setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/secret.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	if (buf_error(&path) != ERR_OK || mkdtemp((char *)path.at) == NULL)
		return -1;
	dir = open(buf_string(&path), O_RDONLY | O_DIRECTORY);
	return dir == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlinkat(dir, "log.key", 0);
	(void)unlinkat(dir, "link.key", 0);
	(void)unlinkat(dir, ".log.key.new", 0);
	(void)close(dir);
	(void)rmdir(buf_string(&path));
	buf_clear(&path);
	return 0;
}

static void
a_missing_key_is_made_once_and_found_again(void **state)
{
	struct secret *a = NULL, *b = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(
	    secret_load(dir, "log.key", 32, &a, NULL), ERR_NOT_FOUND);
	assert_int_equal(secret_make(dir, "log.key", 32, &a, NULL), ERR_OK);
	assert_int_equal(secret_make(dir, "log.key", 32, &b, NULL), ERR_OK);
	assert_int_equal(secret_read(a).len, 32);
	assert_true(span_equal(secret_read(a), secret_read(b)));
	assert_int_equal(fstatat(dir, "log.key", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(faccessat(dir, ".log.key.new", F_OK, 0), -1);
	secret_free(a);
	secret_free(b);
	secret_free(NULL);
}

/* A start that was cut short leaves a half-made file under another name. */
static void
a_key_half_made_is_made_anew(void **state)
{
	struct secret *s = NULL;
	int fd;

	(void)state;
	assert_int_equal(unlinkat(dir, "log.key", 0), 0);
	fd = openat(dir, ".log.key.new", O_WRONLY | O_CREAT, 0400);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, "half", 4), 4);
	assert_int_equal(close(fd), 0);
	assert_int_equal(secret_make(dir, "log.key", 32, &s, NULL), ERR_OK);
	secret_free(s);
}

static void
a_key_others_could_read_is_refused(void **state)
{
	struct fault why = { 0 };
	struct secret *s = NULL;

	(void)state;
	assert_int_equal(fchmodat(dir, "log.key", 0440, 0), 0);
	assert_int_equal(secret_make(dir, "log.key", 32, &s, &why), ERR_DENIED);
	assert_string_equal(
	    why.text, "key log.key has mode 0440; it must be 0400");
	assert_int_equal(fchmodat(dir, "log.key", 0400, 0), 0);
	assert_null(s);
}

static void
a_key_of_another_length_is_damage_and_is_not_replaced(void **state)
{
	struct fault why = { 0 };
	struct secret *s = NULL;

	(void)state;
	assert_int_equal(secret_make(dir, "log.key", 64, &s, &why), ERR_DAMAGE);
	assert_string_equal(
	    why.text, "key log.key has 32 bytes; it must have 64");
	assert_null(s);
}

static void
a_link_is_not_followed(void **state)
{
	struct secret *s = NULL;

	(void)state;
	assert_int_equal(symlinkat("log.key", dir, "link.key"), 0);
	assert_int_equal(
	    secret_load(dir, "link.key", 32, &s, NULL), ERR_DENIED);
	assert_null(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_key_is_made_once_and_found_again),
		cmocka_unit_test(a_key_half_made_is_made_anew),
		cmocka_unit_test(a_key_others_could_read_is_refused),
		cmocka_unit_test(
		    a_key_of_another_length_is_damage_and_is_not_replaced),
		cmocka_unit_test(a_link_is_not_followed),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, setup, teardown);
}
