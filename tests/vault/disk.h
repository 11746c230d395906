/*
 * tests/vault/disk.h: a disk in memory that loses what was not synced.
 *
 * A file's bytes last from its sync on, a name from the sync of its folder
 * on; nothing else lasts (stricter than any file system). After so many
 * operations the power goes.
 */
#ifndef TESTS_VAULT_DISK_H
#define TESTS_VAULT_DISK_H

#include "base/env.h"

struct disk;

struct disk *disk_new(uint64_t seed);
void disk_free(struct disk *d);
/* disk_env: its env; folder 0 is the root. */
struct env *disk_env(struct disk *d);
/* disk_power: n more operations, then each fails; UINT64_MAX: no end.
 * disk_is_dark: the power has gone. */
void disk_power(struct disk *d, uint64_t n);
bool disk_is_dark(const struct disk *d);
/*
 * disk_restart: power is back. Of what was not synced nothing is left, or,
 * when `some`, a random part: the front of a file's new bytes, some names.
 */
void disk_restart(struct disk *d, bool some);

#endif
