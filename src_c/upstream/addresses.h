/* Hosts of a cluster by their addresses: what a session asks for by name. */
#ifndef MC_UPSTREAM_ADDRESSES_H
#define MC_UPSTREAM_ADDRESSES_H

#include "base/arena.h"
#include "upstream/host.h"

/* A hash table of host numbers, at most half full. */
typedef struct mc_addresses {
  int32_t *at; /* -1: free */
  uint32_t mask;
} mc_addresses;

/* Where several hosts have one address, that of the first priority counts, and there the first; as in Envoy, where
 * the priorities enter their hosts one after another. MC_OK or MC_NO_MEMORY. */
mc_code mc_addresses_build(mc_addresses *addresses, const mc_host *hosts, uint32_t count,
                           const mc_locality *localities, mc_arena *arena);

/* The number of the host, or -1. */
int32_t mc_addresses_find(const mc_addresses *addresses, const mc_host *hosts, mc_slice address);

#endif
