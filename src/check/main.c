/*
 * check/main.c: beimen-check, the proof checker as a program of its own.
 *
 *     beimen-check --key VKEY | --policy FILE  BUNDLE…
 *
 * One line a bundle. Exit status 0: each proves what it shows; 1: one does
 * not; 2: it could not be tried. It opens the files named and nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/check.h"

/* A whole file of at most max bytes; NULL and a line when it cannot be. */
static uint8_t *
file_read(const char *path, size_t max, size_t *len)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	uint8_t *b = f == NULL ? NULL : malloc(max + 1);

	if (f == NULL || b == NULL) {
		(void)fprintf(stderr, "beimen-check: cannot open %s\n", path);
		if (f != NULL && f != stdin)
			(void)fclose(f);
		return NULL;
	}
	*len = fread(b, 1, max + 1, f);
	if (ferror(f) != 0 || *len > max) {
		(void)fprintf(stderr, "beimen-check: cannot read %s\n", path);
		free(b);
		b = NULL;
	}
	if (f != stdin)
		(void)fclose(f);
	return b;
}

static void
shown_print(const struct check_shown *s)
{
	char *text = malloc(3 * (s->raw.len + s->sender.len) + 2);

	if (s->entry)
		(void)printf("entry %llu", (unsigned long long)s->seq);
	else
		(void)printf(
		    "record %.*s", (int)s->id.len, (const char *)s->id.at);
	(void)printf(", received_us %lld, in %.*s at %llu of %llu",
	    (long long)s->received_us, (int)s->origin.len,
	    (const char *)s->origin.at, (unsigned long long)s->index,
	    (unsigned long long)s->size);
	if (s->n_witnesses > 0)
		(void)printf(", %u witnesses", s->n_witnesses);
	if (text != NULL && !s->entry) {
		(void)check_readable(s->sender, text);
		(void)printf(", from %s", text);
	}
	if (text != NULL) {
		(void)check_readable(s->raw, text);
		for (char *c = text; *c != '\0'; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				*c = ' '; /* no command reaches the terminal */
		(void)printf(": %s", text);
	}
	(void)putchar('\n');
	free(text);
}

/* 0 proved, 1 not, 2 not tried. */
static int
one(const char *path, const struct check_policy *p)
{
	struct check_shown shown;
	struct check_why why = { "" };
	size_t len = 0;
	uint8_t *json = file_read(path, CHECK_BUNDLE_MAX, &len);
	bool good;

	if (json == NULL)
		return 2;
	good = check_bundle((struct check_bytes){ json, len }, p, &shown, &why);
	free(json);
	if (!good) {
		(void)printf("%s: not proved: %s\n", path, why.text);
		return 1;
	}
	(void)printf("%s: proved: ", path);
	shown_print(&shown);
	check_shown_free(&shown);
	return 0;
}

static struct check_policy *
policy_open(const char *how, const char *what, struct check_why *why)
{
	struct check_policy *p;
	size_t len = 0;
	uint8_t *text;

	if (strcmp(how, "--key") == 0)
		return check_policy_key(what, why);
	if ((text = file_read(what, CHECK_POLICY_MAX, &len)) == NULL)
		return NULL;
	p = check_policy_read((struct check_bytes){ text, len }, why);
	free(text);
	return p;
}

int
main(int argc, char **argv)
{
	struct check_why why = { "" };
	struct check_policy *p;
	int worst = 0;

	if (argc < 4 ||
	    (strcmp(argv[1], "--key") != 0 &&
		strcmp(argv[1], "--policy") != 0)) {
		(void)fprintf(stderr,
		    "usage: beimen-check --key VKEY | --policy FILE BUNDLE…\n"
		    "A key inside a bundle would prove nothing: have it from "
		    "elsewhere.\n");
		return 2;
	}
	if ((p = policy_open(argv[1], argv[2], &why)) == NULL) {
		(void)fprintf(
		    stderr, "beimen-check: %s: %s\n", argv[1], why.text);
		return 2;
	}
	for (int i = 3; i < argc; i++) {
		int got = one(argv[i], p);

		worst = got > worst ? got : worst;
	}
	check_policy_free(p);
	return worst;
}
