#include "upstream/host.h"

mc_health mc_host_health(const mc_host *host) {
  if (host->health != MC_HEALTHY && host->health != MC_DEGRADED) return host->health;
  return atomic_load_explicit(&host->state->failing, memory_order_relaxed) ? MC_UNHEALTHY : host->health;
}
