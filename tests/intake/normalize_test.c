/*
 * tests/intake/normalize_test.c: our rules answer their own tests; a user's
 * mistakes are named with file and line; hostile messages cost little.
 */
#include "intake/normalize.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "intake/syslog.h"
#include "pack/yaml.h"

/* The rules that Beimen comes with. */
static struct normalizer *
our_rules(void)
{
	struct normalizer *n = NULL;
	const char *path[1];
	struct fault why = { .code = ERR_OK };
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, "%s/normalize", getenv("SRC"));
	path[0] = buf_string(&b);
	if (normalize_load(path, 1, &n, &why) != ERR_OK)
		fail_msg("%s", why.text);
	buf_clear(&b);
	return n;
}

static void
every_rule_of_ours_answers_its_own_tests(void **state)
{
	struct normalizer *n = our_rules();

	(void)state;
	assert_true(normalize_n_rules(n) >= 160);
	assert_true(normalize_n_tests(n) > normalize_n_rules(n));
	normalize_free(n);
	normalize_free(NULL);
}

#define RULE                                                       \
	"rules:\n"                                                 \
	"  - name: mine\n"                                         \
	"    app: myapp\n"                                         \
	"    pattern: 'user %user:word% in'\n"                     \
	"    category: sign-in\n"                                  \
	"    tests:\n"                                             \
	"      - line: 'Oct 11 22:14:15 h myapp: user alice in'\n" \
	"        gives: {category: sign-in, user: alice}\n"

/* Loads one text; the rules, or NULL with why filled. */
static struct normalizer *
rules_of(const char *text, struct fault *why)
{
	struct normalizer *n = NULL;

	*why = (struct fault){ .code = ERR_OK };
	if (normalize_read(span_text(text), "my.yaml", &n, why) != ERR_OK)
		return NULL;
	return n;
}

static void
a_mistake_in_a_rule_file_is_named_with_its_line(void **state)
{
	static const struct {
		const char *from, *to, *line;
	} cases[] = {
		{ "rules:", "rulez:", "my.yaml:1: unknown key \"rulez\"" },
		{ "name: mine", "name: Mine", "my.yaml:2: a rule needs" },
		{ "app: myapp", "ap: myapp", "my.yaml:3: unknown key \"ap\"" },
		{ "    app: myapp\n", "", "my.yaml:2: a rule for any program" },
		{ "%user:word%", "%user:wird%",
		    "my.yaml:4: pattern 1, character 6: unknown type" },
		{ "%user:word%", "%user:word",
		    "my.yaml:4: pattern 1, character 6: capture without" },
		{ "%user:word%", "%usr:word%",
		    "my.yaml:4: no such field: usr" },
		{ "%user:word%", "%user%", "my.yaml:4: pattern 1" },
		{ "pattern:", "json:", "my.yaml:4: json: fields and" },
		{ "category: sign-in\n", "category: signin\n",
		    "my.yaml:5: no such category: signin" },
		{ "category: sign-in\n",
		    "category: {by: usr, values: {a: sign-in}}\n",
		    "my.yaml:5: no pattern captures \"usr\"" },
		{ "category: sign-in\n", "category: sign-in\n    json: {}\n",
		    "my.yaml:6: pattern and json in one rule" },
		{ "category: sign-in\n",
		    "category: sign-in\n    set: {actoin: x}\n",
		    "my.yaml:6: no such field: actoin" },
		{ "category: sign-in\n",
		    "category: sign-in\n    when: {user: []}\n",
		    "my.yaml:6: when: 1 to 64" },
		{ "gives: {category: sign-in, user: alice}",
		    "gives: {category: sign-in, user: bob}",
		    "my.yaml:7: rule mine: the test gives user \"alice\", "
		    "not \"bob\"" },
		{ "gives: {category: sign-in, user: alice}",
		    "gives: {user: alice}", "my.yaml:7: gives: it needs" },
		{ "myapp: user alice in", "myapp: user alice out",
		    "my.yaml:7: rule mine: the test gives category other" },
		{ "    tests:", "    note: x\n    test:",
		    "my.yaml:7: unknown key \"test\"" },
		{ "category: sign-in\n",
		    "category: sign-in\n    also: {code: $pid}\n",
		    "my.yaml:6: the header has no part \"$pid\"" },
		{ "pattern: 'user %user:word% in'", "csv: {usr: 1}",
		    "my.yaml:4: no such field: usr" },
		{ "pattern: 'user %user:word% in'",
		    "cef: {user: suser}\n    within: log",
		    "my.yaml:5: within: the JSON path" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fault why;
		struct buf b;
		size_t at = span_find_text(SPAN_LIT(RULE), cases[i].from);
		size_t len = strlen(cases[i].from);

		assert_int_not_equal(at, SIZE_MAX);
		buf_init(&b, 4096);
		buf_add(&b, RULE, at);
		buf_text(&b, cases[i].to);
		buf_text(&b, &RULE[at + len]);
		assert_null(rules_of(buf_string(&b), &why));
		if (!span_starts(span_text(why.text), cases[i].line))
			fail_msg("got  %s\nwant %s", why.text, cases[i].line);
		buf_clear(&b);
	}
}

static void
two_rules_of_one_name_are_refused(void **state)
{
	struct normalizer *n = NULL;
	struct fault why;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	buf_text(&b, RULE);
	buf_text(&b, &RULE[strlen("rules:\n")]);
	assert_int_equal(
	    normalize_read(buf_view(&b), "my.yaml", &n, &why), ERR_EXISTS);
	assert_string_equal(
	    why.text, "my.yaml:9: there is a rule \"mine\" already");
	buf_clear(&b);
}

/* Writes text to a file of a new folder under the temporary one. */
static void
file_put(const char *folder, const char *name, const char *text)
{
	struct buf b;
	FILE *f;

	buf_init(&b, 4096);
	buf_printf(&b, "%s/%s", folder, name);
	assert_non_null(f = fopen(buf_string(&b), "we"));
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	buf_clear(&b);
}

static void
file_gone(const char *folder, const char *name)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, "%s/%s", folder, name);
	assert_int_equal(unlink(buf_string(&b)), 0);
	buf_clear(&b);
}

/* Applies the rules to one line; the rule's name. */
static const char *
apply(const struct normalizer *n, struct arena *a, const char *line,
    struct event *ev)
{
	*ev = (struct event){ .received_us = 1 };
	syslog_parse(span_text(line), 1, ev);
	return normalize_apply(n, a, ev);
}

static void
a_users_rule_given_first_wins(void **state)
{
	static const char mine[] =
	    "rules:\n"
	    "  - name: my-sshd\n"
	    "    app: sshd\n"
	    "    contains: Accepted\n"
	    "    pattern: 'Accepted %method:word% for %user:word% from'\n"
	    "    category: privilege\n"
	    "    tests:\n"
	    "      - line: 'Oct 11 22:14:15 h sshd: Accepted x for a from b'\n"
	    "        gives: {category: privilege, method: x, user: a}\n";
	struct arena *a = arena_new(1 << 20);
	const char *tmp = getenv("TMPDIR");
	struct normalizer *n = NULL;
	struct fault why = { .code = ERR_OK };
	struct buf folder, ours;
	const char *paths[2];
	struct event ev;

	(void)state;
	buf_init(&folder, 4096);
	buf_init(&ours, 4096);
	buf_printf(&folder, "%s/rules-XXXXXX", tmp == NULL ? "/tmp" : tmp);
	assert_non_null(mkdtemp((char *)folder.at));
	file_put(buf_string(&folder), "a.yaml", mine);
	file_put(buf_string(&folder), "b.txt", "no rule file");
	buf_printf(&ours, "%s/normalize", getenv("SRC"));
	paths[0] = buf_string(&folder);
	paths[1] = buf_string(&ours);
	if (normalize_load(paths, 2, &n, &why) != ERR_OK)
		fail_msg("%s", why.text);
	assert_string_equal(
	    apply(n, a, "Oct 11 22:14:15 h sshd: Accepted x for a from b", &ev),
	    "my-sshd");
	assert_int_equal(ev.category, CAT_PRIVILEGE);
	normalize_free(n);
	file_gone(buf_string(&folder), "a.yaml");
	file_gone(buf_string(&folder), "b.txt");
	assert_int_equal(rmdir(buf_string(&folder)), 0);
	assert_int_equal(normalize_load(paths, 1, &n, &why), ERR_IO);
	buf_clear(&folder);
	buf_clear(&ours);
	arena_free(a);
}

static void
programs_are_found_by_their_last_name_and_any_case(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct fault why;
	struct normalizer *n = rules_of(RULE, &why);
	struct event ev;

	(void)state;
	assert_non_null(n);
	assert_non_null(apply(n, a, "<1>myapp: user a in", &ev));
	assert_non_null(apply(n, a, "<1>MyApp[1]: user a in", &ev));
	assert_non_null(apply(n, a, "<1>/usr/bin/myapp: user a in", &ev));
	assert_non_null(apply(n, a, "<1>myapp(x)[1]: user a in", &ev));
	assert_null(apply(n, a, "<1>other: user a in", &ev));
	assert_int_equal(ev.category, CAT_OTHER);
	assert_null(ev.field[FIELD_USER].at);
	normalize_free(n);
	arena_free(a);
}

static void
a_full_arena_gives_other_and_no_field(void **state)
{
	static const char line[] =
	    "<14>1 - h app - - - {\"EventID\":4624,\"Channel\":\"Security\","
	    "\"TargetUserName\":\"\\u738b\",\"LogonType\":2}";
	struct normalizer *n = our_rules();
	bool fits = false;

	(void)state;
	for (size_t max = 0; !fits; max += 64) {
		struct arena *a = arena_new(max);
		struct event ev;

		assert_true(max < 1 << 20);
		assert_non_null(a);
		fits = apply(n, a, line, &ev) != NULL &&
		    ev.field[FIELD_USER].at != NULL;
		if (fits) {
			assert_int_equal(ev.category, CAT_SIGN_IN);
			assert_true(
			    span_is(ev.field[FIELD_USER], "\xE7\x8E\x8B"));
		}
		arena_free(a);
	}
	normalize_free(n);
}

/* A message of n times s. */
static void
many(struct buf *b, const char *head, const char *s, size_t len)
{
	buf_reset(b);
	buf_text(b, head);
	while (b->len + strlen(s) < len)
		buf_text(b, s);
}

static void
hostile_messages_cost_little(void **state)
{
	static const char *const bombs[][2] = {
		{ "<13>app: {\"EventID\":1,\"personal-data\":", "[" },
		{ "<13>app: {\"EventID\":", "{\"a\":" },
		{ "<13>app: {\"EventID\":[", "1," },
		{ "<13>app: {\"EventID\":\"", "\\u" },
		{ "<13>app: {\"EventID\":1,", "\"EventID\":1," },
		{ "<38>sshd: Failed password for ", " from " },
		{ "<38>sshd: Failed password for ", "a" },
		{ "<4>kernel: SRC=1 ", "a=1 " },
		{ "<4>kernel: SRC=", "\"" },
		{ "<189>type=\"traffic\" ", "srcip=\"\\\" " },
		{ "<13>nginx: 1.1.1.1 - ", "\" 2 [" },
		{ "<13>Snare: \t4624\t", "Account Name:" },
		{ "<14>1 - h Microsoft-Windows-Security-Auditing - - ",
		    "[a b=\"c\"]" },
		{ "<13>CEF:0|a|b|c|d|e|9|", "k=v " },
		{ "<13>CEF:0|a|b|c|d|e|9|", "=" },
		{ "<13>CEF:0|a|b|c|d|e|9|src=", "\\=" },
		{ "<13>CEF:0|", "\\|" },
		{ "<13>LEEF:2.0|a|b|c|Login|^|", "k=v^" },
		{ "<13>LEEF:1.0|a|b|c|Login|", "\t" },
		{ "<13>type=USER_CMD msg=audit(1.2:3): cmd=", "41" },
		{ "<13>type=USER_CMD msg=audit(1.2:3): ", "a='" },
		{ "<13>type=EXECVE msg=audit(1.2:3): ", "audit(" },
		{ "<14>1,2024/10/11 22:14:15,001,TRAFFIC,", "," },
		{ "<14>1,2024/10/11 22:14:15,001,TRAFFIC,", "\"," },
		{ "<14>1,2024/10/11 22:14:15,001,TRAFFIC,\"", "\"\"" },
		{ "<134>mysql-server_auditing: a,b,c,d,e,QUERY,f,'", "\\'" },
		{ "<134>postgres[1]: AUDIT: ", "AUDIT: " },
		{ "<14>a: {\"EventID\":33205,\"Message\":\"", "\\naction_id:" },
		{ "<14>a: {\"StringInserts\":[", "\"a\"," },
		{ "<166>%ASA-6-302013: Built inbound TCP connection 1 for ",
		    " to " },
	};
	struct normalizer *n = our_rules();
	struct arena *a = arena_new(4 << 20);
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 17);
	for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
		struct event ev;
		clock_t before = clock();

		many(&b, bombs[i][0], bombs[i][1], EVENT_RAW_MAX);
		(void)apply(n, a, buf_string(&b), &ev);
		arena_reset(a);
		/* A tenth of a second of processor time, sanitizers and a
		 * busy machine included, is far more than is needed. */
		assert_true(clock() - before < CLOCKS_PER_SEC / 10);
	}
	buf_clear(&b);
	arena_free(a);
	normalize_free(n);
}

/* Both ways to an answer, compared in all that they give. */
static void
ways_agree(const struct normalizer *n, struct arena *a, struct span line)
{
	struct event fast = { .received_us = 1 }, slow = { .received_us = 1 };
	const char *by_fast, *by_slow;

	syslog_parse(line, 1, &fast);
	syslog_parse(line, 1, &slow);
	by_fast = normalize_apply(n, a, &fast);
	by_slow = normalize_slow(n, a, &slow);
	if (by_fast != by_slow)
		fail_msg("fast %s, slow %s: %.*s",
		    by_fast == NULL ? "-" : by_fast,
		    by_slow == NULL ? "-" : by_slow, (int)line.len,
		    (const char *)line.at);
	assert_int_equal(fast.category, slow.category);
	assert_true(fast.event_us == slow.event_us);
	assert_true(span_equal(fast.host, slow.host));
	for (unsigned f = 0; f < FIELD_N; f++)
		assert_true(span_equal(fast.field[f], slow.field[f]));
	arena_reset(a);
}

/* A small generator of our own: the same numbers everywhere. */
static uint32_t
dice(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* One line as it stands, and with bytes changed, lost, doubled and swapped. */
static void
line_and_kin_agree(const struct normalizer *n, struct arena *a,
    struct span line, struct span other, uint32_t *state)
{
	struct buf b;

	ways_agree(n, a, line);
	buf_init(&b, 1 << 16);
	for (unsigned i = 0; i < 40; i++) {
		size_t at = dice(state) % line.len;

		buf_reset(&b);
		buf_span(&b, span_slice(line, 0, at));
		switch (dice(state) % 4) {
		case 0:
			buf_u8(&b, (uint8_t)dice(state));
			break;
		case 1: /* the end of another line */
			buf_span(&b,
			    span_slice(
				other, dice(state) % other.len, SIZE_MAX));
			break;
		case 2:
			buf_span(&b, span_slice(line, at, 8));
			break;
		default:
			break;
		}
		buf_span(&b, span_slice(line, at + 1, SIZE_MAX));
		ways_agree(n, a, buf_view(&b));
	}
	buf_clear(&b);
}

/* Calls for the test lines of one rule file. */
static void
file_agrees(const struct normalizer *n, struct arena *a, const char *path,
    uint32_t *state, size_t *count)
{
	struct span other = SPAN_LIT("<13>a: b");
	struct yaml *y = NULL;
	struct fault why;
	const json_t *rules;

	if (yaml_load(AT_FDCWD, path, &y, &why) != ERR_OK)
		fail_msg("%s", why.text);
	rules = json_object_get(yaml_root(y), "rules");
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *tests = json_object_get(
		    json_array_get(rules, i), "tests");

		for (size_t k = 0; k < json_array_size(tests); k++) {
			struct span line = span_text(json_get_text(
			    json_array_get(tests, k), "line", "-"));

			line_and_kin_agree(n, a, line, other, state);
			other = line;
			++*count;
		}
	}
	yaml_doc_free(y);
}

static void
the_fast_way_gives_what_rule_by_rule_gives(void **state)
{
	struct normalizer *n = our_rules();
	struct arena *a = arena_new(4 << 20);
	struct dirent **name = NULL;
	uint32_t seed = 20240711;
	size_t count = 0;
	struct buf path;
	int files;

	(void)state;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/normalize", getenv("SRC"));
	files = scandir(buf_string(&path), &name, NULL, alphasort);
	assert_true(files > 0);
	for (int i = 0; i < files; i++) {
		if (span_ends(span_text(name[i]->d_name), ".yaml")) {
			buf_reset(&path);
			buf_printf(&path, "%s/normalize/%s", getenv("SRC"),
			    name[i]->d_name);
			file_agrees(n, a, buf_string(&path), &seed, &count);
		}
		free(name[i]);
	}
	free(name);
	assert_int_equal(count, normalize_n_tests(n));
	buf_clear(&path);
	arena_free(a);
	normalize_free(n);
}

/* A hundred thousand keys, a nest of objects, a mebibyte of hex: more than a
 * record holds, for those who bring records by other ways. */
static void
messages_beyond_a_record_are_linear_too(void **state)
{
	static const char *const bombs[][2] = {
		{ "CEF:0|a|b|c|d|e|9|", "key=value " },
		{ "{\"EventID\":1,\"a\":", "{\"a\":" },
		{ "{\"EventID\":1,\"a\":", "[" },
		{ "type=USER_CMD msg=audit(1.2:3): cmd=", "4142" },
		{ "1,2,3,TRAFFIC,", "\"a\"," },
	};
	struct normalizer *n = our_rules();
	struct arena *a = arena_new(4 << 20);
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 21);
	for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
		struct event ev = { .received_us = 1 };
		clock_t before = clock();

		many(&b, bombs[i][0], bombs[i][1], 1 << 20);
		ev.raw = ev.message = buf_view(&b);
		(void)normalize_apply(n, a, &ev);
		for (unsigned f = 0; f < FIELD_N; f++)
			assert_true(ev.field[f].len <= EVENT_FIELD_MAX);
		arena_reset(a);
		assert_true(clock() - before < CLOCKS_PER_SEC);
	}
	buf_clear(&b);
	arena_free(a);
	normalize_free(n);
}

static void
a_text_inside_json_is_read_by_patterns(void **state)
{
	static const char rules[] =
	    "rules:\n"
	    "  - name: inner\n"
	    "    contains: '\"log\"'\n"
	    "    within: kubernetes.log | log\n"
	    "    pattern: \"user %user:word%\\tin\"\n"
	    "    also: {device: $host, code: $app}\n"
	    "    category: sign-in\n"
	    "    tests:\n"
	    "      - line: '<13>Oct 11 22:14:15 h a: {\"log\":\"user "
	    "al\\u0069ce\\tin\"}'\n"
	    "        gives: {category: sign-in, user: alice, device: h, code: "
	    "a}\n";
	struct normalizer *n;
	struct fault why;

	(void)state;
	n = rules_of(rules, &why);
	if (n == NULL)
		fail_msg("%s", why.text);
	normalize_free(n);
}

/* Strangers may write " from " into a user name: the last address counts. */
static void
a_forged_address_in_a_user_name_is_not_believed(void **state)
{
	struct normalizer *n = our_rules();
	struct arena *a = arena_new(1 << 20);
	struct event ev;

	(void)state;
	assert_non_null(apply(n, a,
	    "<38>Oct 11 22:14:15 h sshd[1]: Failed password for invalid user "
	    "x from 198.51.100.9 port 1 ssh2 from 192.0.2.7 port 2 ssh2",
	    &ev));
	assert_true(span_is(ev.field[FIELD_SRC_IP], "192.0.2.7"));
	/* nor can text that looks like a line of sshd be one of it */
	assert_null(apply(n, a,
	    "<38>Oct 11 22:14:15 h app[1]: Failed password for root from "
	    "192.0.2.7 port 2 ssh2",
	    &ev));
	arena_free(a);
	normalize_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_of_ours_answers_its_own_tests),
		cmocka_unit_test(
		    a_mistake_in_a_rule_file_is_named_with_its_line),
		cmocka_unit_test(two_rules_of_one_name_are_refused),
		cmocka_unit_test(a_users_rule_given_first_wins),
		cmocka_unit_test(
		    programs_are_found_by_their_last_name_and_any_case),
		cmocka_unit_test(a_full_arena_gives_other_and_no_field),
		cmocka_unit_test(hostile_messages_cost_little),
		cmocka_unit_test(the_fast_way_gives_what_rule_by_rule_gives),
		cmocka_unit_test(messages_beyond_a_record_are_linear_too),
		cmocka_unit_test(a_text_inside_json_is_read_by_patterns),
		cmocka_unit_test(
		    a_forged_address_in_a_user_name_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
