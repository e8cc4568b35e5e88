/* Further attempts while the configuration changes: where they go, what they hold, and what stays of it. */
#include "engine_support.h"
#include "label_support.h"

#define NOW UINT64_C(1000000000)

static mc_runtime *runtime;
static mc_snapshot *own, *current; /* the decision's, and the one in force */
static mc_decision decision;
static const mc_attempt *next;
static mc_header headers[8];

static const mc_endpoint_spec HOSTS[] = {{.address = NAME("a:1"), .hostname = NAME("one")},
                                         {.address = NAME("a:2"), .hostname = NAME("two")},
                                         {.address = NAME("a:3"), .hostname = NAME("three")}};

static mc_cluster_spec cluster_of(const char *name, uint32_t start, uint32_t count) {
  return (mc_cluster_spec){.name = text_of(name),
                           .balance = {.panic_percent = 50, .overprovisioning_percent = 140, .now_ns = NOW,
                                       .hashing = {.minimum_ring_size = 64, .maximum_ring_size = 1024, .table_size = 101}},
                           .endpoints = HOSTS + start,
                           .endpoint_count = count,
                           .keep = -1};
}

static mc_retry_spec retry;
static mc_action_spec action;

static void plain(void) {
  retry = (mc_retry_spec){.on = MC_RETRY_ON_5XX, .retries = 9, .base_ns = 10, .max_ns = 100};
  action = forward_to(0);
  action.retry = &retry;
}

/* A snapshot with these clusters, of which the first is the route's. */
static mc_snapshot *with(const mc_cluster_spec *clusters, uint32_t count) {
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  small_config config;
  small_init(&config, &route, &action, 1, clusters, count);
  return snapshot_of(&config.spec, runtime);
}

static mc_code decide(const char *const *rows) {
  mc_request request = request_of("a.com", "/x", headers, rows);
  request.now_ns = NOW;
  request.seed = 42;
  return mc_decide(own, &request, &decision);
}

static void start(const mc_cluster_spec *cluster, const char *const *rows) {
  runtime = mc_runtime_new();
  own = current = with(cluster, 1);
  CHECK_INT(decide(rows), MC_OK);
  CHECK_INT(decision.outcome, MC_FORWARD);
}

/* Another snapshot is in force; the one before goes, unless the decision is on it. */
static void swap(mc_snapshot *to) {
  if (current != own) mc_snapshot_free(current);
  current = to;
}

static void update(const mc_cluster_spec *cluster, int32_t number) {
  mc_error error;
  swap(mc_snapshot_with_cluster(current, number, cluster, 7, &error));
}

/* The attempt that fails by a 503 and the one that follows; NULL: none does. */
static const mc_attempt *again(void) {
  const mc_result result = {.status = 503, .grpc_status = -1, .report = {.now_ns = NOW}};
  bool called;
  CHECK_INT(mc_decision_report(&decision, 0, &result, true, 0, &called), MC_OK);
  next = NULL;
  if (called) CHECK_INT(mc_decision_attempt(&decision, current, NOW, &next), MC_OK);
  return next;
}

static void check_at(const mc_attempt *attempt, const char *address) {
  CHECK(attempt && mc_slice_equal(mc_cluster_address(attempt->cluster, attempt->endpoint), text_of(address)));
}

/* How many requests the clusters of all snapshots so far count at an address. */
static uint32_t active(const char *address) {
  const mc_cluster *cluster = current->cluster_count ? current->clusters[current->cluster_count - 1] : NULL;
  for (uint32_t i = 0; cluster && i < cluster->host_count; i++) {
    if (mc_slice_equal(cluster->hosts[i].address, text_of(address))) return mc_counter_value(&cluster->active, i);
  }
  return 0;
}

static void stop(void) {
  swap(own);
  mc_decision_close(&decision);
  CHECK_INT(mc_snapshot_usage(own, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).used, 0);
  CHECK_INT(mc_snapshot_usage(own, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_RETRIES).used, 0);
  for (uint32_t i = 0; i < own->clusters[0]->host_count; i++) CHECK_INT(mc_snapshot_active(own, 0, (int32_t)i), 0);
  mc_decision_release(&decision);
  mc_snapshot_free(own);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_endpoints_that_came(void) {
  plain();
  const mc_cluster_spec before = cluster_of("c", 0, 1), after = cluster_of("c", 1, 2), last = cluster_of("c", 0, 3);
  start(&before, NULL);
  update(&after, 0);
  int seen = 0;
  for (int i = 0; i < 4; i++) {
    CHECK(again() && next->elsewhere && next->cluster == current->clusters[0]);
    CHECK(decision.upstream == next->cluster && decision.elsewhere && decision.endpoint == next->endpoint);
    seen |= 1 << next->endpoint;
    CHECK_INT(active("a:2") + active("a:3"), 1); /* each gives its lease back before the next one begins */
  }
  CHECK_INT(seen, 3);
  update(&last, 0); /* what the attempts point to outlives the snapshot that they were made on */
  check_at(next, next->endpoint ? "a:3" : "a:2");
  CHECK_INT(active("a:1"), 0);
  CHECK(again() && next->cluster == current->clusters[0]);
  swap(own);
  CHECK(again() && !next->elsewhere);
  check_at(next, "a:1");
  CHECK_INT(active("a:1"), 1);
  stop();
}

static void test_another_number(void) {
  plain();
  const mc_cluster_spec before = cluster_of("c", 0, 1), many[] = {cluster_of("b", 2, 1), cluster_of("c", 1, 1)};
  start(&before, NULL);
  swap(with(many, 2));
  check_at(again(), "a:2");
  CHECK_INT(active("a:2"), 1);
  swap(with(many, 1)); /* it is gone */
  CHECK(!again());
  CHECK_INT(decision.outcome, MC_REJECT);
  CHECK_INT(decision.status, 503);
  CHECK_INT(decision.flags, MC_FLAG_UH);
  CHECK_INT(decision.details, MC_DETAILS_NO_HEALTHY_UPSTREAM);
  CHECK(decision.over && decision.elsewhere); /* it speaks of where it was last */
  CHECK_SLICE(mc_cluster_address(decision.upstream, decision.endpoint), "a:2");
  stop();
}

static void test_no_endpoint_is_left(void) {
  plain();
  const mc_cluster_spec before = cluster_of("c", 0, 2), after = cluster_of("c", 0, 0);
  start(&before, NULL);
  update(&after, 0);
  CHECK(!again());
  CHECK_INT(decision.flags, MC_FLAG_UH);
  CHECK(!decision.elsewhere && decision.upstream == own->clusters[0] && decision.endpoint >= 0);
  stop();
}

/* By address, whatever the numbers of endpoints and wherever they have been meanwhile. */
static void test_what_was_tried_is_known_again(void) {
  plain();
  retry.avoid_previous_hosts = true;
  retry.host_attempts = 20;
  const mc_cluster_spec one = cluster_of("c", 1, 1), all = cluster_of("c", 0, 3), others = cluster_of("c", 0, 1);
  start(&one, NULL);
  update(&all, 0);
  const bool first = again()->endpoint == 0;
  CHECK(first || next->endpoint == 2);
  update(&others, 0);
  update(&all, 0); /* removed, and there again */
  check_at(again(), first ? "a:3" : "a:1");
  stop();
}

static void test_limits_in_force(void) {
  plain();
  mc_cluster_spec none = cluster_of("c", 1, 2);
  const mc_cluster_spec before = cluster_of("c", 0, 1);
  const mc_thresholds thresholds[MC_ROUTING_PRIORITIES] = {{.max = {[MC_RESOURCE_RETRIES] = 3}}};
  none.thresholds = thresholds;
  start(&before, NULL);
  update(&none, 0);
  CHECK(!again());
  CHECK_INT(decision.details, MC_DETAILS_OVERFLOW);
  CHECK_INT(decision.flags, MC_FLAG_UO);
  CHECK(!decision.elsewhere && decision.endpoint == 0);
  stop();
}

static void test_stale(void) {
  plain();
  const mc_cluster_spec before = cluster_of("c", 0, 1), after[] = {cluster_of("b", 0, 1), cluster_of("c", 1, 2)};
  start(&before, NULL);
  swap(with(after, 2));
  mc_snapshot_set_health(current, 1, 0, false);
  const mc_result result = {.status = 503, .grpc_status = -1};
  bool called;
  CHECK_INT(mc_decision_report(&decision, 0, &result, true, 0, &called), MC_OK);
  CHECK_INT(mc_decision_attempt(&decision, current, NOW, &next), MC_STALE);
  mc_snapshot *fresh;
  mc_error error;
  CHECK_INT(mc_snapshot_refresh(current, 1, NOW, 7, &fresh, &error), MC_OK);
  swap(fresh);
  CHECK_INT(mc_decision_attempt(&decision, current, NOW, &next), MC_OK);
  check_at(next, "a:3");
  CHECK_INT(next->number, 2);
  stop();
}

static const mc_label V1 = LABEL("version", "v1"), V2 = LABEL("version", "v2");

static void test_subsets_in_force(void) {
  static const mc_slice key = NAME("version");
  static const mc_subset_selector selector = {.keys = {&key, 1}};
  static const mc_subsets_spec subsets = {.selectors = &selector, .selector_count = 1, .fallback = MC_FALLBACK_NONE};
  static const mc_criteria_spec wants = {.labels = {&V2, 1}};
  const mc_endpoint_spec two[] = {{.address = NAME("a:1"), .labels = &V2, .label_count = 1}};
  const mc_endpoint_spec young[] = {{.address = NAME("a:2"), .labels = &V1, .label_count = 1},
                                    {.address = NAME("a:3"), .labels = &V2, .label_count = 1}};
  plain();
  action.criteria = &wants;
  mc_cluster_spec cluster = cluster_of("c", 0, 1);
  cluster.endpoints = two;
  cluster.subsets = &subsets;
  start(&cluster, NULL);
  mc_cluster_spec after = cluster;
  after.endpoints = young;
  after.endpoint_count = 2;
  update(&after, 0);
  check_at(again(), "a:3");
  CHECK_INT(decision.subset_reason, MC_SUBSET_MATCHED);
  CHECK_SLICE(mc_cluster_subset(decision.upstream, decision.subset).at[0].value, "v2");
  after.endpoint_count = 1; /* v1 alone */
  update(&after, 0);
  CHECK(!again());
  CHECK_INT(decision.flags, MC_FLAG_UH);
  CHECK_SLICE(mc_cluster_subset(decision.upstream, decision.subset).at[0].value, "v2");
  stop();
}

static void test_a_policy_that_hashes_by_now(void) {
  static const mc_hash_policy_spec user = {.kind = MC_HASH_HEADER, .name = NAME("x-user")};
  for (int given = 0; given < 2; given++) {
    plain();
    action.hash_policies = &user;
    action.hash_policy_count = 1;
    const mc_cluster_spec before = cluster_of("c", 0, 3);
    mc_cluster_spec after = before;
    after.balance.policy = MC_POLICY_MAGLEV;
    start(&before, given ? ROWS("x-user: kim") : NULL);
    CHECK(!decision.hashed);
    update(&after, 0);
    mc_decision other;
    mc_request request = request_of("a.com", "/x", headers, given ? ROWS("x-user: kim") : NULL);
    CHECK_INT(mc_decide(current, &request, &other), MC_OK);
    for (int i = 0; i < 4; i++) {
      CHECK(again());
      if (given) CHECK_INT(next->endpoint, other.endpoint);
    }
    CHECK_INT(decision.hashed, given);
    mc_decision_release(&other);
    stop();
  }
}

static void test_detection_in_force(void) {
  static const mc_outlier_spec outlier = {.consecutive_5xx = 1, .interval_ns = NOW, .base_ejection_time_ns = NOW,
                                          .max_ejection_percent = 100, .enforcing = {[MC_EJECTION_CONSECUTIVE_5XX] = 100}};
  plain();
  const mc_cluster_spec before = cluster_of("c", 0, 1);
  mc_cluster_spec after = cluster_of("c", 1, 2);
  after.outlier = &outlier;
  start(&before, NULL);
  CHECK(!decision.detects);
  update(&after, 0);
  CHECK(again() && decision.detects);
  const int32_t tried = next->endpoint;
  const mc_result result = {.status = 503, .grpc_status = -1, .report = {.now_ns = NOW}};
  bool called;
  CHECK_INT(mc_decision_report(&decision, 0, &result, true, 0, &called), MC_OK);
  CHECK(mc_snapshot_outlier(current, 0, tried, NOW).ejected);
  CHECK_INT(mc_decision_attempt(&decision, current, NOW, &next), MC_STALE);
  mc_snapshot *fresh;
  mc_error error;
  CHECK_INT(mc_snapshot_refresh(current, 0, NOW, 7, &fresh, &error), MC_OK);
  swap(fresh);
  CHECK_INT(mc_decision_attempt(&decision, current, NOW, &next), MC_OK);
  CHECK(next && next->endpoint != tried);
  stop();
}

/* A policy that learns hears of an attempt by the cluster that it was made in. */
static void test_learning(void) {
  plain();
  mc_cluster_spec before = cluster_of("c", 0, 1), after = cluster_of("c", 1, 1);
  after.balance.policy = MC_POLICY_PEAK_EWMA;
  start(&before, NULL);
  CHECK(!mc_decision_learns(&decision, 0) && !mc_decision_learns(&decision, 1) && !mc_decision_learns(&decision, 9));
  update(&after, 0);
  CHECK(again());
  CHECK(mc_decision_learns(&decision, 0) && mc_decision_learns(&decision, 2) && !mc_decision_learns(&decision, 1));
  const mc_report report = {.now_ns = NOW, .latency_ns = 5};
  mc_decision_learn(&decision, 2, &report);
  mc_decision_learn(&decision, 0, &report);
  mc_decision_close(&decision);
  stop();
}

/* Host and header lines name the endpoint of the attempt. */
static void test_lines(void) {
  plain();
  action.host_rewrite.kind = MC_HOST_AUTO;
  const mc_cluster_spec before = cluster_of("c", 0, 1), after = cluster_of("c", 2, 1);
  start(&before, NULL);
  CHECK_SLICE(decision.authority, "one");
  update(&after, 0);
  CHECK(again());
  CHECK_SLICE(next->authority, "three");
  CHECK_SLICE(decision.authority, "three");
  swap(own);
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  const mc_header_line *lines;
  uint32_t count;
  CHECK_INT(mc_attempt_request_headers(&decision, next, &scratch, &lines, &count), MC_OK);
  mc_scratch_reset(&scratch);
  stop();
}

static void test_out_of_memory(void) {
  plain();
  action.host_rewrite.kind = MC_HOST_AUTO;
  static const mc_hash_policy_spec user = {.kind = MC_HASH_HEADER, .name = NAME("x-user")};
  action.hash_policies = &user;
  action.hash_policy_count = 1;
  const mc_cluster_spec before = cluster_of("c", 0, 1);
  mc_cluster_spec after = cluster_of("c", 1, 2);
  after.balance.policy = MC_POLICY_RING_HASH;
  const mc_result result = {.status = 503, .grpc_status = -1};
  for (int n = 0;; n++) {
    start(&before, ROWS("x-user: kim"));
    update(&after, 0);
    mc_code code = MC_OK;
    for (int i = 0; i < 8 && !code; i++) {
      bool called = false;
      check_memory(n);
      code = mc_decision_report(&decision, 0, &result, true, 0, &called);
      if (!code && called) code = mc_decision_attempt(&decision, current, NOW, &next);
      check_memory(-1);
    }
    stop();
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  test_endpoints_that_came();
  test_another_number();
  test_no_endpoint_is_left();
  test_what_was_tried_is_known_again();
  test_limits_in_force();
  test_stale();
  test_subsets_in_force();
  test_a_policy_that_hashes_by_now();
  test_detection_in_force();
  test_learning();
  test_lines();
  test_out_of_memory();
  return check_finish();
}
