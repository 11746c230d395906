/*
 * proc/follow_own.h: the follow process between follow.c (life, looking,
 * rounds), follow_file.c (which file is which) and follow_state.c (what is
 * remembered). Nobody else includes it.
 */
#ifndef PROC_FOLLOW_OWN_H
#define PROC_FOLLOW_OWN_H

#include <sys/stat.h>

#include "crypt/hash.h"
#include "intake/follow.h"
#include "intake/intake.h"
#include "proc/child.h"
#include "proc/outlet.h"

#define FOLLOW_DIRS 32
#define FOLLOW_FILES 2048 /* known at one time, all folders */
#define FOLLOW_HEAD 1024 /* bytes by which a file is known again */
#define FOLLOW_HEAD_LEAST 32 /* fewer say nothing about a copy */
#define FOLLOW_NAME_MAX 255

/* One watched folder. */
struct follow_dir {
	int fd; /* -1: could not be opened */
	int watch; /* inotify's number, -1 */
	const char *path, *pattern, *host, *app; /* of the settings */
	char sender[256]; /* "file:PATH" */
};

/* What the ids of a file's batches are made of. */
struct follow_id {
	uint64_t dev, ino;
	int64_t born_us;
	uint64_t gen;
};

/*
 * One file, known by device, inode and time of birth, and by its first bytes:
 * a name says nothing, since rotation changes it.
 */
struct follow_file {
	struct follow_file *next;
	struct follow_dir *dir;
	char name[FOLLOW_NAME_MAX + 1];
	uint64_t dev, ino;
	int64_t born_us; /* 0: the file system does not say */
	uint64_t gen; /* how often it was cut back to nothing, or replaced */
	/* The same, but for a copy: what it continues keeps its ids. */
	struct follow_id id;
	uint32_t head_n; /* bytes that head covers */
	struct hash head;
	uint64_t at; /* up to here everything is durable */
	uint64_t to; /* up to here it is on its way; == at: nothing is */
	uint64_t size; /* when last looked */
	int64_t grown_us; /* when size last changed */
	int64_t changed_ns; /* its mtime when last looked */
	int fd; /* -1: not open */
	bool seen; /* in the present look at its folder */
	bool fits; /* its name fits the pattern */
	bool left; /* it is no more in its folder under a name that fits */
	/* A copy of another file (copytruncate): held back until that one is
	 * cut, then read from where that one was. */
	struct follow_file *copy_of;
	uint64_t copy_gen, copy_at; /* where that one is, or was */
	/* When it was last cut: how it began, and how far it was read. */
	uint64_t cut_at, cut_to;
	struct follow_id cut_id;
	uint32_t cut_head_n;
	struct hash cut_head;
	uint64_t copy_ino; /* of copy_of, between tail_state_load and its end */
};

struct follow_state {
	struct child *child;
	struct normalizer *rules;
	struct counts *counts;
	struct intake *intake;
	struct outlet *out;
	struct follow_dir dir[FOLLOW_DIRS];
	unsigned n_dirs;
	struct follow_file *files;
	unsigned n_files;
	bool told_full; /* that FOLLOW_FILES were reached */
	int notify; /* inotify; -1 */
	int state_dir; /* DIR/follow */
	struct buf bytes; /* read of one file */
	struct buf text; /* of the state */
	struct loop_timer look, every;
	bool look_all; /* names too, not only what has grown */
	bool dropped; /* the process ends with a line in hand */
	bool under_way; /* a round waits for keeper */
	bool dirty; /* positions moved since the state was written */
	/* Of the record being given. */
	const struct follow_file *now;
};

/* ---- follow_file.c ---- */

/* tail_known: the file of that identity in a folder, or NULL. */
struct follow_file *tail_known(struct follow_state *s,
    const struct follow_dir *d, const struct stat *st, int64_t born_us);
/* tail_add: a new one, at its beginning. NULL: no room or memory. */
struct follow_file *tail_add(struct follow_state *s, struct follow_dir *d,
    const char *name, const struct stat *st, int64_t born_us);
/* tail_drop: forget it. */
void tail_drop(struct follow_state *s, struct follow_file *f);
/* tail_open: so that it can be read, whatever happens to its name. False: not
 * now. tail_born: its time of birth. */
bool tail_open(struct follow_file *f);
int64_t tail_born(int fd, const char *name);
/* tail_settle: see whether it is still the file it was (cut, replaced), learn
 * its first bytes, and whether it is another's copy. False: nothing is to be
 * read of it now. */
bool tail_settle(struct follow_state *s, struct follow_file *f);
/* tail_read: the bytes [from, to) into s->bytes. False: they are not there. */
bool tail_read(
    struct follow_state *s, struct follow_file *f, uint64_t from, uint64_t to);

/* ---- follow_state.c ---- */

/* tail_state_load: what an earlier process noted. tail_state_save: written anew and
 * synced, then named. */
MUST_CHECK enum err tail_state_load(struct follow_state *s, struct fault *why);
MUST_CHECK enum err tail_state_save(struct follow_state *s, struct fault *why);

#endif
