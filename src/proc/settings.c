/*
 * proc/settings.c: settings, each a row of proc/setting.tab.
 */
#include "proc/settings.h"

#include <fcntl.h>
#include <string.h>

#include "base/event.h"
#include "base/text.h"
#include "net/tls.h"
#include "pack/yaml.h"

enum type {
	TYPE_TEXT, /* any text */
	TYPE_NAME, /* text_is_name */
	TYPE_ADDR, /* ADDRESS:PORT, port 0 for a free one */
	TYPE_PORT, /* the same, or empty, or "none" */
	TYPE_HELO, /* none, ask, require */
	TYPE_DAYS, /* 1 .. 36500 */
	TYPE_MINS, /* 1 .. 1440 */
	TYPE_MANY, /* 1 .. 1000000 */
	TYPE_LIST, /* names that certificates are compared with */
	TYPE_SUMS, /* SHA-256 in hex, with colons or without */
	TYPE_DIRS, /* folders to follow: {path, pattern, host, app} */
};

#define ITEMS_MAX 200 /* of a list */
#define DIRS_MAX 32

static const struct setting {
	const char *name;
	enum type type;
	const char *value;
} settings[] = {
#define SETTING(name, type, value, help) { #name, TYPE_##type, value },
#include "proc/setting.tab"
#undef SETTING
};

#define N_SETTINGS (sizeof settings / sizeof settings[0])

static const struct setting *
setting_find(struct span name)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (span_is(name, settings[i].name))
			return &settings[i];
	return NULL;
}

/* ADDRESS:PORT or [ADDRESS]:PORT, by form alone. */
static bool
is_address(struct span s)
{
	size_t colon = s.len;
	uint64_t port;

	while (colon > 0 && s.at[colon - 1] != ':')
		colon--;
	return colon > 1 &&
	    span_number(span_slice(s, colon, SIZE_MAX), 65535, &port);
}

/* Puts one value, checked by the setting's type. */
static enum err
setting_put(
    json_t *to, const struct setting *s, struct span v, struct fault *why)
{
	static const uint64_t most[] = {
		[TYPE_DAYS] = 36500, [TYPE_MINS] = 1440, [TYPE_MANY] = 1000000
	};
	uint64_t n;

	if (!text_valid(v) || span_find(v, 0) != SIZE_MAX)
		return fault_set(
		    why, ERR_SYNTAX, "%s: not UTF-8 text", s->name);
	if (s->type == TYPE_NAME && !text_is_name(v, 40))
		return fault_set(why, ERR_RANGE,
		    "%s: '%.*s' is not a name (a-z 0-9 - _ ., at most 40)",
		    s->name, (int)v.len, (const char *)v.at);
	if (s->type == TYPE_HELO && !span_is(v, "none") && !span_is(v, "ask") &&
	    !span_is(v, "require"))
		return fault_set(why, ERR_RANGE,
		    "%s: '%.*s' is not none, ask or require", s->name,
		    (int)v.len, (const char *)v.at);
	if ((s->type == TYPE_ADDR && !is_address(v)) ||
	    (s->type == TYPE_PORT && v.len > 0 && !span_is(v, "none") &&
		!is_address(v)))
		return fault_set(why, ERR_RANGE,
		    "%s: '%.*s' is not ADDRESS:PORT", s->name, (int)v.len,
		    (const char *)v.at);
	if (s->type < TYPE_DAYS) {
		json_put_text(to, s->name, v);
		return ERR_OK;
	}
	if (!span_number(v, most[s->type], &n) || n == 0)
		return fault_set(why, ERR_RANGE,
		    "%s: '%.*s' is not a number from 1 to %llu", s->name,
		    (int)v.len, (const char *)v.at,
		    (unsigned long long)most[s->type]);
	json_put_int(to, s->name, (int64_t)n);
	return ERR_OK;
}

/* ---- lists ---- */

/* A fingerprint as 64 small hex digits; empty when it is none. */
static struct span
sum_plain(struct span v, char to[static 64])
{
	size_t n = 0;

	for (size_t i = 0; i < v.len; i++) {
		uint8_t c = v.at[i];

		if (c == ':' || c == ' ')
			continue;
		if (c >= 'A' && c <= 'F')
			c = (uint8_t)(c - 'A' + 'a');
		if (n == 64 ||
		    !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return SPAN_EMPTY;
		to[n++] = (char)c;
	}
	return n == 64 ? span_of(to, 64) : SPAN_EMPTY;
}

/* Adds one name or fingerprint to a list. */
static enum err
item_put(
    json_t *list, const struct setting *s, struct span v, struct fault *why)
{
	char sum[64];

	v = span_trim(v);
	if (v.len == 0)
		return ERR_OK;
	if (json_array_size(list) == ITEMS_MAX)
		return fault_set(
		    why, ERR_LIMIT, "%s: more than %d", s->name, ITEMS_MAX);
	if (s->type == TYPE_LIST && !tls_is_name(v))
		return fault_set(why, ERR_RANGE,
		    "%s: '%.*s' is not a name (letters, digits, -._@, no "
		    "wildcards)",
		    s->name, (int)v.len, (const char *)v.at);
	if (s->type == TYPE_SUMS && (v = sum_plain(v, sum)).len == 0)
		return fault_set(why, ERR_RANGE,
		    "%s: a fingerprint is 64 hex digits", s->name);
	(void)json_array_append_new(
	    list, json_stringn((const char *)v.at, v.len));
	return ERR_OK;
}

/* A member of a folder's row: text, with a default. */
static enum err
member_put(json_t *to, const json_t *from, const char *name, const char *or_,
    size_t max, struct fault *why)
{
	const json_t *v = json_object_get(from, name);
	struct span text = v == NULL ? span_text(or_) : SPAN_EMPTY;

	if (json_is_string(v))
		text = span_text(json_string_value(v));
	else if (v != NULL)
		return fault_set(why, ERR_SYNTAX, "follow: %s is text", name);
	if (text.len > max || !text_valid(text))
		return fault_set(
		    why, ERR_RANGE, "follow: %s is too long", name);
	json_put_text(to, name, text);
	return ERR_OK;
}

/* Adds one folder: its path, or an object. */
static enum err
dir_put(json_t *list, const json_t *v, struct fault *why)
{
	static const char *const known[] = { "path", "pattern", "host", "app" };
	json_t *row = json_object(), *path = NULL;
	const char *key;
	json_t *member;
	enum err e;

	if (json_is_string(v)) {
		path = json_object();
		json_put_str(path, "path", json_string_value(v));
		v = path;
	}
	if (json_array_size(list) == DIRS_MAX)
		e = fault_set(
		    why, ERR_LIMIT, "follow: more than %d folders", DIRS_MAX);
	else if (!json_is_object(v))
		e = fault_set(
		    why, ERR_SYNTAX, "follow: a folder is a path or {path: …}");
	else
		e = member_put(row, v, "path", "", 500, why);
	if (e == ERR_OK && json_get_text(row, "path", "")[0] == '\0')
		e = fault_set(why, ERR_RANGE, "follow: a path is missing");
	if (e == ERR_OK)
		e = member_put(row, v, "pattern", "*", 100, why);
	if (e == ERR_OK)
		e = member_put(row, v, "host", "", EVENT_TEXT_MAX, why);
	if (e == ERR_OK)
		e = member_put(row, v, "app", "", EVENT_TEXT_MAX, why);
	json_object_foreach((json_t *)(uintptr_t)v, key, member) {
		bool found = e != ERR_OK;

		for (size_t i = 0; i < 4 && !found; i++)
			found = strcmp(key, known[i]) == 0;
		if (!found)
			e = fault_set(
			    why, ERR_SYNTAX, "follow: unknown '%s'", key);
	}
	if (e == ERR_OK)
		(void)json_array_append(list, row);
	json_decref(row);
	json_decref(path);
	return e;
}

/* Adds what one text or a list of them says. */
static enum err
list_put(
    json_t *list, const struct setting *s, const json_t *v, struct fault *why)
{
	enum err e = ERR_OK;
	struct cursor c;

	if (json_is_array(v)) {
		for (size_t i = 0; i < json_array_size(v) && e == ERR_OK; i++)
			e = json_is_array(json_array_get(v, i))
			    ? fault_set(why, ERR_SYNTAX, "%s: a list in a list",
				  s->name)
			    : list_put(list, s, json_array_get(v, i), why);
		return e;
	}
	if (s->type == TYPE_DIRS)
		return json_is_string(v) && json_string_length(v) == 0
		    ? ERR_OK
		    : dir_put(list, v, why);
	if (!json_is_string(v))
		return fault_set(why, ERR_SYNTAX, "%s: not text", s->name);
	c = cursor_of(span_text(json_string_value(v)));
	while (c.pos < c.all.len && e == ERR_OK)
		e = item_put(list, s, cursor_until(&c, ',', NULL), why);
	return e;
}

/* A list anew, or, with add, longer. */
static enum err
list_set(json_t *to, const struct setting *s, const json_t *v, bool add,
    struct fault *why)
{
	json_t *list = json_object_get(to, s->name);

	if (!add || list == NULL) {
		json_object_set_new(to, s->name, json_array());
		list = json_object_get(to, s->name);
	}
	return list_put(list, s, v, why);
}

/* One value given as text. */
static enum err
text_put(json_t *to, const struct setting *s, struct span v, bool add,
    struct fault *why)
{
	json_t *text;
	enum err e;

	if (s->type < TYPE_LIST)
		return setting_put(to, s, v, why);
	if (!text_valid(v) || span_find(v, 0) != SIZE_MAX)
		return fault_set(
		    why, ERR_SYNTAX, "%s: not UTF-8 text", s->name);
	text = json_stringn((const char *)v.at, v.len);
	e = list_set(to, s, text, add, why);
	json_decref(text);
	return e;
}

/* ---- reading ---- */

/* Every value of the file; the first mistake is named with its line. */
static enum err
file_read(const char *file, json_t *to, struct fault *why)
{
	struct yaml *y = NULL;
	const char *key;
	json_t *v;
	enum err e;

	if ((e = yaml_load(AT_FDCWD, file, &y, why)) != ERR_OK)
		return e;
	if (!json_is_object(yaml_root(y))) {
		e = yaml_fault(
		    y, "", why, ERR_SYNTAX, "settings are NAME: VALUE lines");
		goto out;
	}
	json_object_foreach((json_t *)(uintptr_t)yaml_root(y), key, v) {
		const struct setting *s = setting_find(span_text(key));
		struct buf at, text;
		struct fault own;

		buf_init(&at, 256);
		buf_init(&text, 4096);
		buf_printf(&at, "/%s", key);
		if (json_is_integer(v))
			buf_printf(
			    &text, "%lld", (long long)json_integer_value(v));
		else if (json_is_string(v))
			buf_text(&text, json_string_value(v));
		if (s == NULL)
			e = yaml_fault(y, buf_string(&at), why, ERR_SYNTAX,
			    "unknown setting '%s'", key);
		else if (s->type >= TYPE_LIST &&
		    (e = list_set(to, s, v, false, &own)) != ERR_OK)
			e = yaml_fault(
			    y, buf_string(&at), why, e, "%s", own.text);
		else if (s->type >= TYPE_LIST)
			e = ERR_OK;
		else if (!json_is_integer(v) && !json_is_string(v))
			e = yaml_fault(y, buf_string(&at), why, ERR_SYNTAX,
			    "%s: not a single value", key);
		else if ((e = setting_put(to, s, buf_view(&text), &own)) !=
		    ERR_OK)
			e = yaml_fault(
			    y, buf_string(&at), why, e, "%s", own.text);
		buf_clear(&at);
		buf_clear(&text);
		if (e != ERR_OK)
			break;
	}
out:
	yaml_doc_free(y);
	return e;
}

enum err
settings_read(const char *file, const char *const *option, size_t n,
    json_t **out, struct fault *why)
{
	json_t *to = json_object();
	bool given[N_SETTINGS] = { false }; /* a list's second value is added */
	enum err e = ERR_OK;

	if (to == NULL)
		return fault_set(why, ERR_MEMORY, "settings");
	for (size_t i = 0; i < N_SETTINGS && e == ERR_OK; i++)
		e = text_put(
		    to, &settings[i], span_text(settings[i].value), false, why);
	if (e == ERR_OK && file != NULL)
		e = file_read(file, to, why);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		struct span s = span_text(option[i]);
		size_t eq = span_find(s, '=');
		const struct setting *row = setting_find(
		    span_slice(s, 0, eq == SIZE_MAX ? 0 : eq));

		if (row == NULL)
			e = fault_set(
			    why, ERR_SYNTAX, "unknown option '%s'", option[i]);
		else {
			e = text_put(to, row, span_slice(s, eq + 1, SIZE_MAX),
			    given[row - settings], why);
			given[row - settings] = true;
		}
	}
	if (e != ERR_OK) {
		json_decref(to);
		return e;
	}
	*out = to;
	return ERR_OK;
}
