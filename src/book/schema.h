/*
 * book/schema.h: the registers as data.
 *
 * registers/NAME.yaml (ARCHITECTURE.md, "Registers") becomes a struct
 * schema: tables, forms, import, rights and the audit trail all follow from
 * it. A mistake in a file is told with file and line. Keys of a file beyond
 * those in ARCHITECTURE.md:
 *
 *   key: {label: {zh, en}, columns: [...], from: [field, ...]}
 *       what the key is called; in an import without a key column the key is
 *       made of these fields' values, joined by "."
 *   approval: true      rows are decisions on another's request; see entry.h
 *   in a field:
 *     many: true        several values, stored in canonical form, joined by
 *                       one space (text ip cidr mac email)
 *     highest_of: [f…]  an enum computed as the highest of other enums, in
 *                       the order of its values; a typed value must agree
 */
#ifndef BOOK_SCHEMA_H
#define BOOK_SCHEMA_H

#include "base/fault.h"
#include "book/refusal.h"

#define SCHEMA_REGISTERS_MAX 64
#define SCHEMA_FIELDS_MAX 64
#define SCHEMA_NAME_MAX 40 /* bytes of a register's or field's name */
#define SCHEMA_KEY_MAX 200 /* bytes of a row's key */
#define SCHEMA_TEXT_MAX 2000 /* characters, where `max` is not given */

enum field_type {
#define TYPE(name, text, column) TYPE_##name,
#include "book/type.tab"
#undef TYPE
	TYPE_N
};

struct label {
	const char *zh, *en; /* "" when not given */
};

/* One value of an enum. */
struct schema_value {
	const char *value;
	struct label label;
};

struct schema_register;

struct schema_field {
	const char *name;
	enum field_type type;
	struct label label, help;
	bool required, personal, many;
	bool has_min, has_max;
	int64_t min, max;
	const char *to; /* ref: register's name */
	const struct schema_register *ref; /* ref: the register */
	const struct schema_value *value; /* enum */
	size_t n_values;
	const char *const *column; /* import headings besides the labels */
	size_t n_columns;
	const unsigned *highest_of; /* places of fields; n_highest 0: not */
	size_t n_highest;
};

struct schema_register {
	const char *name;
	struct label title, help;
	struct label key_label;
	const char *const *key_column; /* headings of the key */
	size_t n_key_columns;
	const unsigned *key_from; /* places of fields */
	size_t n_key_from;
	unsigned read, write; /* OFFICE_ bits (book/rights.h) */
	bool approval;
	const struct schema_field *field;
	size_t n_fields;
};

struct schema;

/* One register file in memory; `name` stands in error lines. */
struct schema_file {
	const char *name;
	struct span text;
};

/*
 * schema_read: from files in memory, in any order. schema_load: every
 * *.yaml of the folder open at dir. Handed over (schema_free); registers come
 * out sorted by name.
 *
 * Fails   ERR_SYNTAX "registers/x.yaml:12: ..." for every mistake of a file:
 *         unknown key, type, role or register, a name that is reserved or
 *         malformed, a field twice, …; ERR_LIMIT; ERR_IO; ERR_MEMORY.
 */
MUST_CHECK enum err schema_read(const struct schema_file *file, size_t n,
    struct schema **out, struct fault *why);
MUST_CHECK enum err schema_load(
    int dir, struct schema **out, struct fault *why);
void schema_free(struct schema *s);

size_t schema_count(const struct schema *s);
const struct schema_register *schema_at(const struct schema *s, size_t at);
/* schema_find, schema_field: by name; NULL when there is none. */
const struct schema_register *schema_find(
    const struct schema *s, struct span name);
const struct schema_field *schema_field(
    const struct schema_register *r, struct span name);

/* field_type_name: "cidr". field_column: the SQL type of its column. */
const char *field_type_name(enum field_type t);
const char *field_column(enum field_type t);

/* schema_json: a register as the API shows it (name, title, help, fields with
 * type, labels, values, …); handed over (json_decref). */
json_t *schema_json(const struct schema_register *r);

/*
 * row_normal: a row in its one normal form.
 *
 *   r     the register
 *   in    object: field -> text, integer, boolean or null, as a form, an
 *         import or the API gives it; borrowed
 *   out   [out] object with every field that is not empty: date
 *         "2026-11-22", instant "…Z", bool true/false, int a number, the rest
 *         text; handed over (json_decref); NULL when something was refused
 *   bad   the refusals found are added here
 *
 * ROC and Gregorian dates are taken, enums by value or label, booleans by
 * 是/否, yes/no, true/false, 1/0. Applying it to its own result changes
 * nothing. References are not looked up here (entry.h does).
 *
 * Fails   ERR_RANGE: refused, see bad; ERR_MEMORY.
 */
MUST_CHECK enum err row_normal(const struct schema_register *r,
    const json_t *in, json_t **out, struct refusals *bad, struct fault *why);

/* field_normal: one value; *out NULL when empty. Same failures. */
MUST_CHECK enum err field_normal(const struct schema_register *r,
    const struct schema_field *f, const json_t *in, json_t **out,
    struct refusals *bad, struct fault *why);

/* key_is_good: 1..SCHEMA_KEY_MAX bytes of UTF-8 without control characters,
 * '/' or white space at either end; for `agency` a text_is_name of at most 40
 * bytes. key_escape: append s with '/' and '%' written %2F and %25. */
bool key_is_good(const struct schema_register *r, struct span key);
void key_escape(struct buf *b, struct span s);

#endif
