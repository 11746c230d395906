/*
 * book/entry.c: a command judged, and the row it leaves.
 *
 * Works on: commands of people (through web and cli) and of Beimen itself.
 * Runs in: book, the only writer of entries.
 */
#include "book/entry.h"

#include <stdlib.h>

#include "base/text.h"
#include "base/when.h"
#include "book/inner.h"

/* One command on its way. */
struct judged {
	struct book *b;
	const struct command *c;
	const struct rights *who;
	const struct schema_register *r;
	struct refusals *bad;
	struct fault *why;
	int64_t received_us, effective_us;
	struct span key;
	char fresh[SCHEMA_KEY_MAX + 1];
	struct row_now now;
	json_t *row; /* normal form */
};

/* Refuse the whole command. */
static enum err
no(struct judged *j, enum err e, const char *code, const char *field,
    const char *zh, const char *en)
{
	(void)refuse(j->bad, code, j->r != NULL ? j->r->name : NULL, field,
	    j->c->key, zh, en);
	return fault_set(j->why, e, "%s", en);
}

/* True when a row of that register is there and not voided. */
static enum err
alive(struct judged *j, const struct schema_register *r, struct span agency,
    struct span key, bool *is)
{
	struct register_sql *q = book_register_sql(j->b, r);
	enum err e;

	if (j->b->promised_in == r && span_equal(key, j->b->promised)) {
		*is = true;
		return ERR_OK;
	}
	if (q->s_alive == NULL &&
	    (e = sql_prepare(j->b->db, q->alive, &q->s_alive, j->why)))
		return e;
	sql_reset(q->s_alive);
	if ((e = sql_bind_text(q->s_alive, ":agency", agency, j->why)) ||
	    (e = sql_bind_text(q->s_alive, ":key", key, j->why)) ||
	    (e = sql_step(q->s_alive, is, j->why)))
		return e;
	sql_reset(q->s_alive);
	return ERR_OK;
}

static bool
is_agency(const struct schema_register *r)
{
	return strcmp(r->name, "agency") == 0;
}

/* Every ref names a row that is there. */
static enum err
refs_there(struct judged *j)
{
	enum err all = ERR_OK, e;

	for (size_t i = 0; i < j->r->n_fields; i++) {
		const struct schema_field *f = &j->r->field[i];
		const json_t *v = json_object_get(j->row, f->name);
		struct span key = span_of(json_string_value(v),
		    v != NULL ? json_string_length(v) : 0);
		bool is = false;

		if (f->type != TYPE_REF || v == NULL)
			continue;
		e = alive(j, f->ref, is_agency(f->ref) ? key : j->c->agency,
		    key, &is);
		if (e != ERR_OK)
			return e;
		if (is)
			continue;
		(void)refuse(j->bad, REFUSE_REF, j->r->name, f->name, key,
		    arena_printf(j->bad->a, "%s中沒有這一筆", f->ref->title.zh),
		    arena_printf(j->bad->a, "no such row in %s", f->ref->name));
		all = ERR_RANGE;
	}
	return all != ERR_OK ? fault_set(j->why, all, "a ref is not there")
			     : ERR_OK;
}

/* An agency's parent may not lie below it. */
static enum err
parent_good(struct judged *j)
{
	const char *parent = json_get_text(j->row, "parent", NULL);
	struct sql_stmt *s;
	bool row;
	enum err e;

	if (!is_agency(j->r) || parent == NULL)
		return ERR_OK;
	if ((e = sql_named(j->b->db, "agency_above", &s, j->why)) ||
	    (e = sql_bind_text(s, ":parent", span_text(parent), j->why)) ||
	    (e = sql_bind_text(s, ":agency", j->c->agency, j->why)) ||
	    (e = sql_step(s, &row, j->why)))
		return e;
	if (!row)
		return ERR_OK;
	sql_reset(s);
	return no(j, ERR_RANGE, REFUSE_REF, "parent",
	    "上級機關不得為本身或其下級", "the parent lies below the agency");
}

/* Where the rights to write this row must reach. */
static enum err
may_write(struct judged *j)
{
	const char *parent = json_get_text(j->row, "parent", NULL);
	bool may = rights_may_write(j->who, j->r, j->c->agency);

	if (is_agency(j->r)) {
		if (!j->now.there)
			may = rights_all(j->who) ||
			    (parent != NULL &&
				rights_may_write(
				    j->who, j->r, span_text(parent)));
		else if (parent != NULL && may &&
		    strcmp(parent,
			json_get_text(j->now.fields, "parent", "")) != 0)
			may = rights_may_write(j->who, j->r, span_text(parent));
	}
	if (may)
		return ERR_OK;
	return no(j, ERR_DENIED, REFUSE_DENIED, NULL,
	    "您沒有在這個機關寫入此登錄簿的權限",
	    "you may not write this register in this agency");
}

/* Register, agency and time, before the row is looked at. */
static enum err
frame_good(struct judged *j)
{
	const struct command *c = j->c;
	bool there = false;
	uint64_t seq;
	enum err e;

	if ((j->r = schema_find(j->b->schema, c->reg)) == NULL)
		return no(j, ERR_NOT_FOUND, REFUSE_UNKNOWN, NULL,
		    "沒有這個登錄簿", "no such register");
	if (c->action == ENTRY_NOTE)
		return no(j, ERR_RANGE, REFUSE_UNKNOWN, NULL,
		    "此動作僅供系統本身使用", "notes are the software's own");
	if (is_agency(j->r) && !span_equal(c->agency, c->key))
		return no(j, ERR_RANGE, REFUSE_KEY, NULL,
		    "機關的代碼須與所屬機關相同",
		    "an agency's row is kept in its own agency");
	if (!key_is_good(j->r, c->key) && !span_is(c->key, "-"))
		return no(j, ERR_RANGE, REFUSE_KEY, NULL,
		    "代碼空白、過長或含有不可用的字元",
		    "the key is empty, too long or has characters it may not");
	if (!is_agency(j->r)) {
		const struct schema_register *agencies = schema_find(
		    j->b->schema, SPAN_LIT("agency"));

		if (agencies != NULL &&
		    (e = alive(j, agencies, c->agency, c->agency, &there)))
			return e;
		if (!there)
			return no(j, ERR_NOT_FOUND, REFUSE_UNKNOWN, NULL,
			    "沒有這個機關", "no such agency");
	}
	return entry_received(
	    j->b, c->agency, j->received_us, &j->received_us, &seq, j->why);
}

/* The effective time lies in a year the calendar knows and not ahead. */
static enum err
time_good(struct judged *j)
{
	int64_t least = day_start((struct day){ 1912, 1, 1 });

	j->effective_us = j->c->effective_us != 0 ? j->c->effective_us
						  : j->received_us;
	if (j->effective_us > j->received_us)
		return no(j, ERR_RANGE, REFUSE_FUTURE, NULL,
		    "生效時間不得晚於登錄時間；未來的事請用起迄日期欄位",
		    "takes effect after it is received: use the date fields "
		    "for what is to come");
	if (j->effective_us < least)
		return no(j, ERR_RANGE, REFUSE_RANGE, NULL,
		    "生效時間不在可用的年份內",
		    "the effective time is before 1912");
	return ERR_OK;
}

/* A key made of the register's own fields; empty when one is empty. */
static void
key_of_fields(struct judged *j, struct buf *b)
{
	for (size_t i = 0; i < j->r->n_key_from; i++) {
		const json_t *v = json_object_get(
		    j->row, j->r->field[j->r->key_from[i]].name);

		if (i > 0)
			buf_u8(b, '.');
		if (json_is_string(v))
			key_escape(b,
			    span_of(
				json_string_value(v), json_string_length(v)));
		else if (json_is_integer(v))
			buf_printf(b, "%lld", (long long)json_integer_value(v));
		else
			buf_reset(b);
		if (v == NULL || !(json_is_string(v) || json_is_integer(v)))
			return;
	}
}

/* "-" becomes a key that no row has. */
static enum err
key_fresh(struct judged *j)
{
	struct buf b;
	enum err e = ERR_OK;
	size_t stem;

	if (is_agency(j->r))
		return no(j, ERR_RANGE, REFUSE_KEY, NULL, "機關須自訂代碼",
		    "an agency needs a key of its own");
	buf_init(&b, SCHEMA_KEY_MAX);
	key_of_fields(j, &b);
	if (buf_error(&b) != ERR_OK || !key_is_good(j->r, buf_view(&b))) {
		buf_reset(&b);
		buf_text(&b, j->r->name);
	}
	stem = b.len;
	for (unsigned n = stem == strlen(j->r->name) ? 1 : 0; n < 1000000;
	     n++) {
		json_decref(j->now.fields);
		if (stem + 8 > SCHEMA_KEY_MAX)
			stem = 100;
		b.len = stem;
		if (n > 0)
			buf_printf(&b, "-%u", n);
		e = table_get(
		    j->b, j->r, j->c->agency, buf_view(&b), &j->now, j->why);
		if (e != ERR_OK || !j->now.there)
			break;
	}
	if (e == ERR_OK && key_is_good(j->r, buf_view(&b))) {
		memcpy(j->fresh, b.at, b.len);
		j->key = span_of(j->fresh, b.len);
	} else if (e == ERR_OK) {
		e = no(j, ERR_RANGE, REFUSE_KEY, NULL, "請填代碼",
		    "a key is needed");
	}
	buf_clear(&b);
	return e;
}

/* The row as it is now, and as the command wants it. */
static enum err
row_judge(struct judged *j)
{
	const struct command *c = j->c;
	bool fresh = span_is(c->key, "-");
	enum err e;

	j->key = c->key;
	if (!fresh &&
	    (e = table_get(j->b, j->r, c->agency, c->key, &j->now, j->why)) !=
		ERR_OK)
		return e;
	if (c->action == ENTRY_SET) {
		if ((e = row_normal(
			 j->r, c->fields, &j->row, j->bad, j->why)) != ERR_OK)
			return e;
		if ((e = may_write(j)) || (e = refs_there(j)) ||
		    (e = parent_good(j)))
			return e;
		return fresh ? key_fresh(j) : ERR_OK;
	}
	if (!j->now.there)
		return no(j, ERR_NOT_FOUND, REFUSE_KEY, NULL, "沒有這一筆",
		    "no such row");
	if (span_trim(c->ground).len == 0)
		return no(j, ERR_RANGE, REFUSE_GROUND, NULL, "作廢須說明理由",
		    "voiding needs a ground");
	j->row = json_incref(j->now.fields);
	return may_write(j);
}

/* The approval rule, and an entry seen by the writer that is no longer the
 * last. */
static enum err
last_checks(struct judged *j)
{
	size_t before = j->bad->total;

	if (j->c->ground.len > 2000 || !text_valid(j->c->ground))
		return no(j, ERR_RANGE, REFUSE_GROUND, NULL,
		    "理由過長或不是文字", "the ground is too long or no text");
	if (j->c->prev != 0 && j->now.there && j->now.entry != j->c->prev)
		return no(j, ERR_STATE, REFUSE_STATE, NULL,
		    "這一筆在您開啟之後已有人修改，請重新載入",
		    "the row has changed since you opened it");
	if (j->r->approval)
		special_check(
		    j->r, j->c, j->who, j->row, j->now.fields, j->bad);
	if (j->bad->total != before)
		return fault_set(j->why, ERR_DENIED, "%s", j->bad->at[0].en);
	return ERR_OK;
}

/* Nothing new against the present row? */
static bool
is_same(const struct judged *j)
{
	if (!j->now.there || j->effective_us < j->now.effective_us)
		return false;
	if (j->c->action == ENTRY_VOID)
		return j->now.voided;
	return !j->now.voided && json_equal(j->row, j->now.fields) == 1;
}

/* Entry and row. */
static enum err
carry_out(struct judged *j, struct written *out)
{
	struct entry_new n = { .actor = j->c->actor,
		.agency = j->c->agency,
		.reg = j->c->reg,
		.key = j->key,
		.ground = j->c->ground,
		.action = j->c->action,
		.effective_us = j->effective_us,
		.fields = j->row };
	struct row_state row;
	struct written w;
	enum err e;

	if ((e = entry_append(j->b, &n, j->received_us, &w, j->why)) != ERR_OK)
		return e;
	w.added = !j->now.there;
	w.history = j->now.there && j->effective_us < j->now.effective_us;
	row = (struct row_state){ .agency = n.agency,
		.key = n.key,
		.ground = n.ground,
		.effective_us = w.effective_us,
		.received_us = w.received_us,
		.seq = w.seq,
		.voided = n.action == ENTRY_VOID,
		.fields = j->row };
	if (!w.history && (e = table_put(j->b, j->r, &row, j->why)) != ERR_OK)
		return e;
	*out = w;
	return ERR_OK;
}

enum err
entry_write(struct book *b, const struct command *c, const struct rights *who,
    bool anew, int64_t now_us, struct refusals *bad, struct written *out,
    struct fault *why)
{
	struct judged j = { .b = b,
		.c = c,
		.who = who,
		.bad = bad,
		.why = why,
		.received_us = now_us };
	enum err e;

	if ((e = frame_good(&j)) || (e = time_good(&j)) ||
	    (e = row_judge(&j)) || (e = last_checks(&j)))
		goto out;
	if (!anew && is_same(&j)) {
		*out = (struct written){ .seq = j.now.entry,
			.received_us = j.received_us,
			.effective_us = j.now.effective_us,
			.unchanged = true };
		memcpy(out->key, j.key.at, j.key.len);
		goto out;
	}
	e = carry_out(&j, out);
out:
	json_decref(j.row);
	json_decref(j.now.fields);
	return e;
}

enum err
book_write(struct book *b, const struct command *c, int64_t now_us,
    struct refusals *bad, struct written *out, struct fault *why)
{
	struct rights *who = NULL;
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	e = rights_of(b->db, c->actor, now_us, &who, why);
	if (e == ERR_SYNTAX) {
		(void)refuse(bad, REFUSE_DENIED, NULL, NULL, c->actor,
		    "不知道是誰在寫入", "nobody known is writing");
		e = ERR_DENIED;
	}
	if (e == ERR_OK)
		e = entry_write(b, c, who, false, now_us, bad, out, why);
	rights_free(who);
	return book_leave(b, e, why);
}

/* What an entry did, and what stood before it. */
struct undoing {
	struct buf reg, key;
	int64_t effective_us;
	json_t *before; /* a body; NULL: the entry made the row */
};

/* Read the entry to undo; it must be its row's last. */
static enum err
undo_read(struct book *b, struct span agency, uint64_t seq, struct undoing *u,
    struct refusals *bad, struct fault *why)
{
	struct sql_stmt *s;
	uint64_t last;
	bool row, note;
	enum err e;

	if (seq > INT64_MAX)
		return fault_set(why, ERR_NOT_FOUND, "no such entry");
	if ((e = sql_named(b->db, "entry_one", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_int(s, ":seq", (int64_t)seq, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (!row)
		return fault_set(why, ERR_NOT_FOUND, "no such entry");
	buf_span(&u->reg, sql_text(s, 3));
	buf_span(&u->key, sql_text(s, 4));
	note = span_is(sql_text(s, 5), "note");
	u->effective_us = sql_int(s, 6);
	sql_reset(s);
	if (note || buf_error(&u->key) != ERR_OK)
		return fault_set(why, ERR_NOT_FOUND, "that entry is no row's");
	if ((e = sql_named(b->db, "entry_of_row_last", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_text(s, ":register", buf_view(&u->reg), why)) ||
	    (e = sql_bind_text(s, ":key", buf_view(&u->key), why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	last = row ? (uint64_t)sql_int(s, 0) : 0;
	sql_reset(s);
	if (last == seq)
		return ERR_OK;
	(void)refuse(bad, REFUSE_STATE, buf_string(&u->reg), NULL,
	    buf_view(&u->key), "這一筆之後還有別的登錄，請先更正後者",
	    "a later entry of this row stands in the way");
	return fault_set(why, ERR_STATE, "a later entry stands in the way");
}

/* The entry that held at that time before it. */
static enum err
undo_before(struct book *b, struct span agency, uint64_t seq, struct undoing *u,
    struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "entry_before", &s, why)) ||
	    (e = sql_bind_text(s, ":agency", agency, why)) ||
	    (e = sql_bind_text(s, ":register", buf_view(&u->reg), why)) ||
	    (e = sql_bind_text(s, ":key", buf_view(&u->key), why)) ||
	    (e = sql_bind_int(s, ":seq", (int64_t)seq, why)) ||
	    (e = sql_bind_int(s, ":effective_us", u->effective_us, why)) ||
	    (e = sql_step(s, &row, why)))
		return e;
	if (row)
		e = json_read(sql_text(s, 1), &u->before, why);
	sql_reset(s);
	return e;
}

/* The correcting command, carried out. */
static enum err
undo_write(struct book *b, struct span actor, struct span agency, uint64_t seq,
    const struct undoing *u, int64_t now_us, struct refusals *bad,
    struct written *out, struct fault *why)
{
	const char *action = json_get_text(u->before, "action", "void");
	struct rights *who = NULL;
	struct buf ground;
	struct command c;
	enum err e;

	buf_init(&ground, 4096);
	buf_printf(&ground, "更正第 %llu 號 / undoes entry %llu",
	    (unsigned long long)seq, (unsigned long long)seq);
	c = (struct command){ .actor = actor,
		.agency = agency,
		.reg = buf_view(&u->reg),
		.key = buf_view(&u->key),
		.action = strcmp(action, "set") == 0 ? ENTRY_SET : ENTRY_VOID,
		.effective_us = u->effective_us,
		.fields = json_object_get(u->before, "fields"),
		.ground = buf_view(&ground) };
	if ((e = rights_of(b->db, actor, now_us, &who, why)) == ERR_OK)
		e = entry_write(b, &c, who, true, now_us, bad, out, why);
	rights_free(who);
	buf_clear(&ground);
	return e;
}

enum err
book_undo(struct book *b, struct span actor, struct span agency, uint64_t seq,
    int64_t now_us, struct refusals *bad, struct written *out,
    struct fault *why)
{
	struct undoing u = { .effective_us = 0 };
	enum err e;

	if ((e = book_join(b, why)) != ERR_OK)
		return e;
	buf_init(&u.reg, SCHEMA_NAME_MAX + 32);
	buf_init(&u.key, SCHEMA_KEY_MAX);
	e = undo_read(b, agency, seq, &u, bad, why);
	if (e == ERR_OK)
		e = undo_before(b, agency, seq, &u, why);
	if (e == ERR_OK)
		e = undo_write(
		    b, actor, agency, seq, &u, now_us, bad, out, why);
	json_decref(u.before);
	buf_clear(&u.reg);
	buf_clear(&u.key);
	return book_leave(b, e, why);
}
