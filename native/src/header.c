#include "header.h"

#include <openssl/crypto.h>

bool header_tools_open(header_tools *tools, const ciphers *set, const kdf_labels *labels) {
  tools->labels = labels;
  tools->gcm = EVP_CIPHER_CTX_new();
  return tools->gcm != NULL && EVP_CipherInit_ex(tools->gcm, set->gcm, NULL, NULL, NULL, 1) == 1;
}

void header_tools_close(header_tools *tools) { EVP_CIPHER_CTX_free(tools->gcm); }

/* Key and nonce of one sealed part. */
typedef struct {
  uint8_t key[KDF_OUTPUT_BYTES];
  uint8_t nonce[KDF_OUTPUT_BYTES];
} part_keys;

static bool seal(const header_tools *tools, const part_keys *keys, const uint8_t *aad, size_t aad_bytes,
                 const uint8_t *plain, size_t bytes, uint8_t *out) {
  EVP_CIPHER_CTX *gcm = tools->gcm;
  int written = 0;
  if (EVP_EncryptInit_ex(gcm, NULL, NULL, keys->key, keys->nonce) != 1) return false;
  if (aad_bytes > 0 && EVP_EncryptUpdate(gcm, NULL, &written, aad, (int)aad_bytes) != 1) return false;
  if (bytes > 0 && EVP_EncryptUpdate(gcm, out, &written, plain, (int)bytes) != 1) return false;
  if (EVP_EncryptFinal_ex(gcm, out + bytes, &written) != 1) return false;
  return EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, out + bytes) == 1;
}

static bool open(const header_tools *tools, const part_keys *keys, const uint8_t *aad, size_t aad_bytes,
                 const uint8_t *sealed, size_t bytes, uint8_t *out) {
  EVP_CIPHER_CTX *gcm = tools->gcm;
  int written = 0;
  uint8_t tag[TAG_BYTES];
  size_t plain = bytes - TAG_BYTES;
  memcpy(tag, sealed + plain, TAG_BYTES);
  if (EVP_DecryptInit_ex(gcm, NULL, NULL, keys->key, keys->nonce) != 1) return false;
  if (EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) != 1) return false;
  if (aad_bytes > 0 && EVP_DecryptUpdate(gcm, NULL, &written, aad, (int)aad_bytes) != 1) return false;
  if (plain > 0 && EVP_DecryptUpdate(gcm, out, &written, sealed, (int)plain) != 1) return false;
  return EVP_DecryptFinal_ex(gcm, out + plain, &written) == 1;
}

/* KDF(cmdKey, label, AuthID, connection nonce). */
static void derive(const kdf_path *label, const uint8_t cmd_key[16], const uint8_t auth_id[16], const uint8_t nonce[8],
                   uint8_t out[KDF_OUTPUT_BYTES]) {
  kdf_path path = *label;
  kdf_append(&path, auth_id, AUTH_ID_BYTES);
  kdf_append(&path, nonce, CONNECTION_NONCE_BYTES);
  kdf_finish(&path, cmd_key, KEY_BYTES, out);
}

static void derive_part(const kdf_path *key_label, const kdf_path *nonce_label, const uint8_t cmd_key[16],
                        const uint8_t auth_id[16], const uint8_t nonce[8], part_keys *keys) {
  derive(key_label, cmd_key, auth_id, nonce, keys->key);
  derive(nonce_label, cmd_key, auth_id, nonce, keys->nonce);
}

bool request_seal(const header_tools *tools, const uint8_t cmd_key[16], const uint8_t auth_id[16],
                  const uint8_t nonce[8], const uint8_t *plain, size_t bytes, uint8_t *out) {
  const kdf_labels *labels = tools->labels;
  part_keys length_keys, header_keys;
  uint8_t length[2];
  if (bytes > MAX_HEADER_BYTES) return false;
  store_u16(length, (uint16_t)bytes);
  derive_part(&labels->header_length_key, &labels->header_length_nonce, cmd_key, auth_id, nonce, &length_keys);
  derive_part(&labels->header_key, &labels->header_nonce, cmd_key, auth_id, nonce, &header_keys);
  memcpy(out, auth_id, AUTH_ID_BYTES);
  memcpy(out + AUTH_ID_BYTES + SEALED_LENGTH_BYTES, nonce, CONNECTION_NONCE_BYTES);
  bool sealed = seal(tools, &length_keys, auth_id, AUTH_ID_BYTES, length, 2, out + AUTH_ID_BYTES) &&
                seal(tools, &header_keys, auth_id, AUTH_ID_BYTES, plain, bytes, out + REQUEST_PREFIX_BYTES);
  OPENSSL_cleanse(&length_keys, sizeof length_keys);
  OPENSSL_cleanse(&header_keys, sizeof header_keys);
  return sealed;
}

int32_t request_open_length(const header_tools *tools, const uint8_t cmd_key[16], const uint8_t *prefix) {
  const kdf_labels *labels = tools->labels;
  part_keys keys;
  uint8_t length[2];
  derive_part(&labels->header_length_key, &labels->header_length_nonce, cmd_key, prefix,
              prefix + AUTH_ID_BYTES + SEALED_LENGTH_BYTES, &keys);
  bool opened = open(tools, &keys, prefix, AUTH_ID_BYTES, prefix + AUTH_ID_BYTES, SEALED_LENGTH_BYTES, length);
  OPENSSL_cleanse(&keys, sizeof keys);
  return opened ? load_u16(length) : -1;
}

bool request_open(const header_tools *tools, const uint8_t cmd_key[16], const uint8_t *envelope, size_t bytes,
                  uint8_t *out) {
  const kdf_labels *labels = tools->labels;
  part_keys keys;
  if (bytes < REQUEST_PREFIX_BYTES + TAG_BYTES || bytes > REQUEST_PREFIX_BYTES + MAX_HEADER_BYTES + TAG_BYTES) return false;
  derive_part(&labels->header_key, &labels->header_nonce, cmd_key, envelope,
              envelope + AUTH_ID_BYTES + SEALED_LENGTH_BYTES, &keys);
  bool opened = open(tools, &keys, envelope, AUTH_ID_BYTES, envelope + REQUEST_PREFIX_BYTES,
                     bytes - REQUEST_PREFIX_BYTES, out);
  OPENSSL_cleanse(&keys, sizeof keys);
  return opened;
}

static void response_part(const kdf_path *key_label, const kdf_path *nonce_label, const uint8_t key[16],
                          const uint8_t iv[16], part_keys *keys) {
  kdf_finish(key_label, key, KEY_BYTES, keys->key);
  kdf_finish(nonce_label, iv, KEY_BYTES, keys->nonce);
}

bool response_seal(const header_tools *tools, const uint8_t key[16], const uint8_t iv[16], const uint8_t *plain,
                   size_t bytes, uint8_t *out) {
  const kdf_labels *labels = tools->labels;
  part_keys length_keys, header_keys;
  uint8_t length[2];
  if (bytes > MAX_HEADER_BYTES) return false;
  store_u16(length, (uint16_t)bytes);
  response_part(&labels->response_length_key, &labels->response_length_nonce, key, iv, &length_keys);
  response_part(&labels->response_key, &labels->response_nonce, key, iv, &header_keys);
  bool sealed = seal(tools, &length_keys, NULL, 0, length, 2, out) &&
                seal(tools, &header_keys, NULL, 0, plain, bytes, out + SEALED_LENGTH_BYTES);
  OPENSSL_cleanse(&length_keys, sizeof length_keys);
  OPENSSL_cleanse(&header_keys, sizeof header_keys);
  return sealed;
}

int32_t response_open_length(const header_tools *tools, const uint8_t key[16], const uint8_t iv[16],
                             const uint8_t sealed[SEALED_LENGTH_BYTES]) {
  const kdf_labels *labels = tools->labels;
  part_keys keys;
  uint8_t length[2];
  response_part(&labels->response_length_key, &labels->response_length_nonce, key, iv, &keys);
  bool opened = open(tools, &keys, NULL, 0, sealed, SEALED_LENGTH_BYTES, length);
  OPENSSL_cleanse(&keys, sizeof keys);
  return opened ? load_u16(length) : -1;
}

bool response_open(const header_tools *tools, const uint8_t key[16], const uint8_t iv[16], const uint8_t *sealed,
                   size_t bytes, uint8_t *out) {
  const kdf_labels *labels = tools->labels;
  part_keys keys;
  if (bytes < TAG_BYTES || bytes > MAX_HEADER_BYTES + TAG_BYTES) return false;
  response_part(&labels->response_key, &labels->response_nonce, key, iv, &keys);
  bool opened = open(tools, &keys, NULL, 0, sealed, bytes, out);
  OPENSSL_cleanse(&keys, sizeof keys);
  return opened;
}
