/*
 * proc/settings.c: settings, each a row of proc/setting.tab.
 */
#include "proc/settings.h"

#include <fcntl.h>
#include <string.h>

#include "base/text.h"
#include "pack/yaml.h"

enum type {
	TYPE_TEXT, /* any text */
	TYPE_NAME, /* text_is_name */
	TYPE_ADDR, /* ADDRESS:PORT, port 0 for a free one */
	TYPE_DAYS, /* 1 .. 36500 */
	TYPE_MINS, /* 1 .. 1440 */
	TYPE_MANY, /* 1 .. 1000000 */
};

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
	if (s->type == TYPE_ADDR && !is_address(v))
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
	enum err e = ERR_OK;

	if (to == NULL)
		return fault_set(why, ERR_MEMORY, "settings");
	for (size_t i = 0; i < N_SETTINGS && e == ERR_OK; i++)
		e = setting_put(
		    to, &settings[i], span_text(settings[i].value), why);
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
		else
			e = setting_put(
			    to, row, span_slice(s, eq + 1, SIZE_MAX), why);
	}
	if (e != ERR_OK) {
		json_decref(to);
		return e;
	}
	*out = to;
	return ERR_OK;
}
