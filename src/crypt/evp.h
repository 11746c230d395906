/*
 * crypt/evp.h: libcrypto's header, one of whose type names is one of our
 * error codes. For this room only.
 */
#ifndef CRYPT_EVP_H
#define CRYPT_EVP_H

#define ERR_STATE openssl_ERR_STATE
#include <openssl/evp.h>
#undef ERR_STATE

#endif
