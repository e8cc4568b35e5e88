#include "upstream/limiters.h"

#include <stdlib.h>

struct mc_named_limiter {
  mc_concurrency *limiter;
  mc_limiter_scope scope;
  mc_slice name;
  uint32_t references;
  mc_named_limiter *next;
};

static bool is_that(const mc_named_limiter *at, mc_limiter_scope scope, mc_slice name, const mc_concurrency_spec *spec) {
  return at->scope == scope && mc_slice_equal(at->name, name) && mc_concurrency_spec_equal(&at->limiter->spec, spec);
}

static void discard(mc_named_limiter *made) {
  mc_concurrency_free(made->limiter);
  free(made);
}

mc_concurrency *mc_runtime_limiter(mc_runtime *runtime, mc_limiter_scope scope, mc_slice name, const mc_concurrency_spec *spec,
                                   uint64_t now_ns, uint64_t seed) {
  mc_named_limiter **chain = mc_runtime_limiters(runtime);
  for (mc_named_limiter *at = *chain; at; at = at->next) {
    if (!is_that(at, scope, name, spec)) continue;
    at->references++;
    return at->limiter;
  }
  mc_named_limiter *made = calloc(1, sizeof *made + name.size);
  if (!made) return NULL;
  made->limiter = mc_concurrency_new(spec, now_ns, seed);
  if (!made->limiter) {
    discard(made);
    return NULL;
  }
  char *text = (char *)(made + 1);
  if (name.size) memcpy(text, name.data, name.size);
  made->name = mc_slice_of(text, name.size);
  made->scope = scope;
  made->references = 1;
  made->next = *chain;
  *chain = made;
  return made->limiter;
}

void mc_runtime_release_limiter(mc_runtime *runtime, mc_concurrency *limiter) {
  if (!limiter) return;
  mc_named_limiter **at = mc_runtime_limiters(runtime);
  while ((*at)->limiter != limiter) at = &(*at)->next;
  if (--(*at)->references) return;
  mc_named_limiter *last = *at;
  *at = last->next;
  discard(last);
}
