/*
 * Chunks to payload, one direction of a VMess body: takes reads of any size, opens every complete chunk, keeps the rest.
 * A partial chunk is kept in memory that grows as its bytes arrive, never ahead of them, to at most 64 KiB.
 */
#ifndef TSRAY_BODY_DECODER_H
#define TSRAY_BODY_DECODER_H

#include "body_common.h"

enum decoder_status {
  DECODER_OPEN = 0,
  DECODER_ENDED = 1,
  /* A tag or checksum was wrong. */
  DECODER_BAD_CHUNK = 2,
  /* A size smaller than what the layout needs. */
  DECODER_BAD_SIZE = 3,
  /* A primitive failed or memory ran out: no fault of the peer's. */
  DECODER_BROKEN = 4,
  /* `out` was smaller than `body_decoder_max_payload` says: no fault of the peer's. */
  DECODER_NO_ROOM = 5
};

/* Where each chunk's payload of one push ends in the output; grows as needed. Shared by the decoders of one thread. */
typedef struct {
  uint32_t *at;
  size_t count;
  size_t room;
} chunk_ends;

typedef struct {
  body_state body;
  enum decoder_status status;
  /* The size field being collected, in the clear for a stream cipher. */
  uint32_t field_bytes;
  uint8_t field[MAX_SIZE_FIELD_BYTES];
  /* The chunk being collected: bytes behind its size field, 0 between chunks; how many of them are padding. */
  uint32_t chunk_bytes;
  uint32_t padding;
  /* What of the chunk is kept, in the clear for a stream cipher. */
  uint8_t *kept;
  uint32_t kept_bytes;
  uint32_t kept_room;
} body_decoder;

bool body_decoder_open(body_decoder *decoder, const body_format *format, const ciphers *set, const kdf_labels *labels);
void body_decoder_close(body_decoder *decoder);

/* Upper bound of what a push of `wire_bytes` yields. */
size_t body_decoder_max_payload(const body_decoder *decoder, size_t wire_bytes);
/* Returns the verified payload bytes written to `out`; `status` tells the rest. Takes nothing once not open. */
size_t body_decode(body_decoder *decoder, const uint8_t *wire, size_t wire_bytes, uint8_t *out, size_t room,
                   chunk_ends *ends);
/* True between chunks, and after the end chunk. */
bool body_decoder_at_boundary(const body_decoder *decoder);

#endif
