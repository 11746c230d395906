/*
 * base/err.h: the codes by which one part of the program answers another.
 *
 * A code is for the program; the line for the person is in a struct fault
 * (base/fault.h). ERR_OK is zero, so `if ((e = f()) != ERR_OK)` reads well.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
	ERR_OK = 0,
	ERR_MEMORY, /* an allocation failed */
	ERR_IO, /* the system refused or failed an I/O call */
	ERR_FULL, /* no space left: nothing was stored */
	ERR_SYNTAX, /* bytes from outside do not follow their grammar */
	ERR_RANGE, /* a value lies outside what is allowed */
	ERR_LIMIT, /* a stated maximum would be passed */
	ERR_NOT_FOUND, /* there is no such thing */
	ERR_EXISTS, /* there is one already */
	ERR_DENIED, /* the actor may not do this */
	ERR_STATE, /* not now: the thing is in another state */
	ERR_DAMAGE, /* stored bytes are not what was written */
	ERR_PROOF, /* a proof or signature does not hold */
	ERR_TIMEOUT, /* no answer in time */
	ERR_GONE, /* the peer went away; the outcome is unknown */
	ERR_UNSUPPORTED, /* this build or machine cannot do it */
	ERR_N /* how many there are */
};

/* A caller that drops an error drops evidence. */
#define MUST_CHECK __attribute__((warn_unused_result))

/*
 * err_name: the short, stable name of a code ("not-found"), used in JSON and
 * logs. Static text, never NULL.
 */
const char *err_name(enum err e);

#endif
