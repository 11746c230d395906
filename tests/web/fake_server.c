/*
 * tests/web/fake_server.c: the web face over the fake backend, with its own
 * certificate, for journeys and for looking at pages.
 *
 *     fake_server DATA.json [PORT]     prints `web: https://localhost:PORT`
 *
 * Listens on loopback alone; ends at SIGTERM, SIGINT or end of input.
 */
#include "crypt/crypt.h"
#include "fake.h"
#include "net/tlskey.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A listening socket on 127.0.0.1; the port chosen in *port. */
static int
listen_loopback(uint16_t *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd == -1 || bind(fd, (struct sockaddr *)&a, sizeof a) == -1 ||
	    listen(fd, 128) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) == -1) {
		perror("listen");
		exit(3);
	}
	*port = ntohs(a.sin_port);
	return fd;
}

/* http_sign_fn over a key in this process. */
static enum err
sign(void *arg, struct span hash, uint8_t *sig, size_t *len, struct fault *why)
{
	return tlskey_sign(arg, hash, sig, len, why);
}

int
main(int argc, char **argv)
{
	static const char *const names[] = { "localhost", "127.0.0.1", NULL };
	uint16_t port = argc > 2 ? (uint16_t)strtoul(argv[2], NULL, 10) : 0;
	struct fault why = { 0 };
	struct web_backend b;
	struct tlskey *key;
	struct http *h;
	struct fake f;
	struct web *w;
	struct buf pem;
	char byte;
	int fd;

	if (argc < 2)
		return 2;
	fake_load(&f, argv[1]);
	b = fake_backend(&f);
	buf_init(&pem, 1 << 16);
	fd = listen_loopback(&port);
	if (crypt_start(&why) != ERR_OK ||
	    tlskey_make(names, f.now_us, &key, &why) != ERR_OK ||
	    tlskey_cert(key, &pem, &why) != ERR_OK ||
	    web_new(&b, &w, &why) != ERR_OK ||
	    web_serve(w, fd, buf_view(&pem), sign, key, &h, &why) != ERR_OK) {
		(void)fprintf(stderr, "%s\n", why.text);
		return 3;
	}
	(void)printf("web: https://localhost:%u\n", port);
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	http_close(h);
	web_free(w);
	tlskey_free(key);
	buf_clear(&pem);
	fake_clear(&f);
	return 0;
}
