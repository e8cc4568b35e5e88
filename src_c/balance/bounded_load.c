/* As Envoy does it (source/extensions/load_balancing_policies/common/thread_aware_lb_impl.cc): V. Mirrokni,
 * M. Thorup, M. Zadimoghaddam, "Consistent hashing with bounded loads" (2016), with the random jumps of
 * J. Chen, B. Coleman, A. Shrivastava, "Revisiting consistent hashing with bounded loads" (2019). */
#include "balance/bounded_load.h"

#include <stdlib.h>

#include "base/mt19937.h"
#include "base/numbers.h"

/* How much of what it may have a member has: more than 1 is too much. All counters are 32 bits wide, as there. */
static double load_of(const mc_group *group, uint32_t factor, uint32_t member) {
  const mc_host_state *state = mc_group_host(group, member)->state;
  uint32_t all = mc_cluster_state_active(state->cluster);
  uint32_t own = atomic_load_explicit(state->active, memory_order_relaxed);
  uint32_t slots = ((all + 1) * factor + 99) / 100;
  double most = mc_ceil(slots * group->shares[member]);
  return most > 1 ? own / most : own;
}

static uint32_t draw_below(mc_mt19937 *rng, uint32_t count) {
  uint64_t step = ((uint64_t)1 << 32) / count;
  for (;;) {
    uint64_t x = mc_mt19937_next(rng) / step;
    if (x < count) return (uint32_t)x;
  }
}

/* A shuffle of 0, 1, 2, ... of which only what has been swapped is kept, since a few draws find a free host:
 * a hash table of places and what stands there. */
typedef struct swapped {
  uint32_t place, value; /* place + 1; 0: free */
} swapped;

enum { INLINE = 64 };

typedef struct shuffle {
  swapped *table;
  uint32_t mask, count;
  swapped some[INLINE];
} shuffle;

static swapped *slot_of(const shuffle *s, uint32_t place) {
  uint32_t at = place * 0x9e3779b1u & s->mask;
  while (s->table[at].place && s->table[at].place != place + 1) at = (at + 1) & s->mask;
  return &s->table[at];
}

/* What stands at a place. */
static uint32_t value_at(const shuffle *s, uint32_t place) {
  const swapped *slot = slot_of(s, place);
  return slot->place ? slot->value : place;
}

static bool grow(shuffle *s) {
  swapped *old = s->table;
  uint32_t size = s->mask + 1;
  swapped *table = calloc((size_t)size * 4, sizeof *table);
  if (!table) return false;
  s->table = table;
  s->mask = size * 4 - 1;
  for (uint32_t i = 0; i < size; i++) {
    if (old[i].place) *slot_of(s, old[i].place - 1) = old[i];
  }
  if (old != s->some) free(old);
  return true;
}

static bool set(shuffle *s, uint32_t place, uint32_t value) {
  if (s->count * 2 > s->mask && !grow(s)) return false;
  swapped *slot = slot_of(s, place);
  if (!slot->place) s->count++;
  *slot = (swapped){place + 1, value};
  return true;
}

/* The first member in a random order that has not too much to do; else the one that has the least. Where memory is
 * out, among those that were asked. */
static uint32_t probe(const mc_group *group, uint32_t factor, mc_mt19937 *rng, shuffle *s, uint32_t member, double load) {
  uint32_t count = group->members.count, least = member;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t place = i + draw_below(rng, count - i);
    uint32_t next = value_at(s, place);
    if (!set(s, place, value_at(s, i))) break;
    if (next == member) continue;
    double other = load_of(group, factor, next);
    if (other <= 1) return next;
    if (other < load) {
      least = next;
      load = other;
    }
  }
  return least;
}

uint32_t mc_bounded_load_pick(const mc_group *group, uint32_t factor, uint64_t hash, uint32_t member) {
  double load = load_of(group, factor, member);
  if (load <= 1) return member;
  mc_mt19937 rng;
  mc_mt19937_seed(&rng, (uint32_t)hash);
  shuffle s = {.mask = INLINE - 1};
  s.table = s.some;
  uint32_t picked = probe(group, factor, &rng, &s, member, load);
  if (s.table != s.some) free(s.table);
  return picked;
}
