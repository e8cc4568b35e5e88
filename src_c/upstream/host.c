#include "upstream/host.h"

mc_health mc_host_health(const mc_host *host) {
  uint_fast32_t said = mc_host_state_said(host->state);
  if (said & (MC_EXCLUDED_HEALTH_CHECK | MC_EXCLUDED_USER)) return MC_DRAINING;
  if (host->health != MC_HEALTHY && host->health != MC_DEGRADED) return host->health;
  if (said & MC_FAILING) return MC_UNHEALTHY;
  return said & MC_DEGRADED_HEALTH_CHECK ? MC_DEGRADED : host->health;
}

static mc_counter *counter_of(const mc_host *hosts, const uint32_t *members, uint32_t number) {
  return hosts[members ? members[number] : number].state->active;
}

bool mc_host_counters(mc_counter_map *map, const mc_host *hosts, const uint32_t *members, uint32_t count,
                      mc_arena *arena) {
  *map = (mc_counter_map){.first = count ? counter_of(hosts, members, 0) : NULL};
  uint32_t beside = 0;
  while (beside < count && counter_of(hosts, members, beside) == map->first + beside) beside++;
  if (beside == count) return true;
  map->first = NULL;
  map->at = mc_arena_alloc(arena, count, sizeof *map->at);
  for (uint32_t i = 0; map->at && i < count; i++) map->at[i] = counter_of(hosts, members, i);
  return map->at;
}
