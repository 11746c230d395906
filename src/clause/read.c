/*
 * clause/read.c: one clause.yaml, field by field.
 *
 * Works on a pack's files, which people write: each mistake is told with its
 * line, and reading goes on so that all of them are seen at once.
 */
#include "clause/read.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const mode_names[MODE_N] = {
	[MODE_ENFORCED] = "enforced",
	[MODE_MEASURED] = "measured",
	[MODE_RECORDED] = "recorded",
	[MODE_ATTESTED] = "attested",
	[MODE_INFO] = "info",
	[MODE_HEADING] = "heading",
};

static const char *const modality_names[MODALITY_N] = {
	[MODALITY_MUST] = "must",
	[MODALITY_MAY] = "may",
	[MODALITY_AVOID] = "avoid",
	[MODALITY_AS_NEEDED] = "as_needed",
	[MODALITY_AS_FAR_AS_POSSIBLE] = "as_far_as_possible",
	[MODALITY_MAY_ELSE_MUST] = "may_else_must",
	[MODALITY_NONE] = "none",
};

static const char *const source_names[PARAM_SOURCE_N] = {
	[PARAM_TEXT] = "text",
	[PARAM_LAW] = "law",
	[PARAM_PRACTICE] = "practice",
};

static const char *const actor_names[] = { "administrator", "it-officer",
	"agency-head", "unit-head", "ciso", "ethics", "auditor", "overseer",
	"staff" };

static const char *const instrument_names[] = { "book", "gate", "vault",
	"ledger", "watch", "inspect", "incident", "library", "mask", "seal",
	"web", "rules", "regulation" };

#define N_OF(list) ((unsigned)(sizeof(list) / sizeof *(list)))

const char *
mode_name(enum clause_mode m)
{
	return mode_names[m];
}

const char *
modality_name(enum clause_modality m)
{
	return modality_names[m];
}

const char *
param_source_name(enum param_source s)
{
	return source_names[s];
}

void
read_wrong(struct reader *r, const char *at, const char *fmt, ...)
{
	char text[FAULT_TEXT_MAX];
	struct fault why;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)yaml_fault(r->yaml, at, &why, ERR_SYNTAX, "%s", text);
	if (r->first == NULL)
		r->first = arena_text(r->arena, span_text(why.text));
	if (r->first == NULL)
		r->out_of_memory = true;
	if (r->mistake != NULL)
		r->mistake(r->arg, why.text);
}

/* A copy that lives as long as the pack. */
static const char *
keep(struct reader *r, const char *s)
{
	const char *copy = arena_text(r->arena, span_text(s));

	if (copy == NULL)
		r->out_of_memory = true;
	return copy;
}

const char *
read_text(struct reader *r, const json_t *o, const char *at, const char *key)
{
	const char *s = json_get_text(o, key, NULL);

	if (s == NULL || *s == '\0') {
		read_wrong(r, at, "wanted a text under '%s'", key);
		return NULL;
	}
	return keep(r, s);
}

struct words
read_words(struct reader *r, const json_t *o, const char *at, const char *key)
{
	static const char *const keys[] = { "zh", "en", "fix", NULL };
	const json_t *w = json_object_get(o, key);
	char *place = arena_printf(r->arena, "%s/%s", at, key);
	struct words got = { NULL, NULL };

	if (place == NULL) {
		r->out_of_memory = true;
		return got;
	}
	if (!json_is_object(w)) {
		read_wrong(r, json_is_null(w) || w == NULL ? at : place,
		    "wanted {zh: …, en: …} under '%s'", key);
		return got;
	}
	read_keys(r, w, place, keys);
	got.zh = read_text(r, w, place, "zh");
	got.en = read_text(r, w, place, "en");
	return got;
}

void
read_keys(
    struct reader *r, const json_t *o, const char *at, const char *const *keys)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)o, key, value) {
		const char *const *k = keys;
		char *place;

		while (*k != NULL && strcmp(*k, key) != 0)
			k++;
		if (*k != NULL)
			continue;
		place = arena_printf(r->arena, "%s/%s", at, key);
		read_wrong(
		    r, place == NULL ? at : place, "unknown key '%s'", key);
	}
}

/* The place of a member's text in a list of names; n and a mistake if none. */
static unsigned
one_of(struct reader *r, const json_t *o, const char *at, const char *key,
    const char *const *names, unsigned n)
{
	const char *s = json_get_text(o, key, "");
	char *place = arena_printf(r->arena, "%s/%s", at, key);
	unsigned i;

	for (i = 0; i < n; i++)
		if (names[i] != NULL && strcmp(names[i], s) == 0)
			return i;
	read_wrong(r, place == NULL ? at : place, "no such %s: '%s'", key, s);
	return n;
}

/* A name of parameters and problems: [a-z_]+, and not one that is taken. */
static bool
name_is_good(const char *s)
{
	static const char *const taken[] = { "at", "year_from", "year_to",
		"half_from", "month_from", "removed", "no_instrument",
		"refused", "no_subject", "vanished", "lost" };
	size_t n = strlen(s);

	for (unsigned i = 0; i < N_OF(taken); i++)
		if (strcmp(taken[i], s) == 0)
			return false;
	return n >= 1 && n <= 40 &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz_") == n;
}

/* parameters: a list of {name, value, unit, source, zh, en}. */
static void
read_params(struct reader *r, const json_t *list, struct clause *c)
{
	static const char *const keys[] = { "name", "value", "unit", "source",
		"zh", "en", NULL };
	struct clause_param *p;
	unsigned n = (unsigned)json_array_size(list);

	if (list == NULL)
		return;
	if (!json_is_array(list)) {
		read_wrong(r, "/parameters", "wanted a list");
		return;
	}
	p = arena_array(r->arena, n, sizeof *p);
	if (p == NULL) {
		r->out_of_memory = true;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		const json_t *o = json_array_get(list, i);
		char *at = arena_printf(r->arena, "/parameters/%u", i);
		unsigned source;

		if (at == NULL || !json_is_object(o)) {
			read_wrong(r, "/parameters", "wanted {name, value…}");
			return;
		}
		read_keys(r, o, at, keys);
		p[i].name = read_text(r, o, at, "name");
		if (p[i].name == NULL || !name_is_good(p[i].name)) {
			read_wrong(r, at, "no good name for a parameter");
			return;
		}
		if (!json_is_integer(json_object_get(o, "value")))
			read_wrong(r, at, "wanted a whole number as value");
		p[i].value = json_get_int(o, "value", 0);
		p[i].unit = read_text(r, o, at, "unit");
		source = one_of(
		    r, o, at, "source", source_names, PARAM_SOURCE_N);
		p[i].source = source < PARAM_SOURCE_N ? source : PARAM_PRACTICE;
		p[i].about.zh = read_text(r, o, at, "zh");
		p[i].about.en = read_text(r, o, at, "en");
	}
	c->params = p;
	c->n_params = n;
}

/* problems: code -> {zh, en, fix: {zh, en}}. */
static void
read_problems(struct reader *r, const json_t *map, struct clause *c)
{
	struct clause_problem *p;
	const char *code;
	unsigned n = 0;
	json_t *o;

	if (map == NULL)
		return;
	if (!json_is_object(map)) {
		read_wrong(r, "/problems", "wanted code: {zh, en, fix}");
		return;
	}
	p = arena_array(r->arena, json_object_size(map), sizeof *p);
	if (p == NULL) {
		r->out_of_memory = true;
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)map, code, o) {
		char *at = arena_printf(r->arena, "/problems/%s", code);

		if (at == NULL || !name_is_good(code)) {
			read_wrong(r, "/problems", "no good code: '%s'", code);
			continue;
		}
		p[n].code = keep(r, code);
		p[n].says = read_words(r, map, "/problems", code);
		if (json_is_object(o))
			p[n].fix = read_words(r, o, at, "fix");
		n++;
	}
	c->problems = p;
	c->n_problems = n;
}

/* instruments: a list of names. */
static void
read_instruments(struct reader *r, const json_t *list, struct clause *c)
{
	unsigned n = (unsigned)json_array_size(list);
	const char **names;

	if (!json_is_array(list) || n == 0) {
		read_wrong(r, "/instruments", "wanted a list of instruments");
		return;
	}
	names = arena_array(r->arena, n, sizeof *names);
	if (names == NULL) {
		r->out_of_memory = true;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(list, i));
		unsigned k = 0;

		while (k < N_OF(instrument_names) &&
		    (s == NULL || strcmp(s, instrument_names[k]) != 0))
			k++;
		if (k == N_OF(instrument_names)) {
			read_wrong(r, "/instruments",
			    "no such instrument: '%s'", s == NULL ? "" : s);
			return;
		}
		names[i] = instrument_names[k];
	}
	c->instruments = names;
	c->n_instruments = n;
}

/* What every clause with a verdict, or with context to show, must say. */
static void
read_rule(struct reader *r, const json_t *o, struct clause *c)
{
	unsigned actor;

	c->decided_by = read_words(r, o, "", "decided_by");
	read_instruments(r, json_object_get(o, "instruments"), c);
	if (c->mode == MODE_INFO)
		return;
	actor = one_of(r, o, "", "actor", actor_names, N_OF(actor_names));
	if (actor < N_OF(actor_names))
		c->actor = actor_names[actor];
	if (!json_is_null(json_object_get(o, "exception")) &&
	    json_object_get(o, "exception") != NULL)
		c->exception = read_words(r, o, "", "exception");
	if (json_object_get(o, "limits") != NULL)
		c->limits = read_words(r, o, "", "limits");
	read_params(r, json_object_get(o, "parameters"), c);
	read_problems(r, json_object_get(o, "problems"), c);
}

void
clause_read(struct reader *r, struct clause *c)
{
	static const char *const keys[] = { "id", "chapter", "title", "text",
		"mode", "modality", "exception", "decided_by", "limits",
		"instruments", "actor", "parameters", "problems", NULL };
	const json_t *o = yaml_root(r->yaml);
	const char *id;
	unsigned at;

	if (!json_is_object(o)) {
		read_wrong(r, "", "wanted the fields of a clause");
		return;
	}
	read_keys(r, o, "", keys);
	id = read_text(r, o, "", "id");
	if (id != NULL && strcmp(id, c->id) != 0)
		read_wrong(r, "/id", "id '%s' in folder '%s'", id, c->id);
	c->chapter = (unsigned)json_get_int(o, "chapter", 0);
	c->title = read_words(r, o, "", "title");
	c->text = read_text(r, o, "", "text");
	at = one_of(r, o, "", "mode", mode_names, MODE_N);
	c->mode = at < MODE_N ? at : MODE_RECORDED;
	at = one_of(r, o, "", "modality", modality_names, MODALITY_N);
	c->modality = at < MODALITY_N ? at : MODALITY_MUST;
	if (c->mode == MODE_HEADING)
		return;
	read_rule(r, o, c);
}
