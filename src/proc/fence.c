/*
 * proc/fence.c: users, no-new-privileges, Landlock and seccomp.
 *
 * The only room that includes their headers. A call outside the list fails
 * with EPERM; those that only an attacker has a use for end the process.
 */
#include "proc/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS_MAX 64

/* Newer than the headers of Debian 12; the kernel says which it knows. */
#define ACCESS_REFER (UINT64_C(1) << 13)
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)
#define ACCESS_IOCTL (UINT64_C(1) << 15)
#define NET_BIND (UINT64_C(1) << 0)
#define NET_CONNECT (UINT64_C(1) << 1)
#define SCOPE_SOCKET (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

/* struct landlock_ruleset_attr as ABI 6 knows it. */
struct ruleset {
	uint64_t files, net, scope;
};

static const char *const calls_all[] = {
	"read",
	"write",
	"readv",
	"writev",
	"pread64",
	"pwrite64",
	"close",
	"fstat",
	"newfstatat",
	"lseek",
	"mmap",
	"munmap",
	"mprotect",
	"mremap",
	"madvise",
	"brk",
	"futex",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	"clock_gettime",
	"clock_nanosleep",
	"gettimeofday",
	"nanosleep",
	"getpid",
	"gettid",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getrandom",
	"poll",
	"ppoll",
	"epoll_wait",
	"epoll_pwait",
	"epoll_ctl",
	"epoll_create1",
	"recvfrom",
	"recvmsg",
	"recvmmsg",
	"sendto",
	"sendmsg",
	"shutdown",
	"getsockopt",
	"setsockopt",
	"getsockname",
	"getpeername",
	"fcntl",
	"dup",
	"timerfd_create",
	"timerfd_settime",
	"eventfd2",
	"pipe2",
	"sched_yield",
	"sched_getaffinity",
	"exit",
	"exit_group",
	"restart_syscall",
	"rseq",
	"set_robust_list",
	"membarrier",
	"tgkill",
	"prlimit64",
	"sysinfo",
	"uname",
	"mlock",
	"munlock",
	"getcpu",
	"set_tid_address",
	"select",
	"pselect6",
	"getdents64",
	"ioctl",
	"times",
	"getrusage",
	"time",
	NULL,
};
static const char *const calls_accept[] = { "accept", "accept4", NULL };
static const char *const calls_open[] = { "openat", "open", "statx", "access",
	"faccessat", "faccessat2", "readlink", "readlinkat", "stat", "lstat",
	"statfs", "fstatfs", "getcwd", NULL };
static const char *const calls_change[] = { "fsync", "fdatasync", "ftruncate",
	"fallocate", "rename", "renameat", "renameat2", "unlink", "unlinkat",
	"mkdir", "mkdirat", "fchmod", "fchown", "utimensat", "rmdir",
	"sync_file_range", NULL };
/* Nothing honest here calls these: the process ends at once. */
static const char *const calls_kill[] = { "execve", "execveat", "fork", "vfork",
	"ptrace", "process_vm_readv", "process_vm_writev", "mount", "umount2",
	"pivot_root", "chroot", "unshare", "setns", "bpf", "io_uring_setup",
	"io_uring_enter", "keyctl", "add_key", "request_key", "init_module",
	"finit_module", "delete_module", "kexec_load", "kexec_file_load",
	"perf_event_open", "userfaultfd", "memfd_create", "reboot", "swapon",
	"swapoff", "open_by_handle_at", "setuid", "setgid", "setreuid",
	"setregid", "setresuid", "setresgid", "setgroups", NULL };

enum err
fence_user(const char *name, bool shares, bool groups, int root, bool *changed,
    struct fault *why)
{
	gid_t list[GROUPS_MAX];
	int n_list = 0;
	struct passwd *pw;
	struct group *gr;
	gid_t gid;

	*changed = false;
	if (geteuid() != 0)
		return ERR_OK;
	if ((pw = getpwnam(name)) == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no user %s", name);
	gid = pw->pw_gid;
	if (shares && (gr = getgrnam("beimen")) == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no group beimen");
	if (shares)
		gid = gr->gr_gid;
	if (groups) {
		n_list = GROUPS_MAX;
		if (getgrouplist(name, gid, list, &n_list) == -1)
			return fault_set(
			    why, ERR_LIMIT, "%s has too many groups", name);
	}
	if (root != -1 && (fchdir(root) == -1 || chroot(".") == -1))
		return fault_sys(why, ERR_IO, "cannot change root");
	if (setgroups((size_t)n_list, list) == -1 ||
	    setresgid(gid, gid, gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
		return fault_sys(why, ERR_IO, "cannot become %s", name);
	if (setresuid(0, 0, 0) != -1)
		return fault_set(why, ERR_STATE, "root can be had again");
	*changed = true;
	return ERR_OK;
}

enum err
fence_limits(struct fault *why)
{
	const struct rlimit none = { 0, 0 };
	struct rlimit files = { 20000, 20000 };
	struct rlimit have;

	if (setrlimit(RLIMIT_CORE, &none) == -1)
		return fault_sys(why, ERR_IO, "cannot set limits");
	if (getrlimit(RLIMIT_NOFILE, &have) == 0 &&
	    have.rlim_max < files.rlim_max)
		files.rlim_cur = files.rlim_max = have.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) == -1)
		return fault_sys(why, ERR_IO, "cannot set limits");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return fault_sys(why, ERR_IO, "cannot forbid core dumps");
	return ERR_OK;
}

/* What Landlock can govern at an ABI. */
static struct ruleset
ruleset_at(int abi)
{
	struct ruleset r = { .files = (UINT64_C(1) << 13) - 1 };

	if (abi >= 2)
		r.files |= ACCESS_REFER;
	if (abi >= 3)
		r.files |= ACCESS_TRUNCATE;
	if (abi >= 4)
		r.net = NET_BIND | NET_CONNECT;
	if (abi >= 5)
		r.files |= ACCESS_IOCTL;
	if (abi >= 6)
		r.scope = SCOPE_SOCKET | SCOPE_SIGNAL;
	return r;
}

/* Allows a folder to the ruleset. */
static enum err
landlock_folder(int set, const struct ruleset *r, const char *path, bool change,
    struct fault *why)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
		    LANDLOCK_ACCESS_FS_READ_DIR,
	};
	enum err e = ERR_OK;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC | O_DIRECTORY);
	if (rule.parent_fd == -1)
		return fault_sys(why, ERR_IO, "cannot open folder %s", path);
	if (change)
		rule.allowed_access |= LANDLOCK_ACCESS_FS_WRITE_FILE |
		    LANDLOCK_ACCESS_FS_REMOVE_FILE |
		    LANDLOCK_ACCESS_FS_REMOVE_DIR |
		    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
		    (r->files & (ACCESS_REFER | ACCESS_TRUNCATE));
	if (syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) == -1)
		e = fault_sys(why, ERR_IO, "Landlock refuses %s", path);
	(void)close(rule.parent_fd);
	return e;
}

/* Allows reading below an open folder. */
static enum err
landlock_reads(int set, int fd, struct fault *why)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
		    LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = fd,
	};

	if (syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) == -1)
		return fault_sys(why, ERR_IO, "Landlock refuses a folder");
	return ERR_OK;
}

/* Closes Landlock; *abi 0 when the kernel has none. */
static enum err
landlock_close(const struct fence *f, int *abi, struct fault *why)
{
	long found = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset r = ruleset_at((int)found);
	size_t len = found >= 6 ? 24 : found >= 4 ? 16 : 8;
	int set;
	enum err e = ERR_OK;

	*abi = 0;
	if (found <= 0)
		return ERR_OK;
	set = (int)syscall(SYS_landlock_create_ruleset, &r, len, 0);
	if (set == -1)
		return fault_sys(why, ERR_IO, "cannot make a Landlock ruleset");
	for (size_t i = 0; i < 4 && e == ERR_OK; i++)
		if (f->folder[i] != NULL)
			e = landlock_folder(set, &r, f->folder[i],
			    (f->may & MAY_CHANGE) != 0, why);
	for (unsigned i = 0; i < f->n_reads && e == ERR_OK; i++)
		e = landlock_reads(set, f->reads[i], why);
	if (e == ERR_OK && syscall(SYS_landlock_restrict_self, set, 0) == -1)
		e = fault_sys(why, ERR_IO, "cannot close Landlock");
	(void)close(set);
	if (e == ERR_OK)
		*abi = (int)found;
	return e;
}

/* Adds the named calls with one action; names a kernel lacks are skipped. */
static enum err
calls_add(scmp_filter_ctx ctx, uint32_t action, const char *const *name,
    struct fault *why)
{
	for (; *name != NULL; name++) {
		int nr = seccomp_syscall_resolve_name(*name);
		int n;

		if (nr == __NR_SCMP_ERROR || nr < 0)
			continue;
		n = seccomp_rule_add(ctx, action, nr, 0);
		if (n != 0)
			return fault_set(
			    why, ERR_IO, "seccomp: %s: error %d", *name, -n);
	}
	return ERR_OK;
}

/*
 * Threads, but no processes: clone only with CLONE_THREAD. clone3 hides its
 * flags from the filter, so the C library is told that there is none.
 */
static enum err
threads_add(scmp_filter_ctx ctx, struct fault *why)
{
	int n = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

	if (n == 0)
		n = seccomp_rule_add(
		    ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (n != 0)
		return fault_set(why, ERR_IO, "seccomp: threads: error %d", -n);
	return ERR_OK;
}

/* Closes seccomp by the list of what the process may do. */
static enum err
seccomp_close(unsigned may, struct fault *why)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	enum err e;

	if (ctx == NULL)
		return fault_set(why, ERR_MEMORY, "seccomp");
	e = calls_add(ctx, SCMP_ACT_ALLOW, calls_all, why);
	if (e == ERR_OK && (may & MAY_ACCEPT) != 0)
		e = calls_add(ctx, SCMP_ACT_ALLOW, calls_accept, why);
	if (e == ERR_OK && (may & (MAY_OPEN | MAY_CHANGE)) != 0)
		e = calls_add(ctx, SCMP_ACT_ALLOW, calls_open, why);
	if (e == ERR_OK && (may & MAY_CHANGE) != 0)
		e = calls_add(ctx, SCMP_ACT_ALLOW, calls_change, why);
	if (e == ERR_OK && (may & MAY_THREAD) != 0)
		e = threads_add(ctx, why);
	if (e == ERR_OK)
		e = calls_add(ctx, SCMP_ACT_KILL_PROCESS, calls_kill, why);
	if (e == ERR_OK && seccomp_load(ctx) != 0)
		e = fault_set(why, ERR_IO, "cannot load the seccomp filter");
	seccomp_release(ctx);
	return e;
}

enum err
fence_close(const struct fence *f, json_t *told, struct fault *why)
{
	int abi = 0;
	enum err e;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return fault_sys(why, ERR_IO, "cannot set no-new-privileges");
	if ((e = landlock_close(f, &abi, why)) != ERR_OK)
		return e;
	if ((e = seccomp_close(f->may, why)) != ERR_OK)
		return e;
	json_object_set_new(told, "uid", json_integer((json_int_t)getuid()));
	json_object_set_new(told, "no_new_privs", json_true());
	json_object_set_new(told, "landlock_abi", json_integer(abi));
	json_object_set_new(told, "seccomp", json_true());
	return ERR_OK;
}
