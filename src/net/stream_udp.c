/*
 * net/stream_udp.c: datagrams, many with one call, and those the kernel had
 * no room for.
 */
#include "net/stream_inner.h"

#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>

#define UDP_BATCHES 32 /* a pass, while they come full */

/* Room for one recvmmsg. */
struct batch {
	struct mmsghdr head[STREAM_BATCH];
	struct iovec part[STREAM_BATCH];
	struct sockaddr_storage from[STREAM_BATCH];
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(sizeof(uint32_t)) + 32];
	} control[STREAM_BATCH];
	uint8_t bytes[STREAM_BATCH][STREAM_DATAGRAM_MAX];
};

enum err
udp_open(struct stream *s, struct fault *why)
{
	struct batch *b = s->batch;

	if (b != NULL)
		return ERR_OK;
	if ((b = calloc(1, sizeof *b)) == NULL)
		return fault_set(why, ERR_MEMORY, "datagrams");
	for (size_t i = 0; i < STREAM_BATCH; i++) {
		b->part[i] = (struct iovec){ b->bytes[i], sizeof b->bytes[i] };
		b->head[i].msg_hdr = (struct msghdr){
			.msg_name = &b->from[i],
			.msg_iov = &b->part[i],
			.msg_iovlen = 1,
			.msg_control = &b->control[i],
		};
	}
	s->batch = b;
	return ERR_OK;
}

void
udp_close(struct stream *s)
{
	free(s->batch);
	s->batch = NULL;
}

/* Takes a new reading of a socket's drop counter. It may wrap around. */
static void
drops_tell(struct sock *k, uint32_t drops)
{
	uint32_t n = drops - k->drops;

	if (n == 0 || n > UINT32_MAX / 2) /* an older reading */
		return;
	k->drops = drops;
	k->s->counts.lost += n;
	if (k->s->ops->lost != NULL)
		k->s->ops->lost(k->s->arg, k->tag, n);
}

/* The counter that the kernel put beside a datagram, if it did. */
static void
drops_beside(struct sock *k, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	     c = CMSG_NXTHDR(m, c)) {
		uint32_t drops;

		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SO_RXQ_OVFL ||
		    c->cmsg_len < CMSG_LEN(sizeof drops))
			continue;
		memcpy(&drops, CMSG_DATA(c), sizeof drops);
		drops_tell(k, drops);
	}
}

/* A burst's end has no datagram after it that would bring the counter. */
void
udp_drops_ask(struct stream *s)
{
	for (size_t i = 0; i < s->n_socks; i++) {
		struct sock *k = s->socks[i];
		uint32_t info[SK_MEMINFO_VARS] = { 0 };
		socklen_t len = sizeof info;

		if (k->kind != LISTEN_UDP ||
		    getsockopt(k->fd, SOL_SOCKET, SO_MEMINFO, info, &len) ==
			-1 ||
		    len < (SK_MEMINFO_DROPS + 1) * sizeof info[0])
			continue;
		drops_tell(k, info[SK_MEMINFO_DROPS]);
	}
}

/* The kernel changes these lengths with each datagram. */
static void
batch_ready(struct batch *b)
{
	for (size_t i = 0; i < STREAM_BATCH; i++) {
		b->head[i].msg_hdr.msg_namelen = sizeof b->from[i];
		b->head[i].msg_hdr.msg_controllen = sizeof b->control[i];
	}
}

/* The sender's address as text; most come many times in a row. */
static struct span
sender_text(
    struct stream *s, const struct sockaddr_storage *from, socklen_t len)
{
	if (len > sizeof *from)
		len = sizeof *from;
	if (s->last_text[0] == '\0' || memcmp(&s->last_from, from, len) != 0) {
		s->last_from = (struct sockaddr_storage){ 0 };
		memcpy(&s->last_from, from, len);
		listen_address(&s->last_from, s->last_text);
	}
	return span_text(s->last_text);
}

/* Receives one batch; the number of datagrams, or -1. */
static int
udp_batch(struct sock *k)
{
	struct stream *s = k->s;
	struct batch *b = s->batch;
	int n;

	batch_ready(b);
	n = recvmmsg(k->fd, b->head, STREAM_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct msghdr *m = &b->head[i].msg_hdr;
		struct span bytes = span_of(b->bytes[i], b->head[i].msg_len);

		s->counts.datagrams++;
		s->counts.bytes += bytes.len;
		s->ops->datagram(s->arg, k->tag,
		    sender_text(s, &b->from[i], m->msg_namelen), bytes);
		drops_beside(k, m);
	}
	s->got = s->got || n > 0;
	return n;
}

void
udp_ready(void *arg, unsigned ready)
{
	struct sock *k = arg;

	(void)ready; /* recvmmsg takes a pending error away by itself */
	for (unsigned i = 0; i < UDP_BATCHES && !k->s->paused; i++)
		if (udp_batch(k) < STREAM_BATCH)
			return;
}
