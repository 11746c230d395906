/*
 * match/regex.c: PCRE2, interpreted, under limits.
 *
 * Source: pcre2api(3). The just-in-time compiler is left out: it needs memory
 * that is written and run, which the fences refuse.
 */
#include "match/regex.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define STEPS_MAX 20000U /* about a millisecond */
#define DEPTH_MAX 1000U
#define HEAP_MAX_KIB 1024U
#define NESTING_MAX 32U

struct regex {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

void
regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	pcre2_match_context_free(r->limits);
	pcre2_match_data_free(r->data);
	pcre2_code_free(r->code);
	free(r);
}

/* Compiles under limits of length and nesting. */
static enum err
code_make(
    struct span pattern, unsigned flags, pcre2_code **out, struct fault *why)
{
	uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
	    PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;
	pcre2_compile_context *c = pcre2_compile_context_create(NULL);
	unsigned char text[160] = "";
	PCRE2_SIZE at = 0;
	int bad = 0;

	if (c == NULL)
		return fault_set(why, ERR_MEMORY, "regular expression");
	(void)pcre2_set_parens_nest_limit(c, NESTING_MAX);
	(void)pcre2_set_max_pattern_length(c, REGEX_PATTERN_MAX);
	if (flags & REGEX_NOCASE)
		options |= PCRE2_CASELESS;
	if (flags & REGEX_LINES)
		options |= PCRE2_MULTILINE;
	if (flags & REGEX_DOT_ALL)
		options |= PCRE2_DOTALL;
	*out = pcre2_compile(pattern.at, pattern.len, options, &bad, &at, c);
	pcre2_compile_context_free(c);
	if (*out != NULL)
		return ERR_OK;
	if (bad == PCRE2_ERROR_NOMEMORY)
		return fault_set(why, ERR_MEMORY, "regular expression");
	(void)pcre2_get_error_message(bad, text, sizeof text);
	return fault_set(why, ERR_SYNTAX, "regular expression, byte %zu: %s",
	    (size_t)at + 1, (const char *)text);
}

enum err
regex_new(
    struct span pattern, bool nocase, struct regex **out, struct fault *why)
{
	return regex_new_with(pattern,
	    REGEX_DOT_ALL | (nocase ? (unsigned)REGEX_NOCASE : 0U), out, why);
}

enum err
regex_new_with(
    struct span pattern, unsigned flags, struct regex **out, struct fault *why)
{
	static const uint8_t nothing[1];
	struct regex *r;
	size_t size = 0;
	enum err e;

	if (pattern.len > REGEX_PATTERN_MAX)
		return fault_set(why, ERR_LIMIT,
		    "a regular expression of more than %d bytes",
		    REGEX_PATTERN_MAX);
	if (pattern.at == NULL)
		pattern = span_of(nothing, 0);
	if ((r = calloc(1, sizeof *r)) == NULL)
		return fault_set(why, ERR_MEMORY, "regular expression");
	if ((e = code_make(pattern, flags, &r->code, why)) != ERR_OK)
		goto out;
	if (pcre2_pattern_info(r->code, PCRE2_INFO_SIZE, &size) != 0 ||
	    size > (size_t)64 << 10) {
		e = fault_set(
		    why, ERR_LIMIT, "the regular expression is too large");
		goto out;
	}
	r->data = pcre2_match_data_create(1, NULL);
	r->limits = pcre2_match_context_create(NULL);
	if (r->data == NULL || r->limits == NULL) {
		e = fault_set(why, ERR_MEMORY, "regular expression");
		goto out;
	}
	(void)pcre2_set_match_limit(r->limits, STEPS_MAX);
	(void)pcre2_set_depth_limit(r->limits, DEPTH_MAX);
	(void)pcre2_set_heap_limit(r->limits, HEAP_MAX_KIB);
	*out = r;
	r = NULL;
out:
	regex_free(r);
	return e;
}

enum regex_found
regex_find(struct regex *r, struct span s)
{
	static const uint8_t nothing[1];
	int rc = pcre2_match(r->code, s.at == NULL ? nothing : s.at, s.len, 0,
	    0, r->data, r->limits);

	if (rc >= 0)
		return REGEX_YES;
	return rc == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_CUT;
}
