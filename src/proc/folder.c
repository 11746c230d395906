/*
 * proc/folder.c: the data folder.
 */
#include "proc/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/role.h"
#include "proc/vaultkeys.h"

/* Makes one folder below `dir`, of that user and mode. */
static enum err
folder_make(int dir, const char *name, const char *user, unsigned mode,
    struct fault *why)
{
	struct passwd *pw = NULL;
	struct group *gr = getgrnam("beimen");
	bool root = geteuid() == 0;

	if (mkdirat(dir, name, 0700) == -1 && errno != EEXIST)
		return fault_sys(why, ERR_IO, "cannot make folder %s", name);
	if (root && user != NULL && (pw = getpwnam(user)) == NULL)
		return fault_set(why, ERR_NOT_FOUND,
		    "no user %s: run tools/setup.sh users, or start without "
		    "root",
		    user);
	if (root && gr == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no group beimen");
	if (root &&
	    fchownat(dir, name, pw == NULL ? 0 : pw->pw_uid, gr->gr_gid,
		AT_SYMLINK_NOFOLLOW) == -1)
		return fault_sys(
		    why, ERR_IO, "cannot hand over folder %s", name);
	if (fchmodat(dir, name, (mode_t)mode, 0) == -1)
		return fault_sys(why, ERR_IO, "cannot set mode of %s", name);
	return ERR_OK;
}

/* All the folders below DIR. */
static enum err
folders_make(int dir, struct fault *why)
{
	enum err e;

	/* Every process puts its own keys here and can take away no other's. */
	e = folder_make(dir, "keys", NULL, geteuid() == 0 ? 01770 : 0700, why);
	if (e == ERR_OK)
		e = folder_make(
		    dir, VAULTKEYS_FOLDER, "beimen-keeper", 0700, why);
	if (e == ERR_OK)
		e = folder_make(dir, "empty", NULL, 0755, why);
	for (const enum role *r = role_order; e == ERR_OK && *r != ROLE_N;
	     r++) {
		const struct role_row *row = role_row(*r);

		if (row->folder != NULL)
			e = folder_make(
			    dir, row->folder, row->user, row->mode, why);
	}
	return e;
}

enum err
folder_open(const char *data, int *lock, struct fault *why)
{
	int dir, fd = -1;
	enum err e = ERR_OK;

	if (mkdir(data, 0700) == -1 && errno != EEXIST)
		return fault_sys(why, ERR_IO, "cannot make %s", data);
	dir = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return fault_sys(why, ERR_IO, "cannot open %s", data);
	/* As root the children pass through it to their own folders. */
	if (geteuid() == 0 && fchmod(dir, 0711) == -1) {
		e = fault_sys(why, ERR_IO, "cannot set mode of %s", data);
		goto out;
	}
	fd = openat(
	    dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1) {
		e = fault_sys(why, ERR_IO, "cannot open %s/lock", data);
		goto out;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		e = errno == EWOULDBLOCK
		    ? fault_set(
			  why, ERR_STATE, "another beimen serves from %s", data)
		    : fault_sys(why, ERR_IO, "cannot lock %s", data);
		goto out;
	}
	if ((e = folders_make(dir, why)) != ERR_OK)
		goto out;
	*lock = fd;
	fd = -1;
out:
	if (fd != -1)
		(void)close(fd);
	(void)close(dir);
	return e;
}

bool
folder_is_served(const char *data)
{
	int dir = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = dir == -1 ? -1 : openat(dir, "lock", O_RDWR | O_CLOEXEC);
	bool held;

	held = fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1 &&
	    errno == EWOULDBLOCK;
	if (fd != -1)
		(void)close(fd);
	if (dir != -1)
		(void)close(dir);
	return held;
}
