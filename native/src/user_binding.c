/* The users of a server for JavaScript. */
#include "binding.h"
#include "user_match.h"

#include <stdlib.h>

typedef struct {
  handle base;
  user_keys keys;
} users_handle;

static void users_finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  users_handle *made = data;
  made->base.kind = 0;
  user_keys_close(&made->keys);
  free(made);
}

/* usersNew(portable: boolean): handle; `portable` leaves the processor's AES instructions aside */
static napi_value users_new(napi_env env, napi_callback_info info) {
  napi_value arguments[1], result;
  bool portable;
  if (read_arguments(env, info, 1, arguments) == NULL) return NULL;
  if (napi_get_value_bool(env, arguments[0], &portable) != napi_ok) return fail(env, "expected a boolean");
  users_handle *made = calloc(1, sizeof *made);
  if (made == NULL) return fail(env, "out of memory");
  const aes_backend *hardware = portable ? NULL : aes_hardware();
  user_keys_open(&made->keys, hardware == NULL ? &aes_portable : hardware);
  if (napi_create_external(env, made, users_finalize, NULL, &result) != napi_ok) {
    users_finalize(env, made, NULL);
    return fail(env, "the table of users could not be made");
  }
  made->base.kind = KIND_USERS;
  return result;
}

/* usersPush(handle, cmdKey) */
static napi_value users_push(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  users_handle *made;
  uint8_t *cmd_key;
  environment *own = read_arguments(env, info, 2, arguments);
  if (own == NULL || (made = read_handle(env, arguments[0], KIND_USERS)) == NULL ||
      !read_exact(env, arguments[1], KEY_BYTES, &cmd_key)) {
    return NULL;
  }
  if (!user_keys_push(&made->keys, &own->labels, cmd_key)) return fail(env, "out of memory");
  return make_number(env, (int64_t)made->keys.count);
}

/* usersRemove(handle, index): the last one takes its place */
static napi_value users_remove(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  users_handle *made;
  uint32_t index;
  if (read_arguments(env, info, 2, arguments) == NULL) return NULL;
  if ((made = read_handle(env, arguments[0], KIND_USERS)) == NULL || !read_u32(env, arguments[1], &index)) return NULL;
  if (!user_keys_remove(&made->keys, index)) {
    napi_throw_range_error(env, NULL, "there is no such user");
    return NULL;
  }
  return make_number(env, (int64_t)made->keys.count);
}

/* usersFind(handle, authId, from, to): index or -1; status holds the time */
static napi_value users_find(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  users_handle *made;
  uint8_t *auth_id;
  uint32_t from, to;
  uint32_t seconds = 0;
  environment *own = read_arguments(env, info, 4, arguments);
  if (own == NULL || (made = read_handle(env, arguments[0], KIND_USERS)) == NULL ||
      !read_exact(env, arguments[1], AES_BLOCK_BYTES, &auth_id) || !read_u32(env, arguments[2], &from) ||
      !read_u32(env, arguments[3], &to)) {
    return NULL;
  }
  int64_t index = user_keys_find(&made->keys, auth_id, from, to, &seconds);
  memcpy(own->status + STATUS_SECONDS, &seconds, sizeof seconds);
  return make_number(env, index);
}

bool export_users(napi_env env, napi_value exports, environment *own) {
  const aes_backend *hardware = aes_hardware();
  napi_value name;
  return napi_create_string_utf8(env, hardware == NULL ? aes_portable.name : hardware->name, NAPI_AUTO_LENGTH, &name) ==
             napi_ok &&
         napi_set_named_property(env, exports, "aes", name) == napi_ok &&
         export_function(env, exports, "usersNew", users_new, own) &&
         export_function(env, exports, "usersPush", users_push, own) &&
         export_function(env, exports, "usersRemove", users_remove, own) &&
         export_function(env, exports, "usersFind", users_find, own);
}
