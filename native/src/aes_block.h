/*
 * AES-128 decryption of one block under many keys: with the processor's AES instructions where it has them, else by
 * OpenSSL's single-block function. An expanded key is opaque and belongs to the backend that made it.
 */
#ifndef TSRAY_AES_BLOCK_H
#define TSRAY_AES_BLOCK_H

#include "common.h"

#define AES_BLOCK_BYTES 16
/* Keys tried at once: enough to hide the latency of an AES round. */
#define AES_LANES 4

typedef struct {
  const char *name;
  /* Bytes of an expanded key; a multiple of its alignment. */
  size_t key_bytes;
  void (*expand)(const uint8_t key[16], uint8_t *expanded);
  /*
   * `block` under each of `lanes` keys that lie behind one another. The memory of AES_LANES keys must be readable;
   * what `out` holds for those beyond `lanes` is unspecified.
   */
  void (*decrypt)(const uint8_t *expanded, size_t lanes, const uint8_t block[16],
                  uint8_t out[AES_LANES * AES_BLOCK_BYTES]);
} aes_backend;

extern const aes_backend aes_portable;

/* NULL if this processor, or the compiler, has no AES instructions. */
const aes_backend *aes_hardware(void);

#endif
