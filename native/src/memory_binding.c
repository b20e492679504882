/* Giving memory back to the system; see src/app/memory/idle-memory.ts. */
#ifdef __linux__
#include <features.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "binding.h"

/* trimMemory(): whether the allocator gave anything back; false where it cannot be asked to */
static napi_value trim_memory(napi_env env, napi_callback_info info) {
  (void)info;
  bool trimmed = false;
#ifdef __GLIBC__
  trimmed = malloc_trim(0) == 1;
#endif
  napi_value result;
  return napi_get_boolean(env, trimmed, &result) == napi_ok ? result : NULL;
}

/* fewArenas(): threads share one heap of the allocator's, which leaves less behind; counts for threads to come */
static napi_value few_arenas(napi_env env, napi_callback_info info) {
  (void)info;
  bool done = false;
#ifdef __GLIBC__
  done = mallopt(M_ARENA_MAX, 1) == 1;
#endif
  napi_value result;
  return napi_get_boolean(env, done, &result) == napi_ok ? result : NULL;
}

bool export_memory(napi_env env, napi_value exports, environment *own) {
  return export_function(env, exports, "trimMemory", trim_memory, own) &&
         export_function(env, exports, "fewArenas", few_arenas, own);
}
