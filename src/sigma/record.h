/*
 * sigma/record.h: a record while rules look at it.
 */
#ifndef SIGMA_RECORD_H
#define SIGMA_RECORD_H

#include "sigma/inner.h"

enum value_kind { VALUE_ABSENT, VALUE_NULL, VALUE_TEXT, VALUE_LIST };

/* What a field was found to be, in the turn of one record. */
struct slot {
	uint32_t turn;
	enum value_kind kind;
	struct span text; /* of a list: its first */
	const json_t *list;
};

struct sigma_record {
	const struct sigma *s;
	const struct event *ev;
	int64_t at_us;
	bool tried; /* to read it as JSON */
	bool used; /* arena or json must be emptied */
	bool unset; /* a table was asked that nobody has filled yet */
	json_t *json;
	struct arena *arena;
	struct slot *slot; /* of each field */
	uint32_t turn;
	uint32_t *hit;
	size_t n_hits;
	uint64_t undecided;
};

/* record_slot: a field's value. record_json: the record as JSON, or NULL. */
const struct slot *record_slot(struct sigma_record *r, uint32_t field);
bool record_is_json(struct sigma_record *r);
const json_t *record_json(struct sigma_record *r);
struct span record_scalar(struct sigma_record *r, const json_t *v);

#endif
