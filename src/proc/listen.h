/*
 * proc/listen.h: the ports, opened before anything is given up.
 */
#ifndef PROC_LISTEN_H
#define PROC_LISTEN_H

#include "pack/json.h"

struct listeners {
	int web, syslog_udp, syslog_tcp; /* -1: none */
	uint16_t web_port, syslog_port; /* as bound */
};

/*
 * listeners_open: every port of the settings; syslog's UDP and TCP share one
 * port number, also when it is chosen (0).
 * Fails  ERR_IO with the address: in use, not permitted.
 */
MUST_CHECK enum err listeners_open(
    const json_t *settings, struct listeners *l, struct fault *why);

#endif
