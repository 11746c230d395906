/*
 * cli/book.c: registers, and accounts.
 */
#include "cli/inner.h"

#include <string.h>

#include "base/text.h"

#define COMMAND(word, sub, args, fn, options, help) command_fn fn;
#include "cli/command.tab"
#undef COMMAND

#define FILE_MAX ((size_t)32 << 20)

/* The agency a row is in: as said, else the first one. */
static const char *
agency_of(const struct run *r)
{
	return r->option[OPT_AGENCY] == NULL ? "main" : r->option[OPT_AGENCY];
}

/* "/registers/R/A/K" and more. */
static void
row_path(const struct run *r, struct buf *p, const char *more)
{
	buf_init(p, 8192);
	buf_text(p, "/registers");
	path_add(p, r->word[0]);
	path_add(p, agency_of(r));
	if (more == NULL || strcmp(more, "import") != 0)
		path_add(p, r->word[1]);
	if (more != NULL)
		path_add(p, more);
}

int
cmd_book_registers(struct run *r)
{
	int code;
	json_t *o = run_get(r, "/registers", NULL, &code);
	const json_t *one;
	size_t i;

	if (o == NULL)
		return code;
	if (r->option[OPT_JSON] != NULL)
		print_json(o);
	else
		json_array_foreach(json_object_get(o, "registers"), i, one)
			(void)printf("%s\t%lld\t%s\n",
			    json_get_text(one, "name", ""),
			    (long long)json_get_int(one, "rows", 0),
			    words_of(r, json_object_get(one, "title")));
	json_decref(o);
	return EXIT_DONE;
}

int
cmd_book_list(struct run *r)
{
	struct buf p, q;
	json_t *o;
	const json_t *row;
	size_t i;
	int code;

	buf_init(&p, 8192);
	buf_init(&q, 8192);
	buf_text(&p, "/registers");
	path_add(&p, r->word[0]);
	query_add(&q, "agency", r->option[OPT_AGENCY]);
	query_add(&q, "q", r->n > 1 ? r->word[1] : NULL);
	query_add(&q, "all", "1");
	o = run_get(r, buf_string(&p), &q, &code);
	buf_clear(&p);
	buf_clear(&q);
	if (o == NULL)
		return code;
	if (r->option[OPT_JSON] != NULL)
		print_json(o);
	else
		json_array_foreach(json_object_get(o, "rows"), i, row)
			(void)printf("%s\t%s\t%s\n",
			    json_get_text(
				json_object_get(row, "agency"), "key", ""),
			    json_get_text(row, "key", ""),
			    json_get_text(row, "title", ""));
	json_decref(o);
	return EXIT_DONE;
}

int
cmd_book_get(struct run *r)
{
	struct buf p;
	json_t *o, *row, *v;
	const char *name;
	int code;

	row_path(r, &p, NULL);
	o = run_get(r, buf_string(&p), NULL, &code);
	buf_clear(&p);
	if (o == NULL)
		return code;
	row = json_object_get(o, "row");
	if (!json_is_object(row)) {
		fail("no row '%s'", r->word[1]);
		code = EXIT_NO;
	} else if (r->option[OPT_JSON] != NULL) {
		print_json(row);
	} else {
		json_object_foreach(json_object_get(row, "fields"), name, v) {
			struct buf b;

			buf_init(&b, 1 << 16);
			if (json_is_string(v))
				buf_text(&b, json_string_value(v));
			else
				json_canonical(&b, v);
			(void)printf("%s\t%s\n", name, buf_string(&b));
			buf_clear(&b);
		}
	}
	json_decref(o);
	return code;
}

/* The row as it is, so that `set` changes only what is named. */
static json_t *
fields_now(struct run *r)
{
	struct buf p, body;
	json_t *o = NULL, *fields, *kept = json_object(), *v;
	const char *name;
	struct fault why;
	int status = 0;

	row_path(r, &p, NULL);
	buf_init(&body, (size_t)1 << 22);
	if (strcmp(r->word[1], "-") != 0 &&
	    r->b->read(run_data(r), buf_string(&p), "", &status, &body, &why) ==
		ERR_OK &&
	    status == 200 && json_read(buf_view(&body), &o, &why) != ERR_OK)
		o = NULL;
	buf_clear(&p);
	buf_clear(&body);
	fields = json_object_get(json_object_get(o, "row"), "fields");
	json_object_foreach(fields, name, v)
		if (!json_is_null(v))
			(void)json_object_set(kept, name, v);
	json_decref(o);
	return kept;
}

int
cmd_book_set(struct run *r)
{
	struct buf p, body;
	json_t *o = json_object(), *fields = fields_now(r), *out = NULL;
	int code;

	for (size_t i = 2; i < r->n; i++) {
		const char *eq = strchr(r->word[i], '=');
		struct buf name;

		if (eq == NULL) {
			json_decref(o);
			json_decref(fields);
			return usage(r, "'%s' is not FIELD=VALUE", r->word[i]);
		}
		buf_init(&name, 256);
		buf_add(&name, r->word[i], (size_t)(eq - r->word[i]));
		json_put_str(fields, buf_string(&name), eq + 1);
		buf_clear(&name);
	}
	(void)json_object_set_new(o, "fields", fields);
	if (r->option[OPT_EFFECTIVE] != NULL)
		json_put_str(o, "effective", r->option[OPT_EFFECTIVE]);
	buf_init(&body, FILE_MAX);
	json_canonical(&body, o);
	row_path(r, &p, NULL);
	code = run_send(r, "PUT", buf_string(&p), NULL, "application/json",
	    buf_view(&body), &out);
	if (code == EXIT_DONE && r->option[OPT_JSON] != NULL)
		print_json(out);
	buf_clear(&p);
	buf_clear(&body);
	json_decref(out);
	json_decref(o);
	return code;
}

int
cmd_book_void(struct run *r)
{
	struct buf p, body;
	json_t *o = json_object();
	int code;

	json_put_str(o, "ground",
	    r->option[OPT_GROUND] == NULL ? "" : r->option[OPT_GROUND]);
	buf_init(&body, 8192);
	json_canonical(&body, o);
	row_path(r, &p, "void");
	code = run_send(r, "POST", buf_string(&p), NULL, "application/json",
	    buf_view(&body), NULL);
	buf_clear(&p);
	buf_clear(&body);
	json_decref(o);
	return code;
}

int
cmd_book_history(struct run *r)
{
	struct buf p;
	json_t *o;
	const json_t *e;
	size_t i;
	int code;

	row_path(r, &p, "history");
	o = run_get(r, buf_string(&p), NULL, &code);
	buf_clear(&p);
	if (o == NULL)
		return code;
	if (r->option[OPT_JSON] != NULL)
		print_json(o);
	else
		json_array_foreach(json_object_get(o, "entries"), i, e)
			(void)printf("%lld\t%s\t%s\t%s\t%s\n",
			    (long long)json_get_int(e, "seq", 0),
			    json_get_text(e, "received", ""),
			    json_get_text(e, "action", ""),
			    json_get_text(e, "actor", ""),
			    json_get_text(e, "ground", ""));
	json_decref(o);
	return EXIT_DONE;
}

int
cmd_book_import(struct run *r)
{
	struct buf p, q, file;
	struct fault why;
	json_t *out = NULL;
	int code;

	buf_init(&file, FILE_MAX);
	if (file_read(r->word[1], &file, &why) != ERR_OK) {
		fail("%s", why.text);
		buf_clear(&file);
		return EXIT_COULD_NOT;
	}
	buf_init(&q, 8192);
	query_add(&q, "dry", r->option[OPT_DRY] == NULL ? NULL : "1");
	query_add(&q, "system", r->option[OPT_SYSTEM]);
	query_add(&q, "taken", r->option[OPT_TAKEN]);
	row_path(r, &p, "import");
	code = run_send(
	    r, "POST", buf_string(&p), &q, "text/csv", buf_view(&file), &out);
	if (out != NULL && r->option[OPT_JSON] != NULL)
		print_json(out);
	else if (out != NULL && r->option[OPT_DRY] != NULL)
		(void)printf("rows %lld, add %lld, change %lld, same %lld, "
			     "failed %lld\n",
		    (long long)json_get_int(out, "rows", 0),
		    (long long)json_get_int(out, "add", 0),
		    (long long)json_get_int(out, "change", 0),
		    (long long)json_get_int(out, "same", 0),
		    (long long)json_get_int(out, "failed", 0));
	if (code == EXIT_DONE && json_get_int(out, "failed", 0) > 0)
		code = EXIT_NO;
	json_decref(out);
	buf_clear(&p);
	buf_clear(&q);
	buf_clear(&file);
	return code;
}

int
cmd_book_export(struct run *r)
{
	struct buf p, q;
	struct buf text;
	struct fault why;
	json_t *o;
	int code;

	buf_init(&p, 8192);
	buf_init(&q, 8192);
	buf_text(&p, "/registers");
	path_add(&p, r->word[0]);
	if (r->option[OPT_JSON] == NULL)
		buf_text(&p, "/export");
	query_add(&q, "agency", r->option[OPT_AGENCY]);
	query_add(&q, "q", r->n > 1 ? r->word[1] : NULL);
	query_add(&q, "all", "1");
	query_add(&q, "lang", r->zh ? "zh" : "en");
	o = run_get(r, buf_string(&p), &q, &code);
	buf_clear(&p);
	buf_clear(&q);
	if (o == NULL)
		return code;
	buf_init(&text, FILE_MAX * 2);
	if (r->option[OPT_JSON] != NULL)
		json_pretty(&text, o);
	else if (!text_unbase64(
		     &text, span_text(json_get_text(o, "base64", ""))))
		code = EXIT_COULD_NOT;
	if (code == EXIT_DONE &&
	    file_write(r, buf_view(&text), &why) != ERR_OK) {
		fail("%s", why.text);
		code = EXIT_COULD_NOT;
	}
	buf_clear(&text);
	json_decref(o);
	return code;
}

int
cmd_account(struct run *r)
{
	/* The verb is the command's second word; see cli.c. */
	struct buf out;
	struct fault why;
	json_t *o = NULL;
	const json_t *one;
	size_t i;
	enum err e;

	buf_init(&out, (size_t)1 << 22);
	e = r->b->account(run_data(r), r->verb, r->n > 0 ? r->word[0] : "",
	    r->option[OPT_PERSON] == NULL ? "" : r->option[OPT_PERSON], &out,
	    &why);
	if (e == ERR_OK)
		e = json_read(buf_view(&out), &o, &why);
	buf_clear(&out);
	if (e != ERR_OK) {
		fail("%s", why.text);
		return e == ERR_NOT_FOUND || e == ERR_EXISTS ? EXIT_NO
							     : EXIT_COULD_NOT;
	}
	if (r->option[OPT_JSON] != NULL)
		print_json(o);
	else if (json_is_array(o))
		json_array_foreach(o, i, one)
			(void)printf("%s\t%s\t%s\n",
			    json_get_text(one, "name", ""),
			    json_get_text(one, "person", ""),
			    json_get_bool(one, "disabled", false) ? "disabled"
								  : "active");
	else if (json_object_get(o, "password") != NULL)
		(void)printf("%s\n", json_get_text(o, "password", ""));
	json_decref(o);
	return EXIT_DONE;
}
