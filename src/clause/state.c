/*
 * clause/state.c: the words for what can be said of a subject.
 *
 * Pure; runs anywhere. Source: the design, "Words".
 */
#include "clause/state.h"

#include <assert.h>

static const struct {
	const char *name, *zh, *en;
	unsigned rank;
} states[STATE_N] = {
	[STATE_MET] = { "met", "符合", "met", 1 },
	[STATE_DUE] = { "due", "將到期", "due", 3 },
	[STATE_UNMET] = { "unmet", "不符", "unmet", 4 },
	[STATE_UNKNOWN] = { "unknown", "無訊", "unknown", 4 },
	[STATE_EXCEPTED] = { "excepted", "例外", "excepted", 2 },
	[STATE_NA] = { "n/a", "不適用", "not applicable", 0 },
	[STATE_ADOPTED] = { "adopted", "已採行", "adopted", 1 },
	[STATE_NOT_ADOPTED] = { "not adopted", "未採行", "not adopted", 4 },
};

const char *
state_name(enum state s)
{
	assert(s < STATE_N);
	return states[s].name;
}

const char *
state_zh(enum state s)
{
	assert(s < STATE_N);
	return states[s].zh;
}

const char *
state_en(enum state s)
{
	assert(s < STATE_N);
	return states[s].en;
}

enum state
state_find(struct span text)
{
	enum state s;

	for (s = 0; s < STATE_N; s++)
		if (span_is(text, states[s].name))
			break;
	return s;
}

unsigned
state_rank(enum state s)
{
	assert(s < STATE_N);
	return states[s].rank;
}

enum state
state_worse(enum state a, enum state b)
{
	if (state_rank(a) != state_rank(b))
		return state_rank(a) > state_rank(b) ? a : b;
	return a == STATE_UNMET || b == STATE_UNMET ? STATE_UNMET : a;
}
