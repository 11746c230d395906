/*
 * sigma/number.c: numbers and networks as rules write them.
 */
#include "sigma/inner.h"

#include <arpa/inet.h>

bool
number_read(struct span s, double *n)
{
	double v = 0, scale = 1;
	bool minus = false, point = false, any = false;

	if (s.len > 0 && (s.at[0] == '-' || s.at[0] == '+')) {
		minus = s.at[0] == '-';
		s = span_slice(s, 1, SIZE_MAX);
	}
	if (s.len > 300)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			return false;
		any = true;
		if (point)
			scale /= 10;
		v = point ? v + (c - '0') * scale : v * 10 + (c - '0');
	}
	if (any)
		*n = minus ? -v : v;
	return any;
}

bool
number_fits(enum sigma_op op, double have, double want)
{
	switch (op) {
	case SIGMA_LT:
		return have < want;
	case SIGMA_LTE:
		return have <= want;
	case SIGMA_GT:
		return have > want;
	case SIGMA_GTE:
		return have >= want;
	case SIGMA_EQ:
		return have <= want && have >= want;
	default:
		return have < want || have > want;
	}
}

/* An address; IPv4 inside IPv6 counts as IPv4. */
static bool
address_read(struct span s, uint8_t to[static 16], bool *six)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
		0xff };
	char text[64];

	if (s.len == 0 || s.len >= sizeof text ||
	    span_find(s, '\0') != SIZE_MAX)
		return false;
	memcpy(text, s.at, s.len);
	text[s.len] = '\0';
	*six = false;
	if (inet_pton(AF_INET, text, to) == 1)
		return true;
	if (inet_pton(AF_INET6, text, to) != 1)
		return false;
	*six = true;
	if (memcmp(to, mapped, sizeof mapped) == 0) {
		memmove(to, to + 12, 4);
		*six = false;
	}
	return true;
}

bool
network_read(struct span s, struct network *n)
{
	size_t slash = span_find(s, '/');
	uint64_t bits;

	*n = (struct network){ .bits = 0 };
	if (!address_read(span_slice(s, 0, slash), n->at, &n->six))
		return false;
	n->bits = n->six ? 128 : 32;
	if (slash == SIZE_MAX)
		return true;
	if (!span_number(span_slice(s, slash + 1, SIZE_MAX), n->bits, &bits))
		return false;
	n->bits = (unsigned)bits;
	return true;
}

bool
network_holds(const struct network *n, struct span address)
{
	uint8_t at[16] = { 0 };
	unsigned whole = n->bits / 8, rest = n->bits % 8;
	bool six;

	if (!address_read(address, at, &six) || six != n->six ||
	    memcmp(at, n->at, whole) != 0)
		return false;
	return rest == 0 ||
	    (at[whole] >> (8 - rest)) == (n->at[whole] >> (8 - rest));
}
