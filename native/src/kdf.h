/*
 * The nested-HMAC KDF of the AEAD headers (docs/wire-format.md, section 2.3).
 *
 * H0 is HMAC-SHA256 keyed with "VMess AEAD KDF"; each path element p makes Hi an HMAC keyed with p whose hash function
 * is the level below. Written out, a KDF with k path elements is a chain of 2^(k+1) plain SHA-256 computations: the
 * first hashes every inner pad (root, p1 … pk) and the key; link j then hashes the 32 bytes before it behind the pads
 * of level z = trailing zeros of j: the inner pads of the levels below z, the outer pad of level z. So a KDF needs
 * one saved SHA-256 state for each level and one for the start, all at block borders, and then one block per link.
 */
#ifndef TSRAY_KDF_H
#define TSRAY_KDF_H

#include "common.h"

#define KDF_OUTPUT_BYTES 32
/* Root and at most three path elements. */
#define KDF_MAX_LEVELS 4

typedef struct {
  uint32_t words[8];
} sha256_state;

/* A KDF whose path is known and whose key is not. */
typedef struct {
  int levels;
  /* After the inner pads of all levels. */
  sha256_state start;
  /* For each level: after the inner pads of the levels below it and its own outer pad. */
  sha256_state outer[KDF_MAX_LEVELS];
} kdf_path;

/* Without path elements: the root alone. */
void kdf_root(kdf_path *path);
/* Adds an element of at most 64 bytes; false if it is longer or there are KDF_MAX_LEVELS levels. */
bool kdf_append(kdf_path *path, const uint8_t *element, size_t bytes);
/* `key` is at most 55 bytes (here always 16): it and SHA-256's padding share a block. False if longer. */
bool kdf_finish(const kdf_path *path, const uint8_t *key, size_t bytes, uint8_t out[KDF_OUTPUT_BYTES]);

/* Every constant path of the protocol, prepared once for each environment. */
typedef struct {
  kdf_path auth_id;
  kdf_path header_length_key, header_length_nonce, header_key, header_nonce;
  kdf_path response_length_key, response_length_nonce, response_key, response_nonce;
  kdf_path auth_len;
} kdf_labels;

void kdf_labels_init(kdf_labels *labels);

#endif
