/*
 * fuzz/ledger/note.c: any bytes as a signed note, and as a key line. What is
 * read and written again reads the same.
 */
#include <assert.h>
#include <stdlib.h>

#include "crypt/crypt.h"
#include "ledger/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span all = span_of(data, len);
	struct arena *a = arena_new(1 << 24);
	struct note_key key[2];
	bool good[2];
	struct note *n;
	struct buf b;

	if (crypt_start(NULL) != ERR_OK || a == NULL)
		return 0;
	buf_init(&b, 4 * NOTE_MAX);
	n = arena_alloc(a, sizeof *n);
	if (n != NULL && note_parse(all, a, n, NULL) == ERR_OK) {
		buf_span(&b, n->text);
		buf_text(&b, "\n");
		for (unsigned i = 0; i < n->n_sig; i++)
			note_line(
			    &b, n->sig[i].name, n->sig[i].id, n->sig[i].sig);
		assert(span_equal(buf_view(&b), all));
		/* as if we knew the first signer, by either type of key */
		for (unsigned i = 0; i < 2; i++) {
			uint8_t public[SIGN_PUBLIC_LEN] = { 1 };

			if (note_key_make(n->sig[0].name,
				i == 0 ? NOTE_ED25519 : NOTE_COSIGNATURE,
				public, &key[i], NULL) != ERR_OK)
				abort();
			key[i].id = n->sig[0].id;
		}
		(void)!note_verify(n, key, 2, good, NULL, NULL);
	}
	buf_reset(&b);
	if (note_key_parse(all, &key[0], NULL) == ERR_OK) {
		note_key_print(&b, &key[0]);
		/* hex digits of either case name the same id */
		assert(span_equal_nocase(buf_view(&b), all));
	}
	buf_clear(&b);
	arena_free(a);
	return 0;
}
