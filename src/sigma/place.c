/*
 * sigma/place.c: where in a rule something stands, for lines of error.
 */
#include "sigma/inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

size_t
place_down(struct place *p, const char *key)
{
	size_t mark = strlen(p->pointer), n = mark;
	size_t room = sizeof p->pointer - 1;

	/* What does not fit is left out: the line is then the parent's. */
	if (mark + 2 * strlen(key) + 1 > room)
		return mark;
	p->pointer[n++] = '/';
	for (; *key != '\0'; key++) {
		if (*key == '~' || *key == '/') {
			p->pointer[n++] = '~';
			p->pointer[n++] = *key == '/' ? '1' : '0';
		} else {
			p->pointer[n++] = *key;
		}
	}
	p->pointer[n] = '\0';
	return mark;
}

size_t
place_item(struct place *p, size_t i)
{
	char text[24];
	size_t n = sizeof text - 1;

	text[n] = '\0';
	do
		text[--n] = (char)('0' + i % 10);
	while ((i /= 10) > 0);
	return place_down(p, text + n);
}

void
place_up(struct place *p, size_t mark)
{
	p->pointer[mark] = '\0';
}

/* The text of a line, from 1. */
static struct span
line_of(struct span whole, unsigned line)
{
	struct cursor c = cursor_of(whole);
	struct span s = SPAN_EMPTY;

	while (line-- > 0)
		s = cursor_until(&c, '\n', NULL);
	return s;
}

enum err
place_fault(const struct place *p, const char *word, struct fault *why,
    enum err code, const char *fmt, ...)
{
	unsigned line = p->yaml == NULL ? 1 : yaml_line(p->yaml, p->pointer);
	struct span text = line_of(p->whole, line);
	char said[FAULT_TEXT_MAX];
	size_t at = SIZE_MAX;
	va_list ap;

	if (word != NULL)
		at = span_find_text(text, word);
	for (size_t i = 0; at == SIZE_MAX && i < text.len; i++)
		if (text.at[i] != ' ' && text.at[i] != '-')
			at = i;
	va_start(ap, fmt);
	(void)vsnprintf(said, sizeof said, fmt, ap);
	va_end(ap);
	return fault_set(why, code, "%s:%u:%zu: %s", p->name, line,
	    at == SIZE_MAX ? (size_t)1 : at + 1, said);
}

enum err
set_grow(void *array, uint32_t n, uint32_t *cap, size_t size, struct fault *why)
{
	uint32_t more = *cap == 0 ? 64 : *cap * 2;
	void *old, *at;

	if (n < *cap)
		return ERR_OK;
	if (more > (uint32_t)1 << 26)
		return fault_set(why, ERR_LIMIT, "too many rules");
	memcpy(&old, array, sizeof old);
	if ((at = reallocarray(old, more, size)) == NULL)
		return fault_set(why, ERR_MEMORY, "rules");
	memcpy(array, &at, sizeof at);
	*cap = more;
	return ERR_OK;
}

enum err
node_new(struct sigma *s, enum node_type type, uint32_t *out, struct fault *why)
{
	enum err e = set_grow(
	    &s->node, s->n_nodes, &s->cap_nodes, sizeof *s->node, why);

	if (e != ERR_OK)
		return e;
	if (s->node_most > 0 && s->n_nodes >= s->node_most)
		return fault_set(why, ERR_LIMIT, "the rule is too large");
	s->node[s->n_nodes] = (struct node){ .type = type,
		.field = SIGMA_NONE,
		.first = SIGMA_NONE,
		.next = SIGMA_NONE };
	*out = s->n_nodes++;
	return ERR_OK;
}

void
node_hang(struct sigma *s, uint32_t up, uint32_t *last, uint32_t node)
{
	if (s->node[up].first == SIGMA_NONE)
		s->node[up].first = node;
	else
		s->node[*last].next = node;
	*last = node;
}
