/* The header envelopes for JavaScript. */
#include "binding.h"

static napi_value no_value(napi_env env) {
  napi_value undefined;
  return napi_get_undefined(env, &undefined) == napi_ok ? undefined : NULL;
}

static napi_value boolean(napi_env env, bool value) {
  napi_value result;
  return napi_get_boolean(env, value, &result) == napi_ok ? result : NULL;
}

static napi_value wrong_length(napi_env env) {
  napi_throw_range_error(env, NULL, "a Uint8Array has the wrong length");
  return NULL;
}

/* sealRequestHeader(cmdKey, authId, connectionNonce, plain, out) */
static napi_value seal_request_header(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  uint8_t *cmd_key, *auth_id, *nonce;
  span plain, out;
  environment *own = read_arguments(env, info, 5, arguments);
  if (own == NULL || !read_exact(env, arguments[0], KEY_BYTES, &cmd_key) ||
      !read_exact(env, arguments[1], AUTH_ID_BYTES, &auth_id) ||
      !read_exact(env, arguments[2], CONNECTION_NONCE_BYTES, &nonce) || !read_span(env, arguments[3], &plain) ||
      !read_span(env, arguments[4], &out)) {
    return NULL;
  }
  if (plain.bytes > MAX_HEADER_BYTES || out.bytes != REQUEST_PREFIX_BYTES + plain.bytes + TAG_BYTES) return wrong_length(env);
  if (!request_seal(&own->header, cmd_key, auth_id, nonce, plain.at, plain.bytes, out.at)) return fail(env, "OpenSSL failed");
  return no_value(env);
}

/* openRequestLength(cmdKey, prefix): number */
static napi_value open_request_length(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint8_t *cmd_key;
  span prefix;
  environment *own = read_arguments(env, info, 2, arguments);
  if (own == NULL || !read_exact(env, arguments[0], KEY_BYTES, &cmd_key) || !read_span(env, arguments[1], &prefix)) {
    return NULL;
  }
  if (prefix.bytes < REQUEST_PREFIX_BYTES) return wrong_length(env);
  return make_number(env, request_open_length(&own->header, cmd_key, prefix.at));
}

/* openRequestHeader(cmdKey, envelope, out): boolean */
static napi_value open_request_header(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  uint8_t *cmd_key;
  span envelope, out;
  environment *own = read_arguments(env, info, 3, arguments);
  if (own == NULL || !read_exact(env, arguments[0], KEY_BYTES, &cmd_key) || !read_span(env, arguments[1], &envelope) ||
      !read_span(env, arguments[2], &out)) {
    return NULL;
  }
  if (envelope.bytes < REQUEST_PREFIX_BYTES + TAG_BYTES ||
      out.bytes != envelope.bytes - REQUEST_PREFIX_BYTES - TAG_BYTES) {
    return wrong_length(env);
  }
  return boolean(env, request_open(&own->header, cmd_key, envelope.at, envelope.bytes, out.at));
}

/* sealResponseHeader(responseKey, responseIv, plain, out) */
static napi_value seal_response_header(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  uint8_t *key, *iv;
  span plain, out;
  environment *own = read_arguments(env, info, 4, arguments);
  if (own == NULL || !read_exact(env, arguments[0], KEY_BYTES, &key) ||
      !read_exact(env, arguments[1], KEY_BYTES, &iv) || !read_span(env, arguments[2], &plain) ||
      !read_span(env, arguments[3], &out)) {
    return NULL;
  }
  if (plain.bytes > MAX_HEADER_BYTES || out.bytes != SEALED_LENGTH_BYTES + plain.bytes + TAG_BYTES) return wrong_length(env);
  if (!response_seal(&own->header, key, iv, plain.at, plain.bytes, out.at)) return fail(env, "OpenSSL failed");
  return no_value(env);
}

/* openResponseLength(responseKey, responseIv, sealed): number */
static napi_value open_response_length(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  uint8_t *key, *iv, *sealed;
  environment *own = read_arguments(env, info, 3, arguments);
  if (own == NULL || !read_exact(env, arguments[0], KEY_BYTES, &key) ||
      !read_exact(env, arguments[1], KEY_BYTES, &iv) ||
      !read_exact(env, arguments[2], SEALED_LENGTH_BYTES, &sealed)) {
    return NULL;
  }
  return make_number(env, response_open_length(&own->header, key, iv, sealed));
}

/* openResponseHeader(responseKey, responseIv, sealed, out): boolean */
static napi_value open_response_header(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  uint8_t *key, *iv;
  span sealed, out;
  environment *own = read_arguments(env, info, 4, arguments);
  if (own == NULL || !read_exact(env, arguments[0], KEY_BYTES, &key) ||
      !read_exact(env, arguments[1], KEY_BYTES, &iv) || !read_span(env, arguments[2], &sealed) ||
      !read_span(env, arguments[3], &out)) {
    return NULL;
  }
  if (sealed.bytes < TAG_BYTES || out.bytes != sealed.bytes - TAG_BYTES) return wrong_length(env);
  return boolean(env, response_open(&own->header, key, iv, sealed.at, sealed.bytes, out.at));
}

/* kdf(key, path: Uint8Array[], out): at most three elements of at most 64 bytes; out has 1 to 32 bytes */
static napi_value kdf(napi_env env, napi_callback_info info) {
  napi_value arguments[3], element;
  span key, part, out;
  uint32_t count;
  kdf_path path;
  uint8_t result[KDF_OUTPUT_BYTES];
  environment *own = read_arguments(env, info, 3, arguments);
  if (own == NULL) return NULL;
  if (napi_get_array_length(env, arguments[1], &count) != napi_ok) return fail(env, "expected an array");
  kdf_root(&path);
  for (uint32_t i = 0; i < count; i += 1) {
    if (napi_get_element(env, arguments[1], i, &element) != napi_ok || !read_span(env, element, &part)) return NULL;
    if (!kdf_append(&path, part.at, part.bytes)) return wrong_length(env);
  }
  /* Only now: an element may be a getter, and what it does to the other arguments' memory is not ours to know. */
  if (!read_span(env, arguments[0], &key) || !read_span(env, arguments[2], &out)) return NULL;
  if (out.bytes > KDF_OUTPUT_BYTES) return wrong_length(env);
  if (!kdf_finish(&path, key.at, key.bytes, result)) return wrong_length(env);
  memcpy(out.at, result, out.bytes);
  return no_value(env);
}

bool export_header(napi_env env, napi_value exports, environment *own) {
  return export_function(env, exports, "sealRequestHeader", seal_request_header, own) &&
         export_function(env, exports, "openRequestLength", open_request_length, own) &&
         export_function(env, exports, "openRequestHeader", open_request_header, own) &&
         export_function(env, exports, "sealResponseHeader", seal_response_header, own) &&
         export_function(env, exports, "openResponseLength", open_response_length, own) &&
         export_function(env, exports, "openResponseHeader", open_response_header, own) &&
         export_function(env, exports, "kdf", kdf, own);
}
