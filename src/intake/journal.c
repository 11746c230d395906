/*
 * intake/journal.c: journal entries out of a stream.
 *
 * Works on  pieces of any length, hostile. What is held is one entry, cut at
 *           EVENT_RAW_MAX, and the few short values that an event needs.
 * Runs in   proc/ingest.c.
 */
#include "intake/journal.h"

#include <stdlib.h>

#include "base/text.h"

enum state {
	IN_NAME, /* a field's name, or the empty line that ends an entry */
	IN_VALUE, /* behind '=', to the line's end */
	IN_SIZE, /* eight bytes, lowest first */
	IN_DATA, /* so many bytes */
	IN_END /* the line feed behind them */
};

/* The values an event needs. */
enum value {
	VALUE_CURSOR,
	VALUE_REALTIME,
	VALUE_SOURCE_TIME,
	VALUE_HOST,
	VALUE_IDENTIFIER,
	VALUE_COMM,
	VALUE_TRANSPORT,
	VALUE_SYSLOG_PID,
	VALUE_PID,
	VALUE_PRIORITY,
	VALUE_FACILITY,
	VALUE_MESSAGE_ID,
	VALUE_N,
	VALUE_MESSAGE, /* kept as its place in raw */
	VALUE_OTHER
};

static const char *const names[VALUE_N] = {
	[VALUE_CURSOR] = "__CURSOR",
	[VALUE_REALTIME] = "__REALTIME_TIMESTAMP",
	[VALUE_SOURCE_TIME] = "_SOURCE_REALTIME_TIMESTAMP",
	[VALUE_HOST] = "_HOSTNAME",
	[VALUE_IDENTIFIER] = "SYSLOG_IDENTIFIER",
	[VALUE_COMM] = "_COMM",
	[VALUE_TRANSPORT] = "_TRANSPORT",
	[VALUE_SYSLOG_PID] = "SYSLOG_PID",
	[VALUE_PID] = "_PID",
	[VALUE_PRIORITY] = "PRIORITY",
	[VALUE_FACILITY] = "SYSLOG_FACILITY",
	[VALUE_MESSAGE_ID] = "MESSAGE_ID",
};

struct journal {
	enum state state;
	struct buf raw; /* the entry, up to EVENT_RAW_MAX + 1 bytes */
	bool cut;
	unsigned fields;
	char name[JOURNAL_NAME_MAX];
	size_t name_len;
	enum value what; /* the field being read */
	unsigned size_bytes;
	uint64_t size, left;
	struct {
		uint8_t at[EVENT_TEXT_MAX + 1];
		size_t len;
	} value[VALUE_N];
	size_t message_at, message_len;
	bool has_message;
};

struct journal *
journal_new(void)
{
	struct journal *j = calloc(1, sizeof *j);

	if (j != NULL)
		buf_init(&j->raw, EVENT_RAW_MAX);
	return j;
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	buf_clear(&j->raw);
	free(j);
}

static void
entry_reset(struct journal *j)
{
	buf_reset(&j->raw);
	j->cut = false;
	j->fields = 0;
	j->has_message = false;
	j->message_at = j->message_len = 0;
	for (unsigned i = 0; i < VALUE_N; i++)
		j->value[i].len = 0;
}

/* Keeps bytes of the entry as long as there is room. */
static void
raw_keep(struct journal *j, struct span s)
{
	size_t room = EVENT_RAW_MAX - j->raw.len;

	if (s.len > room) {
		j->cut = true;
		s.len = room;
	}
	buf_span(&j->raw, s);
}

static enum value
value_find(struct span name)
{
	if (span_is(name, "MESSAGE"))
		return VALUE_MESSAGE;
	for (unsigned i = 0; i < VALUE_N; i++)
		if (span_is(name, names[i]))
			return (enum value)i;
	return VALUE_OTHER;
}

/* A field's value begins: the first of its name counts. */
static void
value_begin(struct journal *j)
{
	j->what = value_find(span_of(j->name, j->name_len));
	j->fields++;
	j->name_len = 0;
	if (j->what == VALUE_MESSAGE && !j->has_message) {
		j->has_message = true;
		j->message_at = j->raw.len;
		j->message_len = 0;
	} else if (j->what == VALUE_MESSAGE ||
	    (j->what < VALUE_N && j->value[j->what].len > 0)) {
		j->what = VALUE_OTHER;
	}
}

/* Bytes of a value. */
static void
value_add(struct journal *j, struct span s)
{
	size_t before = j->raw.len;

	raw_keep(j, s);
	if (j->what == VALUE_MESSAGE) {
		j->message_len += j->raw.len - before;
	} else if (j->what < VALUE_N) {
		size_t *len = &j->value[j->what].len;

		s = span_slice(s, 0, EVENT_TEXT_MAX - *len);
		if (s.len > 0)
			memcpy(&j->value[j->what].at[*len], s.at, s.len);
		*len += s.len;
	}
}

static struct span
value_of(const struct journal *j, enum value v)
{
	if (j->value[v].len == 0)
		return SPAN_EMPTY;
	return span_of(j->value[v].at, j->value[v].len);
}

/* The first of two that is there. */
static struct span
either(const struct journal *j, enum value a, enum value b)
{
	return j->value[a].len > 0 ? value_of(j, a) : value_of(j, b);
}

/* What is the same whenever this entry is sent again. */
static struct span
id_make(struct arena *a, struct span cursor)
{
	char *p;

	if (cursor.len == 0)
		return SPAN_EMPTY;
	p = arena_printf(
	    a, "journal %.*s", (int)cursor.len, (const char *)cursor.at);
	return p == NULL ? SPAN_EMPTY : span_text(p);
}

/* The entry is whole. */
static void
entry_give(struct journal *j, struct httpfeed *f)
{
	struct event ev;

	if (j->fields == 0) {
		entry_reset(j); /* blank lines between entries */
		return;
	}
	httpfeed_begin(f, &ev);
	ev.raw = buf_view(&j->raw);
	ev.host = value_of(j, VALUE_HOST);
	ev.app = either(j, VALUE_IDENTIFIER, VALUE_COMM);
	if (ev.app.len == 0 && span_is(value_of(j, VALUE_TRANSPORT), "kernel"))
		ev.app = SPAN_LIT("kernel");
	ev.proc = either(j, VALUE_SYSLOG_PID, VALUE_PID);
	ev.msgid = value_of(j, VALUE_MESSAGE_ID);
	ev.severity = httpfeed_severity(value_of(j, VALUE_PRIORITY));
	ev.facility = httpfeed_facility(value_of(j, VALUE_FACILITY));
	(void)httpfeed_time(
	    either(j, VALUE_SOURCE_TIME, VALUE_REALTIME), &ev.event_us);
	ev.message = span_slice(ev.raw, j->message_at, j->message_len);
	httpfeed_rules(f, &ev);
	if (!text_valid(ev.message))
		ev.parse = PARSE_BAD_UTF8;
	if (j->cut) {
		ev.parse = PARSE_CUT;
		counts_add(f->counts, COUNTS_CUT, f->sender, 1);
	}
	httpfeed_give(f, &ev, id_make(f->arena, value_of(j, VALUE_CURSOR)));
	entry_reset(j);
}

static bool
is_name(const struct journal *j)
{
	for (size_t i = 0; i < j->name_len; i++)
		if (!((j->name[i] >= 'A' && j->name[i] <= 'Z') ||
			(j->name[i] >= '0' && j->name[i] <= '9') ||
			j->name[i] == '_'))
			return false;
	return j->name_len > 0;
}

/* One byte of a name, or what ends it. */
static enum err
name_byte(struct journal *j, struct httpfeed *f, uint8_t c, struct fault *why)
{
	if (c == '\n' && j->name_len == 0) {
		entry_give(j, f);
		return ERR_OK;
	}
	raw_keep(j, span_of(&c, 1));
	if (c != '=' && c != '\n') {
		if (j->name_len == JOURNAL_NAME_MAX)
			return fault_set(
			    why, ERR_SYNTAX, "a field's name is too long");
		j->name[j->name_len++] = (char)c;
		return ERR_OK;
	}
	if (!is_name(j))
		return fault_set(
		    why, ERR_SYNTAX, "not a field of the journal's export");
	value_begin(j);
	j->state = c == '=' ? IN_VALUE : IN_SIZE;
	j->size_bytes = 0;
	j->size = 0;
	return ERR_OK;
}

/* One byte of a binary field's length. */
static enum err
size_byte(struct journal *j, uint8_t c, struct fault *why)
{
	raw_keep(j, span_of(&c, 1));
	j->size |= (uint64_t)c << (8 * j->size_bytes++);
	if (j->size_bytes < 8)
		return ERR_OK;
	if (j->size > JOURNAL_FIELD_MAX)
		return fault_set(why, ERR_SYNTAX, "a field of %llu bytes",
		    (unsigned long long)j->size);
	/* What was kept so far of this field was its length. */
	if (j->what == VALUE_MESSAGE)
		j->message_at = j->raw.len;
	j->left = j->size;
	j->state = j->left > 0 ? IN_DATA : IN_END;
	return ERR_OK;
}

/* Bytes of a value; returns how many were taken. */
static size_t
run_take(struct journal *j, struct span s)
{
	size_t n;

	if (j->state == IN_DATA) {
		n = s.len < j->left ? s.len : (size_t)j->left;
		value_add(j, span_slice(s, 0, n));
		j->left -= n;
		if (j->left == 0)
			j->state = IN_END;
		return n;
	}
	n = span_find(s, '\n');
	if (n == SIZE_MAX) {
		value_add(j, s);
		return s.len;
	}
	value_add(j, span_slice(s, 0, n));
	raw_keep(j, span_slice(s, n, 1));
	j->state = IN_NAME;
	return n + 1;
}

enum err
journal_feed(
    struct journal *j, struct httpfeed *f, struct span piece, struct fault *why)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < piece.len && e == ERR_OK;) {
		switch (j->state) {
		case IN_NAME:
			e = name_byte(j, f, piece.at[i++], why);
			break;
		case IN_SIZE:
			e = size_byte(j, piece.at[i++], why);
			break;
		case IN_END:
			if (piece.at[i] != '\n')
				return fault_set(why, ERR_SYNTAX,
				    "a binary field is longer than it says");
			raw_keep(j, span_slice(piece, i++, 1));
			j->state = IN_NAME;
			break;
		default:
			i += run_take(j, span_slice(piece, i, SIZE_MAX));
		}
		if (buf_error(&j->raw) == ERR_MEMORY)
			e = fault_set(why, ERR_MEMORY, "a journal entry");
	}
	return e;
}

enum err
journal_end(struct journal *j, struct httpfeed *f, struct fault *why)
{
	if (j->state != IN_NAME || j->name_len > 0)
		return fault_set(
		    why, ERR_SYNTAX, "the stream ends inside a field");
	entry_give(j, f);
	return ERR_OK;
}
