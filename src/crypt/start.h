/*
 * crypt/start.h: what crypt_start calls in this room's other files.
 *
 * For this room only. Each loads what its later calls need and tries it
 * once; false when the library lacks it.
 */
#ifndef CRYPT_START_H
#define CRYPT_START_H

#include <stdbool.h>

bool hash_start(void);
bool aead_start(void);

#endif
