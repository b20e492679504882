/* Telling JavaScript that a descriptor of its own can be read; see src/transport/udp/redirected.ts. */
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <stdlib.h>
#include <uv.h>

#include "binding.h"

/* Held by libuv until it is closed, by its owner or with its environment, and by the object JavaScript has. */
typedef struct {
  uint32_t kind;
  uint32_t holders;
  uv_poll_t poll;
  napi_env env;
  napi_ref callback;
  napi_async_cleanup_hook_handle hook;
} poller;

static void poller_drop(poller *own) {
  own->holders -= 1;
  if (own->holders == 0) free(own);
}

static void poller_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  poller_drop(data);
}

static void poller_closed(uv_handle_t *handle) {
  poller *own = handle->data;
  if (own->hook != NULL) (void)napi_remove_async_cleanup_hook(own->hook);
  poller_drop(own);
}

static void poller_close(poller *own) {
  if (own->kind == 0) return;
  own->kind = 0;
  (void)uv_poll_stop(&own->poll);
  (void)napi_delete_reference(own->env, own->callback);
  uv_close((uv_handle_t *)&own->poll, poller_closed);
}

static void environment_ends(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  poller_close(data);
}

static void poller_ready(uv_poll_t *handle, int status, int events) {
  (void)status;
  (void)events;
  poller *own = handle->data;
  napi_handle_scope scope;
  if (own->kind == 0 || napi_open_handle_scope(own->env, &scope) != napi_ok) return;
  napi_value callback, receiver, result;
  if (napi_get_reference_value(own->env, own->callback, &callback) == napi_ok && callback != NULL &&
      napi_get_global(own->env, &receiver) == napi_ok) {
    /* What it throws becomes the process's uncaught exception, as with any callback of Node's. */
    if (napi_make_callback(own->env, NULL, receiver, callback, 0, NULL, &result) == napi_pending_exception) {
      napi_value thrown;
      if (napi_get_and_clear_last_exception(own->env, &thrown) == napi_ok) (void)napi_fatal_exception(own->env, thrown);
    }
  }
  (void)napi_close_handle_scope(own->env, scope);
}

/* pollOpen(fd, callback): a handle; `callback` is called, without arguments, whenever the descriptor can be read */
static napi_value poll_open(napi_env env, napi_callback_info info) {
  napi_value arguments[2], made;
  uint32_t fd;
  if (read_arguments(env, info, 2, arguments) == NULL || !read_u32(env, arguments[0], &fd)) return NULL;
  uv_loop_t *loop;
  poller *own = calloc(1, sizeof *own);
  if (own == NULL) return fail(env, "out of memory");
  own->env = env;
  if (fd > INT32_MAX || napi_create_reference(env, arguments[1], 1, &own->callback) != napi_ok) {
    free(own);
    return fail(env, "not a descriptor and a function");
  }
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || uv_poll_init(loop, &own->poll, (int)fd) != 0) {
    (void)napi_delete_reference(env, own->callback);
    free(own);
    return fail(env, "the descriptor cannot be watched");
  }
  own->poll.data = own;
  own->kind = KIND_POLLER;
  own->holders = 1;
  if (napi_add_async_cleanup_hook(env, environment_ends, own, &own->hook) != napi_ok ||
      uv_poll_start(&own->poll, UV_READABLE, poller_ready) != 0 ||
      napi_create_external(env, own, poller_collected, NULL, &made) != napi_ok) {
    poller_close(own);
    return fail(env, "the descriptor cannot be watched");
  }
  own->holders = 2;
  return made;
}

/* pollClose(handle): refused the second time; the descriptor may be closed afterwards */
static napi_value poll_close(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  if (read_arguments(env, info, 1, arguments) == NULL) return NULL;
  poller *own = read_handle(env, arguments[0], KIND_POLLER);
  if (own != NULL) poller_close(own);
  return NULL;
}

bool export_poll(napi_env env, napi_value exports, environment *own) {
  return export_function(env, exports, "pollOpen", poll_open, own) &&
         export_function(env, exports, "pollClose", poll_close, own);
}
