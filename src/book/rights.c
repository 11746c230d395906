/*
 * book/rights.c: roles from appointments in force, and what they allow.
 *
 * Works on: the registers appointment and agency. Runs in book, for writing,
 * and in reader, for reading.
 */
#include "book/rights.h"

#include <stdlib.h>

#include "base/text.h"
#include "base/when.h"
#include "book/inner.h"

static const struct {
	const char *name, *zh, *en;
	unsigned may;
} offices[OFFICE_N] = {
#define OFFICE(name, text, zh, en, may) [OFFICE_##name] = { text, zh, en, may },
#include "book/rights.tab"
#undef OFFICE
};

const char *
office_name(enum office o)
{
	return o < OFFICE_N ? offices[o].name : "";
}

struct label
office_words(enum office o)
{
	if (o >= OFFICE_N)
		return (struct label){ "", "" };
	return (struct label){ offices[o].zh, offices[o].en };
}

enum office
office_find(struct span name)
{
	for (unsigned i = 0; i < OFFICE_N; i++)
		if (span_is(name, offices[i].name))
			return (enum office)i;
	return OFFICE_N;
}

/* An agency that roles reach. */
struct reach {
	char agency[BOOK_AGENCY_MAX + 1];
	unsigned offices;
};

struct rights {
	char *actor;
	struct span agency, key; /* of a person, inside actor */
	bool console, process;
	struct reach *at; /* sorted by agency */
	size_t n, cap;
};

void
rights_free(struct rights *r)
{
	if (r == NULL)
		return;
	free(r->actor);
	free(r->at);
	free(r);
}

const char *
rights_actor(const struct rights *r)
{
	return r->actor;
}

bool
rights_person(const struct rights *r, struct span *agency, struct span *key)
{
	if (r->key.at == NULL)
		return false;
	*agency = r->agency;
	*key = r->key;
	return true;
}

bool
rights_all(const struct rights *r)
{
	return r->console || r->process;
}

/* The three forms of an actor. */
static enum err
actor_parse(struct rights *r, struct fault *why)
{
	struct span s = span_text(r->actor);
	size_t slash;

	if (span_is(s, "console")) {
		r->console = true;
		return ERR_OK;
	}
	if (span_starts(s, "process:") &&
	    text_is_name(span_slice(s, 8, SIZE_MAX), 32)) {
		r->process = true;
		return ERR_OK;
	}
	if (span_starts(s, "person:") &&
	    (slash = span_find(s, '/')) != SIZE_MAX) {
		r->agency = span_slice(s, 7, slash - 7);
		r->key = span_slice(s, slash + 1, SIZE_MAX);
		if (text_is_name(r->agency, BOOK_AGENCY_MAX) &&
		    key_is_good(NULL, r->key))
			return ERR_OK;
	}
	return fault_set(why, ERR_SYNTAX, "no such actor");
}

/* Add roles in an agency; rows come sorted by agency. */
static enum err
reach_add(struct rights *r, struct span agency, enum office o)
{
	struct reach *last = r->n > 0 ? &r->at[r->n - 1] : NULL;

	if (last != NULL && span_is(agency, last->agency)) {
		last->offices |= 1U << o;
		return ERR_OK;
	}
	if (agency.len > BOOK_AGENCY_MAX)
		return ERR_OK;
	if (r->n == r->cap) {
		size_t cap = r->cap == 0 ? 16 : 2 * r->cap;
		struct reach *at = realloc(r->at, cap * sizeof *at);

		if (at == NULL)
			return ERR_MEMORY;
		r->at = at;
		r->cap = cap;
	}
	last = &r->at[r->n++];
	memset(last, 0, sizeof *last);
	memcpy(last->agency, agency.at, agency.len);
	last->offices = 1U << o;
	return ERR_OK;
}

/* Every (agency, role) the actor's appointments reach today. */
static enum err
reach_read(struct rights *r, struct sql *db, struct sql_stmt *s, int64_t now,
    struct fault *why)
{
	bool row;
	enum err e;

	(void)db;
	if (sql_has(s, ":agency") &&
	    ((e = sql_bind_text(s, ":agency", r->agency, why)) ||
		(e = sql_bind_text(s, ":key", r->key, why)) ||
		(e = sql_bind_int(s, ":now", now, why)) ||
		(e = sql_bind_int(s, ":today", when_day_start(now), why))))
		return e;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row) {
		enum office o = office_find(sql_text(s, 1));

		if (r->process || r->console)
			o = OFFICE_ADMINISTRATOR;
		if (o == OFFICE_N)
			continue;
		if ((e = reach_add(r, sql_text(s, 0), o)) != ERR_OK) {
			sql_reset(s);
			return fault_set(why, e, "rights of %s", r->actor);
		}
	}
	return e;
}

enum err
rights_of(struct sql *db, struct span actor, int64_t now, struct rights **out,
    struct fault *why)
{
	struct rights *r;
	struct sql_stmt *s;
	enum err e;

	if (actor.len == 0 || actor.len > 300 || !text_valid(actor) ||
	    span_find(actor, 0) != SIZE_MAX)
		return fault_set(why, ERR_SYNTAX, "no such actor");
	if ((r = calloc(1, sizeof *r)) == NULL ||
	    (r->actor = strndup((const char *)actor.at, actor.len)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "rights");
		goto out;
	}
	if ((e = actor_parse(r, why)) != ERR_OK)
		goto out;
	if ((e = sql_named(db,
		 rights_all(r) ? "rights_every_agency" : "rights_of_person", &s,
		 why)) != ERR_OK)
		goto out;
	if ((e = reach_read(r, db, s, now, why)) != ERR_OK)
		goto out;
	*out = r;
	r = NULL;
out:
	rights_free(r);
	return e;
}

static int
by_agency(const void *key, const void *member)
{
	const struct span *agency = key;
	const struct reach *at = member;
	struct span b = span_text(at->agency);
	size_t n = agency->len < b.len ? agency->len : b.len;
	int d = n > 0 ? memcmp(agency->at, b.at, n) : 0;

	if (d != 0)
		return d;
	return agency->len < b.len ? -1 : agency->len > b.len;
}

unsigned
rights_offices(const struct rights *r, struct span agency)
{
	const struct reach *at = r->n > 0
	    ? bsearch(&agency, r->at, r->n, sizeof *r->at, by_agency)
	    : NULL;

	if (at == NULL)
		return rights_all(r) ? 1U << OFFICE_ADMINISTRATOR : 0;
	return at->offices;
}

bool
rights_may(const struct rights *r, struct span agency, unsigned may)
{
	unsigned has = rights_offices(r, agency);

	if (r->process)
		return true;
	if (r->console)
		return (may & MAY_APPROVE) == 0;
	for (unsigned i = 0; i < OFFICE_N; i++)
		if ((has >> i & 1) != 0 && (offices[i].may & may) == may)
			return true;
	return false;
}

bool
rights_may_read(const struct rights *r, const struct schema_register *reg,
    struct span agency)
{
	return rights_all(r) || (rights_offices(r, agency) & reg->read) != 0;
}

bool
rights_may_write(const struct rights *r, const struct schema_register *reg,
    struct span agency)
{
	if (r->process)
		return true;
	if (r->console)
		return !reg->approval;
	return (rights_offices(r, agency) & reg->write) != 0;
}

bool
rights_sees(const struct rights *r, const struct schema_register *reg,
    const struct schema_field *f, struct span agency, struct span key)
{
	if (!f->personal || rights_may(r, agency, MAY_PERSONAL))
		return true;
	return strcmp(reg->name, "person") == 0 && r->key.at != NULL &&
	    span_equal(r->agency, agency) && span_equal(r->key, key);
}

void
rights_agencies(
    const struct rights *r, const struct schema_register *reg, struct buf *b)
{
	const char *sep = "";

	buf_text(b, "[");
	for (size_t i = 0; i < r->n; i++) {
		struct span agency = span_text(r->at[i].agency);

		if (reg != NULL && !rights_may_read(r, reg, agency))
			continue;
		/* a name holds no character that JSON would escape */
		buf_printf(b, "%s\"%s\"", sep, r->at[i].agency);
		sep = ",";
	}
	buf_text(b, "]");
}

json_t *
rights_json(const struct rights *r)
{
	json_t *o = json_object(), *agencies = json_object();

	json_put_str(o, "actor", r->actor);
	json_object_set_new(o, "all", json_boolean(rights_all(r)));
	for (size_t i = 0; i < r->n; i++) {
		json_t *list = json_array();

		for (unsigned k = 0; k < OFFICE_N; k++)
			if ((r->at[i].offices >> k & 1) != 0)
				json_array_append_new(
				    list, json_string(offices[k].name));
		json_object_set_new(agencies, r->at[i].agency, list);
	}
	json_object_set_new(o, "agencies", agencies);
	return o;
}
