/*
 * book/rights.h: who may read and write what.
 *
 * A person's roles come from `appointment` rows in force: not voided, from
 * their `from` day to the end of their `until` day (Taipei). A role reaches
 * the agency it was given in and every agency below it. Actors:
 *
 *   person:AGENCY/KEY   a row of the register person
 *   console             the data folder's owner: reads all, writes registers
 *                       as an administrator, approves nothing
 *   process:NAME        Beimen itself: reads and writes all
 *
 * Anybody else has no rights at all.
 */
#ifndef BOOK_RIGHTS_H
#define BOOK_RIGHTS_H

#include "book/schema.h"
#include "sql/sql.h"

#define MAY_APPROVE (1U << 0)
#define MAY_PERSONAL (1U << 1)
#define MAY_LOGS (1U << 2)

enum office {
#define OFFICE(name, text, zh, en, may) OFFICE_##name,
#include "book/rights.tab"
#undef OFFICE
	OFFICE_N
};

/* In a register's lists: whoever holds any role that reaches the agency. */
#define OFFICE_EVERYONE ((1U << OFFICE_N) - 1)

const char *office_name(enum office o);
struct label office_words(enum office o);
/* office_find: OFFICE_N when there is none. */
enum office office_find(struct span name);

struct rights;

/*
 * rights_of: what actor may do at instant `now`. An actor without any
 * appointment gets an object that allows nothing. Handed over (rights_free).
 *
 * Fails   ERR_SYNTAX: not one of the forms above; what sql/ fails with.
 */
MUST_CHECK enum err rights_of(struct sql *db, struct span actor, int64_t now,
    struct rights **out, struct fault *why);
void rights_free(struct rights *r);

/* rights_actor: the actor as given. rights_person: its agency and key; false
 * when it is no person. rights_all: it reads every agency. */
const char *rights_actor(const struct rights *r);
bool rights_person(
    const struct rights *r, struct span *agency, struct span *key);
bool rights_all(const struct rights *r);

/* rights_offices: OFFICE_ bits that reach the agency. rights_may: one of the
 * roles that reach the agency carries this MAY_ bit (console: all but
 * MAY_APPROVE). */
unsigned rights_offices(const struct rights *r, struct span agency);
bool rights_may(const struct rights *r, struct span agency, unsigned may);
bool rights_may_read(const struct rights *r, const struct schema_register *reg,
    struct span agency);
bool rights_may_write(const struct rights *r, const struct schema_register *reg,
    struct span agency);
/* rights_sees: the field's value may be shown (personal ones need
 * MAY_PERSONAL there, or are the person's own row of `person`). */
bool rights_sees(const struct rights *r, const struct schema_register *reg,
    const struct schema_field *f, struct span agency, struct span key);

/*
 * rights_agencies: the agencies in which the register may be read, as a JSON
 * array text, appended to b; reg NULL: which the actor may see at all. In a
 * statement: `agency IN (SELECT value FROM json_each(:agencies))`. An actor
 * who reads all gets every agency of the register `agency`; `:every` bound to
 * rights_all lets such a list be skipped.
 */
void rights_agencies(
    const struct rights *r, const struct schema_register *reg, struct buf *b);
/* rights_json: {"actor","agencies":{A:[roles]},"all"}; handed over. */
json_t *rights_json(const struct rights *r);

#endif
