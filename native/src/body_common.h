/*
 * What both directions of a VMess body share (docs/wire-format.md, section 6): the layout, the keys, the length masks
 * and the AEAD of one direction.
 *
 *   size field (2, or 18 sealed) | protected payload | padding (0 to 63)
 */
#ifndef TSRAY_BODY_COMMON_H
#define TSRAY_BODY_COMMON_H

#include "common.h"
#include "kdf.h"
#include "shake128.h"

enum body_security { BODY_NONE = 0, BODY_GCM = 1, BODY_CHACHA = 2, BODY_CFB = 3 };

/* Bits of a layout: what JavaScript decided from security, options and command. */
enum body_flag {
  BODY_CHUNKED = 1,
  BODY_MASKED = 2,
  BODY_PADDED = 4,
  BODY_SEALED_LENGTH = 8,
  BODY_END_CHUNK = 16,
  /* Nothing protects the payload and no border matters: it is delivered before its chunk is complete. */
  BODY_IMMEDIATE = 32,
  BODY_FLAGS = 63
};

#define MAX_PADDING_BYTES 63
#define MAX_SIZE_FIELD_BYTES 18
#define MAX_SIZE_VALUE 65535
#define CHECKSUM_BYTES 4

typedef struct {
  enum body_security security;
  unsigned flags;
  uint8_t key[KEY_BYTES];
  uint8_t iv[KEY_BYTES];
  uint8_t request_key[KEY_BYTES];
  uint8_t request_iv[KEY_BYTES];
} body_format;

/* One AEAD key with its chunk counter. */
typedef struct {
  EVP_CIPHER_CTX *context;
  uint16_t counter;
  uint8_t nonce[NONCE_BYTES];
} chunk_aead;

typedef struct {
  enum body_security security;
  unsigned flags;
  /* Bytes of a size field, and bytes that protection adds to a payload. */
  uint32_t size_bytes;
  uint32_t overhead;
  chunk_aead payload;
  chunk_aead length;
  EVP_CIPHER_CTX *stream;
  shake128 shake;
} body_state;

/* False for a layout that cannot be, or when OpenSSL is out of memory; `body_close` is due in either case. */
bool body_open(body_state *state, const body_format *format, const ciphers *set, const kdf_labels *labels, bool encrypt);
/* Idempotent. Erases the keys. */
void body_close(body_state *state);

/* What the next chunk's mask stream says. */
typedef struct {
  uint32_t padding;
  uint16_t mask;
} chunk_draw;

/* Padding first, then the mask: the order of all known peers (docs/wire-format.md, section 6.3). */
static inline chunk_draw body_draw(body_state *state) {
  chunk_draw draw = {0, 0};
  if (state->flags & BODY_PADDED) draw.padding = shake128_next_u16(&state->shake) % 64;
  if ((state->flags & (BODY_MASKED | BODY_SEALED_LENGTH)) == BODY_MASKED) draw.mask = shake128_next_u16(&state->shake);
  return draw;
}

/* Writes `bytes` of ciphertext and the tag to `out`. */
bool chunk_seal(chunk_aead *aead, const uint8_t *plain, size_t bytes, uint8_t *out);
/* `bytes` counts the tag. Writes bytes - 16 to `out`, verified or not. */
bool chunk_open(chunk_aead *aead, const uint8_t *sealed, size_t bytes, uint8_t *out);
/* The next `bytes` of a stream cipher. */
bool stream_update(EVP_CIPHER_CTX *context, const uint8_t *in, size_t bytes, uint8_t *out);

#endif
