/*
 * web/template_draw.c: fill a compiled template.
 *
 * About     turning JSON into HTML; whatever stands in the data comes out as
 *           text.
 * Runs      in the web process, in any of its threads: templates are only
 *           read.
 */
#include "base/text.h"
#include "base/when.h"
#include "web/form.h"
#include "web/template_ops.h"

#include <inttypes.h>

/* A drawing under way. */
struct drawing {
	const struct templates *t;
	enum lang lang;
	struct buf *b;
	const json_t *stack[TEMPLATE_DEPTH_MAX]; /* outermost first */
	unsigned depth;
	unsigned partials;
	struct fault *why;
};

/* Characters that turn the direction of writing could make a log line read
 * as what it is not. */
static bool
turns_direction(uint32_t cp)
{
	return (cp >= 0x202a && cp <= 0x202e) ||
	    (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200e || cp == 0x200f ||
	    cp == 0x061c;
}

/* One character, escaped. */
static void
escape_rune(struct buf *b, struct span rune, uint32_t cp)
{
	switch (cp) {
	case '&':
		buf_text(b, "&amp;");
		return;
	case '<':
		buf_text(b, "&lt;");
		return;
	case '>':
		buf_text(b, "&gt;");
		return;
	case '"':
		buf_text(b, "&#34;");
		return;
	case '\'':
		buf_text(b, "&#39;");
		return;
	case '`':
		buf_text(b, "&#96;");
		return;
	default:
		break;
	}
	if (turns_direction(cp) || (cp < 0x20 && cp != '\t' && cp != '\n') ||
	    (cp >= 0x7f && cp < 0xa0))
		buf_printf(b, "\u27e8U+%04" PRIX32 "\u27e9", cp);
	else
		buf_span(b, rune);
}

/* How many bytes at the front need no look at all. */
static size_t
plain_run(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.at[n] >= 0x20 && s.at[n] < 0x7f &&
	    s.at[n] != '&' && s.at[n] != '<' && s.at[n] != '>' &&
	    s.at[n] != '"' && s.at[n] != '\'' && s.at[n] != '`')
		n++;
	return n;
}

void
template_escape(struct buf *b, struct span s)
{
	size_t at = 0;

	while (at < s.len) {
		struct span rest = span_slice(s, at, SIZE_MAX);
		uint32_t cp = 0;
		size_t n = plain_run(rest);

		if (n != 0) {
			buf_add(b, rest.at, n);
			at += n;
			continue;
		}
		n = text_rune(rest, &cp);

		if (n == 0) {
			buf_text(b, "\ufffd");
			at++;
			continue;
		}
		escape_rune(b, span_slice(rest, 0, n), cp);
		at += n;
	}
}

/* Follow "a.b" from v; NULL when a step is missing. */
static const json_t *
path_follow(const json_t *v, const char *path)
{
	struct cursor c = cursor_of(span_text(path));

	while (v != NULL && c.pos < c.all.len) {
		struct span step = cursor_until(&c, '.', NULL);

		v = json_object_getn(v, (const char *)step.at, step.len);
	}
	return v;
}

/* Look a name up, from the present value outward by its first step. */
static const json_t *
look_up(const struct drawing *d, const char *name)
{
	struct span first = span_text(name);
	size_t dot = span_find(first, '.');

	if (strcmp(name, ".") == 0)
		return d->stack[d->depth - 1];
	if (dot != SIZE_MAX)
		first = span_slice(first, 0, dot);
	for (unsigned i = d->depth; i-- > 0;) {
		const json_t *v = json_object_getn(
		    d->stack[i], (const char *)first.at, first.len);

		if (v != NULL)
			return path_follow(d->stack[i], name);
	}
	return NULL;
}

#define SMALL_MAX 40

/* An integer in decimal; group: with thousands separators. */
static struct span
integer_text(json_int_t v, bool group, char small[static SMALL_MAX])
{
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	size_t at = SMALL_MAX, n = 0;

	do {
		if (group && n != 0 && n % 3 == 0)
			small[--at] = ',';
		small[--at] = (char)('0' + u % 10);
		n++;
	} while ((u /= 10) != 0);
	if (v < 0)
		small[--at] = '-';
	return span_of(small + at, SMALL_MAX - at);
}

/* A scalar as text, in `small` where it is no string; empty for anything
 * else. Numbers with a fraction are not in our answers; they show whole. */
static struct span
scalar_text(const json_t *v, bool group, char small[static SMALL_MAX])
{
	if (json_is_string(v))
		return span_of(json_string_value(v), json_string_length(v));
	if (json_is_integer(v))
		return integer_text(json_integer_value(v), group, small);
	if (json_is_real(v) && json_real_value(v) > -1e15 &&
	    json_real_value(v) < 1e15)
		return integer_text(
		    (json_int_t)json_real_value(v), group, small);
	if (json_is_true(v))
		return SPAN_LIT("true");
	return json_is_false(v) ? SPAN_LIT("false") : SPAN_EMPTY;
}

/* {{l}}: a string, or the member of our language, or the other one's. */
static const json_t *
in_language(const json_t *v, enum lang l)
{
	const json_t *mine = json_object_get(v, l == LANG_EN ? "en" : "zh");

	if (!json_is_object(v))
		return v;
	if (json_string_length(mine) == 0)
		mine = json_object_get(v, l == LANG_EN ? "zh" : "en");
	return mine;
}

/* {{d}} {{w}} {{s}}: a time of the data in the reader's way. */
static void
time_print(struct buf *b, struct span s, char letter, enum lang l)
{
	int64_t us, of_day;
	struct day day;

	if (when_parse(s, &us, NULL) != ERR_OK) {
		buf_span(b, s);
		return;
	}
	day = when_day(us);
	of_day = (us - day_start(day)) / WHEN_SECOND;
	if (l == LANG_EN)
		day_print(b, day);
	else if (letter == 's')
		buf_printf(
		    b, "%d/%02d/%02d", day.year - 1911, day.month, day.day);
	else
		roc_print(b, day);
	if (letter != 'd')
		buf_printf(b, " %02d:%02d:%02d", (int)(of_day / 3600),
		    (int)(of_day / 60 % 60), (int)(of_day % 60));
}

/* {{u}}: a path of ours, and nothing that a browser could read otherwise. */
static bool
link_is_ours(struct span s)
{
	if (s.len == 0 || s.at[0] != '/' || (s.len > 1 && s.at[1] == '/'))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= 0x20 || s.at[i] == '\\' || s.at[i] == 0x7f)
			return false;
	return true;
}

/* {{c}} and {{m}}: what may stand in a class name or a key; else '-'. */
static uint8_t
name_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
		c == '-'
	    ? c
	    : '-';
}

/* {{d}} {{w}} {{s}} {{q}} {{c}}: text made anew, escaped. */
static void
shaped_draw(struct drawing *d, struct span s, char letter)
{
	struct buf b;

	buf_init(&b, d->b->max);
	if (letter == 'q')
		form_escape(&b, s);
	else if (letter == 'c')
		for (size_t i = 0; i < s.len; i++)
			buf_u8(&b, name_byte(s.at[i]));
	else if (s.len != 0)
		time_print(&b, s, letter, d->lang);
	template_escape(d->b, buf_view(&b));
	if (buf_error(&b) != ERR_OK)
		d->b->bad = buf_error(&b);
	buf_clear(&b);
}

/* A value, shaped by its letter, escaped. */
static void
value_draw(struct drawing *d, const json_t *v, char letter)
{
	char small[SMALL_MAX];
	struct span s;

	if (letter == 'l')
		v = in_language(v, d->lang);
	s = scalar_text(v, letter == 'n', small);
	if (letter == 'u')
		template_escape(d->b, link_is_ours(s) ? s : SPAN_LIT("#"));
	else if (letter == 0 || letter == 'l' || letter == 'n')
		template_escape(d->b, s);
	else
		shaped_draw(d, s, letter);
}

/* A message, its {x} and {letter:x} filled. */
static void
message_draw(struct drawing *d, const char *text)
{
	struct cursor c = cursor_of(span_text(text));

	while (c.pos < c.all.len) {
		bool found = false;
		struct span name;
		char key[64], letter = 0;

		template_escape(d->b, cursor_until(&c, '{', &found));
		if (!found)
			break;
		name = cursor_until(&c, '}', NULL);
		if (name.len > 2 && name.at[1] == ':') {
			letter = (char)name.at[0];
			name = span_slice(name, 2, SIZE_MAX);
		}
		if (name.len >= sizeof key)
			continue;
		memcpy(key, name.at, name.len);
		key[name.len] = '\0';
		value_draw(d, look_up(d, key), letter);
	}
}

/* {{m}}: the message of prefix and value, or the value itself. */
static void
choice_draw(struct drawing *d, const struct op *op)
{
	const json_t *v = look_up(d, op->name);
	char small[SMALL_MAX];
	struct span s = scalar_text(v, false, small);
	uint8_t key[128];
	const char *text = NULL;

	if (op->text.len + s.len <= sizeof key) {
		memcpy(key, op->text.at, op->text.len);
		for (size_t i = 0; i < s.len; i++)
			key[op->text.len + i] = name_byte(s.at[i]);
		text = message_find(
		    d->lang, span_of(key, op->text.len + s.len));
	}
	if (text != NULL)
		message_draw(d, text);
	else
		value_draw(d, v, 0);
}

/* What a section counts as true. */
static bool
is_true(const json_t *v)
{
	if (v == NULL || json_is_null(v) || json_is_false(v))
		return false;
	if (json_is_string(v))
		return json_string_length(v) != 0;
	if (json_is_integer(v))
		return json_integer_value(v) != 0;
	return !json_is_array(v) || json_array_size(v) != 0;
}

static void ops_draw(
    struct drawing *d, const struct template *t, size_t from, size_t to);

/* The inside of a section, with v as the present value. */
static void
inside_draw(
    struct drawing *d, const struct template *t, size_t at, const json_t *v)
{
	if (d->depth == TEMPLATE_DEPTH_MAX) {
		d->b->bad = ERR_LIMIT;
		return;
	}
	d->stack[d->depth++] = v;
	ops_draw(d, t, at + 1, t->op[at].to - 1);
	d->depth--;
}

/* {{#a}}: per element, per object, or once. */
static void
section_draw(struct drawing *d, const struct template *t, size_t at)
{
	const json_t *v = look_up(d, t->op[at].name);
	size_t n = json_array_size(v);

	if (!is_true(v))
		return;
	if (!json_is_array(v)) {
		inside_draw(d, t, at, v);
		return;
	}
	for (size_t i = 0; i < n && d->b->bad == ERR_OK; i++)
		inside_draw(d, t, at, json_array_get(v, i));
}

/* {{>x}}. */
static void
partial_draw(struct drawing *d, size_t at)
{
	const struct template *p = &d->t->at[at];

	if (d->partials == TEMPLATE_DEPTH_MAX) {
		d->b->bad = ERR_LIMIT;
		return;
	}
	d->partials++;
	ops_draw(d, p, 0, p->n_ops);
	d->partials--;
}

/* Ops from .. to-1 of one template. */
static void
ops_draw(struct drawing *d, const struct template *t, size_t from, size_t to)
{
	for (size_t i = from; i < to && d->b->bad == ERR_OK;) {
		const struct op *op = &t->op[i];
		size_t next = i + 1;

		switch (op->kind) {
		case OP_LITERAL:
			buf_span(d->b, op->text);
			break;
		case OP_VALUE:
			value_draw(d, look_up(d, op->name), op->letter);
			break;
		case OP_MESSAGE:
			message_draw(d, message_find(d->lang, op->text));
			break;
		case OP_CHOICE:
			choice_draw(d, op);
			break;
		case OP_SECTION:
			section_draw(d, t, i);
			next = op->to;
			break;
		case OP_INVERTED:
			if (!is_true(look_up(d, op->name)))
				ops_draw(d, t, i + 1, op->to - 1);
			next = op->to;
			break;
		case OP_PARTIAL:
			partial_draw(d, op->to);
			break;
		case OP_END:
			break;
		}
		i = next;
	}
}

enum err
template_draw(const struct templates *t, const char *name, const json_t *data,
    enum lang l, struct buf *b, struct fault *why)
{
	struct drawing d = {
		.t = t, .lang = l, .b = b, .depth = 1, .why = why
	};

	d.stack[0] = data;
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->at[i].name, name) != 0)
			continue;
		ops_draw(&d, &t->at[i], 0, t->at[i].n_ops);
		if (buf_error(b) != ERR_OK)
			return fault_set(why, buf_error(b), "page %s: %s", name,
			    err_name(buf_error(b)));
		return ERR_OK;
	}
	return fault_set(why, ERR_NOT_FOUND, "no template %s", name);
}
