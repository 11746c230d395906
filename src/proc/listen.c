/*
 * proc/listen.c: the ports.
 */
#include "proc/listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proc/role.h"

const struct listen_row listen_rows[LISTENER_N] = {
	[LISTENER_SYSLOG_TLS] = { "syslog_tls", "syslog-tls", HOLDS_SYSLOG,
	    "6514" },
	[LISTENER_RELP] = { "relp", "relp", HOLDS_SYSLOG, "2514" },
	[LISTENER_RELP_TLS] = { "relp_tls", "relp-tls", HOLDS_SYSLOG, "2515" },
	[LISTENER_INGEST] = { "ingest", "ingest", HOLDS_INGEST, "9200",
	    "https://" },
};

void
listeners_init(struct listeners *l)
{
	*l =
	    (struct listeners){ .web = -1, .syslog_udp = -1, .syslog_tcp = -1 };
	for (unsigned i = 0; i < LISTENER_N; i++)
		l->more[i].fd = -1;
}

static void
listeners_close(struct listeners *l)
{
	if (l->web != -1)
		(void)close(l->web);
	if (l->syslog_udp != -1)
		(void)close(l->syslog_udp);
	if (l->syslog_tcp != -1)
		(void)close(l->syslog_tcp);
	for (unsigned i = 0; i < LISTENER_N; i++)
		if (l->more[i].fd != -1)
			(void)close(l->more[i].fd);
}

/* Where a listener stands whose setting is empty. */
static void
beside(const json_t *settings, const struct listen_row *row, struct buf *at)
{
	const char *syslog = json_get_text(settings, "syslog", "");
	const char *colon = strrchr(syslog, ':');
	size_t host = colon == NULL ? 0 : (size_t)(colon - syslog);
	bool any = colon != NULL && strcmp(colon, ":0") == 0;

	buf_add(at, syslog, host);
	buf_printf(at, ":%s", any ? "0" : row->port);
}

/* Opens one of the further listeners. */
static enum err
listener_open(const json_t *settings, const struct listen_row *row,
    struct listener *l, struct fault *why)
{
	const char *set = json_get_text(settings, row->setting, "none");
	struct fault own;
	struct buf at;
	enum err e;

	if (strcmp(set, "none") == 0)
		return ERR_OK;
	buf_init(&at, LISTEN_NAME_MAX);
	if (set[0] == '\0')
		beside(settings, row, &at);
	else
		buf_text(&at, set);
	e = listen_open(LISTEN_TCP, buf_string(&at), &l->fd, &own);
	if (e == ERR_IO && set[0] == '\0' && errno == EADDRINUSE) {
		(void)fprintf(stderr,
		    "beimen: %s: %s is in use: nothing listens there (give "
		    "--%s ADDRESS:PORT, or none)\n",
		    row->name, buf_string(&at), row->name);
		e = ERR_OK;
	} else if (e == ERR_OK) {
		e = listen_name(l->fd, l->at, NULL, &own);
	}
	buf_clear(&at);
	if (e != ERR_OK && why != NULL)
		*why = own;
	return e;
}

enum err
listeners_open(const json_t *settings, struct listeners *l, struct fault *why)
{
	struct listeners got;
	char name[LISTEN_NAME_MAX];
	enum err e;

	listeners_init(&got);
	e = listen_open(
	    LISTEN_TCP, json_get_text(settings, "web", ""), &got.web, why);
	if (e == ERR_OK)
		e = listen_open_both(json_get_text(settings, "syslog", ""),
		    &got.syslog_udp, &got.syslog_tcp, why);
	if (e == ERR_OK)
		e = listen_name(got.web, name, &got.web_port, why);
	if (e == ERR_OK)
		e = listen_name(got.syslog_tcp, name, &got.syslog_port, why);
	for (unsigned i = 0; i < LISTENER_N && e == ERR_OK; i++)
		e = listener_open(settings, &listen_rows[i], &got.more[i], why);
	if (e == ERR_OK)
		*l = got;
	else
		listeners_close(&got);
	return e;
}
