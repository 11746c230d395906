/*
 * book/normal.c: values as people write them, in their one normal form.
 *
 * Works on: one row of a form, an import or the API. Every refusal names
 * register and field and says the reason in both languages.
 */
#include "book/schema.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/text.h"
#include "base/when.h"
#include "book/inner.h"

#define VALUE_BYTES_MAX ((size_t)32 << 10) /* of one text field */

/* One value on its way. */
struct value {
	const struct schema_register *r;
	const struct schema_field *f;
	struct span in; /* trimmed */
	struct refusals *bad;
	struct buf out;
};

/* Refuse the value; zh and en may be built for the occasion. */
static enum err
no(struct value *v, const char *code, const char *zh, const char *en)
{
	(void)refuse(v->bad, code, v->r->name, v->f->name, v->in, zh, en);
	return ERR_RANGE;
}

/* As `no`, with a number in both sentences. */
static enum err
no_number(struct value *v, const char *zh, const char *en, int64_t n)
{
	char *z = arena_printf(v->bad->a, "%s%lld", zh, (long long)n);
	char *e = arena_printf(v->bad->a, "%s%lld", en, (long long)n);

	return no(v, REFUSE_RANGE, z, e);
}

/* Characters of valid UTF-8. */
static int64_t
characters(struct span s)
{
	int64_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += (s.at[i] & 0xc0) != 0x80;
	return n;
}

/* Text without control characters besides tab and line feed. */
static enum err
text_ok(struct value *v)
{
	int64_t n, max = v->f->has_max ? v->f->max : SCHEMA_TEXT_MAX;

	if (!text_valid(v->in))
		return no(
		    v, REFUSE_TYPE, "不是有效的UTF-8文字", "not UTF-8 text");
	for (size_t i = 0; i < v->in.len; i++) {
		uint8_t c = v->in.at[i];

		if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') ||
		    c == 0x7f)
			return no(v, REFUSE_TYPE, "含有控制字元",
			    "holds control characters");
	}
	n = characters(v->in);
	if (n > max || v->in.len > VALUE_BYTES_MAX)
		return no_number(v, "字數超過上限 ",
		    "longer than this many characters: ", max);
	if (v->f->has_min && n < v->f->min)
		return no_number(v, "字數少於下限 ",
		    "shorter than this many characters: ", v->f->min);
	for (size_t i = 0; i < v->in.len; i++)
		if (v->in.at[i] != '\r')
			buf_u8(&v->out, v->in.at[i]);
	return ERR_OK;
}

static enum err
ip_ok(struct value *v)
{
	char text[INET6_ADDRSTRLEN + 1] = { 0 };
	uint8_t raw[16];
	int family = span_find(v->in, ':') != SIZE_MAX ? AF_INET6 : AF_INET;

	if (v->in.len >= sizeof text)
		return no(v, REFUSE_TYPE, "不是IP位址", "not an IP address");
	memcpy(text, v->in.at, v->in.len);
	if (inet_pton(family, text, raw) != 1 ||
	    inet_ntop(family, raw, text, sizeof text) == NULL)
		return no(v, REFUSE_TYPE, "不是IP位址", "not an IP address");
	buf_text(&v->out, text);
	return ERR_OK;
}

/* True when bits past the prefix are set. */
static bool
has_host_bits(const uint8_t *raw, unsigned bytes, uint64_t prefix)
{
	for (unsigned i = 0; i < bytes * 8; i++)
		if (i >= prefix && (raw[i / 8] >> (7 - i % 8) & 1) != 0)
			return true;
	return false;
}

/* An address, or address/prefix without host bits. A prefix of the whole
 * address is left out. */
static enum err
cidr_ok(struct value *v)
{
	size_t slash = span_find(v->in, '/');
	struct span whole = v->in;
	int family = span_find(v->in, ':') != SIZE_MAX ? AF_INET6 : AF_INET;
	uint64_t bits = family == AF_INET ? 32 : 128, prefix = bits;
	uint8_t raw[16];
	size_t start = v->out.len;
	enum err e;

	if (slash != SIZE_MAX) {
		if (!span_number(
			span_slice(whole, slash + 1, SIZE_MAX), bits, &prefix))
			return no(v, REFUSE_TYPE, "不是網段（位址/前綴長度）",
			    "not a network (address/prefix)");
		v->in = span_slice(whole, 0, slash);
	}
	e = ip_ok(v);
	v->in = whole;
	if (e != ERR_OK || buf_error(&v->out) != ERR_OK)
		return e != ERR_OK ? e : buf_error(&v->out);
	if (inet_pton(family, buf_string(&v->out) + start, raw) != 1)
		return no(v, REFUSE_TYPE, "不是網段", "not a network");
	if (has_host_bits(raw, (unsigned)bits / 8, prefix))
		return no(v, REFUSE_RANGE,
		    "位址超出所給的前綴長度，請填網段位址",
		    "the address has bits past its prefix");
	if (prefix < bits)
		buf_printf(&v->out, "/%llu", (unsigned long long)prefix);
	return ERR_OK;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Twelve hex digits, with or without ':', '-' or '.' between. */
static enum err
mac_ok(struct value *v)
{
	unsigned n = 0;

	for (size_t i = 0; i < v->in.len; i++) {
		uint8_t c = v->in.at[i];
		int d = hex_digit(c);

		if (d == -1 && n > 0 && n < 12 && n % 2 == 0 &&
		    (c == ':' || c == '-' || c == '.'))
			continue;
		if (d == -1 || ++n > 12)
			return no(v, REFUSE_TYPE, "不是網卡位址",
			    "not a MAC address");
		if (n > 1 && n % 2 == 1)
			buf_u8(&v->out, ':');
		buf_u8(&v->out, (uint8_t) "0123456789abcdef"[d]);
	}
	return n == 12
	    ? ERR_OK
	    : no(v, REFUSE_TYPE, "不是網卡位址", "not a MAC address");
}

/* Letters of host names, and UTF-8 beyond ASCII. */
static bool
host_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '.' || c >= 0x80;
}

static enum err
email_ok(struct value *v)
{
	size_t at = span_find(v->in, '@');
	struct span host = span_slice(
	    v->in, at == SIZE_MAX ? 0 : at + 1, SIZE_MAX);
	bool good = at != SIZE_MAX && at > 0 && at <= 64 && host.len > 0 &&
	    v->in.len <= 254 && host.at[0] != '.' &&
	    host.at[host.len - 1] != '.' && text_valid(v->in);

	for (size_t i = 0; good && i < at; i++)
		good = v->in.at[i] > ' ' && v->in.at[i] != 0x7f &&
		    strchr("()<>,;:\\\"[]", v->in.at[i]) == NULL;
	for (size_t i = 0; good && i < host.len; i++)
		good = host_byte(host.at[i]);
	if (!good)
		return no(v, REFUSE_TYPE, "不是電子郵件位址",
		    "not an e-mail address");
	buf_span(&v->out, v->in);
	return ERR_OK;
}

static enum err
url_ok(struct value *v)
{
	size_t skip = span_starts(v->in, "https://") ? 8
	    : span_starts(v->in, "http://")          ? 7
						     : 0;
	bool good = skip > 0 && v->in.len > skip && v->in.len <= 2000 &&
	    text_valid(v->in) &&
	    (host_byte(v->in.at[skip]) || v->in.at[skip] == '[');

	for (size_t i = skip; good && i < v->in.len; i++)
		good = v->in.at[i] > ' ' && v->in.at[i] != 0x7f &&
		    strchr("<>\"\\^`{|}", v->in.at[i]) == NULL;
	if (!good)
		return no(v, REFUSE_TYPE,
		    "不是網址（須以 http:// 或 https:// 開頭）",
		    "not a web address (http:// or https://)");
	buf_span(&v->out, v->in);
	return ERR_OK;
}

static enum err
digest_ok(struct value *v)
{
	struct span s = v->in;

	if (span_starts(s, "sha256:"))
		s = span_slice(s, 7, SIZE_MAX);
	for (size_t i = 0; i < s.len && s.len == 2 * HASH_LEN; i++) {
		int d = hex_digit(s.at[i]);

		if (d == -1)
			break;
		buf_u8(&v->out, (uint8_t) "0123456789abcdef"[d]);
	}
	if (s.len != 2 * HASH_LEN || v->out.len != 2 * HASH_LEN)
		return no(v, REFUSE_TYPE, "不是SHA-256摘要（64個十六進位數字）",
		    "not a SHA-256 digest (64 hex digits)");
	return ERR_OK;
}

static enum err
enum_ok(struct value *v)
{
	for (size_t i = 0; i < v->f->n_values; i++) {
		const struct schema_value *it = &v->f->value[i];

		if (span_equal_nocase(v->in, span_text(it->value)) ||
		    span_is(v->in, it->label.zh) ||
		    span_equal_nocase(v->in, span_text(it->label.en))) {
			buf_text(&v->out, it->value);
			return ERR_OK;
		}
	}
	for (size_t i = 0; i < v->f->n_values; i++)
		buf_printf(&v->out, "%s%s", i > 0 ? "、" : "不在可用的值之中：",
		    v->f->value[i].label.zh);
	char *zh = arena_text(v->bad->a, buf_view(&v->out));
	buf_reset(&v->out);
	for (size_t i = 0; i < v->f->n_values; i++)
		buf_printf(&v->out, "%s%s",
		    i > 0 ? ", " : "not one of: ", v->f->value[i].label.en);
	char *en = arena_text(v->bad->a, buf_view(&v->out));
	buf_reset(&v->out);
	return no(v, REFUSE_VALUE, zh, en);
}

static enum err
ref_ok(struct value *v)
{
	if (!key_is_good(v->f->ref, v->in))
		return no(v, REFUSE_REF, "不是有效的代碼", "not a key");
	buf_span(&v->out, v->in);
	return ERR_OK;
}

/* A date, Gregorian or ROC, or an instant; printed in normal form. */
static enum err
time_ok(struct value *v)
{
	struct fault f = { 0 };
	int64_t us = 0;
	enum err e = when_parse(v->in, &us, &f);

	if (e == ERR_RANGE)
		return no(v, REFUSE_RANGE, "沒有這一天或這個時刻",
		    "no such day or time");
	if (e != ERR_OK)
		return no(v, REFUSE_TYPE,
		    v->f->type == TYPE_DATE
			? "不是日期（如 115/11/22 或 2026-11-22）"
			: "不是時間（如 2026-11-22T09:00:00+08:00）",
		    v->f->type == TYPE_DATE
			? "not a date (as 2026-11-22 or 115/11/22)"
			: "not a time (as 2026-11-22T09:00:00+08:00)");
	if (v->f->type == TYPE_INSTANT)
		when_print_utc(&v->out, us);
	else if (us != when_day_start(us))
		return no(v, REFUSE_TYPE, "日期不含時刻",
		    "a date has no time of day");
	else
		day_print(&v->out, when_day(us));
	return ERR_OK;
}

/* One piece of a text-like value. */
static enum err
piece_ok(struct value *v)
{
	switch (v->f->type) {
	case TYPE_IP:
		return ip_ok(v);
	case TYPE_CIDR:
		return cidr_ok(v);
	case TYPE_MAC:
		return mac_ok(v);
	case TYPE_EMAIL:
		return email_ok(v);
	case TYPE_URL:
		return url_ok(v);
	case TYPE_DIGEST:
		return digest_ok(v);
	case TYPE_ENUM:
		return enum_ok(v);
	case TYPE_REF:
		return ref_ok(v);
	case TYPE_DATE:
	case TYPE_INSTANT:
		return time_ok(v);
	default:
		return text_ok(v);
	}
}

/* Bytes of a separator between several values at s: space, comma, semicolon,
 * and their wide forms; 0 if there is none. */
static size_t
separator(struct span s)
{
	uint32_t cp = 0;
	size_t len = text_rune(span_slice(s, 0, 4), &cp);

	if (cp == ' ' || cp == ',' || cp == ';' || cp == '\n' || cp == '\t' ||
	    cp == '\r' || cp == 0x3001 || cp == 0xFF0C || cp == 0xFF1B ||
	    cp == 0x3000)
		return len;
	return 0;
}

/* Several values, one space between. */
static enum err
many_ok(struct value *v)
{
	struct span whole = v->in;
	size_t at = 0, from;
	struct buf joined;
	enum err e = ERR_OK;

	buf_init(&joined, VALUE_BYTES_MAX);
	while (e == ERR_OK && at < whole.len) {
		size_t sep = separator(span_slice(whole, at, 4));

		if (sep > 0) {
			at += sep;
			continue;
		}
		for (from = at; at < whole.len; at++)
			if (separator(span_slice(whole, at, 4)) > 0)
				break;
		v->in = span_slice(whole, from, at - from);
		buf_reset(&v->out);
		if ((e = piece_ok(v)) != ERR_OK)
			break;
		if (joined.len > 0)
			buf_u8(&joined, ' ');
		buf_span(&joined, buf_view(&v->out));
	}
	v->in = whole;
	if (e == ERR_OK && v->f->has_max &&
	    characters(buf_view(&joined)) > v->f->max)
		e = no_number(v, "字數超過上限 ",
		    "longer than this many characters: ", v->f->max);
	buf_reset(&v->out);
	buf_span(&v->out, buf_view(&joined));
	buf_clear(&joined);
	return e;
}

static enum err
bool_normal(struct value *v, const json_t *in, json_t **out)
{
	static const char *const yes[] = { "true", "yes", "y", "1", "是", "有",
		"✓", "v", "真", NULL };
	static const char *const nay[] = { "false", "no", "n", "0", "否", "無",
		"✗", "x", "假", NULL };

	if (json_is_boolean(in)) {
		*out = json_boolean(json_is_true(in));
		return ERR_OK;
	}
	for (size_t i = 0; yes[i] != NULL; i++) {
		if (span_equal_nocase(v->in, span_text(yes[i])))
			*out = json_true();
		else if (span_equal_nocase(v->in, span_text(nay[i])))
			*out = json_false();
	}
	if (*out == NULL)
		return no(v, REFUSE_TYPE, "請填是或否", "neither yes nor no");
	return ERR_OK;
}

static enum err
int_normal(struct value *v, json_t **out)
{
	bool minus = span_starts(v->in, "-");
	struct span digits = span_slice(v->in, minus, SIZE_MAX);
	uint64_t n;
	int64_t i;

	if (!span_number(digits, INT64_MAX, &n))
		return no(v, REFUSE_TYPE, "不是整數", "not a whole number");
	i = minus ? -(int64_t)n : (int64_t)n;
	if (v->f->has_min && i < v->f->min)
		return no_number(v, "小於下限 ", "less than ", v->f->min);
	if (v->f->has_max && i > v->f->max)
		return no_number(v, "大於上限 ", "greater than ", v->f->max);
	*out = json_integer(i);
	return *out != NULL ? ERR_OK : ERR_MEMORY;
}

/* The value by its type; v->in is set and not empty (or in is a bool). */
static enum err
typed_normal(struct value *v, const json_t *in, json_t **out)
{
	enum err e;

	if (v->f->type == TYPE_BOOL)
		return bool_normal(v, in, out);
	if (json_is_boolean(in))
		return no(v, REFUSE_TYPE, "此欄不是是非欄位",
		    "not a yes-or-no field");
	if (v->f->type == TYPE_INT)
		return int_normal(v, out);
	e = v->f->many ? many_ok(v) : piece_ok(v);
	if (e != ERR_OK)
		return e;
	if (buf_error(&v->out) != ERR_OK)
		return buf_error(&v->out);
	if (v->out.len == 0)
		return ERR_OK; /* separators only: empty */
	*out = json_stringn(buf_string(&v->out), v->out.len);
	return *out != NULL ? ERR_OK : ERR_MEMORY;
}

enum err
field_normal(const struct schema_register *r, const struct schema_field *f,
    const json_t *in, json_t **out, struct refusals *bad, struct fault *why)
{
	struct value v = { .r = r, .f = f, .bad = bad };
	struct buf number;
	enum err e;

	*out = NULL;
	buf_init(&number, 32);
	if (json_is_string(in)) {
		v.in = span_trim(
		    span_of(json_string_value(in), json_string_length(in)));
	} else if (json_is_integer(in)) {
		buf_printf(&number, "%lld", (long long)json_integer_value(in));
		v.in = buf_view(&number);
	} else if (in != NULL && !json_is_null(in) && !json_is_boolean(in)) {
		return no(&v, REFUSE_TYPE, "值的型別不對",
		    "a list, object or fraction is no value here");
	}
	if (v.in.len == 0 && !json_is_boolean(in))
		return ERR_OK;
	buf_init(&v.out, VALUE_BYTES_MAX);
	e = typed_normal(&v, in, out);
	buf_clear(&v.out);
	buf_clear(&number);
	if (e == ERR_MEMORY || e == ERR_LIMIT)
		return fault_set(
		    why, e, "register %s, field %s", r->name, f->name);
	if (e != ERR_OK)
		(void)fault_set(
		    why, e, "register %s, field %s: refused", r->name, f->name);
	return e;
}

/* Rank of a value among the enum's; -1 when the field is empty. */
static int
rank_of(const struct schema_field *f, const json_t *v)
{
	for (size_t i = 0; v != NULL && i < f->n_values; i++)
		if (strcmp(f->value[i].value, json_string_value(v)) == 0)
			return (int)i;
	return -1;
}

/* Fill in a computed field, or refuse a typed value that differs. It stays
 * empty while one of those it is made of is. */
static enum err
highest_fill(const struct schema_register *r, const struct schema_field *f,
    json_t *row, struct refusals *bad)
{
	const json_t *typed = json_object_get(row, f->name);
	int highest = -1;

	for (size_t i = 0; i < f->n_highest; i++) {
		const struct schema_field *of = &r->field[f->highest_of[i]];
		int rank = rank_of(of, json_object_get(row, of->name));

		if (rank == -1)
			highest = INT32_MIN;
		if (highest != INT32_MIN && rank > highest)
			highest = rank;
	}
	if (typed != NULL && rank_of(f, typed) != highest) {
		(void)refuse(bad, REFUSE_COMPUTED, r->name, f->name,
		    span_text(json_string_value(typed)),
		    highest < 0 ? "由其他欄位決定，各欄尚未填齊，請留空"
				: "與各欄位中最高者不同；此欄自動決定，可留空",
		    highest < 0
			? "computed from other fields, not all given: leave "
			  "it empty"
			: "differs from the highest of its fields; leave it "
			  "empty");
		return ERR_RANGE;
	}
	if (typed == NULL && highest >= 0 &&
	    json_object_set_new(
		row, f->name, json_string(f->value[highest].value)) != 0)
		return ERR_MEMORY;
	return ERR_OK;
}

/* A key of `in` that the register lacks. */
static enum err
names_known(
    const struct schema_register *r, const json_t *in, struct refusals *bad)
{
	json_t *o = (json_t *)(uintptr_t)in;
	enum err e = ERR_OK;

	for (void *it = json_object_iter(o); it != NULL;
	     it = json_object_iter_next(o, it)) {
		const char *key = json_object_iter_key(it);

		if (schema_field(r, span_text(key)) != NULL)
			continue;
		(void)refuse(bad, REFUSE_UNKNOWN, r->name, key, SPAN_EMPTY,
		    "沒有這個欄位", "no such field");
		e = ERR_RANGE;
	}
	return e;
}

enum err
row_normal(const struct schema_register *r, const json_t *in, json_t **out,
    struct refusals *bad, struct fault *why)
{
	json_t *row = json_object();
	enum err all = ERR_OK, e;

	*out = NULL;
	if (row == NULL)
		return fault_set(why, ERR_MEMORY, "a row of %s", r->name);
	if (!json_is_object(in)) {
		(void)refuse(bad, REFUSE_TYPE, r->name, NULL, SPAN_EMPTY,
		    "欄位必須是一個物件", "the fields must be an object");
		all = ERR_RANGE;
		goto out;
	}
	all = names_known(r, in, bad);
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct schema_field *f = &r->field[i];
		json_t *v = NULL;

		e = field_normal(
		    r, f, json_object_get(in, f->name), &v, bad, why);
		if (e == ERR_OK && v == NULL && f->required) {
			(void)refuse(bad, REFUSE_REQUIRED, r->name, f->name,
			    SPAN_EMPTY, "必填", "must be given");
			e = ERR_RANGE;
		}
		if (v != NULL && json_object_set_new(row, f->name, v) != 0)
			e = ERR_MEMORY;
		if (e == ERR_MEMORY || e == ERR_LIMIT) {
			all = e;
			goto out;
		}
		all = e != ERR_OK ? e : all;
	}
	for (size_t i = 0; all == ERR_OK && i < r->n_fields; i++)
		if (r->field[i].n_highest > 0)
			all = highest_fill(r, &r->field[i], row, bad);
	if (all == ERR_OK) {
		*out = row;
		row = NULL;
	}
out:
	json_decref(row);
	if (all != ERR_OK)
		(void)fault_set(why, all, "register %s: %s", r->name,
		    bad->n > 0 ? bad->at[0].en : "refused");
	return all;
}
