/*
 * cli/ask.c: asking, and what came back.
 */
#include "cli/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)34 << 20)

void
fail(const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "beimen: ");
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\n");
}

const char *
run_data(const struct run *r)
{
	struct stat s;

	if (r->data != NULL)
		return r->data;
	if (stat("./data/lock", &s) != 0 &&
	    stat("/var/lib/beimen/lock", &s) == 0)
		return "/var/lib/beimen";
	return "./data";
}

static bool
plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' ||
	    c == '~';
}

static void
encode(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if (plain((uint8_t)*s))
			buf_u8(b, (uint8_t)*s);
		else
			buf_printf(b, "%%%02X", (unsigned)(uint8_t)*s);
}

void
query_add(struct buf *q, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (q->len > 0)
		buf_text(q, "&");
	buf_printf(q, "%s=", name);
	encode(q, value);
}

void
path_add(struct buf *p, const char *part)
{
	buf_text(p, "/");
	encode(p, part);
}

const char *
words_of(const struct run *r, const json_t *v)
{
	if (json_is_string(v))
		return json_string_value(v);
	return json_get_text(v, r->zh ? "zh" : "en", "");
}

/* Prints an error document: its line, and each wrong field or cell. */
static void
error_print(struct run *r, const json_t *o)
{
	const json_t *error = json_object_get(o, "error");
	const json_t *list = json_object_get(o, "errors"), *one;
	size_t i;

	if (error != NULL && json_array_size(list) == 0)
		fail("%s", words_of(r, json_object_get(error, "text")));
	json_array_foreach(list, i, one) {
		int64_t line = json_get_int(one, "line", 0);

		if (line > 0)
			fail("%lld: %s: %s", (long long)line,
			    json_get_text(one, "column", ""),
			    words_of(r, json_object_get(one, "text")));
		else
			fail("%s: %s", json_get_text(one, "field", ""),
			    words_of(r, json_object_get(one, "text")));
	}
}

static int
exit_of(int status)
{
	switch (status) {
	case 200:
	case 201:
		return EXIT_DONE;
	case 400:
		return EXIT_USAGE;
	case 404:
	case 409:
		return EXIT_NO;
	default:
		return EXIT_COULD_NOT;
	}
}

bool
run_bytes(struct run *r, const char *path, const struct buf *query,
    struct buf *out, int *exit_status)
{
	struct fault why;
	json_t *o = NULL;
	int status = 0;

	if (r->b->read(run_data(r), path,
		query == NULL ? "" : buf_string(query), &status, out,
		&why) != ERR_OK) {
		fail("%s", why.text);
		*exit_status = EXIT_COULD_NOT;
		return false;
	}
	*exit_status = exit_of(status);
	if (status == 200)
		return true;
	if (json_read(buf_view(out), &o, &why) == ERR_OK)
		error_print(r, o);
	json_decref(o);
	return false;
}

json_t *
run_get(
    struct run *r, const char *path, const struct buf *query, int *exit_status)
{
	struct buf body;
	struct fault why;
	json_t *o = NULL;

	buf_init(&body, ANSWER_MAX);
	if (run_bytes(r, path, query, &body, exit_status) &&
	    json_read(buf_view(&body), &o, &why) != ERR_OK) {
		fail("%s", why.text);
		*exit_status = EXIT_COULD_NOT;
	}
	buf_clear(&body);
	return o;
}

int
run_send(struct run *r, const char *method, const char *path,
    const struct buf *query, const char *type, struct span body, json_t **out)
{
	struct buf got;
	struct fault why;
	json_t *o = NULL;
	int status = 0, code = EXIT_COULD_NOT;

	buf_init(&got, ANSWER_MAX);
	if (r->b->write(run_data(r), method, path,
		query == NULL ? "" : buf_string(query), type, body, &status,
		&got, &why) != ERR_OK) {
		fail("%s", why.text);
	} else if (json_read(buf_view(&got), &o, &why) != ERR_OK) {
		fail("%s", why.text);
	} else {
		code = exit_of(status);
		if (code == EXIT_USAGE)
			code = EXIT_NO; /* the row is wrong, not the command */
		if (code != EXIT_DONE)
			error_print(r, o);
	}
	buf_clear(&got);
	if (out != NULL)
		*out = o;
	else
		json_decref(o);
	return code;
}

void
print_json(const json_t *v)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX * 2);
	json_pretty(&b, v);
	(void)fwrite(buf_string(&b), 1, b.len, stdout);
	(void)fputc('\n', stdout);
	buf_clear(&b);
}

enum err
file_read(const char *path, struct buf *b, struct fault *why)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO
					: open(path, O_RDONLY | O_CLOEXEC);
	enum err e = ERR_OK;
	ssize_t n = 1;

	if (fd == -1)
		return fault_sys(why, ERR_IO, "cannot open %s", path);
	while (n > 0) {
		uint8_t *to = buf_room(b, 65536);

		if (to == NULL) {
			e = fault_set(why, ERR_LIMIT, "%s is too long", path);
			break;
		}
		n = read(fd, to, 65536);
		if (n > 0)
			buf_took(b, (size_t)n);
		else if (n == -1 && errno == EINTR)
			n = 1;
		else if (n == -1)
			e = fault_sys(why, ERR_IO, "cannot read %s", path);
	}
	if (fd != STDIN_FILENO)
		(void)close(fd);
	return e;
}

enum err
file_write(struct run *r, struct span s, struct fault *why)
{
	const char *path = r->option[OPT_OUT];
	FILE *to = path == NULL ? stdout : fopen(path, "wbe");
	enum err e = ERR_OK;

	if (to == NULL)
		return fault_sys(why, ERR_IO, "cannot make %s", path);
	if (s.len > 0 && fwrite(s.at, 1, s.len, to) != s.len)
		e = fault_sys(why, ERR_IO, "cannot write %s",
		    path == NULL ? "output" : path);
	if (path == NULL)
		(void)fflush(to);
	else if (fclose(to) != 0 && e == ERR_OK)
		e = fault_sys(why, ERR_IO, "cannot write %s", path);
	return e;
}
