#include "body_encoder.h"

bool body_encoder_open(body_encoder *encoder, const body_format *format, uint32_t max_chunk, uint32_t max_packet,
                       random_pool *random, const ciphers *set, const kdf_labels *labels) {
  encoder->random = random;
  encoder->max_chunk = max_chunk;
  encoder->max_packet = max_packet;
  encoder->padding = NULL;
  if (!body_open(&encoder->body, format, set, labels, true)) return false;
  /* The size value counts overhead and padding and has 16 bits. */
  uint32_t most = MAX_SIZE_VALUE - encoder->body.overhead - (format->flags & BODY_PADDED ? MAX_PADDING_BYTES : 0);
  return max_chunk > 0 && max_chunk <= most && max_packet <= most;
}

void body_encoder_close(body_encoder *encoder) { body_close(&encoder->body); }

/* Bytes around a payload, at most. */
static inline size_t around(const body_state *body) {
  return body->size_bytes + body->overhead + (body->flags & BODY_PADDED ? MAX_PADDING_BYTES : 0);
}

static bool write_padding(body_encoder *encoder, uint8_t *out, uint32_t bytes) {
  if (encoder->padding == NULL) return random_fill(encoder->random, out, bytes);
  if (encoder->padding_bytes < MAX_PADDING_BYTES) return false;
  memcpy(out, encoder->padding, bytes);
  encoder->padding += MAX_PADDING_BYTES;
  encoder->padding_bytes -= MAX_PADDING_BYTES;
  return true;
}

/* Writes one chunk; the caller has checked length and room. NULL if a primitive failed. */
static uint8_t *write_chunk(body_encoder *encoder, const uint8_t *payload, size_t bytes, uint8_t *out) {
  body_state *body = &encoder->body;
  chunk_draw draw = body_draw(body);
  uint32_t value = (uint32_t)bytes + body->overhead + draw.padding;
  uint8_t *field = out;
  out += body->size_bytes;
  if (body->flags & BODY_SEALED_LENGTH) {
    uint8_t plain[2];
    store_u16(plain, (uint16_t)(value - TAG_BYTES));
    if (!chunk_seal(&body->length, plain, 2, field)) return NULL;
  } else {
    store_u16(field, (uint16_t)value ^ draw.mask);
  }
  switch (body->security) {
    case BODY_NONE:
      if (bytes > 0) memcpy(out, payload, bytes);
      out += bytes;
      break;
    case BODY_GCM:
    case BODY_CHACHA:
      if (!chunk_seal(&body->payload, payload, bytes, out)) return NULL;
      out += bytes + TAG_BYTES;
      break;
    case BODY_CFB:
      store_u32(out, fnv1a32(FNV_BASIS, payload, bytes));
      if (!stream_update(body->stream, field, 2 + CHECKSUM_BYTES, field)) return NULL;
      out += CHECKSUM_BYTES;
      if (!stream_update(body->stream, payload, bytes, out)) return NULL;
      out += bytes;
      break;
  }
  if (draw.padding > 0) {
    if (!write_padding(encoder, out, draw.padding)) return NULL;
    if (body->security == BODY_CFB && !stream_update(body->stream, out, draw.padding, out)) return NULL;
    out += draw.padding;
  }
  return out;
}

int64_t body_encode(body_encoder *encoder, const uint8_t *payload, size_t bytes, uint8_t *out, size_t room) {
  const body_state *body = &encoder->body;
  if (!(body->flags & BODY_CHUNKED)) {
    if (bytes > room) return ENCODE_NO_ROOM;
    if (body->security == BODY_CFB) return stream_update(body->stream, payload, bytes, out) ? (int64_t)bytes : ENCODE_FAILED;
    if (bytes > 0) memcpy(out, payload, bytes);
    return (int64_t)bytes;
  }
  size_t chunks = bytes / encoder->max_chunk + (bytes % encoder->max_chunk != 0);
  if (bytes > room || chunks * around(body) > room - bytes) return ENCODE_NO_ROOM;
  uint8_t *at = out;
  while (bytes > 0) {
    size_t part = bytes < encoder->max_chunk ? bytes : encoder->max_chunk;
    at = write_chunk(encoder, payload, part, at);
    if (at == NULL) return ENCODE_FAILED;
    payload += part;
    bytes -= part;
  }
  return at - out;
}

int64_t body_encode_packet(body_encoder *encoder, const uint8_t *packet, size_t bytes, uint8_t *out, size_t room) {
  const body_state *body = &encoder->body;
  if (bytes == 0 || bytes > encoder->max_packet) return ENCODE_REFUSED;
  if (!(body->flags & BODY_CHUNKED)) return body_encode(encoder, packet, bytes, out, room);
  if (bytes + around(body) > room) return ENCODE_NO_ROOM;
  uint8_t *at = write_chunk(encoder, packet, bytes, out);
  return at == NULL ? ENCODE_FAILED : at - out;
}

int64_t body_encode_end(body_encoder *encoder, uint8_t *out, size_t room) {
  const body_state *body = &encoder->body;
  if (!(body->flags & BODY_END_CHUNK)) return 0;
  if (around(body) > room) return ENCODE_NO_ROOM;
  static const uint8_t nothing[1];
  uint8_t *at = write_chunk(encoder, nothing, 0, out);
  return at == NULL ? ENCODE_FAILED : at - out;
}
