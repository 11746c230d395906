/*
 * proc/intake_tls.c: whom the TLS listeners accept.
 */
#include "proc/intake_own.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "net/tlskey.h"

#define CA_MAX ((size_t)1 << 20)
#define SIGN_MS 1000 /* the signer's answer; handshakes wait one by one */

/* Reads a small file whole. */
static enum err
file_read(const char *path, struct buf *to, struct fault *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;
	enum err e = ERR_OK;

	if (fd == -1)
		return fault_sys(why, ERR_IO, "cannot open %s", path);
	while (n > 0) {
		uint8_t *at = buf_room(to, 4096);

		if (at == NULL) {
			e = fault_set(why, ERR_LIMIT, "%s is too long", path);
			break;
		}
		if ((n = read(fd, at, 4096)) > 0)
			buf_took(to, (size_t)n);
	}
	if (n == -1)
		e = fault_sys(why, ERR_IO, "cannot read %s", path);
	(void)close(fd);
	return e;
}

enum err
intake_tls_load(struct intake_state *s, struct fault *why)
{
	const char *path = json_get_text(s->child->config, "syslog_tls_ca", "");

	buf_init(&s->cert, 1 << 16);
	buf_init(&s->ca, CA_MAX);
	return path[0] == '\0' ? ERR_OK : file_read(path, &s->ca, why);
}

/* TLS handshakes are signed by the signer, which alone has the key. */
static enum err
tls_sign(
    void *arg, struct span hash, uint8_t *sig, size_t *len, struct fault *why)
{
	struct intake_state *s = arg;
	struct buf answer;
	enum err e;

	buf_init(&answer, TLSKEY_SIG_MAX);
	e = child_ask(s->child, ROLE_SIGNER, SIGNER_TLS_SIGN, hash, SIGN_MS,
	    true, &answer, why);
	if (e == ERR_OK) {
		memcpy(sig, answer.at, answer.len);
		*len = answer.len;
	}
	buf_clear(&answer);
	return e;
}

static void
tls_log(void *arg, const char *line)
{
	const struct intake_state *s = arg;

	child_log(s->child, "TLS: %s", line);
}

/* The list of names as the server wants it; *n of them. */
static enum err
names_read(const json_t *list, const char ***out, size_t *n, struct fault *why)
{
	size_t have = json_array_size(list);

	if (have == 0)
		return ERR_OK;
	if ((*out = calloc(have, sizeof(**out))) == NULL)
		return fault_set(why, ERR_MEMORY, "TLS");
	for (size_t i = 0; i < have; i++)
		(*out)[(*n)++] = json_string_value(json_array_get(list, i));
	return ERR_OK;
}

/* Fingerprints: 64 hex digits, with colons or not (settings.c saw to it). */
static enum err
fingerprints_read(const json_t *list, uint8_t (**out)[TLS_FINGERPRINT_LEN],
    size_t *n, struct fault *why)
{
	size_t have = json_array_size(list);

	if (have == 0)
		return ERR_OK;
	if ((*out = calloc(have, sizeof(**out))) == NULL)
		return fault_set(why, ERR_MEMORY, "TLS");
	for (size_t i = 0; i < have; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text == NULL ||
		    !text_unhex_fixed(
			span_text(text), (*out)[*n], TLS_FINGERPRINT_LEN))
			return fault_set(why, ERR_RANGE,
			    "syslog_tls_fingerprints: not a SHA-256");
		(*n)++;
	}
	return ERR_OK;
}

enum err
intake_tls_start(struct intake_state *s, struct fault *why)
{
	const json_t *config = s->child->config;
	const char *clients = json_get_text(config, "syslog_tls_clients", "");
	struct tls_options o = {
		.sign = tls_sign,
		.log = tls_log,
		.arg = s,
		.clients = strcmp(clients, "require") == 0 ? TLS_CLIENTS_REQUIRE
		    : strcmp(clients, "ask") == 0          ? TLS_CLIENTS_ASK
							   : TLS_CLIENTS_NONE,
		.ca_pem = buf_view(&s->ca),
	};
	const char **name = NULL;
	uint8_t(*print)[TLS_FINGERPRINT_LEN] = NULL;
	enum err e;

	e = child_ask(s->child, ROLE_SIGNER, SIGNER_TLS_CERT, SPAN_EMPTY,
	    CHILD_ASK_MS, true, &s->cert, why);
	if (e == ERR_OK)
		e = names_read(json_object_get(config, "syslog_tls_names"),
		    &name, &o.n_names, why);
	if (e == ERR_OK)
		e = fingerprints_read(
		    json_object_get(config, "syslog_tls_fingerprints"), &print,
		    &o.n_fingerprints, why);
	if (e == ERR_OK) {
		o.cert_pem = buf_view(&s->cert);
		o.name = name;
		o.fingerprint = (const uint8_t(*)[TLS_FINGERPRINT_LEN])print;
		e = tls_server_new(&o, &s->tls, why);
	}
	free(name);
	free(print);
	return e == ERR_OK ? e : fault_at(why, "syslog_tls");
}
