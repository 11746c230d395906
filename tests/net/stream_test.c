/*
 * tests/net/stream_test.c: real sockets on the loopback address, a clock that
 * the test moves.
 */
#include "net/stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t now_us;

static int64_t
test_clock(void *arg)
{
	(void)arg;
	return now_us;
}

/* What the owner of the stream saw. */
struct seen {
	struct loop *l;
	struct stream *s;
	struct stream_link *link; /* the last one */
	uint64_t bytes, datagrams, lost, opened;
	unsigned ended[STREAM_CLOSED + 1], passes, tag;
	char sender[LISTEN_ADDRESS_MAX];
	bool no_more; /* refuse new connections */
	enum stream_next answer; /* what data says */
	bool pause; /* pause at the first bytes */
};

static void
sender_note(struct seen *n, unsigned tag, struct span sender)
{
	n->tag = tag;
	assert_true(sender.len < sizeof n->sender);
	memcpy(n->sender, sender.at, sender.len);
	n->sender[sender.len] = '\0';
}

static void *
on_open(void *arg, struct stream_link *link, const struct stream_from *from)
{
	struct seen *n = arg;

	n->link = link;
	sender_note(n, from->tag, from->sender);
	n->opened++;
	return n->no_more ? NULL : n;
}

static enum stream_next
on_data(void *arg, void *conn, struct span bytes)
{
	struct seen *n = arg;

	assert_ptr_equal(arg, conn);
	n->bytes += bytes.len;
	if (n->pause)
		stream_pause_all(n->s);
	return n->answer;
}

static void
on_close(void *arg, void *conn, enum stream_end why)
{
	struct seen *n = arg;

	assert_ptr_equal(arg, conn);
	n->ended[why]++;
}

static void
on_datagram(void *arg, unsigned tag, struct span sender, struct span bytes)
{
	struct seen *n = arg;

	sender_note(n, tag, sender);
	n->datagrams++;
	n->bytes += bytes.len;
}

static void
on_pass(void *arg)
{
	((struct seen *)arg)->passes++;
}

static void
on_lost(void *arg, unsigned tag, uint64_t lost)
{
	struct seen *n = arg;

	n->tag = tag;
	n->lost += lost;
}

static const struct stream_ops ops = { on_open, on_data, on_close, on_datagram,
	on_pass, NULL, on_lost };

static void
begin(struct seen *n, unsigned conns, int64_t idle_us, int64_t slow_us)
{
	struct stream_limits limits = { conns, idle_us, slow_us };
	struct fault why;

	*n = (struct seen){ .answer = STREAM_QUIET };
	now_us = 1;
	assert_int_equal(loop_new(test_clock, NULL, &n->l, &why), ERR_OK);
	assert_int_equal(
	    stream_new(n->l, &ops, n, &limits, &n->s, &why), ERR_OK);
}

static void
end(struct seen *n)
{
	stream_free(n->s);
	assert_int_equal(loop_count(n->l), 0);
	loop_free(n->l);
}

/* Opens a listener on a free port, gives it over; the port. */
static uint16_t
listen_free(struct seen *n, enum listen_kind kind, const char *at)
{
	char name[LISTEN_NAME_MAX];
	struct fault why;
	uint16_t port;
	int fd;

	assert_int_equal(listen_open(kind, at, &fd, &why), ERR_OK);
	assert_int_equal(listen_name(fd, name, &port, &why), ERR_OK);
	assert_int_not_equal(port, 0);
	assert_int_equal(stream_listen(n->s, fd, 7, 0, &why), ERR_OK);
	return port;
}

/* A client's socket connected to 127.0.0.1:port. */
static int
client(int type, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type, 0);

	assert_int_not_equal(fd, -1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

static void
send_all(int fd, const void *p, size_t len)
{
	assert_int_equal(send(fd, p, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Turns until *what reaches n; bounded. */
static void
turn_until(struct seen *n, const uint64_t *what, uint64_t want)
{
	for (unsigned i = 0; i < 2000 && *what < want; i++)
		assert_int_equal(loop_turn(n->l, 5, NULL), ERR_OK);
	assert_int_equal(*what, want);
}

static void
turn(struct seen *n, unsigned times)
{
	while (times-- > 0)
		assert_int_equal(loop_turn(n->l, 1, NULL), ERR_OK);
}

static void
bytes_of_a_connection_arrive_with_its_address(void **state)
{
	struct stream_counts c;
	struct seen n;
	uint16_t port;
	int fd;

	(void)state;
	begin(&n, 10, 0, 0);
	port = listen_free(&n, LISTEN_TCP, "127.0.0.1:0");
	fd = client(SOCK_STREAM, port);
	send_all(fd, "hello", 5);
	turn_until(&n, &n.bytes, 5);
	assert_string_equal(n.sender, "127.0.0.1");
	assert_int_equal(n.tag, 7);
	assert_true(n.passes > 0);
	(void)close(fd);
	turn(&n, 3);
	assert_int_equal(n.ended[STREAM_BY_PEER], 1);
	stream_counts_get(n.s, &c);
	assert_int_equal(c.accepted, 1);
	assert_int_equal(c.conns, 0);
	assert_int_equal(c.bytes, 5);
	end(&n);
}

static void
an_ipv4_peer_of_a_dual_socket_has_an_ipv4_address(void **state)
{
	struct seen n;
	uint16_t port;
	int fd;

	(void)state;
	begin(&n, 10, 0, 0);
	port = listen_free(&n, LISTEN_UDP, "*:0");
	fd = client(SOCK_DGRAM, port);
	send_all(fd, "<13>x", 5);
	turn_until(&n, &n.datagrams, 1);
	assert_string_equal(n.sender, "127.0.0.1");
	(void)close(fd);
	end(&n);
}

static void
above_the_limit_a_connection_is_closed_and_counted(void **state)
{
	struct stream_counts c;
	uint64_t *accepted;
	struct seen n;
	uint16_t port;
	int fd[5];
	char byte;

	(void)state;
	begin(&n, 3, 0, 0);
	port = listen_free(&n, LISTEN_TCP, "127.0.0.1:0");
	for (size_t i = 0; i < 5; i++)
		fd[i] = client(SOCK_STREAM, port);
	accepted = &n.opened;
	turn_until(&n, accepted, 3);
	turn(&n, 3);
	stream_counts_get(n.s, &c);
	assert_int_equal(c.accepted, 3);
	assert_int_equal(c.refused, 2);
	assert_int_equal(recv(fd[4], &byte, 1, 0), 0);
	for (size_t i = 0; i < 5; i++)
		(void)close(fd[i]);
	end(&n);
}

static void
an_owner_may_refuse_a_connection_or_its_bytes(void **state)
{
	struct stream_counts c;
	struct seen n;
	uint16_t port;
	int a, b;

	(void)state;
	begin(&n, 10, 0, 0);
	port = listen_free(&n, LISTEN_TCP, "127.0.0.1:0");
	n.no_more = true;
	a = client(SOCK_STREAM, port);
	turn_until(&n, &n.opened, 1);
	n.no_more = false;
	n.answer = STREAM_REFUSE;
	b = client(SOCK_STREAM, port);
	send_all(b, "x", 1);
	turn_until(&n, &n.bytes, 1);
	assert_int_equal(n.ended[STREAM_REFUSED], 1);
	stream_counts_get(n.s, &c);
	assert_int_equal(c.refused, 1);
	assert_int_equal(c.conns, 0);
	(void)close(a);
	(void)close(b);
	end(&n);
}

static void
what_is_sent_arrives_and_then_the_connection_ends(void **state)
{
	struct seen n;
	uint16_t port;
	char back[8] = { 0 };
	int fd;

	(void)state;
	begin(&n, 10, 0, 0);
	port = listen_free(&n, LISTEN_TCP, "127.0.0.1:0");
	fd = client(SOCK_STREAM, port);
	turn_until(&n, &n.opened, 1);
	stream_send(n.link, SPAN_LIT("hello"));
	stream_end(n.link);
	stream_send(n.link, SPAN_LIT("too late"));
	turn(&n, 3);
	assert_int_equal(n.ended[STREAM_FINISHED], 1);
	assert_int_equal(recv(fd, back, sizeof back, MSG_WAITALL), 5);
	assert_string_equal(back, "hello");
	(void)close(fd);
	end(&n);
}

static void
who_does_not_read_answers_is_let_go(void **state)
{
	static char much[64 << 10];
	struct seen n;
	uint16_t port;
	int fd;

	(void)state;
	begin(&n, 10, 0, 0);
	port = listen_free(&n, LISTEN_TCP, "127.0.0.1:0");
	fd = client(SOCK_STREAM, port);
	turn_until(&n, &n.opened, 1);
	for (unsigned i = 0; i < 400; i++) /* 25 MB: no socket holds that */
		stream_send(n.link, span_of(much, sizeof much));
	for (unsigned i = 0; i < 20 && n.ended[STREAM_DEAF] == 0; i++) {
		now_us += 500000;
		turn(&n, 1);
	}
	assert_int_equal(n.ended[STREAM_DEAF], 1);
	(void)close(fd);
	end(&n);
}

/* Bytes by sender, 127.0.0.1 and 127.0.0.2. */
static uint64_t by_sender[3];

static void *
sender_open(void *arg, struct stream_link *link, const struct stream_from *from)
{
	(void)arg;
	(void)link;
	return &by_sender[span_is(from->sender, "127.0.0.2") ? 2 : 1];
}

static enum stream_next
sender_data(void *arg, void *conn, struct span bytes)
{
	(void)arg;
	*(uint64_t *)conn += bytes.len;
	return STREAM_QUIET;
}

/* RELIABILITY F8: forty connections of one address are one sender. */
static void
one_that_floods_over_many_connections_takes_one_share(void **state)
{
	static const struct stream_ops own = { .open = sender_open,
		.data = sender_data };
	static char much[1 << 20];
	const struct stream_limits limits = { .conns = 100 };
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct loop *l;
	struct stream *s;
	struct stream_counts c;
	char name[LISTEN_NAME_MAX];
	uint16_t port;
	int fd[41], listener;

	(void)state;
	now_us = 1;
	assert_int_equal(loop_new(test_clock, NULL, &l, NULL), ERR_OK);
	assert_int_equal(stream_new(l, &own, NULL, &limits, &s, NULL), ERR_OK);
	assert_int_equal(
	    listen_open(LISTEN_TCP, "127.0.0.1:0", &listener, NULL), ERR_OK);
	assert_int_equal(listen_name(listener, name, &port, NULL), ERR_OK);
	assert_int_equal(stream_listen(s, listener, 0, 0, NULL), ERR_OK);
	to.sin_port = htons(port);
	for (size_t i = 0; i < 41; i++) {
		from.sin_addr.s_addr = htonl(
		    i == 40 ? INADDR_LOOPBACK + 1 : INADDR_LOOPBACK);
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_int_equal(
		    bind(fd[i], (struct sockaddr *)&from, sizeof from), 0);
		(void)connect(fd[i], (struct sockaddr *)&to, sizeof to);
	}
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(loop_turn(l, 5, NULL), ERR_OK);
		stream_counts_get(s, &c);
		if (c.conns == 41)
			break;
	}
	assert_int_equal(c.conns, 41);
	by_sender[1] = by_sender[2] = 0;
	for (unsigned pass = 0; pass < 20; pass++) {
		for (size_t i = 0; i < 41; i++)
			(void)send(fd[i], much, sizeof much, MSG_NOSIGNAL);
		assert_int_equal(loop_turn(l, 5, NULL), ERR_OK);
	}
	assert_true(by_sender[1] > 0);
	/* Not half, since no share is below STREAM_SHARE, but no fortieth. */
	assert_true(by_sender[2] * 3 > by_sender[1]);
	for (size_t i = 0; i < 41; i++)
		(void)close(fd[i]);
	stream_free(s);
	loop_free(l);
}

static void
an_idle_connection_and_a_slow_record_end(void **state)
{
	struct seen n;
	uint16_t port;
	int idle, slow;

	(void)state;
	begin(&n, 10, 60000000, 10000000);
	port = listen_free(&n, LISTEN_TCP, "127.0.0.1:0");
	idle = client(SOCK_STREAM, port);
	slow = client(SOCK_STREAM, port);
	turn_until(&n, &n.opened, 2);
	n.answer = STREAM_PARTIAL;
	send_all(slow, "<", 1);
	turn_until(&n, &n.bytes, 1);
	now_us += 9000000;
	turn(&n, 2);
	send_all(slow, "1", 1); /* a byte now and then does not help */
	turn_until(&n, &n.bytes, 2);
	now_us += 2000000;
	turn(&n, 2);
	assert_int_equal(n.ended[STREAM_SLOW], 1);
	assert_int_equal(n.ended[STREAM_IDLE], 0);
	now_us += 60000000;
	turn(&n, 2);
	assert_int_equal(n.ended[STREAM_IDLE], 1);
	(void)close(idle);
	(void)close(slow);
	end(&n);
}

static void
a_paused_stream_reads_nothing_and_blames_nobody(void **state)
{
	struct seen n;
	uint16_t port;
	int fd;

	(void)state;
	begin(&n, 10, 60000000, 0);
	port = listen_free(&n, LISTEN_TCP, "127.0.0.1:0");
	fd = client(SOCK_STREAM, port);
	n.pause = true;
	send_all(fd, "one", 3);
	turn_until(&n, &n.bytes, 3);
	assert_true(stream_is_paused(n.s));
	send_all(fd, "two", 3);
	turn(&n, 5);
	assert_int_equal(n.bytes, 3);
	now_us += 3600000000; /* an hour of back-pressure is not idleness */
	turn(&n, 2);
	n.pause = false;
	stream_resume_all(n.s);
	turn_until(&n, &n.bytes, 6);
	assert_int_equal(n.ended[STREAM_IDLE], 0);
	(void)close(fd);
	end(&n);
}

#define FLOOD 5000

static void
every_datagram_is_received_or_counted_as_lost(void **state)
{
	static const char line[1000];
	struct stream_counts c;
	struct fault why;
	struct seen n;
	uint16_t port;
	int fd, own, small = 1;

	(void)state;
	begin(&n, 10, 0, 0);
	assert_int_equal(
	    listen_open(LISTEN_UDP, "127.0.0.1:0", &own, &why), ERR_OK);
	assert_int_equal(
	    setsockopt(own, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	char name[LISTEN_NAME_MAX];
	assert_int_equal(listen_name(own, name, &port, &why), ERR_OK);
	assert_int_equal(stream_listen(n.s, own, 9, 0, &why), ERR_OK);
	fd = client(SOCK_DGRAM, port);
	for (unsigned i = 0; i < FLOOD; i++)
		(void)send(fd, line, sizeof line, 0);
	turn(&n, 10);
	stream_counts_get(n.s, &c);
	assert_true(c.lost > 0);
	assert_int_equal(c.lost, n.lost);
	assert_int_equal(c.datagrams + c.lost, FLOOD);
	assert_int_equal(n.tag, 9);
	(void)close(fd);
	end(&n);
}

/* Two hundred senders at once: each gets its turn, all bytes come. */
static void
many_connections_share_one_buffer(void **state)
{
	static char chunk[8192];
	struct seen n;
	uint16_t port;
	int fd[200];

	(void)state;
	begin(&n, 1000, 0, 0);
	port = listen_free(&n, LISTEN_TCP, "[::]:0");
	for (size_t i = 0; i < 200; i++) {
		fd[i] = client(SOCK_STREAM, port);
		send_all(fd[i], chunk, sizeof chunk);
	}
	turn_until(&n, &n.bytes, sizeof chunk * 200);
	for (size_t i = 0; i < 200; i++)
		(void)close(fd[i]);
	end(&n);
}

static void
a_file_is_no_listening_socket(void **state)
{
	struct fault why;
	struct seen n;
	int fd[2];

	(void)state;
	begin(&n, 1, 0, 0);
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(stream_listen(n.s, fd[0], 0, 0, &why), ERR_STATE);
	assert_int_equal(stream_adopt(n.s, fd[1], 0, &why), ERR_STATE);
	end(&n);
}

static void
a_connection_accepted_elsewhere_can_be_adopted(void **state)
{
	struct fault why;
	uint16_t port;
	struct seen n;
	char name[LISTEN_NAME_MAX];
	int udp, tcp, fd, got;

	(void)state;
	begin(&n, 1, 0, 0);
	assert_int_equal(
	    listen_open_both("127.0.0.1:0", &udp, &tcp, &why), ERR_OK);
	assert_int_equal(listen_name(tcp, name, &port, &why), ERR_OK);
	assert_int_equal(listen_name(udp, name, &port, &why), ERR_OK);
	fd = client(SOCK_STREAM, port);
	while ((got = accept(tcp, NULL, NULL)) == -1)
		(void)usleep(1000);
	assert_int_equal(stream_adopt(n.s, got, 3, &why), ERR_OK);
	send_all(fd, "abc", 3);
	turn_until(&n, &n.bytes, 3);
	assert_int_equal(n.tag, 3);
	(void)close(udp);
	(void)close(tcp);
	(void)close(fd);
	end(&n);
}

static void
an_address_that_is_none_is_named(void **state)
{
	static const char *const bad[] = { "", "514", "1.2.3.4",
		"1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "::1:514",
		"[::1]514", "x:514", "256.1.1.1:5", "[]:5", "[:5",
		"1.2.3.4:5x" };
	struct fault why;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(
		    listen_open(LISTEN_TCP, bad[i], &fd, &why), ERR_SYNTAX);
	assert_int_equal(
	    listen_open(LISTEN_TCP, "192.0.2.1:1", &fd, &why), ERR_IO);
	assert_non_null(strstr(why.text, "tcp 192.0.2.1:1: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_of_a_connection_arrive_with_its_address),
		cmocka_unit_test(
		    an_ipv4_peer_of_a_dual_socket_has_an_ipv4_address),
		cmocka_unit_test(
		    above_the_limit_a_connection_is_closed_and_counted),
		cmocka_unit_test(an_owner_may_refuse_a_connection_or_its_bytes),
		cmocka_unit_test(
		    what_is_sent_arrives_and_then_the_connection_ends),
		cmocka_unit_test(who_does_not_read_answers_is_let_go),
		cmocka_unit_test(
		    one_that_floods_over_many_connections_takes_one_share),
		cmocka_unit_test(an_idle_connection_and_a_slow_record_end),
		cmocka_unit_test(
		    a_paused_stream_reads_nothing_and_blames_nobody),
		cmocka_unit_test(every_datagram_is_received_or_counted_as_lost),
		cmocka_unit_test(many_connections_share_one_buffer),
		cmocka_unit_test(a_file_is_no_listening_socket),
		cmocka_unit_test(
		    a_connection_accepted_elsewhere_can_be_adopted),
		cmocka_unit_test(an_address_that_is_none_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
