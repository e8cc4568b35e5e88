#include "upstream/runtime.h"

#include <stdlib.h>

#include "base/hash.h"
#include "shared/regions.h"

struct mc_runtime {
  atomic_flag lock;
  mc_cluster_state **clusters; /* hash table of chains */
  uint32_t count, mask;
  uint64_t serial; /* the last one */
  mc_shared *shared; /* NULL: nothing is */
  mc_error refusal;
  struct mc_fault_gauge *faults;
  mc_limit_stores limits;
  uint8_t secret[16];
  struct mc_named_limiter *limiters;
  bool alone;
};

static uint64_t hash(mc_slice key) { return mc_xxh64(key.data, key.size, 0); }

mc_runtime *mc_runtime_new(void) {
  mc_runtime *runtime = calloc(1, sizeof *runtime);
  if (!runtime) return NULL;
  runtime->mask = 15;
  runtime->clusters = calloc(runtime->mask + 1, sizeof *runtime->clusters);
  if (!runtime->clusters) {
    free(runtime);
    return NULL;
  }
  atomic_flag_clear(&runtime->lock);
  return runtime;
}

void mc_runtime_set_alone(mc_runtime *runtime) { runtime->alone = true; }

bool mc_runtime_alone(const mc_runtime *runtime) { return runtime->alone; }

void mc_runtime_free(mc_runtime *runtime) {
  if (!runtime) return;
  free(runtime->limits.chains);
  free(runtime->clusters);
  free(runtime);
}

/* Each is held for a short time, and rarely: a spin will do. */
static void lock(atomic_flag *flag) {
  while (atomic_flag_test_and_set_explicit(flag, memory_order_acquire)) {
  }
}

static void unlock(atomic_flag *flag) { atomic_flag_clear_explicit(flag, memory_order_release); }

void mc_runtime_lock(mc_runtime *runtime) { lock(&runtime->lock); }
void mc_runtime_unlock(mc_runtime *runtime) { unlock(&runtime->lock); }

/* Whoever sees the epoch sees what made it move on. */
static void move_on(mc_cluster_state *cluster) {
  atomic_fetch_add_explicit(&cluster->live->epoch, 1, memory_order_release);
}

static void set_due(mc_cluster_live *live) {
  uint64_t due = live->sweep_ns < live->merge_ns ? live->sweep_ns : live->merge_ns;
  atomic_store_explicit(&live->due_ns, due, memory_order_relaxed);
}

void mc_cluster_state_lock(mc_cluster_state *cluster) {
  lock(&cluster->lock);
  if (!cluster->shared || !mc_shared_hold(cluster->shared, &cluster->live->lock)) return;
  /* Somebody died with it: a host may be ejected and nobody know of it, the time of the next sweep be another one. */
  move_on(cluster);
  set_due(cluster->live);
}

void mc_cluster_state_unlock(mc_cluster_state *cluster) {
  if (cluster->shared) mc_shared_let_go(cluster->shared, &cluster->live->lock);
  unlock(&cluster->lock);
}

static mc_slice copy_behind(void *object, size_t size, mc_slice text) {
  char *at = (char *)object + size;
  if (text.size) memcpy(at, text.data, text.size);
  return mc_slice_of(at, text.size);
}

static void grow_clusters(mc_runtime *runtime) {
  uint32_t mask = runtime->mask * 2 + 1;
  mc_cluster_state **table = calloc(mask + 1, sizeof *table);
  if (!table) return; /* longer chains serve as well */
  for (uint32_t i = 0; i <= runtime->mask; i++) {
    for (mc_cluster_state *at = runtime->clusters[i], *next; at; at = next) {
      next = at->next;
      mc_cluster_state **chain = &table[hash(at->name) & mask];
      at->next = *chain;
      *chain = at;
    }
  }
  free(runtime->clusters);
  runtime->clusters = table;
  runtime->mask = mask;
}

struct mc_fault_gauge **mc_runtime_faults(mc_runtime *runtime) { return &runtime->faults; }

mc_limit_stores *mc_runtime_limits(mc_runtime *runtime) { return &runtime->limits; }

void mc_runtime_set_secret(mc_runtime *runtime, const uint8_t *secret) {
  memcpy(runtime->secret, secret, sizeof runtime->secret);
}

const uint8_t *mc_runtime_secret(const mc_runtime *runtime) { return runtime->secret; }

struct mc_named_limiter **mc_runtime_limiters(mc_runtime *runtime) { return &runtime->limiters; }
void mc_runtime_share(mc_runtime *runtime, mc_shared *shared) { runtime->shared = shared; }

mc_shared *mc_runtime_shared(const mc_runtime *runtime) { return runtime->shared; }

mc_error *mc_runtime_forget_refusal(mc_runtime *runtime) {
  runtime->refusal.code = MC_OK;
  return &runtime->refusal;
}

const char *mc_runtime_refusal(const mc_runtime *runtime) {
  return runtime->refusal.code && runtime->refusal.code != MC_NO_MEMORY ? runtime->refusal.message : NULL;
}

uint64_t mc_runtime_serial(mc_runtime *runtime) { return ++runtime->serial; }

static bool share_cluster(mc_runtime *runtime, mc_cluster_state *cluster, mc_slice name) {
  cluster->live = &cluster->own;
  mc_cluster_live_init(&cluster->own);
  if (!runtime->shared) return true;
  mc_cluster_live *live = mc_cluster_live_find(runtime->shared, name, &runtime->refusal);
  if (!live) return false;
  cluster->live = live;
  cluster->shared = runtime->shared;
  cluster->runtime = runtime;
  cluster->columns = mc_cluster_live_columns(live);
  return true;
}

mc_cluster_state *mc_runtime_cluster(mc_runtime *runtime, mc_slice name) {
  for (mc_cluster_state *at = runtime->clusters[hash(name) & runtime->mask]; at; at = at->next) {
    if (!mc_slice_equal(at->name, name)) continue;
    at->references++;
    return at;
  }
  mc_cluster_state *made = calloc(1, sizeof *made + name.size);
  if (!made) return NULL;
  made->host_mask = 7;
  made->hosts = calloc(made->host_mask + 1, sizeof *made->hosts);
  if (!made->hosts) {
    free(made);
    return NULL;
  }
  if (!share_cluster(runtime, made, name)) {
    free(made->hosts);
    free(made);
    return NULL;
  }
  made->references = 1;
  atomic_flag_clear(&made->lock);
  made->name = copy_behind(made, sizeof *made, name);
  if (runtime->count++ > runtime->mask) grow_clusters(runtime);
  mc_cluster_state **chain = &runtime->clusters[hash(name) & runtime->mask];
  made->next = *chain;
  *chain = made;
  return made;
}

void mc_runtime_release_cluster(mc_runtime *runtime, mc_cluster_state *cluster) {
  if (!cluster || --cluster->references) return;
  mc_cluster_state **at = &runtime->clusters[hash(cluster->name) & runtime->mask];
  while (*at != cluster) at = &(*at)->next;
  *at = cluster->next;
  runtime->count--;
  mc_counters_clear(&cluster->counters);
  free(cluster->hosts);
  if (cluster->shared) mc_region_release(cluster->shared, cluster->live);
  else free(atomic_load_explicit(&cluster->outlier, memory_order_relaxed));
  free(cluster);
}

static void grow_hosts(mc_cluster_state *cluster) {
  uint32_t mask = cluster->host_mask * 2 + 1;
  mc_host_state **table = calloc(mask + 1, sizeof *table);
  if (!table) return; /* longer chains serve as well */
  for (uint32_t i = 0; i <= cluster->host_mask; i++) {
    for (mc_host_state *at = cluster->hosts[i], *next; at; at = next) {
      next = at->next;
      mc_host_state **chain = &table[hash(at->address) & mask];
      at->next = *chain;
      *chain = at;
    }
  }
  free(cluster->hosts);
  cluster->hosts = table;
  cluster->host_mask = mask;
}

bool mc_runtime_expect_hosts(mc_cluster_state *cluster, uint32_t count) {
  return mc_counters_reserve(&cluster->counters, count);
}

static bool count_host(mc_host_state *host) {
  host->active = mc_counters_take(&host->cluster->counters);
  return host->active;
}

/* Balancing policies read the lower half of the count: nothing else of it is theirs. */
static mc_counter *lower_half(mc_count *count) {
  const union {
    uint64_t whole;
    uint32_t half[2];
  } one = {.whole = 1};
  return (mc_counter *)(void *)count + !one.half[0];
}

static bool share_host(mc_host_state *host, mc_slice address) {
  mc_cluster_state *cluster = host->cluster;
  mc_host_live *live = mc_host_live_find(cluster->shared, cluster->name, address, &cluster->runtime->refusal);
  if (!live) return false;
  host->live = live;
  host->columns = mc_host_live_columns(live);
  host->active = lower_half(&live->active);
  return true;
}

mc_host_state *mc_runtime_host(mc_cluster_state *cluster, mc_slice address) {
  for (mc_host_state *at = cluster->hosts[hash(address) & cluster->host_mask]; at; at = at->next) {
    if (!mc_slice_equal(at->address, address)) continue;
    at->references++;
    return at;
  }
  mc_host_state *made = calloc(1, sizeof *made + address.size);
  if (!made) return NULL;
  made->cluster = cluster;
  made->live = &made->own;
  if (!(cluster->shared ? share_host(made, address) : count_host(made))) {
    free(made);
    return NULL;
  }
  made->references = 1;
  made->address = copy_behind(made, sizeof *made, address);
  if (cluster->host_count++ > cluster->host_mask) grow_hosts(cluster);
  mc_host_state **chain = &cluster->hosts[hash(address) & cluster->host_mask];
  made->next = *chain;
  *chain = made;
  return made;
}

void mc_runtime_release_host(mc_cluster_state *cluster, mc_host_state *host) {
  if (!host || --host->references) return;
  mc_host_state **at = &cluster->hosts[hash(host->address) & cluster->host_mask];
  while (*at != host) at = &(*at)->next;
  *at = host->next;
  cluster->host_count--;
  if (cluster->shared) {
    mc_region_release(cluster->shared, host->live);
  } else {
    mc_counters_give(&cluster->counters, host->active);
    free(host->outlier);
  }
  free(host);
}

bool mc_host_state_say(mc_host_state *host, uint_fast32_t who, bool failing) {
  uint_fast32_t had = failing ? atomic_fetch_or_explicit(&host->failing, who, memory_order_relaxed)
                              : atomic_fetch_and_explicit(&host->failing, ~who, memory_order_relaxed);
  if (!(had & who) == !failing) return false;
  move_on(host->cluster);
  return true;
}

bool mc_host_state_check(mc_host_state *host, mc_health health) {
  static const uint_fast32_t words[] = {
      [MC_HEALTHY] = 0,
      [MC_DEGRADED] = MC_DEGRADED_HEALTH_CHECK,
      [MC_UNHEALTHY] = MC_FAILING_HEALTH_CHECK,
      [MC_DRAINING] = MC_FAILING_HEALTH_CHECK | MC_EXCLUDED_HEALTH_CHECK,
  };
  const uint_fast32_t all = MC_FAILING_HEALTH_CHECK | MC_DEGRADED_HEALTH_CHECK | MC_EXCLUDED_HEALTH_CHECK;
  uint_fast32_t had = atomic_load_explicit(&host->failing, memory_order_relaxed), next;
  do {
    next = (had & ~all) | words[health];
    if (next == had) return false;
  } while (!atomic_compare_exchange_weak_explicit(&host->failing, &had, next, memory_order_relaxed,
                                                  memory_order_relaxed));
  if ((had & MC_FAILING_HEALTH_CHECK) && !(next & MC_FAILING_HEALTH_CHECK)) {
    atomic_store_explicit(&host->healthy_since_ns, 0, memory_order_relaxed);
  }
  move_on(host->cluster);
  return true;
}

void mc_host_state_eject(mc_host_state *host, bool ejected, uint64_t now_ns) {
  mc_cluster_state *cluster = host->cluster;
  mc_cluster_live *live = cluster->live;
  uint64_t had = atomic_exchange_explicit(&host->live->failing, ejected ? MC_FAILING_EJECTED : 0, memory_order_relaxed);
  if (!(had & MC_FAILING_EJECTED) == !ejected) return;
  /* A clock that went back ends the window, too. */
  uint64_t window = cluster->merge_window_ns;
  if (!window || live->merged_ns == UINT64_MAX || now_ns - live->merged_ns > window) {
    live->merge_ns = now_ns;
    mc_cluster_state_merge(cluster, now_ns);
  } else if (live->merge_ns - now_ns > window) {
    live->merge_ns = now_ns + window;
    set_due(live);
  }
}

void mc_cluster_state_merge(mc_cluster_state *cluster, uint64_t now_ns) {
  mc_cluster_live *live = cluster->live;
  if (live->merge_ns > now_ns && live->merge_ns - now_ns <= cluster->merge_window_ns) return;
  if (live->merge_ns == UINT64_MAX) return;
  live->merged_ns = live->merge_ns < now_ns ? live->merge_ns : now_ns;
  live->merge_ns = UINT64_MAX;
  move_on(cluster);
  set_due(live);
}

void mc_cluster_state_sweep_at(mc_cluster_state *cluster, uint64_t sweep_ns) {
  cluster->live->sweep_ns = sweep_ns;
  set_due(cluster->live);
}
