#include "body_common.h"

#include <openssl/crypto.h>
#include <openssl/md5.h>

/* 32 bytes: MD5(key), MD5(MD5(key)). */
static void chacha_key(const uint8_t key[KEY_BYTES], uint8_t out[32]) {
  MD5(key, KEY_BYTES, out);
  MD5(out, 16, out + 16);
}

static bool aead_init(chunk_aead *aead, const body_state *state, const ciphers *set, const uint8_t key[KEY_BYTES],
                      const uint8_t iv[KEY_BYTES], bool encrypt) {
  aead->counter = 0;
  memcpy(aead->nonce, iv, NONCE_BYTES); /* the first two bytes give way to the counter */
  aead->context = EVP_CIPHER_CTX_new();
  if (aead->context == NULL) return false;
  if (state->security == BODY_GCM) return EVP_CipherInit_ex(aead->context, set->gcm, NULL, key, NULL, encrypt) == 1;
  uint8_t wide[32];
  chacha_key(key, wide);
  bool ready = EVP_CipherInit_ex(aead->context, set->chacha, NULL, wide, NULL, encrypt) == 1;
  OPENSSL_cleanse(wide, sizeof wide);
  return ready;
}

bool body_open(body_state *state, const body_format *format, const ciphers *set, const kdf_labels *labels, bool encrypt) {
  memset(state, 0, sizeof *state);
  state->security = format->security;
  state->flags = format->flags;
  state->size_bytes = 2;
  bool aead = format->security == BODY_GCM || format->security == BODY_CHACHA;
  if ((format->flags & ~(unsigned)BODY_FLAGS) != 0) return false;
  if (!(format->flags & BODY_CHUNKED) && (aead || format->flags != 0)) return false;
  if ((format->flags & BODY_SEALED_LENGTH) && !aead) return false;
  if ((format->flags & BODY_IMMEDIATE) && (format->security != BODY_NONE || (format->flags & BODY_PADDED))) return false;
  if (format->flags & (BODY_MASKED | BODY_PADDED)) shake128_init(&state->shake, format->iv);

  switch (format->security) {
    case BODY_NONE:
      return true;
    case BODY_GCM:
    case BODY_CHACHA:
      state->overhead = TAG_BYTES;
      if (!aead_init(&state->payload, state, set, format->key, format->iv, encrypt)) return false;
      if (format->flags & BODY_SEALED_LENGTH) {
        uint8_t key[KDF_OUTPUT_BYTES];
        state->size_bytes = 2 + TAG_BYTES;
        kdf_finish(&labels->auth_len, format->request_key, KEY_BYTES, key);
        bool ready = aead_init(&state->length, state, set, key, format->request_iv, encrypt);
        OPENSSL_cleanse(key, sizeof key);
        return ready;
      }
      return true;
    case BODY_CFB:
      state->overhead = CHECKSUM_BYTES;
      state->stream = EVP_CIPHER_CTX_new();
      return state->stream != NULL &&
             EVP_CipherInit_ex(state->stream, set->cfb, NULL, format->key, format->iv, encrypt) == 1;
    default:
      return false;
  }
}

void body_close(body_state *state) {
  EVP_CIPHER_CTX_free(state->payload.context);
  EVP_CIPHER_CTX_free(state->length.context);
  EVP_CIPHER_CTX_free(state->stream);
  OPENSSL_cleanse(state, sizeof *state);
}

static inline void next_nonce(chunk_aead *aead) {
  store_u16(aead->nonce, aead->counter);
  aead->counter = (uint16_t)(aead->counter + 1); /* wraps, as every peer's does (docs/wire-format.md, section 6.4) */
}

bool chunk_seal(chunk_aead *aead, const uint8_t *plain, size_t bytes, uint8_t *out) {
  int written = 0;
  int final = 0;
  next_nonce(aead);
  if (EVP_EncryptInit_ex(aead->context, NULL, NULL, NULL, aead->nonce) != 1) return false;
  if (bytes > 0 && EVP_EncryptUpdate(aead->context, out, &written, plain, (int)bytes) != 1) return false;
  if (EVP_EncryptFinal_ex(aead->context, out + bytes, &final) != 1) return false;
  return EVP_CIPHER_CTX_ctrl(aead->context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, out + bytes) == 1;
}

bool chunk_open(chunk_aead *aead, const uint8_t *sealed, size_t bytes, uint8_t *out) {
  int written = 0;
  int final = 0;
  uint8_t tag[TAG_BYTES];
  size_t plain = bytes - TAG_BYTES;
  next_nonce(aead);
  memcpy(tag, sealed + plain, TAG_BYTES); /* the setter takes a writable pointer */
  if (EVP_DecryptInit_ex(aead->context, NULL, NULL, NULL, aead->nonce) != 1) return false;
  if (EVP_CIPHER_CTX_ctrl(aead->context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) != 1) return false;
  if (plain > 0 && EVP_DecryptUpdate(aead->context, out, &written, sealed, (int)plain) != 1) return false;
  return EVP_DecryptFinal_ex(aead->context, out + plain, &final) == 1;
}

bool stream_update(EVP_CIPHER_CTX *context, const uint8_t *in, size_t bytes, uint8_t *out) {
  /* EVP counts in int: a read of 2 GiB or more goes in parts. */
  const size_t most = 1u << 30;
  while (bytes > 0) {
    int written = 0;
    size_t part = bytes < most ? bytes : most;
    if (EVP_CipherUpdate(context, out, &written, in, (int)part) != 1 || (size_t)written != part) return false;
    in += part;
    out += part;
    bytes -= part;
  }
  return true;
}
