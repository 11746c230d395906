/*
 * web/registerpage.c: registers: lists, forms, history, import.
 *
 * About     everything is drawn from the register's schema; no register has
 *           a page of its own. What is right or wrong is the book's to say.
 * Runs      in the web process, in any of its threads.
 */
#include "base/text.h"
#include "base/when.h"
#include "web/page.h"

#define LIST_FIELDS_MAX 6
#define AGAIN_MAX ((size_t)2 << 20) /* bytes of CSV kept for the second step */

/* "/registers/R/A/K", escaped. */
static const char *
row_path(struct ask *k)
{
	return ask_printf(k, "/registers/%s/%s/%s", ask_escape(k, k->arg[0]),
	    ask_escape(k, k->arg[1]), ask_escape(k, k->arg[2]));
}

void
register_list(struct ask *k)
{
	static const char *const columns[] = { "name", "title", "rows", NULL };
	json_t *d;

	if (!ask_read(k, "/registers", NULL, &d))
		return;
	if (page_json(k, d) ||
	    page_csv(k, json_object_get(d, "registers"), columns))
		return;
	page_draw(k, 200, "registers", d);
}

/* The title of an enum's value; NULL when it has none. */
static json_t *
value_title(const json_t *field, const char *value)
{
	const json_t *values = json_object_get(field, "values");

	for (size_t i = 0; i < json_array_size(values); i++) {
		const json_t *v = json_array_get(values, i);

		if (strcmp(json_get_text(v, "value", ""), value) == 0)
			return json_object_get(v, "title");
	}
	return NULL;
}

/* Does a list of names hold this one? */
static bool
list_has(const json_t *list, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s != NULL && strcmp(s, name) == 0)
			return true;
	}
	return false;
}

/* How one value is shown: {text}, {date}, {time}, {local}, {bool}, {masked}. */
static json_t *
cell_view(const json_t *field, const json_t *row)
{
	static const char *const kind[] = { "masked", "empty", "date", "time",
		"truth", "local", "plain" };
	const char *name = json_get_text(field, "name", "");
	const char *type = json_get_text(field, "type", "text");
	json_t *v = json_object_get(json_object_get(row, "fields"), name);
	json_t *cell = json_object(), *title;

	/* Every kind is named, so that no outer name is found in its place. */
	for (size_t i = 0; i < sizeof kind / sizeof *kind; i++)
		view_put(cell, kind[i], json_null());
	view_put(cell, "label", json_incref(json_object_get(field, "label")));
	view_text(cell, "name", name);
	if (list_has(json_object_get(row, "masked"), name)) {
		view_put(cell, "masked", json_true());
	} else if (v == NULL || json_is_null(v)) {
		view_put(cell, "empty", json_true());
	} else if (strcmp(type, "date") == 0) {
		view_put(cell, "date", json_incref(v));
	} else if (strcmp(type, "instant") == 0) {
		view_put(cell, "time", json_incref(v));
	} else if (json_is_boolean(v)) {
		view_text(cell, "truth", json_is_true(v) ? "yes" : "no");
	} else if (strcmp(type, "enum") == 0 && json_is_string(v) &&
	    (title = value_title(field, json_string_value(v))) != NULL) {
		view_put(cell, "local", json_incref(title));
	} else if ((title = json_object_get(
			json_object_get(row, "refs"), name)) != NULL) {
		view_put(cell, "local", json_incref(title));
	} else {
		view_put(cell, "plain", json_true());
		view_put(cell, "text", json_incref(v));
	}
	return cell;
}

/* A row's cells, at most `most` of them. */
static json_t *
cells_view(const json_t *schema, const json_t *row, size_t most)
{
	const json_t *fields = json_object_get(schema, "fields");
	json_t *cells = json_array();

	for (size_t i = 0; i < json_array_size(fields) && i < most; i++)
		(void)json_array_append_new(
		    cells, cell_view(json_array_get(fields, i), row));
	return cells;
}

/* The register's list as CSV: every field, headed by its label. */
static bool
list_csv(struct ask *k, const json_t *d)
{
	const json_t *fields = json_object_get(
	    json_object_get(d, "register"), "fields");
	size_t n = json_array_size(fields);
	const char **column = arena_array(k->mem, n + 8, sizeof *column);

	if (column == NULL || k->as != FORM_CSV)
		return false;
	column[0] = "agency.key=agency";
	column[1] = "key";
	for (size_t i = 0; i < n; i++) {
		const json_t *f = json_array_get(fields, i);
		const json_t *label = json_object_get(f, "label");
		const char *name = json_get_text(f, "name", "");

		if (json_is_object(label))
			label = json_object_get(
			    label, k->lang == LANG_EN ? "en" : "zh");
		column[i + 2] = ask_printf(k, "fields.%s=%s", name,
		    json_is_string(label) ? json_string_value(label) : name);
	}
	column[n + 2] = "effective";
	column[n + 3] = "received";
	column[n + 4] = "voided";
	column[n + 5] = "ground";
	return page_csv(k, json_object_get(d, "rows"), column);
}

/* Links to the pages before and after. */
static void
pager_add(struct ask *k, json_t *d)
{
	static const char *const names[] = { "agency", "q", "voided", NULL };
	const char *q = ask_query(k, names);
	json_int_t page = json_get_int(d, "page", 1);

	view_put(d, "page_no", json_integer(page));
	if (*q != '\0')
		q = ask_printf(k, "%s&", q);
	if (page > 1)
		view_text(d, "page_before",
		    ask_printf(k, "/registers/%s?%spage=%" JSON_INTEGER_FORMAT,
			ask_escape(k, k->arg[0]), q, page - 1));
	if (page < json_get_int(d, "pages", 1))
		view_text(d, "page_after",
		    ask_printf(k, "/registers/%s?%spage=%" JSON_INTEGER_FORMAT,
			ask_escape(k, k->arg[0]), q, page + 1));
}

void
register_show(struct ask *k)
{
	static const char *const paged[] = { "agency", "q", "page", "voided",
		NULL };
	static const char *const all[] = { "agency", "q", "voided", NULL };
	const char *q = ask_query(k, k->as == FORM_HTML ? paged : all);
	const json_t *schema;
	json_t *d, *rows, *heads = json_array();

	ask_keep(k, heads);
	if (k->as != FORM_HTML)
		q = ask_printf(k, "%s%sall=1", q, *q == '\0' ? "" : "&");
	if (!ask_read(k,
		ask_printf(k, "/registers/%s", ask_escape(k, k->arg[0])), q,
		&d))
		return;
	if (page_json(k, d) || list_csv(k, d))
		return;
	schema = json_object_get(d, "register");
	rows = json_object_get(d, "rows");
	for (size_t i = 0; i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);

		view_put(
		    row, "cells", cells_view(schema, row, LIST_FIELDS_MAX));
	}
	for (size_t i = 0; i < LIST_FIELDS_MAX; i++) {
		json_t *f = json_array_get(
		    json_object_get(schema, "fields"), i);

		if (f != NULL)
			(void)json_array_append_new(heads,
			    json_pack(
				"{s:O}", "label", json_object_get(f, "label")));
	}
	view_put(d, "heads", json_incref(heads));
	view_put(d, "heading", json_incref(json_object_get(schema, "title")));
	view_put(d, "choose",
	    view_select(json_object_get(d, "agencies"),
		form_get(&k->query, "agency", "")));
	view_put(d, "with_voided",
	    json_boolean(*form_get(&k->query, "voided", "") != '\0'));
	view_flag(d, "can_write",
	    json_array_size(json_object_get(d, "writable")) != 0);
	pager_add(k, d);
	page_draw(k, 200, "register", d);
}

/* The options of a select: enum values, or the rows a ref may name. */
static json_t *
options_view(const json_t *field, const json_t *choices, const char *value)
{
	const json_t *values = json_object_get(field, "values");
	json_t *list;

	if (strcmp(json_get_text(field, "type", ""), "ref") == 0)
		return view_select(
		    json_object_get(choices, json_get_text(field, "name", "")),
		    value);
	list = json_array();
	for (size_t i = 0; i < json_array_size(values); i++) {
		const json_t *v = json_array_get(values, i);
		const char *s = json_get_text(v, "value", "");
		json_t *title = json_object_get(v, "title");

		(void)json_array_append_new(list,
		    json_pack("{s:s,s:O,s:b}", "value", s, "title",
			title == NULL ? json_null() : title, "selected",
			strcmp(s, value) == 0));
	}
	return list;
}

/* A field's present value as the text of an input. */
static const char *
value_text(struct ask *k, const json_t *field, const json_t *row)
{
	const char *name = json_get_text(field, "name", "");
	const json_t *v = json_object_get(json_object_get(row, "fields"), name);
	const char *typed = form_get(
	    &k->form, ask_printf(k, "f.%s", name), NULL);

	if (k->q->method == HTTP_POST && form_count(&k->form, "f") != 0)
		return typed == NULL ? "" : typed;
	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_integer(v))
		return ask_printf(
		    k, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return json_is_true(v) ? "1" : "";
}

/* What the book said about one field. */
static json_t *
field_error(const json_t *answer, const char *name)
{
	const json_t *errors = json_object_get(answer, "errors");

	for (size_t i = 0; i < json_array_size(errors); i++) {
		const json_t *e = json_array_get(errors, i);

		if (strcmp(json_get_text(e, "field", ""), name) == 0)
			return json_object_get(e, "text");
	}
	return NULL;
}

/* The kind of input a type is given. */
static const char *
input_kind(const json_t *field)
{
	const char *type = json_get_text(field, "type", "text");

	if (strcmp(type, "bool") == 0)
		return "is_bool";
	if (strcmp(type, "enum") == 0 || strcmp(type, "ref") == 0)
		return "is_select";
	if (strcmp(type, "int") == 0)
		return "is_int";
	if (strcmp(type, "date") == 0 || strcmp(type, "instant") == 0)
		return "is_time";
	if (strcmp(type, "text") == 0 && json_get_int(field, "max", 0) > 300)
		return "is_long";
	return "is_text";
}

/* The whole form: one object a field. */
static json_t *
form_view(struct ask *k, const json_t *d, const json_t *answer)
{
	const json_t *fields = json_object_get(
	    json_object_get(d, "register"), "fields");
	const json_t *row = json_object_get(d, "row");
	const json_t *choices = json_object_get(d, "choices");
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(fields); i++) {
		json_t *f = json_array_get(fields, i);
		const char *name = json_get_text(f, "name", "");
		const char *value = value_text(k, f, row);
		json_t *o = json_object(), *error = field_error(answer, name);

		view_text(o, "name", name);
		view_text(o, "type", json_get_text(f, "type", ""));
		view_text(o, "value", value);
		view_put(o, input_kind(f), json_true());
		view_put(o, "label", json_incref(json_object_get(f, "label")));
		view_put(o, "help", json_incref(json_object_get(f, "help")));
		view_put(o, "error", json_null());
		view_put(
		    o, "required", json_incref(json_object_get(f, "required")));
		view_put(
		    o, "personal", json_incref(json_object_get(f, "personal")));
		view_put(o, "ticked", json_boolean(*value != '\0'));
		view_put(o, "options", options_view(f, choices, value));
		view_put(o, "masked",
		    json_boolean(
			list_has(json_object_get(row, "masked"), name)));
		if (error != NULL)
			view_put(o, "error", json_incref(error));
		(void)json_array_append_new(list, o);
	}
	return list;
}

/* The row page: form, history, void. answer: what refused a change. */
static void
row_draw(struct ask *k, int status, json_t *d, const json_t *answer)
{
	json_t *row = json_object_get(d, "row"), *history = NULL;
	json_t *error = json_object_get(answer, "error");
	const json_t *schema = json_object_get(d, "register");
	bool writable = json_is_true(json_object_get(d, "writable"));
	int got = 0;

	view_put(d, "form", form_view(k, d, answer));
	if (error != NULL) {
		view_put(d, "refused", json_true());
		view_put(
		    d, "said", json_incref(json_object_get(error, "text")));
		view_put(
		    d, "ground", json_string(form_get(&k->form, "ground", "")));
	}
	if (json_is_object(row)) {
		view_put(d, "cells", cells_view(schema, row, SIZE_MAX));
		view_put(
		    d, "heading", json_incref(json_object_get(row, "title")));
		if (ask_try(k, ask_printf(k, "%s/history", row_path(k)), NULL,
			&got, &history) &&
		    got == 200)
			view_put(d, "entries",
			    json_incref(json_object_get(history, "entries")));
	} else if (json_object_get(d, "new") != NULL)
		view_flag(d, "ask_agency",
		    !json_is_object(json_object_get(d, "agency")));
	view_text(d, "row_path", json_is_object(row) ? row_path(k) : k->path);
	view_text(d, "void_path",
	    json_is_object(row) ? ask_printf(k, "%s/void", row_path(k)) : "/");
	view_flag(d, "editable",
	    writable && !json_get_bool(row, "voided", false) &&
		json_is_object(json_object_get(d, "agency")));
	view_flag(d, "can_void",
	    writable && json_is_object(row) &&
		!json_get_bool(row, "voided", false));
	view_text(d, "key",
	    k->arg[2] == NULL ? form_get(&k->form, "key", "") : k->arg[2]);
	view_text(d, "saved", form_get(&k->query, "saved", ""));
	page_draw(k, status, "row", d);
}

void
row_show(struct ask *k)
{
	static const char *const columns[] = { "label", "text", NULL };
	json_t *d, *cells;

	if (!ask_read(k, row_path(k), NULL, &d))
		return;
	cells = ask_keep(k,
	    cells_view(json_object_get(d, "register"),
		json_object_get(d, "row"), SIZE_MAX));
	if (page_json(k, d) || page_csv(k, cells, columns))
		return;
	row_draw(k, 200, d, NULL);
}

/* Which agency a new row or an import is for: asked, or the only one. */
static const char *
agency_choose(struct ask *k, const json_t *d)
{
	const json_t *w = json_object_get(d, "writable");
	const char *a = form_get(
	    &k->form, "agency", form_get(&k->query, "agency", ""));

	if (*a == '\0' && json_array_size(w) == 1)
		a = json_get_text(json_array_get(w, 0), "key", "");
	return a;
}

/* Draw a new row's form; the first step chooses the agency. */
static void
new_draw(struct ask *k, int status, const json_t *answer)
{
	const char *r = ask_escape(k, k->arg[0]), *agency;
	json_t *d, *form = NULL;

	if (!ask_read(k, ask_printf(k, "/registers/%s", r), NULL, &d))
		return;
	agency = agency_choose(k, d);
	view_put(
	    d, "choose", view_select(json_object_get(d, "writable"), agency));
	if (*agency != '\0') {
		if (!ask_read(k,
			ask_printf(
			    k, "/registers/%s/%s", r, ask_escape(k, agency)),
			NULL, &form))
			return;
		view_put(d, "choices",
		    json_incref(json_object_get(form, "choices")));
		view_put(
		    d, "agency", json_incref(json_object_get(form, "agency")));
		view_put(d, "writable",
		    json_incref(json_object_get(form, "writable")));
	}
	view_put(d, "new", json_true());
	row_draw(k, status, d, answer);
}

void
row_new(struct ask *k)
{
	new_draw(k, 200, NULL);
}

/* What a person typed for one field, as the book takes it. */
static json_t *
typed_value(struct ask *k, const json_t *field, const char *typed)
{
	const char *type = json_get_text(field, "type", "text");
	struct span s = span_trim(span_text(typed));
	struct day day;
	const char *t;

	if (strcmp(type, "bool") == 0)
		return json_boolean(s.len != 0);
	if (strcmp(type, "date") == 0 && s.len != 0 &&
	    roc_parse(s, &day, NULL) == ERR_OK)
		return json_sprintf(
		    "%04d-%02d-%02d", day.year, day.month, day.day);
	if (strcmp(type, "instant") == 0 && s.len != 0 &&
	    (t = ask_time(k, typed, false)) != NULL)
		return json_string(t);
	return json_string(typed);
}

/* Send the form's fields; the answer's status, or 0 when it is replied. */
static int
row_send(struct ask *k, const json_t *schema, const char *path, json_t **v)
{
	const json_t *fields = json_object_get(schema, "fields");
	json_t *set = json_object(), *body = ask_keep(k, json_object());
	const char *prev = form_get(&k->form, "prev", "");
	uint64_t seq;
	struct buf b;
	int status = 0;

	view_put(body, "fields", set);
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *f = json_array_get(fields, i);
		const char *name = json_get_text(f, "name", "");
		const char *in = ask_printf(k, "f.%s", name);

		/* A masked field is not in the form: it stays as it is. */
		if (form_count(&k->form, ask_printf(k, "masked.%s", name)) == 0)
			view_put(set, name,
			    typed_value(k, f, form_get(&k->form, in, "")));
	}
	if (span_number(span_text(prev), INT64_MAX, &seq))
		view_put(body, "prev", json_integer((json_int_t)seq));
	buf_init(&b, FORM_BYTES_MAX * 2);
	json_canonical(&b, body);
	if (!ask_write(k, "PUT", path, NULL, "application/json", buf_view(&b),
		&status, v))
		status = 0;
	buf_clear(&b);
	return status;
}

/* Turn a refused write into the page it belongs on; true when it was one
 * that no form can mend. */
static bool
write_refused(struct ask *k, int status, const json_t *v)
{
	if (status == 401)
		session_to_sign_in(k);
	else if (status == 403)
		page_error(k, 403, "error.denied", v);
	else if (status == 404)
		page_error(k, 404, "error.not-found", v);
	else if (status != 400 && status != 409)
		page_error(k, 503, "error.unreachable", v);
	else
		return false;
	return true;
}

void
row_save(struct ask *k)
{
	json_t *d, *v = NULL;
	int status;

	if (!ask_read(k, row_path(k), NULL, &d))
		return;
	status = row_send(k, json_object_get(d, "register"), row_path(k), &v);
	if (status == 0)
		return;
	if (status == 200 || status == 201)
		page_redirect(k,
		    ask_printf(k, "%s?saved=%" JSON_INTEGER_FORMAT, row_path(k),
			(json_int_t)json_get_int(v, "seq", 0)));
	else if (!write_refused(k, status, v))
		row_draw(k, status, d, v);
}

void
row_create(struct ask *k)
{
	const char *agency = form_get(&k->form, "agency", "");
	const char *key = form_get(&k->form, "key", ""), *path;
	json_t *d, *v = NULL;
	int status;

	if (*agency == '\0' || form_count(&k->form, "f") == 0) {
		new_draw(k, 200, NULL);
		return;
	}
	if (*key == '\0')
		key = "-";
	path = ask_printf(k, "/registers/%s/%s/%s", ask_escape(k, k->arg[0]),
	    ask_escape(k, agency), ask_escape(k, key));
	if (!ask_read(k,
		ask_printf(k, "/registers/%s/%s", ask_escape(k, k->arg[0]),
		    ask_escape(k, agency)),
		NULL, &d))
		return;
	status = row_send(k, json_object_get(d, "register"), path, &v);
	if (status == 0)
		return;
	if (status == 200 || status == 201)
		page_redirect(k,
		    ask_printf(k,
			"/registers/%s/%s/%s?saved=%" JSON_INTEGER_FORMAT,
			ask_escape(k, k->arg[0]), ask_escape(k, agency),
			ask_escape(k, json_get_text(v, "key", key)),
			(json_int_t)json_get_int(v, "seq", 0)));
	else if (!write_refused(k, status, v))
		new_draw(k, status, v);
}

void
row_void(struct ask *k)
{
	json_t *body = ask_keep(k, json_object()), *v = NULL, *d;
	int status = 0;
	struct buf b;

	view_text(body, "ground", form_get(&k->form, "ground", ""));
	buf_init(&b, FORM_BYTES_MAX);
	json_canonical(&b, body);
	if (!ask_write(k, "POST", ask_printf(k, "%s/void", row_path(k)), NULL,
		"application/json", buf_view(&b), &status, &v))
		status = 0;
	buf_clear(&b);
	if (status == 0)
		return;
	if (status == 200 || status == 201)
		page_redirect(k,
		    ask_printf(k, "%s?saved=%" JSON_INTEGER_FORMAT, row_path(k),
			(json_int_t)json_get_int(v, "seq", 0)));
	else if (!write_refused(k, status, v) &&
	    ask_read(k, row_path(k), NULL, &d)) {
		view_put(d, "void_refused", json_true());
		row_draw(k, status, d, v);
	}
}

/* What the template asks of an import's answer. */
static void
result_view(json_t *v)
{
	static const char *const list[] = { "errors", "columns", "preview" };
	const json_t *preview = json_object_get(v, "preview");
	const char *name;
	json_t *value;

	for (int i = 0; i < 3; i++) {
		char key[16] = "has_";

		memcpy(key + 4, list[i], strlen(list[i]) + 1);
		view_flag(
		    v, key, json_array_size(json_object_get(v, list[i])) != 0);
	}
	for (size_t i = 0; i < json_array_size(preview); i++) {
		json_t *row = json_array_get(preview, i);
		json_t *pairs = json_array();

		json_object_foreach(json_object_get(row, "fields"), name, value)
			(void)json_array_append_new(pairs,
			    json_pack(
				"{s:s,s:O}", "name", name, "value", value));
		view_put(row, "pairs", pairs);
	}
}

/* The import page; answer: what a try or a refusal gave. */
static void
import_draw(struct ask *k, int status, const char *agency, json_t *answer)
{
	json_t *d;

	if (!ask_read(k,
		ask_printf(k, "/registers/%s", ask_escape(k, k->arg[0])), NULL,
		&d))
		return;
	if (*agency == '\0')
		agency = agency_choose(k, d);
	view_put(
	    d, "choose", view_select(json_object_get(d, "writable"), agency));
	view_text(d, "for", agency);
	view_put(d, "heading",
	    json_incref(
		json_object_get(json_object_get(d, "register"), "title")));
	if (answer != NULL) {
		result_view(answer);
		view_put(d, "result", json_incref(answer));
	}
	page_draw(k, status, "import", d);
}

void
import_form(struct ask *k)
{
	import_draw(k, 200, "", NULL);
}

/* A part's content as text in the arena; "" when there is none. */
static const char *
part_text(struct ask *k, const char *name)
{
	const struct multipart_part *p = multipart_find(&k->parts, name);
	const char *s = p == NULL || span_find(p->content, 0) != SIZE_MAX
	    ? NULL
	    : arena_text(k->mem, p->content);

	return s == NULL ? "" : s;
}

/* What was checked and can be written: kept in the page for the second
 * step, so that the file need not be chosen again. */
static void
again_add(json_t *answer, struct span csv)
{
	struct buf b;

	if (csv.len > AGAIN_MAX) {
		view_put(answer, "choose_again", json_true());
		return;
	}
	buf_init(&b, AGAIN_MAX * 2);
	text_base64(&b, csv);
	view_text(answer, "again", buf_string(&b));
	buf_clear(&b);
}

void
import_take(struct ask *k)
{
	const struct multipart_part *file = multipart_find(&k->parts, "file");
	const char *agency = part_text(k, "agency");
	const char *again = part_text(k, "again");
	bool dry = *part_text(k, "write") == '\0';
	struct span csv = file == NULL ? SPAN_EMPTY : file->content;
	json_t *v = NULL;
	int status = 0;
	struct buf b;

	buf_init(&b, AGAIN_MAX);
	if (csv.len == 0 && text_unbase64(&b, span_text(again)))
		csv = buf_view(&b);
	if (*agency == '\0' || csv.len == 0) {
		v = ask_keep(k, json_pack("{s:b}", "no_file", 1));
		import_draw(k, 400, agency, v);
		goto out;
	}
	if (!ask_write(k, "POST",
		ask_printf(k, "/registers/%s/%s/import",
		    ask_escape(k, k->arg[0]), ask_escape(k, agency)),
		dry ? "dry=1" : NULL, "text/csv", csv, &status, &v) ||
	    (status != 200 && write_refused(k, status, v)))
		goto out;
	view_put(v, "done", json_boolean(status == 200 && !dry));
	view_put(v, "checked", json_boolean(status == 200 && dry));
	if (status == 200 && dry && json_get_int(v, "failed", 0) == 0)
		again_add(v, csv);
	view_put(v, "ready",
	    json_boolean(
		status == 200 && dry && json_get_int(v, "failed", 0) == 0));
	if (status != 200)
		view_put(v, "refused", json_true());
	import_draw(k, status, agency, v);
out:
	buf_clear(&b);
}
