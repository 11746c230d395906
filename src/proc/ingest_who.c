/*
 * proc/ingest_who.c: tokens, certificates and addresses of HTTP senders.
 */
#include "proc/ingest_who.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"

#define FILE_MAX ((size_t)4 << 20)
#define KEY_LEN 16
#define KEY_SETS 16384 /* of KEY_WAYS keys each: a power of two */
#define KEY_WAYS 4

enum by { BY_TOKEN, BY_CERTIFICATE, BY_ADDRESS };

struct row {
	char name[WHO_NAME_MAX + 1];
	enum by by;
	struct hash hash; /* of the token or the certificate */
	uint8_t net[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits; /* of 128 */
};

/* A host's node key, and which row let it in. */
struct key {
	uint8_t at[KEY_LEN];
	const char *name; /* NULL: free */
};

struct who {
	struct row *row;
	size_t n;
	bool open; /* no file: only this machine */
	struct key key[KEY_SETS][KEY_WAYS];
	unsigned next; /* which of a full set goes */
};

/* An address as sixteen bytes. */
static bool
address_read(const char *text, uint8_t to[static 16])
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };

	if (inet_pton(AF_INET6, text, to) == 1)
		return true;
	memcpy(to, v4, sizeof v4);
	return inet_pton(AF_INET, text, to + 12) == 1;
}

/* ADDRESS or ADDRESS/BITS. */
static bool
net_read(struct span s, struct row *r)
{
	size_t slash = span_find(s, '/');
	char text[INET6_ADDRSTRLEN + 1];
	struct span a = span_slice(s, 0, slash == SIZE_MAX ? s.len : slash);
	bool v4 = span_find(a, ':') == SIZE_MAX;
	uint64_t bits = v4 ? 32 : 128;

	if (a.len == 0 || a.len >= sizeof text)
		return false;
	memcpy(text, a.at, a.len);
	text[a.len] = '\0';
	if (slash != SIZE_MAX &&
	    !span_number(span_slice(s, slash + 1, SIZE_MAX), bits, &bits))
		return false;
	r->bits = (unsigned)bits + (v4 ? 96 : 0);
	return address_read(text, r->net);
}

static bool
net_holds(const struct row *r, const uint8_t a[static 16])
{
	unsigned whole = r->bits / 8, rest = r->bits % 8;

	if (memcmp(r->net, a, whole) != 0)
		return false;
	return rest == 0 ||
	    ((r->net[whole] ^ a[whole]) & (uint8_t)(0xFF00 >> rest)) == 0;
}

/* NAME WHAT, behind which only white space may stand. */
static enum err
row_read(struct span line, struct row *r, struct fault *why)
{
	struct cursor c = cursor_of(line);
	struct span name = cursor_until(&c, ' ', NULL);
	struct span what = span_trim(cursor_rest(&c));

	if (name.len == 0 || name.len > WHO_NAME_MAX || !text_valid(name))
		return fault_set(why, ERR_SYNTAX,
		    "a line is NAME sha256:HEX, NAME "
		    "certificate:HEX or NAME from:ADDRESS");
	memcpy(r->name, name.at, name.len);
	r->name[name.len] = '\0';
	if (span_starts(what, "sha256:")) {
		r->by = BY_TOKEN;
		what = span_slice(what, 7, SIZE_MAX);
	} else if (span_starts(what, "certificate:")) {
		r->by = BY_CERTIFICATE;
		what = span_slice(what, 12, SIZE_MAX);
	} else if (span_starts(what, "from:")) {
		r->by = BY_ADDRESS;
		if (net_read(span_slice(what, 5, SIZE_MAX), r))
			return ERR_OK;
		return fault_set(why, ERR_SYNTAX, "'%.*s' is no address",
		    (int)what.len, (const char *)what.at);
	} else {
		return fault_set(why, ERR_SYNTAX,
		    "behind the name comes sha256:, certificate: or from:");
	}
	if (!text_unhex_fixed(what, r->hash.at, HASH_LEN))
		return fault_set(
		    why, ERR_SYNTAX, "a SHA-256 is 64 hexadecimal digits");
	return ERR_OK;
}

enum err
who_read(
    struct span text, const char *file, struct who **out, struct fault *why)
{
	struct who *w = calloc(1, sizeof *w);
	struct cursor c = cursor_of(text);
	enum err e = ERR_OK;

	if (w == NULL || (w->row = calloc(WHO_MAX, sizeof *w->row)) == NULL) {
		free(w);
		return fault_set(why, ERR_MEMORY, "senders");
	}
	for (unsigned n = 1; c.pos < c.all.len && e == ERR_OK; n++) {
		struct span line = span_trim(cursor_until(&c, '\n', NULL));

		if (line.len == 0 || line.at[0] == '#')
			continue;
		if (w->n == WHO_MAX)
			e = fault_set(
			    why, ERR_LIMIT, "more than %u senders", WHO_MAX);
		else if ((e = row_read(line, &w->row[w->n], why)) == ERR_OK)
			w->n++;
		if (e != ERR_OK)
			(void)fault_at(why, "%s:%u", file, n);
	}
	if (e != ERR_OK) {
		who_free(w);
		return e;
	}
	*out = w;
	return ERR_OK;
}

/* Reads a small file whole. */
static enum err
file_read(const char *path, struct buf *to, struct fault *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	enum err e = ERR_OK;

	if (fd == -1)
		return fault_sys(why, ERR_IO, "cannot open %s", path);
	while (n > 0 && e == ERR_OK) {
		uint8_t *at = buf_room(to, 4096);

		if (at == NULL)
			e = fault_set(why, ERR_LIMIT, "%s is too long", path);
		else if ((n = read(fd, at, 4096)) > 0)
			buf_took(to, (size_t)n);
	}
	if (n == -1)
		e = fault_sys(why, ERR_IO, "cannot read %s", path);
	(void)close(fd);
	return e;
}

enum err
who_load(const char *path, struct who **out, struct fault *why)
{
	struct buf b;
	enum err e = ERR_OK;

	buf_init(&b, FILE_MAX);
	if (path[0] != '\0')
		e = file_read(path, &b, why);
	if (e == ERR_OK)
		e = who_read(buf_view(&b), path, out, why);
	if (e == ERR_OK)
		(*out)->open = path[0] == '\0';
	buf_clear(&b);
	return e;
}

void
who_free(struct who *w)
{
	if (w == NULL)
		return;
	free(w->row);
	free(w);
}

/* The row of a hash; `name` at NULL: of anybody. All rows are looked at. */
static const char *
hash_find(
    const struct who *w, enum by by, const struct hash *h, struct span name)
{
	const char *found = NULL;

	for (size_t i = 0; i < w->n; i++)
		if (w->row[i].by == by && hash_equal(&w->row[i].hash, h) &&
		    (name.at == NULL || span_is(name, w->row[i].name)))
			found = w->row[i].name;
	return found;
}

const char *
who_by_token(const struct who *w, struct span token)
{
	const struct hash h = hash_of(token);

	return token.len == 0 ? NULL : hash_find(w, BY_TOKEN, &h, SPAN_EMPTY);
}

/* base64 of NAME:TOKEN. */
static const char *
by_pair(const struct who *w, struct span s)
{
	const char *found = NULL;
	struct hash h;
	struct buf b;
	size_t colon;

	buf_init(&b, 1024);
	if (text_unbase64(&b, s) &&
	    (colon = span_find(buf_view(&b), ':')) != SIZE_MAX && colon > 0) {
		h = hash_of(span_slice(buf_view(&b), colon + 1, SIZE_MAX));
		found = hash_find(
		    w, BY_TOKEN, &h, span_slice(buf_view(&b), 0, colon));
	}
	if (b.at != NULL)
		crypt_wipe(b.at, b.len);
	buf_clear(&b);
	return found;
}

static const char *
by_authorization(const struct who *w, struct span s)
{
	size_t space = span_find(s, ' ');
	struct span scheme = span_slice(s, 0, space);
	struct span rest = span_trim(
	    span_slice(s, space == SIZE_MAX ? s.len : space, SIZE_MAX));

	if (span_equal_nocase(scheme, SPAN_LIT("bearer")))
		return who_by_token(w, rest);
	if (span_equal_nocase(scheme, SPAN_LIT("basic")) ||
	    span_equal_nocase(scheme, SPAN_LIT("apikey")))
		return by_pair(w, rest);
	return NULL;
}

static const char *
by_address(const struct who *w, const char *address)
{
	static const uint8_t local6[16] = { [15] = 1 };
	static const uint8_t local4[13] = { [10] = 0xff, 0xff, 127 };
	uint8_t a[16];

	if (!address_read(address, a))
		return NULL;
	if (w->open)
		return memcmp(a, local6, 16) == 0 || memcmp(a, local4, 13) == 0
		    ? "local"
		    : NULL;
	for (size_t i = 0; i < w->n; i++)
		if (w->row[i].by == BY_ADDRESS && net_holds(&w->row[i], a))
			return w->row[i].name;
	return NULL;
}

const char *
who_is(const struct who *w, const char *authorization, const char *peer,
    const char *address)
{
	const char *name = NULL;
	struct hash h;

	if (authorization[0] != '\0')
		name = by_authorization(w, span_text(authorization));
	if (name == NULL && text_unhex_fixed(span_text(peer), h.at, HASH_LEN))
		name = hash_find(w, BY_CERTIFICATE, &h, SPAN_EMPTY);
	return name != NULL ? name : by_address(w, address);
}

/* ---- osquery's node keys ---- */

static unsigned
set_of(const uint8_t key[static KEY_LEN])
{
	return ((unsigned)key[0] << 8 | key[1]) & (KEY_SETS - 1);
}

void
who_enroll(struct who *w, const char *name, struct buf *b)
{
	uint8_t key[KEY_LEN];
	struct key *set;
	unsigned i = 0;

	crypt_random(key, sizeof key);
	set = w->key[set_of(key)];
	while (i < KEY_WAYS && set[i].name != NULL)
		i++;
	if (i == KEY_WAYS)
		i = w->next++ % KEY_WAYS;
	memcpy(set[i].at, key, KEY_LEN);
	set[i].name = name;
	text_hex(b, span_of(key, KEY_LEN));
}

const char *
who_by_key(const struct who *w, struct span key)
{
	uint8_t k[KEY_LEN];
	const struct key *set;

	if (!text_unhex_fixed(key, k, KEY_LEN))
		return NULL;
	set = w->key[set_of(k)];
	for (unsigned i = 0; i < KEY_WAYS; i++)
		if (set[i].name != NULL &&
		    span_equal(
			span_of(set[i].at, KEY_LEN), span_of(k, KEY_LEN)))
			return set[i].name;
	return NULL;
}
