#include "policy/sticky.h"

#include <stdlib.h>

#include "base/rng.h"
#include "edit/view.h"

static mc_code build_shares(mc_sticky *sticky, const mc_weighted_cluster_spec *clusters, uint32_t count,
                            mc_arena *arena) {
  mc_slice *names = malloc((count + (size_t)1) * sizeof *names);
  uint32_t *weights = malloc((count + (size_t)1) * sizeof *weights);
  mc_code code = MC_NO_MEMORY;
  sticky->shares = mc_arena_alloc(arena, count, sizeof *sticky->shares);
  sticky->count = count;
  if (names && weights && sticky->shares) {
    for (uint32_t i = 0; i < count; i++) {
      names[i] = clusters[i].name;
      weights[i] = clusters[i].weight;
    }
    code = mc_rendezvous_build(names, weights, count, sticky->shares);
  }
  free(names);
  free(weights);
  return code;
}

mc_code mc_sticky_build(mc_sticky **out, const mc_sticky_spec *spec, const mc_weighted_cluster_spec *clusters,
                        uint32_t count, mc_slots *slots, mc_arena *arena) {
  *out = NULL;
  if (!spec) return MC_OK;
  bool ok = true;
  mc_sticky *sticky = mc_arena_alloc(arena, 1, sizeof *sticky);
  if (!sticky) return MC_NO_MEMORY;
  sticky->kind = spec->kind;
  sticky->name = mc_arena_copy(arena, spec->name, &ok);
  mc_code code = ok ? MC_OK : MC_NO_MEMORY;
  if (!code && spec->kind == MC_HASH_HEADER) {
    code = mc_header_source_of(spec->name, slots, &sticky->source, &sticky->slot);
  }
  if (!code && spec->kind == MC_HASH_COOKIE) code = mc_slots_add(slots, MC_LITERAL("cookie"), &sticky->slot);
  if (!code && spec->cookie) {
    sticky->cookie = mc_arena_alloc(arena, 1, sizeof *sticky->cookie);
    code = sticky->cookie ? mc_cookie_build(sticky->cookie, spec->name, spec->cookie, arena) : MC_NO_MEMORY;
  }
  if (!code) code = build_shares(sticky, clusters, count, arena);
  *out = sticky;
  return code;
}

mc_slice mc_sticky_value(const mc_sticky *sticky, mc_input *input) {
  mc_slice value = MC_ABSENT;
  switch (sticky->kind) {
    case MC_HASH_HEADER:
      return mc_input_value(input, sticky->source, sticky->slot);
    case MC_HASH_COOKIE:
      return mc_cookie_find(input, sticky->slot, sticky->name, &value) ? value : MC_ABSENT;
    case MC_HASH_SOURCE_IP:
      return mc_view_client(input->view);
    case MC_HASH_QUERY:
      return mc_query_find(input->view->query, sticky->name, &value) ? value : MC_ABSENT;
  }
  return value;
}

/* Any constant will do that no other draw from the seed uses. */
#define STREAM UINT64_C(0x737469636b79636f)

uint64_t mc_sticky_cookie_number(uint64_t seed) { return mc_mix64(seed ^ STREAM); }
