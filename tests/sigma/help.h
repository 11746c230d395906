/*
 * tests/sigma/help.h: rules from a text, records from a few words.
 */
#ifndef TESTS_SIGMA_HELP_H
#define TESTS_SIGMA_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/when.h"
#include "sigma/sigma.h"

#define NOW INT64_C(1772416800000000) /* 2026-03-02T10:00:00+08:00 */

#define TAXONOMY                                                  \
	"fields:\n  Image: [process.file.path]\n"                 \
	"  CommandLine: [process.cmd_line]\n"                     \
	"  timestamp: [taipei.time]\n"                            \
	"containers: [winlog.event_data]\n"                       \
	"logsources:\n  - {product: any, categories: ['*']}\n"    \
	"  - {product: windows, json: true}\n"                    \
	"  - {product: windows, service: security, json: true,\n" \
	"     where: {Channel: Security}}\n"                      \
	"  - {product: linux, service: sshd, app: [sshd]}\n"
#define VALUES                                               \
	"tables:\n  admins: [root, 'adm*', 7]\n  none: []\n" \
	"  macs: {from: inventory}\n  nets: [10.0.0.0/8, '::1']\n"

static char help_mistakes[8192];

static inline void
help_mistake(void *arg, const char *line)
{
	size_t n = strlen(help_mistakes);

	(void)arg;
	(void)snprintf(
	    help_mistakes + n, sizeof help_mistakes - n, "%s\n", line);
}

/* A set of these rules, finished. */
static inline struct sigma *
help_set(const char *yaml)
{
	struct sigma *s = sigma_new();
	struct fault why = { .code = ERR_OK };

	assert_non_null(s);
	help_mistakes[0] = '\0';
	assert_int_equal(
	    sigma_taxonomy(s, span_text(TAXONOMY), "t", &why), ERR_OK);
	assert_int_equal(sigma_values(s, span_text(VALUES), "v", &why), ERR_OK);
	if (sigma_add(s, span_text(yaml), "r.yml", &why) != ERR_OK)
		fail_msg("%s", why.text);
	assert_int_equal(sigma_finish(s, help_mistake, NULL, &why), ERR_OK);
	return s;
}

static inline struct event
help_event(const char *message)
{
	struct event ev = { .received_us = NOW,
		.category = CAT_OTHER,
		.facility = EVENT_NO_SEVERITY,
		.severity = EVENT_NO_SEVERITY,
		.host = SPAN_LIT("web01"),
		.sender = SPAN_LIT("192.0.2.1") };

	ev.message = ev.raw = span_text(message);
	return ev;
}

#endif
