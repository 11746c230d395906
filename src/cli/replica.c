/*
 * cli/replica.c: a second host that holds what the first one sealed.
 */
#include "cli/inner.h"

#include <string.h>
#include <unistd.h>

#define COMMAND(word, sub, args, fn, options, help) command_fn fn;
#include "cli/command.tab"
#undef COMMAND

#define EVERY_S 60
#define EVERY_MAX_S 86400

/* The key in a file, without white space around it. */
static enum err
key_read(const char *path, struct buf *b, struct fault *why)
{
	struct span key;
	enum err e = file_read(path, b, why);

	if (e != ERR_OK)
		return e;
	key = span_trim(buf_view(b));
	if (key.len == 0 || span_find(key, '\n') != SIZE_MAX)
		return fault_set(why, ERR_SYNTAX, "%s: not one line", path);
	memmove(b->at, key.at, key.len);
	b->len = key.len;
	return ERR_OK;
}

/* This host's name as others may write it. */
static void
host_name(char to[static 65])
{
	if (gethostname(to, 64) == -1)
		memcpy(to, "replica", 8);
	to[64] = '\0';
	for (char *p = to; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
}

static int
replica_do(struct run *r, const char *url)
{
	struct cli_replica o = { .data = run_data(r),
		.url = url,
		.ca = r->option[OPT_CA],
		.once = r->option[OPT_ONCE] != NULL,
		.every_s = EVERY_S };
	char host[65];
	struct fault why;
	struct buf key;
	uint64_t every;
	int status;

	host_name(host);
	o.name = r->option[OPT_NAME] != NULL ? r->option[OPT_NAME] : host;
	if (r->option[OPT_EVERY] != NULL) {
		if (!span_number(
			span_text(r->option[OPT_EVERY]), EVERY_MAX_S, &every) ||
		    every == 0)
			return usage(
			    r, "--every: seconds, 1 to %d", EVERY_MAX_S);
		o.every_s = (unsigned)every;
	}
	buf_init(&key, (size_t)1 << 20);
	if (url != NULL && r->option[OPT_KEY_FILE] == NULL)
		return usage(r,
		    "replica: --key-file is needed; make a key "
		    "with beimen account key");
	if (url != NULL &&
	    key_read(r->option[OPT_KEY_FILE], &key, &why) != ERR_OK) {
		fail("%s", why.text);
		buf_clear(&key);
		return EXIT_COULD_NOT;
	}
	o.key = url != NULL ? buf_string(&key) : NULL;
	status = r->b->replica(&o);
	buf_clear(&key);
	return status;
}

int
cmd_replica_from(struct run *r)
{
	return replica_do(r, r->word[0]);
}

int
cmd_replica_check(struct run *r)
{
	return replica_do(r, NULL);
}
