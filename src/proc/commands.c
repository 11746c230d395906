/*
 * proc/commands.c: the command line's ways to the processes.
 *
 * A running server is asked over its control socket. Without one, reading
 * commands start the same reader process on the files, alone.
 */
#include "proc/commands.h"
#include "proc/detection_test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "book/book.h"
#include "clause/cases.h"
#include "crypt/crypt.h"
#include "proc/api.h"
#include "proc/folder.h"
#include "proc/normal.h"
#include "proc/replica.h"
#include "proc/settings.h"
#include "proc/share.h"
#include "proc/supervisor.h"

#define ASK_MS 120000

/* The settings with an absolute data folder and a host name. */
static enum err
settings_whole(const char *file, const char *const *option, size_t n,
    json_t **out, struct fault *why)
{
	char host[HOST_NAME_MAX + 1] = "localhost";
	char path[PATH_MAX];
	const char *data;
	json_t *s;
	enum err e = settings_read(file, option, n, &s, why);

	if (e != ERR_OK)
		return e;
	data = json_get_text(s, "data", "./data");
	if (data[0] != '/' && getcwd(path, sizeof path) != NULL) {
		struct buf b;

		buf_init(&b, PATH_MAX);
		buf_printf(&b, "%s/%s", path,
		    strncmp(data, "./", 2) == 0 ? data + 2 : data);
		json_put_str(s, "data", buf_string(&b));
		buf_clear(&b);
	}
	if (json_get_text(s, "host", "")[0] == '\0') {
		if (gethostname(host, sizeof host - 1) == -1)
			memcpy(host, "localhost", 10);
		json_put_str(s, "host", host);
	}
	*out = s;
	return ERR_OK;
}

static int
serve(const char *file, const char *const *option, size_t n)
{
	json_t *settings;
	struct fault why;
	int status;

	if (settings_whole(file, option, n, &settings, &why) != ERR_OK) {
		(void)fprintf(stderr, "beimen: %s\n", why.text);
		return EXIT_USAGE;
	}
	status = supervisor_serve(settings);
	json_decref(settings);
	return status;
}

static void
settings_print(void)
{
	(void)printf("beimen serve [--config FILE] [--NAME VALUE]…\n");
#define SETTING(name, type, value, help) \
	(void)printf("  --%-20s %s (%s)\n", #name, help, value);
#include "proc/setting.tab"
#undef SETTING
}

/* A connection to a process of the server on this data folder; to a reader
 * started alone when none runs. */
static enum err
way_open(const char *data, enum role role, struct wire **out, struct fault *why)
{
	int fd = -1;
	enum err e;

	if (folder_is_served(data)) {
		e = supervisor_visit(data, role, &fd, why);
	} else if (role == ROLE_READER && access(data, F_OK) == 0) {
		struct buf option;
		json_t *settings;
		const char *options[1];

		buf_init(&option, PATH_MAX + 8);
		buf_printf(&option, "data=%s", data);
		options[0] = buf_string(&option);
		e = settings_whole(NULL, options, 1, &settings, why);
		buf_clear(&option);
		if (e == ERR_OK)
			e = supervisor_lend(settings, role, &fd, why);
	} else {
		e = fault_set(why, ERR_GONE, "no server runs on %s", data);
	}
	if (e != ERR_OK)
		return e;
	if ((*out = wire_new(fd)) == NULL)
		return fault_set(why, ERR_MEMORY, "connection");
	return ERR_OK;
}

/* One ask over a connection that is kept for the next: a stopped server's
 * reader starts once. */
static enum err
ask(const char *data, enum role role, uint16_t call, struct span what,
    struct buf *out, struct fault *why)
{
	static struct wire *way[ROLE_N];
	struct span body;
	enum err e = ERR_OK;

	if (way[role] == NULL)
		e = way_open(data, role, &way[role], why);
	if (e == ERR_OK)
		e = wire_ask(way[role], call, what, ASK_MS, &body, why);
	if (e != ERR_OK)
		return e;
	buf_span(out, body);
	return buf_error(out) == ERR_OK
	    ? ERR_OK
	    : fault_set(why, ERR_LIMIT, "the answer is too long");
}

/* Takes status and body apart. */
static enum err
resource(const char *data, enum role role, uint16_t call,
    const struct api_ask *q, int *status, struct buf *body, struct fault *why)
{
	struct buf what, got;
	struct cursor c;
	enum err e;

	buf_init(&what, WIRE_WHOLE);
	buf_init(&got, WIRE_WHOLE);
	api_ask_print(&what, q);
	e = buf_error(&what) == ERR_OK
	    ? ask(data, role, call, buf_view(&what), &got, why)
	    : fault_set(why, ERR_LIMIT, "the request is too long");
	if (e == ERR_OK) {
		c = cursor_of(buf_view(&got));
		*status = cursor_u16(&c);
		buf_span(body, cursor_rest(&c));
	}
	buf_clear(&what);
	buf_clear(&got);
	return e;
}

static enum err
command_read(const char *data, const char *path, const char *query, int *status,
    struct buf *body, struct fault *why)
{
	const struct api_ask q = { .method = SPAN_LIT("GET"),
		.path = span_text(path),
		.query = span_text(query) };

	return resource(data, ROLE_READER, READER_READ, &q, status, body, why);
}

static enum err
command_write(const char *data, const char *method, const char *path,
    const char *query, const char *type, struct span body, int *status,
    struct buf *out, struct fault *why)
{
	const struct api_ask q = { .method = span_text(method),
		.path = span_text(path),
		.query = span_text(query),
		.type = span_text(type),
		.body = body };

	return resource(data, ROLE_BOOK, BOOK_WRITE, &q, status, out, why);
}

static enum err
command_seal(const char *data, const char *part, uint64_t *n, struct fault *why)
{
	struct buf got;
	struct cursor c;
	enum err e;

	buf_init(&got, 64);
	e = ask(data, ROLE_KEEPER, KEEPER_SEAL, span_text(part), &got, why);
	c = cursor_of(buf_view(&got));
	*n = cursor_u64(&c);
	buf_clear(&got);
	return e;
}

static enum err
command_account(const char *data, const char *verb, const char *name,
    const char *person, struct buf *out, struct fault *why)
{
	struct buf what;
	enum err e;

	buf_init(&what, 4096);
	buf_block(&what, span_text(verb));
	buf_block(&what, span_text(name));
	buf_block(&what, span_text(person));
	e = ask(data, ROLE_GATE, GATE_ACCOUNT, buf_view(&what), out, why);
	buf_clear(&what);
	return e;
}

/* ---- clause test ---- */

static enum err
tables_make(void *arg, struct sql *db, struct fault *why)
{
	return book_tables(db, arg, why);
}

static void
case_done(
    void *arg, const struct clause *c, const char *name, const char *wrong)
{
	(void)arg;
	if (wrong == NULL)
		(void)printf("ok %s: %s\n", c->id, name);
	else
		(void)printf("not ok %s: %s: %s\n", c->id, name, wrong);
}

/* The cases of one clause; those without cases.yaml are passed over. */
static bool
clause_cases(const char *path, const struct clause *c, struct schema *schema,
    struct cases_sum *sum)
{
	struct fault why;
	enum err e = cases_run(
	    AT_FDCWD, path, c, tables_make, schema, case_done, NULL, sum, &why);

	if (e == ERR_OK || e == ERR_NOT_FOUND)
		return true;
	(void)fprintf(stderr, "beimen: %s\n", why.text);
	return false;
}

static int
clause_test(const char *const *id, size_t n)
{
	json_t *settings = NULL;
	struct schema *schema = NULL;
	struct pack *pack = NULL;
	struct cases_sum sum = { 0 };
	struct fault why;
	struct buf path;
	bool good = true;
	enum err e;

	buf_init(&path, PATH_MAX);
	if ((e = crypt_start(&why)) != ERR_OK ||
	    (e = settings_read(NULL, NULL, 0, &settings, &why)) != ERR_OK ||
	    (e = share_registers(settings, &schema, &why)) != ERR_OK ||
	    (e = share_path(
		 settings, "regulations/taipei-2019", &path, &why)) != ERR_OK ||
	    (e = share_pack(settings, &pack, &why)) != ERR_OK)
		goto out;
	for (size_t i = 0; n == 0 && i < pack_count(pack); i++)
		good &= clause_cases(
		    buf_string(&path), pack_at(pack, i), schema, &sum);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const struct clause *c = pack_find(pack, span_text(id[i]));

		if (c == NULL)
			e = fault_set(
			    &why, ERR_NOT_FOUND, "no clause '%s'", id[i]);
		else
			good &= clause_cases(
			    buf_string(&path), c, schema, &sum);
	}
	if (e == ERR_OK)
		(void)printf(
		    "%u passed, %u failed\n", sum.n - sum.failed, sum.failed);
out:
	if (e != ERR_OK)
		(void)fprintf(stderr, "beimen: %s\n", why.text);
	pack_free(pack);
	schema_free(schema);
	json_decref(settings);
	buf_clear(&path);
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? EXIT_NO : EXIT_COULD_NOT;
	return good && sum.failed == 0 ? EXIT_DONE : EXIT_NO;
}

const struct cli_backend commands_backend = {
	.serve = serve,
	.settings = settings_print,
	.read = command_read,
	.write = command_write,
	.seal = command_seal,
	.account = command_account,
	.clause_test = clause_test,
	.detection_test = detection_test,
	.normalize_test = normal_test,
	.normalize_import = normal_import,
	.replica = replica_run,
	.version = BEIMEN_VERSION,
};
