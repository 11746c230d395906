/*
 * proc/clock.c: has somebody set the clock?
 */
#include "proc/clock.h"

#include <stdbool.h>

int64_t
clock_look(struct clock_watch *c, int64_t wall_us, int64_t count_us)
{
	bool first = c->wall_us == 0 && c->count_us == 0;
	int64_t by_us = (wall_us - c->wall_us) - (count_us - c->count_us);

	c->wall_us = wall_us;
	c->count_us = count_us;
	return first || (by_us <= CLOCK_JUMP_US && by_us >= -CLOCK_JUMP_US)
	    ? 0
	    : by_us;
}
