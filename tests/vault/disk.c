/*
 * tests/vault/disk.c: files and folders as lists of nodes, each in two
 * states: as the program sees it, and as it is after a power cut.
 */
#include "disk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define NODES 4096
#define HANDLES 512
#define NAMES 512
#define NAME_LEN 80

struct name {
	char text[NAME_LEN];
	int node;
};

struct content {
	uint8_t *at;
	size_t len;
	struct name name[NAMES]; /* of a folder */
	int n_names;
};

struct node {
	bool folder;
	struct content now, kept;
};

struct disk {
	struct env env;
	struct node *node[NODES];
	int n_nodes;
	int handle[HANDLES]; /* node, or -1 */
	uint64_t left, seed;
	bool dark;
};

static uint64_t
chance(struct disk *d)
{
	uint64_t z = d->seed += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static void
content_copy(struct content *to, const struct content *from)
{
	free(to->at);
	*to = *from;
	to->at = malloc(from->len + 1);
	assert(to->at != NULL);
	if (from->len > 0)
		memcpy(to->at, from->at, from->len);
}

/* Counts an operation; false when the power has gone. */
static bool
lit(struct env *env, struct fault *why)
{
	struct disk *d = env->state;

	if (d->left == 0) {
		d->dark = true;
		(void)fault_set(why, ERR_IO, "the power has gone");
		return false;
	}
	if (d->left != UINT64_MAX)
		d->left--;
	return true;
}

static int
node_new(struct disk *d, bool folder)
{
	assert(d->n_nodes < NODES);
	d->node[d->n_nodes] = calloc(1, sizeof(struct node));
	assert(d->node[d->n_nodes] != NULL);
	d->node[d->n_nodes]->folder = folder;
	return d->n_nodes++;
}

static struct name *
name_find(struct content *c, const char *text)
{
	for (int i = 0; i < c->n_names; i++)
		if (strcmp(c->name[i].text, text) == 0)
			return &c->name[i];
	return NULL;
}

static void
name_set(struct content *c, const char *text, int node)
{
	struct name *n = name_find(c, text);

	if (n == NULL) {
		assert(c->n_names < NAMES);
		n = &c->name[c->n_names++];
		(void)snprintf(n->text, sizeof n->text, "%s", text);
	}
	n->node = node;
}

static void
name_drop(struct content *c, const char *text)
{
	struct name *n = name_find(c, text);

	if (n != NULL)
		*n = c->name[--c->n_names];
}

/* The folder that a path's last part lies in, and that part; -1 if none. */
static int
folder_of(struct disk *d, int dir, const char *path, const char **last)
{
	int node = d->handle[dir];
	const char *slash = strchr(path, '/');
	char first[NAME_LEN];
	struct name *n;

	*last = path;
	if (slash == NULL)
		return node;
	(void)snprintf(first, sizeof first, "%.*s", (int)(slash - path), path);
	*last = slash + 1;
	n = name_find(&d->node[node]->now, first);
	return n == NULL ? -1 : n->node;
}

static int
handle_new(struct disk *d, int node)
{
	for (int i = 0; i < HANDLES; i++) {
		if (d->handle[i] == -1) {
			d->handle[i] = node;
			return i;
		}
	}
	abort(); /* no handle is left */
}

static int64_t
disk_now_us(struct env *env)
{
	(void)env;
	return INT64_C(1795312800000000);
}

static enum err
disk_random(struct env *env, void *to, size_t len, struct fault *why)
{
	uint8_t *p = to;

	(void)why;
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)chance(env->state);
	return ERR_OK;
}

static enum err
disk_open(struct env *env, int dir, const char *path, enum env_open how,
    int *fd, struct fault *why)
{
	struct disk *d = env->state;
	const char *last;
	struct name *n;
	int folder, node;

	if (!lit(env, why))
		return ERR_IO;
	folder = folder_of(d, dir, path, &last);
	n = folder == -1 ? NULL : name_find(&d->node[folder]->now, last);
	if (folder == -1 || (n == NULL && how == ENV_READ))
		return fault_set(why, ERR_NOT_FOUND, "no %s", path);
	if (n != NULL && how == ENV_CREATE)
		return fault_set(why, ERR_EXISTS, "%s", path);
	node = n == NULL ? node_new(d, false) : n->node;
	if (n == NULL)
		name_set(&d->node[folder]->now, last, node);
	*fd = handle_new(d, node);
	return ERR_OK;
}

static enum err
disk_open_dir(struct env *env, int dir, const char *name, bool make, int *fd,
    struct fault *why)
{
	struct disk *d = env->state;
	struct content *c = &d->node[d->handle[dir]]->now;
	struct name *n;

	if (!lit(env, why))
		return ERR_IO;
	n = name_find(c, name);
	if (n == NULL && !make)
		return fault_set(why, ERR_NOT_FOUND, "no folder %s", name);
	if (n == NULL) {
		name_set(c, name, node_new(d, true));
		n = name_find(c, name);
	}
	*fd = handle_new(d, n->node);
	return ERR_OK;
}

static void
disk_close(struct env *env, int fd)
{
	struct disk *d = env->state;

	assert(fd > 0 && fd < HANDLES && d->handle[fd] != -1);
	d->handle[fd] = -1;
}

static enum err
disk_size(struct env *env, int fd, uint64_t *len, struct fault *why)
{
	struct disk *d = env->state;

	if (!lit(env, why))
		return ERR_IO;
	*len = d->node[d->handle[fd]]->now.len;
	return ERR_OK;
}

static enum err
disk_read(struct env *env, int fd, uint64_t at, void *to, size_t len,
    struct fault *why)
{
	struct disk *d = env->state;
	const struct content *c = &d->node[d->handle[fd]]->now;

	if (!lit(env, why))
		return ERR_IO;
	if (at > c->len || len > c->len - at)
		return fault_set(why, ERR_DAMAGE, "the file ends");
	if (len > 0)
		memcpy(to, c->at + at, len);
	return ERR_OK;
}

static enum err
disk_write(struct env *env, int fd, struct span s, struct fault *why)
{
	struct disk *d = env->state;
	struct content *c = &d->node[d->handle[fd]]->now;

	if (!lit(env, why))
		return ERR_IO;
	c->at = realloc(c->at, c->len + s.len + 1);
	assert(c->at != NULL);
	if (s.len > 0)
		memcpy(c->at + c->len, s.at, s.len);
	c->len += s.len;
	return ERR_OK;
}

static enum err
disk_truncate(struct env *env, int fd, uint64_t len, struct fault *why)
{
	struct disk *d = env->state;
	struct content *c = &d->node[d->handle[fd]]->now;

	if (!lit(env, why))
		return ERR_IO;
	assert(len <= c->len);
	c->len = (size_t)len;
	return ERR_OK;
}

static enum err
disk_sync(struct env *env, int fd, struct fault *why)
{
	struct disk *d = env->state;
	struct node *n = d->node[d->handle[fd]];

	if (!lit(env, why))
		return ERR_IO;
	content_copy(&n->kept, &n->now);
	return ERR_OK;
}

static enum err
disk_rename(struct env *env, int dir, const char *from, const char *to,
    struct fault *why)
{
	struct disk *d = env->state;
	const char *a, *b;
	int x, y;

	if (!lit(env, why))
		return ERR_IO;
	x = folder_of(d, dir, from, &a);
	y = folder_of(d, dir, to, &b);
	if (x == -1 || y == -1 || name_find(&d->node[x]->now, a) == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no %s", from);
	name_set(&d->node[y]->now, b, name_find(&d->node[x]->now, a)->node);
	name_drop(&d->node[x]->now, a);
	return ERR_OK;
}

static enum err
disk_unlink(struct env *env, int dir, const char *name, struct fault *why)
{
	struct disk *d = env->state;
	const char *last;
	int folder;

	if (!lit(env, why))
		return ERR_IO;
	folder = folder_of(d, dir, name, &last);
	if (folder == -1 || name_find(&d->node[folder]->now, last) == NULL)
		return fault_set(why, ERR_NOT_FOUND, "no %s", name);
	name_drop(&d->node[folder]->now, last);
	return ERR_OK;
}

static enum err
disk_list(
    struct env *env, int dir, env_name_fn *fn, void *arg, struct fault *why)
{
	struct disk *d = env->state;
	const struct content *c = &d->node[d->handle[dir]]->now;
	enum err e = ERR_OK;

	if (!lit(env, why))
		return ERR_IO;
	for (int i = 0; i < c->n_names && e == ERR_OK; i++)
		e = fn(arg, c->name[i].text);
	return e;
}

static enum err
disk_space(struct env *env, int dir, uint64_t *bytes, struct fault *why)
{
	(void)dir;
	*bytes = UINT64_MAX;
	return lit(env, why) ? ERR_OK : ERR_IO;
}

struct disk *
disk_new(uint64_t seed)
{
	static const struct env_ops ops = {
		.now_us = disk_now_us,
		.random = disk_random,
		.open = disk_open,
		.open_dir = disk_open_dir,
		.close = disk_close,
		.size = disk_size,
		.read = disk_read,
		.write = disk_write,
		.truncate = disk_truncate,
		.sync = disk_sync,
		.rename = disk_rename,
		.unlink = disk_unlink,
		.list = disk_list,
		.space = disk_space,
	};
	struct disk *d = calloc(1, sizeof *d);

	assert(d != NULL);
	d->env = (struct env){ .ops = &ops, .state = d };
	d->seed = seed;
	d->left = UINT64_MAX;
	for (int i = 0; i < HANDLES; i++)
		d->handle[i] = -1;
	d->handle[0] = node_new(d, true);
	return d;
}

void
disk_free(struct disk *d)
{
	for (int i = 0; i < d->n_nodes; i++) {
		free(d->node[i]->now.at);
		free(d->node[i]->kept.at);
		free(d->node[i]);
	}
	free(d);
}

struct env *
disk_env(struct disk *d)
{
	return &d->env;
}

void
disk_power(struct disk *d, uint64_t n)
{
	d->left = n;
	d->dark = false;
}

bool
disk_is_dark(const struct disk *d)
{
	return d->dark;
}

/* Some of a folder's changes last, each by itself. */
static void
names_mix(struct disk *d, struct node *n)
{
	struct content mix = n->kept;

	for (int i = 0; i < n->now.n_names; i++) {
		const struct name *x = &n->now.name[i];

		if (chance(d) % 2 == 0)
			name_set(&mix, x->text, x->node);
	}
	for (int i = 0; i < n->kept.n_names; i++) {
		const char *text = n->kept.name[i].text;

		if (name_find(&n->now, text) == NULL && chance(d) % 2 == 0)
			name_drop(&mix, text);
	}
	content_copy(&n->kept, &mix);
}

/* The front of a file's new bytes lasts. */
static void
bytes_mix(struct disk *d, struct node *n)
{
	size_t len = n->kept.len, more;

	if (n->now.len <= len) /* cut, or not changed */
		return;
	if (len > 0 && memcmp(n->now.at, n->kept.at, len) != 0)
		return;
	more = (size_t)(chance(d) % (n->now.len - len + 1));
	n->now.len = len + more;
	content_copy(&n->kept, &n->now);
}

void
disk_restart(struct disk *d, bool some)
{
	for (int i = 0; i < d->n_nodes; i++) {
		struct node *n = d->node[i];

		if (some && n->folder)
			names_mix(d, n);
		else if (some)
			bytes_mix(d, n);
		content_copy(&n->now, &n->kept);
	}
	for (int i = 1; i < HANDLES; i++)
		d->handle[i] = -1;
	disk_power(d, UINT64_MAX);
}
