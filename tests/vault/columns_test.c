/*
 * tests/vault/columns_test.c: whatever a record holds comes back from the
 * columns of a sealed segment, under a key and without, whole and in parts.
 */
#include "lab.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pack/zstd.h"
#include "vault/column.h"
#include "vault/segment_own.h"

#define STREAM "main.audit-60"
#define FIRST 11U

/* Records as they were given. */
struct batch {
	struct event *ev;
	uint32_t *source;
	unsigned n, cap;
	uint64_t raw;
	struct sources *sources;
};

static void
batch_add(struct batch *b, const struct event *ev)
{
	struct fault why;

	if (b->sources == NULL)
		b->sources = sources_new(1, 2);
	if (b->n == b->cap) {
		b->cap = b->cap == 0 ? 1024 : b->cap * 2;
		b->ev = reallocarray(b->ev, b->cap, sizeof *b->ev);
		b->source = reallocarray(b->source, b->cap, sizeof *b->source);
		assert_non_null(b->ev);
		assert_non_null(b->source);
	}
	b->ev[b->n] = *ev;
	b->raw += ev->raw.len;
	assert_ok(sources_add(b->sources, ev->sender, ev->host,
		      &b->source[b->n++], &why),
	    &why);
}

static void
batch_free(struct batch *b)
{
	sources_free(b->sources);
	free(b->ev);
	free(b->source);
}

/* Seals the batch; its name and, where asked, its length. */
static struct hash
batch_seal(struct lab *l, const struct batch *b,
    const struct segment_crypt *crypt, uint64_t *len)
{
	struct hash chain = { { 0 } }, name;
	const struct segment_info *info;
	struct segment_writer *w;
	struct fault why;
	struct buf row;

	buf_init(&row, ROW_EVENT_MAX);
	assert_ok(segment_begin(l->env, l->dir, STREAM, FIRST, &chain,
		      b->sources, crypt, &w, &why),
	    &why);
	for (unsigned i = 0; i < b->n; i++) {
		struct row r = { .seq = FIRST + i, .source = b->source[i] };

		buf_reset(&row);
		event_encode(&row, &b->ev[i]);
		r.event = buf_view(&row);
		assert_ok(segment_add(w, &r, &b->ev[i], &why), &why);
	}
	assert_ok(segment_finish(w, &info, &why), &why);
	name = info->name;
	if (len != NULL)
		*len = info->file_bytes;
	segment_writer_free(w);
	buf_clear(&row);
	return name;
}

/* Which parts of which records are compared. */
struct compare {
	const struct batch *b;
	const struct segment_want *want; /* NULL: everything */
	uint64_t n;
};

static enum err
row_compare(void *arg, const char *stream, const struct row *r,
    const struct event *ev, struct fault *why)
{
	struct compare *c = arg;
	const struct event *x = &c->b->ev[r->seq - FIRST];
	bool raw = c->want == NULL || c->want->raw;
	bool texts = c->want == NULL || c->want->texts;
	uint64_t fields = c->want == NULL ? UINT64_MAX : c->want->fields;

	(void)why;
	assert_string_equal(stream, STREAM);
	assert_true(r->seq >= FIRST && r->seq < FIRST + c->b->n);
	assert_int_equal(r->source, c->b->source[r->seq - FIRST]);
	assert_true(ev->received_us == x->received_us);
	assert_int_equal(ev->category, x->category);
	assert_true(span_equal(ev->sender, x->sender));
	if (raw) {
		assert_true(span_equal(ev->raw, x->raw));
		assert_true(span_equal(ev->message, x->message));
	}
	if (texts) {
		assert_true(ev->event_us == x->event_us);
		assert_int_equal(ev->via, x->via);
		assert_int_equal(ev->parse, x->parse);
		assert_int_equal(ev->facility, x->facility);
		assert_int_equal(ev->severity, x->severity);
		assert_true(span_equal(ev->host, x->host));
		assert_true(span_equal(ev->app, x->app));
		assert_true(span_equal(ev->proc, x->proc));
		assert_true(span_equal(ev->msgid, x->msgid));
	}
	for (unsigned f = 0; f < FIELD_N; f++) {
		if ((fields >> f & 1) == 0)
			continue;
		assert_int_equal(
		    ev->field[f].at == NULL, x->field[f].at == NULL);
		assert_true(span_equal(ev->field[f], x->field[f]));
	}
	c->n++;
	return ERR_OK;
}

/* Opens a sealed batch and compares all of it. */
static void
batch_compare(struct lab *l, const struct batch *b, const struct hash *name,
    const struct keyring *keys)
{
	struct compare c = { .b = b };
	struct segment *s;
	struct fault why;
	uint64_t records;
	unsigned damages;

	assert_ok(segment_open(l->env, l->dir, name, keys, &s, &why), &why);
	assert_null(segment_wrong(s));
	assert_null(segment_locked(s));
	for (uint32_t i = 0; i < segment_about(s)->blocks; i++)
		assert_ok(segment_rows(s, i, row_compare, &c, NULL, NULL, &why),
		    &why);
	assert_int_equal(c.n, b->n);
	assert_ok(
	    segment_verify(s, NULL, NULL, &records, &damages, &why), &why);
	assert_int_equal(records, b->n);
	assert_int_equal(damages, 0);
	segment_close(s);
}

/* --- numbers ---------------------------------------------------------- */

static void
column_of_any_numbers_comes_back(void **state)
{
	static uint64_t v[3000], got[3000];
	struct column *c = column_new();
	struct lab l;
	struct buf b;

	(void)state;
	lab_open(&l);
	assert_non_null(c);
	buf_init(&b, 1 << 20);
	for (unsigned round = 0; round < 600; round++) {
		size_t n = lab_random(&l) % (round % 3 == 0 ? 20 : 3000);
		unsigned shift = (unsigned)(lab_random(&l) % 64);
		uint64_t base = lab_random(&l), step = lab_random(&l) % 1000;
		struct cursor from;
		struct fault why;

		for (size_t i = 0; i < n; i++) {
			uint64_t r = lab_random(&l);

			switch (round % 6) {
			case 0:
				v[i] = r >> shift;
				break;
			case 1:
				v[i] = base + (r % 5) * step;
				break;
			case 2:
				v[i] = base + i * step + r % 3;
				break;
			case 3:
				v[i] = base - i * 1000000;
				break;
			case 4:
				v[i] = r % (1 + r % 300);
				break;
			default:
				v[i] = r % 2 == 0 ? 0 : UINT64_MAX;
			}
		}
		buf_reset(&b);
		assert_ok(column_put(c, &b, v, n, &why), &why);
		assert_true(b.len <= 9 * n + 32);
		from = cursor_of(buf_view(&b));
		assert_ok(column_get(c, &from, got, n, &why), &why);
		assert_true(cursor_done(&from));
		if (n > 0)
			assert_memory_equal(v, got, n * sizeof *v);
	}
	buf_clear(&b);
	column_free(c);
	lab_close(&l);
}

/* --- bytes ------------------------------------------------------------ */

/* The next word of s at `from` that begins so, as a field. */
static struct span
word_behind(struct span s, const char *mark)
{
	size_t at = span_find_text(s, mark), len = 0;
	struct span rest;

	if (at == SIZE_MAX)
		return SPAN_EMPTY;
	rest = span_slice(s, at + strlen(mark), SIZE_MAX);
	while (len < rest.len && len < 60 && rest.at[len] > ' ' &&
	    rest.at[len] != '"' && rest.at[len] != ',')
		len++;
	return span_slice(rest, 0, len);
}

/* A digit's value; anything else is 0. */
static int
digit(struct span s, size_t at)
{
	return at < s.len && s.at[at] >= '0' && s.at[at] <= '9' ? s.at[at] - '0'
								: 0;
}

/* A line as an event, understood well enough to have fields. */
static struct event
line_event(struct span line, unsigned i)
{
	struct event ev = { .received_us = LAB_NOW + i / 100 * 30000,
		.via = VIA_TCP,
		.facility = 10,
		.severity = 6,
		.sender = SPAN_LIT("192.0.2.1"),
		.category = CAT_OTHER };
	size_t at = span_find(span_slice(line, 0, 6), '>');
	struct span rest, s;

	ev.raw = line;
	if (at != SIZE_MAX && line.len > at + 20) {
		/* "Jan  1 00:00:07 host ", 2026 in Taipei */
		rest = span_slice(line, at + 1, SIZE_MAX);
		ev.event_us = INT64_C(1767196800000000) +
		    ((digit(rest, 4) * 10 + digit(rest, 5) - 1) *
			    INT64_C(86400) +
			(digit(rest, 7) * 10 + digit(rest, 8)) * 3600 +
			(digit(rest, 10) * 10 + digit(rest, 11)) * 60 +
			digit(rest, 13) * 10 + digit(rest, 14)) *
			1000000;
		rest = span_slice(rest, 16, SIZE_MAX);
		ev.host = span_slice(rest, 0, span_find(rest, ' '));
		ev.host = span_slice(ev.host, 0, 60);
		ev.message = span_slice(rest, ev.host.len, SIZE_MAX);
	}
	s = word_behind(line, " for ");
	if (s.len > 0) {
		ev.app = SPAN_LIT("sshd");
		ev.category = CAT_SIGN_IN;
		ev.field[FIELD_USER] = s;
		ev.field[FIELD_SRC_IP] = word_behind(line, " from ");
	}
	if ((s = word_behind(line, "DST=")).len > 0) {
		ev.category = CAT_FW_CONN;
		ev.field[FIELD_DST_IP] = s;
		ev.field[FIELD_ACTION] = SPAN_LIT("deny");
	}
	return ev;
}

/* The lines of a file or command's output. */
static void
lines_read(struct lab *l, struct batch *b, FILE *f)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	assert_non_null(f);
	while ((len = getline(&line, &cap, f)) > 0) {
		struct span s = arena_copy(
		    l->arena, span_of(line, (size_t)len - 1));
		struct event ev = line_event(s, b->n);

		batch_add(b, &ev);
	}
	free(line);
}

static void
lines_of_a_city_come_back_and_take_less_than_zstd(void **state)
{
	for (unsigned seed = 1; seed <= 2; seed++) {
		struct batch b = { .n = 0 };
		char command[600];
		struct buf raw, packed;
		struct hash name;
		struct fault why;
		uint64_t len;
		struct lab l;
		FILE *f;

		(void)state;
		lab_open(&l);
		(void)snprintf(command, sizeof command,
		    "python3 '%s/bench/lines.py' --seed %u 20000",
		    getenv("SRC"), seed);
		f = popen(command, "r");
		lines_read(&l, &b, f);
		assert_int_equal(pclose(f), 0);
		assert_int_equal(b.n, 20000);
		name = batch_seal(&l, &b, NULL, &len);
		batch_compare(&l, &b, &name, NULL);
		buf_init(&raw, 1 << 24);
		buf_init(&packed, 1 << 24);
		for (unsigned i = 0; i < b.n; i++)
			buf_span(&raw, b.ev[i].raw);
		assert_ok(zstd_pack(&packed, buf_view(&raw), 3, &why), &why);
		/* Its search index included. */
		assert_true(len < packed.len);
		buf_clear(&raw);
		buf_clear(&packed);
		batch_free(&b);
		lab_close(&l);
	}
}

static void
hostile_lines_come_back(void **state)
{
	struct batch b = { .n = 0 };
	struct hash name;
	char path[600];
	struct lab l;
	FILE *f;

	(void)state;
	lab_open(&l);
	(void)snprintf(path, sizeof path, "%s/tests/counterpart/hostile.txt",
	    getenv("SRC"));
	for (unsigned i = 0; i < 40; i++) {
		f = fopen(path, "r");
		lines_read(&l, &b, f);
		(void)fclose(f);
	}
	assert_true(b.n > 400);
	name = batch_seal(&l, &b, NULL, NULL);
	batch_compare(&l, &b, &name, NULL);
	batch_free(&b);
	lab_close(&l);
}

/* len bytes from a small or large alphabet. */
static struct span
some_bytes(struct lab *l, size_t len, unsigned how)
{
	static const char few[] = "ab 12=\":.-\r\n\t\x11{}[]<>/@F";
	uint8_t *p = arena_alloc(l->arena, len);

	assert_non_null(p);
	for (size_t i = 0; i < len; i++)
		p[i] = how % 2 == 0
		    ? (uint8_t)lab_random(l)
		    : (uint8_t)few[lab_random(l) % (sizeof few - 1)];
	return span_of(p, len);
}

/* A text: empty, part of the raw bytes, or anything. */
static struct span
some_text(struct lab *l, struct span raw, size_t max)
{
	switch (lab_random(l) % 4) {
	case 0:
		return SPAN_EMPTY;
	case 1:
		return some_bytes(l, lab_random(l) % (max + 1), 1);
	case 2:
		return SPAN_LIT("always");
	default:
		return raw.len == 0 ? SPAN_EMPTY
				    : span_slice(raw, lab_random(l) % raw.len,
					  lab_random(l) % (max + 1));
	}
}

static int64_t
some_time(struct lab *l)
{
	static const int64_t times[] = { 0, 1, -1, INT64_MIN, INT64_MAX,
		LAB_NOW, INT64_C(253402300799999999), 999999, 1000000 };

	return times[lab_random(l) % (sizeof times / sizeof *times)];
}

/* Anything that a record may be. */
static struct event
some_event(struct lab *l, unsigned i)
{
	static const size_t lengths[] = { 0, 1, 7, 60, 300, 2000, 20000,
		EVENT_RAW_MAX };
	size_t len = lengths[lab_random(l) % (i % 50 == 0 ? 8 : 6)];
	struct event ev = { .received_us = some_time(l) / 2,
		.event_us = some_time(l),
		.via = (enum event_transport)(lab_random(l) % VIA_N),
		.parse = (enum event_parse)(lab_random(l) % PARSE_N),
		.category = (enum event_category)(lab_random(l) % CAT_N),
		.facility = (uint8_t)lab_random(l),
		.severity = (uint8_t)lab_random(l) };

	ev.raw = some_bytes(l, len, i);
	ev.sender = some_text(l, ev.raw, 20);
	ev.host = some_text(l, ev.raw, i % 9 == 0 ? EVENT_TEXT_MAX : 3);
	ev.app = some_text(l, ev.raw, 8);
	ev.proc = some_text(l, ev.raw, 8);
	ev.msgid = some_text(l, ev.raw, EVENT_TEXT_MAX);
	if (len > 0 && i % 3 != 0)
		ev.message = span_slice(
		    ev.raw, lab_random(l) % len, 1 + lab_random(l) % len);
	for (unsigned f = 0; f < FIELD_N; f++) {
		if (lab_random(l) % 6 != 0)
			continue;
		ev.field[f] = some_text(
		    l, ev.raw, i % 100 == 0 ? EVENT_FIELD_MAX : 12);
		if (ev.field[f].len == 0)
			ev.field[f] = span_of("", 0);
	}
	return ev;
}

static void
records_of_any_bytes_and_times_come_back(void **state)
{
	struct batch b = { .n = 0 };
	struct hash name;
	struct lab l;

	(void)state;
	lab_open(&l);
	for (unsigned i = 0; i < 3000; i++) {
		struct event ev = some_event(&l, i);

		batch_add(&b, &ev);
		if (i % 7 == 0) /* and again, so that it is learned */
			batch_add(&b, &ev);
	}
	name = batch_seal(&l, &b, NULL, NULL);
	batch_compare(&l, &b, &name, NULL);
	batch_free(&b);
	lab_close(&l);
}

/* --- parts ------------------------------------------------------------ */

static void
named_records_and_parts_are_those_of_the_whole(void **state)
{
	struct batch b = { .n = 0 };
	struct hash name;
	struct segment *s;
	struct fault why;
	struct lab l;

	(void)state;
	lab_open(&l);
	for (unsigned i = 0; i < 9000; i++) {
		struct event ev = lab_event(&l, i, LAB_NOW + i * 1000);

		batch_add(&b, &ev);
	}
	name = batch_seal(&l, &b, NULL, NULL);
	assert_ok(segment_open(l.env, l.dir, &name, NULL, &s, &why), &why);
	for (unsigned round = 0; round < 60; round++) {
		uint32_t block = (uint32_t)(lab_random(&l) %
		    segment_about(s)->blocks);
		uint32_t n = segment_block_at(s, block)->n;
		struct segment_want want = { .raw = round % 2 == 0,
			.texts = round % 3 == 0,
			.fields = lab_random(&l) & lab_random(&l) };
		struct compare c = { .b = &b, .want = &want };
		uint16_t pick[100];
		size_t n_pick = 0;

		for (uint32_t at = 0; n_pick < 100; n_pick++) {
			at += (uint32_t)(lab_random(&l) % 90);
			if (at >= n)
				break;
			pick[n_pick] = (uint16_t)at++;
		}
		assert_ok(segment_pick(s, block, &want, pick, n_pick,
			      row_compare, &c, NULL, NULL, &why),
		    &why);
		assert_int_equal(c.n, n_pick);
		c.n = 0;
		assert_ok(segment_pick(s, block, &want, NULL, 0, row_compare,
			      &c, NULL, NULL, &why),
		    &why);
		assert_int_equal(c.n, n);
	}
	segment_close(s);
	batch_free(&b);
	lab_close(&l);
}

/* --- keys ------------------------------------------------------------- */

/* A key file of 32 equal bytes in the lab's folder. */
static void
key_write(struct lab *l, const char *file, int byte)
{
	uint8_t key[KEYRING_KEY_LEN];
	int fd;

	memset(key, byte, sizeof key);
	fd = openat(l->dir, file, O_WRONLY | O_CREAT | O_EXCL, 0400);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, key, sizeof key), (ssize_t)sizeof key);
	(void)close(fd);
}

static void
tell_damage(void *arg, const struct segment_damage *d)
{
	struct segment_damage *first = arg;

	if (first->text[0] == '\0')
		*first = *d;
}

static void
an_encrypted_segment_opens_with_its_key_alone(void **state)
{
	struct segment_crypt crypt = { .key_id = "audit-2026" };
	struct keyring *keys = keyring_new(), *wrong = keyring_new();
	struct segment_damage first = { .text = "" };
	struct batch b = { .n = 0 };
	char file[SEGMENT_FILE_MAX];
	struct compare c = { .b = &b };
	struct hash name, blind;
	struct segment *s;
	struct fault why;
	struct lab l;
	struct buf bytes;
	uint64_t records;
	unsigned damages;

	(void)state;
	lab_open(&l);
	for (unsigned i = 0; i < 6000; i++) {
		struct event ev = lab_event(&l, i, LAB_NOW + i * 1000);

		batch_add(&b, &ev);
	}
	memset(crypt.key, 7, sizeof crypt.key);
	key_write(&l, "vault-audit-2026.key", 7);
	assert_ok(
	    keyring_load(keys, l.dir, "audit-2026", 0, LAB_NOW, &why), &why);
	assert_null(keyring_at(keys, LAB_NOW));
	assert_string_equal(keyring_at(keys, LAB_NOW - 1), "audit-2026");
	assert_int_equal(
	    keyring_load(keys, l.dir, "audit-2026", 0, 1, &why), ERR_EXISTS);
	assert_int_equal(
	    keyring_load(keys, l.dir, "../log", 0, 1, &why), ERR_RANGE);
	name = batch_seal(&l, &b, &crypt, NULL);
	batch_compare(&l, &b, &name, keys);

	/* Nothing of the records stands in the file. */
	segment_file(&name, file);
	buf_init(&bytes, (size_t)1 << 26);
	lab_file_read(&l, file, &bytes);
	assert_int_equal(
	    span_find_text(buf_view(&bytes), "Failed password"), SIZE_MAX);
	assert_int_equal(span_find_text(buf_view(&bytes), "systemd"), SIZE_MAX);

	/* Without the key the descriptor opens, and the bytes are checked. */
	assert_ok(segment_open(l.env, l.dir, &name, wrong, &s, &why), &why);
	assert_string_equal(segment_locked(s),
	    "key audit-2026 of this segment is not here or was destroyed");
	assert_false(segment_blind(s, &blind));
	assert_int_equal(segment_about(s)->n, 6000);
	assert_int_equal(segment_about(s)->n_origins, 3);
	assert_int_equal(
	    segment_rows(s, 0, row_compare, &c, NULL, NULL, &why), ERR_DENIED);
	assert_ok(
	    segment_verify(s, NULL, NULL, &records, &damages, &why), &why);
	assert_int_equal(damages, 0);
	assert_int_equal(records, 6000);
	segment_close(s);

	/* One bit, without the key and with it. */
	bytes.at[bytes.len / 3] ^= 4;
	lab_file_write(&l, file, buf_view(&bytes));
	for (unsigned i = 0; i < 2; i++) {
		assert_ok(segment_open(l.env, l.dir, &name,
			      i == 0 ? NULL : keys, &s, &why),
		    &why);
		first.text[0] = '\0';
		assert_ok(segment_verify(
			      s, tell_damage, &first, &records, &damages, &why),
		    &why);
		assert_int_equal(damages, 1);
		assert_int_equal(
		    first.last_seq - first.first_seq + 1, 6000 - records);
		segment_close(s);
	}
	bytes.at[bytes.len / 3] ^= 4;
	lab_file_write(&l, file, buf_view(&bytes));

	/* Another key under the same name. */
	assert_int_equal(unlinkat(l.dir, "vault-audit-2026.key", 0), 0);
	key_write(&l, "vault-audit-2026.key", 8);
	assert_ok(keyring_load(wrong, l.dir, "audit-2026", 0, 1, &why), &why);
	assert_ok(segment_open(l.env, l.dir, &name, wrong, &s, &why), &why);
	assert_string_equal(
	    segment_locked(s), "key audit-2026 is not the one of this segment");
	segment_close(s);
	keyring_drop(wrong, "audit-2026");
	assert_null(keyring_find(wrong, "audit-2026").at);
	keyring_free(keys);
	keyring_free(wrong);
	buf_clear(&bytes);
	batch_free(&b);
	lab_close(&l);
}

/* --- damage ----------------------------------------------------------- */

static void
a_damaged_lexicon_is_made_anew_and_told(void **state)
{
	struct batch b = { .n = 0 };
	char file[SEGMENT_FILE_MAX];
	struct segment *s;
	struct fault why;
	struct hash name;
	struct lab l;
	struct buf bytes;
	size_t at, len;

	(void)state;
	lab_open(&l);
	for (unsigned i = 0; i < 2000; i++) {
		struct event ev = lab_event(&l, i, LAB_NOW + i * 1000);

		batch_add(&b, &ev);
	}
	name = batch_seal(&l, &b, NULL, NULL);
	segment_file(&name, file);
	buf_init(&bytes, (size_t)1 << 26);
	lab_file_read(&l, file, &bytes);
	assert_ok(segment_open(l.env, l.dir, &name, NULL, &s, &why), &why);
	at = (size_t)s->lexicon.at;
	len = s->lexicon.head.len + (size_t)lexis_len(&s->lexicon);
	segment_close(s);
	for (size_t i = 0; i < len; i += 37) {
		struct segment_damage first = { .text = "" };
		struct compare c = { .b = &b };
		uint64_t records;
		unsigned damages;

		bytes.at[at + i] ^= 0x40;
		lab_file_write(&l, file, buf_view(&bytes));
		assert_ok(
		    segment_open(l.env, l.dir, &name, NULL, &s, &why), &why);
		for (uint32_t k = 0; k < segment_about(s)->blocks; k++)
			assert_ok(segment_rows(
				      s, k, row_compare, &c, NULL, NULL, &why),
			    &why);
		assert_int_equal(c.n, 2000);
		assert_ok(segment_verify(
			      s, tell_damage, &first, &records, &damages, &why),
		    &why);
		assert_int_equal(records, 2000);
		assert_int_equal(damages, 1);
		assert_non_null(strstr(first.text, "lexicon"));
		segment_close(s);
		bytes.at[at + i] ^= 0x40;
	}
	buf_clear(&bytes);
	batch_free(&b);
	lab_close(&l);
}

static void
the_search_index_is_read_in_pieces_and_checked(void **state)
{
	struct segment_damage first = { .text = "" };
	struct batch b = { .n = 0 };
	char file[SEGMENT_FILE_MAX];
	struct buf whole, bytes;
	struct segment *s;
	struct fault why;
	struct hash name;
	struct span got;
	struct lab l;
	uint64_t len, records, place;
	unsigned damages;

	(void)state;
	lab_open(&l);
	for (unsigned i = 0; i < 5000; i++) {
		struct event ev = lab_event(&l, i, LAB_NOW + i * 1000);

		batch_add(&b, &ev);
	}
	name = batch_seal(&l, &b, NULL, NULL);
	assert_ok(segment_open(l.env, l.dir, &name, NULL, &s, &why), &why);
	len = segment_index_len(s);
	assert_true(len > 4096);
	place = s->index.at;
	buf_init(&whole, (size_t)len);
	assert_ok(segment_index_read(s, 0, (size_t)len, &got, &why), &why);
	buf_span(&whole, got);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t at = lab_random(&l) % len;
		size_t n = (size_t)(lab_random(&l) % (len - at + 1));

		assert_ok(segment_index_read(s, at, n, &got, &why), &why);
		assert_true(span_equal(
		    got, span_slice(buf_view(&whole), (size_t)at, n)));
	}
	assert_int_equal(
	    segment_index_read(s, len - 3, 4, &got, &why), ERR_RANGE);
	segment_close(s);

	segment_file(&name, file);
	buf_init(&bytes, (size_t)1 << 26);
	lab_file_read(&l, file, &bytes);
	bytes.at[place + 4100] ^= 1;
	lab_file_write(&l, file, buf_view(&bytes));
	assert_ok(segment_open(l.env, l.dir, &name, NULL, &s, &why), &why);
	assert_ok(segment_index_read(s, 0, 4096, &got, &why), &why);
	assert_int_equal(
	    segment_index_read(s, 4000, 200, &got, &why), ERR_DAMAGE);
	assert_ok(
	    segment_verify(s, tell_damage, &first, &records, &damages, &why),
	    &why);
	assert_int_equal(damages, 1);
	assert_int_equal(records, 5000);
	assert_non_null(strstr(first.text, "search index is damaged"));
	segment_close(s);
	buf_clear(&whole);
	buf_clear(&bytes);
	batch_free(&b);
	lab_close(&l);
}

/* --- what was written before ------------------------------------------ */

static void
a_segment_of_format_1_is_read_for_ever(void **state)
{
	char path[600], file[SEGMENT_FILE_MAX], sub[3] = "";
	struct compare c = { .n = 0 };
	struct batch b = { .n = 0 };
	struct segment *s;
	struct fault why;
	struct hash name;
	struct buf bytes;
	struct lab l;
	uint64_t records;
	unsigned damages;
	FILE *f;
	uint8_t *to;

	(void)state;
	lab_open(&l);
	(void)snprintf(
	    path, sizeof path, "%s/tests/vault/format-1.seg", getenv("SRC"));
	buf_init(&bytes, 1 << 20);
	to = buf_room(&bytes, 1 << 19);
	f = fopen(path, "r");
	assert_non_null(f);
	buf_took(&bytes, fread(to, 1, 1 << 19, f));
	(void)fclose(f);
	name = hash_of(buf_view(&bytes));
	segment_file(&name, file);
	memcpy(sub, file, 2);
	assert_int_equal(mkdirat(l.dir, sub, 0700), 0);
	lab_file_write(&l, file, buf_view(&bytes));

	for (unsigned i = 0; b.n < 600; i++) {
		struct event ev = lab_event(&l, i, LAB_NOW + i * 1000);

		if (ev.raw.len <= 2000)
			batch_add(&b, &ev);
	}
	assert_ok(segment_open(l.env, l.dir, &name, NULL, &s, &why), &why);
	assert_int_equal(segment_about(s)->n, 600);
	assert_int_equal(segment_index_len(s), 0);
	c.b = &b;
	for (uint32_t i = 0; i < segment_about(s)->blocks; i++)
		assert_ok(segment_rows(s, i, row_compare, &c, NULL, NULL, &why),
		    &why);
	assert_int_equal(c.n, 600);
	assert_ok(
	    segment_verify(s, NULL, NULL, &records, &damages, &why), &why);
	assert_int_equal(records, 600);
	assert_int_equal(damages, 0);
	segment_close(s);
	buf_clear(&bytes);
	batch_free(&b);
	lab_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(column_of_any_numbers_comes_back),
		cmocka_unit_test(
		    lines_of_a_city_come_back_and_take_less_than_zstd),
		cmocka_unit_test(hostile_lines_come_back),
		cmocka_unit_test(records_of_any_bytes_and_times_come_back),
		cmocka_unit_test(
		    named_records_and_parts_are_those_of_the_whole),
		cmocka_unit_test(an_encrypted_segment_opens_with_its_key_alone),
		cmocka_unit_test(a_damaged_lexicon_is_made_anew_and_told),
		cmocka_unit_test(
		    the_search_index_is_read_in_pieces_and_checked),
		cmocka_unit_test(a_segment_of_format_1_is_read_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
