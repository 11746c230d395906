/*
 * book/source.c: which log_source row a sender of logs belongs to.
 *
 * Works on: rules that people wrote, and names and addresses from the
 * network. Runs in: book, which prints the rules, and keeper, which asks for
 * every new sender.
 */
#include "book/source.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "book/inner.h"

#define RULE_COLUMNS 8 /* of source_rules.sql, up to match_address */
#define RULES_MAX ((size_t)64 << 20)

/* A network in a rule. */
struct net {
	uint8_t raw[16];
	unsigned bytes; /* 4 or 16 */
	unsigned prefix;
};

struct matcher {
	struct source_rule rule;
	const char **host;
	size_t n_hosts;
	struct net *net;
	size_t n_nets;
	bool own; /* kind beimen */
};

struct source_rules {
	struct arena *a;
	struct matcher *at;
	size_t n;
};

enum err
source_rules_print(struct book *b, struct buf *out, struct fault *why)
{
	return rowlist_print(
	    b, "source_rules", RULE_COLUMNS, "log sources", out, why);
}

/* A text of the object, kept; "" when it is missing. */
static const char *
text_of(struct source_rules *r, const json_t *o, const char *key)
{
	const char *s = arena_text(r->a, span_text(json_get_text(o, key, "")));

	return s != NULL ? s : "";
}

/* How many words a text has. */
static size_t
words_count(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.at[i] != ' ' && (i == 0 || s.at[i - 1] == ' ');
	return n;
}

/* The next word of a text; empty at its end. */
static struct span
word_next(struct cursor *c)
{
	struct span w = SPAN_EMPTY;
	bool found = true;

	while (w.len == 0 && found)
		w = cursor_until(c, ' ', &found);
	return w;
}

/* "address" or "address/prefix" as bytes. */
static bool
net_parse(struct span s, struct net *to)
{
	char text[INET6_ADDRSTRLEN + 1] = { 0 };
	size_t slash = span_find(s, '/');
	struct span addr = span_slice(s, 0, slash);
	uint64_t prefix;

	memset(to, 0, sizeof *to);
	to->bytes = span_find(s, ':') != SIZE_MAX ? 16 : 4;
	prefix = to->bytes * 8;
	if (addr.len >= sizeof text)
		return false;
	memcpy(text, addr.at, addr.len);
	if (inet_pton(to->bytes == 16 ? AF_INET6 : AF_INET, text, to->raw) != 1)
		return false;
	if (slash != SIZE_MAX &&
	    !span_number(span_slice(s, slash + 1, SIZE_MAX), prefix, &prefix))
		return false;
	to->prefix = (unsigned)prefix;
	return true;
}

/* An IPv4 address that came over an IPv6 socket. */
static void
net_unmap(struct net *n)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
		0xff };

	if (n->bytes != 16 || memcmp(n->raw, mapped, 12) != 0)
		return;
	memmove(n->raw, n->raw + 12, 4);
	n->bytes = 4;
	n->prefix = 32;
}

static bool
net_holds(const struct net *net, const struct net *one)
{
	unsigned whole = net->prefix / 8, rest = net->prefix % 8;

	if (net->bytes != one->bytes || memcmp(net->raw, one->raw, whole) != 0)
		return false;
	return rest == 0 ||
	    (net->raw[whole] ^ one->raw[whole]) >> (8 - rest) == 0;
}

/* One object as a matcher. */
static enum err
matcher_read(struct source_rules *r, const json_t *o, struct matcher *m,
    struct fault *why)
{
	struct span hosts = span_text(text_of(r, o, "match_host"));
	struct span nets = span_text(text_of(r, o, "match_address"));
	struct cursor c = cursor_of(hosts);
	struct span w;

	m->rule = (struct source_rule){ .agency = text_of(r, o, "agency"),
		.key = text_of(r, o, "key"),
		.system = text_of(r, o, "system"),
		.kind = text_of(r, o, "kind"),
		.firewall = json_get_int(o, "firewall", 0) != 0,
		.keep_days = (unsigned)(json_get_int(o, "keep_days", 0) &
		    0xFFFF) };
	m->own = strcmp(m->rule.kind, "beimen") == 0;
	m->host = arena_array(r->a, words_count(hosts), sizeof *m->host);
	m->net = arena_array(r->a, words_count(nets), sizeof *m->net);
	if (m->host == NULL || m->net == NULL)
		return fault_set(why, ERR_MEMORY, "log sources");
	while ((w = word_next(&c)).len > 0)
		if ((m->host[m->n_hosts++] = arena_text(r->a, w)) == NULL)
			return fault_set(why, ERR_MEMORY, "log sources");
	c = cursor_of(nets);
	while ((w = word_next(&c)).len > 0)
		if (!net_parse(w, &m->net[m->n_nets++]))
			return fault_set(why, ERR_SYNTAX,
			    "log source %s: no network: %.*s", m->rule.key,
			    (int)w.len, (const char *)w.at);
	return ERR_OK;
}

enum err
source_rules_read(
    struct span json, struct source_rules **out, struct fault *why)
{
	struct source_rules *r = NULL;
	json_t *list = NULL;
	enum err e;

	if ((e = json_read(json, &list, why)) != ERR_OK)
		return e;
	if (!json_is_array(list)) {
		e = fault_set(why, ERR_SYNTAX, "log sources: no list");
		goto out;
	}
	if ((r = calloc(1, sizeof *r)) == NULL ||
	    (r->a = arena_new(RULES_MAX)) == NULL ||
	    (r->at = arena_array(r->a, json_array_size(list), sizeof *r->at)) ==
		NULL) {
		e = fault_set(why, ERR_MEMORY, "log sources");
		goto out;
	}
	r->n = json_array_size(list);
	for (size_t i = 0; i < r->n && e == ERR_OK; i++)
		e = matcher_read(r, json_array_get(list, i), &r->at[i], why);
	if (e == ERR_OK) {
		*out = r;
		r = NULL;
	}
out:
	source_rules_free(r);
	json_decref(list);
	return e;
}

void
source_rules_free(struct source_rules *r)
{
	if (r == NULL)
		return;
	arena_free(r->a);
	free(r);
}

size_t
source_rules_count(const struct source_rules *r)
{
	return r->n;
}

/* A name against a pattern with `*` at either end. */
static bool
host_matches(const char *pattern, struct span host)
{
	struct span p = span_text(pattern);
	bool open_front = p.len > 0 && p.at[0] == '*';
	bool open_end = p.len > 1 && p.at[p.len - 1] == '*';

	if (open_front)
		p = span_slice(p, 1, SIZE_MAX);
	if (open_end)
		p = span_slice(p, 0, p.len - 1);
	if (p.len == 0 || host.len < p.len)
		return false;
	if (!open_front && !open_end)
		return span_equal_nocase(p, host);
	for (size_t at = 0; at + p.len <= host.len; at++) {
		if ((!open_front && at > 0) ||
		    (!open_end && at + p.len < host.len))
			continue;
		if (span_equal_nocase(p, span_slice(host, at, p.len)))
			return true;
	}
	return false;
}

/* How exactly a rule matches: 0 not at all; host and address above host
 * above address; a longer network above a shorter. */
static unsigned
match_score(const struct matcher *m, const struct net *from, bool from_net,
    struct span host)
{
	unsigned prefix = 0;
	bool by_host = false, by_net = false;

	for (size_t i = 0; i < m->n_hosts && !by_host; i++)
		by_host = host_matches(m->host[i], host);
	for (size_t i = 0; i < m->n_nets; i++) {
		if (!from_net || !net_holds(&m->net[i], from))
			continue;
		by_net = true;
		if (m->net[i].prefix >= prefix)
			prefix = m->net[i].prefix;
	}
	if (m->n_nets > 0 && !by_net)
		return 0;
	if (m->n_hosts > 0 && !by_host && (host.len > 0 || m->n_nets == 0))
		return 0;
	if (m->n_hosts == 0 && m->n_nets == 0)
		return 0;
	return 1 + prefix + (by_host ? 1000 : 0) +
	    (by_host && by_net ? 1000 : 0);
}

const struct source_rule *
source_match(const struct source_rules *r, struct span sender, struct span host)
{
	const struct matcher *best = NULL;
	struct net from;
	bool own = span_is(sender, "beimen");
	bool from_net = !own && net_parse(sender, &from);
	unsigned most = 0;

	if (from_net)
		net_unmap(&from);
	for (size_t i = 0; i < r->n; i++) {
		const struct matcher *m = &r->at[i];
		unsigned score;

		if (m->own != own)
			continue;
		score = own ? 1 : match_score(m, &from, from_net, host);
		if (score > most) {
			most = score;
			best = m;
		}
	}
	return best != NULL ? &best->rule : NULL;
}

/* One stored source whose row says otherwise than the rules. */
struct rematch {
	int64_t id;
	const struct source_rule *rule;
	struct span agency;
	struct rematch *next;
};

/* The sources that are to be changed. */
static enum err
rematch_find(struct book *b, const struct source_rules *r, struct arena *a,
    struct rematch **list, struct fault *why)
{
	struct sql_stmt *s;
	bool row;
	enum err e;

	if ((e = sql_named(b->db, "source_all", &s, why)) != ERR_OK)
		return e;
	while ((e = sql_step(s, &row, why)) == ERR_OK && row) {
		const struct source_rule *rule = source_match(
		    r, sql_text(s, 3), sql_text(s, 4));
		struct span agency = sql_text(s, 1);
		struct rematch *one;

		if (rule != NULL ? span_is(agency, rule->agency) &&
			    span_is(sql_text(s, 2), rule->key)
				 : sql_is_null(s, 2))
			continue;
		if ((one = arena_alloc(a, sizeof *one)) == NULL ||
		    (one->agency = arena_copy(a, agency)).at == NULL) {
			e = fault_set(why, ERR_MEMORY, "log sources");
			break;
		}
		one->id = sql_int(s, 0);
		one->rule = rule;
		one->next = *list;
		*list = one;
	}
	sql_reset(s);
	return e;
}

/* Write what was found. */
static enum err
rematch_write(
    struct book *b, const struct rematch *o, uint64_t *n, struct fault *why)
{
	struct sql_stmt *s;
	enum err e = ERR_OK;

	for (; o != NULL && e == ERR_OK; o = o->next) {
		struct span agency = o->rule != NULL
		    ? span_text(o->rule->agency)
		    : o->agency;
		struct span key = o->rule != NULL ? span_text(o->rule->key)
						  : SPAN_EMPTY;

		if ((e = sql_named(b->db, "source_assign", &s, why)) ||
		    (e = sql_bind_int(s, ":id", o->id, why)) ||
		    (e = sql_bind_text(s, ":agency", agency, why)) ||
		    (e = bind_text_or_null(s, ":log_source", key, why)))
			return e;
		e = sql_do(s, why);
		book_touch(b, "source");
		++*n;
	}
	return e;
}

enum err
source_rematch(struct book *b, uint64_t *changed, struct fault *why)
{
	struct arena *a = arena_new(RULES_MAX);
	struct source_rules *r = NULL;
	struct rematch *list = NULL;
	struct buf text;
	uint64_t n = 0;
	enum err e;

	buf_init(&text, RULES_MAX);
	if (a == NULL) {
		e = fault_set(why, ERR_MEMORY, "log sources");
		goto out;
	}
	if ((e = book_join(b, why)) != ERR_OK)
		goto out;
	if ((e = source_rules_print(b, &text, why)) == ERR_OK &&
	    (e = source_rules_read(buf_view(&text), &r, why)) == ERR_OK &&
	    (e = rematch_find(b, r, a, &list, why)) == ERR_OK)
		e = rematch_write(b, list, &n, why);
	if ((e = book_leave(b, e, why)) == ERR_OK)
		*changed = n;
out:
	source_rules_free(r);
	buf_clear(&text);
	arena_free(a);
	return e;
}
