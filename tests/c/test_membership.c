#include "engine_support.h"

static mc_runtime *runtime;
static const mc_endpoint_spec three[] = {{.address = {"a:1", 3}}, {.address = {"a:2", 3}}, {.address = {"a:3", 3}}};

static mc_cluster_spec cluster_of(const char *name, uint32_t count) {
  return (mc_cluster_spec){.name = text_of(name), .balance = {.panic_percent = 50, .overprovisioning_percent = 140},
                           .endpoints = three, .endpoint_count = count, .keep = -1};
}

static mc_snapshot *first(void) {
  const mc_cluster_spec clusters[] = {cluster_of("c", 1), cluster_of("d", 1)};
  const mc_route_spec routes[] = {prefix_route(MC_LITERAL("/d")), prefix_route(MC_LITERAL("/"))};
  const mc_action_spec actions[] = {forward_to(1), forward_to(0)};
  small_config config;
  small_init(&config, routes, actions, 2, clusters, 2);
  return snapshot_of(&config.spec, runtime);
}

static mc_snapshot *with(const mc_snapshot *old, int32_t number, const char *name, uint32_t count) {
  const mc_cluster_spec spec = cluster_of(name, count);
  mc_error error = {.code = MC_OK};
  return mc_snapshot_with_cluster(old, number, &spec, 7, &error);
}

static void decide(const mc_snapshot *s, const char *target, mc_decision *decision) {
  const mc_request request = request_of("a", target, NULL, NULL);
  CHECK_INT(mc_decide(s, &request, decision), MC_OK);
}

/* Whichever of the snapshots goes first. */
static void test_one_cluster_differs(bool old_first) {
  runtime = mc_runtime_new();
  mc_snapshot *old = first();
  CHECK(!mc_snapshot_is_shared(old));
  mc_decision under_way, next;
  decide(old, "/", &under_way);
  mc_snapshot *young = with(old, 0, "c", 3);
  CHECK(mc_snapshot_is_shared(old) && mc_snapshot_is_shared(young));
  CHECK(young->clusters[1] == old->clusters[1]);
  CHECK(young->routes == old->routes);
  CHECK_INT(mc_snapshot_active(young, 0, 0), 1); /* kept by address */
  CHECK_INT(mc_snapshot_cluster(young, MC_LITERAL("c")), 0);
  int seen = 0;
  for (int i = 0; i < 3; i++) {
    decide(young, "/", &next);
    seen |= 1 << next.endpoint;
    mc_decision_release(&next);
    decide(old, "/", &next);
    CHECK_INT(next.endpoint, 0);
    mc_decision_release(&next);
  }
  CHECK_INT(seen, 7);
  mc_decision_release(&under_way);
  CHECK_INT(mc_snapshot_active(young, 0, 0), 0);
  mc_snapshot_free(old_first ? old : young);
  mc_snapshot *left = old_first ? young : old;
  CHECK(!mc_snapshot_is_shared(left));
  decide(left, "/d", &next);
  CHECK_INT(next.cluster, 1);
  mc_decision_release(&next);
  mc_snapshot_free(left);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static int32_t endpoint_for(const mc_snapshot *s, const char *row) {
  mc_header headers[2];
  const mc_request request = request_of("a", "/", headers, ROWS(row));
  mc_decision decision;
  CHECK_INT(mc_decide(s, &request, &decision), MC_OK);
  int32_t endpoint = decision.endpoint;
  mc_decision_release(&decision);
  return endpoint;
}

/* What a cluster's policy hashes stays with its number, however many snapshots share the cluster. */
static void test_hash_policies_of_clusters(void) {
  const mc_hash_policy_spec user = {.kind = MC_HASH_HEADER, .name = MC_LITERAL("x-user")};
  const mc_hash_policies_spec own[] = {{.count = 0}, {&user, 1}};
  mc_cluster_spec clusters[] = {cluster_of("d", 1), cluster_of("c", 3)};
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  const mc_action_spec action = forward_to(1);
  small_config config;
  runtime = mc_runtime_new();
  clusters[1].balance.policy = MC_POLICY_MAGLEV;
  clusters[1].balance.hashing.table_size = 101;
  small_init(&config, &route, &action, 1, clusters, 2);
  config.spec.hash_policies = own;
  mc_snapshot *old = snapshot_of(&config.spec, runtime);
  int seen = 0;
  int32_t expected[20];
  for (int i = 0; i < 20; i++) {
    char row[32];
    snprintf(row, sizeof row, "x-user: u%d", i);
    expected[i] = endpoint_for(old, row);
    seen |= 1 << expected[i];
  }
  CHECK_INT(seen, 7);
  clusters[1].keep = 1;
  clusters[1].endpoint_count = 0; /* not read: the cluster is kept */
  config.spec.previous = old;
  mc_snapshot *kept = snapshot_of(&config.spec, runtime), *beside = with(kept, 0, "d", 2);
  CHECK(kept->clusters[1] == old->clusters[1] && beside->clusters[1] == old->clusters[1]);
  mc_snapshot_free(old);
  mc_snapshot_free(kept);
  for (int i = 0; i < 20; i++) {
    char row[32];
    snprintf(row, sizeof row, "x-user: u%d", i);
    CHECK_INT(endpoint_for(beside, row), expected[i]);
  }
  mc_snapshot_free(beside);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_a_cluster_may_become_empty_and_full_again(void) {
  runtime = mc_runtime_new();
  mc_snapshot *s = first();
  mc_decision decision;
  for (uint32_t count = 0; count < 3; count += 2) {
    mc_snapshot *next = with(s, 0, "c", count);
    mc_snapshot_free(s);
    s = next;
    decide(s, "/", &decision);
    CHECK_INT(decision.outcome, count ? MC_FORWARD : MC_REJECT);
    CHECK_INT(decision.flags, count ? 0 : MC_FLAG_UH);
    mc_decision_release(&decision);
  }
  mc_snapshot_free(s);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static mc_snapshot *refreshed(const mc_snapshot *s) {
  mc_snapshot *out;
  mc_error error;
  CHECK_INT(mc_snapshot_refresh(s, 0, 0, 7, &out, &error), MC_OK);
  return out;
}

/* Who asks for it is decided on what there is. */
static void test_stale_and_content(void) {
  runtime = mc_runtime_new();
  mc_snapshot *s = first();
  mc_decision decision;
  mc_request request = request_of("a", "/", NULL, NULL);
  mc_snapshot_set_health(s, 0, 0, false);
  request.stale = true;
  CHECK_INT(mc_decide(s, &request, &decision), MC_OK);
  CHECK_INT(decision.endpoint, 0);
  mc_decision_release(&decision);
  mc_snapshot_free(s);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_health(void) {
  runtime = mc_runtime_new();
  mc_snapshot *s = first(), *three_of_them = with(s, 0, "c", 3);
  mc_snapshot_free(s);
  s = three_of_them;
  mc_decision decision;
  const mc_request request = request_of("a", "/", NULL, NULL);
  for (int healthy = 0; healthy < 2; healthy++) {
    mc_snapshot_set_health(s, 0, 1, healthy);
    CHECK_INT(mc_decide(s, &request, &decision), MC_STALE);
    CHECK_INT(decision.cluster, 0);
    mc_decision_release(&decision);
    mc_snapshot *next = refreshed(s);
    CHECK(next->clusters[0]->hosts == s->clusters[0]->hosts);
    mc_snapshot_free(s);
    s = next;
    CHECK(refreshed(s) == NULL); /* nothing has changed since */
    int seen = 0;
    for (int i = 0; i < 6; i++) {
      decide(s, "/", &decision);
      seen |= 1 << decision.endpoint;
      mc_decision_release(&decision);
    }
    CHECK_INT(seen, healthy ? 7 : 5);
  }
  mc_snapshot_free(s);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_what_is_said_of_an_endpoint(void) {
  runtime = mc_runtime_new();
  mc_snapshot *s = first();
  mc_decision decision;
  CHECK_INT(mc_snapshot_health(s, 0, 0), MC_HEALTHY);
  CHECK_INT(mc_snapshot_failing(s, 0, 0), 0);
  CHECK(mc_snapshot_check(s, 0, 0, MC_DRAINING) && !mc_snapshot_check(s, 0, 0, MC_DRAINING));
  CHECK_INT(mc_snapshot_health(s, 0, 0), MC_DRAINING);
  mc_snapshot_set_health(s, 0, 0, false);
  CHECK_INT(mc_snapshot_failing(s, 0, 0), MC_FAILING_USER | MC_FAILING_HEALTH_CHECK);
  CHECK(mc_snapshot_check(s, 0, 0, MC_DEGRADED));
  CHECK_INT(mc_snapshot_failing(s, 0, 0), MC_FAILING_USER);
  CHECK(!mc_snapshot_has_traffic(s, 1));
  decide(s, "/d", &decision);
  mc_decision_release(&decision);
  CHECK(mc_snapshot_has_traffic(s, 1) && !mc_snapshot_has_traffic(s, 0));
  mc_snapshot_free(s);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

/* A drained host gets nothing new, keeps what it has, and does not make the others panic. */
static void test_drain(void) {
  runtime = mc_runtime_new();
  mc_snapshot *s = first(), *three_of_them = with(s, 0, "c", 3);
  mc_snapshot_free(s);
  s = three_of_them;
  mc_decision held, decision;
  decide(s, "/", &held);
  int kept = held.endpoint, other = (kept + 1) % 3;
  CHECK_INT(mc_snapshot_drain(s, 0, kept, true), 1);
  CHECK_INT(mc_snapshot_drain(s, 0, other, true), 0);
  mc_snapshot_set_health(s, 0, other, false); /* says nothing more */
  CHECK(mc_snapshot_health(s, 0, kept) == MC_DRAINING && mc_snapshot_health(s, 0, other) == MC_DRAINING);
  mc_snapshot *next = refreshed(s);
  for (int i = 0; i < 6; i++) {
    decide(next, "/", &decision);
    CHECK_INT(decision.endpoint, 3 - kept - other);
    mc_decision_release(&decision);
  }
  CHECK_INT(mc_snapshot_active(next, 0, kept), 1);
  mc_decision_release(&held);
  CHECK_INT(mc_snapshot_drain(next, 0, kept, false), 0);
  CHECK_INT(mc_snapshot_health(next, 0, kept), MC_HEALTHY);
  mc_snapshot_free(s);
  mc_snapshot_free(next);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_what_is_refused(void) {
  runtime = mc_runtime_new();
  mc_snapshot *s = first();
  CHECK(with(s, 0, "d", 1) == NULL);
  CHECK(with(s, -1, "c", 1) == NULL);
  CHECK(with(s, 2, "c", 1) == NULL);
  CHECK(!mc_snapshot_is_shared(s));
  mc_snapshot_free(s);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_no_memory(void) {
  for (int n = 0;; n++) {
    runtime = mc_runtime_new();
    mc_snapshot *s = first();
    check_memory(n);
    mc_snapshot *next = with(s, 0, "c", 3);
    check_memory(-1);
    CHECK(next || !mc_snapshot_is_shared(s));
    mc_snapshot_free(next);
    mc_snapshot_free(s);
    mc_runtime_free(runtime);
    CHECK_INT(check_blocks(), 0);
    if (next) break;
  }
}

int main(void) {
  test_hash_policies_of_clusters();
  test_one_cluster_differs(true);
  test_one_cluster_differs(false);
  test_a_cluster_may_become_empty_and_full_again();
  test_stale_and_content();
  test_health();
  test_what_is_said_of_an_endpoint();
  test_drain();
  test_what_is_refused();
  test_no_memory();
  return check_finish();
}
