/*
 * proc/web.c: the process that hears browsers and API clients.
 *
 * Holds    the HTTPS listener.
 * Reads    HTTP. Every byte of it is hostile.
 * Asks     reader (every page), book (every change), gate (signing in),
 *          signer (TLS handshakes), each with the session's token.
 * Leaves   files, databases and keys: what it shows is what the session of
 *          the moment may see.
 * Fence    user beimen-web, empty root, no opening of files; threads.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/env.h"
#include "crypt/crypt.h"
#include "gate/session.h"
#include "proc/api.h"
#include "proc/roles.h"
#include "web/web.h"

struct web_state {
	struct child *child;
	struct web *web;
	struct http *http;
	struct buf cert;
};

/* Asks reader or book, and takes status and body apart. */
static enum err
resource_ask(struct web_state *s, enum role callee, uint16_t call,
    const struct api_ask *q, bool again, struct web_answer *a,
    struct fault *why)
{
	struct buf ask, got;
	struct cursor c;
	enum err e;

	buf_init(&ask, WIRE_WHOLE);
	buf_init(&got, WIRE_WHOLE);
	api_ask_print(&ask, q);
	e = buf_error(&ask);
	if (e == ERR_OK)
		e = child_ask(s->child, callee, call, buf_view(&ask),
		    CHILD_ASK_MS, again, &got, why);
	if (e == ERR_OK) {
		c = cursor_of(buf_view(&got));
		a->status = cursor_u16(&c);
		buf_span(&a->body, cursor_rest(&c));
		if (c.bad || buf_error(&a->body) != ERR_OK)
			e = fault_set(why, ERR_LIMIT, "the answer is too long");
	}
	buf_clear(&ask);
	buf_clear(&got);
	return e;
}

static enum err
web_read(void *arg, const struct web_caller *who, const char *path,
    const char *query, struct web_answer *a, struct fault *why)
{
	const struct api_ask q = { .token = who->token,
		.address = span_text(who->address),
		.method = SPAN_LIT("GET"),
		.path = span_text(path),
		.query = span_text(query) };

	return resource_ask(arg, ROLE_READER, READER_READ, &q, true, a, why);
}

static enum err
web_write(void *arg, const struct web_caller *who, const char *method,
    const char *path, const char *query, const char *type, struct span body,
    struct web_answer *a, struct fault *why)
{
	const struct api_ask q = { .token = who->token,
		.address = span_text(who->address),
		.method = span_text(method),
		.path = span_text(path),
		.query = span_text(query),
		.type = span_text(type),
		.body = body };

	return resource_ask(arg, ROLE_BOOK, BOOK_WRITE, &q, false, a, why);
}

/* Holds an answer back, so that guessing is slow. */
static void
hold_back(uint32_t wait_ms)
{
	struct timespec t = { (time_t)(wait_ms / 1000),
		(long)(wait_ms % 1000) * 1000000L };

	while (wait_ms > 0 && nanosleep(&t, &t) == -1)
		continue;
}

static enum err
web_sign_in(void *arg, struct span name, struct span password,
    const char *address, struct web_signed *out, struct fault *why)
{
	static const enum web_sign_in how[] = {
		[GATE_OK] = WEB_SIGNED_IN,
		[GATE_MUST_CHANGE] = WEB_MUST_CHANGE,
		[GATE_DENIED] = WEB_REFUSED,
		[GATE_BUSY] = WEB_THROTTLED,
	};
	struct web_state *s = arg;
	struct buf ask, got;
	struct cursor c;
	enum err e;

	buf_init(&ask, 8192);
	buf_init(&got, 8192);
	buf_block(&ask, name);
	buf_block(&ask, password);
	buf_block(&ask, span_text(address));
	e = child_ask(s->child, ROLE_GATE, GATE_SIGN_IN, buf_view(&ask),
	    CHILD_ASK_MS, false, &got, why);
	if (e == ERR_OK) {
		struct span token;
		uint8_t answer;
		uint32_t wait_ms;

		c = cursor_of(buf_view(&got));
		answer = cursor_u8(&c);
		token = cursor_block(&c, WEB_TOKEN_MAX);
		wait_ms = cursor_u32(&c);
		if (!cursor_done(&c) || answer > GATE_BUSY) {
			e = fault_set(why, ERR_SYNTAX, "gate's answer");
		} else {
			out->how = how[answer];
			out->retry_s = 60;
			memset(out->token, 0, sizeof out->token);
			memcpy(out->token,
			    token.at == NULL ? "" : (const char *)token.at,
			    token.len);
			hold_back(wait_ms);
		}
	}
	crypt_wipe(ask.at, ask.len);
	buf_clear(&ask);
	buf_clear(&got);
	return e;
}

static enum err
web_sign_out(void *arg, const struct web_caller *who, struct fault *why)
{
	struct web_state *s = arg;
	struct buf ask;
	enum err e;

	buf_init(&ask, 8192);
	buf_block(&ask, who->token);
	e = child_ask(s->child, ROLE_GATE, GATE_SIGN_OUT, buf_view(&ask),
	    CHILD_ASK_MS, false, NULL, why);
	buf_clear(&ask);
	return e == ERR_DENIED ? ERR_OK : e; /* it had ended by itself */
}

/* What gate said of a password change, as doc/api.md shapes it. */
static enum err
password_told(struct span got, struct web_answer *a, struct fault *why)
{
	struct cursor c = cursor_of(got);
	uint8_t answer = cursor_u8(&c), rule = cursor_u8(&c);
	struct span token = cursor_block(&c, WEB_TOKEN_MAX);
	struct span code = cursor_block(&c, 64);
	struct span zh = cursor_block(&c, 4096), en = cursor_block(&c, 4096);
	json_t *o = json_object(), *inner, *text;

	if (!cursor_done(&c)) {
		json_decref(o);
		return fault_set(why, ERR_SYNTAX, "gate's answer");
	}
	if (answer == GATE_OK && rule == RULE_OK) {
		a->status = 200;
		json_put_text(o, "token", token);
	} else {
		a->status = answer == GATE_BUSY ? 429 : 400;
		inner = json_object();
		text = json_object();
		json_put_text(inner, "code",
		    answer == GATE_OK         ? code
			: answer == GATE_BUSY ? SPAN_LIT("throttled")
					      : SPAN_LIT("denied"));
		if (answer != GATE_OK) {
			zh = SPAN_LIT("目前的密碼不正確。");
			en = SPAN_LIT("The present password is wrong.");
		}
		json_put_text(text, "zh", zh);
		json_put_text(text, "en", en);
		json_object_set_new(inner, "text", text);
		json_object_set_new(o, "error", inner);
	}
	json_canonical(&a->body, o);
	json_decref(o);
	return ERR_OK;
}

static enum err
web_password(void *arg, const struct web_caller *who, struct span old,
    struct span new, struct web_answer *a, struct fault *why)
{
	struct web_state *s = arg;
	struct buf ask, got;
	enum err e;

	buf_init(&ask, 8192);
	buf_init(&got, 16384);
	buf_block(&ask, who->token);
	buf_block(&ask, old);
	buf_block(&ask, new);
	buf_block(&ask, span_text(who->address));
	e = child_ask(s->child, ROLE_GATE, GATE_PASSWORD, buf_view(&ask),
	    CHILD_ASK_MS, false, &got, why);
	if (e == ERR_OK)
		e = password_told(buf_view(&got), a, why);
	crypt_wipe(ask.at, ask.len);
	buf_clear(&ask);
	buf_clear(&got);
	return e;
}

static int64_t
web_now(void *arg)
{
	(void)arg;
	return env_system()->ops->now_us(env_system());
}

static void
web_log(void *arg, const char *line)
{
	struct web_state *s = arg;

	child_log(s->child, "%s", line);
}

/* TLS handshakes are signed by the signer, which alone has the key. */
static enum err
tls_sign(
    void *arg, struct span hash, uint8_t *sig, size_t *len, struct fault *why)
{
	struct web_state *s = arg;
	struct buf got;
	enum err e;

	buf_init(&got, 512);
	e = child_ask(s->child, ROLE_SIGNER, SIGNER_TLS_SIGN, hash,
	    CHILD_ASK_MS, true, &got, why);
	if (e == ERR_OK) {
		memcpy(sig, got.at, got.len);
		*len = got.len;
	}
	buf_clear(&got);
	return e;
}

enum err
web_proc_load(struct child *c, struct fault *why)
{
	struct web_state *s = calloc(1, sizeof *s);
	struct web_backend b = { .read = web_read,
		.write = web_write,
		.sign_in = web_sign_in,
		.sign_out = web_sign_out,
		.password = web_password,
		.now_us = web_now,
		.log = web_log };

	if (s == NULL)
		return fault_set(why, ERR_MEMORY, "web");
	s->child = c;
	c->state = s;
	b.arg = s;
	return web_new(&b, &s->web, why);
}

enum err
web_proc_start(struct child *c, struct fault *why)
{
	struct web_state *s = c->state;

	buf_init(&s->cert, 1 << 16);
	return child_ask(c, ROLE_SIGNER, SIGNER_TLS_CERT, SPAN_EMPTY,
	    CHILD_ASK_MS, true, &s->cert, why);
}

enum err
web_proc_ready(struct child *c, struct fault *why)
{
	struct web_state *s = c->state;

	return web_serve(s->web, child_fd(c, "web"), buf_view(&s->cert),
	    tls_sign, s, &s->http, why);
}

void
web_proc_stop(struct child *c)
{
	struct web_state *s = c->state;

	http_close(s->http);
	web_free(s->web);
	buf_clear(&s->cert);
	free(s);
}
