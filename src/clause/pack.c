/*
 * clause/pack.c: a folder of clauses becomes a list in memory.
 *
 * Works on a pack's files, before fences close. Source: ARCHITECTURE.md,
 * "Clauses".
 */
#include "clause/pack.h"

#include "base/arena.h"
#include "base/when.h"
#include "clause/read.h"
#include "pack/yaml.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACK_MEMORY_MAX ((size_t)64 << 20)
#define CHAPTERS_MAX 99

struct pack {
	struct arena *arena;
	const char *id, *edition, *law;
	struct words title;
	int64_t in_force;
	struct words chapter[CHAPTERS_MAX + 1]; /* by number */
	struct clause *clause; /* sorted */
	size_t n;
};

/* Everything that loading passes around. */
struct loading {
	struct pack *pack;
	const char *path; /* as given, for error lines */
	int dir; /* the pack's folder */
	pack_mistake_fn *mistake;
	void *arg;
};

void
pack_free(struct pack *p)
{
	if (p == NULL)
		return;
	arena_free(p->arena);
	free(p);
}

/* The whole of a small text file, in the pack's arena. *out stays NULL when
 * there is no such file. */
static enum err
file_read(
    struct loading *l, const char *name, const char **out, struct fault *why)
{
	struct stat st;
	enum err e = ERR_OK;
	size_t len = 0;
	char *text;
	ssize_t n;
	int fd;

	fd = openat(l->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return ERR_OK;
	if (fd == -1)
		return fault_sys(why, ERR_IO, "%s/%s", l->path, name);
	if (fstat(fd, &st) == -1) {
		e = fault_sys(why, ERR_IO, "%s/%s", l->path, name);
		goto out;
	}
	if (st.st_size < 0 || (size_t)st.st_size > CLAUSE_FILE_MAX) {
		e = fault_set(why, ERR_LIMIT, "%s/%s: longer than %zu bytes",
		    l->path, name, CLAUSE_FILE_MAX);
		goto out;
	}
	text = arena_alloc(l->pack->arena, (size_t)st.st_size + 1);
	if (text == NULL) {
		e = fault_set(why, ERR_MEMORY, "%s/%s", l->path, name);
		goto out;
	}
	while (len < (size_t)st.st_size) {
		n = read(fd, text + len, (size_t)st.st_size - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (len != (size_t)st.st_size || memchr(text, 0, len) != NULL) {
		e = fault_set(why, ERR_IO, "%s/%s: cannot be read as text",
		    l->path, name);
		goto out;
	}
	*out = text;
out:
	close(fd);
	return e;
}

/* chapters: a list of {no, zh, en}. */
static void
read_chapters(struct reader *r, const json_t *o, struct pack *p)
{
	const json_t *list = json_object_get(o, "chapters");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);
		int64_t no = json_get_int(c, "no", 0);

		if (no < 1 || no > CHAPTERS_MAX) {
			read_wrong(r, "/chapters", "no such chapter number");
			return;
		}
		p->chapter[no].zh = read_text(r, c, "/chapters", "zh");
		p->chapter[no].en = read_text(r, c, "/chapters", "en");
	}
}

/* pack.yaml. */
static enum err
head_read(struct loading *l, struct fault *why)
{
	struct reader r = {
		.arena = l->pack->arena, .mistake = l->mistake, .arg = l->arg
	};
	char *name = arena_printf(r.arena, "%s/pack.yaml", l->path);
	struct pack *p = l->pack;
	const char *text = NULL, *in_force;
	const json_t *o;
	enum err e;

	if (name == NULL)
		return fault_set(why, ERR_MEMORY, "pack %s", l->path);
	if ((e = file_read(l, "pack.yaml", &text, why)) != ERR_OK)
		return e;
	if (text == NULL)
		return fault_set(why, ERR_NOT_FOUND, "%s: no such file", name);
	if ((e = yaml_read(span_text(text), name, &r.yaml, why)) != ERR_OK)
		return e;
	o = yaml_root(r.yaml);
	p->id = read_text(&r, o, "", "id");
	p->title = read_words(&r, o, "", "title");
	p->edition = read_text(&r, o, "", "edition");
	p->law = read_text(&r, o, "", "law");
	in_force = read_text(&r, o, "", "in_force");
	if (in_force != NULL &&
	    when_parse(span_text(in_force), &p->in_force, why) != ERR_OK)
		read_wrong(&r, "/in_force", "no such date: '%s'", in_force);
	read_chapters(&r, o, p);
	if (r.first != NULL)
		e = fault_set(why, ERR_SYNTAX, "%s", r.first);
	if (r.out_of_memory)
		e = fault_set(why, ERR_MEMORY, "pack %s", l->path);
	yaml_doc_free(r.yaml);
	return e;
}

/* A mistake that has no line: told, and kept as the clause's own. */
static void
clause_refuse(struct loading *l, struct clause *c, const char *line)
{
	if (l->mistake != NULL)
		l->mistake(l->arg, line);
	if (c->refused == NULL)
		c->refused = arena_text(l->pack->arena, span_text(line));
	if (c->refused == NULL)
		c->refused = "refused";
}

/* What a refused clause still shows, so that nobody reads a NULL. */
static void
clause_fill(struct pack *p, struct clause *c)
{
	struct words *w[] = { &c->title, &c->decided_by };

	for (size_t i = 0; i < 2; i++) {
		if (w[i]->zh == NULL)
			w[i]->zh = c->mode == MODE_HEADING ? "" : c->id;
		if (w[i]->en == NULL)
			w[i]->en = c->mode == MODE_HEADING ? "" : c->id;
	}
	if (c->text == NULL)
		c->text = "";
	if (c->actor == NULL)
		c->actor = "";
	if (c->chapter <= CHAPTERS_MAX)
		c->chapter_title = p->chapter[c->chapter];
	if (c->chapter_title.zh == NULL || c->chapter_title.en == NULL)
		c->chapter_title = (struct words){ "", "" };
	if (c->refused != NULL)
		c->sql = NULL;
}

/* Folder `id`: clause.yaml and check.sql. Only memory ends the loading. */
static enum err
clause_load(
    struct loading *l, const char *id, struct clause *c, struct fault *why)
{
	struct pack *p = l->pack;
	struct reader r = {
		.arena = p->arena, .mistake = l->mistake, .arg = l->arg
	};
	char *yaml = arena_printf(p->arena, "%s/clause.yaml", id);
	char *sql = arena_printf(p->arena, "%s/check.sql", id);
	char *name = arena_printf(p->arena, "%s/%s", l->path, yaml);
	const char *text = NULL;
	struct fault own;

	c->id = arena_text(p->arena, span_text(id));
	if (yaml == NULL || sql == NULL || name == NULL || c->id == NULL)
		return fault_set(why, ERR_MEMORY, "clause %s", id);
	c->mode = MODE_RECORDED;
	if (file_read(l, yaml, &text, &own) != ERR_OK) {
		clause_refuse(l, c, own.text);
	} else if (text == NULL) {
		(void)fault_set(&own, ERR_NOT_FOUND, "%s: no such file", name);
		clause_refuse(l, c, own.text);
	} else if (yaml_read(span_text(text), name, &r.yaml, &own) != ERR_OK) {
		clause_refuse(l, c, own.text);
	} else {
		clause_read(&r, c);
		c->refused = r.first;
	}
	yaml_doc_free(r.yaml);
	if (file_read(l, sql, &c->sql, &own) != ERR_OK)
		clause_refuse(l, c, own.text);
	if (c->chapter > CHAPTERS_MAX || p->chapter[c->chapter].zh == NULL) {
		(void)fault_set(&own, ERR_RANGE, "%s: no such chapter: %u",
		    name, c->chapter);
		if (c->refused == NULL)
			clause_refuse(l, c, own.text);
	}
	clause_fill(p, c);
	if (r.out_of_memory)
		return fault_set(why, ERR_MEMORY, "clause %s", id);
	return ERR_OK;
}

/* qsort's order. */
static int
by_id(const void *a, const void *b)
{
	const struct clause *x = a, *y = b;

	return clause_id_compare(x->id, y->id);
}

/* A folder's name is a clause when it is a number such as 12.1. */
static bool
is_clause_folder(const char *name)
{
	char id[CLAUSE_ID_MAX];

	return clause_id_parse(span_text(name), id) && strcmp(id, name) == 0;
}

/* Every clause folder. */
static enum err
clauses_load(struct loading *l, struct fault *why)
{
	struct pack *p = l->pack;
	struct clause *more;
	struct dirent *d;
	enum err e = ERR_OK;
	size_t room = 0;
	DIR *folder;
	int fd;

	fd = openat(l->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd == -1 ? NULL : fdopendir(fd);
	if (folder == NULL) {
		e = fault_sys(why, ERR_IO, "cannot list %s", l->path);
		if (fd != -1)
			close(fd);
		return e;
	}
	while (e == ERR_OK && (d = readdir(folder)) != NULL) {
		if (!is_clause_folder(d->d_name))
			continue;
		if (p->n == room) {
			room = room == 0 ? 64 : room * 2;
			more = reallocarray(p->clause, room, sizeof *more);
			if (more == NULL) {
				e = fault_set(why, ERR_MEMORY, "clauses");
				break;
			}
			p->clause = more;
		}
		p->clause[p->n] = (struct clause){ 0 };
		e = clause_load(l, d->d_name, &p->clause[p->n++], why);
	}
	closedir(folder);
	if (e == ERR_OK && p->n == 0)
		e = fault_set(
		    why, ERR_NOT_FOUND, "%s holds no clause", l->path);
	return e;
}

/* The list moves from the heap, where it grew, into the arena. */
static enum err
clauses_settle(struct pack *p, struct fault *why)
{
	struct clause *list = arena_array(p->arena, p->n, sizeof *list);

	if (list == NULL)
		return fault_set(why, ERR_MEMORY, "clauses");
	memcpy(list, p->clause, p->n * sizeof *list);
	free(p->clause);
	p->clause = list;
	qsort(list, p->n, sizeof *list, by_id);
	return ERR_OK;
}

enum err
pack_load(int dir, const char *path, struct pack **out,
    pack_mistake_fn *mistake, void *arg, struct fault *why)
{
	struct loading l = {
		.path = path, .dir = -1, .mistake = mistake, .arg = arg
	};
	struct pack *p;
	enum err e;

	if ((p = calloc(1, sizeof *p)) == NULL)
		return fault_set(why, ERR_MEMORY, "pack %s", path);
	l.pack = p;
	if ((p->arena = arena_new(PACK_MEMORY_MAX)) == NULL) {
		e = fault_set(why, ERR_MEMORY, "pack %s", path);
		goto out;
	}
	l.dir = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l.dir == -1) {
		e = fault_sys(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		    "cannot open pack %s", path);
		goto out;
	}
	if ((e = head_read(&l, why)) != ERR_OK)
		goto out;
	e = clauses_load(&l, why);
	if (e == ERR_OK)
		e = clauses_settle(p, why);
	if (e != ERR_OK) {
		free(p->clause);
		goto out;
	}
	*out = p;
	p = NULL;
out:
	if (l.dir != -1)
		close(l.dir);
	pack_free(p);
	return e;
}

const char *
pack_id(const struct pack *p)
{
	return p->id;
}

struct words
pack_title(const struct pack *p)
{
	return p->title;
}

const char *
pack_edition(const struct pack *p)
{
	return p->edition;
}

const char *
pack_law(const struct pack *p)
{
	return p->law;
}

int64_t
pack_in_force(const struct pack *p)
{
	return p->in_force;
}

size_t
pack_count(const struct pack *p)
{
	return p->n;
}

const struct clause *
pack_at(const struct pack *p, size_t at)
{
	assert(at < p->n);
	return &p->clause[at];
}

const struct clause *
pack_clause(const struct pack *p, const char *id)
{
	size_t from = 0, to = p->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int c = clause_id_compare(id, p->clause[mid].id);

		if (c == 0)
			return strcmp(id, p->clause[mid].id) == 0
			    ? &p->clause[mid]
			    : NULL;
		if (c < 0)
			to = mid;
		else
			from = mid + 1;
	}
	return NULL;
}

const struct clause *
pack_find(const struct pack *p, struct span query)
{
	char id[CLAUSE_ID_MAX];

	return clause_id_parse(query, id) ? pack_clause(p, id) : NULL;
}

bool
clause_judged(const struct clause *c)
{
	return c->mode != MODE_INFO && c->mode != MODE_HEADING;
}

const struct clause_param *
clause_param(const struct clause *c, struct span name)
{
	for (unsigned i = 0; i < c->n_params; i++)
		if (span_is(name, c->params[i].name))
			return &c->params[i];
	return NULL;
}

const struct clause_problem *
clause_problem(const struct clause *c, struct span code)
{
	for (unsigned i = 0; i < c->n_problems; i++)
		if (span_is(code, c->problems[i].code))
			return &c->problems[i];
	return NULL;
}
