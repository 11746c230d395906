/*
 * match/literals.c: the door to Hyperscan.
 *
 * Source: hs_compile.h, hs_runtime.h (Hyperscan 5.4, literal expressions).
 */
#include "match/literals.h"

#include <hs/hs.h>
#include <stdlib.h>

struct literals {
	uint8_t *bytes; /* of all texts */
	struct span *text;
	size_t n;
	hs_database_t *base; /* NULL: look for each by itself */
	hs_scratch_t *scratch;
};

void
literals_free(struct literals *l)
{
	if (l == NULL)
		return;
	(void)hs_free_scratch(l->scratch);
	(void)hs_free_database(l->base);
	free(l->text);
	free(l->bytes);
	free(l);
}

/* Copies the texts; false without memory. */
static bool
texts_copy(struct literals *l, const struct span *text, size_t n)
{
	size_t len = 0, at = 0;

	for (size_t i = 0; i < n; i++)
		len += text[i].len;
	l->text = calloc(n + 1, sizeof l->text[0]);
	l->bytes = malloc(len + 1);
	if (l->text == NULL || l->bytes == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		memcpy(l->bytes + at, text[i].at, text[i].len);
		l->text[i] = span_of(l->bytes + at, text[i].len);
		at += text[i].len;
	}
	l->n = n;
	return true;
}

/* Compiles the texts; whatever fails leaves base NULL, which is an answer
 * too, except for memory. */
static bool
base_make(struct literals *l)
{
	const char **expression = calloc(l->n, sizeof *expression);
	unsigned *flags = calloc(l->n, sizeof *flags);
	unsigned *ids = calloc(l->n, sizeof *ids);
	size_t *lens = calloc(l->n, sizeof *lens);
	hs_compile_error_t *error = NULL;
	bool memory = expression != NULL && flags != NULL && ids != NULL &&
	    lens != NULL;

	for (size_t i = 0; memory && i < l->n; i++) {
		expression[i] = (const char *)l->text[i].at;
		lens[i] = l->text[i].len;
		ids[i] = (unsigned)i;
	}
	if (memory &&
	    hs_compile_lit_multi(expression, flags, ids, lens, (unsigned)l->n,
		HS_MODE_BLOCK, NULL, &l->base, &error) != HS_SUCCESS) {
		(void)hs_free_compile_error(error);
		l->base = NULL;
	}
	if (l->base != NULL &&
	    hs_alloc_scratch(l->base, &l->scratch) != HS_SUCCESS)
		memory = false;
	free(lens);
	free(ids);
	free(flags);
	free(expression);
	return memory;
}

enum err
literals_new(const struct span *text, size_t n, bool plain,
    struct literals **out, struct fault *why)
{
	struct literals *l;

	if (n > LITERALS_MAX)
		return fault_set(
		    why, ERR_LIMIT, "more than %d literals", LITERALS_MAX);
	if ((l = calloc(1, sizeof *l)) == NULL || !texts_copy(l, text, n) ||
	    (n > 0 && !plain && hs_valid_platform() == HS_SUCCESS &&
		!base_make(l))) {
		literals_free(l);
		return fault_set(why, ERR_MEMORY, "literals");
	}
	*out = l;
	return ERR_OK;
}

/* Whom to tell. */
struct listener {
	literals_find_fn *fn;
	void *arg;
};

/* Hyperscan's match_event_handler. */
static int
on_match(unsigned id, unsigned long long from, unsigned long long to,
    unsigned flags, void *context)
{
	const struct listener *l = context;

	(void)from;
	(void)to;
	(void)flags;
	l->fn(l->arg, id);
	return 0;
}

void
literals_find(
    struct literals *l, struct span s, literals_find_fn *fn, void *arg)
{
	struct listener to = { fn, arg };

	if (l->n == 0 || s.len == 0 || s.len > UINT32_MAX)
		return;
	if (l->base != NULL &&
	    hs_scan(l->base, (const char *)s.at, (unsigned)s.len, 0, l->scratch,
		on_match, &to) == HS_SUCCESS)
		return;
	for (size_t i = 0; i < l->n; i++)
		if (s.len >= l->text[i].len &&
		    memmem(s.at, s.len, l->text[i].at, l->text[i].len) != NULL)
			fn(arg, (unsigned)i);
}
