/*
 * ledger/store.c: tiles in the table `tile`, or in memory.
 */
#include "ledger/store.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"

#define AGENCY_MAX 40 /* bytes of an agency's key */
#define TILE_BYTES_MAX (TILE_WIDTH * HASH_LEN)

struct kept {
	unsigned level, n;
	uint64_t at;
	struct hash hash[TILE_WIDTH];
};

struct store {
	struct sql *db; /* NULL: in memory */
	uint8_t agency[AGENCY_MAX];
	size_t agency_len;
	struct kept **kept; /* in the order they were first put */
	size_t n_kept, cap;
};

enum err
store_schema(struct sql *db, struct fault *why)
{
	struct sql_stmt *s;
	enum err e;

	if ((e = sql_named(db, "ledger_schema", &s, why)) != ERR_OK)
		return e;
	return sql_do(s, why);
}

enum err
store_sql_new(
    struct sql *db, struct span agency, struct store **out, struct fault *why)
{
	struct store *s;

	if (!text_is_name(agency, AGENCY_MAX))
		return fault_set(why, ERR_SYNTAX, "not an agency's key");
	if ((s = calloc(1, sizeof *s)) == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for tiles");
	s->db = db;
	memcpy(s->agency, agency.at, agency.len);
	s->agency_len = agency.len;
	*out = s; /* handed over */
	return ERR_OK;
}

enum err
store_memory_new(struct store **out, struct fault *why)
{
	struct store *s = calloc(1, sizeof *s);

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for tiles");
	*out = s; /* handed over */
	return ERR_OK;
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_kept; i++)
		free(s->kept[i]);
	free(s->kept);
	free(s);
}

/* A named statement with the agency bound. */
static enum err
ask(struct store *s, const char *name, struct sql_stmt **out, struct fault *why)
{
	enum err e;

	if ((e = sql_named(s->db, name, out, why)) != ERR_OK)
		return e;
	return sql_bind_text(
	    *out, ":agency", span_of(s->agency, s->agency_len), why);
}

/* The same with a tile's place bound too. */
static enum err
ask_tile(struct store *s, const char *name, unsigned level, uint64_t at,
    struct sql_stmt **out, struct fault *why)
{
	enum err e;

	if ((e = ask(s, name, out, why)) != ERR_OK)
		return e;
	if ((e = sql_bind_int(*out, ":level", level, why)) != ERR_OK)
		return e;
	return sql_bind_int(*out, ":at", (int64_t)at, why);
}

static enum err
sql_size(void *arg, uint64_t *n, struct fault *why)
{
	struct sql_stmt *q;
	int64_t at, len;
	bool row;
	enum err e;

	if ((e = ask(arg, "ledger_tile_last", &q, why)) != ERR_OK)
		return e;
	if ((e = sql_step(q, &row, why)) != ERR_OK)
		return e;
	if (!row) {
		*n = 0;
		return ERR_OK;
	}
	at = sql_int(q, 0);
	len = sql_int(q, 1);
	sql_reset(q);
	if (at < 0 || (uint64_t)at >= MERKLE_SIZE_MAX / TILE_WIDTH ||
	    len <= 0 || len > TILE_BYTES_MAX || len % HASH_LEN != 0)
		return fault_set(why, ERR_DAMAGE,
		    "tile 0/%" PRId64 " has %" PRId64 " bytes", at, len);
	*n = (uint64_t)at * TILE_WIDTH + (uint64_t)len / HASH_LEN;
	return ERR_OK;
}

static enum err
sql_get(void *arg, unsigned level, uint64_t at,
    struct hash to[static TILE_WIDTH], unsigned *n, struct fault *why)
{
	struct sql_stmt *q;
	struct span bytes;
	bool row;
	enum err e;

	e = ask_tile(arg, "ledger_tile_get", level, at, &q, why);
	if (e != ERR_OK)
		return e;
	if ((e = sql_step(q, &row, why)) != ERR_OK)
		return e;
	if (!row) {
		*n = 0;
		return ERR_OK;
	}
	bytes = sql_bytes(q, 0);
	if (bytes.len % HASH_LEN != 0 || bytes.len > TILE_BYTES_MAX)
		e = fault_set(why, ERR_DAMAGE,
		    "tile %u/%" PRIu64 " has %zu bytes", level, at, bytes.len);
	else {
		*n = (unsigned)(bytes.len / HASH_LEN);
		for (unsigned i = 0; i < *n; i++)
			memcpy(to[i].at, bytes.at + i * HASH_LEN, HASH_LEN);
	}
	sql_reset(q);
	return e;
}

static enum err
sql_put(void *arg, unsigned level, uint64_t at, const struct hash *hash,
    unsigned n, struct fault *why)
{
	struct sql_stmt *q;
	enum err e;

	e = ask_tile(arg, "ledger_tile_put", level, at, &q, why);
	if (e != ERR_OK)
		return e;
	e = sql_bind_bytes(
	    q, ":hashes", span_of(hash, (size_t)n * HASH_LEN), why);
	if (e != ERR_OK)
		return e;
	return sql_do(q, why);
}

/* The tile kept under that place, or NULL. */
static struct kept *
memory_find(struct store *s, unsigned level, uint64_t at)
{
	for (size_t i = s->n_kept; i-- > 0;)
		if (s->kept[i]->level == level && s->kept[i]->at == at)
			return s->kept[i];
	return NULL;
}

static enum err
memory_size(void *arg, uint64_t *n, struct fault *why)
{
	struct store *s = arg;
	uint64_t size = 0;

	(void)why;
	for (size_t i = 0; i < s->n_kept; i++) {
		const struct kept *k = s->kept[i];

		if (k->level == 0 && k->at * TILE_WIDTH + k->n > size)
			size = k->at * TILE_WIDTH + k->n;
	}
	*n = size;
	return ERR_OK;
}

static enum err
memory_get(void *arg, unsigned level, uint64_t at,
    struct hash to[static TILE_WIDTH], unsigned *n, struct fault *why)
{
	const struct kept *k = memory_find(arg, level, at);

	(void)why;
	*n = 0;
	if (k != NULL) {
		memcpy(to, k->hash, (size_t)k->n * sizeof *to);
		*n = k->n;
	}
	return ERR_OK;
}

/* A new, empty tile at the end of those kept. */
static struct kept *
memory_add(struct store *s)
{
	struct kept *k, **more;
	size_t cap;

	if (s->n_kept == s->cap) {
		cap = s->cap == 0 ? 16 : 2 * s->cap;
		more = reallocarray(s->kept, cap, sizeof(struct kept *));
		if (more == NULL)
			return NULL;
		s->kept = more;
		s->cap = cap;
	}
	if ((k = calloc(1, sizeof *k)) != NULL)
		s->kept[s->n_kept++] = k;
	return k;
}

static enum err
memory_put(void *arg, unsigned level, uint64_t at, const struct hash *hash,
    unsigned n, struct fault *why)
{
	struct kept *k = memory_find(arg, level, at);

	if (k == NULL && (k = memory_add(arg)) == NULL)
		return fault_set(why, ERR_MEMORY, "no memory for a tile");
	k->level = level;
	k->at = at;
	k->n = n;
	memcpy(k->hash, hash, (size_t)n * sizeof *hash);
	return ERR_OK;
}

struct tree_store
store_of(struct store *s)
{
	struct tree_store sql = { sql_size, sql_get, sql_put, s };
	struct tree_store memory = { memory_size, memory_get, memory_put, s };

	return s->db == NULL ? memory : sql;
}
