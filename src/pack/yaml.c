/*
 * pack/yaml.c: YAML read into JSON values that remember their lines.
 *
 * About    files that people edit: packs, registers, log rules, settings.
 * Works on libfyaml's events, never on its documents: aliases are refused as
 *          they appear, so a small file stays small.
 * Source   YAML 1.2.2, core schema (section 10.3).
 */
#include "pack/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

#define NONE UINT32_MAX
#define KEY_MAX ((size_t)4096)

/* One node of the document: where it stands, and what is below it. */
struct node {
	uint32_t line;
	uint32_t first, last, next; /* children, and the next sibling */
	const char *key; /* of a member; borrowed from the JSON object */
};

struct yaml {
	char *name;
	json_t *root;
	struct node *node; /* 0 is the root */
	uint32_t n, cap;
};

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

/* Digits of one base, all of s; *n within int64 or *fits is false. */
static bool
is_digits(struct span s, unsigned base, bool minus, int64_t *n, bool *fits)
{
	uint64_t v = 0, most = minus ? (uint64_t)1 << 63 : INT64_MAX;

	*fits = true;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];
		unsigned d = 99;

		if (c >= '0' && c <= '9')
			d = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			d = (c | 0x20U) - 'a' + 10;
		if (d >= base)
			return false;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v) || v > most)
			*fits = false;
	}
	if (*fits)
		*n = minus ? (int64_t)(0 - v) : (int64_t)v;
	return s.len > 0;
}

/* An integer of the core schema: [-+]?[0-9]+, 0o[0-7]+, 0x[0-9a-fA-F]+. */
static bool
is_integer(struct span s, int64_t *n, bool *fits)
{
	bool sign = span_starts(s, "-") || span_starts(s, "+");

	if (span_starts(s, "0o"))
		return is_digits(span_slice(s, 2, SIZE_MAX), 8, false, n, fits);
	if (span_starts(s, "0x"))
		return is_digits(
		    span_slice(s, 2, SIZE_MAX), 16, false, n, fits);
	return is_digits(span_slice(s, sign ? 1 : 0, SIZE_MAX), 10,
	    span_starts(s, "-"), n, fits);
}

static bool
is_one_of(struct span s, const char *a, const char *b, const char *c)
{
	return span_is(s, a) || span_is(s, b) || span_is(s, c);
}

/* What a plain scalar stands for. */
static enum err
plain(struct build *b, struct span s, json_t **out)
{
	int64_t n = 0;
	bool fits;

	if (s.len == 0 || span_is(s, "~") ||
	    is_one_of(s, "null", "Null", "NULL"))
		*out = json_null();
	else if (is_one_of(s, "true", "True", "TRUE"))
		*out = json_true();
	else if (is_one_of(s, "false", "False", "FALSE"))
		*out = json_false();
	else if (!is_integer(s, &n, &fits))
		*out = json_stringn_nocheck((const char *)s.at, s.len);
	else if (fits)
		*out = json_integer(n);
	else
		return fault(
		    b, ERR_SYNTAX, "a number beyond 64 bits: put it in quotes");
	return *out == NULL ? no_memory(b) : ERR_OK;
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
	else if ((e = plain(b, s, &v)) != ERR_OK)
		return e;
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

enum err
yaml_load(int dir, const char *path, struct yaml **out, struct fault *why)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	struct buf b;
	enum err e = ERR_OK;
	ssize_t n = 1;

	buf_init(&b, YAML_FILE_MAX + 65536);
	if (fd == -1) {
		e = fault_sys(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		    "cannot open %s", path);
		goto out;
	}
	while (n > 0 && b.len <= YAML_FILE_MAX) {
		uint8_t *to = buf_room(&b, 65536);

		if (to == NULL) {
			e = fault_set(why, buf_error(&b), "%s", path);
			goto out;
		}
		do
			n = read(fd, to, 65536);
		while (n == -1 && errno == EINTR);
		buf_took(&b, n > 0 ? (size_t)n : 0);
	}
	if (n == -1)
		e = fault_sys(why, ERR_IO, "cannot read %s", path);
	else
		e = yaml_read(buf_view(&b), path, out, why);
out:
	buf_clear(&b);
	if (fd != -1)
		(void)close(fd); /* was only read */
	return e;
}

void
yaml_free(struct yaml *y)
{
	if (y == NULL)
		return;
	json_decref(y->root);
	free(y->node);
	free(y->name);
	free(y);
}

const json_t *
yaml_root(const struct yaml *y)
{
	return y->root;
}

/* True when a pointer's part, with ~0 and ~1 in it, means this key. */
static bool
part_is(struct span part, const char *key)
{
	size_t at = 0;

	for (; *key != '\0'; key++, at++) {
		uint8_t c = at < part.len ? part.at[at] : 0;

		if (c == '~' && at + 1 < part.len)
			c = part.at[++at] == '1' ? '/' : '~';
		if (c == 0 || c != (uint8_t)*key)
			return false;
	}
	return at == part.len;
}

/* The child that a pointer's part names; NONE if there is none. */
static uint32_t
child(const struct yaml *y, uint32_t up, struct span part)
{
	uint64_t want = 0, at = 0;
	bool number = span_number(part, UINT32_MAX, &want);

	for (uint32_t i = y->node[up].first; i != NONE; i = y->node[i].next)
		if (y->node[i].key != NULL ? part_is(part, y->node[i].key)
					   : number && at++ == want)
			return i;
	return NONE;
}

unsigned
yaml_line(const struct yaml *y, const char *pointer)
{
	struct cursor c = cursor_of(span_text(pointer));
	uint32_t at = 0, next;

	(void)cursor_until(&c, '/', NULL); /* what stands before the first / */
	while (!cursor_done(&c)) {
		next = child(y, at, cursor_until(&c, '/', NULL));
		if (next == NONE)
			break;
		at = next;
	}
	return y->node[at].line;
}

enum err
yaml_fault(const struct yaml *y, const char *pointer, struct fault *why,
    enum err code, const char *fmt, ...)
{
	char line[FAULT_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	return fault_set(
	    why, code, "%s:%u: %s", y->name, yaml_line(y, pointer), line);
}
