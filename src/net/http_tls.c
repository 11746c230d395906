/*
 * net/http_tls.c: TLS for the HTTP server, with a key that is elsewhere.
 *
 * About     handing certificate and key (net/tlsfar.h) to libmicrohttpd.
 * Runs      in the web process, inside a handshake, in any thread.
 */
#include "net/http_inner.h"

#include "base/text.h"

/* libmicrohttpd's certificate callback has no argument of ours, so the one
 * TLS server of a process stands here. */
static struct http *tls_server;

void
http_say(const struct http *h, const char *line)
{
	if (h->o.log != NULL)
		h->o.log(h->o.arg, line);
}

int
http_tls_give(gnutls_session_t s, const gnutls_datum_t *ca, int n_ca,
    const gnutls_pk_algorithm_t *algo, int n_algo, gnutls_pcert_st **pcert,
    unsigned *n_pcert, gnutls_privkey_t *key)
{
	if (tls_server->o.ask_peer)
		gnutls_certificate_server_set_request(s, GNUTLS_CERT_REQUEST);
	(void)ca;
	(void)n_ca;
	(void)algo;
	(void)n_algo;
	tlsfar_give(tls_server->far, pcert, n_pcert, key);
	return 0;
}

enum err
http_tls_load(struct http *h, struct fault *why)
{
	enum err e;

	if (h->o.sign == NULL)
		return fault_set(why, ERR_RANGE, "HTTPS needs a signer");
	if (tls_server != NULL)
		return fault_set(why, ERR_STATE, "one HTTPS server a process");
	e = tlsfar_new(
	    h->o.cert_pem, h->o.sign, h->o.log, h->o.arg, &h->far, why);
	if (e == ERR_OK)
		tls_server = h;
	return e;
}

void
http_tls_unload(struct http *h)
{
	if (tls_server == h)
		tls_server = NULL;
	tlsfar_free(h->far);
	h->far = NULL;
}

const char *
http_tls_peer(struct MHD_Connection *mc, struct connection *c)
{
	const union MHD_ConnectionInfo *i;
	const gnutls_datum_t *chain;
	uint8_t sum[32];
	size_t len = sizeof sum;
	unsigned n = 0;
	struct buf b;

	if (c == NULL)
		return "";
	if (c->asked)
		return c->peer;
	c->asked = true;
	i = MHD_get_connection_info(mc, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (i == NULL || i->tls_session == NULL ||
	    (chain = gnutls_certificate_get_peers(i->tls_session, &n)) ==
		NULL ||
	    n == 0 ||
	    gnutls_fingerprint(GNUTLS_DIG_SHA256, chain, sum, &len) != 0)
		return "";
	buf_init(&b, sizeof c->peer - 1);
	text_hex(&b, span_of(sum, len));
	memcpy(c->peer, buf_string(&b), b.len + 1);
	buf_clear(&b);
	return c->peer;
}
