/*
 * proc/listen.h: the ports, opened before anything is given up.
 */
#ifndef PROC_LISTEN_H
#define PROC_LISTEN_H

#include "net/listen.h"
#include "pack/json.h"

/* Listeners beside web and syslog: a row of listen_rows each. */
enum {
	LISTENER_SYSLOG_TLS,
	LISTENER_RELP,
	LISTENER_RELP_TLS,
	LISTENER_INGEST,
	LISTENER_N
};

struct listen_row {
	const char *setting; /* "syslog_tls" */
	const char *name; /* as it is passed down and printed: "syslog-tls" */
	unsigned of; /* enum holds: whose it is */
	const char *port; /* when the setting is empty */
	const char *scheme; /* printed before its address; NULL: none */
};
extern const struct listen_row listen_rows[LISTENER_N];

struct listener {
	int fd; /* -1: none */
	char at[LISTEN_NAME_MAX]; /* as bound */
};

struct listeners {
	int web, syslog_udp, syslog_tcp; /* -1: none */
	uint16_t web_port, syslog_port; /* as bound */
	struct listener more[LISTENER_N];
};

/* listeners_init: none is open. */
void listeners_init(struct listeners *l);

/*
 * listeners_open: every port of the settings; syslog's UDP and TCP share one
 * port number, also when it is chosen (0). A further listener whose setting
 * is empty stands beside syslog: at its address, at its own usual port, or at
 * a free one where syslog's is. Where that usual port is taken, a line says so
 * and the listener is left out; an address that was asked for must be had.
 * Fails  ERR_IO with the address: in use, not permitted.
 */
MUST_CHECK enum err listeners_open(
    const json_t *settings, struct listeners *l, struct fault *why);

#endif
