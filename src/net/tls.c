/*
 * net/tls.c: TLS sessions of log senders, and whom they are from.
 *
 * About     handshake, reading and writing without waiting; accepting the
 *           client's certificate or ending the handshake.
 * Runs      in the intake process.
 * Source    RFC 5425 sections 4.2 and 5; GnuTLS's manual.
 */
#include "net/tls.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "net/tlsfar.h"

#define SAN_MAX 64 /* names of one certificate that are looked at */

struct tls_server {
	struct tlsfar *far;
	gnutls_certificate_credentials_t cred;
	gnutls_priority_t priority;
	enum tls_clients clients;
	bool authorities; /* ca_pem had some */
	char **name;
	size_t n_names;
	uint8_t (*fingerprint)[TLS_FINGERPRINT_LEN];
	size_t n_fingerprints;
};

struct tls_conn {
	struct tls_server *server;
	gnutls_session_t session;
	char peer[TLS_PEER_MAX];
	char line[128]; /* why its certificate was refused */
	size_t unsent; /* bytes of a record that is to be sent again */
};

/* Why a certificate is not accepted, for the log. */
static int
refuse(struct tls_conn *c, const char *why)
{
	size_t n = strlen(why);

	if (n >= sizeof c->line)
		n = sizeof c->line - 1;
	memcpy(c->line, why, n);
	c->line[n] = '\0';
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* Notes under which name the sender is known. */
static void
peer_set(struct tls_conn *c, struct span name)
{
	name = span_slice(name, 0, sizeof c->peer - 1);
	memcpy(c->peer, name.at, name.len);
	c->peer[name.len] = '\0';
}

/* A name of the certificate, if it may be used: either some name when none
 * are listed, or one of those listed. */
static bool
name_take(struct tls_conn *c, struct span have)
{
	const struct tls_server *t = c->server;

	if (t->n_names == 0) {
		if (c->peer[0] == '\0' && tls_is_name(have))
			peer_set(c, have);
		return true;
	}
	for (size_t i = 0; i < t->n_names; i++)
		if (tls_name_is(have, span_text(t->name[i]))) {
			peer_set(c, span_text(t->name[i]));
			return true;
		}
	return false;
}

/* Looks at the certificate's names; false: names are listed and it has none
 * of them. */
static bool
names_take(struct tls_conn *c, gnutls_x509_crt_t crt)
{
	uint8_t text[TLS_NAME_MAX + 3];
	bool some = false, good = c->server->n_names == 0;
	size_t len;
	int rc;

	for (unsigned i = 0; i < SAN_MAX; i++) {
		len = sizeof text;
		rc = gnutls_x509_crt_get_subject_alt_name(
		    crt, i, text, &len, NULL);
		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (rc == GNUTLS_SAN_DNSNAME ||
		    rc == GNUTLS_E_SHORT_MEMORY_BUFFER)
			some = true;
		if (rc == GNUTLS_SAN_DNSNAME &&
		    name_take(c, span_of(text, len)))
			good = true;
		if (good && c->peer[0] != '\0')
			return true;
	}
	len = sizeof text;
	if (some ||
	    gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 1,
		0, text, &len) != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return good; /* DNS names count alone; of two CNs, neither */
	len = sizeof text;
	if (gnutls_x509_crt_get_dn_by_oid(
		crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text, &len) == 0 &&
	    name_take(c, span_of(text, len)))
		good = true;
	return good;
}

/* The fingerprint of the certificate as shown, and whether it is listed. */
static bool
fingerprint_of(const struct tls_server *t, const gnutls_datum_t *der,
    uint8_t to[static TLS_FINGERPRINT_LEN])
{
	size_t len = TLS_FINGERPRINT_LEN;

	if (gnutls_fingerprint(GNUTLS_DIG_SHA256, der, to, &len) != 0)
		return false;
	for (size_t i = 0; i < t->n_fingerprints; i++)
		if (memcmp(t->fingerprint[i], to, TLS_FINGERPRINT_LEN) == 0)
			return true;
	return false;
}

/* Whether our authorities vouch for the chain, for a client's use. */
static bool
chain_is_good(gnutls_session_t s)
{
	char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
	gnutls_typed_vdata_st data = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)purpose,
	};
	unsigned status = 0;

	return gnutls_certificate_verify_peers(s, &data, 1, &status) == 0 &&
	    status == 0;
}

/* Decides on a certificate that was shown. */
static int
peer_judge(struct tls_conn *c, gnutls_x509_crt_t crt, const gnutls_datum_t *der)
{
	const struct tls_server *t = c->server;
	uint8_t print[TLS_FINGERPRINT_LEN] = { 0 };
	bool listed = fingerprint_of(t, der, print);
	struct buf hex;

	if (!listed && !t->authorities)
		return refuse(c, "its fingerprint is not listed");
	if (!listed && !chain_is_good(c->session))
		return refuse(c, "no listed authority vouches for it");
	if (!names_take(c, crt) && !listed)
		return refuse(c, "none of its names is listed");
	if (c->peer[0] == '\0') {
		buf_init(&hex, sizeof c->peer);
		text_hex(&hex, span_of(print, sizeof print));
		peer_set(c, buf_view(&hex));
		buf_clear(&hex);
	}
	return 0;
}

/* GnuTLS asks, inside the handshake, whether the client may come in. */
static int
peer_verify(gnutls_session_t s)
{
	struct tls_conn *c = gnutls_session_get_ptr(s);
	unsigned n = 0;
	const gnutls_datum_t *der = gnutls_certificate_get_peers(s, &n);
	gnutls_x509_crt_t crt = NULL;
	int rc;

	if (der == NULL || n == 0)
		return c->server->clients == TLS_CLIENTS_REQUIRE
		    ? refuse(c, "no certificate was shown")
		    : 0;
	if (gnutls_x509_crt_init(&crt) != 0)
		return GNUTLS_E_MEMORY_ERROR;
	rc = gnutls_x509_crt_import(crt, &der[0], GNUTLS_X509_FMT_DER);
	rc = rc != 0 ? refuse(c, "it cannot be read")
		     : peer_judge(c, crt, &der[0]);
	gnutls_x509_crt_deinit(crt);
	return rc;
}

/* GnuTLS asks for our own certificate. */
static int
own_give(gnutls_session_t s, const gnutls_datum_t *ca, int n_ca,
    const gnutls_pk_algorithm_t *algo, int n_algo, gnutls_pcert_st **pcert,
    unsigned *n_pcert, gnutls_privkey_t *key)
{
	struct tls_conn *c = gnutls_session_get_ptr(s);

	(void)ca;
	(void)n_ca;
	(void)algo;
	(void)n_algo;
	tlsfar_give(c->server->far, pcert, n_pcert, key);
	return 0;
}

/* Copies what says which certificates are good. */
static enum err
rules_copy(struct tls_server *t, const struct tls_options *o, struct fault *why)
{
	t->clients = o->clients;
	if (o->n_names > 0 &&
	    (t->name = calloc(o->n_names, sizeof *t->name)) == NULL)
		return fault_set(why, ERR_MEMORY, "TLS");
	for (size_t i = 0; i < o->n_names; i++) {
		if (!tls_is_name(span_text(o->name[i])))
			return fault_set(why, ERR_RANGE,
			    "'%s' is not a name a certificate is compared "
			    "with (no wildcards)",
			    o->name[i]);
		if ((t->name[i] = strdup(o->name[i])) == NULL)
			return fault_set(why, ERR_MEMORY, "TLS");
		t->n_names++;
	}
	if (o->n_fingerprints > 0) {
		t->fingerprint = calloc(
		    o->n_fingerprints, sizeof *t->fingerprint);
		if (t->fingerprint == NULL)
			return fault_set(why, ERR_MEMORY, "TLS");
		memcpy(t->fingerprint, o->fingerprint,
		    o->n_fingerprints * sizeof *t->fingerprint);
		t->n_fingerprints = o->n_fingerprints;
	}
	return ERR_OK;
}

/* Reads the authorities. */
static enum err
authorities_read(struct tls_server *t, struct span pem, struct fault *why)
{
	struct buf copy;
	gnutls_datum_t d;
	enum err e;
	int rc;

	buf_init(&copy, (size_t)4 << 20);
	buf_span(&copy, pem);
	if ((e = buf_error(&copy)) != ERR_OK) {
		e = fault_set(why, e, "the authorities' certificates");
		goto out;
	}
	d = (gnutls_datum_t){ copy.at, (unsigned)copy.len };
	rc = gnutls_certificate_set_x509_trust_mem(
	    t->cred, &d, GNUTLS_X509_FMT_PEM);
	if (rc <= 0)
		e = fault_set(why, ERR_RANGE,
		    "the authorities' certificates: "
		    "%s",
		    rc == 0 ? "none is there" : gnutls_strerror(rc));
	else
		t->authorities = true;
out:
	buf_clear(&copy);
	return e;
}

enum err
tls_server_new(
    const struct tls_options *o, struct tls_server **out, struct fault *why)
{
	struct tls_server *t = calloc(1, sizeof *t);
	enum err e;

	if (t == NULL)
		return fault_set(why, ERR_MEMORY, "TLS");
	if ((e = rules_copy(t, o, why)) != ERR_OK)
		goto out;
	if (gnutls_certificate_allocate_credentials(&t->cred) != 0 ||
	    gnutls_priority_init(&t->priority, TLSFAR_PRIORITY, NULL) != 0) {
		e = fault_set(why, ERR_MEMORY, "TLS");
		goto out;
	}
	e = tlsfar_new(o->cert_pem, o->sign, o->log, o->arg, &t->far, why);
	if (e == ERR_OK && o->ca_pem.len > 0)
		e = authorities_read(t, o->ca_pem, why);
	if (e != ERR_OK)
		goto out;
	if (t->clients != TLS_CLIENTS_NONE && !t->authorities &&
	    t->n_fingerprints == 0) {
		e = fault_set(why, ERR_RANGE,
		    "certificates are asked for, but neither authorities nor "
		    "fingerprints say which are good");
		goto out;
	}
	gnutls_certificate_set_retrieve_function2(t->cred, own_give);
	gnutls_certificate_set_verify_function(t->cred, peer_verify);
	*out = t;
	t = NULL;
out:
	tls_server_free(t);
	return e;
}

void
tls_server_free(struct tls_server *t)
{
	if (t == NULL)
		return;
	if (t->cred != NULL)
		gnutls_certificate_free_credentials(t->cred);
	if (t->priority != NULL)
		gnutls_priority_deinit(t->priority);
	tlsfar_free(t->far);
	for (size_t i = 0; i < t->n_names; i++)
		free(t->name[i]);
	free(t->name);
	free(t->fingerprint);
	free(t);
}

struct tls_conn *
tls_conn_new(struct tls_server *t, int fd)
{
	struct tls_conn *c = calloc(1, sizeof *c);
	gnutls_certificate_request_t ask = t->clients == TLS_CLIENTS_REQUIRE
	    ? GNUTLS_CERT_REQUIRE
	    : GNUTLS_CERT_REQUEST;

	if (c == NULL)
		return NULL;
	c->server = t;
	if (gnutls_init(&c->session,
		GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
		    GNUTLS_NO_TICKETS) != 0 ||
	    gnutls_priority_set(c->session, t->priority) != 0 ||
	    gnutls_credentials_set(
		c->session, GNUTLS_CRD_CERTIFICATE, t->cred) != 0) {
		tls_conn_free(c);
		return NULL;
	}
	gnutls_session_set_ptr(c->session, c);
	if (t->clients != TLS_CLIENTS_NONE)
		gnutls_certificate_server_set_request(c->session, ask);
	gnutls_transport_set_int(c->session, fd);
	return c;
}

void
tls_conn_free(struct tls_conn *c)
{
	if (c == NULL)
		return;
	if (c->session != NULL)
		gnutls_deinit(c->session);
	free(c);
}

void
tls_conn_bye(struct tls_conn *c)
{
	/* One try: a peer that does not read is not waited for. */
	(void)gnutls_bye(c->session, GNUTLS_SHUT_WR);
}

/* What GnuTLS's answer means to the caller. */
static enum tls_io
io_of(struct tls_conn *c, ssize_t rc, struct fault *why)
{
	if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED)
		return gnutls_record_get_direction(c->session) == 0
		    ? TLS_WAIT_READ
		    : TLS_WAIT_WRITE;
	if (c->line[0] != '\0')
		(void)fault_set(
		    why, ERR_DENIED, "the certificate is refused: %s", c->line);
	else
		(void)fault_set(
		    why, ERR_GONE, "TLS: %s", gnutls_strerror((int)rc));
	return TLS_BROKEN;
}

enum tls_io
tls_hello(struct tls_conn *c, struct fault *why)
{
	int rc;

	do
		rc = gnutls_handshake(c->session);
	while (rc == GNUTLS_E_WARNING_ALERT_RECEIVED);
	if (rc == 0)
		return TLS_OK;
	if (c->line[0] != '\0')
		(void)gnutls_alert_send(
		    c->session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
	return io_of(c, rc, why);
}

enum tls_io
tls_read(struct tls_conn *c, void *to, size_t max, size_t *n, struct fault *why)
{
	ssize_t rc;

	do
		rc = gnutls_record_recv(c->session, to, max);
	while (rc == GNUTLS_E_WARNING_ALERT_RECEIVED);
	if (rc > 0) {
		*n = (size_t)rc;
		return TLS_OK;
	}
	/* Without the closing alert the end may be somebody else's. */
	return rc == 0 ? TLS_END : io_of(c, rc, why);
}

enum tls_io
tls_write(struct tls_conn *c, struct span bytes, size_t *n, struct fault *why)
{
	ssize_t rc;

	if (c->unsent > 0)
		bytes.len = c->unsent;
	rc = gnutls_record_send(c->session, bytes.at, bytes.len);
	if (rc >= 0) {
		c->unsent = 0;
		*n = (size_t)rc;
		return TLS_OK;
	}
	c->unsent = bytes.len;
	return io_of(c, rc, why);
}

struct span
tls_peer(const struct tls_conn *c)
{
	return span_text(c->peer);
}
