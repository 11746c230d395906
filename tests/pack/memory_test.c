/*
 * tests/pack/memory_test.c: every allocation of base and pack fails once.
 *
 * The linker sends our calls of malloc and its kin here (meson.build says
 * which), jansson's among them. Whatever fails, the answer is
 * ERR_MEMORY, nothing is lost, and nothing is half done.
 */
#include "pack/csv.h"
#include "pack/yaml.h"
#include "pack/zstd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/env_fault.h"
#include "base/text.h"

void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *p, size_t len);
void *__real_reallocarray(void *p, size_t n, size_t len);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *p, size_t len);
void *__wrap_reallocarray(void *p, size_t n, size_t len);
char *__wrap_strdup(const char *s);

static unsigned nth, count; /* the nth call fails; 0: none does */

static bool
fails(void)
{
	return ++count == nth;
}

void *
__wrap_malloc(size_t len)
{
	return fails() ? NULL : __real_malloc(len);
}

void *
__wrap_calloc(size_t n, size_t len)
{
	return fails() ? NULL : __real_calloc(n, len);
}

void *
__wrap_realloc(void *p, size_t len)
{
	return fails() ? NULL : __real_realloc(p, len);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t len)
{
	return fails() ? NULL : __real_reallocarray(p, n, len);
}

char *
__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

/* Does a piece of work with the 1st, 2nd, … allocation failing, until one
 * run needs fewer; that run must succeed, and all before it fail so. */
static void walk(enum err (*work)(struct fault *))
{
	for (unsigned n = 1;; n++) {
		struct fault why = { 0 };
		enum err e;

		assert_true(n < 10000);
		nth = n;
		count = 0;
		e = work(&why);
		nth = 0;
		if (count < n) {
			assert_int_equal(e, ERR_OK);
			assert_true(n > 1);
			return;
		}
		if (e != ERR_MEMORY)
			fail_msg(
			    "allocation %u: %s %s", n, err_name(e), why.text);
	}
}

static enum err
read_json(struct fault *why)
{
	static const char text[] = "{\"b\":[1,\"x\",{\"c\":null}],\"a\":1.5}";
	json_t *v;
	struct buf b;
	enum err e = json_read(SPAN_LIT(text), &v, why);

	if (e != ERR_OK)
		return e;
	buf_init(&b, 1000);
	json_canonical(&b, v);
	if ((e = buf_error(&b)) == ERR_OK)
		assert_string_equal(
		    buf_string(&b), "{\"a\":1.5,\"b\":[1,\"x\",{\"c\":null}]}");
	buf_clear(&b);
	json_decref(v);
	return e;
}

/* What cannot be put is left out, never put wrongly. */
static enum err
put_json(struct fault *why)
{
	json_t *o = json_object();
	bool all;

	(void)why;
	if (o == NULL)
		return ERR_MEMORY;
	json_put_text(o, "a", span_of("x\xFFy", 3));
	json_put_int(o, "b", 7);
	json_put_time(o, "c", 1000000);
	all = json_object_size(o) == 3;
	if (json_object_get(o, "a") != NULL)
		assert_string_equal(
		    json_get_text(o, "a", ""), "x\xEF\xBF\xBDy");
	assert_true(json_get_int(o, "b", 7) == 7);
	json_decref(o);
	return all ? ERR_OK : ERR_MEMORY;
}

static enum err
read_yaml(struct fault *why)
{
	struct yaml *y;
	enum err e = yaml_read(
	    SPAN_LIT("a: [1, b, {c: ~}]\n"
		     "d: 'long enough to be worth a word'\ne: true\n"),
	    "f", &y, why);

	if (e != ERR_OK)
		return e;
	assert_int_equal(json_object_size(yaml_root(y)), 3);
	assert_int_equal(yaml_line(y, "/d"), 2);
	yaml_doc_free(y);
	return ERR_OK;
}

static enum err
read_csv(struct fault *why)
{
	struct csv *c;
	struct csv_row row;
	bool more = true;
	size_t n = 0;
	enum err e = csv_open(SPAN_LIT("a,b\n\"say \"\"x\"\"\",2\n"
				       ",,,,,,,,,,,,,,,,,,,,\n"),
	    CSV_LIMITS, &c, why);

	if (e != ERR_OK)
		return e;
	while (e == ERR_OK && more) {
		e = csv_next(c, &row, &more, why);
		n += e == ERR_OK && more ? row.n : 0;
	}
	if (e == ERR_OK)
		assert_int_equal(n, 2 + 2 + 21);
	csv_close(c);
	return e;
}

static enum err
pack_and_unpack(struct fault *why)
{
	static const struct span text = SPAN_LIT("hello hello hello hello");
	struct buf packed, plain;
	enum err e;

	buf_init(&packed, 1000);
	buf_init(&plain, 1000);
	e = zstd_pack(&packed, text, 3, why);
	if (e == ERR_OK)
		e = zstd_unpack(&plain, buf_view(&packed), 100, why);
	if (e == ERR_OK)
		assert_true(span_equal(buf_view(&plain), text));
	buf_clear(&packed);
	buf_clear(&plain);
	return e;
}

static enum err
use_base(struct fault *why)
{
	struct arena *a = arena_new(1 << 16);
	struct env *env = env_fault_new(env_system());
	struct buf b;
	enum err e = ERR_MEMORY;

	(void)why;
	buf_init(&b, 1 << 16);
	if (a == NULL || env == NULL || arena_alloc(a, 100) == NULL ||
	    arena_alloc(a, 10000) == NULL)
		goto out;
	for (int i = 0; i < 500; i++)
		buf_printf(&b, "%d ", i);
	text_hex(&b, SPAN_LIT("abc"));
	e = buf_error(&b);
out:
	buf_clear(&b);
	env_fault_free(env);
	arena_free(a);
	return e;
}

static void
json_survives_each_failing_allocation(void **state)
{
	(void)state;
	walk(read_json);
	walk(put_json);
}

static void
yaml_survives_each_failing_allocation(void **state)
{
	(void)state;
	walk(read_yaml);
}

static void
csv_survives_each_failing_allocation(void **state)
{
	(void)state;
	walk(read_csv);
}

static void
zstd_survives_each_failing_allocation(void **state)
{
	(void)state;
	walk(pack_and_unpack);
}

static void
bytes_survive_each_failing_allocation(void **state)
{
	(void)state;
	walk(use_base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_survive_each_failing_allocation),
		cmocka_unit_test(json_survives_each_failing_allocation),
		cmocka_unit_test(yaml_survives_each_failing_allocation),
		cmocka_unit_test(csv_survives_each_failing_allocation),
		cmocka_unit_test(zstd_survives_each_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
