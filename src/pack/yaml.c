/*
 * pack/yaml.c: YAML read into JSON values that remember their lines.
 *
 * About    files that people edit: packs, registers, log rules, settings.
 * Works on libfyaml's events, never on its documents: aliases are refused as
 *          they appear, so a small file stays small.
 * Source   YAML 1.2.2, core schema (section 10.3).
 */
#include "pack/yaml_inner.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

#define KEY_MAX ((size_t)4096)

/* A collection that is not closed yet. */
struct frame {
	json_t *into; /* borrowed from the root */
	uint32_t node;
	uint32_t key_line;
	bool has_key;
	struct buf key;
};

struct build {
	struct yaml *y;
	struct frame frame[JSON_DEPTH_MAX];
	unsigned depth;
	uint32_t line, column; /* of the event under the hands */
	unsigned documents;
	struct fault *why;
};

/* A fault at the event under the hands. */
static enum err __attribute__((format(printf, 3, 4)))
fault(struct build *b, enum err code, const char *fmt, ...)
{
	struct fault line = { .code = code };
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line.text, sizeof line.text, fmt, ap);
	va_end(ap);
	return fault_set(b->why, code, "%s:%u:%u: %s", b->y->name, b->line,
	    b->column, line.text);
}

static enum err
no_memory(struct build *b)
{
	return fault_set(b->why, ERR_MEMORY, "%s", b->y->name);
}

/* Adds a node below `up` (NONE: the root). */
static enum err
node_add(
    struct build *b, uint32_t up, uint32_t line, const char *key, uint32_t *at)
{
	struct yaml *y = b->y;
	struct node *more;
	uint32_t cap = y->cap == 0 ? 64 : y->cap * 2;

	if (y->n == y->cap) {
		more = reallocarray(y->node, cap, sizeof *more);
		if (more == NULL)
			return no_memory(b);
		y->node = more;
		y->cap = cap;
	}
	*at = y->n++;
	y->node[*at] = (struct node){ line, NONE, NONE, NONE, key };
	if (up == NONE)
		return ERR_OK;
	if (y->node[up].first == NONE)
		y->node[up].first = *at;
	else
		y->node[y->node[up].last].next = *at;
	y->node[up].last = *at;
	return ERR_OK;
}

/* Puts v, which is taken, where the next value belongs. */
static enum err
add(struct build *b, json_t *v, uint32_t *at)
{
	struct frame *f = b->depth == 0 ? NULL : &b->frame[b->depth - 1];
	const char *key;

	if (v == NULL)
		return no_memory(b);
	if (f == NULL) {
		b->y->root = v;
		return node_add(b, NONE, b->line, NULL, at);
	}
	if (json_is_array(f->into)) {
		if (json_array_append_new(f->into, v) != 0)
			return no_memory(b);
		return node_add(b, f->node, b->line, NULL, at);
	}
	f->has_key = false;
	key = buf_string(&f->key);
	if (json_object_set_new(f->into, key, v) != 0)
		return no_memory(b);
	key = json_object_iter_key(json_object_iter_at(f->into, key));
	return node_add(b, f->node, f->key_line, key, at);
}

/* True when the next scalar is a key. */
static bool
wants_key(const struct build *b)
{
	const struct frame *f = b->depth == 0 ? NULL : &b->frame[b->depth - 1];

	return f != NULL && json_is_object(f->into) && !f->has_key;
}

static enum err
take_key(struct build *b, struct span s)
{
	struct frame *f = &b->frame[b->depth - 1];

	if (s.len > KEY_MAX)
		return fault(
		    b, ERR_LIMIT, "a key of more than %zu bytes", KEY_MAX);
	buf_reset(&f->key);
	buf_span(&f->key, s);
	if (buf_error(&f->key) != ERR_OK)
		return no_memory(b);
	if (json_object_get(f->into, buf_string(&f->key)) != NULL)
		return fault(
		    b, ERR_SYNTAX, "%s stands here twice", buf_string(&f->key));
	f->has_key = true;
	f->key_line = b->line;
	return ERR_OK;
}

static enum err
take_scalar(struct build *b, struct fy_token *token)
{
	json_t *v = NULL;
	uint32_t at;
	size_t len = 0;
	const char *p = fy_token_get_text(token, &len);
	struct span s = span_of(p, p == NULL ? 0 : len);
	enum err e;

	if (p == NULL && token != NULL && len > 0)
		return no_memory(b);
	/* Escapes can make what the file itself does not hold. */
	if (span_find(s, '\0') != SIZE_MAX || !text_valid(s))
		return fault(b, ERR_SYNTAX, "text with a NUL or not of UTF-8");
	if (wants_key(b))
		return take_key(b, s);
	if (fy_token_scalar_style(token) != FYSS_PLAIN)
		v = json_stringn_nocheck(
		    s.len == 0 ? "" : (const char *)s.at, s.len);
	else if ((e = yaml_plain(s, &v)) == ERR_RANGE)
		return fault(
		    b, ERR_SYNTAX, "a number beyond 64 bits: put it in quotes");
	else if (e != ERR_OK)
		return no_memory(b);
	return add(b, v, &at);
}

/* Opens a mapping or a sequence. */
static enum err
take_start(struct build *b, json_t *v)
{
	struct frame *f;
	uint32_t at;
	enum err e;

	if (wants_key(b)) {
		json_decref(v);
		return fault(b, ERR_SYNTAX, "a key must be plain text");
	}
	if (b->depth == JSON_DEPTH_MAX) {
		json_decref(v);
		return fault(
		    b, ERR_LIMIT, "nested deeper than %d", JSON_DEPTH_MAX);
	}
	if ((e = add(b, v, &at)) != ERR_OK)
		return e;
	f = &b->frame[b->depth++];
	*f = (struct frame){ .into = v, .node = at };
	buf_init(&f->key, KEY_MAX);
	return ERR_OK;
}

static enum err
take_end(struct build *b)
{
	buf_clear(&b->frame[--b->depth].key);
	return ERR_OK;
}

/* Refuses what would make one text stand for another. */
static enum err
no_extras(
    struct build *b, const struct fy_token *anchor, const struct fy_token *tag)
{
	if (anchor != NULL)
		return fault(b, ERR_SYNTAX, "anchors (&) are not allowed");
	if (tag != NULL)
		return fault(b, ERR_SYNTAX, "tags (!) are not allowed");
	return ERR_OK;
}

/* Takes one event of the parser. */
static enum err
take(struct build *b, struct fy_event *ev)
{
	const struct fy_mark *mark = fy_event_start_mark(ev);
	enum err e;

	if (mark != NULL) {
		b->line = (uint32_t)mark->line + 1;
		b->column = (uint32_t)mark->column + 1;
	}
	switch (ev->type) {
	case FYET_DOCUMENT_START:
		if (b->documents++ == 0)
			return ERR_OK;
		return fault(b, ERR_SYNTAX, "more than one document");
	case FYET_ALIAS:
		return fault(b, ERR_SYNTAX, "aliases (*) are not allowed");
	case FYET_SCALAR:
		e = no_extras(b, ev->scalar.anchor, ev->scalar.tag);
		return e != ERR_OK ? e : take_scalar(b, ev->scalar.value);
	case FYET_MAPPING_START:
		e = no_extras(
		    b, ev->mapping_start.anchor, ev->mapping_start.tag);
		return e != ERR_OK ? e : take_start(b, json_object());
	case FYET_SEQUENCE_START:
		e = no_extras(
		    b, ev->sequence_start.anchor, ev->sequence_start.tag);
		return e != ERR_OK ? e : take_start(b, json_array());
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		return take_end(b);
	default:
		return ERR_OK;
	}
}

/* The parser's own first complaint. */
static enum err
parser_fault(struct build *b, struct fy_diag *diag)
{
	void *at = NULL;
	const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &at);

	if (error != NULL && error->line > 0) {
		b->line = (uint32_t)error->line;
		b->column = (uint32_t)(error->column > 0 ? error->column : 1);
	}
	return fault(b, ERR_SYNTAX, "%s",
	    error == NULL || error->msg == NULL ? "not YAML" : error->msg);
}

/* Runs the parser over s and builds the tree. */
static enum err
parse(struct build *b, struct span s)
{
	struct fy_diag_cfg quiet;
	struct fy_parse_cfg cfg = {
		.flags = FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE |
		    FYPCF_DISABLE_MMAP_OPT,
	};
	struct fy_parser *p = NULL;
	struct fy_event *ev;
	enum err e = ERR_OK;

	fy_diag_cfg_default(&quiet);
	quiet.fp = NULL;
	quiet.colorize = false;
	if ((cfg.diag = fy_diag_create(&quiet)) == NULL)
		return no_memory(b);
	fy_diag_set_collect_errors(cfg.diag, true);
	if ((p = fy_parser_create(&cfg)) == NULL ||
	    fy_parser_set_string(p, (const char *)s.at, s.len) != 0) {
		e = no_memory(b);
		goto out;
	}
	while (e == ERR_OK && (ev = fy_parser_parse(p)) != NULL) {
		e = take(b, ev);
		fy_parser_event_free(p, ev);
	}
	if (e == ERR_OK && fy_parser_get_stream_error(p))
		e = parser_fault(b, cfg.diag);
out:
	fy_parser_destroy(p);
	fy_diag_destroy(cfg.diag);
	return e;
}

/* Looks for bytes that no text may hold. */
static enum err
text_check(struct build *b, struct span s)
{
	for (size_t i = 0; i < s.len;) {
		size_t n = text_rune(span_slice(s, i, 4), NULL);

		if (s.at[i] == '\0')
			return fault(b, ERR_SYNTAX, "a NUL byte");
		if (n == 0)
			return fault(b, ERR_SYNTAX, "not UTF-8");
		b->column++;
		if (s.at[i] == '\n') {
			b->line++;
			b->column = 1;
		}
		i += n;
	}
	b->line = b->column = 1;
	return ERR_OK;
}

enum err
yaml_read(struct span s, const char *name, struct yaml **out, struct fault *why)
{
	struct build b = { .line = 1, .column = 1, .why = why };
	uint32_t at;
	enum err e;

	if (s.len > YAML_FILE_MAX)
		return fault_set(why, ERR_LIMIT, "%s: longer than %zu bytes",
		    name, YAML_FILE_MAX);
	if ((b.y = calloc(1, sizeof *b.y)) == NULL ||
	    (b.y->name = strdup(name)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "%s", name);
		goto out;
	}
	if (span_starts(s, "\xEF\xBB\xBF"))
		s = span_slice(s, 3, SIZE_MAX);
	if ((e = text_check(&b, s)) != ERR_OK ||
	    (s.len > 0 && (e = parse(&b, s)) != ERR_OK))
		goto out;
	if (b.y->root == NULL && (e = add(&b, json_null(), &at)) != ERR_OK)
		goto out;
	*out = b.y; /* handed over: yaml_free */
	b.y = NULL;
out:
	while (b.depth > 0)
		(void)take_end(&b); /* always OK */
	yaml_free(b.y);
	return e;
}
