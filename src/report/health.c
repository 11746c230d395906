/*
 * report/health.c: who am I, and is Beimen itself well?
 */
#include "report/inner.h"

#include <string.h>

#define DISK_LOW (UINT64_C(1) << 30)

/* ---- /self ---- */

static json_t *
roles_json(struct report *r)
{
	json_t *all = rights_json(r->rights), *list = json_array();
	json_t *agencies = json_object_get(all, "agencies"), *roles, *one;
	const char *key;
	size_t i;

	json_object_foreach(agencies, key, roles) {
		json_array_foreach(roles, i, one) {
			json_t *o = json_object();

			json_put_str(o, "role", json_string_value(one));
			put(o, "agency", agency_json(r, span_text(key)));
			put(o, "until", NULL);
			(void)json_array_append_new(list, o);
		}
	}
	json_decref(all);
	return list;
}

enum err
report_self(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	struct span agency, key;
	json_t *o = json_object();

	(void)q;
	(void)why;
	json_put_str(o, "account", r->account);
	if (rights_person(r->rights, &agency, &key)) {
		const struct schema_register *people = schema_find(
		    book_schema(r->book), SPAN_LIT("person"));
		json_t *p = json_object();
		struct buf title;
		struct fault own;

		buf_init(&title, 4096);
		json_put_text(p, "key", key);
		if (people == NULL ||
		    book_title(r->book, people, agency, key, &title, &own) !=
			ERR_OK)
			buf_span(&title, key);
		json_put_str(p, "title", buf_string(&title));
		buf_clear(&title);
		put(o, "person", p);
	} else {
		put(o, "person", NULL);
	}
	put(o, "must_change", json_boolean(r->must_change));
	json_put_time(o, "password_until", r->change_us);
	json_put_time(o, "signed_in", r->since_us);
	json_put_int(o, "idle_s", r->idle_s);
	put(o, "roles", roles_json(r));
	put(o, "city", words_json(book_city(r->book), book_city(r->book)));
	put(o, "demo", json_false());
	json_put_str(o, "version", r->version);
	json_put_time(o, "now", r->now_us);
	a->json = o;
	return ERR_OK;
}

/* ---- /health ---- */

static json_t *
process_json(const json_t *p)
{
	const json_t *fence = json_object_get(p, "fence");
	int64_t abi = json_get_int(fence, "landlock_abi", 0);
	const char *said = json_get_text(p, "said", "");
	json_t *o = json_object();

	json_put_str(o, "name", json_get_text(p, "name", "?"));
	json_put_int(o, "instance", json_get_int(p, "instance", 0));
	json_put_int(o, "pid", json_get_int(p, "pid", 0));
	json_put_time(o, "since", json_get_int(p, "since_us", 0));
	json_put_int(o, "restarts", json_get_int(p, "restarts", 0));
	json_put_str(o, "state", json_get_text(p, "state", "?"));
	json_put_str(o, "user", json_get_text(p, "user", ""));
	put(o, "seccomp", json_boolean(json_get_bool(fence, "seccomp", false)));
	if (abi > 0) {
		struct buf b;

		buf_init(&b, 64);
		buf_printf(&b, "ABI %lld", (long long)abi);
		json_put_str(o, "landlock", buf_string(&b));
		buf_clear(&b);
	} else {
		put(o, "landlock", NULL);
	}
	put(o, "text", said[0] == '\0' ? NULL : words_json(said, said));
	return o;
}

static json_t *
check_json(const char *name, const char *zh, const char *en, enum state s,
    const char *text_zh, const char *text_en)
{
	json_t *o = json_object();

	json_put_str(o, "name", name);
	put(o, "title", words_json(zh, en));
	json_put_str(o, "state", state_name(s));
	put(o, "text", words_json(text_zh, text_en));
	return o;
}

static enum err
verify_each(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	json_t *o = json_object();

	(void)why;
	put(o, "agency", agency_json(r, arena_copy(r->arena, sql_text(s, 0))));
	json_put_time(o, "at", sql_int(s, 1));
	json_put_int(o, "segments", sql_int(s, 2));
	json_put_int(o, "records", sql_int(s, 3));
	json_put_int(o, "failed", sql_int(s, 4));
	if (sql_is_null(s, 5))
		put(o, "detail", NULL);
	else
		json_put_text(o, "detail", sql_text(s, 5));
	return json_array_append_new(arg, o) == 0 ? ERR_OK : ERR_MEMORY;
}

static enum err
disk_each(struct report *r, struct sql_stmt *s, void *arg, struct fault *why)
{
	uint64_t free_bytes = (uint64_t)sql_int(s, 1);
	bool low = free_bytes < DISK_LOW;
	struct buf zh, en;

	(void)r;
	(void)why;
	buf_init(&zh, 256);
	buf_init(&en, 256);
	buf_printf(
	    &zh, "剩餘 %llu MiB", (unsigned long long)(free_bytes >> 20));
	buf_printf(
	    &en, "%llu MiB free", (unsigned long long)(free_bytes >> 20));
	(void)json_array_append_new(arg,
	    check_json("disk", "磁碟空間", "Disk space",
		low ? STATE_DUE : STATE_MET, buf_string(&zh), buf_string(&en)));
	buf_clear(&zh);
	buf_clear(&en);
	return ERR_OK;
}

/* Whether every process runs behind its walls. */
static void
fence_check(const json_t *processes, json_t *checks)
{
	bool running = json_array_size(processes) > 0, walls = running;
	const json_t *p;
	size_t i;

	json_array_foreach(processes, i, p) {
		running = running &&
		    strcmp(json_get_text(p, "state", ""), "running") == 0;
		walls = walls && json_get_bool(p, "seccomp", false);
	}
	(void)json_array_append_new(checks,
	    check_json("processes", "程序", "Processes",
		running ? STATE_MET : STATE_UNMET,
		running ? "全部執行中" : "有程序未執行",
		running ? "all running" : "not all are running"));
	(void)json_array_append_new(checks,
	    check_json("fences", "隔離", "Fences",
		walls ? STATE_MET : STATE_UNMET,
		walls ? "每個程序都已限制系統呼叫" : "有程序未受限制",
		walls ? "every process has closed its fence"
		      : "not every process has closed its fence"));
}

static json_t *
vault_instrument(struct report *r, int64_t last_us)
{
	bool fresh = r->now_us - last_us < WHEN_DAY;
	json_t *o = check_json("vault", "紀錄庫", "Vault",
	    last_us == 0 ? STATE_UNKNOWN
		: fresh  ? STATE_MET
			 : STATE_UNKNOWN,
	    fresh ? "一天內有紀錄進來" : "一天內沒有紀錄進來",
	    fresh ? "records came within a day"
		  : "no record came within a day");

	json_put_time(o, "last", last_us);
	return o;
}

enum err
report_health(struct report *r, const struct question *q, struct answer *a,
    struct fault *why)
{
	json_t *o = json_object(), *processes = json_array();
	json_t *checks = json_array(), *verify = json_array();
	json_t *instruments = json_array();
	const json_t *p;
	int64_t last_us = 0;
	size_t i;
	enum err e;

	(void)q;
	json_array_foreach(r->status, i, p)
		(void)json_array_append_new(processes, process_json(p));
	fence_check(processes, checks);
	put(o, "processes", processes);
	put(o, "checks", checks);
	put(o, "verify", verify);
	put(o, "instruments", instruments);
	json_put_time(o, "now", r->now_us);
	e = rows(r, "verify_runs", NULL, 0, verify_each, verify, why);
	if (e == ERR_OK)
		e = rows(r, "disk_last", NULL, 0, disk_each, checks, why);
	if (e == ERR_OK)
		e = one_int(r, "source_last", NULL, 0, &last_us, why);
	if (e != ERR_OK) {
		json_decref(o);
		return e;
	}
	(void)json_array_append_new(instruments, vault_instrument(r, last_us));
	a->json = o;
	return ERR_OK;
}
