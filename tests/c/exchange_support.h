/* What the tests of attempts share: a decision over a cluster of three hosts, and what is reported of it. */
#ifndef MC_EXCHANGE_SUPPORT_H
#define MC_EXCHANGE_SUPPORT_H

#include "engine_support.h"

#define MS UINT64_C(1000000)

static mc_runtime *runtime;
static mc_snapshot *snapshot;
static mc_decision decision;
static const mc_attempt *next;

static const mc_timeout_spec TIMEOUTS = {.request_ns = 5000 * MS, .per_try_ns = 1000 * MS, .idle_ns = MC_UNSET, .stream_ns = MC_UNSET,
                                         .grpc_header_max_ns = MC_UNSET, .grpc_max_ns = MC_UNSET};

typedef struct setting {
  mc_retry_spec retry;
  mc_hedge_spec hedge;
  mc_timeout_spec timeouts;
  const char *const *rows; /* of the request */
  bool internal;
  uint32_t endpoints;
  mc_host_rewrite_kind host;
  mc_policy_kind policy;
  bool labels; /* the first endpoint has v=1 */
  uint32_t priorities; /* one endpoint each, if any */
} setting;

static inline setting retrying(const char *conditions, uint32_t retries) {
  return (setting){.retry = {.on = mc_retry_on_parse(text_of(conditions)), .retries = retries, .base_ns = 10 * MS, .max_ns = 100 * MS},
                   .timeouts = TIMEOUTS, .endpoints = 3};
}

static inline void start(setting s) {
  static mc_header headers[8];
  static const mc_label label = {{"v", 1}, {"1", 1}};
  mc_endpoint_spec endpoints[3] = {{.address = MC_LITERAL("1.0.0.1:1"), .hostname = MC_LITERAL("one")},
                                   {.address = MC_LITERAL("1.0.0.2:2"), .hostname = MC_LITERAL("two")},
                                   {.address = MC_LITERAL("1.0.0.3:3"), .hostname = MC_LITERAL("three")}};
  const mc_locality_spec localities[3] = {{.priority = 0}, {.priority = 1}, {.priority = 2}};
  if (s.labels) endpoints[0].labels = &label, endpoints[0].label_count = 1;
  for (uint32_t i = 0; i < s.priorities; i++) endpoints[i].locality = i;
  const mc_cluster_spec cluster = {.name = MC_LITERAL("c"),
                                   .balance = {.policy = s.policy, .panic_percent = 50, .overprovisioning_percent = 140,
                                               .hashing = {.minimum_ring_size = 64, .maximum_ring_size = 1024, .table_size = 101}},
                                   .endpoints = endpoints,
                                   .endpoint_count = s.endpoints,
                                   .localities = localities,
                                   .locality_count = s.priorities,
                                   .keep = -1};
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  mc_action_spec action = forward_to(0);
  action.retry = &s.retry;
  action.hedge = s.hedge;
  action.timeouts = &s.timeouts;
  action.count_attempts = action.tell_attempts = true;
  action.host_rewrite.kind = s.host;
  small_config config;
  small_init(&config, &route, &action, 1, &cluster, 1);
  static const mc_upgrade any = {{"*", 1}, true};
  config.listener.options.has_internal_cidrs = s.internal;
  config.listener.options.upgrades = &any;
  config.listener.options.upgrade_count = 1;
  runtime = mc_runtime_new();
  snapshot = snapshot_of(&config.spec, runtime);
  mc_request request = request_of("a.com", "/x", headers, s.rows);
  request.now_ns = 1000 * MS;
  request.seed = 42;
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
  CHECK_INT(decision.outcome, MC_FORWARD);
  next = NULL;
}

static inline uint32_t active(void) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < 3; i++) sum += mc_snapshot_active(snapshot, 0, (int32_t)i);
  return sum;
}

static inline void stop(void) {
  mc_decision_release(&decision);
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static inline bool take(bool again) {
  if (again) CHECK_INT(mc_decision_attempt(&decision, snapshot, 1500 * MS, &next), MC_OK);
  return again;
}

static inline bool report(uint32_t number, mc_result result) {
  bool again;
  result.grpc_status = -1;
  CHECK_INT(mc_decision_report(&decision, number, &result, true, 0, &again), MC_OK);
  return take(again);
}

static inline bool answered(uint32_t number, uint16_t status) { return report(number, (mc_result){.status = status}); }
static inline bool failed(uint32_t number, mc_failure failure) { return report(number, (mc_result){.failure = failure}); }

static inline bool timed_out(uint32_t number) {
  bool again;
  CHECK_INT(mc_decision_on_timeout(&decision, number, 1500 * MS, true, &again), MC_OK);
  return take(again);
}

static inline void check_own(uint16_t status, mc_details details, uint32_t flags, const char *body) {
  CHECK_INT(decision.outcome, MC_REJECT);
  CHECK(decision.over);
  CHECK_INT(decision.status, status);
  CHECK_INT(decision.details, details);
  CHECK_INT(decision.flags, flags);
  CHECK(mc_slice_equal(decision.body, text_of(body)));
  CHECK_INT(active(), 0);
}

#endif
