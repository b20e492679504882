/* The body codecs for JavaScript. */
#include "binding.h"
#include "body_encoder.h"

#include <openssl/crypto.h>
#include <stdlib.h>

typedef struct {
  handle base;
  body_encoder codec;
} encoder_handle;

typedef struct {
  handle base;
  body_decoder codec;
} decoder_handle;

static void encoder_close(encoder_handle *made) {
  made->base.kind = 0;
  body_encoder_close(&made->codec);
}

static void decoder_close(decoder_handle *made) {
  made->base.kind = 0;
  body_decoder_close(&made->codec);
}

static void encoder_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  encoder_close(data);
  free(data);
}

static void decoder_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  decoder_close(data);
  free(data);
}

/* security, flags, keys: key, IV, request key, request IV in one Uint8Array of 64 bytes. */
static bool read_format(napi_env env, const napi_value *arguments, body_format *format) {
  uint32_t security;
  uint8_t *keys;
  if (!read_u32(env, arguments[0], &security) || !read_u32(env, arguments[1], &format->flags) ||
      !read_exact(env, arguments[2], 4 * KEY_BYTES, &keys)) {
    return false;
  }
  format->security = (enum body_security)security;
  memcpy(format->key, keys, KEY_BYTES);
  memcpy(format->iv, keys + KEY_BYTES, KEY_BYTES);
  memcpy(format->request_key, keys + 2 * KEY_BYTES, KEY_BYTES);
  memcpy(format->request_iv, keys + 3 * KEY_BYTES, KEY_BYTES);
  return true;
}

/* encoderNew(security, flags, keys, maxChunk, maxPacket): handle */
static napi_value encoder_new(napi_env env, napi_callback_info info) {
  napi_value arguments[5], result;
  body_format format;
  uint32_t max_chunk, max_packet;
  environment *own = read_arguments(env, info, 5, arguments);
  if (own == NULL || !read_format(env, arguments, &format) || !read_u32(env, arguments[3], &max_chunk) ||
      !read_u32(env, arguments[4], &max_packet)) {
    return NULL;
  }
  encoder_handle *made = calloc(1, sizeof *made);
  if (made == NULL) return fail(env, "out of memory");
  bool ready = body_encoder_open(&made->codec, &format, max_chunk, max_packet, &own->random, &own->set,
                                 &own->labels);
  OPENSSL_cleanse(&format, sizeof format);
  if (!ready || napi_create_external(env, made, encoder_finalize, NULL, &result) != napi_ok) {
    encoder_finalize(env, made, NULL);
    return fail(env, "the body encoder could not be made");
  }
  made->base.kind = KIND_ENCODER;
  return result;
}

/* decoderNew(security, flags, keys): handle */
static napi_value decoder_new(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  body_format format;
  environment *own = read_arguments(env, info, 3, arguments);
  if (own == NULL || !read_format(env, arguments, &format)) return NULL;
  decoder_handle *made = calloc(1, sizeof *made);
  if (made == NULL) return fail(env, "out of memory");
  bool ready = body_decoder_open(&made->codec, &format, &own->set, &own->labels);
  OPENSSL_cleanse(&format, sizeof format);
  if (!ready || napi_create_external(env, made, decoder_finalize, NULL, &result) != napi_ok) {
    decoder_finalize(env, made, NULL);
    return fail(env, "the body decoder could not be made");
  }
  made->base.kind = KIND_DECODER;
  return result;
}

/* The padding of this call; undefined means that the pool of random bytes serves. */
static bool read_padding(napi_env env, napi_value value, body_encoder *codec) {
  napi_valuetype type;
  span padding = {NULL, 0};
  if (napi_typeof(env, value, &type) != napi_ok) return false;
  if (type != napi_undefined && !read_span(env, value, &padding)) return false;
  codec->padding = padding.at;
  codec->padding_bytes = padding.bytes;
  return true;
}

static napi_value encoded(napi_env env, int64_t written, uint32_t from) {
  if (written >= 0) return make_number(env, (int64_t)from + written);
  if (written == ENCODE_REFUSED) return make_number(env, -1);
  if (written == ENCODE_NO_ROOM) {
    napi_throw_range_error(env, NULL, "the output is too small");
    return NULL;
  }
  return fail(env, "OpenSSL failed");
}

typedef int64_t encode_function(body_encoder *, const uint8_t *, size_t, uint8_t *, size_t);

static napi_value encode_with(napi_env env, napi_callback_info info, encode_function *encode) {
  napi_value arguments[5];
  encoder_handle *made;
  span payload, out;
  uint32_t from;
  if (read_arguments(env, info, 5, arguments) == NULL) return NULL;
  if ((made = read_handle(env, arguments[0], KIND_ENCODER)) == NULL || !read_span(env, arguments[1], &payload) ||
      !read_room(env, arguments[2], arguments[3], &out, &from) || !read_padding(env, arguments[4], &made->codec)) {
    return NULL;
  }
  return encoded(env, encode(&made->codec, payload.at, payload.bytes, out.at, out.bytes), from);
}

/* encode(handle, payload, out, offset, padding | undefined): offset behind */
static napi_value encode(napi_env env, napi_callback_info info) { return encode_with(env, info, body_encode); }

/* encodePacket(handle, packet, out, offset, padding | undefined): offset behind, or -1 */
static napi_value encode_packet(napi_env env, napi_callback_info info) {
  return encode_with(env, info, body_encode_packet);
}

/* encodeEnd(handle, out, offset, padding | undefined): offset behind */
static napi_value encode_end(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  encoder_handle *made;
  span out;
  uint32_t from;
  if (read_arguments(env, info, 4, arguments) == NULL) return NULL;
  if ((made = read_handle(env, arguments[0], KIND_ENCODER)) == NULL ||
      !read_room(env, arguments[1], arguments[2], &out, &from) || !read_padding(env, arguments[3], &made->codec)) {
    return NULL;
  }
  return encoded(env, body_encode_end(&made->codec, out.at, out.bytes), from);
}

/* decode(handle, wire, out): payload bytes; status holds the rest */
static napi_value decode(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  decoder_handle *made;
  span wire, out;
  environment *own = read_arguments(env, info, 3, arguments);
  if (own == NULL || (made = read_handle(env, arguments[0], KIND_DECODER)) == NULL ||
      !read_span(env, arguments[1], &wire) || !read_span(env, arguments[2], &out)) {
    return NULL;
  }
  body_decoder *codec = &made->codec;
  size_t written = body_decode(codec, wire.at, wire.bytes, out.at, out.bytes, &own->ends);
  own->status[STATUS_DECODER] = codec->status;
  own->status[STATUS_AT_BOUNDARY] = body_decoder_at_boundary(codec);
  own->status[STATUS_KEPT_BYTES] = (int32_t)codec->kept_bytes;
  return make_number(env, (int64_t)written);
}

/* chunkEnds(): number[] of the last decode in this thread */
static napi_value chunk_ends_array(napi_env env, napi_callback_info info) {
  napi_value unused[1], result, number;
  environment *own = read_arguments(env, info, 0, unused);
  if (own == NULL || napi_create_array_with_length(env, own->ends.count, &result) != napi_ok) return NULL;
  for (size_t i = 0; i < own->ends.count; i += 1) {
    if (napi_create_uint32(env, own->ends.at[i], &number) != napi_ok ||
        napi_set_element(env, result, (uint32_t)i, number) != napi_ok) {
      return NULL;
    }
  }
  return result;
}

/* close(handle): idempotent, for either direction */
static napi_value close_codec(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  void *data;
  if (read_arguments(env, info, 1, arguments) == NULL) return NULL;
  if (napi_get_value_external(env, arguments[0], &data) != napi_ok || data == NULL) return fail(env, "not a handle");
  uint32_t kind = ((handle *)data)->kind;
  if (kind == KIND_ENCODER) encoder_close(data);
  if (kind == KIND_DECODER) decoder_close(data);
  return NULL;
}

bool export_body(napi_env env, napi_value exports, environment *own) {
  return export_function(env, exports, "encoderNew", encoder_new, own) &&
         export_function(env, exports, "encode", encode, own) &&
         export_function(env, exports, "encodePacket", encode_packet, own) &&
         export_function(env, exports, "encodeEnd", encode_end, own) &&
         export_function(env, exports, "decoderNew", decoder_new, own) &&
         export_function(env, exports, "decode", decode, own) &&
         export_function(env, exports, "chunkEnds", chunk_ends_array, own) &&
         export_function(env, exports, "close", close_codec, own);
}
