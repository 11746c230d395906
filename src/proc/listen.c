/*
 * proc/listen.c: the ports.
 */
#include "proc/listen.h"

#include <unistd.h>

#include "net/listen.h"

enum err
listeners_open(const json_t *settings, struct listeners *l, struct fault *why)
{
	struct listeners got = { -1, -1, -1, 0, 0 };
	char name[LISTEN_NAME_MAX];
	enum err e;

	e = listen_open(
	    LISTEN_TCP, json_get_text(settings, "web", ""), &got.web, why);
	if (e == ERR_OK)
		e = listen_open_both(json_get_text(settings, "syslog", ""),
		    &got.syslog_udp, &got.syslog_tcp, why);
	if (e == ERR_OK)
		e = listen_name(got.web, name, &got.web_port, why);
	if (e == ERR_OK)
		e = listen_name(got.syslog_tcp, name, &got.syslog_port, why);
	if (e == ERR_OK) {
		*l = got;
		return ERR_OK;
	}
	if (got.web != -1)
		(void)close(got.web);
	if (got.syslog_udp != -1)
		(void)close(got.syslog_udp);
	if (got.syslog_tcp != -1)
		(void)close(got.syslog_tcp);
	return e;
}
