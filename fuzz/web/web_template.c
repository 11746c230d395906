/*
 * fuzz/web/web_template.c: data of any kind in every shape of value. Nothing
 * in it may open a tag, end an attribute or turn the direction of writing.
 */
#include "web/template.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char page[] =
    "<p title=\"{{x}}\">{{x}}</p>|{{l x}}|{{d x}}|"
    "{{w x}}|{{s x}}|{{n x}}|{{m state. x}}|<a class=\"c-{{c x}}\" "
    "href=\"{{u x}}\"></a><a href=\"/a/{{q x}}\"></a>"
    "{{#x}}{{.}}{{zh}}{{#a}}{{.}}{{/a}}{{/x}}{{^x}}-{{/x}}";

/* The marks that the template itself writes. */
static size_t
count(struct span s, uint8_t c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.at[i] == c;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct templates *t;
	struct embedded table[] = { { "t.html", SPAN_LIT(page) },
		{ NULL, { NULL, 0 } } };
	json_t *v = NULL, *root;
	struct buf b;

	if (t == NULL && template_compile(table, &t, NULL) != ERR_OK)
		abort();
	if (json_read(span_of(data, len), &v, NULL) != ERR_OK) {
		v = json_object();
		json_put_text(v, "x", span_of(data, len));
		root = json_incref(json_object_get(v, "x"));
		json_decref(v);
		v = root;
	}
	root = json_object();
	(void)json_object_set_new(root, "x", v);
	buf_init(&b, 1 << 22);
	if (template_draw(t, "t", root, len % 2 ? LANG_EN : LANG_ZH, &b,
		NULL) == ERR_OK) {
		struct span s = buf_view(&b);

		if (count(s, '<') != 6 || count(s, '>') != 6 ||
		    count(s, '"') != 8 || count(s, '\'') != 0 ||
		    count(s, '`') != 0 || count(s, '\r') != 0 ||
		    span_find_text(s, "\xe2\x80\xae") != SIZE_MAX ||
		    span_find_text(s, "href=\"//") != SIZE_MAX)
			abort();
	}
	buf_clear(&b);
	json_decref(root);
	return 0;
}
