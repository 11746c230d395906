/*
 * proc/intake_own.h: the intake process between intake.c (life, plain and TLS
 * syslog, what is told), intake_relp.c (RELP) and intake_tls.c (whom TLS
 * listeners accept). Nobody else includes it.
 */
#ifndef PROC_INTAKE_OWN_H
#define PROC_INTAKE_OWN_H

#include "intake/heard.h"
#include "intake/intake.h"
#include "net/stream.h"
#include "proc/child.h"
#include "proc/outlet.h"
#include "proc/repeats.h"

/* Which listener. */
enum tag { TAG_UDP, TAG_TCP, TAG_TLS, TAG_RELP, TAG_RELP_TLS };

struct relp_conn;
struct relp_pass;

struct intake_state {
	struct child *child;
	struct normalizer *rules;
	struct counts *counts;
	struct heard *heard;
	struct intake *intake;
	struct stream *stream;
	struct outlet *out;
	struct buf spill; /* records the outlet had no room for, encoded */
	struct loop_timer tell;
	uint64_t told; /* all counts together, when last told */
	int64_t log_us; /* when a stranger was last logged */
	uint64_t lost; /* datagrams, since loss was last logged */
	int64_t lost_log_us;
	/* TLS */
	struct buf cert, ca;
	struct tls_server *tls;
	/* RELP */
	struct repeats *repeats;
	struct relp_conn *dirty; /* have records that no pass waits for */
	struct relp_pass *passes; /* wait for their records, the oldest first */
};

/* intake_now: the wall clock. */
int64_t intake_now(void);
/* intake_put: one record on its way; never refused. */
void intake_put(struct intake_state *s, const struct event *ev);

/* What proc/intake.c's stream_ops do for the RELP listeners. */
void *relp_conn_open(struct intake_state *s, struct stream_link *link,
    const struct stream_from *from);
enum stream_next relp_conn_data(
    struct intake_state *s, struct relp_conn *c, struct span bytes);
void relp_conn_close(
    struct intake_state *s, struct relp_conn *c, enum stream_end why);
/* relp_pass_end: have keeper's word awaited for what this pass brought. */
void relp_pass_end(struct intake_state *s);
/* relp_stop: after the outlet is gone: free what still waits for it. */
void relp_stop(struct intake_state *s);

/* intake_tls_load: read the authorities' file. intake_tls_start: certificate
 * from the signer, and the rules of who may come in. */
MUST_CHECK enum err intake_tls_load(struct intake_state *s, struct fault *why);
MUST_CHECK enum err intake_tls_start(struct intake_state *s, struct fault *why);

#endif
