/*
 * check/policy.c: whom we believe (C2SP tlog-policy), and signed notes.
 */
#include "check/inner.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 255
#define KEYS_MAX 128
#define GROUPS_MAX 64
#define MEMBERS_MAX 128
#define SIGNATURES_MAX 100
#define DASH "\xe2\x80\x94 " /* an em dash and a space */

enum { TYPE_LOG = 1, TYPE_WITNESS = 4 }; /* C2SP signature types */

struct key {
	char name[NAME_MAX_LEN + 1];
	uint8_t id[4], public[32];
	unsigned type;
};

/* A witness, or a group of those above it: what a quorum is made of. */
struct member {
	char name[NAME_MAX_LEN + 1];
	int key; /* of a witness; -1: a group */
	unsigned need, n;
	uint16_t of[MEMBERS_MAX];
};

struct check_policy {
	struct key key[KEYS_MAX];
	unsigned n_keys;
	struct member member[KEYS_MAX + GROUPS_MAX];
	unsigned n_members;
	int quorum; /* a member; -1: none is needed */
	bool has_quorum, has_log;
};

/* A key's or a member's name: text without space, plus or control. */
static bool
name_read(struct check_bytes b, char to[NAME_MAX_LEN + 1])
{
	struct check_bytes rest = b;
	uint32_t cp = 0;

	if (b.len == 0 || b.len > NAME_MAX_LEN)
		return false;
	while (rest.len > 0) {
		size_t n = rune(rest, &cp);

		if (n == 0 || cp <= 0x20 || cp == '+' || cp == 0x85 ||
		    cp == 0xa0 || cp == 0x3000)
			return false;
		rest = bytes_part(rest, n, SIZE_MAX);
	}
	if (to != NULL) {
		memcpy(to, b.at, b.len);
		to[b.len] = '\0';
	}
	return true;
}

static bool
id_read(struct check_bytes b, uint8_t id[4])
{
	if (b.len != 8)
		return false;
	memset(id, 0, 4);
	for (size_t i = 0; i < 8; i++) {
		uint8_t c = b.at[i];
		int v = c >= '0' && c <= '9' ? c - '0'
		    : c >= 'a' && c <= 'f'   ? c - 'a' + 10
					     : -1;

		if (v < 0)
			return false;
		id[i / 2] = (uint8_t)(id[i / 2] << 4 | v);
	}
	return true;
}

/* "name+id+base64(type, public key)", and the id is the one computed. */
static bool
key_read(struct check_bytes line, struct key *k, struct check_why *why)
{
	struct reader r = { .all = line };
	struct check_bytes name, id, bytes;
	uint8_t memory[128], digest[CHECK_HASH];
	struct pool pool = { .at = memory, .len = sizeof memory };
	const uint8_t newline = '\n';

	if (!read_line(&r, '+', &name) || !read_line(&r, '+', &id) ||
	    !name_read(name, k->name) || !id_read(id, k->id) ||
	    !unbase64(bytes_part(line, r.at, SIZE_MAX), &pool, &bytes) ||
	    bytes.len != 33)
		return no(why, "a key is written name+id+base64; this is not");
	const struct check_bytes part[3] = { name, bytes_of(&newline, 1),
		bytes };

	if (!sha256(part, 3, digest))
		return no(why, "memory is out");
	if (memcmp(digest, k->id, 4) != 0)
		return no(why, "the key of %s has another id", k->name);
	k->type = bytes.at[0];
	memcpy(k->public, &bytes.at[1], 32);
	if (k->type != TYPE_LOG && k->type != TYPE_WITNESS)
		return no(
		    why, "the key of %s is of a type not known here", k->name);
	return true;
}

static bool
key_add(struct check_policy *p, struct check_bytes vkey, unsigned type,
    struct check_why *why)
{
	struct key *k = &p->key[p->n_keys];

	if (p->n_keys == KEYS_MAX)
		return no(why, "more than %d keys", KEYS_MAX);
	if (!key_read(vkey, k, why))
		return false;
	if (k->type != type)
		return no(why, "the key of %s is not a %s's", k->name,
		    type == TYPE_LOG ? "log" : "witness");
	p->n_keys++;
	return true;
}

struct check_policy *
check_policy_key(const char *vkey, struct check_why *why)
{
	struct check_policy *p = calloc(1, sizeof *p);

	if (p == NULL) {
		(void)no(why, "memory is out");
		return NULL;
	}
	p->quorum = -1;
	if (!key_add(p, bytes_of(vkey, strlen(vkey)), TYPE_LOG, why)) {
		free(p);
		return NULL;
	}
	return p;
}

void
check_policy_free(struct check_policy *p)
{
	free(p);
}

/* --- the policy's lines ------------------------------------------------------ */

/* The next word of a line; empty at its end. */
static struct check_bytes
word_next(struct reader *r)
{
	size_t from;

	while (r->at < r->all.len &&
	    (r->all.at[r->at] == ' ' || r->all.at[r->at] == '\t'))
		r->at++;
	from = r->at;
	while (r->at < r->all.len && r->all.at[r->at] != ' ' &&
	    r->all.at[r->at] != '\t')
		r->at++;
	return bytes_part(r->all, from, r->at - from);
}

static int
member_find(const struct check_policy *p, struct check_bytes name)
{
	for (unsigned i = 0; i < p->n_members; i++)
		if (bytes_are(name, p->member[i].name))
			return (int)i;
	return -1;
}

/* A new member of that name, not used before. */
static struct member *
member_add(
    struct check_policy *p, struct check_bytes name, struct check_why *why)
{
	struct member *m = &p->member[p->n_members];

	if (p->n_members == KEYS_MAX + GROUPS_MAX) {
		(void)no(why, "too many witnesses and groups");
		return NULL;
	}
	if (!name_read(name, m->name) || bytes_are(name, "none") ||
	    member_find(p, name) != -1) {
		(void)no(why, "a name that is none, or used before");
		return NULL;
	}
	return m;
}

static bool
witness_line(struct check_policy *p, struct reader *r, struct check_why *why)
{
	struct member *m = member_add(p, word_next(r), why);

	if (m == NULL || !key_add(p, word_next(r), TYPE_WITNESS, why))
		return false;
	m->key = (int)p->n_keys - 1;
	p->n_members++;
	return true;
}

static bool
group_line(struct check_policy *p, struct reader *r, struct check_why *why)
{
	struct member *m = member_add(p, word_next(r), why);
	struct check_bytes need = word_next(r), w;
	uint64_t k = 0;

	if (m == NULL)
		return false;
	m->key = -1;
	while ((w = word_next(r)).len > 0) {
		int of = member_find(p, w);

		if (of == -1 || m->n == MEMBERS_MAX)
			return no(why, "a group of names not given before");
		for (unsigned i = 0; i < m->n; i++)
			if (m->of[i] == of)
				return no(why, "a name twice in one group");
		m->of[m->n++] = (uint16_t)of;
	}
	if (bytes_are(need, "any"))
		k = 1;
	else if (bytes_are(need, "all"))
		k = m->n;
	else if (!decimal(need, &k))
		k = 0;
	if (k == 0 || k > m->n)
		return no(why, "a group's number is any, all or 1 to its size");
	m->need = (unsigned)k;
	p->n_members++;
	return true;
}

static bool
quorum_line(struct check_policy *p, struct reader *r, struct check_why *why)
{
	struct check_bytes name = word_next(r);

	if (p->has_quorum)
		return no(why, "a second quorum");
	p->has_quorum = true;
	p->quorum = member_find(p, name);
	if (p->quorum == -1 && !bytes_are(name, "none"))
		return no(why, "a quorum of a name not given before");
	return true;
}

static bool
policy_line(
    struct check_policy *p, struct check_bytes line, struct check_why *why)
{
	struct reader r = { .all = line };
	struct check_bytes w = word_next(&r);

	if (w.len == 0 || w.at[0] == '#')
		return true;
	if (bytes_are(w, "log")) {
		p->has_log = true;
		return key_add(p, word_next(&r), TYPE_LOG, why);
	}
	if (bytes_are(w, "witness"))
		return witness_line(p, &r, why);
	if (bytes_are(w, "group"))
		return group_line(p, &r, why);
	if (bytes_are(w, "quorum"))
		return quorum_line(p, &r, why);
	return no(why, "neither log, witness, group nor quorum");
}

struct check_policy *
check_policy_read(struct check_bytes text, struct check_why *why)
{
	struct check_policy *p = calloc(1, sizeof *p);
	struct reader r = { .all = text };
	struct check_bytes line;
	struct check_why what = { "" };
	unsigned n = 1;

	if (p == NULL) {
		(void)no(why, "memory is out");
		return NULL;
	}
	for (; r.at < text.len; n++) {
		if (!read_line(&r, '\n', &line)) {
			line = bytes_part(text, r.at, SIZE_MAX);
			r.at = text.len;
		}
		if (policy_line(p, line, &what))
			continue;
		(void)no(why, "policy, line %u: %.200s", n, what.text);
		free(p);
		return NULL;
	}
	if (p->has_log && p->has_quorum)
		return p;
	(void)no(why, "a policy has a log and one quorum; this has not");
	free(p);
	return NULL;
}

/* --- signed notes ---------------------------------------------------------------- */

/* Whether a signature line's bytes hold under that key. */
static bool
holds(const struct key *k, struct check_bytes text, struct check_bytes sig)
{
	struct reader r = { .all = sig };
	char line[48];
	uint8_t *whole;
	size_t n;
	bool good;

	if (k->type == TYPE_LOG)
		return sig.len == 64 && ed25519(k->public, text, sig);
	if (sig.len != 72)
		return false;
	memcpy(line, "cosignature/v1\ntime ", n = 20);
	for (uint64_t t = read_number(&r, 8),
		      p = UINT64_C(10000000000000000000);
	     p > 0; p /= 10)
		if (n > 20 || t >= p || p == 1)
			line[n++] = (char)('0' + t / p % 10);
	line[n++] = '\n';
	if ((whole = malloc(n + text.len)) == NULL)
		return false;
	memcpy(whole, line, n);
	memcpy(&whole[n], text.at, text.len);
	good = ed25519(
	    k->public, bytes_of(whole, n + text.len), bytes_part(sig, 8, 64));
	free(whole);
	return good;
}

/* One signature line: of no key we know, or it must hold. */
static bool
signature(const struct check_policy *p, struct check_bytes line,
    struct check_bytes text, bool *signed_by, struct check_why *why)
{
	struct reader r = { .all = line };
	struct check_bytes dash = read_bytes(&r, sizeof DASH - 1), name, sig;
	struct pool pool = { .len = line.len };
	bool good = false;

	if (r.bad || !bytes_are(dash, DASH) || !read_line(&r, ' ', &name) ||
	    !name_read(name, NULL))
		return no(why, "checkpoint: not a signature line");
	if ((pool.at = malloc(line.len)) == NULL)
		return no(why, "memory is out");
	if (!unbase64(bytes_part(line, r.at, SIZE_MAX), &pool, &sig) ||
	    sig.len < 5) {
		(void)no(why, "checkpoint: not a signature line");
		goto out;
	}
	for (unsigned i = 0; i < p->n_keys; i++) {
		const struct key *k = &p->key[i];

		if (!bytes_are(name, k->name) || memcmp(sig.at, k->id, 4) != 0)
			continue;
		if (!holds(k, text, bytes_part(sig, 4, SIZE_MAX))) {
			(void)no(why,
			    "checkpoint: the signature of %.180s does not "
			    "verify",
			    k->name);
			goto out;
		}
		signed_by[i] = true;
	}
	good = true;
out:
	free(pool.at);
	return good;
}

/* Where the signatures begin: behind the last empty line; 0: nowhere. */
static size_t
text_end(struct check_bytes note)
{
	for (size_t i = note.len; i >= 2; i--)
		if (note.at[i - 1] == '\n' && note.at[i - 2] == '\n')
			return i;
	return 0;
}

/* Lines of UTF-8 without other control characters, the last one ended. */
static bool
is_text(struct check_bytes b)
{
	uint32_t cp = '\n';

	if (b.len == 0 || b.at[b.len - 1] != '\n')
		return false;
	while (b.len > 0) {
		size_t n = rune(b, &cp);

		if (n == 0 || (cp < 0x20 && cp != '\n'))
			return false;
		b = bytes_part(b, n, SIZE_MAX);
	}
	return true;
}

static bool
head_read(struct check_bytes text, struct check_head *h, struct check_why *why)
{
	struct reader r = { .all = text };
	struct check_bytes size, root, more;
	uint8_t memory[CHECK_HASH];
	struct pool pool = { .at = memory, .len = sizeof memory };

	if (!read_line(&r, '\n', &h->origin) || h->origin.len == 0 ||
	    h->origin.len > NAME_MAX_LEN || !read_line(&r, '\n', &size) ||
	    !read_line(&r, '\n', &root) || !decimal(size, &h->size) ||
	    !unbase64(root, &pool, &root) || root.len != CHECK_HASH)
		return no(why, "checkpoint: not origin, size and root");
	memcpy(h->root, root.at, CHECK_HASH);
	while (r.at < text.len)
		if (!read_line(&r, '\n', &more) || more.len == 0)
			return no(why, "checkpoint: an empty line");
	return true;
}

/* Whether enough of a member have signed. Groups come before they are used:
 * it ends. */
static bool
is_met(const struct check_policy *p, unsigned m, const bool *met)
{
	const struct member *x = &p->member[m];
	unsigned n = 0;

	for (unsigned i = 0; i < x->n; i++)
		n += met[x->of[i]];
	return n >= x->need;
}

/* The quorum, and how many witnesses there are. */
static bool
quorum(const struct check_policy *p, const bool *signed_by,
    struct check_head *h, struct check_why *why)
{
	bool met[KEYS_MAX + GROUPS_MAX] = { false };

	h->n_witnesses = 0;
	for (unsigned m = 0; m < p->n_members; m++) {
		if (p->member[m].key >= 0) {
			met[m] = signed_by[p->member[m].key];
			h->n_witnesses += met[m];
		} else {
			met[m] = is_met(p, m, met);
		}
	}
	if (p->quorum >= 0 && !met[p->quorum])
		return no(why,
		    "checkpoint: %u witnesses signed: not the quorum",
		    h->n_witnesses);
	return true;
}

bool
check_note(const struct check_policy *p, struct check_bytes note,
    struct check_head *h, struct check_why *why)
{
	bool signed_by[KEYS_MAX] = { false }, own = false;
	struct check_head got = { .size = 0 };
	struct reader r = { .all = note };
	struct check_bytes text, line;
	unsigned n = 0;

	r.at = note.len > CHECK_BUNDLE_MAX ? 0 : text_end(note);
	if (r.at < 2 || r.at == note.len)
		return no(why, "checkpoint: not a signed note");
	text = bytes_part(note, 0, r.at - 1);
	if (!is_text(text))
		return no(why, "checkpoint: not lines of text");
	if (!head_read(text, &got, why))
		return false;
	for (; r.at < note.len; n++)
		if (n == SIGNATURES_MAX || !read_line(&r, '\n', &line))
			return no(why, "checkpoint: a signature line cut off");
		else if (!signature(p, line, text, signed_by, why))
			return false;
	for (unsigned i = 0; i < p->n_keys; i++)
		own |= signed_by[i] && p->key[i].type == TYPE_LOG &&
		    bytes_are(got.origin, p->key[i].name);
	if (!own)
		return no(why,
		    "checkpoint: not signed by the key given for "
		    "this log");
	if (!quorum(p, signed_by, &got, why))
		return false;
	*h = got;
	return true;
}
