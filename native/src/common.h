/* What every file here shares: big-endian access, results, and the state of one JavaScript environment. */
#ifndef TSRAY_COMMON_H
#define TSRAY_COMMON_H

/* The low-level hash and block functions are marked deprecated but stay exported; they need no lookup per call. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TAG_BYTES 16
#define NONCE_BYTES 12
#define KEY_BYTES 16

static inline uint16_t load_u16(const uint8_t *at) { return (uint16_t)((at[0] << 8) | at[1]); }

static inline void store_u16(uint8_t *at, uint16_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static inline uint32_t load_u32(const uint8_t *at) {
  return ((uint32_t)at[0] << 24) | ((uint32_t)at[1] << 16) | ((uint32_t)at[2] << 8) | at[3];
}

static inline void store_u32(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 24);
  at[1] = (uint8_t)(value >> 16);
  at[2] = (uint8_t)(value >> 8);
  at[3] = (uint8_t)value;
}

/* FNV-1a 32; start with FNV_BASIS. */
#define FNV_BASIS 0x811c9dc5u

static inline uint32_t fnv1a32(uint32_t hash, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i += 1) hash = (hash ^ bytes[i]) * 0x01000193u;
  return hash;
}

/* The ciphers, looked up once for each environment: a lookup costs more than sealing a small chunk. */
typedef struct {
  EVP_CIPHER *gcm;
  EVP_CIPHER *chacha;
  EVP_CIPHER *cfb;
} ciphers;

/* False if OpenSSL lacks one of them; `ciphers_free` is due in either case. */
bool ciphers_load(ciphers *set);
void ciphers_free(ciphers *set);

/* Random bytes drawn in blocks. What was handed out is erased. */
typedef struct {
  size_t used;
  bool ready;
  uint8_t bytes[4096];
} random_pool;

/* Fills `out` (at most 255 bytes); false if the generator fails. */
bool random_fill(random_pool *pool, uint8_t *out, size_t count);

#endif
