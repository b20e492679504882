/* Registration: one environment's state, its exports, and how arguments are read. */
#include "binding.h"

#include <openssl/crypto.h>
#include <stdlib.h>

bool read_span(napi_env env, napi_value value, span *out) {
  napi_typedarray_type type;
  void *data;
  if (napi_get_typedarray_info(env, value, &type, &out->bytes, &data, NULL, NULL) != napi_ok ||
      type != napi_uint8_array) {
    napi_throw_type_error(env, NULL, "expected a Uint8Array");
    return false;
  }
  /* An empty array may have no memory; the codecs may then still compare and add to the pointer. */
  static uint8_t nowhere[1];
  out->at = data == NULL ? nowhere : data;
  return true;
}

bool read_exact(napi_env env, napi_value value, size_t bytes, uint8_t **out) {
  span read;
  if (!read_span(env, value, &read)) return false;
  if (read.bytes != bytes) {
    napi_throw_range_error(env, NULL, "a Uint8Array has the wrong length");
    return false;
  }
  *out = read.at;
  return true;
}

bool read_u32(napi_env env, napi_value value, uint32_t *out) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok || !(number >= 0 && number <= 4294967295.0) ||
      number != (double)(uint32_t)number) {
    napi_throw_range_error(env, NULL, "expected an unsigned 32-bit integer");
    return false;
  }
  *out = (uint32_t)number;
  return true;
}

bool read_room(napi_env env, napi_value value, napi_value offset, span *out, uint32_t *from) {
  if (!read_span(env, value, out) || !read_u32(env, offset, from)) return false;
  if (*from > out->bytes) {
    napi_throw_range_error(env, NULL, "the offset lies behind the end of the output");
    return false;
  }
  out->at += *from;
  out->bytes -= *from;
  return true;
}

environment *read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments) {
  void *own = NULL;
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, arguments, NULL, &own) != napi_ok || given < count) {
    napi_throw_type_error(env, NULL, "too few arguments");
    return NULL;
  }
  return own;
}

napi_value make_number(napi_env env, int64_t value) {
  napi_value number;
  napi_status status = value >= INT32_MIN && value <= INT32_MAX ? napi_create_int32(env, (int32_t)value, &number)
                                                                : napi_create_int64(env, value, &number);
  return status == napi_ok ? number : NULL;
}

napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

void *read_handle(napi_env env, napi_value value, enum handle_kind kind) {
  void *data;
  if (napi_get_value_external(env, value, &data) != napi_ok || data == NULL || ((handle *)data)->kind != (uint32_t)kind) {
    napi_throw_type_error(env, NULL, "not an open handle of the right kind");
    return NULL;
  }
  return data;
}

bool export_function(napi_env env, napi_value exports, const char *name, napi_callback function, environment *own) {
  napi_value made;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, function, own, &made) == napi_ok &&
         napi_set_named_property(env, exports, name, made) == napi_ok;
}

static void environment_free(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  environment *own = data;
  header_tools_close(&own->header);
  ciphers_free(&own->set);
  free(own->ends.at);
  OPENSSL_cleanse(own, sizeof *own);
  free(own);
}

/* The status array's memory is V8's; the reference keeps it as long as the environment lives. */
static bool export_status(napi_env env, napi_value exports, environment *own) {
  napi_value memory, array;
  void *data;
  if (napi_create_arraybuffer(env, STATUS_SLOTS * sizeof(int32_t), &data, &memory) != napi_ok ||
      napi_create_typedarray(env, napi_int32_array, STATUS_SLOTS, memory, 0, &array) != napi_ok ||
      napi_create_reference(env, memory, 1, &own->status_reference) != napi_ok) {
    return false;
  }
  own->status = data;
  return napi_set_named_property(env, exports, "status", array) == napi_ok;
}

NAPI_MODULE_INIT() {
  environment *own = calloc(1, sizeof *own);
  if (own == NULL) return fail(env, "out of memory");
  if (napi_set_instance_data(env, own, environment_free, NULL) != napi_ok) {
    free(own);
    return fail(env, "no instance data");
  }
  if (!ciphers_load(&own->set)) return fail(env, "this OpenSSL lacks a cipher");
  kdf_labels_init(&own->labels);
  if (!header_tools_open(&own->header, &own->set, &own->labels)) return fail(env, "out of memory");
  if (!export_status(env, exports, own) || !export_body(env, exports, own) || !export_header(env, exports, own) ||
      !export_users(env, exports, own) || !export_accept(env, exports, own) ||
      !export_sockets(env, exports, own) || !export_poll(env, exports, own) || !export_memory(env, exports, own)) {
    return fail(env, "registration failed");
  }
  return exports;
}
