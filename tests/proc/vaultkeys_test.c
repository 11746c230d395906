/*
 * tests/proc/vaultkeys_test.c: stream keys: made in time, found, destroyed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"
#include "crypt/crypt.h"
#include "proc/vaultkeys.h"

/* 2026-03-02T09:00:00+08:00 */
#define MARCH INT64_C(1772413200000000)

struct folder {
	char path[256];
	int dir;
	struct keyring *ring;
};

static int
setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct folder *f = calloc(1, sizeof *f);

	(void)snprintf(f->path, sizeof f->path, "%s/keys.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(f->path) == NULL)
		fail_msg("mkdtemp");
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->ring = keyring_new();
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct folder *f = *state;
	char command[320];

	(void)close(f->dir);
	keyring_free(f->ring);
	for (unsigned c = 0; c < CLASS_N; c++)
		for (int year = 2025; year < 2029; year++) {
			(void)snprintf(command, sizeof command,
			    "%s/vault-%s-%d.key", f->path,
			    event_class_name((enum event_class)c), year);
			(void)unlink(command);
		}
	assert_int_equal(rmdir(f->path), 0);
	free(f);
	return 0;
}

static unsigned
tend(struct folder *f, int64_t now_us)
{
	unsigned made;
	struct fault why;

	if (vaultkeys_tend(f->dir, f->ring, now_us, &made, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return made;
}

static void
each_class_has_a_key_of_the_year(void **state)
{
	struct folder *f = *state;
	struct segment_crypt a, b;
	struct stat st;
	char path[320];

	assert_int_equal(tend(f, MARCH), CLASS_N);
	assert_int_equal(tend(f, MARCH + 100 * WHEN_DAY), 0);
	assert_true(vaultkeys_for(f->ring, CLASS_AUDIT, MARCH, &a));
	assert_string_equal(a.key_id, "audit-2026");
	assert_true(vaultkeys_for(f->ring, CLASS_PERSONAL, MARCH, &b));
	assert_memory_not_equal(a.key, b.key, sizeof a.key);
	(void)snprintf(path, sizeof path, "%s/vault-audit-2026.key", f->path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_size, KEYRING_KEY_LEN);
}

/* The year ends in Taipei, eight hours before Greenwich. */
static void
the_next_years_keys_are_there_before_the_year_ends(void **state)
{
	struct folder *f = *state;
	int64_t end = day_start((struct day){ 2027, 1, 1 });
	struct segment_crypt k;

	assert_int_equal(tend(f, end - 40 * WHEN_DAY), CLASS_N);
	assert_int_equal(tend(f, end - 20 * WHEN_DAY), CLASS_N);
	assert_true(vaultkeys_for(f->ring, CLASS_AUDIT, end - 1, &k));
	assert_string_equal(k.key_id, "audit-2026");
	assert_true(vaultkeys_for(f->ring, CLASS_AUDIT, end, &k));
	assert_string_equal(k.key_id, "audit-2027");
	assert_false(
	    vaultkeys_for(f->ring, CLASS_AUDIT, end + 366 * WHEN_DAY, &k));
}

static void
what_was_made_is_read_again_and_what_is_no_key_is_not(void **state)
{
	struct folder *f = *state;
	struct keyring *again = keyring_new();
	struct segment_crypt a, b;
	struct fault why;
	int fd;

	(void)tend(f, MARCH);
	fd = openat(f->dir, "vault-nonsense.key", O_CREAT | O_WRONLY, 0400);
	assert_int_not_equal(fd, -1);
	(void)close(fd);
	if (vaultkeys_load(f->dir, again, &why) != ERR_OK)
		fail_msg("%s", why.text);
	assert_int_equal(keyring_count(again), CLASS_N);
	assert_true(vaultkeys_for(f->ring, CLASS_GENERAL, MARCH, &a));
	assert_true(vaultkeys_for(again, CLASS_GENERAL, MARCH, &b));
	assert_memory_equal(a.key, b.key, sizeof a.key);
	keyring_free(again);
	assert_int_equal(unlinkat(f->dir, "vault-nonsense.key", 0), 0);
}

static void
a_destroyed_key_is_gone_from_disk_and_memory(void **state)
{
	struct folder *f = *state;
	struct keyring *again = keyring_new();
	struct fault why;

	(void)tend(f, MARCH);
	assert_int_equal(
	    vaultkeys_destroy(f->dir, f->ring, "audit-2026", &why), ERR_OK);
	assert_null(keyring_find(f->ring, "audit-2026").at);
	assert_int_equal(vaultkeys_load(f->dir, again, &why), ERR_OK);
	assert_null(keyring_find(again, "audit-2026").at);
	assert_int_equal(keyring_count(again), CLASS_N - 1);
	keyring_free(again);
}

static void
the_ring_goes_whole_from_process_to_process(void **state)
{
	struct folder *f = *state;
	struct keyring *told = NULL;
	struct segment_crypt a, b;
	struct fault why;
	struct buf m;

	(void)tend(f, MARCH);
	buf_init(&m, 1 << 16);
	vaultkeys_print(&m, f->ring);
	assert_int_equal(vaultkeys_read(buf_view(&m), &told, &why), ERR_OK);
	assert_int_equal(keyring_count(told), CLASS_N);
	assert_true(vaultkeys_for(f->ring, CLASS_FIREWALL_CONN, MARCH, &a));
	assert_true(vaultkeys_for(told, CLASS_FIREWALL_CONN, MARCH, &b));
	assert_memory_equal(a.key, b.key, sizeof a.key);
	keyring_free(told);
	for (size_t n = 0; n < m.len; n++)
		assert_int_not_equal(
		    vaultkeys_read(span_slice(buf_view(&m), 0, n), &told, &why),
		    ERR_OK);
	buf_clear(&m);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_class_has_a_key_of_the_year),
		T(the_next_years_keys_are_there_before_the_year_ends),
		T(what_was_made_is_read_again_and_what_is_no_key_is_not),
		T(a_destroyed_key_is_gone_from_disk_and_memory),
		T(the_ring_goes_whole_from_process_to_process),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
