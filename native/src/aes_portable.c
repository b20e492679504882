#include "aes_block.h"

#include <openssl/aes.h>

static void expand(const uint8_t key[16], uint8_t *expanded) {
  AES_KEY made;
  AES_set_decrypt_key(key, 128, &made);
  memcpy(expanded, &made, sizeof made);
}

/* An unused key has no rounds, which AES_decrypt does not expect. */
static void decrypt(const uint8_t *expanded, size_t lanes, const uint8_t block[16],
                    uint8_t out[AES_LANES * AES_BLOCK_BYTES]) {
  for (size_t lane = 0; lane < lanes; lane += 1) {
    const AES_KEY *key = (const AES_KEY *)(const void *)(expanded + lane * sizeof *key);
    AES_decrypt(block, out + lane * AES_BLOCK_BYTES, key);
  }
}

const aes_backend aes_portable = {"portable", sizeof(AES_KEY), expand, decrypt};
