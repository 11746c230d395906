/*
 * proc/ingest_own.h: the ingest process between its files. Nobody else
 * includes it.
 */
#ifndef PROC_INGEST_OWN_H
#define PROC_INGEST_OWN_H

#include "intake/httpfeed.h"
#include "intake/journal.h"
#include "net/http.h"
#include "proc/child.h"
#include "proc/ingest_who.h"
#include "proc/outlet.h"

/* What a body is. */
enum format {
	FORMAT_NONE, /* answered from the head alone */
	FORMAT_BULK,
	FORMAT_DOC,
	FORMAT_LOKI,
	FORMAT_OTLP,
	FORMAT_OSQUERY,
	FORMAT_JOURNAL,
	FORMAT_LINES
};

#define ROUTE_NAME_MAX 512

/* Where a request goes. */
struct route {
	enum format format;
	struct span index, id; /* of an Elasticsearch path */
	/* FORMAT_NONE: fills the answer. */
	void (*answer)(const struct route *r, const struct http_request *q,
	    struct http_reply *to);
	bool elastic; /* Elasticsearch's header belongs to the answer */
	bool open; /* anybody may ask */
	bool enroll; /* of osquery */
};

/* A request whose records are on their way. */
struct post {
	struct ingest_state *s;
	struct http_hold *hold;
	struct route route;
	struct http_request q; /* texts and body live as long as the request */
	char sender[48], who[WHO_NAME_MAX + 1];
	struct http_reply reply;
	struct journal *journal; /* of an upload */
	bool failed; /* an upload whose answer is there already */
	enum { POST_NEW, POST_QUEUED, POST_SPILT, POST_SENT, POST_DONE } state;
	bool paused; /* an upload that waits for room */
	int64_t since_us; /* in this state (monotonic) */
	uint64_t given;
	struct post *next, *prev; /* in s->posts */
};

struct ingest_state {
	struct child *child;
	struct normalizer *rules;
	struct counts *counts;
	struct outlet *out;
	struct http *http;
	struct who *who;
	struct arena *arena;
	struct buf cert, plain, spill;
	struct post *first, *last; /* every post, in order of arrival */
	struct post *now; /* the one being read */
	bool marked; /* the records put now belong to a batch with an id */
	struct loop_timer tell, tick;
	uint64_t told;
	int64_t log_us; /* when a refusal was last logged */
};

/* ingest_route: where this request goes; false: nowhere (404). */
bool ingest_route(const struct http_request *q, struct route *r);
/* ingest_elastic: the route of an Elasticsearch path; false: none. */
bool ingest_elastic(const struct http_request *q, const struct span *part,
    unsigned n, struct route *r);
/* ingest_read: read the body of a post into events; the reply is filled. */
void ingest_read(struct post *p, struct httpfeed *f);
/* ingest_error: an answer in the form that this route's clients read. */
void ingest_error(const struct route *r, const struct http_request *q,
    struct http_reply *to, int status, const char *text);

/* proc/ingest.c: the way of a request's records. */

/* ingest_post: a request whose records will be read; NULL without memory.
 * ingest_over: it has ended, answered or not; records that were put go on
 * their way all the same. */
struct post *ingest_post(struct ingest_state *s, const struct http_request *q,
    const struct route *r, const char *who);
void ingest_over(struct post *p);
/* ingest_turn: read it and put its records. ingest_sent: all were put: answer
 * when they are durable. ingest_reply: answer now, with an error. */
void ingest_turn(struct post *p);
void ingest_sent(struct post *p);
void ingest_reply(struct post *p, int status, const char *text);
/* ingest_feed: a feed whose records are put. ingest_mark: those put from here
 * on are one batch with this id; NULL: none. */
void ingest_feed(
    struct ingest_state *s, const struct post *p, struct httpfeed *f);
void ingest_mark(struct ingest_state *s, const struct hash *id);
/* ingest_name: a copy, cut at size - 1. */
void ingest_name(char *to, size_t size, const char *from);

/* ingest_listen: begin to serve, where there is a listener. */
MUST_CHECK enum err ingest_listen(struct ingest_state *s, struct fault *why);

#endif
