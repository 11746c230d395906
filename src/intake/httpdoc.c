/*
 * intake/httpdoc.c: documents of log shippers.
 *
 * Works on  one JSON object, hostile; read once from left to right.
 * Runs in   proc/ingest.c.
 */
#include "intake/httpdoc.h"

#include "base/text.h"

#define PATH_MAX_LEN 96
#define TABLE_SIZE 512 /* a power of two, well above the rows below */

/* What a value is for. */
enum part {
	PART_TIME,
	PART_MESSAGE,
	PART_HOST,
	PART_APP,
	PART_PROC,
	PART_MSGID,
	PART_SEVERITY,
	PART_FACILITY,
	PART_PRI,
	PART_KIND, /* ECS event.category; every value of a list counts */
	PART_TYPE, /* ECS event.type; likewise */
	PART_OUTCOME,
	PART_CHANNEL, /* a Windows event log */
	PART_FIELD, /* PART_FIELD + enum event_field */
	PART_N = PART_FIELD + FIELD_N
};

/* The first row of a part that a document has wins, whatever the order in
 * the document. */
static const struct key_row {
	const char *path;
	unsigned part;
} rows[] = {
	{ "@timestamp", PART_TIME },
	{ "timestamp", PART_TIME },
	{ "time", PART_TIME },
	{ "date", PART_TIME },
	{ "ts", PART_TIME },
	{ "_SOURCE_REALTIME_TIMESTAMP", PART_TIME },
	{ "__REALTIME_TIMESTAMP", PART_TIME },
	{ "message", PART_MESSAGE },
	{ "msg", PART_MESSAGE },
	{ "MESSAGE", PART_MESSAGE },
	{ "log", PART_MESSAGE },
	{ "event.original", PART_MESSAGE },
	{ "short_message", PART_MESSAGE },
	{ "log.syslog.hostname", PART_HOST },
	{ "winlog.computer_name", PART_HOST },
	{ "host.name", PART_HOST },
	{ "host.hostname", PART_HOST },
	{ "_HOSTNAME", PART_HOST },
	{ "hostname", PART_HOST },
	{ "host", PART_HOST },
	{ "HOSTNAME", PART_HOST },
	{ "HOST", PART_HOST },
	{ "fromhost", PART_HOST },
	{ "beat.hostname", PART_HOST },
	{ "agent.hostname", PART_HOST },
	{ "source_host", PART_HOST },
	{ "log.syslog.appname", PART_APP },
	{ "process.name", PART_APP },
	{ "SYSLOG_IDENTIFIER", PART_APP },
	{ "winlog.provider_name", PART_APP },
	{ "appname", PART_APP },
	{ "app_name", PART_APP },
	{ "programname", PART_APP },
	{ "program", PART_APP },
	{ "PROGRAM", PART_APP },
	{ "ident", PART_APP },
	{ "syslogtag", PART_APP },
	{ "tag", PART_APP },
	{ "_COMM", PART_APP },
	{ "service.name", PART_APP },
	{ "app", PART_APP },
	{ "kubernetes.container.name", PART_APP },
	{ "kubernetes.container_name", PART_APP },
	{ "event.dataset", PART_APP },
	{ "log.syslog.procid", PART_PROC },
	{ "process.pid", PART_PROC },
	{ "SYSLOG_PID", PART_PROC },
	{ "_PID", PART_PROC },
	{ "procid", PART_PROC },
	{ "pid", PART_PROC },
	{ "PID", PART_PROC },
	{ "log.syslog.msgid", PART_MSGID },
	{ "msgid", PART_MSGID },
	{ "MSGID", PART_MSGID },
	{ "log.syslog.severity.code", PART_SEVERITY },
	{ "log.syslog.severity.name", PART_SEVERITY },
	{ "syslogseverity", PART_SEVERITY },
	{ "PRIORITY", PART_SEVERITY },
	{ "severity", PART_SEVERITY },
	{ "log.level", PART_SEVERITY },
	{ "level", PART_SEVERITY },
	{ "LEVEL", PART_SEVERITY },
	{ "log.syslog.facility.code", PART_FACILITY },
	{ "log.syslog.facility.name", PART_FACILITY },
	{ "syslogfacility", PART_FACILITY },
	{ "SYSLOG_FACILITY", PART_FACILITY },
	{ "facility", PART_FACILITY },
	{ "FACILITY", PART_FACILITY },
	{ "log.syslog.priority", PART_PRI },
	{ "pri", PART_PRI },
	{ "event.category", PART_KIND },
	{ "event.type", PART_TYPE },
	{ "event.outcome", PART_OUTCOME },
	{ "winlog.channel", PART_CHANNEL },
	{ "Channel", PART_CHANNEL },
	{ "user.name", PART_FIELD + FIELD_USER },
	{ "user.target.name", PART_FIELD + FIELD_TARGET },
	{ "source.ip", PART_FIELD + FIELD_SRC_IP },
	{ "client.ip", PART_FIELD + FIELD_SRC_IP },
	{ "source.port", PART_FIELD + FIELD_SRC_PORT },
	{ "client.port", PART_FIELD + FIELD_SRC_PORT },
	{ "destination.ip", PART_FIELD + FIELD_DST_IP },
	{ "server.ip", PART_FIELD + FIELD_DST_IP },
	{ "destination.port", PART_FIELD + FIELD_DST_PORT },
	{ "server.port", PART_FIELD + FIELD_DST_PORT },
	{ "network.transport", PART_FIELD + FIELD_PROTO },
	{ "event.action", PART_FIELD + FIELD_ACTION },
	{ "process.command_line", PART_FIELD + FIELD_COMMAND },
	{ "url.full", PART_FIELD + FIELD_URL },
	{ "url.original", PART_FIELD + FIELD_URL },
	{ "url.path", PART_FIELD + FIELD_URL },
	{ "http.response.status_code", PART_FIELD + FIELD_STATUS },
	{ "rule.id", PART_FIELD + FIELD_RULE },
	{ "rule.name", PART_FIELD + FIELD_RULE },
	{ "event.code", PART_FIELD + FIELD_CODE },
	{ "winlog.event_id", PART_FIELD + FIELD_CODE },
};

#define N_ROWS (sizeof rows / sizeof rows[0])

/* ECS's own words for what happened. */
enum kind {
	KIND_AUTHENTICATION = 1,
	KIND_IAM = 2,
	KIND_NETWORK = 4,
	KIND_WEB = 8,
	TYPE_END = 16,
	TYPE_CONNECTION = 32, /* connection, allowed, denied */
	OUTCOME_FAILURE = 64,
	OUTCOME_SUCCESS = 128,
};

/* One document while it is read. */
struct reading {
	struct httpjson j;
	struct httpjson_text value[PART_N];
	uint16_t row[PART_N]; /* which gave it; N_ROWS: none yet */
	unsigned kinds;
	char path[PATH_MAX_LEN];
};

/* The rows by their paths, and their beginnings up to each dot. */
static struct {
	uint32_t hash;
	uint16_t len;
	uint16_t row; /* N_ROWS: only a beginning */
	const char *path; /* NULL: free */
} table[TABLE_SIZE];
static bool table_made;

static uint32_t
hash_add(uint32_t h, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ s.at[i]) * 16777619U;
	return h;
}

#define HASH_START 2166136261U

/* The slot of a path, or the free one where it would go. */
static size_t
slot_of(uint32_t hash, const char *path, size_t len)
{
	size_t at = hash & (TABLE_SIZE - 1);

	while (table[at].path != NULL &&
	    (table[at].hash != hash || table[at].len != len ||
		memcmp(table[at].path, path, len) != 0))
		at = (at + 1) & (TABLE_SIZE - 1);
	return at;
}

static void
slot_put(const char *path, size_t len, uint16_t row)
{
	uint32_t hash = hash_add(HASH_START, span_of(path, len));
	size_t at = slot_of(hash, path, len);

	if (table[at].path == NULL) {
		table[at].path = path;
		table[at].hash = hash;
		table[at].len = (uint16_t)len;
		table[at].row = N_ROWS;
	}
	if (row < N_ROWS)
		table[at].row = row;
}

static void
table_make(void)
{
	if (table_made)
		return;
	for (size_t i = 0; i < N_ROWS; i++) {
		const char *path = rows[i].path;

		slot_put(path, strlen(path), (uint16_t)i);
		for (size_t k = 0; path[k] != '\0'; k++)
			if (path[k] == '.')
				slot_put(path, k, N_ROWS);
	}
	table_made = true;
}

static void
kind_note(struct reading *r, unsigned part, struct span s)
{
	static const struct {
		unsigned part;
		const char *word;
		unsigned kind;
	} words[] = {
		{ PART_KIND, "authentication", KIND_AUTHENTICATION },
		{ PART_KIND, "iam", KIND_IAM },
		{ PART_KIND, "network", KIND_NETWORK },
		{ PART_KIND, "web", KIND_WEB },
		{ PART_TYPE, "end", TYPE_END },
		{ PART_TYPE, "connection", TYPE_CONNECTION },
		{ PART_TYPE, "allowed", TYPE_CONNECTION },
		{ PART_TYPE, "denied", TYPE_CONNECTION },
		{ PART_OUTCOME, "failure", OUTCOME_FAILURE },
		{ PART_OUTCOME, "success", OUTCOME_SUCCESS },
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (words[i].part == part && span_is(s, words[i].word))
			r->kinds |= words[i].kind;
}

/* A value that a row wants. */
static void
value_take(struct reading *r, uint16_t row)
{
	unsigned part = rows[row].part;
	struct httpjson_text t = httpjson_scalar(&r->j);

	if (t.raw.at == NULL)
		return;
	if (part >= PART_KIND && part <= PART_OUTCOME) {
		kind_note(r, part, t.raw);
		return;
	}
	if (t.raw.len == 0 || r->row[part] <= row)
		return;
	r->row[part] = row;
	r->value[part] = t;
}

static void object_read(struct reading *r, size_t len, uint32_t hash);

/* A list: each value counts as one of its path; in most places the first. */
static void
list_read(struct reading *r, uint16_t row)
{
	if (!httpjson_enter(&r->j, '['))
		return;
	while (httpjson_item(&r->j))
		if (row < N_ROWS)
			value_take(r, row);
		else
			(void)httpjson_skip(&r->j, NULL);
}

/* The value of the member whose path is in r->path. */
static void
member_read(struct reading *r, size_t len, uint32_t hash)
{
	size_t at = slot_of(hash, r->path, len);
	uint16_t row = table[at].path == NULL ? N_ROWS : table[at].row;

	switch (httpjson_kind(&r->j)) {
	case HTTPJSON_OBJECT:
		if (table[at].path != NULL)
			object_read(r, len, hash);
		else
			(void)httpjson_skip(&r->j, NULL);
		break;
	case HTTPJSON_LIST:
		list_read(r, row);
		break;
	default:
		if (row < N_ROWS)
			value_take(r, row);
		else
			(void)httpjson_skip(&r->j, NULL);
	}
}

/*
 * The object whose path is in r->path. Only objects that some row lies below
 * are entered, so the recursion is as deep as the longest path of the table.
 */
static void
object_read(struct reading *r, size_t len, uint32_t hash)
{
	struct httpjson_text key;

	if (!httpjson_enter(&r->j, '{'))
		return;
	if (len > 0) {
		r->path[len++] = '.';
		hash = hash_add(hash, SPAN_LIT("."));
	}
	while (httpjson_key(&r->j, &key)) {
		if (key.escaped || key.raw.len + len + 1 >= PATH_MAX_LEN) {
			(void)httpjson_skip(&r->j, NULL);
			continue;
		}
		memcpy(&r->path[len], key.raw.at, key.raw.len);
		member_read(r, len + key.raw.len, hash_add(hash, key.raw));
	}
}

/* ---- from values to an event ---- */

static struct span
plain(struct httpfeed *f, const struct reading *r, unsigned part)
{
	return httpjson_plain(f->arena, &r->value[part]);
}

/* Syslog's "sshd[764]:" as a program and its process. */
static void
tag_split(struct event *ev)
{
	size_t open = span_find(ev->app, '[');
	size_t close = span_find(ev->app, ']');

	if (ev->app.len > 0 && ev->app.at[ev->app.len - 1] == ':')
		ev->app.len--;
	if (open == SIZE_MAX || open == 0 || close == SIZE_MAX || close < open)
		return;
	if (ev->proc.len == 0)
		ev->proc = span_slice(ev->app, open + 1, close - open - 1);
	ev->app.len = open;
}

static void
header_fill(struct httpfeed *f, const struct reading *r, struct event *ev)
{
	struct span s;
	uint64_t pri;

	ev->host = plain(f, r, PART_HOST);
	ev->app = plain(f, r, PART_APP);
	ev->proc = plain(f, r, PART_PROC);
	ev->msgid = plain(f, r, PART_MSGID);
	tag_split(ev);
	s = plain(f, r, PART_TIME);
	(void)httpfeed_time(s, &ev->event_us);
	ev->severity = httpfeed_severity(plain(f, r, PART_SEVERITY));
	ev->facility = httpfeed_facility(plain(f, r, PART_FACILITY));
	if (span_number(plain(f, r, PART_PRI), 191, &pri)) {
		ev->facility = (uint8_t)(pri / 8);
		ev->severity = (uint8_t)(pri % 8);
	}
}

/* What ECS says happened, where no rule knew better. */
static enum event_category
category_of(const struct reading *r)
{
	if ((r->kinds & KIND_AUTHENTICATION) != 0) {
		if ((r->kinds & TYPE_END) != 0)
			return CAT_SIGN_OUT;
		if ((r->kinds & OUTCOME_FAILURE) != 0)
			return CAT_SIGN_IN_FAILED;
		return (r->kinds & OUTCOME_SUCCESS) != 0 ? CAT_SIGN_IN
							 : CAT_OTHER;
	}
	if ((r->kinds & KIND_IAM) != 0)
		return CAT_ACCOUNT_CHANGE;
	if ((r->kinds & KIND_WEB) != 0)
		return CAT_WEB_ACCESS;
	if ((r->kinds & KIND_NETWORK) != 0 && (r->kinds & TYPE_CONNECTION) != 0)
		return CAT_FW_CONN;
	return CAT_OTHER;
}

/* ECS fields where the rules left none. */
static void
fields_fill(struct httpfeed *f, const struct reading *r, struct event *ev)
{
	if (ev->category == CAT_OTHER)
		ev->category = category_of(r);
	for (unsigned i = 0; i < FIELD_N; i++)
		if (ev->field[i].at == NULL)
			ev->field[i] = plain(f, r, PART_FIELD + i);
}

/* Whether an escaped text says something beyond ASCII in its escapes. */
static bool
hides_text(struct span s)
{
	for (size_t i = 0; i + 5 < s.len; i++) {
		if (s.at[i] != '\\')
			continue;
		if (s.at[i + 1] != 'u') {
			i++;
			continue;
		}
		if (s.at[i + 2] != '0' || s.at[i + 3] != '0' ||
		    s.at[i + 4] >= '8')
			return true;
	}
	return false;
}

void
httpdoc_raw(struct httpfeed *f, const struct httpjson_text *m, struct span text,
    struct span doc, struct event *ev)
{
	char *both;

	ev->raw = doc;
	if (!m->escaped) {
		if (m->raw.len == 0)
			ev->message = doc;
		return; /* a part of the document already */
	}
	ev->message = m->raw;
	if (!hides_text(m->raw) || doc.len + 1 + text.len > EVENT_RAW_MAX)
		return;
	if ((both = arena_alloc(f->arena, doc.len + 1 + text.len)) == NULL)
		return;
	memcpy(both, doc.at, doc.len);
	both[doc.len] = '\n';
	memcpy(both + doc.len + 1, text.at, text.len);
	ev->raw = span_of(both, doc.len + 1 + text.len);
	ev->message = span_slice(ev->raw, doc.len + 1, SIZE_MAX);
}

/* Whether there are only ASCII bytes, told by eights. */
static bool
is_ascii(struct span s)
{
	uint64_t any = 0, w;
	size_t i = 0;

	for (; i + 8 <= s.len; i += 8) {
		memcpy(&w, &s.at[i], 8);
		any |= w;
	}
	for (; i < s.len; i++)
		any |= s.at[i];
	return (any & UINT64_C(0x8080808080808080)) == 0;
}

static void
event_make(struct httpfeed *f, const struct reading *r, struct span doc,
    struct span app, struct span host, struct event *ev)
{
	const struct httpjson_text *m = &r->value[PART_MESSAGE];
	bool windows = r->value[PART_CHANNEL].raw.len > 0;
	struct span text = plain(f, r, PART_MESSAGE);

	httpfeed_begin(f, ev);
	header_fill(f, r, ev);
	if (ev->app.len == 0)
		ev->app = app;
	if (ev->host.len == 0)
		ev->host = host;
	/* Rules for Windows, and for documents without a message, read the
	 * document itself. */
	if (windows || text.len == 0) {
		ev->message = doc;
		httpfeed_rules(f, ev);
		ev->message = text.len == 0 ? doc : m->raw;
	} else {
		httpfeed_text(f, ev, text);
	}
	if (!is_ascii(doc) && !text_valid(doc))
		ev->parse = PARSE_BAD_UTF8;
	fields_fill(f, r, ev);
	httpdoc_raw(f, m, text, doc, ev);
}

enum err
httpdoc_give(struct httpfeed *f, struct span doc, struct span app,
    struct span host, struct span id, struct fault *why)
{
	struct reading r = { .j = httpjson_of(doc) };
	struct event ev;

	table_make();
	for (unsigned i = 0; i < PART_N; i++)
		r.row[i] = N_ROWS;
	if (httpjson_kind(&r.j) != HTTPJSON_OBJECT)
		return fault_set(why, ERR_SYNTAX, "not a JSON object");
	object_read(&r, 0, HASH_START);
	if (!httpjson_done(&r.j))
		return fault_set(why, ERR_SYNTAX,
		    "not JSON at byte %zu of the document", r.j.pos + 1);
	event_make(f, &r, doc, app, host, &ev);
	httpfeed_give(f, &ev, id);
	return ERR_OK;
}
