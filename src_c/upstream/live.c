#include "upstream/live.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "shared/regions.h"

enum {
  CLUSTER_BYTES = sizeof(mc_cluster_live) + MC_OUTLIER_CLUSTER_BYTES,
  HOST_BYTES = sizeof(mc_host_live) + MC_OUTLIER_HOST_BYTES
};

void mc_cluster_live_init(mc_cluster_live *live) {
  atomic_init(&live->due_ns, UINT64_MAX);
  live->sweep_ns = live->merge_ns = live->merged_ns = UINT64_MAX;
}

static void init_cluster(void *data, const void *unused) {
  (void)unused;
  mc_cluster_live_init(data);
}

static const mc_shared_form cluster_form = {
    .kind = MC_SHARED_CLUSTER,
    .begins_anew = true,
    .held = {offsetof(mc_cluster_live, counts) + offsetof(mc_breaker_counts, used), MC_RESOURCES, MC_ROUTING_PRIORITIES,
             sizeof(mc_breaker_counts)},
    .lock = offsetof(mc_cluster_live, lock),
    .version = offsetof(mc_cluster_live, epoch),
    .init = init_cluster,
};

static const mc_shared_form host_form = {
    .kind = MC_SHARED_HOST,
    .begins_anew = true,
    .held = {offsetof(mc_host_live, active), 2, 1, 0},
    .lock = MC_NOWHERE,
    .version = MC_NOWHERE,
};

_Atomic(uint64_t) *mc_cluster_live_columns(const mc_cluster_live *live) { return mc_region_columns(live, CLUSTER_BYTES); }

_Atomic(uint64_t) *mc_host_live_columns(const mc_host_live *live) { return mc_region_columns(live, HOST_BYTES); }

mc_cluster_live *mc_cluster_live_find(mc_shared *shared, mc_slice cluster, mc_error *error) {
  return mc_region_find(shared, &cluster_form, cluster, CLUSTER_BYTES, NULL, error);
}

mc_host_live *mc_host_live_find(mc_shared *shared, mc_slice cluster, mc_slice address, mc_error *error) {
  size_t size = cluster.size + 1 + address.size;
  char *name = malloc(size);
  if (!name) {
    *error = (mc_error){.code = MC_NO_MEMORY};
    return NULL;
  }
  if (cluster.size) memcpy(name, cluster.data, cluster.size);
  name[cluster.size] = '\0';
  if (address.size) memcpy(name + cluster.size + 1, address.data, address.size);
  mc_host_live *live = mc_region_find(shared, &host_form, mc_slice_of(name, size), HOST_BYTES, NULL, error);
  free(name);
  return live;
}
