/*
 * proc/reader.c: the process that answers every reading question.
 *
 * Holds    the register database and the vault, both read-only.
 * Reads    questions from web and the command line.
 * Asks     gate, whose session it is; keeper, to make each read of records a
 *          record before its answer, for the stream keys and its figures;
 *          signer, for the public keys of logs.
 * Leaves   every writing handle, the network, every key but those of streams.
 * Fence    user beimen-reader, reading files of two folders, no sockets.
 *
 * Without a server the command line starts one reader alone, which then asks
 * nobody: its user is the data folder's owner.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/text.h"
#include "base/when.h"
#include "crypt/crypt.h"
#include "proc/api.h"
#include "proc/role.h"
#include "proc/roles.h"
#include "proc/self.h"
#include "proc/share.h"
#include "proc/vaultkeys.h"
#include "report/report.h"

#define ANSWER_ARENA ((size_t)256 << 20)
#define PARTS_MAX 16

struct reader_state {
	struct child *child;
	struct schema *schema;
	struct pack *pack;
	struct sigma *detections;
	json_t *mistakes; /* of detection rules */
	struct book *book;
	struct view *view;
	struct keyring *keys; /* as keeper gave them */
	struct hash keys_digest; /* … of its own words */
	struct arena *arena;
	struct append out;
	int vault;
	bool alone; /* no server runs */
};

/* Without a server the key files are read here, before the fence. Who may not
 * read them sees what is not encrypted, and is told so. */
static enum err
keys_read_alone(struct reader_state *s, struct fault *why)
{
	const char *data = json_get_text(s->child->config, "data", ".");
	int top = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir = top == -1
	    ? -1
	    : openat(top, VAULTKEYS_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = ERR_OK;

	if (top != -1)
		(void)close(top);
	if (dir == -1)
		return ERR_OK;
	if ((s->keys = keyring_new()) == NULL)
		e = fault_set(why, ERR_MEMORY, "stream keys");
	else
		e = vaultkeys_load(dir, s->keys, why);
	(void)close(dir);
	return e;
}

enum err
reader_proc_load(struct child *c, struct fault *why)
{
	struct reader_state *s = calloc(1, sizeof *s);
	enum err e;

	if (s == NULL || (s->arena = arena_new(ANSWER_ARENA)) == NULL)
		return fault_set(why, ERR_MEMORY, "reader");
	s->child = c;
	c->state = s;
	s->alone = json_object_get(c->config, "stopped") != NULL;
	self_init(&s->out);
	if (s->alone && (e = keys_read_alone(s, why)) != ERR_OK)
		return e;
	if ((e = share_registers(c->config, &s->schema, why)) != ERR_OK)
		return e;
	s->mistakes = json_array();
	if ((e = share_detections(
		 c->config, s->mistakes, &s->detections, why)) != ERR_OK)
		return e;
	return share_pack(c->config, &s->pack, why);
}

enum err
reader_proc_start(struct child *c, struct fault *why)
{
	struct reader_state *s = c->state;
	struct env *env = env_system();
	struct buf book, vault;
	enum err e;

	buf_init(&book, 4096);
	buf_init(&vault, 4096);
	e = child_path(c, "book/book.db", &book, why);
	if (e == ERR_OK)
		e = child_path(c, "vault", &vault, why);
	if (e == ERR_OK)
		e = book_open(buf_string(&book), SQL_READ, s->schema,
		    json_get_text(c->config, "city", NULL), &s->book, why);
	if (e == ERR_OK)
		e = env->ops->open_dir(
		    env, AT_FDCWD, buf_string(&vault), false, &s->vault, why);
	if (e == ERR_OK)
		e = view_open(env, s->vault, &s->view, why);
	if (e == ERR_OK) {
		view_keys(s->view, s->keys);
		sql_learn(book_db(s->book), report_sql);
	}
	buf_clear(&book);
	buf_clear(&vault);
	return e;
}

void
reader_proc_stop(struct child *c)
{
	struct reader_state *s = c->state;

	view_close(s->view);
	keyring_free(s->keys);
	book_close(s->book);
	sigma_free(s->detections);
	json_decref(s->mistakes);
	pack_free(s->pack);
	schema_free(s->schema);
	arena_free(s->arena);
	append_clear(&s->out);
	free(s);
}

/* ---- ways to other processes ---- */

/* The stream keys as keeper has them now. When they changed, everything that
 * was opened with the old ones is closed. */
static enum err
keys_refresh(struct reader_state *s, struct fault *why)
{
	struct keyring *fresh = NULL;
	struct view *view = NULL;
	struct hash digest;
	struct fault none;
	struct buf got;
	enum err e = ERR_OK;

	if (s->alone)
		return ERR_OK;
	buf_init(&got, WIRE_MAX);
	if (child_ask(s->child, ROLE_KEEPER, KEEPER_KEYS, SPAN_EMPTY,
		CHILD_ASK_MS, true, &got, &none) != ERR_OK)
		goto out;
	digest = hash_of(buf_view(&got));
	if (hash_equal(&digest, &s->keys_digest))
		goto out;
	e = vaultkeys_read(buf_view(&got), &fresh, why);
	if (e == ERR_OK)
		e = view_open(env_system(), s->vault, &view, why);
	if (e != ERR_OK) {
		keyring_free(fresh);
		goto out;
	}
	view_keys(view, fresh);
	view_close(s->view);
	keyring_free(s->keys);
	s->view = view;
	s->keys = fresh;
	s->keys_digest = digest;
out:
	crypt_wipe(got.at, got.len);
	buf_clear(&got);
	return e;
}

static json_t *
keeper_stat(void *arg)
{
	struct reader_state *s = arg;
	json_t *o = NULL;
	struct buf got;
	struct fault why;

	buf_init(&got, WIRE_MAX);
	if (child_ask(s->child, ROLE_KEEPER, KEEPER_STAT, SPAN_EMPTY,
		CHILD_ASK_MS, true, &got, &why) != ERR_OK ||
	    json_read(buf_view(&got), &o, &why) != ERR_OK)
		o = NULL;
	buf_clear(&got);
	return o;
}

static enum err
log_key(void *arg, struct span origin, struct buf *vkey, struct fault *why)
{
	struct reader_state *s = arg;
	struct buf ask;
	enum err e;

	buf_init(&ask, 1024);
	buf_block(&ask, origin);
	e = child_ask(s->child, ROLE_SIGNER, SIGNER_LOG_KEY, buf_view(&ask),
	    CHILD_ASK_MS, true, vkey, why);
	buf_clear(&ask);
	return e;
}

/* A read of machines' records is a record itself, before its answer. */
static enum err
read_record(struct reader_state *s, const struct api_ask *q,
    const struct api_who *who, struct fault *why)
{
	struct buf detail;
	struct self_event ev = { .category = CAT_PRIVILEGE,
		.what = "read-records",
		.user = who->account };
	enum err e;

	if (s->alone)
		return ERR_OK; /* nothing here can be written */
	buf_init(&detail, 8192);
	buf_span(&detail, q->path);
	if (q->query.len > 0) {
		buf_text(&detail, "?");
		buf_span(&detail, span_slice(q->query, 0, 4000));
	}
	ev.address = q->address.len == 0 ? NULL
					 : arena_text(s->arena, q->address);
	ev.detail = buf_string(&detail);
	e = self_record(s->child, &s->out, &ev, why);
	buf_clear(&detail);
	return e;
}

/* ---- answering ---- */

/* Bytes that are not JSON, as doc/api.md says. */
static json_t *
bytes_json(const struct answer *a)
{
	json_t *o = json_object();
	struct buf b;

	buf_init(&b, WIRE_WHOLE);
	text_base64(&b, buf_view(&a->bytes));
	json_put_str(o, "type", a->type);
	json_put_str(o, "base64", buf_string(&b));
	buf_clear(&b);
	return o;
}

static void
answer_put(struct answer *a, struct buf *answer)
{
	if (a->json != NULL) {
		api_put(answer, 200, a->json);
	} else if (strcmp(a->type, "application/json") == 0) {
		buf_u16(answer, 200);
		buf_span(answer, buf_view(&a->bytes));
	} else {
		api_put(answer, 200, bytes_json(a));
	}
}

/* The question, under this actor's rights. */
static enum err
question_answer(struct reader_state *s, const struct api_ask *q,
    const struct api_who *who, struct answer *a, struct fault *why)
{
	struct span part[PARTS_MAX];
	struct question question = { .part = part, .query = q->query };
	struct rights *rights = NULL;
	int64_t now_us = env_system()->ops->now_us(env_system());
	struct report r = { .book = s->book,
		.view = s->view,
		.pack = s->pack,
		.detections = s->detections,
		.rule_mistakes = s->mistakes,
		.status = s->child->status,
		.version = BEIMEN_VERSION,
		.now_us = now_us,
		.arena = s->arena,
		.account = who->account,
		.must_change = who->must_change,
		.since_us = who->since_us,
		.change_us = who->change_us,
		.arg = s };
	enum err e;

	r.idle_s = 60 * json_get_int(s->child->config, "idle_minutes", 15);
	if (!s->alone) {
		r.keeper_stat = keeper_stat;
		r.log_key = log_key;
	}
	question.n = question_split(s->arena, q->path, part, PARTS_MAX);
	e = rights_of(
	    book_db(s->book), span_text(who->actor), now_us, &rights, why);
	r.rights = rights;
	if (e == ERR_OK && report_is_log_read(&question))
		e = read_record(s, q, who, why);
	if (e == ERR_OK)
		e = report_answer(&r, &question, a, why);
	rights_free(rights);
	return e;
}

enum err
on_reader_read(struct child *c, const struct caller *from, struct cursor *ask,
    struct buf *answer, struct fault *why)
{
	struct reader_state *s = c->state;
	struct answer a = { .json = NULL };
	struct api_ask q;
	struct api_who who;
	enum err e = api_ask_read(ask, &q, why);

	if (e != ERR_OK)
		return e;
	arena_reset(s->arena);
	e = api_who(c, from, &q, &who, why);
	if (e == ERR_DENIED) {
		api_put(
		    answer, 401, api_error(ERR_DENIED, "sign-in", why->text));
		return ERR_OK;
	}
	if (e != ERR_OK)
		return e;
	if (span_starts(q.path, "/log") && (e = keys_refresh(s, why)) != ERR_OK)
		return e;
	buf_init(&a.bytes, WIRE_WHOLE / 2);
	e = question_answer(s, &q, &who, &a, why);
	if (e == ERR_OK)
		answer_put(&a, answer);
	else
		api_put(answer, api_status(e),
		    api_error(e,
			e == ERR_DENIED && who.must_change ? "must-change"
							   : NULL,
			why->text));
	if (e == ERR_GONE || e == ERR_IO || e == ERR_MEMORY)
		child_log(c, "%.*s: %s", (int)q.path.len,
		    (const char *)q.path.at, why->text);
	buf_clear(&a.bytes);
	return ERR_OK;
}
