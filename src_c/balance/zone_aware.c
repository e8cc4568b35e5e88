#include "balance/zone_aware.h"

#include "base/slice.h"

enum { WHOLE = 10000 };

/* In parts of WHOLE: what our own kind sends from a locality, and what can be served there. */
typedef struct share {
  uint64_t sent, served;
} share;

static bool same(const mc_locality *locality, const mc_locality_name *name) {
  return mc_slice_equal(locality->region, name->region) && mc_slice_equal(locality->zone, name->zone) &&
         mc_slice_equal(locality->sub_zone, name->sub_zone);
}

static bool names_equal(const mc_locality_name *a, const mc_locality_name *b) {
  const mc_locality locality = {.region = a->region, .zone = a->zone, .sub_zone = a->sub_zone};
  return same(&locality, b);
}

static uint64_t part(uint64_t some, uint64_t all) { return all ? some * WHOLE / all : 0; }

/* How many hosts, or what they weigh. */
static uint64_t size_of(const mc_zone_spec *spec, const mc_host *hosts, mc_hosts healthy) {
  if (!spec->by_weight) return healthy.count;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < healthy.count; i++) sum += hosts[healthy.at[i]].weight;
  return sum;
}

static uint64_t size_of_peers(const mc_zone_spec *spec, const mc_peers *peers) {
  return spec->by_weight ? peers->healthy_weight : peers->healthy;
}

static const mc_peers *peers_in(const mc_zone_spec *spec, const mc_locality *locality) {
  for (uint32_t i = 0; i < spec->peer_count; i++) {
    if (same(locality, &spec->peers[i].locality)) return &spec->peers[i];
  }
  return NULL;
}

/* What is known does not suffice, or the cluster is too small to be split. */
static bool not_possible(const mc_zone_spec *spec, const mc_priority *priority) {
  uint32_t populated = 0;
  bool here = false;
  for (uint32_t i = 0; i < spec->peer_count; i++) {
    populated += spec->peers[i].hosts > 0;
    here |= spec->peers[i].hosts > 0 && names_equal(&spec->peers[i].locality, &spec->own);
  }
  return priority->locality_count < 2 || (populated < 2 && !spec->force_minimum) || !here ||
         priority->healthy.count < spec->min_cluster_size;
}

static share share_of(const mc_zone_spec *spec, const mc_locality_hosts *here, const mc_host *hosts,
                      const mc_locality *localities, uint64_t sent_in_all, uint64_t served_in_all) {
  if (!here->healthy.count) return (share){0, 0};
  const mc_peers *peers = peers_in(spec, &localities[here->locality]);
  return (share){part(peers ? size_of_peers(spec, peers) : 0, sent_in_all),
                 part(size_of(spec, hosts, here->healthy), served_in_all)};
}

mc_code mc_zone_build(mc_zone *zone, const mc_zone_spec *spec, uint32_t panic_percent, const mc_priority *priority,
                      const mc_host *hosts, const mc_locality *localities, mc_arena *arena) {
  *zone = (mc_zone){.on = false};
  if (!spec || not_possible(spec, priority)) return MC_OK;
  zone->order = mc_arena_alloc(arena, priority->locality_count, sizeof *zone->order);
  zone->residual = mc_arena_alloc(arena, priority->locality_count, sizeof *zone->residual);
  if (!zone->order || !zone->residual) return MC_NO_MEMORY;
  zone->on = true;
  zone->percent = spec->routing_percent;
  zone->count = priority->locality_count;
  double usable = spec->peer_hosts ? 100.0 * spec->usable_peers / spec->peer_hosts : 0;
  zone->peers_panic = usable < panic_percent;
  uint64_t sent = 0, served = size_of(spec, hosts, priority->healthy);
  for (uint32_t i = 0; i < spec->peer_count; i++) sent += size_of_peers(spec, &spec->peers[i]);
  uint32_t at = 0;
  bool here = false;
  for (uint32_t i = 0; i < zone->count; i++) {
    if (!same(&localities[priority->localities[i].locality], &spec->own) || here) continue;
    zone->order[at++] = i;
    here = true;
  }
  for (uint32_t i = 0; i < zone->count; i++) {
    if (!here || i != zone->order[0]) zone->order[at++] = i;
  }
  if (here) {
    const mc_locality_hosts *own = &priority->localities[zone->order[0]];
    share local = share_of(spec, own, hosts, localities, sent, served);
    zone->direct = (local.served && local.served >= local.sent) ||
                   (spec->force_minimum && own->healthy.count >= spec->force_minimum);
    zone->kept = local.sent ? (uint32_t)(local.served * WHOLE / local.sent) : 0;
  }
  uint64_t sum = 0;
  for (uint32_t i = 0; i < zone->count; i++) {
    share other = share_of(spec, &priority->localities[zone->order[i]], hosts, localities, sent, served);
    bool own = here && i == 0; /* it serves what it can already */
    if (!own && other.served > other.sent) sum += other.served - other.sent;
    zone->residual[i] = sum;
  }
  return MC_OK;
}

int32_t mc_zone_choose(const mc_zone *zone, bool fail_on_panic, mc_pick *pick) {
  if (mc_pick_draw(pick) % 100 >= zone->percent) return MC_ZONE_ANYWHERE;
  if (zone->peers_panic) return fail_on_panic ? MC_ZONE_NOWHERE : MC_ZONE_ANYWHERE;
  if (zone->direct || mc_pick_draw(pick) % WHOLE < zone->kept) return (int32_t)zone->order[0];
  uint64_t capacity = zone->residual[zone->count - 1];
  if (!capacity) return (int32_t)zone->order[mc_pick_below(pick, zone->count)]; /* shares were rounded away */
  uint64_t place = mc_pick_draw(pick) % capacity;
  uint32_t i = 0;
  while (place > zone->residual[i]) i++;
  return (int32_t)zone->order[i];
}
