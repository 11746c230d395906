/*
 * net/tlsname.c: names in certificates, compared whole.
 *
 * About     the lesson of CVE-2024-47619: a matcher that understands "*" in
 *           some places is a matcher somebody finds the wrong place for. Here
 *           nothing is understood: a name is the listed one or it is not.
 */
#include "net/tls.h"

bool
tls_is_name(struct span s)
{
	bool empty = true; /* the label so far */

	if (s.len == 0 || s.len > TLS_NAME_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if (c == '.') {
			if (empty)
				return false;
			empty = true;
			continue;
		}
		empty = false;
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '-' || c == '_' ||
			c == '@'))
			return false;
	}
	return !empty;
}

bool
tls_name_is(struct span have, struct span want)
{
	return tls_is_name(have) && tls_is_name(want) &&
	    span_equal_nocase(have, want);
}
