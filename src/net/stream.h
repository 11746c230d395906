/*
 * net/stream.h: the bytes of thousands of connections and of UDP sockets.
 *
 * It knows sockets and TLS, never what the bytes mean: the owner frames them.
 * All connections share one receive buffer, so an idle one costs about 300
 * bytes here (and with TLS what GnuTLS needs).
 *
 * Fairness: a pass takes at most STREAM_CHUNK bytes from one sender's
 * address, divided among its ready connections but at least STREAM_SHARE from
 * each, and a bounded number of datagrams from each UDP socket; the kernel
 * gives the ready ones in turn. So one that floods, over however many
 * connections, takes its share and no more. What was not read stays in the
 * kernel: a paused stream holds TCP senders back and lets the kernel drop
 * UDP, which is counted.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/span.h"
#include "net/listen.h"
#include "net/loop.h"
#include "net/tls.h"

#define STREAM_CHUNK 262144
#define STREAM_SHARE 8192
#define STREAM_BATCH 64
/* Bytes waiting to be sent on one connection, at most. */
#define STREAM_UNSENT_MAX ((size_t)1 << 20)
/* No UDP datagram is longer than this. */
#define STREAM_DATAGRAM_MAX 65536

struct stream;
/* One connection, for stream_send; valid from open until close returns. */
struct stream_link;

/* What the owner says after it took bytes of a connection. */
enum stream_next {
	STREAM_QUIET, /* no unfinished record is left */
	STREAM_PROGRESS, /* a record was finished, another has begun */
	STREAM_PARTIAL, /* still inside the same record */
	STREAM_FINISH, /* close it once what was sent is out */
	STREAM_REFUSE, /* close this connection */
};

/* Why a connection ended. */
enum stream_end {
	STREAM_BY_PEER, /* an orderly end */
	STREAM_BROKEN, /* reset or another error */
	STREAM_IDLE, /* no byte for idle_us */
	STREAM_SLOW, /* one record took longer than slow_us */
	STREAM_DEAF, /* it does not read what is sent to it */
	STREAM_FINISHED, /* STREAM_FINISH */
	STREAM_REFUSED, /* STREAM_REFUSE */
	STREAM_CLOSED, /* stream_free */
};

/* Who is at the other end of a new connection. */
struct stream_from {
	unsigned tag; /* of the listener */
	struct span sender; /* address without port */
	struct span peer; /* name of its certificate; empty: none */
};

/*
 * What the owner does. `tag` is what it gave with the socket, `conn` what its
 * open answered. Spans are borrowed for the call. Any but open, data and
 * datagram may be NULL.
 */
struct stream_ops {
	/* A connection came (with TLS: its handshake is done); NULL refuses
	 * it. */
	void *(*open)(void *arg, struct stream_link *link,
	    const struct stream_from *from);
	enum stream_next (*data)(void *arg, void *conn, struct span bytes);
	/* It is over; conn is not used again. */
	void (*close)(void *arg, void *conn, enum stream_end why);
	void (*datagram)(
	    void *arg, unsigned tag, struct span sender, struct span bytes);
	/* After each pass in which something was received. */
	void (*pass)(void *arg);
	/* A handshake failed; no connection was opened. */
	void (*stranger)(
	    void *arg, unsigned tag, struct span sender, const char *why);
	/* The kernel dropped n datagrams of a UDP socket for want of room. */
	void (*lost)(void *arg, unsigned tag, uint64_t n);
};

struct stream_limits {
	unsigned conns; /* greatest number of connections, all listeners */
	int64_t idle_us; /* 0: never */
	int64_t slow_us; /* 0: never */
	int64_t hello_us; /* for a TLS handshake; 0: never */
};

/* Counted from the start; never reset. */
struct stream_counts {
	uint64_t accepted, refused; /* refused: above conns, or by open */
	uint64_t strangers; /* handshakes that failed */
	uint64_t bytes, datagrams, lost;
	uint64_t ended[STREAM_CLOSED + 1];
	unsigned conns; /* open now */
};

/*
 * stream_new: an empty stream in loop l, which must outlive it; ops is
 * borrowed for the stream's life. stream_free closes all connections (close
 * is called for each) and every socket given to it. May not be called from
 * inside a callback of its own.
 */
MUST_CHECK enum err stream_new(struct loop *l, const struct stream_ops *ops,
    void *arg, const struct stream_limits *limits, struct stream **out,
    struct fault *why);
void stream_free(struct stream *s);

/*
 * stream_listen: accept from, or receive on, a socket that is open already
 * (listen_open, or passed by a supervisor); given, also on failure.
 *
 *   tag         comes back with its bytes
 *   lost_before datagrams of this socket whose loss was told before, by an
 *               earlier process that held it; 0 for a new socket
 *
 * Fails   ERR_STATE: not such a socket; ERR_MEMORY, ERR_IO.
 */
MUST_CHECK enum err stream_listen(struct stream *s, int fd, unsigned tag,
    uint64_t lost_before, struct fault *why);

/* stream_listen_tls: the same for a TCP listener whose connections begin with
 * a TLS handshake; t is borrowed for the stream's life. */
MUST_CHECK enum err stream_listen_tls(struct stream *s, int fd, unsigned tag,
    struct tls_server *t, struct fault *why);

/*
 * stream_send: bytes to the other end, at once or as soon as it takes them.
 * More than STREAM_UNSENT_MAX bytes waiting: the connection is closed
 * (STREAM_DEAF) in the next pass. Never calls the owner back.
 */
void stream_send(struct stream_link *link, struct span bytes);
/* stream_end: as STREAM_FINISH, outside of a callback of this connection. */
void stream_end(struct stream_link *link);

/* stream_adopt: a connection accepted by somebody else; given, also on
 * failure. ERR_LIMIT above limits.conns, ERR_DENIED when open refuses. */
MUST_CHECK enum err stream_adopt(
    struct stream *s, int fd, unsigned tag, struct fault *why);

/* stream_pause_all: read nothing more until stream_resume_all; both may be
 * called inside callbacks and take the same short time for any number of
 * connections. Time spent paused is no sender's fault: it counts neither as
 * idle nor as slow. */
void stream_pause_all(struct stream *s);
void stream_resume_all(struct stream *s);
bool stream_is_paused(const struct stream *s);

/* stream_counts_get: a copy, with UDP losses up to now. */
void stream_counts_get(struct stream *s, struct stream_counts *out);

#endif
