/*
 * proc/control.c: packets, with descriptors, between supervisor and child.
 */
#include "proc/control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

#define HEAD_LEN 8 /* kind, role, instance, side, uid */

/* Sends the packet, waiting at most a second for room in the queue. */
static enum err
packet_send(int sock, const struct msghdr *h, struct fault *why)
{
	struct pollfd p = { .fd = sock, .events = POLLOUT };

	for (;;) {
		if (sendmsg(sock, h, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return ERR_OK;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return fault_sys(why, ERR_GONE, "control line");
		if (poll(&p, 1, 1000) == 0)
			return fault_set(why, ERR_TIMEOUT,
			    "control line: the other end does not read");
	}
}

enum err
control_send(int sock, const struct control *m, struct fault *why)
{
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} extra = { 0 };
	struct iovec io;
	struct msghdr h = { .msg_iov = &io, .msg_iovlen = 1 };
	struct buf b;
	enum err e;

	buf_init(&b, CONTROL_MAX);
	buf_u8(&b, (uint8_t)m->kind);
	buf_u8(&b, (uint8_t)m->role);
	buf_u8(&b, (uint8_t)m->instance);
	buf_u8(&b, (uint8_t)m->side);
	buf_u32(&b, m->uid);
	buf_span(&b, m->text);
	if ((e = buf_error(&b)) != ERR_OK) {
		(void)fault_set(why, e, "control message too long");
		goto out;
	}
	io = (struct iovec){ b.at, b.len };
	if (m->fd != -1) {
		struct cmsghdr *c;

		h.msg_control = extra.room;
		h.msg_controllen = sizeof extra.room;
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &m->fd, sizeof(int));
	}
	e = packet_send(sock, &h, why);
out:
	buf_clear(&b);
	return e;
}

/* Takes the one descriptor a packet may bring; others are closed. */
static int
descriptor_take(struct msghdr *h)
{
	int got = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	     c = CMSG_NXTHDR(h, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (got == -1)
				got = fd;
			else
				(void)close(fd);
		}
	}
	return got;
}

/* Reads the fields of a packet of n bytes. */
static enum err
packet_read(const uint8_t *room, size_t n, struct control *m, struct fault *why)
{
	struct cursor c = cursor_of(span_of(room, n));
	uint8_t kind = cursor_u8(&c);
	uint8_t role = cursor_u8(&c);

	m->instance = cursor_u8(&c);
	m->side = cursor_u8(&c) == SIDE_ASKER ? SIDE_ASKER : SIDE_ANSWERER;
	m->uid = cursor_u32(&c);
	m->text = cursor_rest(&c);
	if (c.bad || role >= ROLE_N || memchr("SFPGQHR", kind, 7) == NULL)
		return fault_set(why, ERR_SYNTAX, "not a control message");
	m->kind = (enum control_kind)kind;
	m->role = (enum role)role;
	return ERR_OK;
}

enum err
control_receive(int sock, bool wait, uint8_t room[static CONTROL_MAX],
    struct control *m, bool *got, struct fault *why)
{
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(4 * sizeof(int))];
	} extra = { 0 };
	struct iovec io = { room, CONTROL_MAX };
	struct msghdr h = { .msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = extra.room,
		.msg_controllen = sizeof extra.room };
	ssize_t n;
	enum err e;

	*got = false;
	do {
		n = recvmsg(
		    sock, &h, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	} while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return ERR_OK;
	if (n == -1)
		return fault_sys(why, ERR_GONE, "control line");
	if (n == 0)
		return fault_set(why, ERR_GONE, "control line closed");
	m->fd = descriptor_take(&h);
	if ((h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		e = fault_set(why, ERR_SYNTAX, "control message cut");
	else
		e = packet_read(room, (size_t)n, m, why);
	if (e != ERR_OK && m->fd != -1) {
		(void)close(m->fd);
		m->fd = -1;
	}
	*got = e == ERR_OK;
	return e;
}
