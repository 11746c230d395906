/*
 * fuzz/web/web_multipart.c: an upload of any bytes; the first line is its
 * Content-Type.
 */
#include "web/multipart.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cursor_of(span_of(data, len));
	struct span type = cursor_until(&c, '\n', NULL);
	struct span body = cursor_rest(&c);
	char *text = calloc(1, type.len + 1);
	struct multipart m;

	if (text == NULL)
		abort();
	if (type.len != 0)
		memcpy(text, type.at, type.len);
	if (multipart_parse(text, body, &m, NULL) == ERR_OK)
		for (unsigned i = 0; i < m.n; i++) {
			const struct multipart_part *p = &m.part[i];

			if (p->name.len == 0 ||
			    p->name.len > MULTIPART_NAME_MAX ||
			    p->content.len > body.len ||
			    (p->content.len != 0 &&
				(p->content.at < body.at ||
				    p->content.at + p->content.len >
					body.at + body.len)))
				abort();
			(void)multipart_find(&m, "file");
		}
	free(text);
	return 0;
}
