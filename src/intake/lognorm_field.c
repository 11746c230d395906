/*
 * intake/lognorm_field.c: one field of a liblognorm rule as a capture of ours.
 */
#include "intake/lognorm_own.h"

#include "pack/json.h"

/* A parser of liblognorm that one capture of ours stands for. */
static const struct parser {
	const char *name, *type, *sample;
	const char *before, *after; /* text around the capture */
} parsers[] = {
	{ "word", "word", "word", "", "" },
	{ "alpha", "word", "alpha", "", "" },
	{ "number", "number", "7", "", "" },
	{ "float", "decimal", "1.5", "", "" },
	{ "hexnumber", "hex", "0x1f", "", "" },
	{ "ipv4", "ip", "192.0.2.7", "", "" },
	{ "ipv6", "ip", "2001:db8::7", "", "" },
	{ "mac48", "word", "00:11:22:33:44:55", "", "" },
	{ "cisco-interface-spec", "word", "inside:192.0.2.7/514", "", "" },
	{ "rest", "rest", "the rest", "", "" },
	{ "quoted-string", "quoted", "quoted", "", "" },
	{ "date-rfc3164", "time", "Oct 11 22:14:15", "", "" },
	{ "date-rfc5424", "time", "2024-10-11T22:14:15+08:00", "", "" },
	{ "date-iso", "word", "2024-10-11", "", "" },
	{ "time-24hr", "word", "22:14:15", "", "" },
	{ "time-12hr", "word", "10:14:15", "", "" },
	{ "duration", "word", "0:00:42", "", "" },
	{ "kernel-timestamp", "decimal", "12345.678901", "[%-:blank%", "]" },
	{ "whitespace", "blank", " ", "", "" },
};

/* Those that take a rule's whole end, kept as text. */
static const char *const ends[] = { "json", "cee-syslog", "name-value-list",
	"v2-iptables", "checkpoint-lea" };

/* Names that rule bases give to what is a field of ours. */
static const struct {
	const char *name;
	enum event_field field;
} aliases[] = {
	{ "username", FIELD_USER },
	{ "usr", FIELD_USER },
	{ "account", FIELD_USER },
	{ "srcip", FIELD_SRC_IP },
	{ "srcipv4", FIELD_SRC_IP },
	{ "srcipv6", FIELD_SRC_IP },
	{ "sourceip", FIELD_SRC_IP },
	{ "clientip", FIELD_SRC_IP },
	{ "fromip", FIELD_SRC_IP },
	{ "ip", FIELD_SRC_IP },
	{ "srcport", FIELD_SRC_PORT },
	{ "sourceport", FIELD_SRC_PORT },
	{ "port", FIELD_SRC_PORT },
	{ "dstip", FIELD_DST_IP },
	{ "destip", FIELD_DST_IP },
	{ "destinationip", FIELD_DST_IP },
	{ "dstport", FIELD_DST_PORT },
	{ "destport", FIELD_DST_PORT },
	{ "protocol", FIELD_PROTO },
	{ "cmd", FIELD_COMMAND },
	{ "uri", FIELD_URL },
	{ "bytessent", FIELD_BYTES },
	{ "macaddress", FIELD_MAC },
};

enum event_field
lognorm_field_of(struct span name)
{
	char plain[32] = { 0 };
	enum event_field f = event_field_find(name);
	size_t n = 0;

	if (f != FIELD_N)
		return f;
	/* "src-ip", "src_ip" and "src.ip" are one name */
	for (size_t i = 0; i < name.len && n < sizeof plain - 1; i++) {
		uint8_t c = name.at[i];

		if (c >= 'A' && c <= 'Z')
			c |= 32;
		if (c != '-' && c != '_' && c != '.')
			plain[n++] = (char)c;
	}
	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
		if (strcmp(plain, aliases[i].name) == 0)
			return aliases[i].field;
	return event_field_find(span_of(plain, n));
}

/* Bytes as they stand in a pattern, where "%%" is a percent sign. */
static void
pattern_text(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		buf_u8(b, s.at[i]);
		if (s.at[i] == '%')
			buf_u8(b, '%');
	}
}

void
lognorm_literal(struct drafts *d, struct span s)
{
	if (s.len == 0)
		return;
	if (s.len > d->literal.len)
		d->literal = s;
	for (size_t i = 0; i < d->n; i++) {
		struct draft *one = &d->at[i];

		one->stop = 0;
		/* a message begins without blanks */
		if (one->pattern.len == 0)
			while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
				s = span_slice(s, 1, SIZE_MAX);
		pattern_text(&one->pattern, s);
		buf_span(&one->sample, s);
	}
}

/* "%user:word%" and what it gives, to one draft. */
static void
capture_put(struct draft *one, struct span name, const char *type,
    struct span stop, const char *sample)
{
	enum event_field f = lognorm_field_of(name);
	const char *quote = span_find(stop, '\'') == SIZE_MAX ? "'" : "\"";

	buf_text(&one->pattern, "%");
	if (span_is(name, "-")) {
		buf_text(&one->pattern, "-");
	} else if (f != FIELD_N) {
		buf_text(&one->pattern, event_field_short(f));
		buf_reset(&one->gives[f]);
		buf_text(&one->gives[f], sample);
	} else {
		buf_text(&one->pattern, "_");
		for (size_t i = 0; i < name.len; i++)
			buf_u8(&one->pattern,
			    name.at[i] == '%' || name.at[i] == ':'
				? '-'
				: name.at[i]);
	}
	buf_text(&one->pattern, ":");
	buf_text(&one->pattern, type);
	if (stop.len > 0) {
		buf_text(&one->pattern, " ");
		buf_text(&one->pattern, quote);
		buf_span(&one->pattern, stop);
		buf_text(&one->pattern, quote);
	}
	buf_text(&one->pattern, "%");
	buf_text(&one->sample, sample);
}

/* A parser that is one of ours. */
static void
simple_put(struct draft *one, struct span name, const struct parser *p)
{
	bool quoted = strcmp(p->type, "quoted") == 0;

	buf_text(&one->pattern, p->before);
	buf_text(&one->sample, p->before[0] == '[' ? "[" : "");
	if (quoted)
		buf_text(&one->sample, "\"");
	capture_put(one, name, p->type, SPAN_EMPTY, p->sample);
	if (quoted)
		buf_text(&one->sample, "\"");
	buf_text(&one->pattern, p->after);
	buf_text(&one->sample, p->after);
	one->stop = 0;
}

/* char-to, char-sep and string-to: up to a text. */
static enum err
until_put(struct drafts *d, struct span name, struct span type,
    struct span stop, bool last, struct fault *why)
{
	const char *as = "until-any";

	if (stop.len == 0)
		return fault_set(why, ERR_SYNTAX, "%.*s needs its characters",
		    (int)type.len, (const char *)type.at);
	if (span_find(stop, '\'') != SIZE_MAX &&
	    span_find(stop, '"') != SIZE_MAX)
		return fault_set(why, ERR_SYNTAX,
		    "%.*s: both quotes in its characters", (int)type.len,
		    (const char *)type.at);
	if (stop.len == 1 || span_starts(type, "string"))
		as = "until";
	for (size_t i = 0; i < d->n; i++) {
		if (last && span_starts(type, "char-sep")) {
			capture_put(
			    &d->at[i], name, "rest", SPAN_EMPTY, "text");
			continue;
		}
		capture_put(&d->at[i], name, as, stop, "text");
		d->at[i].stop = stop.at[0];
	}
	return ERR_OK;
}

/* A copy of a draft. */
static enum err
draft_copy(struct draft *to, const struct draft *from)
{
	enum err e;

	buf_reset(&to->pattern);
	buf_reset(&to->sample);
	buf_span(&to->pattern, buf_view(&from->pattern));
	buf_span(&to->sample, buf_view(&from->sample));
	e = buf_error(&to->pattern);
	if (e == ERR_OK)
		e = buf_error(&to->sample);
	for (unsigned f = 0; e == ERR_OK && f < FIELD_N; f++) {
		buf_reset(&to->gives[f]);
		buf_span(&to->gives[f], buf_view(&from->gives[f]));
		e = buf_error(&to->gives[f]);
	}
	to->stop = from->stop;
	return e;
}

/* Makes every draft `times` of it: those of the k-th option stand at k * n. */
static enum err
drafts_multiply(struct drafts *d, size_t times, struct fault *why)
{
	size_t n = d->n;

	if (d->single && times > 1)
		return fault_set(
		    why, ERR_SYNTAX, "an alternative in an alternative");
	if (times == 0 || times > LOGNORM_ALTERNATIVES_MAX / n)
		return fault_set(why, ERR_LIMIT, "more than %u alternatives",
		    LOGNORM_ALTERNATIVES_MAX);
	for (size_t k = 1; k < times; k++)
		for (size_t i = 0; i < n; i++)
			if (draft_copy(&d->at[k * n + i], &d->at[i]) != ERR_OK)
				return fault_set(why, ERR_MEMORY, "rule");
	d->n = n * times;
	return ERR_OK;
}

static enum err object_field(
    struct drafts *d, const json_t *o, bool last, struct fault *why);

/* The drafts of one option, as if they were all. */
static enum err
option_put(struct drafts *d, size_t from, size_t n, const json_t *option,
    bool last, struct fault *why)
{
	struct drafts part = *d;
	enum err e;

	/* the moved buffers come back below */
	memmove(part.at, &d->at[from], n * sizeof part.at[0]);
	part.n = n;
	part.single = true;
	if (json_is_object(option)) {
		e = object_field(&part, option, last, why);
	} else {
		e = json_is_array(option) && json_array_size(option) > 0
		    ? ERR_OK
		    : fault_set(why, ERR_SYNTAX, "alternative: no parser");
		for (size_t i = 0; e == ERR_OK && i < json_array_size(option);
		     i++)
			e = object_field(&part, json_array_get(option, i),
			    last && i + 1 == json_array_size(option), why);
	}
	memmove(&d->at[from], part.at, n * sizeof part.at[0]);
	d->n_names = part.n_names;
	memcpy(d->names, part.names, sizeof d->names);
	return e;
}

static enum err
alternative_put(struct drafts *d, const json_t *o, bool last, struct fault *why)
{
	const json_t *options = json_object_get(o, "parser");
	size_t n = d->n, times = json_array_size(options);
	struct span literal = d->literal;
	enum err e;

	e = drafts_multiply(d, times, why);
	for (size_t k = 0; e == ERR_OK && k < times; k++)
		e = option_put(
		    d, k * n, n, json_array_get(options, k), last, why);
	d->literal = literal;
	return e;
}

/* A word in quotes, or one without. */
static enum err
either_put(struct drafts *d, struct span name, struct fault *why)
{
	static const struct parser quoted = { "", "quoted", "quoted", "", "" };
	static const struct parser word = { "", "word", "word", "", "" };
	size_t n = d->n;
	enum err e = drafts_multiply(d, 2, why);

	for (size_t i = 0; e == ERR_OK && i < d->n; i++)
		simple_put(&d->at[i], name, i < n ? &quoted : &word);
	return e;
}

/* The name under which a field is captured; too many are thrown away. */
static struct span
name_of(struct drafts *d, struct span name)
{
	if (name.len == 0 || span_is(name, "-") || span_is(name, ".") ||
	    span_is(name, ".."))
		return SPAN_LIT("-");
	name = span_slice(name, 0, sizeof d->names[0] - 1);
	for (size_t i = 0; i < d->n_names; i++)
		if (span_is(name, d->names[i]))
			return name;
	if (d->n_names == DRAFT_CAPTURES_MAX)
		return SPAN_LIT("-");
	memcpy(d->names[d->n_names], name.at, name.len);
	d->names[d->n_names++][name.len] = '\0';
	return name;
}

/* One field by its name and parser. */
static enum err
field_put(struct drafts *d, struct span name, struct span type,
    struct span extra, bool last, struct fault *why)
{
	static const struct parser rest = { "", "rest", "the rest", "", "" };

	name = name_of(d, name);
	if (span_is(type, "char-to") || span_is(type, "char-sep") ||
	    span_is(type, "char-separated") || span_is(type, "string-to"))
		return until_put(d, name, type, extra, last, why);
	if (span_is(type, "op-quoted-string"))
		return either_put(d, name, why);
	for (size_t i = 0; i < sizeof parsers / sizeof parsers[0]; i++) {
		if (!span_is(type, parsers[i].name))
			continue;
		for (size_t k = 0; k < d->n; k++)
			simple_put(&d->at[k], name, &parsers[i]);
		return ERR_OK;
	}
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		if (!span_is(type, ends[i]))
			continue;
		if (!last)
			return fault_set(why, ERR_SYNTAX,
			    "parser \"%s\" inside a rule is not supported",
			    ends[i]);
		for (size_t k = 0; k < d->n; k++)
			simple_put(&d->at[k], name, &rest);
		return ERR_OK;
	}
	return fault_set(why, ERR_SYNTAX, "parser \"%.*s\" is not supported",
	    type.len > 40 ? 40 : (int)type.len, (const char *)type.at);
}

/* The extra data of a parser's object: text, or a list of characters. */
static struct span
extra_of(const json_t *o)
{
	const char *text = json_get_text(o, "extradata", NULL);

	if (text == NULL)
		text = json_get_text(o, "text", "");
	return span_text(text);
}

/* {"name": …, "type": …, …} */
static enum err
object_field(struct drafts *d, const json_t *o, bool last, struct fault *why)
{
	struct span type = span_text(json_get_text(o, "type", ""));
	struct span name = span_text(json_get_text(o, "name", "-"));

	if (type.len == 0)
		return fault_set(why, ERR_SYNTAX, "a field without type");
	if (span_is(type, "literal")) {
		struct span longest = d->literal;

		lognorm_literal(d, extra_of(o));
		d->literal = longest; /* the text ends with the object */
		return ERR_OK;
	}
	if (span_is(type, "alternative"))
		return alternative_put(d, o, last, why);
	return field_put(d, name, type, extra_of(o), last, why);
}

/* Reads JSON and puts it as a field; `name` and `type` from before it where
 * they stood there. */
static enum err
json_field(struct drafts *d, struct span name, struct span type,
    struct span text, bool last, struct fault *why)
{
	json_t *o = NULL;
	enum err e = json_read(text, &o, why);

	if (e == ERR_OK && json_is_array(o)) {
		for (size_t i = 0; e == ERR_OK && i < json_array_size(o); i++)
			e = object_field(d, json_array_get(o, i),
			    last && i + 1 == json_array_size(o), why);
	} else if (e == ERR_OK && !json_is_object(o)) {
		e = fault_set(why, ERR_SYNTAX, "a field is an object");
	} else if (e == ERR_OK) {
		if (name.at != NULL)
			json_put_text(o, "name", name);
		if (type.at != NULL)
			json_put_text(o, "type", type);
		e = object_field(d, o, last, why);
	}
	json_decref(o);
	return e;
}

enum err
lognorm_field(struct drafts *d, struct span s, bool last, struct fault *why)
{
	size_t colon, brace;
	struct span name, type;

	s = span_trim(s);
	if (span_starts(s, "{") || span_starts(s, "["))
		return json_field(d, SPAN_EMPTY, SPAN_EMPTY, s, last, why);
	colon = span_find(s, ':');
	if (colon == SIZE_MAX)
		return fault_set(why, ERR_SYNTAX, "a field is %%NAME:TYPE%%");
	name = span_slice(s, 0, colon);
	s = span_slice(s, colon + 1, SIZE_MAX);
	brace = span_find(s, '{');
	colon = span_find(s, ':');
	if (brace != SIZE_MAX && (colon == SIZE_MAX || brace < colon)) {
		type = span_slice(s, 0, brace);
		return json_field(
		    d, name, type, span_slice(s, brace, SIZE_MAX), last, why);
	}
	type = span_slice(s, 0, colon);
	return field_put(d, name, type,
	    colon == SIZE_MAX ? SPAN_EMPTY : span_slice(s, colon + 1, SIZE_MAX),
	    last, why);
}
