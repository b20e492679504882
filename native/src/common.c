#include "common.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

bool ciphers_load(ciphers *set) {
  set->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
  set->chacha = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
  set->cfb = EVP_CIPHER_fetch(NULL, "AES-128-CFB", NULL);
  return set->gcm != NULL && set->chacha != NULL && set->cfb != NULL;
}

void ciphers_free(ciphers *set) {
  EVP_CIPHER_free(set->gcm);
  EVP_CIPHER_free(set->chacha);
  EVP_CIPHER_free(set->cfb);
}

bool random_fill(random_pool *pool, uint8_t *out, size_t count) {
  if (!pool->ready || pool->used + count > sizeof pool->bytes) {
    if (RAND_bytes(pool->bytes, (int)sizeof pool->bytes) != 1) return false;
    pool->used = 0;
    pool->ready = true;
  }
  memcpy(out, pool->bytes + pool->used, count);
  OPENSSL_cleanse(pool->bytes + pool->used, count);
  pool->used += count;
  return true;
}
