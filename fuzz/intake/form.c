/*
 * fuzz/intake/form.c: any message in any of the forms. The first byte names
 * the form; what is offered lies inside the message or the arena, and a value
 * is never longer than what it was read from.
 */
#include "intake/form.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "a", "a.b", "a.0", "a.b.c", "1", "2", "9",
	"12", "src", "msg", "name", "deviceVendor", "eventID", "cmd", "acct",
	"audit.time", "x/k", "k", "winlog.event_data.TargetUserName" };

#define N_KEYS (sizeof names / sizeof names[0])

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool (*const read[FORM_N])(struct span, struct values *) = {
		[FORM_JSON] = form_json,
		[FORM_PAIRS] = form_pairs,
		[FORM_AUDIT] = form_audit,
		[FORM_CSV] = form_csv,
		[FORM_CEF] = form_cef,
		[FORM_LEEF] = form_leef,
		[FORM_PARAMS] = form_params,
	};
	struct span key[N_KEYS], message;
	struct path path[N_KEYS];
	struct arena *a = arena_new(4 << 20);
	struct values v;
	enum form f;

	if (size == 0 || a == NULL) {
		arena_free(a);
		return 0;
	}
	f = (enum form)(data[0] % FORM_N);
	message = span_slice(span_of(data, size), 1, SIZE_MAX);
	for (size_t i = 0; i < N_KEYS; i++) {
		key[i] = span_text(names[i]);
		path[i] = (struct path){ f, &key[i], 1 };
	}
	if (values_build(&v, a, path, N_KEYS, NULL) != ERR_OK)
		abort();
	for (unsigned turn = 0; turn < 2; turn++) {
		values_begin(&v);
		if (!read[f](message, &v))
			continue;
		for (size_t i = 0; i < N_KEYS; i++)
			if (values_get(&v, i, a).len > message.len)
				abort();
	}
	arena_free(a);
	return 0;
}
