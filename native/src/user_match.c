#include "user_match.h"

#include <openssl/crypto.h>
#include <stdlib.h>

void user_keys_open(user_keys *users, const aes_backend *aes) {
  users->aes = aes;
  users->keys = NULL;
  users->count = 0;
  users->room = 0;
}

void user_keys_close(user_keys *users) {
  if (users->keys != NULL) OPENSSL_cleanse(users->keys, (users->room + AES_LANES) * users->aes->key_bytes);
  free(users->keys);
  users->keys = NULL;
  users->count = 0;
  users->room = 0;
}

/* Expanded keys are moved by hand: realloc would leave a copy of them behind. */
static bool grow(user_keys *users) {
  size_t bytes = users->aes->key_bytes;
  size_t room = users->room == 0 ? 16 : users->room * 2;
  uint8_t *grown = calloc(room + AES_LANES, bytes);
  if (grown == NULL) return false;
  if (users->keys != NULL) {
    memcpy(grown, users->keys, users->count * bytes);
    OPENSSL_cleanse(users->keys, users->count * bytes);
    free(users->keys);
  }
  users->keys = grown;
  users->room = room;
  return true;
}

bool user_keys_push(user_keys *users, const kdf_labels *labels, const uint8_t cmd_key[16]) {
  uint8_t key[KDF_OUTPUT_BYTES];
  if (users->count == users->room && !grow(users)) return false;
  kdf_finish(&labels->auth_id, cmd_key, KEY_BYTES, key);
  users->aes->expand(key, users->keys + users->count * users->aes->key_bytes);
  OPENSSL_cleanse(key, sizeof key);
  users->count += 1;
  return true;
}

bool user_keys_remove(user_keys *users, size_t index) {
  size_t bytes = users->aes->key_bytes;
  if (index >= users->count) return false;
  uint8_t *last = users->keys + (users->count - 1) * bytes;
  if (index < users->count - 1) memcpy(users->keys + index * bytes, last, bytes);
  OPENSSL_cleanse(last, bytes);
  users->count -= 1;
  return true;
}

/* CRC-32 (IEEE), bit by bit: it is asked for once in four thousand million wrong keys. */
static uint32_t crc32(const uint8_t *bytes, size_t count) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < count; i += 1) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit += 1) crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

int64_t user_keys_find(const user_keys *users, const uint8_t auth_id[16], size_t from, size_t to, uint32_t *seconds) {
  uint8_t plain[AES_LANES * AES_BLOCK_BYTES];
  if (to > users->count) to = users->count;
  for (size_t base = from; base < to; base += AES_LANES) {
    size_t lanes = to - base < AES_LANES ? to - base : AES_LANES;
    users->aes->decrypt(users->keys + base * users->aes->key_bytes, lanes, auth_id, plain);
    for (size_t lane = 0; lane < lanes; lane += 1) {
      const uint8_t *block = plain + lane * AES_BLOCK_BYTES;
      if (load_u32(block) != 0 || crc32(block, 12) != load_u32(block + 12)) continue;
      *seconds = load_u32(block + 4);
      return (int64_t)(base + lane);
    }
  }
  return -1;
}
