/*
 * tests/proc/who_test.c: which HTTP senders are let in, by a list or without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/text.h"
#include "crypt/crypt.h"
#include "crypt/hash.h"
#include "proc/ingest_who.h"

static int
start(void **state)
{
	struct fault why;

	(void)state;
	return crypt_start(&why) == ERR_OK ? 0 : -1;
}

/* A list with one sender of each kind. */
static struct who *
list(void)
{
	const struct hash h = hash_of(SPAN_LIT("secret-1"));
	struct who *w = NULL;
	struct fault why;
	struct buf b;

	buf_init(&b, 4096);
	buf_text(&b, "# senders\n\nweb   sha256:");
	text_hex(&b, span_of(h.at, HASH_LEN));
	buf_text(&b, "\npki certificate:");
	text_hex(&b, span_of(h.at, HASH_LEN));
	buf_text(&b,
	    "\nnet from:192.0.2.128/25\nsix from:2001:db8::/33\n"
	    "one from:198.51.100.7\n");
	if (who_read(buf_view(&b), "list", &w, &why) != ERR_OK)
		fail_msg("%s", why.text);
	buf_clear(&b);
	return w;
}

static void
is(const char *got, const char *wanted)
{
	if (wanted == NULL)
		assert_null(got);
	else
		assert_string_equal(got == NULL ? "nobody" : got, wanted);
}

static void
a_token_lets_its_sender_in_and_no_other_does(void **state)
{
	struct who *w = list();
	static const char elsewhere[] = "203.0.113.1";

	(void)state;
	is(who_is(w, "Bearer secret-1", "", elsewhere), "web");
	is(who_is(w, "bearer secret-1", "", elsewhere), "web");
	is(who_is(w, "Basic d2ViOnNlY3JldC0x", "", elsewhere), "web");
	is(who_is(w, "ApiKey d2ViOnNlY3JldC0x", "", elsewhere), "web");
	/* another's name, no colon, not base64, another scheme, nothing */
	is(who_is(w, "Basic d2VjOnNlY3JldC0x", "", elsewhere), NULL);
	is(who_is(w, "Basic d2Vi", "", elsewhere), NULL);
	is(who_is(w, "Basic %%%", "", elsewhere), NULL);
	is(who_is(w, "Digest secret-1", "", elsewhere), NULL);
	is(who_is(w, "Bearer", "", elsewhere), NULL);
	is(who_is(w, "Bearer secret-2", "", elsewhere), NULL);
	is(who_is(w, "", "", elsewhere), NULL);
	is(who_is(w, "", "", "127.0.0.1"), NULL);
	is(who_by_token(w, SPAN_LIT("secret-1")), "web");
	is(who_by_token(w, SPAN_EMPTY), NULL);
	who_free(w);
}

static void
a_certificate_or_an_address_is_as_good(void **state)
{
	const struct hash h = hash_of(SPAN_LIT("secret-1"));
	struct who *w = list();
	struct buf hex;

	(void)state;
	buf_init(&hex, 64);
	text_hex(&hex, span_of(h.at, HASH_LEN));
	is(who_is(w, "", buf_string(&hex), "203.0.113.1"), "pki");
	is(who_is(w, "", "00", "203.0.113.1"), NULL);
	is(who_is(w, "", "", "192.0.2.128"), "net");
	is(who_is(w, "", "", "192.0.2.127"), NULL);
	is(who_is(w, "", "", "2001:db8:7fff::1"), "six");
	is(who_is(w, "", "", "2001:db8:8000::1"), NULL);
	is(who_is(w, "", "", "198.51.100.7"), "one");
	is(who_is(w, "", "", "198.51.100.8"), NULL);
	buf_clear(&hex);
	who_free(w);
}

static void
without_a_list_only_this_machine_is_let_in(void **state)
{
	struct who *w = NULL;

	(void)state;
	assert_int_equal(who_load("", &w, NULL), ERR_OK);
	is(who_is(w, "", "", "127.0.0.1"), "local");
	is(who_is(w, "", "", "127.8.8.8"), "local");
	is(who_is(w, "", "", "::1"), "local");
	is(who_is(w, "Bearer x", "", "192.0.2.1"), NULL);
	is(who_is(w, "", "", "fe80::ffff:7f00:1"), NULL);
	is(who_is(w, "", "", "::2"), NULL);
	is(who_is(w, "", "", ""), NULL);
	who_free(w);
}

static void
a_mistake_in_the_list_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text, *said;
	} bad[] = {
		{ "\nweb\n",
		    "f:2: behind the name comes sha256:, "
		    "certificate: or from:" },
		{ "web sha256:12\n",
		    "f:1: a SHA-256 is 64 hexadecimal digits" },
		{ "web from:192.0.2.0/33\n",
		    "f:1: 'from:192.0.2.0/33' is no address" },
		{ "web from:host\n", "f:1: 'from:host' is no address" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct who *w = NULL;
		struct fault why;

		assert_int_equal(
		    who_read(span_text(bad[i].text), "f", &w, &why),
		    ERR_SYNTAX);
		assert_string_equal(why.text, bad[i].said);
		assert_null(w);
	}
	{
		struct who *w = NULL;

		assert_int_equal(
		    who_load("/nonexistent/senders", &w, NULL), ERR_IO);
	}
}

static void
an_enrolled_host_is_known_by_its_key_until_the_process_ends(void **state)
{
	struct who *w = list(), *later = list();
	struct buf key;

	(void)state;
	buf_init(&key, 64);
	who_enroll(w, "web", &key);
	assert_int_equal(key.len, 32);
	is(who_by_key(w, buf_view(&key)), "web");
	is(who_by_key(later, buf_view(&key)), NULL);
	is(who_by_key(w, SPAN_LIT("00000000000000000000000000000000")), NULL);
	is(who_by_key(w, SPAN_LIT("x")), NULL);
	/* More hosts than there is room for push older ones out, no more. */
	for (unsigned i = 0; i < 100000; i++) {
		buf_reset(&key);
		who_enroll(w, "web", &key);
	}
	is(who_by_key(w, buf_view(&key)), "web");
	buf_clear(&key);
	who_free(w);
	who_free(later);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_lets_its_sender_in_and_no_other_does),
		cmocka_unit_test(a_certificate_or_an_address_is_as_good),
		cmocka_unit_test(without_a_list_only_this_machine_is_let_in),
		cmocka_unit_test(a_mistake_in_the_list_is_named_with_its_line),
		cmocka_unit_test(
		    an_enrolled_host_is_known_by_its_key_until_the_process_ends),
	};

	return cmocka_run_group_tests_name("who", tests, start, NULL);
}
