/*
 * sigma/read.c: files of rules: one rule, correlation or filter a document.
 *
 * Source: Sigma specification 2.1 (rules, correlations, filters). Attributes
 * that are not known are passed over, as the specification allows; ours stand
 * below `beimen:`:
 *
 *   beimen:
 *     title, description, advice: {zh, en}
 *     clauses: ["21.10"]        actor: it-officer
 *     subject: [user, src]      a plain rule that speaks: its subject is the
 *                               first of these fields that is there
 *     within: 1h                … and a pause that long ends a run
 *     reset-by: NAME            a record of that rule ends a run
 *     open: {session: FIELD, closed-by: NAME, for: 12h}
 */
#include "sigma/inner.h"

#include <stdlib.h>

#define FILE_MAX ((size_t)4 << 20)
#define DOCUMENTS_MAX 4096U
#define WHERE_MAX 1024U

/* ---- words ---- */

static const char *
keep(struct sigma *s, const char *text)
{
	return text == NULL ? "" : arena_text(s->arena, span_text(text));
}

/* {zh, en} below `beimen`, else the rule's own line. */
static struct sigma_words
words(struct sigma *s, const json_t *doc, const char *key)
{
	const json_t *o = json_object_get(json_object_get(doc, "beimen"), key);
	const char *plain = json_get_text(doc, key, "");
	const char *zh = json_get_text(o, "zh", plain);
	const char *en = json_get_text(o, "en", plain);

	return (struct sigma_words){ keep(s, *zh == '\0' ? en : zh),
		keep(s, *en == '\0' ? zh : en) };
}

static const char *
clauses(struct sigma *s, const json_t *doc)
{
	const json_t *list = json_object_get(
	    json_object_get(doc, "beimen"), "clauses");
	const char *all = "";

	for (size_t i = 0; i < json_array_size(list) && all != NULL; i++) {
		const char *one = json_string_value(json_array_get(list, i));

		if (one != NULL)
			all = arena_printf(s->arena, "%s%s%s", all,
			    *all == '\0' ? "" : " ", one);
	}
	return all;
}

static enum err
level_read(
    struct place *p, const json_t *doc, struct rule *r, struct fault *why)
{
	static const char *const level[] = { "informational", "low", "medium",
		"high", "critical" };
	const char *said = json_get_text(doc, "level", "medium");
	size_t mark = place_down(p, "level");
	enum err e = ERR_SYNTAX;

	for (unsigned i = 0; i < 5; i++)
		if (strcmp(said, level[i]) == 0) {
			r->pub.level = (enum sigma_level)i;
			e = ERR_OK;
		}
	if (e != ERR_OK)
		e = place_fault(
		    p, said, why, ERR_SYNTAX, "no level '%s'", said);
	place_up(p, mark);
	return e;
}

/* {zh, en} and nothing else: a comma makes more of it unseen. */
static enum err
words_check(struct place *p, const json_t *doc, struct fault *why)
{
	static const char *const keys[] = { "title", "description", "advice" };
	const json_t *own = json_object_get(doc, "beimen");
	size_t mark = place_down(p, "beimen");
	enum err e = ERR_OK;

	for (size_t i = 0; i < 3 && e == ERR_OK; i++) {
		const json_t *o = json_object_get(own, keys[i]);
		size_t inner = place_down(p, keys[i]);

		if (o != NULL &&
		    (json_object_get(o, "zh") != NULL) +
			    (json_object_get(o, "en") != NULL) !=
			(int)json_object_size(o))
			e = place_fault(p, keys[i], why, ERR_SYNTAX,
			    "%s: only zh and en are known; a text with a "
			    "comma needs quotes or a line of its own",
			    keys[i]);
		place_up(p, inner);
	}
	place_up(p, mark);
	return e;
}

/* Title, names and what is only shown. */
static enum err
head_read(struct place *p, const json_t *doc, struct rule *r, unsigned at,
    struct fault *why)
{
	struct sigma *s = p->s;
	struct sigma_rule *to = &r->pub;
	const char *title = json_get_text(doc, "title", "");
	const char *name = json_get_text(doc, "name", "");
	const char *id = json_get_text(doc, "id", "");
	enum err e;

	if (*title == '\0' || strlen(title) > 1024)
		return place_fault(p, NULL, why, ERR_SYNTAX,
		    "a rule needs a title of at most 256 characters");
	if (strlen(name) > 100 || strlen(id) > 100)
		return place_fault(p, NULL, why, ERR_LIMIT,
		    "a name or id of more than 100 bytes");
	to->id = keep(s, id);
	to->status = keep(s, json_get_text(doc, "status", ""));
	to->name = *name != '\0' ? keep(s, name)
	    : *id != '\0'        ? to->id
			  : arena_printf(s->arena, "%.80s:%u", p->name, at + 1);
	to->title = words(s, doc, "title");
	to->description = words(s, doc, "description");
	to->advice = words(s, doc, "advice");
	to->clauses = clauses(s, doc);
	to->actor = keep(
	    s, json_get_text(json_object_get(doc, "beimen"), "actor", ""));
	to->file = keep(s, p->name);
	to->line = yaml_line(p->yaml, "/title");
	e = words_check(p, doc, why);
	if (e == ERR_OK)
		e = level_read(p, doc, r, why);
	if (e == ERR_OK &&
	    (to->name == NULL || to->id == NULL || to->title.zh == NULL ||
		to->title.en == NULL || to->description.zh == NULL ||
		to->description.en == NULL || to->advice.zh == NULL ||
		to->advice.en == NULL || to->clauses == NULL ||
		to->actor == NULL || to->file == NULL || to->status == NULL))
		e = fault_set(why, ERR_MEMORY, "rules");
	for (uint32_t i = 0; i < s->n_rules && e == ERR_OK; i++)
		if (strcmp(s->rule[i].pub.name, to->name) == 0 ||
		    (*to->id != '\0' && strcmp(s->rule[i].pub.id, to->id) == 0))
			e = place_fault(p, NULL, why, ERR_EXISTS,
			    "the rule '%s' is also in %s, line %u", to->name,
			    s->rule[i].pub.file, s->rule[i].pub.line);
	return e;
}

/* ---- rules about one record ---- */

/* Adds what a log source's row itself asks of a record. */
static enum err
where_add(struct sigma *s, uint32_t row, uint32_t *node, struct fault *why)
{
	const struct kept *k = &s->kept[s->source[row].kept];
	struct place p = {
		.s = s, .yaml = k->yaml, .whole = k->text, .name = k->name
	};
	uint32_t up, one, last = SIGMA_NONE;
	enum err e;

	if (s->source[row].where == NULL)
		return ERR_OK;
	memcpy(p.pointer, s->source[row].pointer,
	    strlen(s->source[row].pointer) + 1);
	e = selection_read(&p, s->source[row].where, 0, &one, why);
	if (e == ERR_OK)
		e = node_new(s, NODE_AND, &up, why);
	if (e != ERR_OK)
		return e;
	node_hang(s, up, &last, one);
	node_hang(s, up, &last, *node);
	*node = up;
	return ERR_OK;
}

static enum err
plain_read(
    struct place *p, const json_t *doc, struct rule *r, struct fault *why)
{
	const json_t *source = json_object_get(doc, "logsource");
	const char *product = json_string_value(
	    json_object_get(source, "product"));
	size_t mark;
	enum err e;

	if (!json_is_object(source))
		return place_fault(
		    p, NULL, why, ERR_SYNTAX, "a rule needs a logsource");
	e = source_row_for(p->s,
	    json_string_value(json_object_get(source, "category")), product,
	    json_string_value(json_object_get(source, "service")), &r->source,
	    why);
	mark = place_down(p, "logsource");
	if (e == ERR_OK && r->source == SIGMA_NONE && product != NULL &&
	    strcmp(product, "beimen") == 0)
		e = place_fault(p, "category", why, ERR_NOT_FOUND,
		    "no category or service of that name in beimen");
	place_up(p, mark);
	r->pub.idle = r->source == SIGMA_NONE;
	mark = place_down(p, "detection");
	if (e == ERR_OK)
		e = detection_read(
		    p, json_object_get(doc, "detection"), &r->node, why);
	place_up(p, mark);
	if (e == ERR_OK && !r->pub.idle)
		e = where_add(p->s, r->source, &r->node, why);
	return e;
}

static enum err
filter_read(
    struct place *p, const json_t *doc, struct rule *r, struct fault *why)
{
	json_t *copy = json_copy(json_object_get(doc, "filter"));
	size_t mark = place_down(p, "filter");
	enum err e;

	if (copy == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	(void)json_object_del(copy, "rules");
	e = detection_read(p, copy, &r->node, why);
	json_decref(copy);
	place_up(p, mark);
	r->filter = true;
	return e;
}

/* ---- documents ---- */

static enum err
document_read(struct sigma *s, struct span whole, struct span text,
    const char *name, unsigned at, struct fault *why)
{
	struct rule r = { .pub = { .text = text },
		.node = SIGMA_NONE,
		.source = SIGMA_NONE,
		.whole = whole };
	struct place p = { .s = s, .whole = whole, .name = name };
	const json_t *doc;
	enum err e = set_grow(
	    &s->rule, s->n_rules, &s->cap_rules, sizeof *s->rule, why);

	if (e == ERR_OK && s->n_rules == RULES_MAX)
		e = fault_set(
		    why, ERR_LIMIT, "%s: more than %u rules", name, RULES_MAX);
	if (e == ERR_OK)
		e = yaml_read(whole, name, &r.yaml, why);
	if (e != ERR_OK)
		return e;
	doc = yaml_root(r.yaml);
	p.yaml = r.yaml;
	if (json_is_null(doc)) {
		yaml_doc_free(r.yaml);
		return ERR_OK; /* only remarks */
	}
	s->node_most = s->n_nodes + NODES_MAX;
	if (!json_is_object(doc))
		e = place_fault(
		    &p, NULL, why, ERR_SYNTAX, "a rule is a map of attributes");
	else
		e = head_read(&p, doc, &r, at, why);
	if (e == ERR_OK && json_object_get(doc, "correlation") != NULL)
		r.pub.kind = SIGMA_EVENT_COUNT; /* told in sigma_finish */
	else if (e == ERR_OK && json_object_get(doc, "filter") != NULL)
		e = filter_read(&p, doc, &r, why);
	else if (e == ERR_OK && json_object_get(doc, "detection") != NULL)
		e = plain_read(&p, doc, &r, why);
	else if (e == ERR_OK)
		e = place_fault(&p, NULL, why, ERR_SYNTAX,
		    "a rule needs detection, correlation or filter");
	s->node_most = 0;
	if (e == ERR_OK)
		s->rule[s->n_rules++] = r;
	else
		yaml_doc_free(r.yaml);
	return e;
}

/* Is this line a mark between documents? */
static bool
is_mark(struct span line)
{
	struct span rest = span_trim(span_slice(line, 3, SIZE_MAX));

	return span_starts(line, "---") &&
	    (rest.len == 0 || (rest.at[0] == '#' && line.at[3] != '#'));
}

/* The document's text behind as many empty lines as stand before it, so that
 * every line keeps its number. */
static struct span
padded(struct arena *a, struct span file, size_t from, size_t to)
{
	uint8_t *at;
	size_t lines = 0;

	for (size_t i = 0; i < from; i++)
		lines += file.at[i] == '\n';
	if ((at = arena_alloc(a, lines + to - from + 1)) == NULL)
		return SPAN_EMPTY;
	memset(at, '\n', lines);
	if (to > from)
		memcpy(at + lines, file.at + from, to - from);
	return span_of(at, lines + to - from);
}

/* Gives back what a file has added. */
static void
rules_drop(struct sigma *s, uint32_t n)
{
	while (s->n_rules > n)
		yaml_doc_free(s->rule[--s->n_rules].yaml);
}

enum err
sigma_add(
    struct sigma *s, struct span yaml, const char *name, struct fault *why)
{
	struct span file = arena_copy(s->arena, yaml);
	struct cursor c = cursor_of(file);
	uint32_t had = s->n_rules;
	size_t from = 0, before;
	unsigned n = 0;
	bool more = true;
	enum err e = ERR_OK;

	if (file.at == NULL && yaml.len > 0)
		return fault_set(why, ERR_MEMORY, "%s", name);
	if (s->ready || yaml.len > FILE_MAX || strlen(name) > WHERE_MAX)
		return fault_set(
		    why, ERR_LIMIT, "%s: too long, or too late", name);
	while (e == ERR_OK && more) {
		struct span line, whole;

		before = c.pos;
		more = c.pos < file.len;
		line = cursor_until(&c, '\n', NULL);
		if (more && !is_mark(line))
			continue;
		/* A document ends here, or the file. */
		whole = padded(s->arena, file, from, before);
		if (whole.at == NULL)
			e = fault_set(why, ERR_MEMORY, "%s", name);
		else if (span_trim(span_slice(file, from, before - from)).len >
		    0)
			e = document_read(s, whole,
			    span_slice(file, from, before - from), name, n++,
			    why);
		if (n > DOCUMENTS_MAX)
			e = fault_set(why, ERR_LIMIT,
			    "%s: more than %u documents", name, DOCUMENTS_MAX);
		from = c.pos;
	}
	if (e != ERR_OK)
		rules_drop(s, had);
	return e;
}
