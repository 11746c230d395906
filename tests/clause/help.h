/*
 * tests/clause/help.h: the city's pack, the book's tables, folders to spoil.
 */
#ifndef TESTS_CLAUSE_HELP_H
#define TESTS_CLAUSE_HELP_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "book/book.h"
#include "clause/cases.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACK "regulations/taipei-2019"

/* Every call of the product in a test says why it failed. */
#define OK(call)                                             \
	do {                                                 \
		why.text[0] = '\0';                          \
		if ((call) != ERR_OK)                        \
			fail_msg("%s: %s", #call, why.text); \
	} while (0)

static inline int
source_root(void)
{
	const char *src = getenv("SRC");
	int dir = open(src == NULL ? "." : src, O_RDONLY | O_DIRECTORY);

	assert_int_not_equal(dir, -1);
	return dir;
}

static inline void
mistake_fails(void *arg, const char *line)
{
	(void)arg;
	fail_msg("%s", line);
}

static inline struct pack *
city_pack(void)
{
	struct pack *p = NULL;
	struct fault why;
	int dir = source_root();

	OK(pack_load(dir, PACK, &p, mistake_fails, NULL, &why));
	close(dir);
	return p;
}

static inline struct schema *
city_schema(void)
{
	struct schema *s = NULL;
	struct fault why;
	int dir = source_root(), registers;

	registers = openat(dir, "registers", O_RDONLY | O_DIRECTORY);
	assert_int_not_equal(registers, -1);
	OK(schema_load(registers, &s, &why));
	close(registers);
	close(dir);
	return s;
}

/* A cases_schema_fn: the book's own tables. */
static inline enum err
city_tables(void *arg, struct sql *db, struct fault *why)
{
	return book_tables(db, arg, why);
}

/* A folder of its own below TMPDIR. */
static inline char *
temp_make(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = NULL;

	assert_true(asprintf(&path, "%s/beimen-XXXXXX",
			tmp == NULL ? "/tmp" : tmp) > 0);
	assert_non_null(mkdtemp(path));
	return path;
}

static inline void
temp_write(
    const char *root, const char *folder, const char *name, const char *text)
{
	char path[512];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", root, folder);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static inline void
temp_drop(char *root, const char *const *files)
{
	char path[512];

	for (; *files != NULL; files++) {
		(void)snprintf(path, sizeof path, "%s/%s", root, *files);
		assert_int_equal(remove(path), 0);
	}
	assert_int_equal(rmdir(root), 0);
	free(root);
}

#endif
