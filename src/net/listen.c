/*
 * net/listen.c: binding sockets, and addresses as text.
 */
#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/buf.h"

#define BACKLOG 1024
#define PORT_TRIES 16

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage room;
};

/* An address without port into *a; false if it is none. */
static bool
address_parse(struct span host, uint16_t port, union address *a)
{
	char text[LISTEN_ADDRESS_MAX];

	*a = (union address){ .room = { 0 } };
	if (span_is(host, "*"))
		host = SPAN_LIT("::");
	else if (span_is(host, "localhost"))
		host = SPAN_LIT("127.0.0.1");
	if (host.len == 0 || host.len >= sizeof text)
		return false;
	memcpy(text, host.at, host.len);
	text[host.len] = '\0';
	if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(port);
		return true;
	}
	if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(port);
		return true;
	}
	return false;
}

/* "ADDRESS:PORT" into *a; an IPv6 address stands in brackets. */
static bool
at_parse(struct span at, union address *a)
{
	size_t colon = at.len;
	struct span host;
	uint64_t port;

	while (colon > 0 && at.at[colon - 1] != ':')
		colon--;
	if (colon == 0 ||
	    !span_number(span_slice(at, colon, SIZE_MAX), UINT16_MAX, &port))
		return false;
	host = span_slice(at, 0, colon - 1);
	if (span_starts(host, "[") && span_ends(host, "]"))
		host = span_slice(host, 1, host.len - 2);
	else if (span_find(host, ':') != SIZE_MAX)
		return false;
	return address_parse(host, (uint16_t)port, a);
}

static socklen_t
address_len(const union address *a)
{
	return a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
}

static int
option_on(int fd, int level, int name)
{
	const int on = 1;

	return setsockopt(fd, level, name, &on, sizeof on);
}

/* A receive buffer as large as may be had: root's way, then everybody's. */
static void
buffer_large(int fd)
{
	const int want = LISTEN_UDP_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &want, sizeof want) ==
	    -1)
		/* Cut to net.core.rmem_max; a smaller buffer is no error. */
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &want, sizeof want);
}

/* Options, bind and listen; errno tells what failed. */
static int
socket_ready(int fd, enum listen_kind kind, const union address *a)
{
	const int off = 0;

	if (kind == LISTEN_TCP && option_on(fd, SOL_SOCKET, SO_REUSEADDR) == -1)
		return -1;
	if (a->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == -1)
		return -1;
	if (kind == LISTEN_UDP) {
		if (option_on(fd, SOL_SOCKET, SO_RXQ_OVFL) == -1)
			return -1;
		buffer_large(fd);
	}
	if (bind(fd, &a->any, address_len(a)) == -1)
		return -1;
	return kind == LISTEN_TCP ? listen(fd, BACKLOG) : 0;
}

/* A socket bound to *a. `at` is for the line only. */
static enum err
address_open(enum listen_kind kind, const union address *a, const char *at,
    int *fd, struct fault *why)
{
	const char *name = kind == LISTEN_UDP ? "udp" : "tcp";
	int type = kind == LISTEN_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int s = socket(
	    a->any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	enum err e;

	if (s == -1)
		return fault_sys(
		    why, ERR_IO, "cannot listen on %s %s", name, at);
	if (socket_ready(s, kind, a) == -1) {
		e = fault_sys(why, ERR_IO, "cannot listen on %s %s", name, at);
		(void)close(s);
		return e;
	}
	*fd = s;
	return ERR_OK;
}

/* "*" means IPv6 and IPv4; where the kernel has no IPv6, IPv4 alone. */
static enum err
any_open(enum listen_kind kind, union address *a, const char *at, int *fd,
    struct fault *why)
{
	enum err e = address_open(kind, a, at, fd, why);

	if (e == ERR_OK || errno != EAFNOSUPPORT || at[0] != '*')
		return e;
	uint16_t port = ntohs(a->v6.sin6_port);

	*a = (union address){ .v4 = { .sin_family = AF_INET,
				  .sin_port = htons(port) } };
	return address_open(kind, a, at, fd, why);
}

enum err
listen_open(enum listen_kind kind, const char *at, int *fd, struct fault *why)
{
	union address a;

	if (!at_parse(span_text(at), &a))
		return fault_set(
		    why, ERR_SYNTAX, "not an address and port: %s", at);
	return any_open(kind, &a, at, fd, why);
}

/* The port a socket got. */
static enum err
port_of(int fd, union address *a, uint16_t *port, struct fault *why)
{
	socklen_t len = sizeof *a;

	*a = (union address){ .room = { 0 } };
	if (getsockname(fd, &a->any, &len) == -1)
		return fault_sys(why, ERR_IO, "getsockname");
	if (a->any.sa_family == AF_INET)
		*port = ntohs(a->v4.sin_port);
	else if (a->any.sa_family == AF_INET6)
		*port = ntohs(a->v6.sin6_port);
	else
		return fault_set(why, ERR_STATE, "not an internet socket");
	return ERR_OK;
}

enum err
listen_open_both(const char *at, int *udp, int *tcp, struct fault *why)
{
	enum err e = ERR_OK;

	for (unsigned i = 0; i < PORT_TRIES; i++) {
		union address a;
		uint16_t port;
		int u, t;

		if ((e = listen_open(LISTEN_UDP, at, &u, why)) != ERR_OK)
			return e;
		e = port_of(u, &a, &port, why);
		if (e == ERR_OK)
			e = address_open(LISTEN_TCP, &a, at, &t, why);
		if (e == ERR_OK) {
			*udp = u;
			*tcp = t;
			return ERR_OK;
		}
		/* A free UDP port may be taken on TCP: ask for another. */
		int failed = errno;

		(void)close(u);
		if (failed != EADDRINUSE || !span_ends(span_text(at), ":0"))
			return e;
	}
	return e;
}

void
listen_address(
    const struct sockaddr_storage *from, char to[static LISTEN_ADDRESS_MAX])
{
	union address a = { .room = *from };
	struct in_addr v4;
	const char *done = NULL;

	if (a.any.sa_family == AF_INET) {
		done = inet_ntop(
		    AF_INET, &a.v4.sin_addr, to, LISTEN_ADDRESS_MAX);
	} else if (a.any.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&a.v6.sin6_addr)) {
		memcpy(&v4, &a.v6.sin6_addr.s6_addr[12], sizeof v4);
		done = inet_ntop(AF_INET, &v4, to, LISTEN_ADDRESS_MAX);
	} else if (a.any.sa_family == AF_INET6) {
		done = inet_ntop(
		    AF_INET6, &a.v6.sin6_addr, to, LISTEN_ADDRESS_MAX);
	}
	if (done == NULL)
		memcpy(to, "local", sizeof "local");
}

enum err
listen_name(
    int fd, char to[static LISTEN_NAME_MAX], uint16_t *port, struct fault *why)
{
	char text[LISTEN_ADDRESS_MAX];
	union address a;
	struct buf b;
	uint16_t n;
	enum err e;

	if ((e = port_of(fd, &a, &n, why)) != ERR_OK)
		return e;
	listen_address(&a.room, text);
	buf_init(&b, LISTEN_NAME_MAX - 1);
	if (span_find(span_text(text), ':') == SIZE_MAX)
		buf_printf(&b, "%s:%u", text, n);
	else
		buf_printf(&b, "[%s]:%u", text, n);
	if ((e = buf_error(&b)) == ERR_OK) {
		memcpy(to, buf_string(&b), b.len + 1);
		if (port != NULL)
			*port = n;
	} else {
		(void)fault_set(why, e, "address of descriptor %d", fd);
	}
	buf_clear(&b);
	return e;
}

enum err
listen_kind_of(int fd, enum listen_kind *kind, struct fault *why)
{
	int type, listening = 0;
	socklen_t len = sizeof type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1)
		return fault_sys(why, ERR_STATE, "descriptor %d", fd);
	len = sizeof listening;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == -1)
		return fault_sys(why, ERR_STATE, "descriptor %d", fd);
	if (type == SOCK_DGRAM)
		*kind = LISTEN_UDP;
	else if (type == SOCK_STREAM && listening != 0)
		*kind = LISTEN_TCP;
	else
		return fault_set(
		    why, ERR_STATE, "descriptor %d is no listening socket", fd);
	return ERR_OK;
}
