/*
 * pack/yaml.c: YAML read into JSON values that remember their lines.
 *
 * About    files that people edit: packs, registers, log rules, settings.
 * Works on libyaml's events, never on its documents: aliases are refused as
 *          they appear, so a small file stays small. What is open stands in
 *          an array of JSON_DEPTH_MAX frames; nothing here recurses.
 * Source   YAML 1.2.2, core schema (section 10.3). libyaml reads YAML 1.1:
 *          what the two would read differently (directives, the line breaks
 *          of Unicode) is refused.
 */
#include "pack/yaml_inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

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
	struct span rest; /* of the file, from the character `at` on */
	size_t at;
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
take_scalar(struct build *b, struct span s, bool plain)
{
	json_t *v = NULL;
	uint32_t at;
	enum err e;

	/* Escapes can make what the file itself does not hold. */
	if (span_find(s, '\0') != SIZE_MAX || !text_valid(s))
		return fault(b, ERR_SYNTAX, "text with a NUL or not of UTF-8");
	if (wants_key(b))
		return take_key(b, s);
	if (!plain)
		v = json_stringn_nocheck((const char *)s.at, s.len);
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

/* The byte where a character of the file begins; 0 at the file's end. */
static uint8_t
byte_at(struct build *b, size_t at)
{
	for (; b->at < at && b->rest.len > 0; b->at++)
		b->rest = span_slice(b->rest,
		    text_rune(span_slice(b->rest, 0, 4), NULL), SIZE_MAX);
	return b->rest.len > 0 ? b->rest.at[0] : 0;
}

/* Refuses what would make one text stand for another. */
static enum err
no_extras(struct build *b, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL)
		return fault(b, ERR_SYNTAX, "anchors (&) are not allowed");
	if (tag != NULL)
		return fault(b, ERR_SYNTAX, "tags (!) are not allowed");
	return ERR_OK;
}

/* The first document, without directives. */
static enum err
take_document(struct build *b, const yaml_event_t *ev)
{
	if (ev->data.document_start.version_directive != NULL ||
	    ev->data.document_start.tag_directives.start !=
		ev->data.document_start.tag_directives.end)
		return fault(b, ERR_SYNTAX, "directives (%%) are not allowed");
	if (b->documents++ > 0)
		return fault(b, ERR_SYNTAX, "more than one document");
	return ERR_OK;
}

/* A scalar's event: libyaml keeps silent about the tag that is only "!". */
static enum err
take_text(struct build *b, const yaml_event_t *ev)
{
	const yaml_char_t *tag = ev->data.scalar.tag;
	enum err e;

	if (tag == NULL && byte_at(b, ev->start_mark.index) == '!')
		tag = (const yaml_char_t *)"!";
	if ((e = no_extras(b, ev->data.scalar.anchor, tag)) != ERR_OK)
		return e;
	return take_scalar(b,
	    span_of(ev->data.scalar.value, ev->data.scalar.length),
	    ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
}

/* Takes one event of the parser. */
static enum err
take(struct build *b, const yaml_event_t *ev)
{
	enum err e;

	b->line = (uint32_t)ev->start_mark.line + 1;
	b->column = (uint32_t)ev->start_mark.column + 1;
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		return take_document(b, ev);
	case YAML_ALIAS_EVENT:
		return fault(b, ERR_SYNTAX, "aliases (*) are not allowed");
	case YAML_SCALAR_EVENT:
		return take_text(b, ev);
	case YAML_MAPPING_START_EVENT:
		e = no_extras(b, ev->data.mapping_start.anchor,
		    ev->data.mapping_start.tag);
		return e != ERR_OK ? e : take_start(b, json_object());
	case YAML_SEQUENCE_START_EVENT:
		e = no_extras(b, ev->data.sequence_start.anchor,
		    ev->data.sequence_start.tag);
		return e != ERR_OK ? e : take_start(b, json_array());
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return take_end(b);
	default:
		return ERR_OK;
	}
}

/* The parser's complaint. */
static enum err
parser_fault(struct build *b, const yaml_parser_t *p)
{
	if (p->error == YAML_MEMORY_ERROR || p->problem == NULL)
		return no_memory(b);
	if (p->error != YAML_READER_ERROR) {
		b->line = (uint32_t)p->problem_mark.line + 1;
		b->column = (uint32_t)p->problem_mark.column + 1;
	}
	return fault(b, ERR_SYNTAX, "%s%s%s", p->problem,
	    p->context == NULL ? "" : " ",
	    p->context == NULL ? "" : p->context);
}

/* Runs the parser over s and builds the tree. */
static enum err
parse(struct build *b, struct span s)
{
	yaml_parser_t p;
	yaml_event_t ev;
	bool more = true;
	enum err e = ERR_OK;

	if (yaml_parser_initialize(&p) == 0)
		return no_memory(b);
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, s.at, s.len);
	b->rest = s;
	while (e == ERR_OK && more) {
		if (yaml_parser_parse(&p, &ev) == 0) {
			e = parser_fault(b, &p);
			break;
		}
		e = take(b, &ev);
		more = ev.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&p);
	return e;
}

/* True of what YAML can print, but for the line breaks that only YAML 1.1
 * knows: a remark could end at one, and what follows be read. */
static bool
is_printable(uint32_t cp)
{
	if (cp < 0xA0)
		return cp == '\t' || cp == '\n' || cp == '\r' ||
		    (cp >= 0x20 && cp < 0x7F);
	return cp != 0x2028 && cp != 0x2029 && cp != 0xFFFE && cp != 0xFFFF;
}

/* Looks for what no text may hold. */
static enum err
text_check(struct build *b, struct span s)
{
	for (size_t i = 0; i < s.len;) {
		uint32_t cp = 0;
		size_t n = text_rune(span_slice(s, i, 4), &cp);

		if (s.at[i] == '\0')
			return fault(b, ERR_SYNTAX, "a NUL byte");
		if (n == 0)
			return fault(b, ERR_SYNTAX, "not UTF-8");
		if (!is_printable(cp))
			return fault(b, ERR_SYNTAX,
			    "the character U+%04X is not allowed", cp);
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
	*out = b.y; /* handed over: yaml_doc_free */
	b.y = NULL;
out:
	while (b.depth > 0)
		(void)take_end(&b); /* always OK */
	yaml_doc_free(b.y);
	return e;
}
