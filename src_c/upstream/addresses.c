#include "upstream/addresses.h"

#include "base/hash.h"

/* The place of an address, or the free one where it would go. */
static int32_t *place(const mc_addresses *addresses, const mc_host *hosts, mc_slice address) {
  uint32_t at = (uint32_t)mc_xxh64(address.data, address.size, 0) & addresses->mask;
  while (addresses->at[at] >= 0 && !mc_slice_equal(hosts[addresses->at[at]].address, address)) {
    at = (at + 1) & addresses->mask;
  }
  return &addresses->at[at];
}

mc_code mc_addresses_build(mc_addresses *addresses, const mc_host *hosts, uint32_t count,
                           const mc_locality *localities, mc_arena *arena) {
  uint32_t size = 4;
  while (size < 2 * (uint64_t)count) size *= 2;
  addresses->mask = size - 1;
  addresses->at = mc_arena_alloc(arena, size, sizeof *addresses->at);
  if (!addresses->at) return MC_NO_MEMORY;
  memset(addresses->at, 0xff, size * sizeof *addresses->at); /* -1 */
  for (uint32_t i = 0; i < count; i++) {
    int32_t *at = place(addresses, hosts, hosts[i].address);
    if (*at < 0 || localities[hosts[i].locality].priority < localities[hosts[*at].locality].priority) *at = (int32_t)i;
  }
  return MC_OK;
}

int32_t mc_addresses_find(const mc_addresses *addresses, const mc_host *hosts, mc_slice address) {
  return *place(addresses, hosts, address);
}
