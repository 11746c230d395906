/*
 * proc/signer.c: the process that holds the private keys.
 *
 * Holds    the logs' master key, the TLS key, the last head of every log.
 * Reads    heads with consistency proofs from book, TLS digests from web.
 * Asks     nobody.
 * Leaves   everything else: it sees no entry and no record.
 * Fence    user beimen-signer, no sockets, no opening of files.
 *
 * Source: DECISIONS, "Trees and proofs": sees only checkpoints, keeps the last
 * head, demands a consistency proof. Heads file: "origin size root-hex" lines;
 * the last line of an origin counts; synced before a signature leaves.
 */
#include "proc/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/env.h"
#include "base/text.h"
#include "crypt/crypt.h"
#include "crypt/merkle.h"
#include "crypt/secret.h"
#include "ledger/checkpoint.h"
#include "net/tlskey.h"
#include "proc/roles.h"

#define HEADS_MAX 100000 /* logs */
#define HEADS_FILE_MAX ((size_t)256 << 20)

struct head {
	char *origin;
	uint64_t size;
	struct hash root;
};

struct signer {
	struct secret *master;
	struct tlskey *tls;
	int heads_fd;
	struct head *head;
	size_t n_heads;
	bool broken; /* a head could not be kept: sign nothing more */
};

/* ---- the last heads ---- */

static struct head *
head_find(struct signer *s, struct span origin)
{
	for (size_t i = 0; i < s->n_heads; i++)
		if (span_is(origin, s->head[i].origin))
			return &s->head[i];
	return NULL;
}

/* Remembers a head in memory; NULL without memory or room. */
static struct head *
head_note(struct signer *s, struct span origin, uint64_t size,
    const struct hash *root)
{
	struct head *h = head_find(s, origin);

	if (h == NULL) {
		struct head *more;

		if (s->n_heads == HEADS_MAX ||
		    (more = reallocarray(
			 s->head, s->n_heads + 1, sizeof *more)) == NULL)
			return NULL;
		s->head = more;
		h = &more[s->n_heads];
		*h = (struct head){ .origin = strndup(
					(const char *)origin.at, origin.len) };
		if (h->origin == NULL)
			return NULL;
		s->n_heads++;
	}
	h->size = size;
	h->root = *root;
	return h;
}

static void
head_print(struct buf *b, const struct head *h)
{
	buf_printf(b, "%s %llu ", h->origin, (unsigned long long)h->size);
	text_hex(b, span_of(h->root.at, HASH_LEN));
	buf_text(b, "\n");
}

/* Reads the heads file; a torn last line is an unfinished write. */
static enum err
heads_read(struct signer *s, struct span all, struct fault *why)
{
	struct cursor c = cursor_of(all);
	unsigned line = 0;
	bool whole;

	while (c.pos < c.all.len) {
		struct span l = cursor_until(&c, '\n', &whole);
		struct cursor w = cursor_of(l);
		struct span origin = cursor_until(&w, ' ', NULL);
		struct span size = cursor_until(&w, ' ', NULL);
		struct hash root;
		uint64_t n;

		line++;
		if (!whole)
			break;
		if (origin.len == 0 || !span_number(size, INT64_MAX, &n) ||
		    !text_unhex_fixed(cursor_rest(&w), root.at, HASH_LEN))
			return fault_set(why, ERR_DAMAGE,
			    "signer/heads:%u: not a head", line);
		if (head_note(s, origin, n, &root) == NULL)
			return fault_set(why, ERR_MEMORY, "signer heads");
	}
	return ERR_OK;
}

/* Reads the file, writes it anew without what is past, keeps it open. */
static enum err
heads_open(struct child *c, struct signer *s, struct fault *why)
{
	struct env *env = env_system();
	struct buf path, all;
	int dir = -1, fd = -1;
	uint64_t len = 0;
	enum err e;

	buf_init(&path, 4096);
	buf_init(&all, HEADS_FILE_MAX);
	if ((e = child_path(c, "signer", &path, why)) != ERR_OK ||
	    (e = env->ops->open_dir(
		 env, AT_FDCWD, buf_string(&path), false, &dir, why)) != ERR_OK)
		goto out;
	if (env->ops->open(env, dir, "heads", ENV_READ, &fd, NULL) == ERR_OK) {
		if ((e = env->ops->size(env, fd, &len, why)) != ERR_OK)
			goto out;
		if (buf_room(&all, len) == NULL) {
			e = fault_set(why, ERR_LIMIT, "signer/heads too long");
			goto out;
		}
		e = env->ops->read(env, fd, 0, all.at, len, why);
		if (e != ERR_OK)
			goto out;
		buf_took(&all, len);
		env->ops->close(env, fd);
		fd = -1;
		if ((e = heads_read(s, buf_view(&all), why)) != ERR_OK)
			goto out;
	}
	buf_reset(&all);
	for (size_t i = 0; i < s->n_heads; i++)
		head_print(&all, &s->head[i]);
	(void)env->ops->unlink(env, dir, "heads.new", NULL);
	if ((e = env->ops->open(env, dir, "heads.new", ENV_CREATE, &fd, why)) !=
		ERR_OK ||
	    (e = env->ops->write(env, fd, buf_view(&all), why)) != ERR_OK ||
	    (e = env->ops->sync(env, fd, why)) != ERR_OK ||
	    (e = env->ops->rename(env, dir, "heads.new", "heads", why)) !=
		ERR_OK ||
	    (e = env->ops->sync(env, dir, why)) != ERR_OK)
		goto out;
	s->heads_fd = fd;
	fd = -1;
out:
	if (fd != -1)
		env->ops->close(env, fd);
	if (dir != -1)
		env->ops->close(env, dir);
	buf_clear(&path);
	buf_clear(&all);
	return e;
}

/* Keeps a new head on disk before anybody sees its signature. */
static enum err
head_keep(struct signer *s, const struct head *h, struct fault *why)
{
	struct env *env = env_system();
	struct buf b;
	enum err e;

	buf_init(&b, 1024);
	head_print(&b, h);
	e = env->ops->write(env, s->heads_fd, buf_view(&b), why);
	if (e == ERR_OK)
		e = env->ops->sync(env, s->heads_fd, why);
	buf_clear(&b);
	return e;
}

/* ---- signing heads ---- */

/* The key of one log, derived from the master. */
static enum err
log_key(const struct signer *s, struct span origin, uint8_t *seed,
    struct note_key *key, struct fault *why)
{
	uint8_t public[SIGN_PUBLIC_LEN];

	sign_derive(secret_read(s->master).at, origin, seed);
	sign_public(seed, public);
	return note_key_make(origin, NOTE_ED25519, public, key, why);
}

static enum err
seed_sign(void *arg, struct span message, uint8_t sig[static SIGN_LEN],
    struct fault *why)
{
	(void)why;
	sign_make(arg, message, sig);
	return ERR_OK;
}

/* Does the new head extend the one signed last? */
static enum err
head_follows(const struct head *last, uint64_t old, uint64_t size,
    const struct hash *root, const struct hash *path, unsigned n,
    struct fault *why)
{
	const uint64_t had = last == NULL ? 0 : last->size;
	const struct hash none = merkle_empty();

	if (old != had)
		return fault_set(why, ERR_PROOF,
		    "the last signed head has %llu leaves, the proof is "
		    "from %llu",
		    (unsigned long long)had, (unsigned long long)old);
	if (!merkle_check_consistency(
		old, last == NULL ? &none : &last->root, size, root, path, n))
		return fault_set(why, ERR_PROOF,
		    "the new head does not extend the last signed one");
	return ERR_OK;
}

static void
hash_take(struct cursor *c, struct hash *h)
{
	struct span s = cursor_take(c, HASH_LEN);

	if (s.len == HASH_LEN)
		memcpy(h->at, s.at, HASH_LEN);
}

/* Ask: origin, u64 old size, u64 size, root, u8 n, n hashes. Answer: note. */
enum err
on_signer_head(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct signer *s = c->state;
	struct span origin = cursor_block(ask, CHECKPOINT_ORIGIN_MAX);
	uint64_t old = cursor_u64(ask), size = cursor_u64(ask);
	struct checkpoint head = { .origin = origin, .size = size };
	struct hash path[MERKLE_DEPTH] = { 0 };
	uint8_t seed[SIGN_SEED_LEN];
	struct note_key key;
	struct head *h;
	unsigned n;
	enum err e;

	(void)who;
	hash_take(ask, &head.root);
	n = cursor_u8(ask);
	for (unsigned i = 0; i < n && i < MERKLE_DEPTH; i++)
		hash_take(ask, &path[i]);
	if (!cursor_done(ask) || n > MERKLE_DEPTH)
		return fault_set(why, ERR_SYNTAX, "not a head to sign");
	if (s->broken)
		return fault_set(
		    why, ERR_IO, "a head could not be kept: nothing is signed");
	h = head_find(s, origin);
	if ((e = head_follows(h, old, size, &head.root, path, n, why)) !=
		ERR_OK ||
	    (e = log_key(s, origin, seed, &key, why)) != ERR_OK)
		return e;
	if ((h = head_note(s, origin, size, &head.root)) == NULL)
		return fault_set(why, ERR_MEMORY, "no room for a head");
	if ((e = head_keep(s, h, why)) != ERR_OK) {
		s->broken = true; /* fail-stop: memory is ahead of the disk */
		return e;
	}
	e = checkpoint_sign(answer, &head, &key, seed_sign, seed, why);
	crypt_wipe(seed, sizeof seed);
	return e;
}

/*
 * Ask: origin. Answer: u64 size of the head signed last, 0 for none. When
 * book went down between our keeping a head and its keeping the note, the
 * next proof must begin at ours; what it proves is judged as ever.
 */
enum err
on_signer_last(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct span origin = cursor_block(ask, CHECKPOINT_ORIGIN_MAX);
	const struct head *h;

	(void)who;
	if (!cursor_done(ask))
		return fault_set(why, ERR_SYNTAX, "not an origin");
	h = head_find(c->state, origin);
	buf_u64(answer, h == NULL ? 0 : h->size);
	return ERR_OK;
}

/* Ask: origin. Answer: the verifier key line. */
enum err
on_signer_log_key(struct child *c, const struct caller *who, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct span origin = cursor_block(ask, CHECKPOINT_ORIGIN_MAX);
	uint8_t seed[SIGN_SEED_LEN];
	struct note_key key;
	enum err e;

	(void)who;
	if (!cursor_done(ask))
		return fault_set(why, ERR_SYNTAX, "not an origin");
	e = log_key(c->state, origin, seed, &key, why);
	crypt_wipe(seed, sizeof seed);
	if (e == ERR_OK)
		note_key_print(answer, &key);
	return e;
}

/* ---- TLS ---- */

enum err
on_signer_tls_cert(struct child *c, const struct caller *who,
    struct cursor *ask, struct buf *answer, struct fault *why)
{
	struct signer *s = c->state;

	(void)who;
	(void)ask;
	return tlskey_cert(s->tls, answer, why);
}

/* Ask: a digest. Answer: the signature. */
enum err
on_signer_tls_sign(struct child *c, const struct caller *who,
    struct cursor *ask, struct buf *answer, struct fault *why)
{
	struct signer *s = c->state;
	uint8_t sig[TLSKEY_SIG_MAX];
	size_t len;
	enum err e;

	(void)who;
	e = tlskey_sign(s->tls, cursor_rest(ask), sig, &len, why);
	if (e == ERR_OK)
		buf_add(answer, sig, len);
	return e;
}

/* The TLS key, made at the first start for the names we are called by. */
static enum err
tls_open(struct child *c, struct signer *s, int keys, struct fault *why)
{
	const char *host = json_get_text(c->config, "host", "");
	const char *names[] = { host, "localhost", "127.0.0.1", "::1", NULL };
	enum err e = tlskey_load(keys, "tls.key", "tls.crt", &s->tls, why);

	if (e != ERR_NOT_FOUND)
		return e;
	e = tlskey_make(
	    names, env_system()->ops->now_us(env_system()), &s->tls, why);
	if (e == ERR_OK)
		e = tlskey_save(s->tls, keys, "tls.key", "tls.crt", why);
	return e;
}

enum err
signer_proc_start(struct child *c, struct fault *why)
{
	struct signer *s = calloc(1, sizeof *s);
	struct buf path;
	int keys = -1;
	enum err e;

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "signer");
	s->heads_fd = -1;
	c->state = s;
	buf_init(&path, 4096);
	e = child_path(c, "keys", &path, why);
	if (e == ERR_OK &&
	    (keys = open(
		 buf_string(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		e = fault_sys(why, ERR_IO, "cannot open the keys' folder");
	if (e == ERR_OK)
		e = secret_make(
		    keys, "log.key", SIGN_SEED_LEN, &s->master, why);
	if (e == ERR_OK)
		e = tls_open(c, s, keys, why);
	if (e == ERR_OK)
		e = heads_open(c, s, why);
	if (keys != -1)
		(void)close(keys);
	buf_clear(&path);
	return e;
}

void
signer_proc_stop(struct child *c)
{
	struct signer *s = c->state;

	secret_free(s->master);
	tlskey_free(s->tls);
	for (size_t i = 0; i < s->n_heads; i++)
		free(s->head[i].origin);
	free(s->head);
	free(s);
}
