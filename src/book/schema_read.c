/*
 * book/schema_read.c: registers/NAME.yaml read into a schema.
 *
 * Works on: files of our own or of whoever adds a register, so every mistake
 * is told with file and line. Source: ARCHITECTURE.md, "Registers".
 */
#include "book/schema.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/text.h"
#include "book/inner.h"
#include "book/schema_inner.h"
#include "pack/yaml.h"

/* One file being read. */
struct reading {
	struct arena *a;
	const struct yaml *y;
	struct fault *why;
};

/* "NAME:LINE: text" for a place, which may be built from parts. */
static enum err bad(struct reading *rd, const char *place, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static enum err
bad(struct reading *rd, const char *place, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;
	enum err e;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		text = NULL;
	va_end(ap);
	e = yaml_fault(rd->y, place != NULL ? place : "", rd->why, ERR_SYNTAX,
	    "%s", text != NULL ? text : "malformed");
	free(text);
	return e;
}

static enum err
no_memory(struct reading *rd)
{
	return fault_set(rd->why, ERR_MEMORY, "a register's schema");
}

/* A name of register or field: [a-z][a-z_]*, bounded. */
static bool
name_good(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > SCHEMA_NAME_MAX || s[0] == '_')
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyz_") == n;
}

/* Only keys of the list may be there. */
static enum err
keys_known(struct reading *rd, const json_t *o, const char *place,
    const char *const *known)
{
	if (!json_is_object(o))
		return bad(rd, place, "a mapping is expected here");
	/* jansson's iteration macro takes a non-const object. */
	for (void *it = json_object_iter((json_t *)(uintptr_t)o); it != NULL;
	     it = json_object_iter_next((json_t *)(uintptr_t)o, it)) {
		const char *key = json_object_iter_key(it);
		size_t i = 0;

		while (known[i] != NULL && strcmp(known[i], key) != 0)
			i++;
		if (known[i] == NULL)
			return bad(rd, arena_printf(rd->a, "%s/%s", place, key),
			    "unknown key: %s", key);
	}
	return ERR_OK;
}

/* A text of at most 2,000 bytes, not empty. */
static enum err
read_text(struct reading *rd, const json_t *o, const char *place,
    const char *key, bool needed, const char **out)
{
	const json_t *v = json_object_get(o, key);
	const char *at = arena_printf(rd->a, "%s/%s", place, key);

	*out = "";
	if (v == NULL)
		return needed ? bad(rd, place, "%s is missing", key) : ERR_OK;
	if (!json_is_string(v) || json_string_length(v) == 0 ||
	    json_string_length(v) > 2000)
		return bad(rd, at, "%s must be text of 1 to 2,000 bytes", key);
	*out = arena_text(rd->a, span_text(json_string_value(v)));
	return *out != NULL ? ERR_OK : no_memory(rd);
}

/* {zh, en}, both needed where the label is there at all. */
static enum err
read_label(struct reading *rd, const json_t *o, const char *place,
    const char *key, bool needed, struct label *out)
{
	static const char *const known[] = { "zh", "en", NULL };
	const json_t *v = json_object_get(o, key);
	const char *at = arena_printf(rd->a, "%s/%s", place, key);
	enum err e;

	*out = (struct label){ "", "" };
	if (at == NULL)
		return no_memory(rd);
	if (v == NULL)
		return needed ? bad(rd, place, "%s is missing", key) : ERR_OK;
	if ((e = keys_known(rd, v, at, known)) != ERR_OK)
		return e;
	if ((e = read_text(rd, v, at, "zh", true, &out->zh)) != ERR_OK)
		return e;
	return read_text(rd, v, at, "en", true, &out->en);
}

/* A list of texts. */
static enum err
read_texts(struct reading *rd, const json_t *o, const char *place,
    const char *key, const char *const **out, size_t *n)
{
	const json_t *v = json_object_get(o, key);
	const char *at = arena_printf(rd->a, "%s/%s", place, key);
	const char **list;
	size_t len;

	*out = NULL;
	*n = 0;
	if (v == NULL)
		return ERR_OK;
	if (!json_is_array(v) || json_array_size(v) > 64)
		return bad(rd, at, "%s must be a list of texts", key);
	len = json_array_size(v);
	if ((list = arena_array(rd->a, len, sizeof *list)) == NULL)
		return no_memory(rd);
	for (size_t i = 0; i < len; i++) {
		const char *s = json_string_value(json_array_get(v, i));

		if (s == NULL || s[0] == '\0')
			return bad(rd, at, "%s must be a list of texts", key);
		if ((list[i] = arena_text(rd->a, span_text(s))) == NULL)
			return no_memory(rd);
	}
	*out = list;
	*n = len;
	return ERR_OK;
}

/* true or false. */
static enum err
read_bool(struct reading *rd, const json_t *o, const char *place,
    const char *key, bool *out)
{
	const json_t *v = json_object_get(o, key);

	*out = false;
	if (v != NULL && !json_is_boolean(v))
		return bad(rd, arena_printf(rd->a, "%s/%s", place, key),
		    "%s must be true or false", key);
	if (v != NULL)
		*out = json_is_true(v);
	return ERR_OK;
}

static enum err
read_bound(struct reading *rd, const json_t *o, const char *place,
    const char *key, bool *has, int64_t *out)
{
	const json_t *v = json_object_get(o, key);

	*has = v != NULL;
	*out = 0;
	if (v != NULL && !json_is_integer(v))
		return bad(rd, arena_printf(rd->a, "%s/%s", place, key),
		    "%s must be a whole number", key);
	if (v != NULL)
		*out = json_integer_value(v);
	return ERR_OK;
}

/* A list of roles as bits. */
static enum err
read_roles(struct reading *rd, const json_t *o, const char *place,
    const char *key, unsigned *out)
{
	const char *const *list;
	size_t n;
	enum err e;

	*out = 0;
	if ((e = read_texts(rd, o, place, key, &list, &n)) != ERR_OK)
		return e;
	if (n == 0)
		return bad(rd, place, "%s must name at least one role", key);
	for (size_t i = 0; i < n; i++) {
		enum office role = office_find(span_text(list[i]));

		if (strcmp(list[i], "everyone") == 0)
			*out |= OFFICE_EVERYONE;
		else if (role != OFFICE_N)
			*out |= 1U << role;
		else
			return bad(rd,
			    arena_printf(rd->a, "%s/%s/%zu", place, key, i),
			    "no such role: %s", list[i]);
	}
	return ERR_OK;
}

/* The values of an enum. */
static enum err
read_values(struct reading *rd, const json_t *o, const char *place,
    struct schema_field *f)
{
	static const char *const known[] = { "value", "zh", "en", NULL };
	const json_t *v = json_object_get(o, "values");
	struct schema_value *list;
	size_t n = json_array_size(v);
	enum err e;

	if (f->type != TYPE_ENUM) {
		if (v != NULL)
			return bad(rd, place, "values belong to an enum only");
		return ERR_OK;
	}
	if (n == 0 || n > 100)
		return bad(rd, place, "an enum needs values, 1 to 100");
	if ((list = arena_array(rd->a, n, sizeof *list)) == NULL)
		return no_memory(rd);
	for (size_t i = 0; i < n; i++) {
		const json_t *it = json_array_get(v, i);
		const char *at = arena_printf(rd->a, "%s/values/%zu", place, i);

		if (at == NULL)
			return no_memory(rd);
		if ((e = keys_known(rd, it, at, known)) != ERR_OK ||
		    (e = read_text(rd, it, at, "value", true,
			 &list[i].value)) != ERR_OK ||
		    (e = read_text(rd, it, at, "zh", true,
			 &list[i].label.zh)) != ERR_OK ||
		    (e = read_text(
			 rd, it, at, "en", true, &list[i].label.en)) != ERR_OK)
			return e;
		for (size_t k = 0; k < i; k++)
			if (strcmp(list[k].value, list[i].value) == 0)
				return bad(
				    rd, at, "value twice: %s", list[i].value);
	}
	f->value = list;
	f->n_values = n;
	return ERR_OK;
}

static bool
is_reserved(const char *name)
{
	static const char *const columns[] = { "agency", "key", "effective_us",
		"received_us", "entry", "voided", "ground", "rowid", NULL };

	for (size_t i = 0; columns[i] != NULL; i++)
		if (strcmp(columns[i], name) == 0)
			return true;
	return false;
}

/* The type, and what only some types may have. */
static enum err
read_type(struct reading *rd, const json_t *o, const char *place,
    struct schema_field *f)
{
	const char *type;
	unsigned t = 0;
	enum err e;

	if ((e = read_text(rd, o, place, "type", true, &type)) != ERR_OK)
		return e;
	while (t < TYPE_N && strcmp(field_type_name(t), type) != 0)
		t++;
	if (t == TYPE_N)
		return bad(rd, arena_printf(rd->a, "%s/type", place),
		    "unknown type: %s", type);
	f->type = (enum field_type)t;
	if ((e = read_bound(rd, o, place, "min", &f->has_min, &f->min)) ||
	    (e = read_bound(rd, o, place, "max", &f->has_max, &f->max)))
		return e;
	if ((f->has_min || f->has_max) && t != TYPE_TEXT && t != TYPE_INT &&
	    !f->many)
		return bad(rd, place, "min and max belong to text and int");
	if (f->has_min && f->has_max && f->min > f->max)
		return bad(rd, place, "min is greater than max");
	if (t == TYPE_TEXT && (f->min < 0 || f->max < 0))
		return bad(rd, place, "a text's length is never negative");
	if ((e = read_text(rd, o, place, "to", t == TYPE_REF, &f->to)))
		return e;
	if (t != TYPE_REF && f->to[0] != '\0')
		return bad(rd, place, "`to` belongs to a ref only");
	if (t != TYPE_REF)
		f->to = NULL;
	if (f->many && t != TYPE_TEXT && t != TYPE_IP && t != TYPE_CIDR &&
	    t != TYPE_MAC && t != TYPE_EMAIL)
		return bad(rd, place, "a %s cannot be many", type);
	return read_values(rd, o, place, f);
}

/* One field; refs and highest_of are resolved later. */
static enum err
read_field(struct reading *rd, const json_t *o, const char *place,
    struct schema_field *f)
{
	static const char *const known[] = { "name", "type", "label", "help",
		"required", "personal", "many", "min", "max", "to", "values",
		"columns", "highest_of", NULL };
	enum err e;

	if ((e = keys_known(rd, o, place, known)) ||
	    (e = read_text(rd, o, place, "name", true, &f->name)))
		return e;
	if (!name_good(f->name))
		return bad(rd, place, "no field name: %s ([a-z_], 1 to %d)",
		    f->name, SCHEMA_NAME_MAX);
	if (is_reserved(f->name))
		return bad(rd, place, "reserved column name: %s", f->name);
	if ((e = read_label(rd, o, place, "label", true, &f->label)) ||
	    (e = read_label(rd, o, place, "help", false, &f->help)) ||
	    (e = read_bool(rd, o, place, "required", &f->required)) ||
	    (e = read_bool(rd, o, place, "personal", &f->personal)) ||
	    (e = read_bool(rd, o, place, "many", &f->many)) ||
	    (e = read_type(rd, o, place, f)))
		return e;
	return read_texts(rd, o, place, "columns", &f->column, &f->n_columns);
}

/* The list of fields. */
static enum err
read_fields(struct reading *rd, const json_t *root, struct schema_register *r)
{
	const json_t *list = json_object_get(root, "fields");
	struct schema_field *field;
	size_t n = json_array_size(list);
	enum err e;

	if (n == 0 || n > SCHEMA_FIELDS_MAX)
		return bad(rd, "/fields", "fields must be a list of 1 to %d",
		    SCHEMA_FIELDS_MAX);
	if ((field = arena_array(rd->a, n, sizeof *field)) == NULL)
		return no_memory(rd);
	for (size_t i = 0; i < n; i++) {
		const char *at = arena_printf(rd->a, "/fields/%zu", i);

		if (at == NULL)
			return no_memory(rd);
		if ((e = read_field(
			 rd, json_array_get(list, i), at, &field[i])) != ERR_OK)
			return e;
		for (size_t k = 0; k < i; k++)
			if (strcmp(field[k].name, field[i].name) == 0)
				return bad(
				    rd, at, "field twice: %s", field[i].name);
	}
	r->field = field;
	r->n_fields = n;
	return ERR_OK;
}

/* Names of fields as their places. */
static enum err
read_places(struct reading *rd, const json_t *o, const char *place,
    const char *key, const struct schema_register *r, const unsigned **out,
    size_t *n)
{
	const char *const *list;
	unsigned *at;
	size_t len;
	enum err e;

	*out = NULL;
	*n = 0;
	if ((e = read_texts(rd, o, place, key, &list, &len)) != ERR_OK)
		return e;
	if ((at = arena_array(rd->a, len, sizeof *at)) == NULL)
		return no_memory(rd);
	for (size_t i = 0; i < len; i++) {
		const struct schema_field *f = schema_field(
		    r, span_text(list[i]));

		if (f == NULL)
			return bad(rd, arena_printf(rd->a, "%s/%s", place, key),
			    "no such field: %s", list[i]);
		at[i] = (unsigned)(f - r->field);
	}
	*out = at;
	*n = len;
	return ERR_OK;
}

/* key: {label, columns, from}. */
static enum err
read_key(struct reading *rd, const json_t *root, struct schema_register *r)
{
	static const char *const known[] = { "label", "columns", "from", NULL };
	const json_t *o = json_object_get(root, "key");
	enum err e;

	r->key_label = (struct label){ "代碼", "Key" };
	if (o == NULL)
		return ERR_OK;
	if ((e = keys_known(rd, o, "/key", known)) ||
	    (e = read_label(rd, o, "/key", "label", true, &r->key_label)) ||
	    (e = read_texts(
		 rd, o, "/key", "columns", &r->key_column, &r->n_key_columns)))
		return e;
	return read_places(
	    rd, o, "/key", "from", r, &r->key_from, &r->n_key_from);
}

/* One file. */
static enum err
read_register(struct reading *rd, struct schema_register *r)
{
	static const char *const known[] = { "name", "title", "help", "read",
		"write", "key", "approval", "fields", NULL };
	const json_t *root = yaml_root(rd->y);
	size_t field;
	const char *twice;
	enum err e;

	if ((e = keys_known(rd, root, "", known)) ||
	    (e = read_text(rd, root, "", "name", true, &r->name)))
		return e;
	if (!name_good(r->name) || strncmp(r->name, "sqlite", 6) == 0)
		return bad(rd, "/name",
		    "no register name: %s ([a-z_], 1 to %d)", r->name,
		    SCHEMA_NAME_MAX);
	if ((e = read_label(rd, root, "", "title", true, &r->title)) ||
	    (e = read_label(rd, root, "", "help", false, &r->help)) ||
	    (e = read_roles(rd, root, "", "read", &r->read)) ||
	    (e = read_roles(rd, root, "", "write", &r->write)) ||
	    (e = read_bool(rd, root, "", "approval", &r->approval)) ||
	    (e = read_fields(rd, root, r)) || (e = read_key(rd, root, r)))
		return e;
	if ((twice = schema_heading_twice(rd->a, r, &field)) != NULL)
		return bad(rd,
		    field < r->n_fields
			? arena_printf(rd->a, "/fields/%zu", field)
			: "/key",
		    "heading twice: %s", twice);
	return ERR_OK;
}

/* highest_of: enums with the same values, of this register. */
static enum err
resolve_highest(struct reading *rd, struct schema_register *r, size_t at)
{
	const json_t *o = json_array_get(
	    json_object_get(yaml_root(rd->y), "fields"), at);
	const char *place = arena_printf(rd->a, "/fields/%zu", at);
	struct schema_field *f =
	    (struct schema_field *)(uintptr_t)&r->field[at];
	enum err e;

	if (place == NULL)
		return no_memory(rd);
	if ((e = read_places(rd, o, place, "highest_of", r, &f->highest_of,
		 &f->n_highest)) != ERR_OK)
		return e;
	for (size_t i = 0; i < f->n_highest; i++) {
		const struct schema_field *of = &r->field[f->highest_of[i]];

		if (f->type != TYPE_ENUM || of->type != TYPE_ENUM || of == f ||
		    of->n_values != f->n_values)
			return bad(rd, place,
			    "highest_of needs enums of the same values");
		for (size_t k = 0; k < f->n_values; k++)
			if (strcmp(of->value[k].value, f->value[k].value) != 0)
				return bad(rd, place,
				    "highest_of needs enums of the same "
				    "values");
	}
	return ERR_OK;
}

/* What needs all registers: refs; and approvals' fields. */
static enum err
resolve(struct reading *rd, const struct schema *s, struct schema_register *r)
{
	static const char *const of_approval[] = { "requested_by",
		"approved_by", "decision" };
	enum err e;

	for (size_t i = 0; i < r->n_fields; i++) {
		struct schema_field *f =
		    (struct schema_field *)(uintptr_t)&r->field[i];

		if ((e = resolve_highest(rd, r, i)) != ERR_OK)
			return e;
		if (f->type != TYPE_REF)
			continue;
		f->ref = schema_find(s, span_text(f->to));
		if (f->ref == NULL)
			return bad(rd, arena_printf(rd->a, "/fields/%zu/to", i),
			    "no such register: %s", f->to);
	}
	for (size_t i = 0; r->approval && i < 3; i++)
		if (schema_field(r, span_text(of_approval[i])) == NULL)
			return bad(rd, "/approval",
			    "an approval needs field %s", of_approval[i]);
	return ERR_OK;
}

/* A register's name that a fixed table has, or that is there twice. */
static bool
name_taken(const struct schema *s, const char *name)
{
	static const char *const fixed[] = { "book_version", "entry", "chain",
		"log", "leaf", "tile", "checkpoint", "source", "rollup_hour",
		"rollup_day", "stream_position", "intake_loss", "detection",
		"segment", "segment_source", "stream", "stream_chain",
		"verify_run", "witness", "replica", "disk", "verdict",
		"finding", "verdict_span", "tally", "tally_version",
		"clause_run", NULL };

	for (size_t i = 0; fixed[i] != NULL; i++)
		if (strcmp(fixed[i], name) == 0)
			return true;
	return schema_find(s, span_text(name)) != NULL;
}

static int
by_name(const void *a, const void *b)
{
	const struct schema_register *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* All files read: first each alone, then what joins them. */
static enum err
read_all(struct schema *s, struct yaml **y, size_t n, struct fault *why)
{
	struct reading rd = { .a = s->a, .why = why };
	enum err e;

	for (size_t i = 0; i < n; i++) {
		rd.y = y[i];
		if ((e = read_register(&rd, &s->reg[i])) != ERR_OK)
			return e;
		s->n = i;
		if (name_taken(s, s->reg[i].name))
			return bad(&rd, "/name", "the name is taken: %s",
			    s->reg[i].name);
		s->n = i + 1;
	}
	for (size_t i = 0; i < n; i++) {
		rd.y = y[i];
		if ((e = resolve(&rd, s, &s->reg[i])) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* Sorted by name; refs follow their registers to their new places. */
static void
sort_registers(struct schema *s)
{
	qsort(s->reg, s->n, sizeof *s->reg, by_name);
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->reg[i].n_fields; k++) {
			struct schema_field *f =
			    (struct schema_field *)(uintptr_t)&s->reg[i]
				.field[k];

			if (f->to != NULL)
				f->ref = schema_find(s, span_text(f->to));
		}
}

enum err
schema_read(const struct schema_file *file, size_t n, struct schema **out,
    struct fault *why)
{
	struct yaml *y[SCHEMA_REGISTERS_MAX] = { NULL };
	struct schema *s;
	enum err e = ERR_OK;

	if (n == 0 || n > SCHEMA_REGISTERS_MAX)
		return fault_set(why, ERR_LIMIT, "%zu registers: 1 to %d", n,
		    SCHEMA_REGISTERS_MAX);
	if ((s = calloc(1, sizeof *s)) == NULL)
		return fault_set(why, ERR_MEMORY, "schema");
	if ((s->a = arena_new(BOOK_SCHEMA_MAX)) == NULL ||
	    (s->reg = arena_array(s->a, n, sizeof *s->reg)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "schema");
		goto out;
	}
	for (size_t i = 0; i < n; i++)
		if ((e = yaml_read(file[i].text, file[i].name, &y[i], why)))
			goto out;
	if ((e = read_all(s, y, n, why)) != ERR_OK)
		goto out;
	sort_registers(s);
	*out = s;
	s = NULL;
out:
	for (size_t i = 0; i < n; i++)
		yaml_doc_free(y[i]);
	schema_free(s);
	return e;
}

/* One file's text, at most YAML_FILE_MAX bytes. */
static enum err
load_file(int dir, const char *name, struct buf *b, struct fault *why)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum err e = ERR_OK;
	ssize_t n = 1;

	if (fd == -1)
		return fault_sys(why, ERR_IO, "cannot open registers/%s", name);
	while (n > 0) {
		uint8_t *to = buf_room(b, 65536);

		if (to == NULL) {
			e = fault_set(why, buf_error(b), "registers/%s", name);
			goto out;
		}
		if ((n = read(fd, to, 65536)) > 0)
			buf_took(b, (size_t)n);
	}
	if (n == -1)
		e = fault_sys(why, ERR_IO, "cannot read registers/%s", name);
out:
	(void)close(fd);
	return e;
}

/* What schema_load gathers. */
struct loading {
	struct schema_file file[SCHEMA_REGISTERS_MAX];
	struct buf text[SCHEMA_REGISTERS_MAX];
	char *name[SCHEMA_REGISTERS_MAX];
	size_t n;
};

static enum err
load_all(int dir, DIR *d, struct loading *l, struct fault *why)
{
	struct dirent *it;
	enum err e;

	while ((it = readdir(d)) != NULL) {
		if (it->d_name[0] == '.' ||
		    !span_ends(span_text(it->d_name), ".yaml"))
			continue;
		if (l->n == SCHEMA_REGISTERS_MAX)
			return fault_set(why, ERR_LIMIT,
			    "more than %d registers", SCHEMA_REGISTERS_MAX);
		buf_init(&l->text[l->n], YAML_FILE_MAX);
		if (asprintf(&l->name[l->n], "registers/%s", it->d_name) ==
		    -1) {
			l->name[l->n] = NULL;
			return fault_set(why, ERR_MEMORY, "registers");
		}
		l->n++;
		if ((e = load_file(dir, it->d_name, &l->text[l->n - 1], why)))
			return e;
		l->file[l->n - 1] = (struct schema_file){ l->name[l->n - 1],
			buf_view(&l->text[l->n - 1]) };
	}
	return ERR_OK;
}

enum err
schema_load(int dir, struct schema **out, struct fault *why)
{
	struct loading *l;
	DIR *d = NULL;
	int fd;
	enum err e;

	if ((l = calloc(1, sizeof *l)) == NULL)
		return fault_set(why, ERR_MEMORY, "registers");
	if ((fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    (d = fdopendir(fd)) == NULL) {
		e = fault_sys(why, ERR_IO, "cannot read the folder registers");
		if (fd != -1)
			(void)close(fd);
		goto out;
	}
	if ((e = load_all(dir, d, l, why)) == ERR_OK)
		e = schema_read(l->file, l->n, out, why);
	(void)closedir(d);
out:
	for (size_t i = 0; i < l->n; i++) {
		buf_clear(&l->text[i]);
		free(l->name[i]);
	}
	free(l);
	return e;
}
