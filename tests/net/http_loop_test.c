/*
 * tests/net/http_loop_test.c: an HTTP server in its owner's loop, where a
 * request may wait without holding anybody else up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http.h"

static struct loop *loop;
static struct http *server;
static uint16_t port;
static struct http_hold *held; /* the request that waits */
static unsigned overs, pieces;
static size_t streamed;
static bool pause_next;

/* /wait waits; anything else is answered at once with its body's length. */
static void
answer(void *arg, const struct http_request *q, struct http_reply *r)
{
	(void)arg;
	r->type = "text/plain";
	if (strcmp(q->path, "/wait") == 0) {
		*q->own = &overs;
		held = q->hold;
		http_wait(q->hold);
		return;
	}
	buf_printf(&r->body, "%zu bytes", q->body.len + streamed);
}

static size_t
body_max(void *arg, const struct http_request *q)
{
	(void)arg;
	return strcmp(q->path, "/stream") == 0 ? HTTP_STREAM : 100000;
}

static enum http_next
piece(void *arg, const struct http_request *q, struct span bytes)
{
	(void)arg;
	pieces++;
	streamed += bytes.len;
	if (!pause_next)
		return HTTP_ON;
	pause_next = false;
	held = q->hold;
	return HTTP_WAIT;
}

static void
over(void *arg, void *own)
{
	(void)arg;
	assert_ptr_equal(own, &overs);
	overs++;
	held = NULL;
}

static int
start(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	struct http_options o = { .answer = answer,
		.body_max = body_max,
		.piece = piece,
		.over = over,
		.bodies_most = 150000 };
	struct fault why;

	(void)state;
	held = NULL;
	overs = pieces = 0;
	streamed = 0;
	pause_next = false;
	assert_int_equal(loop_new(loop_clock, NULL, &loop, &why), ERR_OK);
	o.loop = loop;
	o.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(o.listen_fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(o.listen_fd, 64), 0);
	assert_int_equal(
	    getsockname(o.listen_fd, (struct sockaddr *)&a, &len), 0);
	port = ntohs(a.sin_port);
	if (http_open(&o, &server, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	http_close(server);
	server = NULL;
	loop_free(loop);
	return 0;
}

static int
dial(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_not_equal(fcntl(fd, F_SETFL, O_NONBLOCK), -1);
	return fd;
}

static void
turns(unsigned n)
{
	struct fault why;

	while (n-- > 0)
		assert_int_equal(loop_turn(loop, 5, &why), ERR_OK);
}

/* Sends all of it, the server reading meanwhile. */
static void
tell(int fd, const char *head, size_t body)
{
	static char zeroes[16384];
	size_t done = 0;

	memset(zeroes, '0', sizeof zeroes);
	assert_int_equal(
	    send(fd, head, strlen(head), MSG_NOSIGNAL), strlen(head));
	for (unsigned i = 0; done < body && i < 2000; i++) {
		size_t n = body - done < sizeof zeroes ? body - done
						       : sizeof zeroes;
		ssize_t k = send(fd, zeroes, n, MSG_NOSIGNAL);

		done += k > 0 ? (size_t)k : 0;
		turns(1);
	}
	turns(10);
}

/* What the server sent; "" when nothing came. Static memory. */
static const char *
heard(int fd)
{
	static char got[4096];
	ssize_t n;

	turns(10);
	n = recv(fd, got, sizeof got - 1, 0);
	got[n > 0 ? n : 0] = '\0';
	return got;
}

static void
a_request_waits_while_others_are_answered(void **state)
{
	int one = dial(), two = dial();
	struct http_reply r;

	(void)state;
	tell(one, "POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
	    5);
	assert_non_null(held);
	assert_string_equal(heard(one), "");
	tell(two, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	assert_non_null(strstr(heard(two), "0 bytes"));
	http_reply_init(&r, 100);
	r.status = 202;
	r.type = "text/plain";
	buf_text(&r.body, "at last");
	http_reply(held, &r);
	assert_non_null(strstr(heard(one), "202 Accepted"));
	assert_int_equal(overs, 1);
	http_reply_clear(&r);
	/* The connection is good for more. */
	tell(one, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	assert_non_null(strstr(heard(one), "200 OK"));
	(void)close(one);
	(void)close(two);
}

static void
a_waiting_request_whose_sender_left_ends_when_it_is_answered(void **state)
{
	int one = dial();
	struct http_reply r;

	(void)state;
	tell(one, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	assert_non_null(held);
	(void)close(one);
	turns(10);
	http_reply_init(&r, 100);
	if (held != NULL)
		http_reply(held, &r);
	turns(20);
	assert_int_equal(overs, 1);
	http_reply_clear(&r);
}

static void
a_stream_is_read_no_further_while_it_waits(void **state)
{
	int one = dial();
	unsigned before;

	(void)state;
	pause_next = true;
	tell(one,
	    "POST /stream HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 3000000\r\n\r\n",
	    200000);
	before = pieces;
	assert_int_equal(before, 1);
	turns(50);
	assert_int_equal(pieces, before);
	http_go(held);
	for (unsigned i = 0; i < 400 && streamed < 3000000; i++)
		tell(one, "", 3000000 - streamed < 60000 ? 1000 : 60000);
	assert_int_equal(streamed >= 200000, 1);
	assert_true(pieces > before);
	(void)close(one);
}

static void
bodies_beyond_the_room_for_all_are_told_to_come_again(void **state)
{
	static const char head[] = "POST /b HTTP/1.1\r\nHost: x\r\n"
				   "Content-Length: 90000\r\n\r\n";
	int one = dial(), two = dial();

	(void)state;
	tell(one, head, 89999);
	tell(two, head, 90000);
	assert_non_null(strstr(heard(two), "429 "));
	assert_int_equal(send(one, "0", 1, MSG_NOSIGNAL), 1);
	assert_non_null(strstr(heard(one), "90000 bytes"));
	tell(two, head, 90000);
	assert_non_null(strstr(heard(two), "90000 bytes"));
	(void)close(one);
	(void)close(two);
}

static void
closing_sends_those_who_wait_away(void **state)
{
	int one = dial();

	tell(one, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	assert_non_null(held);
	(void)stop(state);
	assert_int_equal(overs, 1);
	(void)close(one);
	(void)start(state);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_waits_while_others_are_answered),
		TEST(
		    a_waiting_request_whose_sender_left_ends_when_it_is_answered),
		TEST(a_stream_is_read_no_further_while_it_waits),
		TEST(bodies_beyond_the_room_for_all_are_told_to_come_again),
		TEST(closing_sends_those_who_wait_away),
	};

	return cmocka_run_group_tests_name("http in a loop", tests, NULL, NULL);
}
