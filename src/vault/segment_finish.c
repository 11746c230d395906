/*
 * vault/segment_finish.c: the file of a segment, and reading it back before
 * anybody relies on it.
 */
#include <stdlib.h>

#include "crypt/leaf.h"
#include "crypt/merkle.h"
#include "vault/segment_writer.h"

#define WRITE_CHUNK ((size_t)1 << 20)

enum err
segment_put_out(struct segment_writer *w, struct fault *why)
{
	enum err e;

	if (buf_error(&w->out) != ERR_OK)
		return fault_set(why, ERR_MEMORY, "segment");
	hasher_add(w->hasher, buf_view(&w->out));
	e = w->env->ops->write(w->env, w->fd, buf_view(&w->out), why);
	w->at += w->out.len;
	buf_reset(&w->out);
	return e;
}

/* The leaf hash of one finished block. */
static struct hash
block_leaf_hash(const struct segment_block *k)
{
	struct leaf_block leaf = { .first_seq = k->first_seq,
		.n = k->n,
		.first_us = k->first_us,
		.last_us = k->last_us,
		.root = k->root };

	return leaf_block_hash(&leaf);
}

/* The sources of the segment, in order, with their texts. */
static enum err
origins_make(struct segment_writer *w, struct fault *why)
{
	struct segment_origin *o;
	size_t n = 0;

	for (uint32_t id = 1; id < w->cap_tally; id++)
		n += w->tally[id].n > 0;
	if ((o = arena_array(w->arena, n, sizeof *o)) == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	n = 0;
	for (uint32_t id = 1; id < w->cap_tally; id++) {
		const struct vault_source *s = sources_at(w->sources, id);

		if (w->tally[id].n == 0)
			continue;
		if (s == NULL)
			return fault_set(
			    why, ERR_DAMAGE, "source %u is not known", id);
		o[n++] = (struct segment_origin){ .source = id,
			.n = w->tally[id].n,
			.sender = s->sender,
			.host = s->host,
			.first_us = w->tally[id].first_us,
			.last_us = w->tally[id].last_us };
	}
	w->info.origin = o;
	w->info.n_origins = n;
	return ERR_OK;
}

/* Fills the descriptor from what was written. */
static enum err
info_make(struct segment_writer *w, struct fault *why)
{
	struct segment_info *info = &w->info;
	enum err e;

	info->parts = w->head.parts;
	memcpy(info->stream, w->head.stream, sizeof info->stream);
	info->first_seq = w->head.first_seq;
	info->blocks = (uint32_t)w->n_blocks;
	info->sealed_us = w->head.sealed_us;
	info->chain_before = w->head.chain_before;
	info->chain_after = w->chain;
	info->first_us = INT64_MAX;
	info->last_us = INT64_MIN;
	w->block_leaf = calloc(w->n_blocks, sizeof *w->block_leaf);
	if (w->block_leaf == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	for (size_t i = 0; i < w->n_blocks; i++) {
		const struct segment_block *k = &w->block[i].about;

		w->block_leaf[i] = block_leaf_hash(k);
		if (k->first_us < info->first_us)
			info->first_us = k->first_us;
		if (k->last_us > info->last_us)
			info->last_us = k->last_us;
		if (k->event_first_us != 0 &&
		    (info->event_first_us == 0 ||
			k->event_first_us < info->event_first_us))
			info->event_first_us = k->event_first_us;
		if (k->event_last_us > info->event_last_us)
			info->event_last_us = k->event_last_us;
	}
	merkle_root(w->block_leaf, w->n_blocks, &info->root);
	if ((e = rollup_digest(w->rollup, &info->rollups, why)) != ERR_OK)
		return e;
	return origins_make(w, why);
}

/* Keeps the first line of damage. */
static void
first_line(void *arg, const struct segment_damage *d)
{
	struct fault *what = arg;

	if (what->code == ERR_OK)
		(void)fault_set(what, ERR_DAMAGE, "%s", d->text);
}

/* Gives the finished file the key it was written with; that the wrapped one
 * is the same is looked at too. */
static enum err
key_lend(const struct segment_writer *w, struct segment *s, struct fault *why)
{
	enum err e = segment_unlock_with(
	    s, span_of(w->crypt.key, sizeof w->crypt.key), why);

	if (e == ERR_OK &&
	    !span_equal(
		span_of(s->key, sizeof s->key), span_of(w->key, sizeof w->key)))
		e = fault_set(
		    why, ERR_DAMAGE, "a segment read back has another key");
	return e;
}

/* Reads the finished file again and compares everything. */
static enum err
read_back(struct segment_writer *w, struct fault *why)
{
	struct fault what = { .code = ERR_OK };
	struct segment *s = NULL;
	const struct segment_info *got;
	uint64_t records;
	unsigned damages;
	enum err e = segment_open_file(
	    w->env, w->dir, w->temp, &w->info.name, NULL, &s, why);

	if (e != ERR_OK)
		return e;
	if (w->encrypted && (e = key_lend(w, s, why)) != ERR_OK) {
		segment_close(s);
		return e;
	}
	e = segment_verify(s, first_line, &what, &records, &damages, why);
	got = segment_about(s);
	if (e == ERR_OK &&
	    (damages > 0 || segment_wrong(s) != NULL || records != w->info.n ||
		got->n != w->info.n || !hash_equal(&got->root, &w->info.root) ||
		!hash_equal(&got->chain_after, &w->info.chain_after) ||
		!hash_equal(&got->rollups, &w->info.rollups)))
		e = fault_set(why, ERR_DAMAGE,
		    "a segment read back is not what was written: %s",
		    what.text);
	segment_close(s);
	return e;
}

/* Gives the file its name, for good. */
static enum err
name_it(struct segment_writer *w, struct fault *why)
{
	struct env *env = w->env;
	char file[SEGMENT_FILE_MAX], sub[3] = "";
	int fd;
	enum err e;

	segment_file(&w->info.name, file);
	memcpy(sub, file, 2);
	if ((e = env->ops->open_dir(env, w->dir, sub, true, &fd, why)) !=
	    ERR_OK)
		return e;
	if ((e = env->ops->sync(env, w->dir, why)) == ERR_OK)
		e = env->ops->rename(env, w->dir, w->temp, file, why);
	if (e == ERR_OK) {
		w->temp[0] = '\0';
		e = env->ops->sync(env, fd, why);
	}
	env->ops->close(env, fd);
	if (e == ERR_OK)
		e = env->ops->sync(env, w->dir, why);
	return e;
}

/* The lexicon's section. */
static enum err
lexicon_end(struct segment_writer *w, struct fault *why)
{
	struct buf plain;
	enum err e;

	buf_init(&plain, LEXICON_BYTES_MAX);
	origins_put(&plain, &w->info);
	e = packer_lexicon(w->packer, &plain, why);
	w->lexicon.at = w->at;
	if (e == ERR_OK)
		e = lexis_put(&w->out, buf_view(&plain), &w->head.digest,
		    w->encrypted ? w->key : NULL, &w->lexicon, w->arena, why);
	buf_clear(&plain);
	return e == ERR_OK ? segment_put_out(w, why) : e;
}

/* The blocks, behind the lexicon. */
static enum err
blocks_end(struct segment_writer *w, struct fault *why)
{
	struct span all = buf_view(&w->blocks);
	enum err e = ERR_OK;

	for (size_t i = 0; i < w->n_blocks; i++)
		w->block[i].at += w->at;
	for (size_t at = 0; at < all.len && e == ERR_OK; at += WRITE_CHUNK) {
		buf_span(&w->out, span_slice(all, at, WRITE_CHUNK));
		e = segment_put_out(w, why);
	}
	return e;
}

/* The search index's section, chunk by chunk. */
static enum err
index_chunks(struct segment_writer *w, struct span plain, struct fault *why)
{
	size_t n = (plain.len + CHUNK_LEN - 1) / CHUNK_LEN;
	uint8_t *check = arena_array(w->arena, n, CHECK_LEN);
	enum err e = ERR_OK;

	if (check == NULL)
		return fault_set(why, ERR_MEMORY, "segment");
	buf_text(&w->out, SEARCH_MAGIC);
	w->index = (struct index_place){
		.at = w->at + w->out.len, .len = plain.len, .check = check
	};
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct span one = span_slice(plain, i * CHUNK_LEN, CHUNK_LEN);
		size_t before = w->out.len;

		if (w->encrypted)
			e = secret_seal(&w->out, w->key, SECRET_INDEX, i,
			    &w->head.digest, one, why);
		else
			buf_span(&w->out, one);
		if (e == ERR_OK)
			check_of(
			    span_slice(buf_view(&w->out), before, SIZE_MAX),
			    check + i * CHECK_LEN);
	}
	return e == ERR_OK ? segment_put_out(w, why) : e;
}

static enum err
index_end(struct segment_writer *w, struct fault *why)
{
	struct buf plain;
	enum err e;

	buf_init(&plain, INDEX_MAX);
	e = indexer_finish(w->indexer, &plain, why);
	if (e == ERR_OK && buf_error(&plain) != ERR_OK)
		e = fault_set(why, buf_error(&plain), "segment: index");
	if (e == ERR_OK)
		e = index_chunks(w, buf_view(&plain), why);
	buf_clear(&plain);
	return e;
}

/* Descriptor and trailer. */
static enum err
descriptor_end(struct segment_writer *w, struct fault *why)
{
	struct span index;
	struct buf tail;

	index_put(&w->out, w->head_bytes, &w->info, w->block, w->attributes,
	    &w->lexicon, &w->index);
	if (buf_error(&w->out) != ERR_OK)
		return fault_set(why, ERR_MEMORY, "segment");
	buf_init(&tail, TRAILER_LEN);
	index = buf_view(&w->out);
	trailer_put(&tail, w->at, index);
	buf_span(&w->out, buf_view(&tail));
	buf_clear(&tail);
	return segment_put_out(w, why);
}

enum err
segment_finish(struct segment_writer *w, const struct segment_info **info,
    struct fault *why)
{
	enum err e;

	if (w->info.n == 0)
		return fault_set(why, ERR_STATE, "a segment without records");
	if ((e = segment_block_end(w, why)) != ERR_OK ||
	    (e = info_make(w, why)) != ERR_OK ||
	    (e = lexicon_end(w, why)) != ERR_OK ||
	    (e = blocks_end(w, why)) != ERR_OK ||
	    (e = index_end(w, why)) != ERR_OK ||
	    (e = descriptor_end(w, why)) != ERR_OK)
		return e;
	w->info.file_bytes = w->at;
	w->info.name = hasher_end(w->hasher);
	if ((e = w->env->ops->sync(w->env, w->fd, why)) != ERR_OK)
		return e;
	w->env->ops->close(w->env, w->fd);
	w->fd = -1;
	if ((e = read_back(w, why)) != ERR_OK ||
	    (e = name_it(w, why)) != ERR_OK)
		return e;
	*info = &w->info;
	return ERR_OK;
}

void
segment_weigh(const struct segment_writer *w, struct buf *out)
{
	buf_printf(out,
	    "%u records, %llu raw bytes, %llu stored: lexicon %llu, "
	    "search index %llu, blocks %llu\n",
	    w->info.n, (unsigned long long)w->info.raw_bytes,
	    (unsigned long long)w->info.file_bytes,
	    (unsigned long long)(w->lexicon.head.len + lexis_len(&w->lexicon)),
	    (unsigned long long)w->index.len,
	    (unsigned long long)w->blocks.len);
	packer_weigh(w->packer, out);
}
