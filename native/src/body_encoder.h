/* Payload to chunks, one direction of a VMess body. */
#ifndef TSRAY_BODY_ENCODER_H
#define TSRAY_BODY_ENCODER_H

#include "body_common.h"

typedef struct {
  body_state body;
  random_pool *random;
  /* Largest payload of one chunk, and largest packet. */
  uint32_t max_chunk;
  uint32_t max_packet;
  /* Padding handed in for this call, MAX_PADDING_BYTES for each chunk; NULL: `random` is drawn from. */
  const uint8_t *padding;
  size_t padding_bytes;
} body_encoder;

enum encode_result { ENCODE_NO_ROOM = -1, ENCODE_FAILED = -2, ENCODE_REFUSED = -3 };

bool body_encoder_open(body_encoder *encoder, const body_format *format, uint32_t max_chunk, uint32_t max_packet,
                       random_pool *random, const ciphers *set, const kdf_labels *labels);
void body_encoder_close(body_encoder *encoder);

/*
 * Bytes written, or an `encode_result`. NO_ROOM is told before anything is drawn or written; the room asked for is
 * that of full padding. FAILED leaves the encoder useless.
 */
int64_t body_encode(body_encoder *encoder, const uint8_t *payload, size_t bytes, uint8_t *out, size_t room);
/* REFUSED for an empty packet, or one over the limit; nothing is drawn then. */
int64_t body_encode_packet(body_encoder *encoder, const uint8_t *packet, size_t bytes, uint8_t *out, size_t room);
int64_t body_encode_end(body_encoder *encoder, uint8_t *out, size_t room);

#endif
