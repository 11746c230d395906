/*
 * fuzz frame_wire: bytes from a peer, as the connection reads them.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct wire_frame f;
	struct fault why;
	struct wire *w;
	bool got = true;
	int pair[2];

	if (len > 60000 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return 0;
	if ((w = wire_new(pair[1])) == NULL)
		abort();
	if (len > 0 && write(pair[0], data, len) != (ssize_t)len)
		abort();
	while (got && wire_get(w, true, &f, &got, &why) == ERR_OK && got) {
		struct span line, body;
		enum err code;

		if (f.body.len > WIRE_WHOLE)
			abort();
		(void)wire_parse_answer(f.body, &code, &line, &body);
	}
	(void)close(pair[0]);
	wire_free(w);
	return 0;
}
