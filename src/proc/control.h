/*
 * proc/control.h: the line between the supervisor and each process.
 *
 * A SOCK_SEQPACKET pair; descriptor CONTROL_FD in the child. One message is
 * one packet: a kind byte, then fields, and at most one descriptor. Only the
 * supervisor passes descriptors on; a child that sends one has it closed.
 */
#ifndef PROC_CONTROL_H
#define PROC_CONTROL_H

#include "base/fault.h"
#include "base/span.h"
#include "call/call.h"

#define CONTROL_FD 3
#define CONTROL_MAX ((size_t)65536)

enum control_kind {
	CONTROL_SETUP = 'S', /* text: the process's settings as JSON */
	CONTROL_FILE = 'F', /* text: a name; fd: an open file, folder, socket */
	CONTROL_PEER = 'P', /* role, instance, side, uid; fd: the pair's end */
	CONTROL_GO = 'G', /* all was given: start, close the fence, serve */
	CONTROL_QUIT = 'Q', /* end in good order */
	CONTROL_STATUS = 'H', /* text: the processes' state as JSON */
	CONTROL_READY = 'R', /* child: serving; text: its fence as JSON */
};

enum control_side {
	SIDE_ASKER, /* the receiver asks over it */
	SIDE_ANSWERER, /* the receiver answers over it */
};

struct control {
	enum control_kind kind;
	enum role role;
	unsigned instance;
	enum control_side side;
	uint32_t uid; /* of a command line's user */
	struct span text;
	int fd; /* -1: none */
};

/*
 * control_send: one message; `fd` in it is passed, and stays the sender's.
 * Fails  ERR_GONE the other end is closed; ERR_LIMIT; ERR_TIMEOUT its queue
 *        stayed full for a second.
 */
MUST_CHECK enum err control_send(
    int sock, const struct control *m, struct fault *why);

/*
 * control_receive: one message into room[0..CONTROL_MAX); text points there.
 * m->fd is the receiver's to close. *got false: nothing there now (only when
 * wait is false).
 * Fails  ERR_GONE the other end is closed; ERR_SYNTAX not of this grammar.
 */
MUST_CHECK enum err control_receive(int sock, bool wait,
    uint8_t room[static CONTROL_MAX], struct control *m, bool *got,
    struct fault *why);

#endif
