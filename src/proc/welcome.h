/*
 * proc/welcome.h: the first start, and the lines that greet whoever starts us.
 */
#ifndef PROC_WELCOME_H
#define PROC_WELCOME_H

#include "proc/listen.h"

/*
 * welcome: let book and gate make what a new data folder lacks (first agency,
 * this machine, first administrator), then print to stdout
 *     web: https://HOST:PORT/
 *     syslog: ADDR:PORT
 *     syslog-tls: ADDR:PORT, relp: ADDR:PORT, … (those that listen)
 *     administrator: NAME PASSWORD       (only when just made)
 * and two lines to try. The descriptors are given.
 */
MUST_CHECK enum err welcome(const json_t *settings, const struct listeners *l,
    int book, int gate, struct fault *why);

#endif
