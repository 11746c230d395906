/*
 * gate/rule.c: what a password must be, judged on its text alone.
 */
#include "gate/rule.h"

#include "base/text.h"
#include "gate/common.h"

#define EFFORT_MIN 5 /* characters that are neither repeated nor next */
#define NAME_LEN_MIN 3 /* shorter account names occur by chance */

static const struct {
	const char *code, *zh, *en;
} text[RULE_N] = {
#define RULE(name, code, zh, en) [RULE_##name] = { code, zh, en },
#include "gate/rule.tab"
#undef RULE
};

const char *
gate_rule_code(enum gate_rule r)
{
	return (unsigned)r < RULE_N ? text[r].code : "unknown";
}

const char *
gate_rule_zh(enum gate_rule r)
{
	return (unsigned)r < RULE_N ? text[r].zh : "";
}

const char *
gate_rule_en(enum gate_rule r)
{
	return (unsigned)r < RULE_N ? text[r].en : "";
}

static bool
is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* Does s hold part, ASCII letters without case? */
static bool
holds(struct span s, struct span part)
{
	for (size_t i = 0; i + part.len <= s.len; i++)
		if (span_equal_nocase(span_slice(s, i, part.len), part))
			return true;
	return false;
}

/* A look-alike's letter: "p@ssw0rd" is "password". */
static uint8_t
letter_of(uint8_t c)
{
	static const char from[] = "@4301!$57", to[] = "aaeoiisst";
	const char *p = c == '\0' ? NULL : strchr(from, c);

	return p == NULL ? lower(c) : (uint8_t)to[p - from];
}

/* The digit under a shifted key: "!QAZ@WSX" is "1qaz2wsx". */
static uint8_t
digit_of(uint8_t c)
{
	static const char from[] = "!@#$%^&*()", to[] = "1234567890";
	const char *p = c == '\0' ? NULL : strchr(from, c);

	return p == NULL ? lower(c) : (uint8_t)to[p - from];
}

/* Is s, with each byte read by `as`, on the list of common passwords? */
static bool
is_listed(struct span s, uint8_t (*as)(uint8_t))
{
	for (const char *const *p = gate_common; *p != NULL; p++) {
		size_t len = strlen(*p), i = 0;

		if (len != s.len)
			continue;
		while (i < len && as(s.at[i]) == (uint8_t)(*p)[i])
			i++;
		if (i == len)
			return true;
	}
	return false;
}

/* Common as it stands, or a common word with digits and signs around it. */
static bool
is_common(struct span s)
{
	struct span core = s;

	if (is_listed(s, lower) || is_listed(s, digit_of))
		return true;
	while (core.len > 0 && !is_letter(core.at[core.len - 1]) &&
	    !is_digit(core.at[core.len - 1]))
		core.len--;
	if (is_listed(core, lower))
		return true;
	while (core.len > 0 && !is_letter(core.at[core.len - 1]))
		core.len--;
	if (is_listed(core, letter_of))
		return true;
	while (core.len > 0 && !is_letter(core.at[0]))
		core = span_slice(core, 1, SIZE_MAX);
	return is_listed(core, lower) || is_listed(core, letter_of);
}

/* What the characters of a password are. */
struct look {
	size_t n; /* characters */
	size_t steps; /* that repeat or follow the one before */
	size_t kinds; /* different ones, as far as EFFORT_MIN */
	bool letter, digit, symbol, control;
};

static struct look
look_at(struct span s)
{
	uint32_t kind[EFFORT_MIN], c, before = 0;
	struct look l = { 0 };
	size_t len, k;

	for (; (len = text_rune(s, &c)) > 0; s = span_slice(s, len, SIZE_MAX)) {
		l.letter |= is_letter(c);
		l.digit |= is_digit(c);
		l.symbol |= c >= 0x20 && c < 0x7f && !is_letter(c) &&
		    !is_digit(c);
		l.control |= c < 0x20 || c == 0x7f;
		if (l.n > 0 && c + 1 >= before && c <= before + 1)
			l.steps++;
		for (k = 0; k < l.kinds && kind[k] != c; k++)
			;
		if (k == l.kinds && k < EFFORT_MIN)
			kind[l.kinds++] = c;
		before = c;
		l.n++;
	}
	return l;
}

enum gate_rule
gate_rule_check(struct span name, struct span password)
{
	struct look l;

	if (password.len > RULE_BYTES_MAX)
		return RULE_LONG;
	if (!text_valid(password))
		return RULE_TEXT;
	l = look_at(password);
	if (l.control)
		return RULE_TEXT;
	if (l.n < RULE_LEN_MIN)
		return RULE_SHORT;
	if (l.n > RULE_LEN_MAX)
		return RULE_LONG;
	if (!l.letter)
		return RULE_LETTER;
	if (!l.digit)
		return RULE_DIGIT;
	if (!l.symbol)
		return RULE_SYMBOL;
	if (name.len >= NAME_LEN_MIN && holds(password, name))
		return RULE_NAME;
	if (is_common(password))
		return RULE_COMMON;
	if (l.n - l.steps < EFFORT_MIN || l.kinds < EFFORT_MIN)
		return RULE_EFFORT;
	return RULE_OK;
}
