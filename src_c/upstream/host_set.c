#include "upstream/host_set.h"

enum { ALL, HEALTHY, DEGRADED, LISTS };

/* What the hosts are sorted with; all of it by locality. */
typedef struct sorter {
  uint32_t *order;         /* the localities by priority, else as they are numbered */
  uint32_t *counts[LISTS]; /* hosts in each list; then where the next one goes */
  uint32_t *excluded;
  uint32_t *lists[LISTS]; /* all hosts, in the order of the localities */
} sorter;

static bool listed(mc_health health, int list) {
  if (list == ALL) return true;
  return health == (list == HEALTHY ? MC_HEALTHY : MC_DEGRADED);
}

/* A stable counting sort: localities of one priority stand side by side, and so do their hosts. */
static uint32_t order_localities(sorter *s, const mc_locality *localities, uint32_t count) {
  uint32_t priorities = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (localities[i].priority >= priorities) priorities = localities[i].priority + 1;
  }
  uint32_t at = 0;
  for (uint32_t priority = 0; priority < priorities; priority++) {
    for (uint32_t i = 0; i < count; i++) {
      if (localities[i].priority == priority) s->order[at++] = i;
    }
  }
  return priorities;
}

static void sort_hosts(sorter *s, const mc_host *hosts, const uint32_t *members, uint32_t count,
                       uint32_t locality_count) {
  for (uint32_t i = 0; i < count; i++) {
    const mc_host *host = &hosts[members ? members[i] : i];
    mc_health health = mc_host_health(host);
    for (int list = 0; list < LISTS; list++) s->counts[list][host->locality] += listed(health, list);
    s->excluded[host->locality] += health == MC_DRAINING;
  }
  for (int list = 0; list < LISTS; list++) {
    uint32_t start = 0;
    for (uint32_t i = 0; i < locality_count; i++) {
      uint32_t *here = &s->counts[list][s->order[i]], size = *here;
      *here = start;
      start += size;
    }
  }
  for (uint32_t i = 0; i < count; i++) {
    uint32_t number = members ? members[i] : i;
    mc_health health = mc_host_health(&hosts[number]);
    for (int list = 0; list < LISTS; list++) {
      if (listed(health, list)) s->lists[list][s->counts[list][hosts[number].locality]++] = number;
    }
  }
}

/* What a locality's weight is worth while only some of its hosts can be used. */
static double effective_weight(const mc_locality_hosts *here, uint32_t eligible, uint32_t excluded,
                               uint32_t overprovisioning) {
  uint32_t count = here->all.count - excluded;
  if (!count) return 0;
  double ratio = (double)overprovisioning / 100 * ((double)eligible / count);
  return here->weight * (ratio < 1 ? ratio : 1);
}

static void add_hosts(mc_hosts *to, mc_hosts more) {
  if (!to->count) to->at = more.at; /* the next ones stand right behind */
  to->count += more.count;
}

static mc_code fill_priorities(mc_host_set *set, const sorter *s, const mc_locality *localities,
                               uint32_t locality_count, const mc_host_set_options *options, mc_arena *arena) {
  mc_locality_hosts *here = mc_arena_alloc(arena, locality_count, sizeof *here);
  if (!here) return MC_NO_MEMORY;
  uint32_t starts[LISTS] = {0};
  for (uint32_t i = 0; i < locality_count; i++) {
    uint32_t number = s->order[i];
    mc_hosts parts[LISTS];
    for (int list = 0; list < LISTS; list++) { /* after the sort, counts says where the locality ends */
      parts[list] = (mc_hosts){s->lists[list] + starts[list], s->counts[list][number] - starts[list]};
      starts[list] = s->counts[list][number];
    }
    mc_priority *priority = &set->priorities[localities[number].priority];
    if (localities[number].host_count) priority->locality_weight += localities[number].weight;
    if (!parts[ALL].count) continue;
    *here = (mc_locality_hosts){number, parts[ALL], parts[HEALTHY], parts[DEGRADED], localities[number].weight, 0, 0};
    uint32_t excluded = s->excluded[number], factor = options->overprovisioning_percent;
    here->healthy_weight = effective_weight(here, here->healthy.count, excluded, factor);
    here->degraded_weight = effective_weight(here, here->degraded.count, excluded, factor);
    if (!priority->locality_count++) priority->localities = here;
    add_hosts(&priority->all, here->all);
    add_hosts(&priority->healthy, here->healthy);
    add_hosts(&priority->degraded, here->degraded);
    priority->excluded += excluded;
    here++;
  }
  return MC_OK;
}

/* ------------------------------------------------------------------ load */

/* How available a priority is, in percents: a share of its hosts, overprovisioned. */
static uint32_t availability(uint64_t usable, uint64_t all, uint32_t overprovisioning) {
  uint64_t percent = all ? overprovisioning * usable / all : 0;
  return percent < 100 ? (uint32_t)percent : 100;
}

/* The hosts by their number or by their weights, without those that are draining. */
static uint64_t amount(const mc_host *hosts, mc_hosts of, bool by_weight) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < of.count; i++) {
    const mc_host *host = &hosts[of.at[i]];
    if (mc_host_health(host) != MC_DRAINING) sum += by_weight ? host->weight : 1;
  }
  return sum;
}

static uint32_t share(uint32_t left, uint32_t available, uint32_t total) {
  uint32_t wanted = available * 100 / total;
  return wanted < left ? wanted : left;
}

/* Healthy hosts of all priorities are filled before any degraded ones; what rounding leaves goes to the first. */
static void distribute(mc_host_set *set, uint32_t total) {
  uint32_t left = 100;
  uint32_t *first = NULL;
  for (int degraded = 0; degraded < 2; degraded++) {
    for (uint32_t i = 0; i < set->count; i++) {
      mc_priority *priority = &set->priorities[i];
      uint32_t available = degraded ? priority->degraded_available : priority->available;
      uint32_t *load = degraded ? &priority->degraded_load : &priority->load;
      if (available && !first) first = load;
      *load = share(left, available, total);
      left -= *load;
    }
  }
  *first += left;
}

/* All priorities panic: each gets a share by its size, whatever its health. */
static void distribute_in_panic(mc_host_set *set) {
  uint64_t hosts = 0;
  for (uint32_t i = 0; i < set->count; i++) hosts += set->priorities[i].all.count;
  uint32_t left = 100;
  mc_priority *first = NULL;
  for (uint32_t i = 0; i < set->count; i++) {
    mc_priority *priority = &set->priorities[i];
    if (priority->all.count && !first) first = priority;
    priority->load = hosts ? (uint32_t)(100 * (uint64_t)priority->all.count / hosts) : 0;
    priority->degraded_load = 0;
    left -= priority->load;
  }
  (first ? first : &set->priorities[0])->load += left;
}

static bool panics(const mc_priority *priority, uint32_t threshold) {
  uint32_t count = priority->all.count - priority->excluded;
  double percent = count ? 100.0 * priority->healthy.count / count + 100.0 * priority->degraded.count / count : 0;
  return percent < threshold;
}

static void share_load(mc_host_set *set, const mc_host *hosts, const mc_host_set_options *options) {
  for (uint32_t i = 0; i < set->count; i++) {
    mc_priority *priority = &set->priorities[i];
    const uint32_t factor = options->overprovisioning_percent;
    const bool by_weight = options->weighted_priority_health;
    const uint64_t all = amount(hosts, priority->all, by_weight);
    priority->available = availability(amount(hosts, priority->healthy, by_weight), all, factor);
    priority->degraded_available = availability(amount(hosts, priority->degraded, by_weight), all, factor);
  }
  const mc_priority_bits none = {{0}};
  uint32_t total = mc_host_set_available(set, &none);
  if (total) distribute(set, total);
  if (!total && !options->panic_percent) {
    set->priorities[0].load = 100; /* for nobody: there is no healthy host */
    return;
  }
  bool all = true;
  for (uint32_t i = 0; i < set->count; i++) {
    mc_priority *priority = &set->priorities[i];
    priority->panic = total < 100 && panics(priority, options->panic_percent);
    all &= priority->panic;
  }
  if (all) distribute_in_panic(set);
}

/* ------------------------------------------------------------------ the set */

mc_code mc_host_set_build(mc_host_set *set, const mc_host *hosts, const uint32_t *members, uint32_t count,
                          const mc_locality *localities, uint32_t locality_count,
                          const mc_host_set_options *options, mc_arena *arena) {
  sorter s;
  s.order = mc_arena_alloc(arena, locality_count, sizeof *s.order);
  s.excluded = mc_arena_alloc(arena, locality_count, sizeof *s.excluded);
  bool ok = s.order && s.excluded;
  for (int list = 0; list < LISTS; list++) {
    s.counts[list] = mc_arena_alloc(arena, locality_count, sizeof *s.counts[list]);
    s.lists[list] = mc_arena_alloc(arena, count, sizeof *s.lists[list]);
    ok &= s.counts[list] && s.lists[list];
  }
  if (!ok) return MC_NO_MEMORY;
  set->count = order_localities(&s, localities, locality_count);
  set->priorities = mc_arena_alloc(arena, set->count, sizeof *set->priorities);
  if (!set->priorities) return MC_NO_MEMORY;
  sort_hosts(&s, hosts, members, count, locality_count);
  mc_code code = fill_priorities(set, &s, localities, locality_count, options, arena);
  if (!code && set->count) share_load(set, hosts, options);
  return code;
}

const mc_priority *mc_host_set_choose_by_load(const mc_host_set *set, uint64_t number, bool *degraded) {
  *degraded = false;
  uint32_t place = (uint32_t)(number % 100) + 1, sum = 0;
  for (;; *degraded = true) {
    for (uint32_t i = 0; i < set->count; i++) {
      const mc_priority *priority = &set->priorities[i];
      sum += *degraded ? priority->degraded_load : priority->load;
      if (place <= sum) return priority;
    }
    if (*degraded) return &set->priorities[0]; /* the loads add up to 100, so never here */
  }
}

/* ------------------------------------------------------------------ without some priorities */

uint32_t mc_host_set_available(const mc_host_set *set, const mc_priority_bits *excluded) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < set->count; i++) {
    if (mc_priority_bits_has(excluded, i)) continue;
    sum += set->priorities[i].available + (uint64_t)set->priorities[i].degraded_available;
  }
  return sum < 100 ? (uint32_t)sum : 100;
}

const mc_priority *mc_host_set_choose_without(const mc_host_set *set, const mc_priority_bits *excluded, uint64_t number,
                                              bool *degraded) {
  const uint32_t total = mc_host_set_available(set, excluded), place = (uint32_t)(number % 100) + 1;
  uint32_t left = 100;
  while (left) { /* what rounding leaves is shared again */
    for (int pass = 0; pass < 2; pass++) {
      for (uint32_t i = 0; i < set->count; i++) {
        if (mc_priority_bits_has(excluded, i)) continue;
        const mc_priority *priority = &set->priorities[i];
        left -= share(left, pass ? priority->degraded_available : priority->available, total);
        *degraded = pass;
        if (place <= 100 - left) return priority;
      }
    }
  }
  return NULL; /* never: place is at most 100 */
}
