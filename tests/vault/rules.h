/*
 * tests/vault/rules.h: the shipped detection rules, compiled.
 */
#ifndef TESTS_VAULT_RULES_H
#define TESTS_VAULT_RULES_H

#include <stdio.h>
#include <stdlib.h>

#include "sigma/sigma.h"

static void
rules_mistake(void *arg, const char *line)
{
	(void)arg;
	fail_msg("%s", line);
}

static struct sigma *
rules_shipped(void)
{
	struct sigma *s = sigma_new();
	char path[4096];
	struct fault why;

	assert_non_null(s);
	(void)snprintf(path, sizeof path, "%s/detections", getenv("SRC"));
	assert_int_equal(
	    sigma_load_tables(s, path, rules_mistake, NULL, &why), ERR_OK);
	assert_int_equal(
	    sigma_load(s, path, rules_mistake, NULL, &why), ERR_OK);
	assert_int_equal(sigma_finish(s, rules_mistake, NULL, &why), ERR_OK);
	return s;
}

#endif
