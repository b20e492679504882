/*
 * The AEAD envelopes of the two headers (docs/wire-format.md, sections 2.3 and 4): every key and nonce of one in a
 * single call.
 *
 *   request:  AuthID(16) | sealed length(18) | connection nonce(8) | sealed header(n + 16)
 *   response: sealed length(18) | sealed header(n + 16)
 */
#ifndef TSRAY_HEADER_H
#define TSRAY_HEADER_H

#include "common.h"
#include "kdf.h"

#define AUTH_ID_BYTES 16
#define CONNECTION_NONCE_BYTES 8
#define SEALED_LENGTH_BYTES (2 + TAG_BYTES)
#define REQUEST_PREFIX_BYTES (AUTH_ID_BYTES + SEALED_LENGTH_BYTES + CONNECTION_NONCE_BYTES)
#define MAX_HEADER_BYTES 65535

/* What sealing needs; one for each environment. */
typedef struct {
  const kdf_labels *labels;
  EVP_CIPHER_CTX *gcm;
} header_tools;

bool header_tools_open(header_tools *tools, const ciphers *set, const kdf_labels *labels);
void header_tools_close(header_tools *tools);

/* Writes REQUEST_PREFIX_BYTES + bytes + TAG_BYTES. False if a primitive fails or `bytes` is over MAX_HEADER_BYTES. */
bool request_seal(const header_tools *tools, const uint8_t cmd_key[16], const uint8_t auth_id[16],
                  const uint8_t nonce[8], const uint8_t *plain, size_t bytes, uint8_t *out);
/* The length in an envelope's prefix, or -1 if it does not open. */
int32_t request_open_length(const header_tools *tools, const uint8_t cmd_key[16], const uint8_t *prefix);
/* `bytes`: the whole envelope, at least REQUEST_PREFIX_BYTES + TAG_BYTES; writes the header, the rest of the length. */
bool request_open(const header_tools *tools, const uint8_t cmd_key[16], const uint8_t *envelope, size_t bytes,
                  uint8_t *out);

/* Writes SEALED_LENGTH_BYTES + bytes + TAG_BYTES. */
bool response_seal(const header_tools *tools, const uint8_t key[16], const uint8_t iv[16], const uint8_t *plain,
                   size_t bytes, uint8_t *out);
int32_t response_open_length(const header_tools *tools, const uint8_t key[16], const uint8_t iv[16],
                             const uint8_t sealed[SEALED_LENGTH_BYTES]);
/* `bytes` counts the tag. */
bool response_open(const header_tools *tools, const uint8_t key[16], const uint8_t iv[16], const uint8_t *sealed,
                   size_t bytes, uint8_t *out);

#endif
