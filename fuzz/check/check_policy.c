/*
 * fuzz/check/check_policy.c: any bytes as a policy, and as a note under it.
 */
#include "check/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct check_bytes all = { data, len };
	struct check_head head;
	struct check_why why;
	struct check_policy *p = check_policy_read(all, &why);

	if (p != NULL)
		(void)check_note(p, all, &head, &why);
	check_policy_free(p);
	p = check_policy_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfs"
			     "Vkmqq/LDE4izWy10TW",
	    &why);
	if (p != NULL)
		(void)check_note(p, all, &head, &why);
	check_policy_free(p);
	return 0;
}
