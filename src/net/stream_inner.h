/*
 * net/stream_inner.h: the stream between stream.c (sockets, pausing),
 * stream_conn.c (connections) and stream_udp.c (datagrams). Nobody else
 * includes it.
 */
#ifndef NET_STREAM_INNER_H
#define NET_STREAM_INNER_H

#include "base/buf.h"
#include "net/stream.h"

#define SOCKETS_MAX 64
#define SENDERS_N 8192 /* rows of the table of connected senders */

struct sock {
	struct stream *s;
	int fd;
	unsigned tag;
	enum listen_kind kind;
	struct tls_server *tls; /* NULL: plain */
	uint32_t drops; /* the kernel's counter as told last */
};

/* An address that has connections. */
struct sender {
	struct sender *next;
	unsigned conns; /* of it, open */
	uint32_t hash;
	char text[LISTEN_ADDRESS_MAX];
};

enum link_state {
	LINK_HELLO, /* in the TLS handshake: the owner does not know it */
	LINK_OPEN,
	LINK_FINISH, /* nothing is read; what waits is sent, then closed */
	LINK_DEAF, /* to be closed: it does not read */
};

struct stream_link {
	struct stream *s;
	struct stream_link *prev, *next;
	int fd;
	unsigned tag;
	enum link_state state;
	unsigned watch; /* what the loop watches for */
	struct tls_conn *tls; /* NULL: plain */
	struct sender *from;
	void *own; /* what open answered */
	struct buf out; /* not sent yet */
	int64_t last_us; /* last byte, on the stream's clock */
	int64_t began_us; /* the unfinished record or handshake, or -1 */
};

struct stream {
	struct loop *outer, *inner;
	const struct stream_ops *ops;
	void *arg;
	struct stream_limits limits;
	struct stream_counts counts;
	struct sock *socks[SOCKETS_MAX];
	size_t n_socks;
	struct stream_link *links;
	struct sender **senders; /* SENDERS_N, by hash */
	struct batch *batch; /* for UDP; NULL without such a socket */
	uint8_t *bytes; /* STREAM_CHUNK, for connections */
	struct loop_timer tick, again;
	bool paused, got;
	int64_t paused_at_us, paused_us; /* since, and in all before */
	struct sockaddr_storage last_from;
	char last_text[LISTEN_ADDRESS_MAX]; /* of last_from */
};

/* stream_clock: the loop's clock, without the time spent paused. */
int64_t stream_clock(const struct stream *s);

/* link_add: a connection becomes ours; fd is given, also on failure. */
MUST_CHECK enum err link_add(struct stream *s, int fd, const struct sock *k,
    unsigned tag, const struct sockaddr_storage *from, struct fault *why);
/* link_close: end it and tell its owner why, if it knew of it. */
void link_close(struct stream_link *c, enum stream_end end);
/* link_tick: close it when its patience is used up. */
void link_tick(struct stream_link *c, int64_t now);

/* udp_open, udp_close: the room for datagrams. */
MUST_CHECK enum err udp_open(struct stream *s, struct fault *why);
void udp_close(struct stream *s);
/* udp_ready: a loop_fn of a UDP socket. */
void udp_ready(void *arg, unsigned ready);
/* udp_drops_ask: ask the kernel for every socket's drop counter. */
void udp_drops_ask(struct stream *s);

#endif
