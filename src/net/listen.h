/*
 * net/listen.h: listening sockets for logs and for the web, IPv4 and IPv6.
 */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Room for any address without port, NUL included ("2001:db8::7"). */
#define LISTEN_ADDRESS_MAX 46
/* Room for "[address]:port", NUL included. */
#define LISTEN_NAME_MAX 56
/* Receive buffer asked for on UDP: some 350,000 lines, two seconds of a flood
 * while keeper is busy or restarted. The kernel may give less. */
#define LISTEN_UDP_BUFFER (128 << 20)

enum listen_kind { LISTEN_UDP, LISTEN_TCP };

/*
 * listen_open: a bound socket (TCP: listening), non-blocking and
 * close-on-exec. TCP has SO_REUSEADDR, so that a restart need not wait; UDP
 * has not, so that nobody else can share the port; it has SO_RXQ_OVFL, and a
 * receive buffer as large as may be had.
 *
 *   at    "ADDRESS:PORT": "192.0.2.7:514", "[::1]:6514", "localhost:0",
 *         "*:514" or "[::]:514" (every address, IPv4 and IPv6). Port 0: a
 *         free one. Names other than localhost are not looked up.
 *   fd    [out] handed over
 *
 * Fails   ERR_SYNTAX: not an address; ERR_IO: the system refused; the line
 *         says which address and why.
 */
MUST_CHECK enum err listen_open(
    enum listen_kind kind, const char *at, int *fd, struct fault *why);

/*
 * listen_open_both: a UDP and a TCP socket on the same address and port, also
 * where the port is a free one.
 */
MUST_CHECK enum err listen_open_both(
    const char *at, int *udp, int *tcp, struct fault *why);

/*
 * listen_name: where a socket listens, as "192.0.2.7:514" or "[::1]:514".
 * port [out] may be NULL.
 */
MUST_CHECK enum err listen_name(
    int fd, char to[static LISTEN_NAME_MAX], uint16_t *port, struct fault *why);

/* listen_kind_of: whether a descriptor that was passed to us is a UDP socket
 * or a listening TCP socket. Fails ERR_STATE: neither. */
MUST_CHECK enum err listen_kind_of(
    int fd, enum listen_kind *kind, struct fault *why);

/*
 * listen_address: a peer's address as text, without port; an IPv4 address
 * mapped into IPv6 is written as IPv4; "local" for a unix socket.
 */
void listen_address(
    const struct sockaddr_storage *from, char to[static LISTEN_ADDRESS_MAX]);

#endif
