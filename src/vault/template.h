/*
 * vault/template.h: a record's bytes as constant text and variables.
 *
 * About cutting: what looks like a number, an address, a time or a value
 * becomes a part with a type, all else stays text; printing the parts gives
 * the bytes back, exactly. Which words are variable is a matter of size
 * alone, never of meaning: the reader needs only the parts.
 * Source: doc/format-vault.md, "Templates".
 */
#ifndef VAULT_TEMPLATE_H
#define VAULT_TEMPLATE_H

#include "base/buf.h"
#include "base/fault.h"

#define TEMPLATE_PARTS_MAX 400U
#define TEMPLATE_RAW_MAX 16384U /* longer records are not cut */
#define TEMPLATE_MARK 0x11 /* stands for a variable in a skeleton */

enum part_type {
	PART_FIXED, /* constant text */
	PART_DECIMAL, /* at most 18 digits; leading zeros by its length */
	PART_HEX, /* at most 16 digits, small letters */
	PART_HEX_LARGE, /* the same in capitals */
	PART_IP4, /* a dotted quad as inet_ntop prints it */
	PART_MAC, /* param: bit 0 capitals, bit 1 '-' for ':' */
	PART_TEXT, /* any bytes */
	PART_HOST, /* the source's host name */
	PART_BSD, /* event time, "Nov 22 10:00:00"; param: zone */
	PART_ISO, /* "2026-11-22T10:00:00"; param: zone. PART_ISO + d: with
		   * d digits of the second's fraction, d <= 6 */
	PART_N = PART_ISO + 7
};

/* A zone is (param - ZONE_ZERO) quarters of an hour east of UTC. */
#define ZONE_ZERO 64
#define ZONE_MAX 128

struct part {
	uint8_t type, param;
	uint8_t len; /* digits of a number as they stood */
	uint32_t at, size; /* its bytes in the record */
	uint64_t value; /* of a number, address */
};

/* A time of day printed last, since many records share it. */
struct stamp {
	int64_t second;
	char text[24]; /* "2026-11-22T10:00:00" */
	char bsd[16]; /* "Nov 22 10:00:00" */
};

struct cut {
	struct part part[TEMPLATE_PARTS_MAX];
	unsigned n;
	uint8_t *skeleton; /* TEMPLATE_RAW_MAX + 3 * TEMPLATE_PARTS_MAX */
	size_t len;
	struct stamp stamp[2]; /* one for each zone in use */
};

/* cut_init: false when memory is out. */
bool cut_init(struct cut *c);
void cut_clear(struct cut *c);

/*
 * cut_make: cut a record. Equal skeletons mean equal fixed text and equal
 * types of parts.
 *
 *   host      of the record's source; may be empty
 *   event_us  0: none
 *   loose     words are variables too, not constant text
 *
 * Returns false when it is better taken as it is.
 */
bool cut_make(struct cut *c, struct span raw, struct span host,
    int64_t event_us, bool loose);

/* part_is_number: its value is a number (decimal, hex, MAC). */
bool part_is_number(unsigned type);
/* part_print: a number or address into to, at most PART_PRINT_MAX bytes; the
 * bytes written. len: digits at least. */
#define PART_PRINT_MAX 24U
size_t part_print(unsigned type, unsigned param, uint64_t value, unsigned len,
    uint8_t to[static PART_PRINT_MAX]);
/* part_print_time: PART_BSD, PART_ISO. 0 when the time cannot be printed. At
 * most 26 bytes. */
#define PART_TIME_MAX 26U
size_t part_print_time(struct stamp *s, unsigned type, unsigned param,
    int64_t event_us, uint8_t to[static PART_TIME_MAX]);

#endif
