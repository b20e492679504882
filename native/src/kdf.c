#include "kdf.h"

#include <openssl/sha.h>

#define BLOCK_BYTES 64

static inline void compress(sha256_state *state, const uint8_t block[BLOCK_BYTES]) {
  SHA256_CTX context;
  memcpy(context.h, state->words, sizeof state->words);
  SHA256_Transform(&context, block);
  memcpy(state->words, context.h, sizeof state->words);
}

static void compress_pad(sha256_state *state, const uint8_t *key, size_t bytes, uint8_t pad) {
  uint8_t block[BLOCK_BYTES];
  memset(block, pad, sizeof block);
  for (size_t i = 0; i < bytes; i += 1) block[i] ^= key[i];
  compress(state, block);
}

static bool append(kdf_path *path, const uint8_t *element, size_t bytes) {
  if (bytes > BLOCK_BYTES || path->levels == KDF_MAX_LEVELS) return false;
  sha256_state *outer = &path->outer[path->levels];
  *outer = path->start;
  compress_pad(outer, element, bytes, 0x5c);
  compress_pad(&path->start, element, bytes, 0x36);
  path->levels += 1;
  return true;
}

void kdf_root(kdf_path *path) {
  static const char root[] = "VMess AEAD KDF";
  static const sha256_state initial = {{0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au, 0x510e527fu, 0x9b05688cu,
                                        0x1f83d9abu, 0x5be0cd19u}};
  path->levels = 0;
  path->start = initial;
  append(path, (const uint8_t *)root, sizeof root - 1);
}

bool kdf_append(kdf_path *path, const uint8_t *element, size_t bytes) { return append(path, element, bytes); }

bool kdf_finish(const kdf_path *path, const uint8_t *key, size_t bytes, uint8_t out[KDF_OUTPUT_BYTES]) {
  if (bytes > 55) return false;
  uint8_t block[BLOCK_BYTES] = {0};
  memcpy(block, key, bytes);
  block[bytes] = 0x80;
  store_u32(block + 60, (uint32_t)((size_t)path->levels * BLOCK_BYTES + bytes) * 8);
  sha256_state state = path->start;
  compress(&state, block);

  memset(block + 32, 0, 28);
  block[32] = 0x80;
  for (uint32_t link = 1; link < 1u << path->levels; link += 1) {
    int level = __builtin_ctz(link);
    for (int i = 0; i < 8; i += 1) store_u32(block + 4 * i, state.words[i]);
    store_u32(block + 60, (uint32_t)(level + 1) * BLOCK_BYTES * 8 + 32 * 8);
    state = path->outer[level];
    compress(&state, block);
  }
  for (int i = 0; i < 8; i += 1) store_u32(out + 4 * i, state.words[i]);
  return true;
}

static void label(kdf_path *path, const char *text) {
  kdf_root(path);
  append(path, (const uint8_t *)text, strlen(text));
}

void kdf_labels_init(kdf_labels *labels) {
  label(&labels->auth_id, "AES Auth ID Encryption");
  label(&labels->header_length_key, "VMess Header AEAD Key_Length");
  label(&labels->header_length_nonce, "VMess Header AEAD Nonce_Length");
  label(&labels->header_key, "VMess Header AEAD Key");
  label(&labels->header_nonce, "VMess Header AEAD Nonce");
  label(&labels->response_length_key, "AEAD Resp Header Len Key");
  label(&labels->response_length_nonce, "AEAD Resp Header Len IV");
  label(&labels->response_key, "AEAD Resp Header Key");
  label(&labels->response_nonce, "AEAD Resp Header IV");
  label(&labels->auth_len, "auth_len");
}
