/*
 * proc/replica.c: `beimen replica`: the second host.
 *
 * Holds    its own data folder and the key it asks with.
 * Reads    what the first host answers; all of it is checked before it is
 *          kept (replica/).
 * Asks     the first host, over HTTPS, every so often.
 *
 * One process in the foreground, ended by SIGINT or SIGTERM between two steps;
 * what is half fetched is fetched again.
 */
#include "proc/replica.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "crypt/crypt.h"
#include "replica/replica.h"

static volatile sig_atomic_t ending;

static void
end(int sig)
{
	(void)sig;
	ending = 1;
}

static void
say(void *arg, bool wrong, const char *line)
{
	(void)arg;
	(void)fprintf(wrong ? stderr : stdout, "%s%s\n",
	    wrong ? "beimen replica: " : "", line);
}

/* The folder, made and locked: two copies must not share one. */
static enum err
folder_hold(const char *data, int *dir, int *lock, struct fault *why)
{
	if (mkdir(data, 0700) == -1 && errno != EEXIST)
		return fault_sys(why, ERR_IO, "cannot make %s", data);
	*dir = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*dir == -1)
		return fault_sys(why, ERR_IO, "cannot open %s", data);
	*lock = openat(
	    *dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*lock == -1)
		return fault_sys(why, ERR_IO, "cannot open %s/lock", data);
	if (flock(*lock, LOCK_EX | LOCK_NB) == -1)
		return fault_set(
		    why, ERR_STATE, "another beimen uses %s", data);
	return ERR_OK;
}

/* One line of what a round came to. */
static void
round_print(const struct replica_round *r)
{
	(void)printf("%u logs, %llu new leaves, %llu segments, %llu fetched, "
		     "%llu missing, %llu damaged, %u refused\n",
	    r->logs, (unsigned long long)r->leaves,
	    (unsigned long long)r->segments, (unsigned long long)r->fetched,
	    (unsigned long long)r->missing, (unsigned long long)r->damaged,
	    r->refused);
	(void)fflush(stdout);
}

static int
round_status(const struct replica_round *r)
{
	return r->missing + r->damaged + r->refused == 0 ? EXIT_DONE : EXIT_NO;
}

/* Waits so long, or until somebody ends it. */
static void
wait_s(unsigned seconds)
{
	const struct timespec one = { .tv_sec = 1 };

	for (unsigned i = 0; i < seconds && !ending; i++)
		(void)nanosleep(&one, NULL);
}

/* Rounds, until it is ended; one only when `once`. */
static int
rounds(const struct cli_replica *o, struct replica *r, struct fetch *f)
{
	struct replica_round done;
	struct fault why;
	int status = EXIT_DONE;
	bool quiet = false;

	while (!ending) {
		enum err e = replica_round(r, f, say, NULL, &done, &why);

		if (e != ERR_OK) {
			say(NULL, true, why.text);
			status = EXIT_COULD_NOT;
		} else {
			status = round_status(&done);
			/* A day of nothing new is one line. */
			if (!quiet || done.leaves > 0 || status != EXIT_DONE)
				round_print(&done);
			quiet = true;
		}
		if (o->once)
			break;
		wait_s(o->every_s);
	}
	return status;
}

int
replica_run(const struct cli_replica *o)
{
	const struct fetch_options to = {
		.base = o->url, .bearer = o->key, .ca = o->ca
	};
	struct replica *r = NULL;
	struct fetch *f = NULL;
	struct replica_round done;
	struct fault why;
	int dir = -1, lock = -1, status = EXIT_COULD_NOT;
	enum err e = crypt_start(&why);

	(void)signal(SIGINT, end);
	(void)signal(SIGTERM, end);
	(void)signal(SIGPIPE, SIG_IGN);
	if (e == ERR_OK)
		e = folder_hold(o->data, &dir, &lock, &why);
	if (e == ERR_OK)
		e = replica_open(env_system(), dir, o->name, &r, &why);
	if (e == ERR_OK && o->url != NULL)
		e = fetch_new(&to, &f, &why);
	if (e == ERR_OK && o->url != NULL) {
		status = rounds(o, r, f);
	} else if (e == ERR_OK) {
		e = replica_check(r, say, NULL, &done, &why);
		if (e == ERR_OK) {
			round_print(&done);
			status = round_status(&done);
		}
	}
	if (e != ERR_OK) {
		say(NULL, true, why.text);
		status = e == ERR_RANGE ? EXIT_USAGE : EXIT_COULD_NOT;
	}
	fetch_free(f);
	replica_close(r);
	if (lock != -1)
		(void)close(lock);
	if (dir != -1)
		(void)close(dir);
	return status;
}
