/*
 * tests/ledger/proof_test.c: a bundle proves what it shows, to our checker
 * and to tools/check_proof.py, which shares no code with it; altered in any
 * way it convinces neither.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "crypt/crypt.h"
#include "crypt/leaf.h"
#include "ledger/checkpoint.h"
#include "ledger/leaf.h"
#include "ledger/proof.h"
#include "ledger/store.h"
#include "pack/json.h"

#define ORIGIN "beimen.invalid/beimen/main"
#define RECORDS 10 /* in the block proved */
#define BLOCKS 3
#define LEAVES 21
#define BODY                                                     \
	"{\"action\":\"set\",\"actor\":\"person/1\",\"fields\":" \
	"{\"name\":\"\xe7\xb3\xbb\xe7\xb5\xb1 \\\"A\\\"\"},\"seq\":12}"

extern char **environ;

static uint8_t seed[SIGN_SEED_LEN] = { 42 };
static struct note_key key;
static struct buf dir, vkey;
static unsigned refused; /* bundles ours refused, kept for the other */

static enum err
sign_with(void *arg, struct span message, uint8_t sig[static SIGN_LEN],
    struct fault *why)
{
	(void)why;
	sign_make(arg, message, sig);
	return ERR_OK;
}

static int
setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	uint8_t public[SIGN_PUBLIC_LEN];

	(void)state;
	sign_public(seed, public);
	if (note_key_make(SPAN_LIT(ORIGIN), NOTE_ED25519, public, &key, NULL) !=
	    ERR_OK)
		return -1;
	buf_init(&vkey, 1024);
	note_key_print(&vkey, &key);
	buf_init(&dir, 4096);
	buf_printf(&dir, "%s/proof.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	return mkdtemp((char *)dir.at) == NULL ? -1 : 0;
}

/* Takes a file away that a test left. */
static int
entry_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	(void)state;
	(void)nftw(buf_string(&dir), entry_remove, 4, FTW_DEPTH | FTW_PHYS);
	buf_clear(&dir);
	buf_clear(&vkey);
	return 0;
}

/* Writes bundle number i into the folder, for the independent checker. */
static void
keep(unsigned i, struct span bundle)
{
	struct buf path;
	int fd;

	buf_init(&path, 4096);
	buf_printf(&path, "%s/%u.json", buf_string(&dir), i);
	fd = open(buf_string(&path), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bundle.at, bundle.len), bundle.len);
	assert_int_equal(close(fd), 0);
	buf_clear(&path);
}

/* Runs the independent checker over bundles 0 .. n-1; what it says is left
 * in the folder as `said`. Its exit status. */
static int
python_run(unsigned n, const char *with_key)
{
	const char *src = getenv("SRC");
	posix_spawn_file_actions_t out;
	struct buf script, said;
	int status;
	pid_t pid;

	buf_init(&script, 8192);
	buf_init(&said, 4096);
	buf_printf(&said, "%s/said", buf_string(&dir));
	buf_printf(&script, "cd '%s' && exec python3 ", buf_string(&dir));
	buf_printf(&script, "'%s/tools/check_proof.py' --key '%s'",
	    src == NULL ? "." : src, with_key);
	for (unsigned i = 0; i < n; i++)
		buf_printf(&script, " %u.json", i);
	char *const argv[] = { (char *)(uintptr_t) "sh",
		(char *)(uintptr_t) "-c", (char *)script.at, NULL };
	assert_int_equal(posix_spawn_file_actions_init(&out), 0);
	assert_int_equal(
	    posix_spawn_file_actions_addopen(
		&out, 1, buf_string(&said), O_WRONLY | O_CREAT | O_TRUNC, 0600),
	    0);
	assert_int_equal(
	    posix_spawnp(&pid, "sh", &out, NULL, argv, environ), 0);
	(void)posix_spawn_file_actions_destroy(&out);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	buf_clear(&script);
	buf_clear(&said);
	return WEXITSTATUS(status);
}

/* The independent checker's exit status for one bundle. */
static int
python_says(struct span bundle, const char *with_key)
{
	keep(0, bundle);
	return python_run(1, with_key);
}

/* The independent checker refuses every bundle kept, each on its own. */
static void
python_refuses(unsigned n)
{
	struct buf path;
	char line[1024];
	unsigned lines = 0;
	FILE *f;

	assert_int_equal(python_run(n, buf_string(&vkey)), 1);
	buf_init(&path, 4096);
	buf_printf(&path, "%s/said", buf_string(&dir));
	f = fopen(buf_string(&path), "re");
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		if (!span_starts(span_text(line), "not proved: "))
			fail_msg("bundle %u: %s", lines, line);
		lines++;
	}
	assert_int_equal(fclose(f), 0);
	assert_int_equal(lines, n);
	buf_clear(&path);
}

/* Our checker's answer; *why tells more. */
static enum err
ours_says(struct span bundle, struct fault *why)
{
	struct arena *a = arena_new(1 << 24);
	struct proof_result got;
	enum err e;

	e = proof_check(bundle, &key, 1, a, &got, why);
	arena_free(a);
	return e;
}

/* The log's signed checkpoint. */
static void
checkpoint_of(struct tree *t, uint64_t size, struct buf *b)
{
	struct checkpoint c = { SPAN_LIT(ORIGIN), size, { { 0 } }, SPAN_EMPTY };

	assert_int_equal(tree_root(t, size, &c.root, NULL), ERR_OK);
	assert_int_equal(
	    checkpoint_sign(b, &c, &key, sign_with, seed, NULL), ERR_OK);
}

/* A log of LEAVES leaves with `leaf` at place `at`; bundle parts from it. */
static void
log_with(struct span leaf, uint64_t at, struct hash path[static MERKLE_DEPTH],
    struct proof_step *step, struct buf *note)
{
	struct tree_store seam;
	struct store *s;
	struct tree *t;

	assert_int_equal(store_memory_new(&s, NULL), ERR_OK);
	seam = store_of(s);
	assert_int_equal(tree_open(&seam, &t, NULL), ERR_OK);
	for (uint64_t i = 0; i < LEAVES; i++) {
		struct hash h = merkle_leaf_hash(
		    i == at ? leaf : span_of(&i, sizeof i));

		assert_int_equal(tree_append(t, &h, NULL), ERR_OK);
	}
	*step = (struct proof_step){ at, LEAVES, path, 0 };
	assert_int_equal(
	    tree_inclusion(t, at, LEAVES, path, &step->n, NULL), ERR_OK);
	checkpoint_of(t, LEAVES, note);
	tree_close(t);
	store_free(s);
}

/* The bundle of record `raw`, fourth of its block, second block of three. */
static void
record_bundle(struct buf *b, struct span sender, struct span raw)
{
	struct hash in_block[MERKLE_DEPTH], in_segment[MERKLE_DEPTH],
	    in_log[MERKLE_DEPTH], leaf[RECORDS], block[BLOCKS];
	struct leaf_block blocks[BLOCKS];
	struct leaf_segment s = { .stream = SPAN_LIT("main.audit-60"),
		.first_seq = 1001,
		.n = BLOCKS * RECORDS,
		.blocks = BLOCKS };
	struct buf data, bleaf, sleaf, note;
	struct proof_record p;
	uint8_t salt_seed[32] = { 7 };

	buf_init(&data, 1 << 17);
	buf_init(&bleaf, 1024);
	buf_init(&sleaf, 1024);
	buf_init(&note, 4096);
	for (unsigned k = 0; k < BLOCKS; k++) {
		for (unsigned i = 0; i < RECORDS; i++) {
			struct leaf_record r = { .seq = 1001 + k * RECORDS + i,
				.received_us = 1700000000000000 + i,
				.sender = sender,
				.raw = SPAN_LIT("other") };

			leaf_salt(salt_seed, i, r.salt);
			if (k == 1 && i == 3) {
				r.raw = raw;
				leaf_record(&data, &r);
			}
			leaf[i] = leaf_record_hash(&r);
		}
		blocks[k] = (struct leaf_block){ 1001 + k * RECORDS, RECORDS,
			1700000000000000, 1700000000000009, { { 0 } } };
		merkle_root(leaf, RECORDS, &blocks[k].root);
		if (k == 1)
			assert_int_equal(merkle_path(leaf, RECORDS, 3, in_block,
					     &p.block.n, NULL),
			    ERR_OK);
		block[k] = leaf_block_hash(&blocks[k]);
	}
	leaf_block(&bleaf, &blocks[1]);
	merkle_root(block, BLOCKS, &s.root);
	assert_int_equal(
	    merkle_path(block, BLOCKS, 1, in_segment, &p.segment.n, NULL),
	    ERR_OK);
	leaf_segment(&sleaf, &s);
	p.block.index = 3;
	p.block.size = RECORDS;
	p.block.path = in_block;
	p.segment.index = 1;
	p.segment.size = BLOCKS;
	p.segment.path = in_segment;
	log_with(buf_view(&sleaf), 12, in_log, &p.log, &note);
	p.leaf = buf_view(&data);
	p.block_leaf = buf_view(&bleaf);
	p.segment_leaf = buf_view(&sleaf);
	p.checkpoint = buf_view(&note);
	assert_int_equal(proof_record_write(b, &p, NULL), ERR_OK);
	buf_clear(&data);
	buf_clear(&bleaf);
	buf_clear(&sleaf);
	buf_clear(&note);
}

/* The bundle of an entry with that body. */
static void
entry_bundle(struct buf *b, const char *body)
{
	struct leaf_entry l = { 12, 1700000000000000, { { 0 } } };
	uint8_t salt[LEAF_ENTRY_SALT_LEN] = { 1, 2, 3 };
	struct hash in_log[MERKLE_DEPTH];
	struct buf data, note;
	struct proof_entry p;

	buf_init(&data, 1024);
	buf_init(&note, 4096);
	l.body = leaf_body_hash(salt, span_text(body));
	leaf_entry(&data, &l);
	log_with(buf_view(&data), 20, in_log, &p.log, &note);
	p.body = span_text(body);
	p.salt = span_of(salt, sizeof salt);
	p.leaf = buf_view(&data);
	p.checkpoint = buf_view(&note);
	assert_int_equal(proof_entry_write(b, &p, NULL), ERR_OK);
	buf_clear(&data);
	buf_clear(&note);
}

static void
a_record_is_proved_to_both_checkers(void **state)
{
	static const struct span raw[] = { SPAN_LIT("<34>1 - - - - - - hello"),
		SPAN_LIT(""), SPAN_LIT("caf\xe9 \xff\xfe\0 \xe4\xb8 end\x01"),
		SPAN_LIT("\xe8\x87\xba\xe5\x8c\x97 \"quoted\" \\ \x7f\n"),
		SPAN_LIT("\xf0\x9f\x98\x80\xed\xa0\x80\xf4\x90\x80\x80") };
	struct arena *a = arena_new(1 << 24);
	struct proof_result got;
	struct fault why = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, PROOF_MAX);
	for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++) {
		buf_reset(&b);
		record_bundle(&b, SPAN_LIT("192.0.2.7"), raw[i]);
		if (proof_check(buf_view(&b), &key, 1, a, &got, &why) != ERR_OK)
			fail_msg("%s", why.text);
		assert_false(got.entry);
		assert_string_equal(got.id, "main.audit-60.1014");
		assert_int_equal(got.seq, 1014);
		assert_int_equal(got.received_us, 1700000000000003);
		assert_string_equal(got.sender, "192.0.2.7");
		assert_true(span_equal(got.raw, raw[i]));
		assert_string_equal(got.origin, ORIGIN);
		assert_int_equal(got.size, LEAVES);
		assert_int_equal(got.index, 12);
		assert_int_equal(got.n_cosigned, 0);
		assert_int_equal(
		    python_says(buf_view(&b), buf_string(&vkey)), 0);
		arena_reset(a);
	}
	buf_clear(&b);
	arena_free(a);
}

static void
the_longest_record_fits_a_bundle(void **state)
{
	uint8_t *raw = malloc(LEAF_RAW_MAX);
	struct fault why = { 0 };
	struct buf b;

	(void)state;
	assert_non_null(raw);
	buf_init(&b, PROOF_MAX);
	memset(raw, 1, LEAF_RAW_MAX); /* each takes six bytes in JSON */
	record_bundle(&b, SPAN_LIT("::1"), span_of(raw, LEAF_RAW_MAX));
	assert_int_equal(ours_says(buf_view(&b), &why), ERR_OK);
	assert_int_equal(python_says(buf_view(&b), buf_string(&vkey)), 0);
	free(raw);
	buf_clear(&b);
}

static void
an_entry_is_proved_to_both_checkers(void **state)
{
	struct arena *a = arena_new(1 << 24);
	struct proof_result got;
	struct buf b;

	(void)state;
	buf_init(&b, PROOF_MAX);
	entry_bundle(&b, BODY);
	assert_int_equal(
	    proof_check(buf_view(&b), &key, 1, a, &got, NULL), ERR_OK);
	assert_true(got.entry);
	assert_string_equal(got.id, "12");
	assert_true(span_is(got.body, BODY));
	assert_int_equal(got.index, 20);
	assert_int_equal(python_says(buf_view(&b), buf_string(&vkey)), 0);

	/* a body that names another number than its leaf */
	buf_reset(&b);
	entry_bundle(&b, "{\"seq\":13}");
	assert_int_equal(ours_says(buf_view(&b), NULL), ERR_PROOF);
	assert_int_equal(python_says(buf_view(&b), buf_string(&vkey)), 1);
	buf_clear(&b);
	arena_free(a);
}

/* Our checker refuses the bundle and names `step`; it is kept for the other
 * checker, which python_refuses asks. */
static void
refuse(const json_t *top, const char *step)
{
	struct fault why = { 0 };
	struct buf b;

	buf_init(&b, PROOF_MAX);
	json_pretty(&b, top);
	if (ours_says(buf_view(&b), &why) == ERR_OK)
		fail_msg("accepted with another %s", step);
	if (strncmp(why.text, step, strlen(step)) != 0)
		fail_msg("expected '%s', got '%s'", step, why.text);
	keep(refused++, buf_view(&b));
	buf_clear(&b);
}

/* One change to one member. Object "" is the bundle itself. */
struct change {
	const char *object, *member;
	enum {
		ADD, /* n to a number */
		FLIP, /* a bit of byte n of base64; from the end below 0 */
		CUT, /* the last byte of base64 off */
		GROW, /* one byte more of base64 */
		DROP, /* the member itself */
		SAY, /* `text` instead */
		HASH, /* a bit in hash n of a path */
		LESS, /* hash n of a path off */
		MORE, /* a hash at the path's end */
		SWAP, /* the first two hashes of a path */
		EXTRA, /* a member of that name that does not belong */
		REAL, /* the same number with a fraction */
		QUOTED, /* the same number as a text */
		OTHER, /* null */
	} how;
	int n;
	const char *step;
	const char *text;
};

/* Flips, cuts or grows the base64 text v; handed over. */
static json_t *
bytes_changed(const json_t *v, const struct change *c)
{
	struct buf raw, out;
	json_t *new;
	size_t at;

	buf_init(&raw, PROOF_MAX);
	buf_init(&out, PROOF_MAX);
	assert_true(text_unbase64(&raw, span_text(json_string_value(v))));
	at = c->n < 0 ? raw.len - (size_t)-c->n : (size_t)c->n;
	if (c->how == FLIP || c->how == HASH)
		raw.at[at] ^= 0x01;
	else if (c->how == CUT)
		raw.len--;
	else
		buf_u8(&raw, 0);
	text_base64(&out, buf_view(&raw));
	new = json_string(buf_string(&out));
	buf_clear(&raw);
	buf_clear(&out);
	return new;
}

/* Changes a path. */
static void
path_changed(json_t *path, const struct change *c)
{
	struct change one = { .how = FLIP, .n = 9 };
	json_t *first;

	switch (c->how) {
	case HASH:
		json_array_set_new(path, (size_t)c->n,
		    bytes_changed(json_array_get(path, (size_t)c->n), &one));
		break;
	case LESS:
		json_array_remove(path, (size_t)c->n);
		break;
	case MORE:
		json_array_append(path, json_array_get(path, 0));
		break;
	default:
		first = json_incref(json_array_get(path, 0));
		json_array_set(path, 0, json_array_get(path, 1));
		json_array_set_new(path, 1, first);
		break;
	}
}

static void
apply(json_t *top, const struct change *c)
{
	json_t *o = c->object[0] == '\0' ? top
					 : json_object_get(top, c->object);
	json_t *v = json_object_get(o, c->member);
	struct buf b;

	assert_non_null(o);
	assert_true(v != NULL || c->how == EXTRA);
	buf_init(&b, 64);
	switch (c->how) {
	case ADD:
		json_integer_set(v, json_integer_value(v) + c->n);
		break;
	case FLIP:
	case CUT:
	case GROW:
		json_object_set_new(o, c->member, bytes_changed(v, c));
		break;
	case DROP:
		json_object_del(o, c->member);
		break;
	case SAY:
	case EXTRA:
		json_object_set_new(o, c->member, json_string(c->text));
		break;
	case REAL:
		json_object_set_new(
		    o, c->member, json_real((double)json_integer_value(v)));
		break;
	case QUOTED:
		buf_printf(&b, "%lld", (long long)json_integer_value(v));
		json_object_set_new(o, c->member, json_string(buf_string(&b)));
		break;
	case OTHER:
		json_object_set_new(o, c->member, json_null());
		break;
	default:
		path_changed(v, c);
	}
	buf_clear(&b);
}

/* Each change, alone, makes the bundle worthless. */
static void
refuse_each(struct span bundle, const struct change *c, size_t n)
{
	json_t *whole, *top;

	refused = 0;
	assert_int_equal(json_read(bundle, &whole, NULL), ERR_OK);
	for (size_t i = 0; i < n; i++) {
		top = json_deep_copy(whole);
		apply(top, &c[i]);
		refuse(top, c[i].step);
		json_decref(top);
	}
	json_decref(whole);
	assert_int_equal(refused, n);
	python_refuses(refused);
}

static const struct change record_changes[] = {
	{ "", "format", SAY, 0, "not a bundle", "beimen-proof-2" },
	{ "", "format", DROP, 0, "format" },
	{ "", "record", DROP, 0, "bundle" },
	{ "", "leaf", DROP, 0, "bundle" },
	{ "", "block", DROP, 0, "bundle" },
	{ "", "segment", DROP, 0, "bundle" },
	{ "", "log", DROP, 0, "bundle" },
	{ "", "checkpoint", DROP, 0, "bundle" },
	{ "", "key", EXTRA, 0, "bundle", "a key of its own" },
	{ "", "block", OTHER, 0, "block" },
	{ "record", "id", SAY, 0, "record", "main.audit-60.1015" },
	{ "record", "id", SAY, 0, "record", "main.audit-61.1014" },
	{ "record", "received_us", ADD, 1, "record" },
	{ "record", "received_us", REAL, 0, "record" },
	{ "record", "sender", SAY, 0, "record", "192.0.2.8" },
	{ "record", "text", SAY, 0, "record", "hello" },
	{ "record", "text", DROP, 0, "record" },
	{ "record", "note", EXTRA, 0, "record", "unproved" },
	{ "", "leaf", FLIP, 0, "not a record's leaf" },
	{ "", "leaf", FLIP, 1, "block" }, /* salt */
	{ "", "leaf", FLIP, 24, "record" }, /* sequence */
	{ "", "leaf", FLIP, 32, "record" }, /* time */
	{ "", "leaf", FLIP, 33, "a record's leaf" }, /* sender's length */
	{ "", "leaf", FLIP, 34, "record" }, /* sender */
	{ "", "leaf", FLIP, -1, "record" }, /* raw */
	{ "", "leaf", CUT, 0, "a record's leaf" },
	{ "", "leaf", GROW, 0, "a record's leaf" },
	{ "", "leaf", SAY, 0, "leaf", "AB==" }, /* not canonical */
	{ "block", "index", ADD, 1, "block" },
	{ "block", "index", ADD, -1, "block" },
	{ "block", "index", ADD, -4, "block" }, /* below 0 */
	{ "block", "index", REAL, 0, "block" },
	{ "block", "index", QUOTED, 0, "block" },
	{ "block", "size", ADD, 1, "block" },
	{ "block", "size", ADD, -1, "block" },
	{ "block", "path", HASH, 0, "block" },
	{ "block", "path", HASH, 1, "block" },
	{ "block", "path", HASH, 2, "block" },
	{ "block", "path", HASH, 3, "block" },
	{ "block", "path", LESS, 0, "block" },
	{ "block", "path", LESS, 3, "block" },
	{ "block", "path", MORE, 0, "block" },
	{ "block", "path", SWAP, 0, "block" },
	{ "block", "path", SAY, 0, "block", "none" },
	{ "block", "leaf", FLIP, 0, "not a block's leaf" },
	{ "block", "leaf", FLIP, 8, "block" }, /* first sequence */
	{ "block", "leaf", FLIP, 12, "block" }, /* records */
	{ "block", "leaf", FLIP, 20, "segment" }, /* first time */
	{ "block", "leaf", FLIP, 28, "segment" }, /* last time */
	{ "block", "leaf", FLIP, 40, "block" }, /* root */
	{ "block", "leaf", CUT, 0, "a block's leaf" },
	{ "block", "leaf", DROP, 0, "block" },
	{ "segment", "index", ADD, 1, "segment" },
	{ "segment", "index", ADD, -1, "segment" },
	{ "segment", "size", ADD, 1, "segment" },
	{ "segment", "size", ADD, -1, "segment" },
	{ "segment", "path", HASH, 0, "segment" },
	{ "segment", "path", HASH, 1, "segment" },
	{ "segment", "path", LESS, 1, "segment" },
	{ "segment", "path", MORE, 0, "segment" },
	{ "segment", "path", SWAP, 0, "segment" },
	{ "segment", "leaf", FLIP, 0, "not a segment's leaf" },
	{ "segment", "leaf", FLIP, 4, "record" }, /* stream */
	{ "segment", "leaf", FLIP, 22, "log" }, /* first sequence */
	{ "segment", "leaf", FLIP, 26, "log" }, /* records */
	{ "segment", "leaf", FLIP, 30, "segment" }, /* blocks */
	{ "segment", "leaf", FLIP, 38, "log" }, /* first time */
	{ "segment", "leaf", FLIP, 50, "log" }, /* file */
	{ "segment", "leaf", FLIP, 80, "segment" }, /* root */
	{ "segment", "leaf", FLIP, -1, "log" }, /* roll-up */
	{ "segment", "leaf", GROW, 0, "a segment's leaf" },
	{ "log", "origin", SAY, 0, "log", "beimen.invalid/beimen/other" },
	{ "log", "index", ADD, 1, "log" },
	{ "log", "index", ADD, -1, "log" },
	{ "log", "size", ADD, 1, "log" },
	{ "log", "size", ADD, -1, "log" },
	{ "log", "path", HASH, 0, "log" },
	{ "log", "path", HASH, 4, "log" },
	{ "log", "path", LESS, 0, "log" },
	{ "log", "path", MORE, 0, "log" },
	{ "log", "path", SWAP, 0, "log" },
	{ "log", "leaf", EXTRA, 0, "log", "AAAA" },
};

static void
a_changed_record_bundle_is_refused_by_both(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, PROOF_MAX);
	record_bundle(&b, SPAN_LIT("192.0.2.7"), SPAN_LIT("hello, world"));
	refuse_each(buf_view(&b), record_changes,
	    sizeof record_changes / sizeof record_changes[0]);
	assert_in_range(refused, 80, 1000);
	buf_clear(&b);
}

static void
a_changed_entry_bundle_is_refused_by_both(void **state)
{
	static const struct change c[] = {
		{ "", "entry", SAY, 0, "entry", "{\"seq\":12}" },
		{ "", "entry", SAY, 0, "entry", BODY " " },
		{ "", "entry", OTHER, 0, "entry" },
		{ "", "salt", FLIP, 0, "entry" },
		{ "", "salt", FLIP, -1, "entry" },
		{ "", "salt", CUT, 0, "salt" },
		{ "", "salt", GROW, 0, "salt" },
		{ "", "salt", DROP, 0, "bundle" },
		{ "", "leaf", FLIP, 0, "not an entry's leaf" },
		{ "", "leaf", FLIP, 8, "entry" }, /* sequence */
		{ "", "leaf", FLIP, 16, "log" }, /* time */
		{ "", "leaf", FLIP, 20, "entry" },
		{ "", "leaf", CUT, 0, "an entry's leaf" },
		{ "log", "index", ADD, -1, "log" },
		{ "log", "size", ADD, 1, "log" },
		{ "log", "path", HASH, 0, "log" },
		{ "log", "path", MORE, 0, "log" },
		{ "", "shown", EXTRA, 0, "bundle", "what was never said" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, PROOF_MAX);
	entry_bundle(&b, BODY);
	refuse_each(buf_view(&b), c, sizeof c / sizeof c[0]);
	buf_clear(&b);
}

/* Every line of the note matters. */
static void
a_changed_checkpoint_is_refused_by_both(void **state)
{
	struct buf b, note;
	json_t *whole, *top;
	const char *was;
	size_t len;

	(void)state;
	buf_init(&b, PROOF_MAX);
	buf_init(&note, 4096);
	entry_bundle(&b, BODY);
	assert_int_equal(json_read(buf_view(&b), &whole, NULL), ERR_OK);
	refused = 0;
	was = json_get_text(whole, "checkpoint", "");
	len = strlen(was);
	for (size_t at = 0; at < len; at += 7) {
		buf_reset(&note);
		buf_text(&note, was);
		note.at[at] ^= note.at[at] < 0x80 ? 0x01 : 0;
		if (note.at[at] == (uint8_t)was[at])
			continue; /* a byte of the dash: not text alone */
		top = json_deep_copy(whole);
		json_object_set_new(
		    top, "checkpoint", json_string(buf_string(&note)));
		refuse(top, "checkpoint");
		json_decref(top);
	}
	python_refuses(refused);
	json_decref(whole);
	buf_clear(&b);
	buf_clear(&note);
}

/* A forger with a key of his own, and the honest log's name. */
static void
a_bundle_signed_by_another_key_is_refused_by_both(void **state)
{
	uint8_t his[SIGN_SEED_LEN] = { 43 }, public[SIGN_PUBLIC_LEN];
	struct note_key honest = key;
	struct buf b;
	json_t *top;

	(void)state;
	buf_init(&b, PROOF_MAX);
	sign_public(his, public);
	assert_int_equal(
	    note_key_make(SPAN_LIT(ORIGIN), NOTE_ED25519, public, &key, NULL),
	    ERR_OK);
	memcpy(his, seed, sizeof his);
	seed[0] = 43;
	entry_bundle(&b, BODY);
	assert_int_equal(ours_says(buf_view(&b), NULL), ERR_OK);
	memcpy(seed, his, sizeof seed);
	key = honest;
	assert_int_equal(json_read(buf_view(&b), &top, NULL), ERR_OK);
	refused = 0;
	refuse(top, "checkpoint: none of the keys given signed this");
	python_refuses(refused);
	json_decref(top);
	buf_clear(&b);
}

/* Neither takes fright at what is no bundle at all. */
static void
what_is_no_json_or_no_bundle_is_refused_by_both(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "null", "1", "\"x\"",
		"{}", "{\"format\":\"beimen-proof-1\"}",
		"{\"format\":\"beimen-proof-1\",\"format\":\"x\"}",
		"{\"format\":\"beimen-proof-1\",\"record\":{}}", "\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_not_equal(
		    ours_says(span_text(bad[i]), NULL), ERR_OK);
		keep((unsigned)i, span_text(bad[i]));
	}
	python_refuses(sizeof bad / sizeof bad[0]);
}

static void
a_checker_without_the_key_is_not_convinced(void **state)
{
	struct arena *a = arena_new(1 << 24);
	struct proof_result got;
	struct buf b;

	(void)state;
	buf_init(&b, PROOF_MAX);
	entry_bundle(&b, BODY);
	assert_int_equal(
	    proof_check(buf_view(&b), NULL, 0, a, &got, NULL), ERR_PROOF);
	assert_int_equal(python_says(buf_view(&b),
			     "PeterNeumann+c74f20a3+"
			     "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
	    1);
	buf_clear(&b);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_proved_to_both_checkers),
		cmocka_unit_test(the_longest_record_fits_a_bundle),
		cmocka_unit_test(an_entry_is_proved_to_both_checkers),
		cmocka_unit_test(a_changed_record_bundle_is_refused_by_both),
		cmocka_unit_test(a_changed_entry_bundle_is_refused_by_both),
		cmocka_unit_test(a_changed_checkpoint_is_refused_by_both),
		cmocka_unit_test(
		    a_bundle_signed_by_another_key_is_refused_by_both),
		cmocka_unit_test(
		    what_is_no_json_or_no_bundle_is_refused_by_both),
		cmocka_unit_test(a_checker_without_the_key_is_not_convinced),
	};
	struct fault why;

	if (crypt_start(&why) != ERR_OK)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, setup, teardown);
}
