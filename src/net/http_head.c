/*
 * net/http_head.c: is a request's head plain enough to be answered?
 *
 * About     headers that two readers could understand differently.
 * Runs      in the web process, before anything else looks at a request.
 * Source    RFC 9112 sections 3.2, 6.1, 6.3; RELIABILITY F5.
 */
#include "net/http_inner.h"

/* RFC 9110 token characters. */
static bool
is_token(const char *s)
{
	for (const char *p = s; *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			(*p >= '0' && *p <= '9') ||
			strchr("!#$%&'*+-.^_`|~", *p)))
			return false;
	return *s != '\0';
}

/* One header of the request. */
static enum MHD_Result
header_check(
    void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
	static const char *const single[] = { "cookie", "authorization",
		"content-type", "origin", "x-beimen-token", "content-encoding",
		"idempotency-key" };
	struct head_check *k = arg;
	struct span name = span_text(key);

	(void)kind;
	if (value == NULL)
		value = "";
	if (!is_token(key))
		k->bad = true;
	for (const char *p = value; *p != '\0'; p++)
		if (((uint8_t)*p < 0x20 && *p != '\t') || *p == 0x7f)
			k->bad = true;
	if (span_equal_nocase(name, SPAN_LIT("host")))
		k->hosts++;
	if (span_equal_nocase(name, SPAN_LIT("content-length"))) {
		k->lengths++;
		if (!span_number(span_text(value), UINT64_MAX / 2, &k->length))
			k->bad = true;
	}
	if (span_equal_nocase(name, SPAN_LIT("transfer-encoding"))) {
		k->codings++;
		k->chunked = span_equal_nocase(
		    span_text(value), SPAN_LIT("chunked"));
	}
	for (unsigned i = 0; i < 7; i++)
		if (span_equal_nocase(name, span_text(single[i])) &&
		    ++k->singles[i] > 1)
			k->bad = true;
	return MHD_YES;
}

unsigned
http_head_check(
    struct MHD_Connection *mc, const char *version, struct head_check *k)
{
	(void)MHD_get_connection_values(mc, MHD_HEADER_KIND, header_check, k);
	if (strcmp(version, MHD_HTTP_VERSION_1_1) != 0)
		return MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED;
	if (k->bad || k->hosts != 1 || k->lengths > 1 || k->codings > 1 ||
	    (k->codings == 1 && (!k->chunked || k->lengths != 0)))
		return MHD_HTTP_BAD_REQUEST;
	return 0;
}
