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

enum err
fault_set(struct fault *why, enum err code, const char *fmt, ...)
{
	va_list ap;

	if (why == NULL)
		return code;
	why->code = code;
	va_start(ap, fmt);
	format(why->text, sizeof why->text, fmt, ap);
	va_end(ap);
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
