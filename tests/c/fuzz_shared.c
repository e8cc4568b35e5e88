/* Any bytes in a shared state that an engine and a limiter use: nothing outside of it is read or written, and nothing
 * takes for ever, whatever is in it, when it is opened and while it is in use.
 *
 * Input: steps of four bytes. What to do (and how), where, and what: to put a byte somewhere, decide and report, open it
 * anew, or have a process die. The corpus is of made up steps, as text. */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/snapshot.h"
#include "shared/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE = 32 * 1024, WORKERS = 4, ENDPOINTS = 3 };

static void demand(bool holds) {
  if (!holds) abort();
}

/* A machine of its own, whose time goes by as it is looked at. */
typedef struct machine {
  char *memory;
  uint64_t now_ns;
  bool lives[WORKERS + 1];
} machine;

static void lock(void *context) { (void)context; }
static void unlock(void *context) { (void)context; }
static bool alive(void *context, uint32_t slot) { return slot <= WORKERS && ((machine *)context)->lives[slot]; }
static uint64_t now(void *context) { return ((machine *)context)->now_ns += 1000000; }
static void pause_for(void *context, uint32_t turn) { (void)context, (void)turn; }

static bool claim(void *context, uint32_t slot) {
  machine *m = context;
  if (slot > WORKERS || m->lives[slot]) return false;
  return m->lives[slot] = true;
}

static bool reserve(void *context, uint64_t offset, uint64_t size) {
  (void)context;
  return size <= SIZE && offset <= SIZE - size;
}

/* One that uses it. */
typedef struct process {
  mc_shared *shared;
  mc_runtime *runtime;
  mc_snapshot *snapshot;
  mc_limiter *limiter;
  mc_bucket *bucket;
  mc_limit limit;
} process;

static mc_snapshot *build(mc_runtime *runtime) {
  const mc_route_spec route = {.path_kind = MC_PATH_PREFIX, .path = MC_LITERAL("/")};
  const mc_entry_spec entry = {.source = MC_ENTRY_HEADER, .key = MC_LITERAL("k"), .name = MC_LITERAL("x-key")};
  const mc_descriptor_spec described = {.entries = &entry, .count = 1};
  const mc_label open = {MC_LITERAL("k"), MC_LITERAL("")};
  const mc_limit_rule_spec rule = {.name = MC_LITERAL("r"), .label = MC_LITERAL("r"), .entries = &open, .entry_count = 1, .bucket = {3, 1, 1000000000}};
  const mc_limit_rule_spec whole = {.name = MC_LITERAL("w"), .label = MC_LITERAL("w"), .bucket = {1000, 1000, 1000000000}};
  const mc_local_limit_spec limit = {.rules = &rule, .rule_count = 1, .whole = &whole, .enabled = {1, 1}, .enforced = {1, 1}, .status = 429, .capacity = 30, .tells = 7};
  const mc_filter_spec filter = {.kind = MC_FILTER_LOCAL_LIMIT, .local = &limit};
  const mc_action_spec action = {.kind = MC_ACTION_FORWARD, .cluster_not_found_status = 503, .descriptors = {&described, 1}};
  const mc_endpoint_spec endpoints[ENDPOINTS] = {{.address = MC_LITERAL("a:1")}, {.address = MC_LITERAL("b:1")}, {.address = MC_LITERAL("c:1")}};
  const mc_outlier_spec outlier = {.consecutive_5xx = 2, .enforcing = {100, 100, 100, 100, 100, 100, 100}, .interval_ns = 1000000, .base_ejection_time_ns = 2000000,
                                   .max_ejection_time_ns = 10000000, .max_ejection_percent = 100, .successful_health_check_unejects = true,
                                   .success_rate_minimum_hosts = 1, .success_rate_stdev_factor = 1900, .failure_percentage_threshold = 85};
  const mc_thresholds threshold = {.max = {8, 8, 8, 3}, .max_host_connections = 4, .retry_budget = true, .budget_percent = 20};
  const mc_thresholds thresholds[2] = {threshold, threshold};
  const mc_balance_spec balance = {.policy = MC_POLICY_LEAST_REQUEST, .overprovisioning_percent = 140};
  const mc_cluster_spec cluster = {.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = ENDPOINTS, .outlier = &outlier,
                                   .thresholds = thresholds, .balance = balance, .merge_window_ns = 1000000, .keep = -1};
  const mc_virtual_host_spec host = {.routes = &route, .actions = &action, .route_count = 1};
  const mc_domain_spec domain = {MC_LITERAL("*"), 0};
  const mc_listener_spec listener = {.domains = {.domains = &domain, .domain_count = 1}, .filters = &filter, .filter_count = 1};
  const mc_snapshot_spec spec = {.listeners = &listener, .listener_count = 1, .virtual_hosts = &host, .virtual_host_count = 1,
                                 .clusters = &cluster, .cluster_count = 1, .seed = 1};
  mc_error error;
  return mc_snapshot_build(&spec, runtime, &error);
}

static void stop(process *p) {
  if (p->snapshot) mc_snapshot_free(p->snapshot);
  if (p->runtime) mc_runtime_free(p->runtime);
  if (p->limiter) mc_shared_release_limiter(p->shared, p->limiter);
  if (p->bucket) mc_shared_release_bucket(p->shared, p->bucket);
  if (p->shared) mc_shared_leave(p->shared), mc_shared_free(p->shared);
  *p = (process){.shared = NULL};
}

/* Each may be refused, as where all that there is is full. */
static void start(process *p, machine *m) {
  const mc_shared_calls calls = {m, lock, unlock, claim, alive, reserve, now, pause_for};
  const mc_token_bucket shape = {5, 1, 1000000};
  const uint8_t secret[16] = "a secret of ours";
  mc_error error;
  demand(mc_limit_make(&shape, &p->limit, &error) == MC_OK);
  p->shared = mc_shared_new(m->memory, SIZE, &calls, &error);
  if (!p->shared) return;
  if (!mc_shared_enter(p->shared, 7)) {
    mc_shared_free(p->shared);
    p->shared = NULL;
    return;
  }
  p->limiter = mc_shared_limiter(p->shared, MC_LITERAL("l"), 20, &p->limit, secret, &error);
  p->bucket = mc_shared_bucket(p->shared, MC_LITERAL("b"), &p->limit, &error);
  p->runtime = mc_runtime_new();
  demand(p->runtime != NULL);
  mc_runtime_set_secret(p->runtime, secret);
  mc_runtime_share(p->runtime, p->shared);
  p->snapshot = build(p->runtime);
}

static void limit(process *p, machine *m, uint8_t how, uint8_t what) {
  const mc_slice key = mc_slice_of((const char *)&what, 1);
  if (p->limiter) {
    mc_limiter_check(p->limiter, key, how & 7, now(m));
    mc_limiter_peek(p->limiter, key, 1, now(m));
    mc_limiter_reserve(p->limiter, key, how & 3, how & 8 ? MC_NEVER : 1000000, now(m));
    if (how & 16) mc_limiter_refund(p->limiter, key, how & 3, now(m));
  }
  if (p->bucket) {
    mc_bucket_check(p->bucket, &p->limit, how & 7, now(m));
    mc_bucket_reserve(p->bucket, &p->limit, 1, 1000000, now(m));
    if (how & 16) mc_bucket_refund(p->bucket, &p->limit, how & 7, now(m));
  }
}

static void refresh(process *p, machine *m) {
  mc_snapshot *fresh;
  mc_error error;
  demand(mc_snapshot_refresh(p->snapshot, 0, now(m), 1, &fresh, &error) != MC_NO_MEMORY);
  if (!fresh) return;
  mc_snapshot_free(p->snapshot);
  p->snapshot = fresh;
}

/* As the bindings do, which go on at last with what is stale. */
static void decide(process *p, machine *m, uint8_t how, uint8_t what) {
  if (!p->snapshot) return;
  const mc_header header = {MC_LITERAL("x-key"), mc_slice_of((const char *)"abcdefgh" + (what & 7), 1)};
  mc_request request = {.method = MC_LITERAL("GET"), .authority = MC_LITERAL("a"), .target = MC_LITERAL("/"), .scheme = MC_LITERAL("http"),
                        .protocol = MC_LITERAL("HTTP/1.1"), .headers = &header, .header_count = 1, .seed = what, .now_ns = now(m)};
  mc_decision d;
  mc_code code = mc_decide(p->snapshot, &request, &d);
  if (code == MC_STALE) {
    mc_decision_release(&d);
    refresh(p, m);
    request.stale = true;
    code = mc_decide(p->snapshot, &request, &d);
  }
  demand(code == MC_OK);
  demand(d.outcome != MC_FORWARD || (d.endpoint >= 0 && d.endpoint < ENDPOINTS));
  if (d.outcome == MC_FORWARD) {
    const mc_result result = {.status = how & 1 ? 503 : 200, .grpc_status = -1, .report = {.now_ns = now(m)}};
    bool again;
    demand(mc_decision_report(&d, 0, &result, true, 0, &again) == MC_OK);
  }
  if (how & 2) mc_snapshot_outlier(p->snapshot, 0, what % ENDPOINTS, now(m));
  if (how & 4) mc_snapshot_check(p->snapshot, 0, what % ENDPOINTS, how & 8 ? MC_HEALTHY : MC_UNHEALTHY);
  mc_decision_release(&d);
}

/* Of what is in use. Both are spread, so that inputs that are text come everywhere, too. */
static void damage(machine *m, uint32_t where, uint8_t what) {
  const mc_shared_header *header = (const mc_shared_header *)(void *)m->memory;
  const uint64_t end = header->end && header->end < SIZE ? header->end : SIZE;
  m->memory[where * UINT64_C(2654435761) % end] ^= (char)(what * 5);
}

static void step(process *all, machine *m, const uint8_t *data) {
  process *p = &all[data[0] >> 4 & 1];
  switch (data[0] & 7) {
    case 0: /* from now on its slot is a dead one's */
      if (p->shared) m->lives[mc_shared_slot_number(p->shared)] = false;
      stop(p);
      break;
    case 1:
      stop(p);
      start(p, m);
      break;
    case 2:
      m->now_ns += (uint64_t)data[1] << (data[2] & 47);
      break;
    case 3:
      limit(p, m, data[1], data[2]);
      break;
    case 4:
    case 5:
      decide(p, m, data[1], data[2]);
      break;
    default:
      damage(m, (uint32_t)data[1] << 8 | data[2], data[3]);
  }
  if (p->shared && data[0] & 8) mc_shared_reclaim(p->shared), mc_shared_status_of(p->shared);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint8_t boot[MC_SHARED_BOOT_BYTES] = "this very boot";
  machine m = {.now_ns = UINT64_C(1) << 40};
  /* Of that size alone, so that a sanitizer sees what lies behind. */
  m.memory = aligned_alloc(4096, SIZE);
  demand(m.memory != NULL);
  memset(m.memory, 0, SIZE);
  mc_shared_format(m.memory, SIZE, WORKERS, boot);
  process all[2] = {{.shared = NULL}};
  start(&all[0], &m), start(&all[1], &m);
  demand(all[0].snapshot && all[1].snapshot && all[1].limiter && all[1].bucket);
  for (size_t at = 0; at + 4 <= size; at += 4) step(all, &m, data + at);
  stop(&all[0]), stop(&all[1]);
  free(m.memory);
  return 0;
}
