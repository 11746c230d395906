/*
 * rules/found.c: the list of subjects that a check gave.
 *
 * Works on memory. Runs in rules, and in reader for one clause at a time.
 */
#include "rules/inner.h"

#include <stdlib.h>

struct found *
found_add(struct found_list *l)
{
	struct found *more;

	if (l->n == l->room) {
		size_t room = l->room == 0 ? 256 : l->room * 2;

		more = reallocarray(l->at, room, sizeof *more);
		if (more == NULL)
			return NULL;
		l->at = more;
		l->room = room;
	}
	l->at[l->n] = (struct found){ 0 };
	return &l->at[l->n++];
}

int
found_compare(const void *a, const void *b)
{
	const struct finding *x = &((const struct found *)a)->f;
	const struct finding *y = &((const struct found *)b)->f;
	int c = strcmp(x->agency, y->agency);

	return c != 0 ? c : strcmp(x->subject, y->subject);
}

/* Whether a, of the same subject, says worse than b. */
static bool
is_worse(const struct found *a, const struct found *b)
{
	if (a->removed != b->removed)
		return b->removed;
	return a->f.state != b->f.state &&
	    state_worse(a->f.state, b->f.state) == a->f.state;
}

void
found_sort(struct found_list *l)
{
	size_t to = 0;

	if (l->n == 0)
		return;
	qsort(l->at, l->n, sizeof *l->at, found_compare);
	for (size_t i = 1; i < l->n; i++) {
		if (found_compare(&l->at[to], &l->at[i]) != 0)
			l->at[++to] = l->at[i];
		else if (is_worse(&l->at[i], &l->at[to]))
			l->at[to] = l->at[i];
	}
	l->n = to + 1;
}

bool
run_has_agency(const struct run *r, const char *agency)
{
	size_t from = 0, to = r->n_agencies;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int c = strcmp(agency, r->agency[mid]);

		if (c == 0)
			return true;
		if (c < 0)
			to = mid;
		else
			from = mid + 1;
	}
	return false;
}
