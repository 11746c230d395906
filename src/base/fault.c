/*
 * base/fault.c: error codes' names, and the line for the person.
 */
#include "base/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char *const names[ERR_N] = {
	[ERR_OK] = "ok",
	[ERR_MEMORY] = "memory",
	[ERR_IO] = "io",
	[ERR_FULL] = "full",
	[ERR_SYNTAX] = "syntax",
	[ERR_RANGE] = "range",
	[ERR_LIMIT] = "limit",
	[ERR_NOT_FOUND] = "not-found",
	[ERR_EXISTS] = "exists",
	[ERR_DENIED] = "denied",
	[ERR_STATE] = "state",
	[ERR_DAMAGE] = "damage",
	[ERR_PROOF] = "proof",
	[ERR_TIMEOUT] = "timeout",
	[ERR_GONE] = "gone",
	[ERR_UNSUPPORTED] = "unsupported",
};

const char *
err_name(enum err e)
{
	if ((unsigned)e >= ERR_N)
		return "unknown";
	return names[e];
}

/* Formats into a fixed field and cuts between characters where it is full. */
static void
format(char *to, size_t cap, const char *fmt, va_list ap)
{
	int n = vsnprintf(to, cap, fmt, ap);

	if (n < 0)
		to[0] = '\0';
	else if ((size_t)n >= cap)
		to[text_cut(to, cap - 1)] = '\0';
}

/* Keeps what is fit for a line: foreign bytes may be in it. */
static void
tidy(char *line)
{
	struct span s = span_text(line);
	size_t at = 0;

	while (at < s.len) {
		size_t n = text_rune(span_slice(s, at, 4), NULL);

		if (n == 0)
			line[at] = '?';
		else if (n == 1 && (s.at[at] < 0x20 || s.at[at] == 0x7F))
			line[at] = ' ';
		at += n == 0 ? 1 : n;
	}
}

enum err
fault_set(struct fault *why, enum err code, const char *fmt, ...)
{
	char line[FAULT_TEXT_MAX]; /* the old line may be among the arguments */
	va_list ap;

	if (why == NULL)
		return code;
	va_start(ap, fmt);
	format(line, sizeof line, fmt, ap);
	va_end(ap);
	tidy(line);
	why->code = code;
	memcpy(why->text, line, strlen(line) + 1);
	return code;
}

enum err
fault_sys(struct fault *why, enum err code, const char *fmt, ...)
{
	int kept = errno;
	va_list ap;
	char line[FAULT_TEXT_MAX];

	if (kept == ENOSPC || kept == EDQUOT)
		code = ERR_FULL;
	else if (kept == ENOMEM)
		code = ERR_MEMORY;
	va_start(ap, fmt);
	format(line, sizeof line, fmt, ap);
	va_end(ap);
	code = fault_set(why, code, "%s: %s", line, strerror(kept));
	errno = kept;
	return code;
}

enum err
fault_at(struct fault *why, const char *fmt, ...)
{
	char place[FAULT_TEXT_MAX];
	char line[FAULT_TEXT_MAX];
	va_list ap;

	if (why == NULL)
		return ERR_OK;
	va_start(ap, fmt);
	format(place, sizeof place, fmt, ap);
	va_end(ap);
	memcpy(line, why->text, sizeof line);
	return fault_set(why, why->code, "%s: %s", place, line);
}
