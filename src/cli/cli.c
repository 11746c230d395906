/*
 * cli/cli.c: which command, with which options?
 */
#include "cli/inner.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define COMMAND(word, sub, args, fn, options, help) command_fn fn;
#include "cli/command.tab"
#undef COMMAND

static const struct command {
	const char *word, *sub, *args;
	command_fn *fn;
	const char *options, *help;
} commands[] = {
#define COMMAND(word, sub, args, fn, options, help) \
	{ word, sub, args, fn, options, help },
#include "cli/command.tab"
#undef COMMAND
};

static const struct {
	const char *text, *value, *help;
} options[OPT_N] = {
#define OPTION(name, text, value, help) [OPT_##name] = { text, value, help },
#include "cli/option.tab"
#undef OPTION
};

#define N_COMMANDS (sizeof commands / sizeof commands[0])

/* Is the option one of the command's? The list is space-separated. */
static bool
takes(const struct command *c, const char *option)
{
	struct cursor words = cursor_of(span_text(c->options));

	while (words.pos < words.all.len)
		if (span_is(cursor_until(&words, ' ', NULL), option))
			return true;
	return false;
}

static void
command_help(FILE *to, const struct command *c)
{
	(void)fprintf(to, "beimen %s%s%s%s%s", c->word,
	    c->sub[0] == '\0' ? "" : " ", c->sub, c->args[0] == '\0' ? "" : " ",
	    c->args);
	for (unsigned i = 0; i < OPT_N; i++)
		if (takes(c, options[i].text))
			(void)fprintf(to, " [--%s%s%s]", options[i].text,
			    options[i].value[0] == '\0' ? "" : " ",
			    options[i].value);
	(void)fprintf(to, "\n");
}

/* All commands, or those of one word. */
static void
help(FILE *to, const char *word)
{
	if (word == NULL) {
		(void)fprintf(to,
		    "beimen: a city's information-security regulation, "
		    "living\n\n"
		    "beimen serve [--config FILE] [--data DIR] [--web "
		    "ADDR:PORT] "
		    "[--syslog ADDR:PORT] …\n"
		    "    everything; `beimen serve --help` lists the "
		    "settings\n");
	}
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (word != NULL && strcmp(word, commands[i].word) != 0)
			continue;
		command_help(to, &commands[i]);
		(void)fprintf(to, "    %s\n", commands[i].help);
	}
	if (word == NULL)
		(void)fprintf(to,
		    "\nEvery command takes --data DIR (default ./data, or "
		    "/var/lib/beimen where that is).\n"
		    "Exit status: 0 done, 1 a negative answer, 2 usage, "
		    "3 could not.\nMore: man beimen\n");
}

int
usage(struct run *r, const char *fmt, ...)
{
	va_list ap;

	(void)r;
	(void)fprintf(stderr, "beimen: ");
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\nTry `beimen --help`.\n");
	return EXIT_USAGE;
}

static const struct command *
command_find(const char *word, const char *sub, bool *word_known)
{
	*word_known = false;
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(commands[i].word, word) != 0)
			continue;
		*word_known = true;
		if (commands[i].sub[0] == '\0' ||
		    (sub != NULL && strcmp(commands[i].sub, sub) == 0))
			return &commands[i];
	}
	return NULL;
}

/*
 * One option at argv[*at]: "--name VALUE", "--name=VALUE" or "--flag"; -o is
 * --output. False when it is unknown here or lacks its value.
 */
static bool
option_take(
    struct run *r, const struct command *c, int argc, char **argv, int *at)
{
	const char *text = argv[*at];
	struct span name, value;
	size_t eq;

	text = strcmp(text, "-o") == 0 ? "--output" : text;
	if (strncmp(text, "--", 2) != 0)
		return false;
	name = span_text(text + 2);
	eq = span_find(name, '=');
	value = eq == SIZE_MAX ? SPAN_EMPTY
			       : span_slice(name, eq + 1, SIZE_MAX);
	name = span_slice(name, 0, eq);
	if (span_is(name, "data")) {
		if (eq == SIZE_MAX && ++*at >= argc)
			return false;
		r->data = eq == SIZE_MAX ? argv[*at] : (const char *)value.at;
		return true;
	}
	for (unsigned i = 0; i < OPT_N; i++) {
		if (!span_is(name, options[i].text) ||
		    !takes(c, options[i].text))
			continue;
		if (options[i].value[0] == '\0') {
			r->option[i] = "";
			return eq == SIZE_MAX;
		}
		if (eq == SIZE_MAX && ++*at >= argc)
			return false;
		r->option[i] = eq == SIZE_MAX ? argv[*at]
					      : (const char *)value.at;
		return true;
	}
	return false;
}

/* How many words the command needs: those of its arguments not in [ ]. */
static size_t
words_needed(const struct command *c)
{
	struct cursor words = cursor_of(span_text(c->args));
	size_t n = 0;

	while (words.pos < words.all.len)
		n += !span_starts(cursor_until(&words, ' ', NULL), "[");
	return n;
}

static int
command_run(
    struct run *r, const struct command *c, int argc, char **argv, int at)
{
	bool words_only = false;

	for (; at < argc; at++) {
		if (!words_only && strcmp(argv[at], "--") == 0) {
			words_only = true;
		} else if (!words_only && strcmp(argv[at], "--help") == 0) {
			command_help(stdout, c);
			(void)printf("    %s\n", c->help);
			for (unsigned i = 0; i < OPT_N; i++)
				if (takes(c, options[i].text))
					(void)printf("    --%-10s %s\n",
					    options[i].text, options[i].help);
			return EXIT_DONE;
		} else if (!words_only && argv[at][0] == '-' &&
		    argv[at][1] != '\0') {
			const char *given = argv[at];

			if (!option_take(r, c, argc, argv, &at))
				return usage(r,
				    "%s: unknown here, or without its value",
				    given);
		} else if (r->n == WORDS_MAX) {
			return usage(r, "too many words");
		} else {
			r->word[r->n++] = argv[at];
		}
	}
	if (r->n < words_needed(c)) {
		command_help(stderr, c);
		return EXIT_USAGE;
	}
	if (c->args[0] == '\0' && r->n > 0)
		return usage(r, "'%s': not expected here", r->word[0]);
	return c->fn(r);
}

/* serve: every --name value becomes a setting. */
static int
serve(struct run *r, int argc, char **argv)
{
	const char *option[WORDS_MAX];
	struct buf text[WORDS_MAX];
	const char *file = NULL;
	size_t n = 0;
	int status;

	for (int i = 2; i < argc; i++) {
		struct span name;
		size_t eq;

		if (strcmp(argv[i], "--help") == 0) {
			r->b->settings();
			return EXIT_DONE;
		}
		if (strncmp(argv[i], "--", 2) != 0 || n == WORDS_MAX)
			return usage(r, "serve: '%s' is no option", argv[i]);
		name = span_text(argv[i] + 2);
		eq = span_find(name, '=');
		if (eq == SIZE_MAX && i + 1 >= argc)
			return usage(r, "serve: %s lacks its value", argv[i]);
		buf_init(&text[n], 8192);
		/* --tcp-connections is the setting tcp_connections. */
		for (size_t k = 0; k < name.len && k < eq; k++)
			buf_u8(&text[n], name.at[k] == '-' ? '_' : name.at[k]);
		buf_u8(&text[n], '=');
		if (eq == SIZE_MAX)
			buf_text(&text[n], argv[++i]);
		else
			buf_span(&text[n], span_slice(name, eq + 1, SIZE_MAX));
		option[n] = buf_string(&text[n]);
		if (strncmp(option[n], "config=", 7) == 0)
			file = option[n] + 7;
		else
			n++;
	}
	status = r->b->serve(file, option, n);
	for (size_t i = 0; i < n; i++)
		buf_clear(&text[i]);
	return status;
}

/* English where the locale says so; the product speaks Chinese first. */
static bool
locale_is_zh(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *v = getenv(names[i]);

		if (v != NULL && v[0] != '\0')
			return strncmp(v, "en", 2) != 0;
	}
	return true;
}

int
cli_main(int argc, char **argv, const struct cli_backend *b)
{
	struct run r = { .b = b, .zh = locale_is_zh() };
	const struct command *c;
	const char *sub = argc > 2 ? argv[2] : NULL;
	bool known;

	if (argc < 2) {
		help(stderr, NULL);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		help(stdout, sub != NULL && sub[0] != '-' ? sub : NULL);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)printf("beimen %s\n", b->version);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "serve") == 0)
		return serve(&r, argc, argv);
	c = command_find(argv[1], sub, &known);
	if (c == NULL && known && sub != NULL && strcmp(sub, "--help") == 0) {
		help(stdout, argv[1]);
		return EXIT_DONE;
	}
	if (c == NULL && known) {
		help(stderr, argv[1]);
		return EXIT_USAGE;
	}
	if (c == NULL)
		return usage(&r, "no command '%s'", argv[1]);
	r.verb = c->sub;
	return command_run(&r, c, argc, argv, c->sub[0] == '\0' ? 2 : 3);
}
