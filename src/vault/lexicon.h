/*
 * vault/lexicon.h: what the records of one segment have in common.
 *
 * About four lists. *Templates* are the constant parts of records' bytes and
 * the types of what lies between. *Families* are columns: variables of like
 * place share one, whatever their template. *Dictionaries* number the texts
 * and addresses that came more than once. *Kinds* say of a record its
 * template and all else that follows from it: category, and of each text and
 * field where in the bytes it stands. A record is then a kind, its times, its
 * source and its variables.
 * Source: doc/format-vault.md, "Lexicon".
 */
#ifndef VAULT_LEXICON_H
#define VAULT_LEXICON_H

#include "base/arena.h"
#include "base/event.h"
#include "vault/column.h"
#include "vault/template.h"

#define LEXICON_FAMILIES_MAX 16384U
#define LEXICON_TEMPLATES_MAX 32768U
#define LEXICON_KINDS_MAX 65535U
#define LEXICON_WORDS_MAX ((size_t)1 << 20) /* of one dictionary */
#define LEXICON_BYTES_MAX ((size_t)64 << 20) /* of all of it */

/* Beside the types of parts: plain counts. */
#define FAMILY_COUNT PART_N

/* A column: its type (of part_type, or FAMILY_COUNT). */
struct family {
	uint8_t type;
	uint8_t usual_len; /* digits of the usual value */
	uint32_t dict; /* of PART_TEXT: its dictionary */
	uint64_t usual; /* a column of nothing else is not stored */
};

struct template_part {
	uint8_t type, param;
	uint16_t nth; /* how many parts of its family come before it */
	uint32_t family; /* of those that have one */
	struct span text; /* of PART_FIXED */
};

struct template
{
	struct template_part *part;
	unsigned n;
};

enum ref_how {
	REF_NONE, /* not there */
	REF_FIXED, /* always `text` */
	REF_RANGE, /* from a part to another */
	REF_TEXT, /* a value of its own, of `family` */
	REF_PLACE, /* offset and length in the raw bytes, of two families */
	REF_N
};

/* Where a text of a record stands. */
struct ref {
	uint8_t how;
	uint16_t from, to; /* parts; `to` may be one past the last */
	uint32_t from_off, to_off; /* bytes behind their beginnings */
	struct span text;
	uint32_t family[2];
	uint16_t nth[2]; /* as template_part.nth */
};

enum {
	KIND_MESSAGE,
	KIND_APP,
	KIND_PROC,
	KIND_MSGID,
	KIND_SENDER,
	KIND_HOST,
	KIND_TEXTS
};

#define KIND_HAS_EVENT 1U /* it states a time */
#define KIND_SOURCE_SENDER 2U /* the sender is the source's */
#define KIND_SOURCE_HOST 4U

struct kind {
	uint32_t template;
	uint8_t via, parse, category, facility, severity, flags;
	struct ref text[KIND_TEXTS];
	uint8_t n_fields;
	uint8_t *field; /* which */
	struct ref *field_ref;
	uint32_t *family; /* of each value, in the order they are stored */
	unsigned n_values;
};

/* Texts numbered from 1. */
struct dict {
	uint32_t *end; /* where each ends in bytes */
	size_t n, cap;
	struct buf bytes;
};

struct lexicon {
	struct arena *arena;
	struct family *family;
	uint32_t n_families, cap_families;
	struct template *template;
	uint32_t n_templates, cap_templates;
	struct kind *kind;
	uint32_t n_kinds, cap_kinds;
	struct dict *dict;
	uint32_t n_dicts, cap_dicts;
	uint64_t *ip; /* addresses numbered from 1 */
	size_t n_ip, cap_ip;
};

/* Kind 0: the whole event as event_encode makes it, in family 0. Template 0:
 * the raw bytes as one text. */
#define KIND_WHOLE 0U
#define FAMILY_WHOLE 0U
#define TEMPLATE_PLAIN 0U

/* lexicon_new: with kind 0, template 0 and their families; NULL when memory
 * is out. */
struct lexicon *lexicon_new(void);
/* lexicon_blank: without even these, for whoever reads one. */
struct lexicon *lexicon_blank(void);
void lexicon_free(struct lexicon *l);

/* dict_at: text number code, 1 .. n. */
struct span dict_at(const struct dict *d, uint64_t code);

/* Adding one; the number, or UINT32_MAX when there is no room. */
uint32_t lexicon_family_add(struct lexicon *l, uint8_t type, uint32_t dict);
uint32_t lexicon_dict_add(struct lexicon *l);
uint32_t lexicon_template_add(struct lexicon *l, const struct template *t);
uint32_t lexicon_kind_add(struct lexicon *l, const struct kind *k);
/* The code of a text or address that was added; 0 when there is no room. */
uint32_t lexicon_text_add(struct lexicon *l, uint32_t dict, struct span s);
uint32_t lexicon_ip_add(struct lexicon *l, uint32_t address);

/*
 * lexicon_put: append all of it. lexicon_get: the reverse, into a new one,
 * handed over; everything is checked, so that what follows need not be.
 * Fails   ERR_DAMAGE: not a lexicon; ERR_MEMORY, ERR_LIMIT.
 */
MUST_CHECK enum err lexicon_put(const struct lexicon *l, struct column *c,
    struct buf *b, struct fault *why);
MUST_CHECK enum err lexicon_get(
    struct span s, struct column *c, struct lexicon **out, struct fault *why);

#endif
