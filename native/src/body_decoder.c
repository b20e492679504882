#include "body_decoder.h"

#include <openssl/crypto.h>
#include <stdlib.h>

/* The first memory for a partial chunk; V2Ray's chunks just fit. */
#define FIRST_ROOM 2048

bool body_decoder_open(body_decoder *decoder, const body_format *format, const ciphers *set, const kdf_labels *labels) {
  memset(decoder, 0, sizeof *decoder);
  return body_open(&decoder->body, format, set, labels, false);
}

static void forget_kept(body_decoder *decoder) {
  free(decoder->kept);
  decoder->kept = NULL;
  decoder->kept_bytes = 0;
  decoder->kept_room = 0;
}

void body_decoder_close(body_decoder *decoder) {
  body_close(&decoder->body);
  forget_kept(decoder);
}

size_t body_decoder_max_payload(const body_decoder *decoder, size_t wire_bytes) {
  return decoder->kept_bytes + wire_bytes;
}

bool body_decoder_at_boundary(const body_decoder *decoder) {
  return decoder->status == DECODER_ENDED || (decoder->field_bytes == 0 && decoder->chunk_bytes == 0);
}

/* One read's cursor. */
typedef struct {
  const uint8_t *in;
  size_t left;
  uint8_t *out;
  size_t written;
  size_t room;
} cursor;

/* Takes `bytes` of the read into memory of ours, deciphered if the whole stream is enciphered. */
static bool take(body_decoder *decoder, cursor *at, size_t bytes, uint8_t *into) {
  if (decoder->body.security == BODY_CFB) {
    if (!stream_update(decoder->body.stream, at->in, bytes, into)) return false;
  } else {
    memcpy(into, at->in, bytes);
  }
  at->in += bytes;
  at->left -= bytes;
  return true;
}

static bool note_end(chunk_ends *ends, size_t at) {
  if (ends->count == ends->room) {
    size_t room = ends->room == 0 ? 64 : ends->room * 2;
    uint32_t *grown = realloc(ends->at, room * sizeof *grown);
    if (grown == NULL) return false;
    ends->at = grown;
    ends->room = room;
  }
  ends->at[ends->count] = (uint32_t)at;
  ends->count += 1;
  return true;
}

/* Reads a complete size field. Sets `chunk_bytes` and `padding`; OPEN means that a chunk follows. */
static enum decoder_status read_size(body_decoder *decoder, const uint8_t *field) {
  body_state *body = &decoder->body;
  chunk_draw draw = body_draw(body);
  uint32_t value;
  if (body->flags & BODY_SEALED_LENGTH) {
    uint8_t plain[2];
    if (!chunk_open(&body->length, field, body->size_bytes, plain)) return DECODER_BAD_CHUNK;
    value = (uint32_t)load_u16(plain) + TAG_BYTES;
  } else {
    value = load_u16(field) ^ draw.mask;
  }
  if (value < body->overhead + draw.padding) return DECODER_BAD_SIZE;
  /*
   * An end chunk is known by its size alone: what follows is neither awaited nor verified (docs/wire-format.md,
   * section 6.6).
   */
  if (value == body->overhead + draw.padding) return DECODER_ENDED;
  decoder->chunk_bytes = value;
  decoder->padding = draw.padding;
  return DECODER_OPEN;
}

/* Opens a whole chunk lying at `chunk` (in the clear already for a stream cipher). */
static enum decoder_status open_chunk(body_decoder *decoder, const uint8_t *chunk, cursor *at) {
  const body_state *body = &decoder->body;
  size_t protected_bytes = decoder->chunk_bytes - decoder->padding;
  size_t payload = protected_bytes - body->overhead;
  uint8_t *out = at->out + at->written;
  if (payload > at->room - at->written) return DECODER_NO_ROOM;
  switch (body->security) {
    case BODY_NONE:
      memcpy(out, chunk, payload);
      break;
    case BODY_GCM:
    case BODY_CHACHA:
      if (!chunk_open(&decoder->body.payload, chunk, protected_bytes, out)) return DECODER_BAD_CHUNK;
      break;
    case BODY_CFB:
      if (fnv1a32(FNV_BASIS, chunk + CHECKSUM_BYTES, payload) != load_u32(chunk)) return DECODER_BAD_CHUNK;
      memcpy(out, chunk + CHECKSUM_BYTES, payload);
      break;
  }
  at->written += payload;
  return DECODER_OPEN;
}

/* Opens a whole chunk of an enciphered stream straight from the read. */
static enum decoder_status open_stream_chunk(body_decoder *decoder, cursor *at) {
  uint8_t checksum[CHECKSUM_BYTES];
  uint8_t trash[MAX_PADDING_BYTES];
  size_t payload = decoder->chunk_bytes - decoder->padding - CHECKSUM_BYTES;
  uint8_t *out = at->out + at->written;
  if (payload > at->room - at->written) return DECODER_NO_ROOM;
  if (!take(decoder, at, sizeof checksum, checksum) || !take(decoder, at, payload, out) ||
      !take(decoder, at, decoder->padding, trash)) {
    return DECODER_BROKEN;
  }
  if (fnv1a32(FNV_BASIS, out, payload) != load_u32(checksum)) return DECODER_BAD_CHUNK;
  at->written += payload;
  return DECODER_OPEN;
}

/* Keeps what is there of the current chunk. */
static bool keep(body_decoder *decoder, cursor *at) {
  size_t missing = decoder->chunk_bytes - decoder->kept_bytes;
  size_t bytes = at->left < missing ? at->left : missing;
  size_t needed = decoder->kept_bytes + bytes;
  if (needed > decoder->kept_room) {
    size_t room = decoder->kept_room == 0 ? FIRST_ROOM : (size_t)decoder->kept_room * 2;
    if (room < needed) room = needed;
    if (room > decoder->chunk_bytes) room = decoder->chunk_bytes;
    uint8_t *grown = realloc(decoder->kept, room);
    if (grown == NULL) return false;
    decoder->kept = grown;
    decoder->kept_room = (uint32_t)room;
  }
  uint8_t *into = decoder->kept + decoder->kept_bytes;
  decoder->kept_bytes = (uint32_t)needed;
  return take(decoder, at, bytes, into);
}

/* One step: a size field, or a chunk, or keeping the beginning of either. */
static enum decoder_status step(body_decoder *decoder, cursor *at, chunk_ends *ends) {
  const body_state *body = &decoder->body;
  if (decoder->chunk_bytes == 0) {
    if (decoder->field_bytes == 0 && at->left >= body->size_bytes && body->security != BODY_CFB) {
      const uint8_t *field = at->in;
      at->in += body->size_bytes;
      at->left -= body->size_bytes;
      return read_size(decoder, field);
    }
    size_t missing = body->size_bytes - decoder->field_bytes;
    size_t bytes = at->left < missing ? at->left : missing;
    if (!take(decoder, at, bytes, decoder->field + decoder->field_bytes)) return DECODER_BROKEN;
    decoder->field_bytes += (uint32_t)bytes;
    if (decoder->field_bytes < body->size_bytes) return DECODER_OPEN;
    decoder->field_bytes = 0;
    return read_size(decoder, decoder->field);
  }

  if (body->flags & BODY_IMMEDIATE) {
    size_t bytes = at->left < decoder->chunk_bytes ? at->left : decoder->chunk_bytes;
    if (bytes > at->room - at->written) return DECODER_NO_ROOM;
    if (!take(decoder, at, bytes, at->out + at->written)) return DECODER_BROKEN;
    at->written += bytes;
    decoder->chunk_bytes -= (uint32_t)bytes;
    if (decoder->chunk_bytes > 0) return DECODER_OPEN;
    return note_end(ends, at->written) ? DECODER_OPEN : DECODER_BROKEN;
  }

  enum decoder_status status;
  if (decoder->kept_bytes == 0 && at->left >= decoder->chunk_bytes) {
    if (body->security == BODY_CFB) {
      status = open_stream_chunk(decoder, at);
    } else {
      status = open_chunk(decoder, at->in, at);
      at->in += decoder->chunk_bytes;
      at->left -= decoder->chunk_bytes;
    }
  } else {
    if (!keep(decoder, at)) return DECODER_BROKEN;
    if (decoder->kept_bytes < decoder->chunk_bytes) return DECODER_OPEN;
    status = open_chunk(decoder, decoder->kept, at);
    forget_kept(decoder);
  }
  if (status != DECODER_OPEN) return status;
  decoder->chunk_bytes = 0;
  return note_end(ends, at->written) ? DECODER_OPEN : DECODER_BROKEN;
}

size_t body_decode(body_decoder *decoder, const uint8_t *wire, size_t wire_bytes, uint8_t *out, size_t room,
                   chunk_ends *ends) {
  cursor at = {wire, wire_bytes, out, 0, room};
  ends->count = 0;
  if (decoder->status != DECODER_OPEN || wire_bytes == 0) return 0;
  if (!(decoder->body.flags & BODY_CHUNKED)) {
    if (wire_bytes > room) {
      decoder->status = DECODER_NO_ROOM;
    } else if (!take(decoder, &at, wire_bytes, out)) {
      decoder->status = DECODER_BROKEN;
    } else {
      at.written = wire_bytes;
      if (!note_end(ends, at.written)) decoder->status = DECODER_BROKEN;
    }
    return at.written;
  }
  while (at.left > 0 && decoder->status == DECODER_OPEN) decoder->status = step(decoder, &at, ends);
  if (decoder->status != DECODER_OPEN) forget_kept(decoder);
  return at.written;
}
