/*
 * tests/vault/damage_test.c: whatever is changed in a vault's files is found.
 *
 * One flipped bit in every 1,000th byte and 10,000 at random places over
 * segments, journals and catalogue; blocks misdirected, stale and swapped;
 * files cut short, exchanged, emptied and gone. Every one is found by the
 * verifier; what it does not name as affected is still read.
 */
#include "lab.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/verify.h"

#define RECORDS 240U
#ifdef __SANITIZE_ADDRESS__
#define FLIPS 2000U /* DAMAGE_FLIPS=10000: all of them, in two minutes */
#else
#define FLIPS 10000U
#endif
#define FILES_MAX 32

static const struct vault_options options = { .agency = "main" };

/* A file of the vault, and its bytes as they are meant. */
struct file {
	char path[300];
	struct buf good, old; /* old: as it was before the last records */
	bool is_segment;
};

struct museum {
	struct lab l;
	struct file file[FILES_MAX];
	size_t n;
	uint64_t records;
};

/* --- a vault with sealed and waiting records ------------------------------- */

static void
give(struct lab *l, struct vault *v, unsigned from, unsigned n)
{
	bool repeated;
	struct fault why;

	for (unsigned i = from; i < from + n; i += 20) {
		struct event ev[20];

		for (unsigned k = 0; k < 20; k++) {
			ev[k] = lab_event(l, i + k, LAB_NOW + i + k);
			if (ev[k].raw.len > 200)
				ev[k].raw = span_slice(ev[k].raw, 0, 200);
			ev[k].message = SPAN_EMPTY;
		}
		assert_ok(vault_append(
			      v, 3, i / 20 + 1, ev, 20, NULL, &repeated, &why),
		    &why);
		assert_ok(vault_sync(v, &why), &why);
		arena_reset(l->arena);
	}
}

static void
seal(struct vault *v)
{
	const struct segment_info *info;
	struct fault why;

	for (uint32_t i = 0; i < vault_streams(v); i++) {
		enum err e = vault_seal(v, i, &info, &why);

		assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
	}
	while (vault_offer(v, &info, &why) == ERR_OK) {
		struct hash name = info->name;

		assert_ok(vault_sealed(v, &name, &why), &why);
	}
}

/* Notes every file below a folder. */
static void
files_find(struct museum *m, const char *sub)
{
	char path[600];
	struct dirent *e;
	struct stat st;
	DIR *d;

	(void)snprintf(path, sizeof path, "%s/%s", m->l.path, sub);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		char name[300];

		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof name, "%.200s%s%.90s", sub,
		    sub[0] == '\0' ? "" : "/", e->d_name);
		if (fstatat(m->l.dir, name, &st, 0) != 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			files_find(m, name);
		} else if (m->n < FILES_MAX && st.st_size > 0) {
			struct file *f = &m->file[m->n++];

			(void)snprintf(f->path, sizeof f->path, "%s", name);
			buf_init(&f->good, (size_t)1 << 24);
			buf_init(&f->old, (size_t)1 << 24);
			lab_file_read(&m->l, name, &f->good);
			f->is_segment = strstr(name, ".seg") != NULL;
		}
	}
	(void)closedir(d);
}

static void
museum_open(struct museum *m)
{
	struct museum *before = calloc(1, sizeof *before);
	struct vault_found found;
	struct vault *v;
	struct fault why;

	memset(m, 0, sizeof *m);
	lab_open(&m->l);
	assert_ok(
	    vault_open(m->l.env, m->l.dir, &options, &v, &found, &why), &why);
	give(&m->l, v, 0, RECORDS / 3);
	seal(v);
	give(&m->l, v, RECORDS / 3, RECORDS / 3);
	seal(v);
	give(&m->l, v, 2 * RECORDS / 3, RECORDS / 3 - 40);
	before->l = m->l;
	files_find(before, "");
	give(&m->l, v, RECORDS - 40, 40);
	vault_close(v);
	files_find(m, "");
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < before->n; k++)
			if (strcmp(m->file[i].path, before->file[k].path) == 0)
				buf_span(&m->file[i].old,
				    buf_view(&before->file[k].good));
	for (size_t k = 0; k < before->n; k++) {
		buf_clear(&before->file[k].good);
		buf_clear(&before->file[k].old);
	}
	free(before);
	m->records = RECORDS;
}

static void
museum_close(struct museum *m)
{
	for (size_t i = 0; i < m->n; i++) {
		buf_clear(&m->file[i].good);
		buf_clear(&m->file[i].old);
	}
	lab_close(&m->l);
}

/* --- what the verifier says --------------------------------------------------- */

struct said {
	unsigned n;
	uint64_t affected;
	bool unknown_end;
	char first[256];
};

static void
said_add(void *arg, const struct verify_damage *d)
{
	struct said *s = arg;

	if (s->n++ == 0)
		(void)snprintf(s->first, sizeof s->first, "%s", d->text);
	if (d->last_seq == UINT64_MAX)
		s->unknown_end = true;
	else if (d->first_seq != 0)
		s->affected += d->last_seq - d->first_seq + 1;
}

/* Verifies as it stands; whether anything was found. */
static bool
verify(struct museum *m, struct said *s, uint64_t *good)
{
	struct verify_ask ask = { .inbox = true };
	struct verify_count count;
	struct fault why;
	struct view *v;
	bool torn;

	*s = (struct said){ .n = 0 };
	assert_ok(view_open(m->l.env, m->l.dir, &v, &why), &why);
	assert_ok(verify_run(v, &ask, &count, said_add, s, &why), &why);
	assert_int_equal(count.damages, s->n);
	/* An unfinished end is what a power cut leaves too: it is shown, and
	 * the log's heads tell the two apart. */
	torn = view_found(v) != NULL && view_found(v)->torn > 0;
	*good = count.records;
	view_close(v);
	return s->n > 0 || torn;
}

/* Every record is asked for; how many are given. */
static uint64_t
readable(struct museum *m)
{
	struct arena *a = arena_new((size_t)64 << 20);
	const struct view_stream *s;
	struct fault why;
	struct view *v;
	uint64_t got = 0;
	size_t n;

	assert_ok(view_open(m->l.env, m->l.dir, &v, &why), &why);
	assert_ok(view_streams(v, a, &s, &n, &why), &why);
	for (size_t i = 0; i < n; i++)
		for (uint64_t seq = 1; seq <= s[i].last_seq; seq++) {
			struct record_name id = { .seq = seq };
			struct view_place place;
			struct event ev;
			uint32_t source;

			memcpy(id.stream, s[i].name, strlen(s[i].name) + 1);
			got += view_record(v, &id, a, &ev, &source, &place,
				   &why) == ERR_OK;
		}
	view_close(v);
	arena_free(a);
	return got;
}

static void
put(struct museum *m, const struct file *f, struct span bytes)
{
	lab_file_write(&m->l, f->path, bytes);
}

/* --- flips ---------------------------------------------------------------------- */

static void
flip(struct museum *m, struct file *f, size_t at, uint8_t bit, bool look)
{
	struct said s;
	uint64_t good;

	f->good.at[at] ^= bit;
	put(m, f, buf_view(&f->good));
	if (!verify(m, &s, &good))
		fail_msg("%s: bit %u of byte %zu of %zu: not found", f->path,
		    bit, at, f->good.len);
	/* What is not named is read. */
	if (look && f->is_segment && s.n > 0 && !s.unknown_end)
		assert_true(readable(m) + s.affected >= m->records);
	f->good.at[at] ^= bit;
	put(m, f, buf_view(&f->good));
}

static void
a_flipped_bit_anywhere_is_found(void **state)
{
	const char *more = getenv("DAMAGE_FLIPS");
	unsigned long flips = more != NULL ? strtoul(more, NULL, 10) : FLIPS;
	struct museum m;
	struct said s;
	uint64_t good;
	size_t all = 0;

	(void)state;
	museum_open(&m);
	assert_false(verify(&m, &s, &good));
	assert_int_equal(good, m.records);
	assert_int_equal(readable(&m), m.records);
	for (size_t i = 0; i < m.n; i++) {
		all += m.file[i].good.len;
		for (size_t at = 0; at < m.file[i].good.len; at += 1000)
			flip(&m, &m.file[i], at, 0x10, true);
	}
	for (unsigned long k = 0; k < flips; k++) {
		size_t at = (size_t)(lab_random(&m.l) % all), i = 0;

		while (at >= m.file[i].good.len)
			at -= m.file[i++].good.len;
		flip(&m, &m.file[i], at, (uint8_t)(1U << lab_random(&m.l) % 8),
		    k % 100 == 0);
	}
	assert_false(verify(&m, &s, &good));
	print_message(
	    "# %zu files of %zu bytes, %lu random flips\n", m.n, all, flips);
	museum_close(&m);
}

/* --- blocks and files in wrong places ---------------------------------------------- */

static void
tried(struct museum *m, struct file *f, struct span bytes, const char *what)
{
	struct said s;
	uint64_t good;

	if (span_equal(bytes, buf_view(&f->good)))
		return; /* it changes nothing */
	put(m, f, bytes);
	if (!verify(m, &s, &good))
		fail_msg("%s: %s: not found", f->path, what);
	put(m, f, buf_view(&f->good));
}

static void
a_misdirected_stale_or_swapped_block_is_found(void **state)
{
	struct museum m;
	struct buf b;

	(void)state;
	museum_open(&m);
	buf_init(&b, (size_t)1 << 24);
	for (size_t i = 0; i < m.n; i++) {
		struct file *f = &m.file[i], *other = &m.file[(i + 1) % m.n];
		size_t half = f->good.len / 2, block = 512;

		for (size_t at = 0; at + 2 * block <= f->good.len;
		     at += 7 * block) {
			/* a block of another file; of this file; zeroes */
			buf_reset(&b);
			buf_span(&b, buf_view(&f->good));
			if (other->good.len >= block)
				memcpy(&b.at[at], other->good.at, block);
			tried(&m, f, buf_view(&b), "another file's block");
			memcpy(b.at, f->good.at, b.len);
			memcpy(&b.at[at], &f->good.at[at + block], block);
			memcpy(&b.at[at + block], &f->good.at[at], block);
			tried(&m, f, buf_view(&b), "two blocks swapped");
			memcpy(b.at, f->good.at, b.len);
			memset(&b.at[at], 0, block);
			tried(&m, f, buf_view(&b), "a block of zeroes");
		}
		for (unsigned k = 1; k < 16; k++)
			if (f->is_segment) /* others may end anywhere */
				tried(&m, f,
				    span_slice(buf_view(&f->good), 0,
					f->good.len * k / 16),
				    "cut short");
		tried(&m, f, span_slice(buf_view(&f->good), half, SIZE_MAX),
		    "its first half gone");
		tried(&m, f, buf_view(&other->good), "another file's bytes");
		if (f->is_segment)
			tried(&m, f, SPAN_EMPTY, "emptied");
	}
	buf_clear(&b);
	museum_close(&m);
}

static void
a_file_that_is_gone_is_found(void **state)
{
	struct museum m;
	struct said s;
	uint64_t good;

	(void)state;
	museum_open(&m);
	for (size_t i = 0; i < m.n; i++) {
		if (!m.file[i].is_segment)
			continue;
		assert_int_equal(unlinkat(m.l.dir, m.file[i].path, 0), 0);
		assert_true(verify(&m, &s, &good));
		assert_true(s.affected > 0);
		put(&m, &m.file[i], buf_view(&m.file[i].good));
	}
	museum_close(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flipped_bit_anywhere_is_found),
		cmocka_unit_test(a_misdirected_stale_or_swapped_block_is_found),
		cmocka_unit_test(a_file_that_is_gone_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
