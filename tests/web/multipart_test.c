/*
 * tests/web/multipart_test.c: uploads, friendly and hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "web/multipart.h"

#define TYPE "multipart/form-data; boundary=xYz"
#define NAMED(n) "Content-Disposition: form-data; name=\"" n "\"\r\n"

/* A file and a field arrive as the browser sent them. */
static void
an_upload_gives_its_parts(void **state)
{
	static const char body[] = "--xYz\r\n" NAMED(
	    "agency") "\r\nmain\r\n"
		      "--xYz\r\nContent-Disposition: form-data; name=\"file\"; "
		      "filename=\"../../etc/passwd\"\r\nContent-Type: "
		      "text/csv\r\n\r\n"
		      "a,b\r\n--not it\r\n1,2\r\n\r\n--xYz\r\n" NAMED(
			  "empty") "\r\n\r\n--xYz--\r\n";
	struct multipart m;
	const struct multipart_part *p;

	(void)state;
	assert_int_equal(
	    multipart_parse(TYPE, SPAN_LIT(body), &m, NULL), ERR_OK);
	assert_int_equal(m.n, 3);
	assert_true(span_is(multipart_find(&m, "agency")->content, "main"));
	p = multipart_find(&m, "file");
	assert_true(span_is(p->content, "a,b\r\n--not it\r\n1,2\r\n"));
	assert_true(span_is(p->type, "text/csv"));
	assert_true(span_is(p->filename, "../../etc/passwd"));
	assert_int_equal(multipart_find(&m, "empty")->content.len, 0);
	assert_null(multipart_find(&m, "none"));
}

/* Whatever is not strictly of the form is refused, with the place. */
static void
a_malformed_upload_is_refused(void **state)
{
	static const struct {
		const char *type, *body;
	} bad[] = {
		{ "multipart/form-data", "--xYz--" },
		{ "multipart/form-data; boundary=", "----" },
		{ "multipart/form-data; boundary=a b", "--a b--" },
		{ "multipart/form-data; boundary=a; boundary=b", "--a--" },
		{ "multipart/form-data; boundary=\"a", "--a--" },
		{ "text/plain; boundary=xYz", "--xYz--" },
		{ TYPE, "" },
		{ TYPE, "--xYz" },
		{ TYPE, "--xY" },
		{ TYPE, "preamble\r\n--xYz--" },
		{ TYPE, "--xYz\r\n" },
		{ TYPE, "--xYz\n" NAMED("a") "\n\nx\n--xYz--" },
		{ TYPE, "--xYz\r\n\r\nx\r\n--xYz--" },
		{ TYPE, "--xYz\r\n" NAMED("a") "\r\nx" },
		{ TYPE, "--xYz\r\n" NAMED("a") "\r\nx\r\n--xYz" },
		{ TYPE, "--xYz\r\n" NAMED("a") "\r\nx\r\n--xYz-" },
		{ TYPE, "--xYz\r\n" NAMED("") "\r\nx\r\n--xYz--" },
		{ TYPE, "--xYz\r\n" NAMED("a") NAMED("b") "\r\nx\r\n--xYz--" },
		{ TYPE,
		    "--xYz\r\nContent-Disposition: form-data; name=\"a\"; "
		    "name=\"b\"\r\n\r\nx\r\n--xYz--" },
		{ TYPE,
		    "--xYz\r\nContent-Disposition: attachment; "
		    "name=\"a\"\r\n\r\nx\r\n--xYz--" },
		{ TYPE, "--xYz\r\n" NAMED("a") " folded\r\n\r\nx\r\n--xYz--" },
		{ TYPE, "--xYz\r\n" NAMED("a\xff") "\r\nx\r\n--xYz--" },
		{ TYPE, "--xYz\r\nno colon\r\n\r\nx\r\n--xYz--" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct multipart m = { .n = 9 };
		struct fault why = { 0 };

		assert_int_equal(multipart_parse(bad[i].type,
				     span_text(bad[i].body), &m, &why),
		    ERR_SYNTAX);
		assert_true(why.text[0] != '\0');
		assert_int_equal(m.n, 9);
	}
}

/* Parts and headers without end are bounded. */
static void
endless_parts_are_refused(void **state)
{
	struct multipart m;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 100; i++)
		buf_text(&b, "--xYz\r\n" NAMED("a") "\r\nx\r\n");
	buf_text(&b, "--xYz--");
	assert_int_equal(
	    multipart_parse(TYPE, buf_view(&b), &m, NULL), ERR_LIMIT);
	buf_reset(&b);
	buf_text(&b, "--xYz\r\n");
	for (int i = 0; i < 1000; i++)
		buf_text(&b, "X-Pad: aaaaaaaaaaaaaaaaaaa\r\n");
	buf_text(&b, NAMED("a") "\r\nx\r\n--xYz--");
	assert_int_equal(
	    multipart_parse(TYPE, buf_view(&b), &m, NULL), ERR_SYNTAX);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(an_upload_gives_its_parts),
		cmocka_unit_test(a_malformed_upload_is_refused),
		cmocka_unit_test(endless_parts_are_refused),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
