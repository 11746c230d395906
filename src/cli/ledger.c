/*
 * cli/ledger.c: the logs: their heads, whether they hold, and proofs.
 *
 * What is brought from outside (a head, a bundle, a key) is checked by the
 * room that shares no code with the server.
 */
#include "cli/inner.h"

#include <string.h>

#include "base/text.h"
#include "check/check.h"

#define COMMAND(word, sub, args, fn, options, help) command_fn fn;
#include "cli/command.tab"
#undef COMMAND

int
cmd_ledger_list(struct run *r)
{
	int code;
	json_t *o = run_get(r, "/ledger", NULL, &code);
	const json_t *l;
	size_t i;

	if (o == NULL)
		return code;
	if (r->option[OPT_JSON] != NULL)
		print_json(o);
	else
		json_array_foreach(json_object_get(o, "logs"), i, l)
			(void)printf("%s\t%lld\t%s\t%s\n",
			    json_get_text(l, "origin", ""),
			    (long long)json_get_int(l, "size", 0),
			    json_get_text(l, "root", ""),
			    json_get_text(l, "key", ""));
	json_decref(o);
	return EXIT_DONE;
}

int
cmd_ledger_checkpoint(struct run *r)
{
	struct buf path, text;
	struct fault why;
	json_t *o;
	int code;

	buf_init(&path, 4096);
	buf_init(&text, 1 << 16);
	buf_text(&path, "/ledger");
	path_add(&path, r->word[0]);
	buf_text(&path, "/checkpoint");
	o = run_get(r, buf_string(&path), NULL, &code);
	if (o != NULL &&
	    (!text_unbase64(&text, span_text(json_get_text(o, "base64", ""))) ||
		file_write(r, buf_view(&text), &why) != ERR_OK))
		code = EXIT_COULD_NOT;
	json_decref(o);
	buf_clear(&path);
	buf_clear(&text);
	return code;
}

/* --- whom we believe ---------------------------------------------------------- */

/* Of --key or --policy; NULL and the exit status when there is none. */
static struct check_policy *
policy_of(struct run *r, int *exit_status)
{
	const char *file = r->option[OPT_POLICY];
	struct check_policy *p = NULL;
	struct check_why what = { "" };
	struct buf text;
	struct fault why;

	*exit_status = EXIT_USAGE;
	if ((r->option[OPT_KEY] == NULL) == (file == NULL)) {
		*exit_status = usage(r,
		    "ledger %s needs --key or --policy: a key inside the "
		    "file would prove nothing",
		    r->verb);
		return NULL;
	}
	if (file == NULL) {
		if ((p = check_policy_key(r->option[OPT_KEY], &what)) == NULL)
			fail("--key: %s", what.text);
		return p;
	}
	buf_init(&text, CHECK_POLICY_MAX);
	if (file_read(file, &text, &why) != ERR_OK) {
		fail("%s", why.text);
		*exit_status = EXIT_COULD_NOT;
	} else if ((p = check_policy_read(
			(struct check_bytes){ text.at, text.len }, &what)) ==
	    NULL) {
		fail("--policy: %s", what.text);
	}
	buf_clear(&text);
	return p;
}

/* A head from outside. */
struct outside {
	char agency[64], size[32], root[2 * CHECK_HASH + 1];
};

/* Reads --head FILE under --key or --policy. EXIT_DONE, or why not. */
static int
outside_read(struct run *r, struct outside *o)
{
	struct check_policy *p;
	struct check_head head;
	struct check_why what = { "" };
	struct buf note, text;
	struct fault why;
	int code;
	size_t at;

	if ((p = policy_of(r, &code)) == NULL)
		return code;
	buf_init(&note, CHECK_BUNDLE_MAX);
	buf_init(&text, 4096);
	code = EXIT_COULD_NOT;
	if (file_read(r->option[OPT_HEAD], &note, &why) != ERR_OK) {
		fail("%s", why.text);
		goto out;
	}
	if (!check_note(
		p, (struct check_bytes){ note.at, note.len }, &head, &what)) {
		fail("%s: %s", r->option[OPT_HEAD], what.text);
		code = EXIT_NO;
		goto out;
	}
	for (at = head.origin.len; at > 0 && head.origin.at[at - 1] != '/';)
		at--;
	if (head.origin.len - at >= sizeof o->agency) {
		fail(
		    "%s: not the head of an agency's log", r->option[OPT_HEAD]);
		goto out;
	}
	memset(o, 0, sizeof *o);
	memcpy(o->agency, &head.origin.at[at], head.origin.len - at);
	buf_printf(&text, "%llu", (unsigned long long)head.size);
	memcpy(o->size, text.at, text.len);
	buf_reset(&text);
	text_hex(&text, span_of(head.root, CHECK_HASH));
	memcpy(o->root, text.at, text.len);
	code = EXIT_DONE;
out:
	check_policy_free(p);
	buf_clear(&note);
	buf_clear(&text);
	return code;
}

/* --- verifying ------------------------------------------------------------------ */

/* One agency's log, against a head from outside where there is one. */
static int
ledger_verify_one(
    struct run *r, const char *agency, const struct outside *outside)
{
	struct buf path, query;
	const json_t *p;
	json_t *o;
	size_t i;
	int code;

	buf_init(&path, 4096);
	buf_init(&query, 4096);
	buf_text(&path, "/ledger");
	path_add(&path, agency);
	buf_text(&path, "/verify");
	if (outside != NULL) {
		query_add(&query, "size", outside->size);
		query_add(&query, "root", outside->root);
		query_add(&query, "key", r->option[OPT_KEY]);
	}
	o = run_get(r, buf_string(&path), &query, &code);
	buf_clear(&path);
	buf_clear(&query);
	if (o == NULL)
		return code;
	if (!json_get_bool(o, "good", false))
		code = EXIT_NO;
	if (r->option[OPT_JSON] != NULL)
		print_json(o);
	else
		json_array_foreach(json_object_get(o, "problems"), i, p)
			fail("%s: %s", agency, json_string_value(p));
	json_decref(o);
	return code;
}

/* A head that somebody keeps outside: the whole log up to it and all that it
 * speaks of, down to the records' bytes. */
static int
ledger_verify_outside(struct run *r)
{
	struct outside o;
	int code = outside_read(r, &o), records;

	if (code != EXIT_DONE)
		return code;
	if (r->n > 0 && strcmp(r->word[0], o.agency) != 0) {
		fail("%s is the head of %s's log", r->option[OPT_HEAD],
		    o.agency);
		return EXIT_USAGE;
	}
	code = ledger_verify_one(r, o.agency, &o);
	if (code != EXIT_DONE && code != EXIT_NO)
		return code;
	r->option[OPT_AGENCY] = o.agency;
	records = cmd_log_verify(r);
	r->option[OPT_AGENCY] = NULL;
	return records > code ? records : code;
}

int
cmd_ledger_verify(struct run *r)
{
	json_t *o;
	const json_t *l;
	size_t i;
	int code, worst = EXIT_DONE;

	if (r->option[OPT_HEAD] != NULL)
		return ledger_verify_outside(r);
	if (r->n > 0)
		return ledger_verify_one(r, r->word[0], NULL);
	if ((o = run_get(r, "/ledger", NULL, &code)) == NULL)
		return code;
	json_array_foreach(json_object_get(o, "logs"), i, l) {
		code = ledger_verify_one(r,
		    json_get_text(json_object_get(l, "agency"), "key", ""),
		    NULL);
		if (code != EXIT_DONE)
			worst = code;
	}
	json_decref(o);
	return worst;
}

int
cmd_ledger_prove(struct run *r)
{
	struct buf path;
	int code;

	buf_init(&path, 4096);
	buf_text(&path, "/ledger");
	path_add(&path, r->word[0]);
	buf_text(&path, "/entries");
	path_add(&path, r->word[1]);
	buf_text(&path, "/proof");
	code = run_fetch(r, buf_string(&path));
	buf_clear(&path);
	return code;
}

/* --- proofs ------------------------------------------------------------------- */

/* What a good proof has shown. */
static void
shown_print(struct run *r, const struct check_shown *x)
{
	const struct span origin = span_of(x->origin.at, x->origin.len);
	const struct span raw = span_of(x->raw.at, x->raw.len);
	json_t *o = json_object();
	struct buf text;

	buf_init(&text, 4 * (size_t)CHECK_BUNDLE_MAX);
	json_put_text(o, "origin", origin);
	json_put_int(o, "size", (int64_t)x->size);
	json_put_int(o, "index", (int64_t)x->index);
	json_put_text(o, "signer", origin);
	json_put_int(o, "witnesses", x->n_witnesses);
	if (x->entry)
		buf_printf(&text, "%llu", (unsigned long long)x->seq);
	else
		buf_span(&text, span_of(x->id.at, x->id.len));
	json_put_text(o, "id", buf_view(&text));
	json_put_time(o, "received", x->received_us);
	if (x->entry) {
		json_put_text(o, "body", raw);
	} else {
		json_put_text(
		    o, "sender", span_of(x->sender.at, x->sender.len));
		json_put_text(o, "raw", raw);
	}
	if (r->option[OPT_JSON] != NULL) {
		print_json(o);
	} else {
		buf_reset(&text);
		(void)text_scrub(&text, raw);
		(void)printf("%s %s\t%s\t%s\n%s\n",
		    json_get_text(o, "origin", ""), json_get_text(o, "id", ""),
		    json_get_text(o, "received", ""),
		    json_get_text(o, "sender", ""), buf_string(&text));
	}
	buf_clear(&text);
	json_decref(o);
}

int
cmd_ledger_check(struct run *r)
{
	struct check_policy *p;
	struct check_shown shown;
	struct check_why what = { "" };
	struct buf file;
	struct fault why;
	int code;

	if ((p = policy_of(r, &code)) == NULL)
		return code;
	buf_init(&file, CHECK_BUNDLE_MAX);
	if (file_read(r->word[0], &file, &why) != ERR_OK) {
		fail("%s", why.text);
		code = EXIT_COULD_NOT;
	} else if (check_bundle((struct check_bytes){ file.at, file.len }, p,
		       &shown, &what)) {
		shown_print(r, &shown);
		check_shown_free(&shown);
		code = EXIT_DONE;
	} else {
		fail("%s: %s", r->word[0], what.text);
		code = EXIT_NO;
	}
	buf_clear(&file);
	check_policy_free(p);
	return code;
}
