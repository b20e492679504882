/*
 * Mutated input for everything that reads what a peer sent, built with AddressSanitizer and UBSan (npm run test:asan).
 *
 *   fuzz [reads] [seconds] [seed]
 *
 * Every read lies in memory of exactly its size, and so does every output: one byte too far is reported. Streams are
 * honest, mutated, or made by a peer who holds the keys and lies about sizes. Ends with 0 after so many reads, or after
 * so many seconds with a note; with a report and another code at the first fault.
 */
#include "../src/body_decoder.h"
#include "../src/body_encoder.h"
#include "../src/header.h"
#include "../src/user_match.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CHECK(condition)                                                     \
  do {                                                                       \
    if (!(condition)) {                                                      \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);        \
      abort();                                                               \
    }                                                                        \
  } while (0)

static uint64_t state;

static uint32_t chance(uint32_t bound) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)((state >> 32) % bound);
}

static void fill(uint8_t *out, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 1) out[i] = (uint8_t)chance(256);
}

/* A size that is often small and sometimes at a border. */
static uint32_t size_up_to(uint32_t most) {
  switch (chance(4)) {
    case 0:
      return chance(most < 32 ? most + 1 : 32);
    case 1:
      return chance(most < 600 ? most + 1 : 600);
    case 2:
      return most - chance(most < 3 ? 1 : 3);
    default:
      return chance(most + 1);
  }
}

static uint8_t *exact(size_t bytes) {
  uint8_t *made = malloc(bytes);
  CHECK(made != NULL || bytes == 0);
  return made;
}

static ciphers set;
static kdf_labels labels;
static random_pool pool;
static chunk_ends ends;
static uint64_t reads, opened, streams, ended, refused;

/* A growing stream of wire bytes. */
typedef struct {
  uint8_t *bytes;
  size_t count;
  size_t room;
} wire;

static uint8_t *reserve(wire *out, size_t bytes) {
  if (out->count + bytes > out->room) {
    out->room = (out->count + bytes) * 2;
    out->bytes = realloc(out->bytes, out->room);
    CHECK(out->bytes != NULL);
  }
  return out->bytes + out->count;
}

static void random_format(body_format *format) {
  format->security = (enum body_security)chance(4);
  bool aead = format->security == BODY_GCM || format->security == BODY_CHACHA;
  format->flags = chance(BODY_FLAGS + 1);
  /* One in sixteen may be impossible. */
  if (chance(16) != 0) {
    if (aead) format->flags |= BODY_CHUNKED;
    if (!aead) format->flags &= ~(unsigned)BODY_SEALED_LENGTH;
    if (format->security != BODY_NONE || (format->flags & BODY_PADDED)) format->flags &= ~(unsigned)BODY_IMMEDIATE;
    if (!(format->flags & BODY_CHUNKED)) format->flags = 0;
  }
  fill(format->key, sizeof format->key);
  fill(format->iv, sizeof format->iv);
  fill(format->request_key, sizeof format->request_key);
  fill(format->request_iv, sizeof format->request_iv);
}

/* Honest chunks, each written into exactly the room that is asked for. Returns the payload bytes. */
static size_t encode_some(body_encoder *encoder, wire *out) {
  size_t total = 0;
  for (uint32_t count = 1 + chance(4); count > 0; count -= 1) {
    size_t bytes = size_up_to(chance(8) == 0 ? 70000 : 2000);
    size_t chunks = bytes / encoder->max_chunk + 1;
    size_t room = bytes + chunks * (MAX_SIZE_FIELD_BYTES + TAG_BYTES + MAX_PADDING_BYTES);
    if (chance(8) == 0) room = chance((uint32_t)room + 1);
    uint8_t *payload = exact(bytes);
    uint8_t *into = exact(room);
    fill(payload, bytes < 64 ? bytes : 64);
    if (bytes > 64) memset(payload + 64, 0x5a, bytes - 64);
    int64_t written = chance(3) == 0 ? body_encode_packet(encoder, payload, bytes, into, room)
                                     : body_encode(encoder, payload, bytes, into, room);
    CHECK(written <= (int64_t)room && written >= ENCODE_REFUSED && written != ENCODE_FAILED);
    if (written > 0) {
      memcpy(reserve(out, (size_t)written), into, (size_t)written);
      out->count += (size_t)written;
      total += bytes;
    }
    free(payload);
    free(into);
  }
  if (chance(2) == 0) {
    size_t most = MAX_SIZE_FIELD_BYTES + TAG_BYTES + MAX_PADDING_BYTES;
    size_t room = chance(2) == 0 ? most : chance((uint32_t)most);
    uint8_t *into = exact(room);
    int64_t written = body_encode_end(encoder, into, room);
    CHECK(written <= (int64_t)room && written != ENCODE_FAILED);
    if (written > 0) {
      memcpy(reserve(out, (size_t)written), into, (size_t)written);
      out->count += (size_t)written;
    }
    free(into);
  }
  return total;
}

/* One chunk of a peer who holds the keys: any size value, with as many bytes behind it as it likes. */
static void write_lie(body_state *body, wire *out) {
  chunk_draw draw = body_draw(body);
  uint16_t value = (uint16_t)(chance(3) == 0 ? chance(65536) : size_up_to(400));
  size_t behind = chance(4) == 0 ? chance(300) : value;
  uint8_t *field = reserve(out, MAX_SIZE_FIELD_BYTES + behind + TAG_BYTES);
  uint8_t plain[2];
  store_u16(plain, value);
  if (body->flags & BODY_SEALED_LENGTH) {
    CHECK(chunk_seal(&body->length, plain, 2, field));
    behind += TAG_BYTES;
  } else {
    store_u16(field, value ^ draw.mask);
  }
  uint8_t *at = field + body->size_bytes;
  memset(at, 0xa5, behind);
  /* Often the payload opens, so that the next size is read as well. */
  bool aead = body->overhead == TAG_BYTES;
  if (aead && behind >= draw.padding + TAG_BYTES && chance(4) != 0) {
    size_t payload = behind - draw.padding - TAG_BYTES;
    uint8_t *clear = exact(payload);
    memset(clear, 1, payload);
    CHECK(chunk_seal(&body->payload, clear, payload, at));
    free(clear);
  } else if (body->security == BODY_CFB) {
    if (behind >= draw.padding + CHECKSUM_BYTES) {
      size_t payload = behind - draw.padding - CHECKSUM_BYTES;
      store_u32(at, fnv1a32(FNV_BASIS, at + CHECKSUM_BYTES, payload));
    }
    CHECK(stream_update(body->stream, field, 2 + behind, field));
  }
  out->count += body->size_bytes + behind;
}

static void mutate(uint8_t **bytes, size_t *count) {
  for (uint32_t times = 1 + chance(3); times > 0 && *count > 0; times -= 1) {
    size_t at = chance((uint32_t)*count);
    size_t run = 1 + chance(*count - at < 40 ? (uint32_t)(*count - at) : 40);
    switch (chance(6)) {
      case 0:
        (*bytes)[at] ^= (uint8_t)(1u << chance(8));
        break;
      case 1:
        fill(*bytes + at, run);
        break;
      case 2:
        memset(*bytes + at, chance(2) ? 0xff : 0, run);
        break;
      case 3:
        *count = at;
        break;
      case 4:
        memmove(*bytes + at, *bytes + at + run, *count - at - run);
        *count -= run;
        break;
      default:
        /* At the start, where the first size is. */
        (*bytes)[chance(*count < 20 ? (uint32_t)*count : 20)] = (uint8_t)chance(256);
    }
  }
}

/* Feeds a stream in pieces and checks what the decoder promises. Returns the payload bytes. */
static size_t feed(body_decoder *decoder, const uint8_t *bytes, size_t count) {
  size_t total = 0;
  /* A stream of many thousand bytes is not fed byte by byte: the time is better spent on other streams. */
  uint32_t most = chance(3) == 0 ? 40 : (uint32_t)count + 1;
  if (count / most > 60) most = (uint32_t)(count / 60);
  for (size_t at = 0; at < count;) {
    size_t bytes_left = count - at;
    size_t part = 1 + chance(most);
    if (part > bytes_left) part = bytes_left;
    size_t bound = body_decoder_max_payload(decoder, part);
    size_t room = chance(40) == 0 ? chance((uint32_t)bound + 1) : bound;
    uint8_t *in = exact(part);
    uint8_t *out = exact(room);
    memcpy(in, bytes + at, part);
    bool was_open = decoder->status == DECODER_OPEN;
    size_t written = body_decode(decoder, in, part, out, room, &ends);
    if (was_open) reads += 1;
    opened += ends.count;
    CHECK(written <= room);
    CHECK(decoder->status != DECODER_BROKEN);
    CHECK(room < bound || !was_open || decoder->status != DECODER_NO_ROOM);
    CHECK(was_open || written == 0);
    CHECK(decoder->kept_bytes <= MAX_SIZE_VALUE + TAG_BYTES && decoder->kept_bytes <= decoder->kept_room);
    CHECK(decoder->kept_room <= 2 * decoder->kept_bytes || decoder->kept_room <= 2048);
    for (size_t i = 0; i < ends.count; i += 1) {
      CHECK(ends.at[i] <= written && (i == 0 || ends.at[i] > ends.at[i - 1]));
    }
    free(in);
    free(out);
    total += written;
    at += part;
    /* Once over, a decoder takes nothing: seen twice, that is enough. */
    if (!was_open && chance(2) == 0) break;
  }
  return total;
}

static void one_stream(void) {
  body_format format;
  body_encoder encoder;
  body_decoder decoder;
  wire out = {NULL, 0, 0};
  random_format(&format);
  uint32_t max_chunk = 1 + size_up_to(chance(4) == 0 ? 65535 : 16000);
  bool writes = body_encoder_open(&encoder, &format, max_chunk, size_up_to(65535), &pool, &set, &labels);
  bool takes = body_decoder_open(&decoder, &format, &set, &labels);
  streams += 1;
  if (!writes || !takes) {
    refused += 1;
  } else if (chance(3) == 0 && (format.flags & BODY_CHUNKED)) {
    for (uint32_t count = 1 + chance(5); count > 0; count -= 1) write_lie(&encoder.body, &out);
    feed(&decoder, out.bytes, out.count);
  } else {
    size_t payload = encode_some(&encoder, &out);
    bool honest = chance(8) == 0;
    if (!honest) mutate(&out.bytes, &out.count);
    size_t got = feed(&decoder, out.bytes, out.count);
    if (honest && decoder.status != DECODER_NO_ROOM) {
      CHECK(got == payload);
      CHECK(decoder.status == DECODER_OPEN || decoder.status == DECODER_ENDED);
    }
  }
  if (decoder.status == DECODER_ENDED) ended += 1;
  body_encoder_close(&encoder);
  body_decoder_close(&decoder);
  body_decoder_close(&decoder);
  free(out.bytes);
}

static void one_header(const header_tools *tools) {
  uint8_t key[16], iv[16], auth_id[16], nonce[8];
  fill(key, 16);
  fill(iv, 16);
  fill(auth_id, 16);
  fill(nonce, 8);
  size_t bytes = size_up_to(chance(50) == 0 ? MAX_HEADER_BYTES : 300);
  size_t sealed = REQUEST_PREFIX_BYTES + bytes + TAG_BYTES;
  uint8_t *plain = exact(bytes);
  uint8_t *envelope = exact(sealed);
  uint8_t *back = exact(bytes);
  fill(plain, bytes);
  CHECK(request_seal(tools, key, auth_id, nonce, plain, bytes, envelope));
  bool changed = chance(2) == 0;
  if (changed) envelope[chance((uint32_t)sealed)] ^= (uint8_t)(1u << chance(8));
  int32_t length = request_open_length(tools, key, envelope);
  CHECK(length == -1 || length == (int32_t)bytes);
  bool opens = request_open(tools, key, envelope, sealed, back);
  CHECK(changed || (opens && length == (int32_t)bytes && memcmp(back, plain, bytes) == 0));
  CHECK(!changed || !opens || length == -1);
  uint8_t *stump = exact(REQUEST_PREFIX_BYTES + TAG_BYTES - 1);
  memcpy(stump, auth_id, 16);
  CHECK(!request_open(tools, key, stump, REQUEST_PREFIX_BYTES + TAG_BYTES - 1, back));
  free(stump);
  free(envelope);

  envelope = exact(SEALED_LENGTH_BYTES + bytes + TAG_BYTES);
  CHECK(response_seal(tools, key, iv, plain, bytes, envelope));
  if (changed) envelope[chance((uint32_t)(SEALED_LENGTH_BYTES + bytes + TAG_BYTES))] ^= 1;
  length = response_open_length(tools, key, iv, envelope);
  opens = response_open(tools, key, iv, envelope + SEALED_LENGTH_BYTES, bytes + TAG_BYTES, back);
  CHECK(changed ? length == -1 || !opens : length == (int32_t)bytes && opens);
  CHECK(!response_open(tools, key, iv, envelope, TAG_BYTES - 1, back));
  free(envelope);
  free(plain);
  free(back);
}

static void one_table(void) {
  user_keys users, twin;
  const aes_backend *hardware = aes_hardware();
  user_keys_open(&users, hardware == NULL ? &aes_portable : hardware);
  user_keys_open(&twin, &aes_portable);
  for (uint32_t step = chance(60); step > 0; step -= 1) {
    uint8_t key[16] = {(uint8_t)chance(4)};
    uint8_t *block = exact(16);
    uint32_t seconds = 0, other = 0;
    switch (chance(3)) {
      case 0:
        CHECK(user_keys_push(&users, &labels, key) && user_keys_push(&twin, &labels, key));
        break;
      case 1: {
        size_t index = chance(20);
        CHECK(user_keys_remove(&users, index) == user_keys_remove(&twin, index));
        break;
      }
      default: {
        fill(block, 16);
        size_t from = chance(30), to = chance(4) == 0 ? SIZE_MAX : chance(30);
        CHECK(user_keys_find(&users, block, from, to, &seconds) == user_keys_find(&twin, block, from, to, &other));
        CHECK(seconds == other);
      }
    }
    free(block);
  }
  user_keys_close(&users);
  user_keys_close(&twin);
}

int main(int argc, char **argv) {
  uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
  double seconds = argc > 2 ? strtod(argv[2], NULL) : 60;
  uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : (uint64_t)time(NULL);
  state = seed * 0x9e3779b97f4a7c15u + 1;
  header_tools tools;
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  printf("seed %llu\n", (unsigned long long)seed);
  fflush(stdout);
  CHECK(ciphers_load(&set));
  kdf_labels_init(&labels);
  CHECK(header_tools_open(&tools, &set, &labels));
  double elapsed = 0;
  for (uint64_t round = 0; reads < wanted && elapsed < seconds; round += 1) {
    one_stream();
    if (round % 64 == 0) one_header(&tools);
    if (round % 256 == 0) one_table();
    clock_gettime(CLOCK_MONOTONIC, &now);
    elapsed = (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9;
  }
  header_tools_close(&tools);
  ciphers_free(&set);
  free(ends.at);
  printf("%llu reads of %llu streams in %.0f s: %llu chunks opened, %llu streams ended, %llu formats refused%s\n",
         (unsigned long long)reads, (unsigned long long)streams, elapsed, (unsigned long long)opened,
         (unsigned long long)ended, (unsigned long long)refused, reads < wanted ? "; out of time" : "");
  return 0;
}
