/*
 * proc/keeper_values.h: tables that book fills for the detection rules.
 */
#ifndef PROC_KEEPER_VALUES_H
#define PROC_KEEPER_VALUES_H

#include "proc/keeper.h"

/* keeper_values_load: those kept from the last run, before any record is fed
 * again. keeper_values_take: what book says now; kept for the next start.
 * Lines of text; none at all leaves the table unset: where nobody has
 * registered anything, nothing is unknown. */
MUST_CHECK enum err keeper_values_load(struct keeper *k, struct fault *why);
MUST_CHECK enum err keeper_values_take(
    struct keeper *k, struct span lines, struct fault *why);

#endif
