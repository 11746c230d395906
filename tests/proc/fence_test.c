/*
 * fence_test: from inside each process of the table, try to get out.
 *
 * Every row's own fence is closed in a child; the child tries what an
 * attacker who owns it would, and tells of the first thing that worked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/role.h"

/* The data folder of one test, with a file in each process's own. */
static char root[64];
static const char *const secrets[] = { "keys/log.key", "keys/tls.key",
	"keys/pepper.key", "keys/vault/vault-audit-2026.key", "vault/inbox",
	"book/book.db", "gate/gate.db", "signer/heads", "lock" };
/* A folder stands before those in it. */
static const char *const folders[] = { "keys", "keys/vault", "vault", "book",
	"gate", "signer", "follow", "empty" };
#define N_FOLDERS (sizeof folders / sizeof folders[0])
static pid_t parent;

static char *
below(const char *name)
{
	static char path[256];
	struct buf b;

	buf_init(&b, sizeof path - 1);
	buf_printf(&b, "%s/%s", root, name);
	memcpy(path, buf_string(&b), b.len + 1);
	buf_clear(&b);
	return path;
}

static int
folder_make(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct buf b;

	(void)state;
	buf_init(&b, sizeof root - 1);
	buf_printf(&b, "%s/fence.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	memcpy(root, buf_string(&b), b.len + 1);
	buf_clear(&b);
	if (mkdtemp(root) == NULL)
		return -1;
	for (size_t i = 0; i < N_FOLDERS; i++)
		if (mkdir(below(folders[i]), 0700) == -1)
			return -1;
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		int fd = open(below(secrets[i]), O_CREAT | O_WRONLY, 0600);

		if (fd == -1 || write(fd, "secret", 6) != 6 || close(fd) == -1)
			return -1;
	}
	parent = getpid();
	return 0;
}

static int
folder_remove(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
		(void)unlink(below(secrets[i]));
	for (size_t i = N_FOLDERS; i-- > 0;)
		(void)rmdir(below(folders[i]));
	return rmdir(root);
}

/* May this process read below that folder by its row? */
static bool
row_may_see(const struct role_row *row, const char *path)
{
	for (unsigned i = 0; i < 4; i++) {
		const char *f = row->fence.folder[i];

		if (f != NULL && strncmp(path, f, strlen(f)) == 0 &&
		    path[strlen(f)] == '/')
			return true;
	}
	return false;
}

/* ---- attempts: true when it worked ---- */

static bool
try_files(const struct role_row *row)
{
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		if (row_may_see(row, secrets[i]))
			continue;
		if (open(below(secrets[i]), O_RDONLY) != -1 ||
		    open(below(secrets[i]), O_WRONLY) != -1)
			return true;
	}
	return open("/etc/passwd", O_RDONLY) != -1 ||
	    open("/proc/self/mem", O_RDWR) != -1 ||
	    open("/tmp/escape", O_CREAT | O_WRONLY, 0600) != -1;
}

/* A process that only reads cannot write even where it may look. */
static bool
try_write(const struct role_row *row)
{
	if ((row->fence.may & MAY_CHANGE) != 0)
		return false;
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
		if (open(below(secrets[i]), O_WRONLY) != -1 ||
		    unlink(below(secrets[i])) == 0 ||
		    rename(below(secrets[i]), below("book/x")) == 0)
			return true;
	return mkdir(below("book/new"), 0700) == 0;
}

static bool
try_network(const struct role_row *row)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int pair[2];

	(void)row;
	return socket(AF_INET, SOCK_STREAM, 0) != -1 ||
	    socket(AF_INET6, SOCK_DGRAM, 0) != -1 ||
	    socket(AF_UNIX, SOCK_STREAM, 0) != -1 ||
	    socket(AF_NETLINK, SOCK_RAW, 0) != -1 ||
	    socket(AF_PACKET, SOCK_RAW, 0) != -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != -1 ||
	    connect(0, (struct sockaddr *)&in, sizeof in) != -1 ||
	    bind(0, (struct sockaddr *)&in, sizeof in) != -1 ||
	    listen(0, 1) != -1;
}

static bool
try_accept(const struct role_row *row)
{
	return (row->fence.may & MAY_ACCEPT) == 0 &&
	    (accept(0, NULL, NULL) != -1 || errno != EPERM);
}

static bool
try_signal(const struct role_row *row)
{
	(void)row;
	return kill(parent, 0) == 0 || kill(parent, SIGTERM) == 0;
}

/* These end the process: each runs alone, and coming back is an escape. */
static bool
try_exec(const struct role_row *row)
{
	char *const argv[] = { (char[]){ "/bin/true" }, NULL };

	(void)row;
	(void)execve("/bin/true", argv, NULL);
	return true;
}

static bool
try_fork(const struct role_row *row)
{
	(void)row;
	/* Not a vfork: the plain call, as shell code would make it. */
	return syscall(SYS_fork) >= 0;
}

static bool
try_clone(const struct role_row *row)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	(void)row;
	if (pid == 0)
		_exit(0);
	return pid > 0;
}

/* What a call gave that should not have come back. */
static volatile long came_back;

#define CALL_ENDS(name, expression)                        \
	static bool try_##name(const struct role_row *row) \
	{                                                  \
		(void)row;                                 \
		came_back = (long)(expression);            \
		return true;                               \
	}
CALL_ENDS(ptrace, ptrace(PTRACE_ATTACH, parent, NULL, NULL))
CALL_ENDS(mount, mount("none", "/tmp", "tmpfs", 0, NULL))
CALL_ENDS(unshare, unshare(CLONE_NEWUSER))
CALL_ENDS(chroot, chroot("/"))
CALL_ENDS(setuid, setuid(0))
CALL_ENDS(bpf, syscall(SYS_bpf, 0, NULL, 0))
CALL_ENDS(uring, syscall(SYS_io_uring_setup, 1, NULL))
CALL_ENDS(keyctl, syscall(SYS_keyctl, 0, 0, 0, 0, 0))
CALL_ENDS(memfd, syscall(SYS_memfd_create, "x", 0))
CALL_ENDS(vm_read, syscall(SYS_process_vm_readv, parent, NULL, 0, NULL, 0, 0))
CALL_ENDS(handle, syscall(SYS_open_by_handle_at, -1, NULL, 0))
CALL_ENDS(fault, syscall(SYS_userfaultfd, 0))
CALL_ENDS(module, syscall(SYS_init_module, NULL, 0, ""))
CALL_ENDS(kexec, syscall(SYS_kexec_load, 0, 0, NULL, 0))
CALL_ENDS(pivot, syscall(SYS_pivot_root, "/", "/"))
CALL_ENDS(setns, setns(0, 0))

static const struct attempt {
	const char *name;
	bool (*fn)(const struct role_row *row);
} attempts[] = {
	{ "read or write another's files", try_files },
	{ "write where it may only read", try_write },
	{ "open the network", try_network },
	{ "accept connections", try_accept },
	{ "signal its parent", try_signal },
	{ "run a program", try_exec },
	{ "fork", try_fork },
	{ "clone a process", try_clone },
	{ "trace its parent", try_ptrace },
	{ "mount", try_mount },
	{ "make a namespace", try_unshare },
	{ "change root", try_chroot },
	{ "become root", try_setuid },
	{ "load BPF", try_bpf },
	{ "set up io_uring", try_uring },
	{ "use keyrings", try_keyctl },
	{ "make an executable memory file", try_memfd },
	{ "read its parent's memory", try_vm_read },
	{ "open by handle", try_handle },
	{ "take page faults", try_fault },
	{ "load a module", try_module },
	{ "load a kernel", try_kexec },
	{ "pivot root", try_pivot },
	{ "join a namespace", try_setns },
};

/* In the child: close the fence as child.c does, then try. */
static void
child_try(const struct role_row *row, const struct attempt *a)
{
	struct fence f = row->fence;
	char path[4][256];
	json_t *told = json_object();
	struct fault why;

	for (unsigned i = 0; i < 4; i++)
		if (f.folder[i] != NULL) {
			memcpy(path[i], below(f.folder[i]), sizeof path[i]);
			f.folder[i] = path[i];
		}
	(void)signal(SIGSYS, SIG_DFL);
	if (fence_limits(&why) != ERR_OK ||
	    fence_close(&f, told, &why) != ERR_OK) {
		(void)dprintf(2, "%s\n", why.text);
		_exit(99);
	}
	_exit(a->fn(row) ? 1 : 0);
}

static void
every_process_stays_inside(void **state)
{
	unsigned tried = 0;

	(void)state;
	for (const enum role *r = role_order; *r != ROLE_N; r++) {
		const struct role_row *row = role_row(*r);

		for (size_t i = 0; i < sizeof attempts / sizeof attempts[0];
		     i++) {
			int status;
			pid_t pid = fork();

			assert_true(pid != -1);
			if (pid == 0)
				child_try(row, &attempts[i]);
			assert_int_equal(waitpid(pid, &status, 0), pid);
			tried++;
			if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
				continue;
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
				fail_msg("%s could %s (status %d)",
				    role_name(*r), attempts[i].name, status);
		}
	}
	assert_true(tried >= 8 * 24);
}

/* The fence must not be so close that honest work is impossible. */
static void
an_honest_writer_still_works(void **state)
{
	const struct role_row *row = role_row(ROLE_KEEPER);
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid != -1);
	if (pid == 0) {
		struct fence f = row->fence;
		char path[256];
		json_t *told = json_object();
		struct fault why;
		int fd;

		memcpy(path, below("vault"), sizeof path);
		f.folder[0] = path;
		f.folder[1] = NULL;
		if (fence_close(&f, told, &why) != ERR_OK)
			_exit(1);
		fd = open(below("vault/x"), O_CREAT | O_RDWR, 0600);
		if (fd == -1 || write(fd, "x", 1) != 1 || fdatasync(fd) != 0)
			_exit(2);
		if (rename(below("vault/x"), below("vault/x")) != 0)
			_exit(3);
		_exit(unlink(below("vault/x")) == 0 ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_process_stays_inside),
		cmocka_unit_test(an_honest_writer_still_works),
	};

	return cmocka_run_group_tests_name(
	    "fence", tests, folder_make, folder_remove);
}
