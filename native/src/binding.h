/* The border to JavaScript: arguments in, numbers out. Nothing behind this border knows of node-api. */
#ifndef TSRAY_BINDING_H
#define TSRAY_BINDING_H

#include <node_api.h>

#include "body_decoder.h"
#include "common.h"
#include "header.h"
#include "kdf.h"

/* Slots of `status`, the Int32Array in which a call leaves more than its one result. */
enum status_slot { STATUS_DECODER = 0, STATUS_AT_BOUNDARY = 1, STATUS_KEPT_BYTES = 2, STATUS_SECONDS = 3, STATUS_SLOTS = 4 };

/* One environment: the main thread's or a worker's. Nothing of the addon is shared between two. */
typedef struct {
  ciphers set;
  kdf_labels labels;
  random_pool random;
  chunk_ends ends;
  header_tools header;
  int32_t *status;
  napi_ref status_reference;
} environment;

typedef struct {
  uint8_t *at;
  size_t bytes;
} span;

/* All throw and return false if the argument is not what is asked for. */
bool read_span(napi_env env, napi_value value, span *out);
/* A Uint8Array of exactly `bytes`. */
bool read_exact(napi_env env, napi_value value, size_t bytes, uint8_t **out);
bool read_u32(napi_env env, napi_value value, uint32_t *out);
/* A Uint8Array and the offset from which it may be written. */
bool read_room(napi_env env, napi_value value, napi_value offset, span *out, uint32_t *from);

/* Reads exactly `count` arguments and the environment. */
environment *read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments);

napi_value make_number(napi_env env, int64_t value);
/* Throws and returns NULL. */
napi_value fail(napi_env env, const char *message);

/* Every object handed to JavaScript begins with its kind; 0 once closed. */
typedef struct {
  uint32_t kind;
} handle;

enum handle_kind { KIND_ENCODER = 0x54530001, KIND_DECODER = 0x54530002, KIND_USERS = 0x54530003, KIND_POLLER = 0x54530004 };

/* NULL after throwing if `value` is no open handle of that kind. */
void *read_handle(napi_env env, napi_value value, enum handle_kind kind);

bool export_function(napi_env env, napi_value exports, const char *name, napi_callback function, environment *own);

bool export_body(napi_env env, napi_value exports, environment *own);
bool export_header(napi_env env, napi_value exports, environment *own);
bool export_users(napi_env env, napi_value exports, environment *own);
bool export_accept(napi_env env, napi_value exports, environment *own);
bool export_sockets(napi_env env, napi_value exports, environment *own);
bool export_poll(napi_env env, napi_value exports, environment *own);
bool export_memory(napi_env env, napi_value exports, environment *own);

#endif
