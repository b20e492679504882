/* Accepting connections; see src/transport/socket/accept-more.ts. */
#ifdef __linux__
#define _GNU_SOURCE
#include <sys/socket.h>
#endif

#include "binding.h"

/* accept(listening): the descriptor of the next connection that waits on a descriptor, which is non-blocking; -1 for none */
static napi_value accept_next(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  uint32_t listening;
  if (read_arguments(env, info, 1, arguments) == NULL || !read_u32(env, arguments[0], &listening)) return NULL;
  int accepted = -1;
#ifdef __linux__
  if (listening <= INT32_MAX) accepted = accept4((int)listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
#endif
  return make_number(env, accepted);
}

bool export_accept(napi_env env, napi_value exports, environment *own) {
  return export_function(env, exports, "accept", accept_next, own);
}
