/*
 * tests/vault/lab.c: the tests' own folder and their logs.
 */
#include "lab.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
lab_open(struct lab *l)
{
	const char *tmp = getenv("TMPDIR");
	struct fault why;

	*l = (struct lab){ .seed = 42 };
	(void)snprintf(l->path, sizeof l->path, "%s/vault-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp(l->path));
	l->dir = open(l->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_not_equal(l->dir, -1);
	assert_ok(crypt_start(&why), &why);
	l->env = env_fault_new(env_system());
	assert_non_null(l->env);
	env_fault_freeze(l->env, LAB_NOW);
	env_fault_seed(l->env, 7);
	l->arena = arena_new((size_t)1 << 30);
	assert_non_null(l->arena);
}

/* Removes a folder's content; true when nothing was left. */
static void
folder_empty(int dir)
{
	DIR *d = fdopendir(dup(dir));
	struct dirent *e;

	assert_non_null(d);
	rewinddir(d);
	while ((e = readdir(d)) != NULL) {
		int sub;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dir, e->d_name, 0) == 0)
			continue;
		sub = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY);
		assert_int_not_equal(sub, -1);
		folder_empty(sub);
		(void)close(sub);
		assert_int_equal(unlinkat(dir, e->d_name, AT_REMOVEDIR), 0);
	}
	(void)closedir(d);
}

void
lab_empty(struct lab *l)
{
	folder_empty(l->dir);
}

void
lab_close(struct lab *l)
{
	lab_empty(l);
	(void)close(l->dir);
	assert_int_equal(rmdir(l->path), 0);
	env_fault_free(l->env);
	arena_free(l->arena);
}

/* Copies all of one folder into another. */
static void
folder_copy(int from, int to)
{
	DIR *d = fdopendir(dup(from));
	struct dirent *e;

	assert_non_null(d);
	rewinddir(d);
	while ((e = readdir(d)) != NULL) {
		struct stat st;
		int a, b;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		a = openat(from, e->d_name, O_RDONLY);
		assert_int_not_equal(a, -1);
		assert_int_equal(fstat(a, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			assert_int_equal(mkdirat(to, e->d_name, 0700), 0);
			b = openat(to, e->d_name, O_RDONLY | O_DIRECTORY);
			folder_copy(a, b);
		} else {
			char buf[65536];
			ssize_t n;

			b = openat(
			    to, e->d_name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
			while ((n = read(a, buf, sizeof buf)) > 0)
				assert_int_equal(write(b, buf, (size_t)n), n);
		}
		(void)close(a);
		(void)close(b);
	}
	(void)closedir(d);
}

void
lab_copy(const struct lab *l, struct lab *to)
{
	folder_copy(l->dir, to->dir);
}

uint64_t
lab_random(struct lab *l)
{
	uint64_t z = l->seed += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static struct span
text(struct lab *l, const char *s)
{
	return span_text(arena_text(l->arena, span_text(s)));
}

/* Bytes of any value; every third record of this kind is a long one. */
static struct span
bytes(struct lab *l, size_t len)
{
	uint8_t *p = arena_alloc(l->arena, len);

	assert_non_null(p);
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)lab_random(l);
	return span_of(p, len);
}

struct event
lab_event(struct lab *l, uint64_t i, int64_t received_us)
{
	static const char *const users[] = { "root", "alice", "bob", "wang" };
	static const char *const hosts[] = { "web01", "db01", "fw-north" };
	const char *user = users[lab_random(l) % 4];
	unsigned port = 1024 + (unsigned)(lab_random(l) % 60000);
	struct event ev = { .received_us = received_us,
		.event_us = received_us - 1000,
		.via = VIA_UDP,
		.parse = PARSE_RFC3164,
		.facility = 4,
		.severity = (uint8_t)(lab_random(l) % 8) };
	unsigned long long n = i;

	ev.host = text(l, hosts[i % 3]);
	ev.sender = span_text(
	    arena_printf(l->arena, "192.0.2.%u", 1 + (unsigned)(i % 3)));
	ev.app = text(l, "sshd");
	switch (lab_random(l) % 8) {
	case 0:
		ev.category = CAT_SIGN_IN_FAILED;
		ev.raw = span_text(arena_printf(l->arena,
		    "<38>Nov 22 10:00:00 web01 sshd[812]: Failed password for "
		    "%s from 198.51.100.%u port %u ssh2 #%llu",
		    user, (unsigned)(i % 250), port, n));
		ev.field[FIELD_USER] = text(l, user);
		ev.field[FIELD_SRC_IP] = span_text(arena_printf(
		    l->arena, "198.51.100.%u", (unsigned)(i % 250)));
		ev.field[FIELD_SRC_PORT] = span_text(
		    arena_printf(l->arena, "%u", port));
		break;
	case 1:
		ev.category = CAT_FW_CONN;
		ev.raw = span_text(arena_printf(l->arena,
		    "<134>date=2026-11-22 devname=\"fw-north\" srcip=10.0.%u.7 "
		    "srcport=%u dstip=203.0.113.9 dstport=443 action=\"deny\" "
		    "#%llu",
		    (unsigned)(i % 256), port, n));
		ev.field[FIELD_SRC_IP] = span_text(
		    arena_printf(l->arena, "10.0.%u.7", (unsigned)(i % 256)));
		ev.field[FIELD_SRC_PORT] = span_text(
		    arena_printf(l->arena, "%u", port));
		ev.field[FIELD_DST_IP] = text(l, "203.0.113.9");
		if (i % 2 == 0)
			ev.field[FIELD_DST_PORT] = text(l, "443");
		ev.field[FIELD_ACTION] = text(l, "deny");
		break;
	case 2:
		ev.category = CAT_PD_READ;
		ev.raw = span_text(arena_printf(l->arena,
		    "{\"系統\":\"戶政資料\",\"使用者\":\"王小明\",\"作業\":"
		    "\"查詢\","
		    "\"對象\":\"A%llu\",\"說明\":\"登入失敗後重試\"}",
		    n));
		ev.field[FIELD_USER] = text(l, "王小明");
		if (i % 5 != 0)
			ev.field[FIELD_SUBJECT] = span_text(
			    arena_printf(l->arena, "A%llu", n));
		break;
	case 3:
		ev.category = CAT_OTHER;
		ev.raw = span_of("a\0b\0\xff\xfe end", 10);
		ev.parse = PARSE_BAD_UTF8;
		break;
	case 4:
		ev.category = CAT_OTHER;
		ev.raw = i % 97 == 0 ? bytes(l, EVENT_RAW_MAX)
				     : bytes(l, lab_random(l) % 300);
		ev.parse = PARSE_BAD_UTF8;
		ev.event_us = 0;
		break;
	default:
		ev.category = CAT_SERVICE;
		ev.app = text(l, "systemd");
		ev.raw = span_text(arena_printf(l->arena,
		    "<30>Nov 22 10:00:01 %s systemd[1]: Started session %llu "
		    "of user %s. 臺北市政府",
		    hosts[i % 3], n, user));
		break;
	}
	ev.message = span_slice(ev.raw, 4, SIZE_MAX);
	if (ev.message.len == 0)
		ev.message = SPAN_EMPTY;
	return ev;
}

struct event
lab_auth(struct lab *l, enum event_category category, const char *host,
    const char *user, const char *address, int64_t at_us)
{
	struct event ev = { .received_us = at_us,
		.category = category,
		.severity = 6,
		.facility = 10 };

	ev.host = text(l, host);
	ev.sender = text(l, "192.0.2.1");
	ev.raw = span_text(arena_printf(l->arena, "%s %s from %s",
	    event_category_name(category), user, address));
	if (user[0] != '\0')
		ev.field[FIELD_USER] = text(l, user);
	if (address[0] != '\0')
		ev.field[FIELD_SRC_IP] = text(l, address);
	return ev;
}

void
lab_file_read(const struct lab *l, const char *name, struct buf *b)
{
	int fd = openat(l->dir, name, O_RDONLY);
	uint8_t *to;
	ssize_t n;

	assert_int_not_equal(fd, -1);
	buf_reset(b);
	while (
	    (to = buf_room(b, 65536)) != NULL && (n = read(fd, to, 65536)) > 0)
		buf_took(b, (size_t)n);
	assert_int_equal(buf_error(b), ERR_OK);
	(void)close(fd);
}

void
lab_file_write(const struct lab *l, const char *name, struct span s)
{
	int fd = openat(l->dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	if (s.len > 0)
		assert_int_equal(write(fd, s.at, s.len), (ssize_t)s.len);
	(void)close(fd);
}

/* The least name below dir that ends so. */
static bool
first_in(int dir, const char *prefix, const char *end, char to[static 300])
{
	DIR *d = fdopendir(dup(dir));
	struct dirent *e;
	bool found = false;

	assert_non_null(d);
	rewinddir(d);
	while ((e = readdir(d)) != NULL) {
		char path[300];
		struct stat st;

		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", prefix, e->d_name);
		assert_int_equal(fstatat(dir, e->d_name, &st, 0), 0);
		if (S_ISDIR(st.st_mode)) {
			char below[300];
			int sub = openat(dir, e->d_name, O_RDONLY);

			if (first_in(sub, path, end, below) &&
			    (!found || strcmp(below, to) < 0)) {
				(void)snprintf(to, 300, "%s", below);
				found = true;
			}
			(void)close(sub);
		} else if (span_ends(span_text(e->d_name), end) &&
		    (!found || strcmp(path, to) < 0)) {
			(void)snprintf(to, 300, "%s", path);
			found = true;
		}
	}
	(void)closedir(d);
	return found;
}

bool
lab_first_file(
    const struct lab *l, const char *sub, const char *end, char to[static 300])
{
	int dir = openat(l->dir, sub, O_RDONLY | O_DIRECTORY);
	bool found;

	if (dir == -1)
		return false;
	found = first_in(dir, sub, end, to);
	(void)close(dir);
	return found;
}
