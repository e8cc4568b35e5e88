#include "upstream/limit_store.h"

#include <stdlib.h>

#include "base/hash.h"
#include "shared/regions.h"

static void *find_shared(const mc_limit_store *store, mc_limit_init *init, const void *argument, mc_runtime *runtime) {
  const mc_shared_form form = {.kind = MC_SHARED_TOKENS, .lock = MC_NOWHERE, .version = MC_NOWHERE, .init = init};
  return mc_region_find(mc_runtime_shared(runtime), &form, store->name, store->size, argument,
                        mc_runtime_forget_refusal(runtime));
}

/* Where all tokens come from. calloc takes memory of the system where it is much: what no key uses costs nothing. */
static bool take_memory(mc_limit_store *store, size_t alignment, mc_limit_init *init, const void *argument,
                        mc_runtime *runtime) {
  if (mc_runtime_shared(runtime)) {
    store->memory = find_shared(store, init, argument, runtime);
    return store->memory;
  }
  store->block = calloc(1, store->size + alignment);
  if (!store->block) return false;
  char *at = store->block;
  store->memory = at + (alignment - (uintptr_t)at % alignment);
  if (init) init(store->memory, argument);
  return true;
}

static void give_memory_back(mc_limit_store *store, mc_runtime *runtime) {
  if (store->block) free(store->block);
  else mc_region_release(mc_runtime_shared(runtime), store->memory);
}

static mc_limit_store **chain_of(const mc_limit_stores *stores, mc_slice name) {
  return &stores->chains[mc_xxh64(name.data, name.size, 0) & stores->mask];
}

static bool grow(mc_limit_stores *stores) {
  mc_limit_stores wider = {.mask = stores->chains ? stores->mask * 2 + 1 : 7, .count = stores->count};
  wider.chains = calloc((size_t)wider.mask + 1, sizeof *wider.chains);
  if (!wider.chains) return stores->chains != NULL; /* longer chains serve as well */
  for (uint32_t i = 0; stores->chains && i <= stores->mask; i++) {
    for (mc_limit_store *at = stores->chains[i], *next; at; at = next) {
      next = at->next;
      mc_limit_store **chain = chain_of(&wider, at->name);
      at->next = *chain;
      *chain = at;
    }
  }
  free(stores->chains);
  *stores = wider;
  return true;
}

mc_limit_store *mc_limit_store_of(mc_runtime *runtime, mc_slice name, size_t size, size_t alignment,
                                  mc_limit_init *init, const void *argument) {
  mc_limit_stores *stores = mc_runtime_limits(runtime);
  if ((!stores->chains || stores->count > stores->mask) && !grow(stores)) return NULL;
  mc_limit_store **chain = chain_of(stores, name);
  for (mc_limit_store *at = *chain; at; at = at->next) {
    if (at->size != size || !mc_slice_equal(at->name, name)) continue;
    at->references++;
    return at;
  }
  mc_limit_store *made = calloc(1, sizeof *made + name.size);
  if (!made) return NULL;
  char *text = (char *)(made + 1);
  if (name.size) memcpy(text, name.data, name.size);
  made->name = mc_slice_of(text, name.size);
  made->size = size;
  made->references = 1;
  if (!take_memory(made, alignment, init, argument, runtime)) {
    free(made);
    return NULL;
  }
  made->next = *chain;
  *chain = made;
  stores->count++;
  return made;
}

void mc_limit_store_release(mc_runtime *runtime, mc_limit_store *store) {
  if (!store || --store->references) return;
  mc_limit_stores *stores = mc_runtime_limits(runtime);
  mc_limit_store **at = chain_of(stores, store->name);
  while (*at != store) at = &(*at)->next;
  *at = store->next;
  stores->count--;
  give_memory_back(store, runtime);
  free(store);
}
