/* What circuit breakers count, shared: two processes of the test's own making, each with its runtime. */
#include "shared_support.h"

#include "shared/reclaim.h"
#include "upstream/cluster.h"

enum { SIZE = 256 * 1024, WORKERS = 4 };

typedef struct process {
  mc_shared *shared;
  mc_runtime *runtime;
  mc_cluster cluster;
} process;

static world *w;
static process one, two;

static void start(process *p) {
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}, {.address = MC_LITERAL("a:2")}};
  const mc_cluster_spec spec = {.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = 2};
  p->shared = join(w);
  p->runtime = mc_runtime_new();
  mc_runtime_share(p->runtime, p->shared);
  p->cluster = (mc_cluster){.host_count = 0};
  mc_members *members = mc_members_new(&spec, p->runtime);
  CHECK(members != NULL && mc_runtime_refusal(p->runtime) == NULL);
  mc_cluster_take(&p->cluster, members, 0);
}

static void stop(process *p) {
  mc_members_release(p->cluster.members, p->runtime);
  mc_runtime_free(p->runtime);
  mc_shared_free(p->shared);
}

static void begin(void) {
  world_reset(w, WORKERS);
  start(&one), start(&two);
}

static void end(void) {
  stop(&one), stop(&two);
  CHECK_INT(check_blocks(), 0);
}

/* As if it had been killed; what it holds of its own memory goes with end(). */
static void is_dead(const process *p) { atomic_store(&w->lives[mc_shared_slot_number(p->shared)], false); }

static mc_holder request(process *p, int32_t host, uint32_t limit) {
  return mc_cluster_begin(&p->cluster, host, MC_ROUTING_DEFAULT, limit);
}

static uint32_t used(const process *p, mc_resource resource) {
  return mc_counts_used(&p->cluster.live->counts[MC_ROUTING_DEFAULT], resource);
}

static void test_one_limit_for_all(void) {
  begin();
  const mc_holder a = request(&one, 0, 3), b = request(&two, 1, 3), c = request(&two, 1, 3);
  CHECK(a && b && c && a != b && b == c && a != MC_HELD_HERE);
  CHECK(!request(&one, 0, 3) && !request(&two, 0, 3));
  CHECK_INT(mc_cluster_state_active(one.cluster.state), 3);
  CHECK_INT(mc_counter_value(&one.cluster.active, 1), 2); /* as policies of the other one see it */
  CHECK_INT(mc_counter_value(&two.cluster.active, 0), 1);
  CHECK(atomic_load(&one.cluster.live->asked));
  mc_cluster_end(&two.cluster, 1, MC_ROUTING_DEFAULT, b);
  CHECK_INT(mc_counter_value(&one.cluster.active, 1), 1);
  CHECK(request(&one, 0, 3) != 0);
  CHECK_INT(mc_cluster_begin(&one.cluster, 0, MC_ROUTING_HIGH, 1), a); /* the other priority has a limit of its own */
  end();
}

static void test_a_request_to_no_host_is_the_clusters_alone(void) {
  begin();
  const mc_holder a = request(&one, -1, 2), b = request(&two, 0, 2);
  CHECK(a && b && a != b && !request(&one, -1, 2));
  CHECK_INT(used(&two, MC_RESOURCE_REQUESTS), 2);
  for (uint32_t i = 0; i < 2; i++) CHECK_INT(mc_counter_value(&one.cluster.active, i), i == 0);
  mc_cluster_end(&one.cluster, -1, MC_ROUTING_DEFAULT, a);
  mc_cluster_end(&two.cluster, 0, MC_ROUTING_DEFAULT, b);
  CHECK_INT(used(&one, MC_RESOURCE_REQUESTS), 0);
  CHECK_INT(mc_counter_value(&one.cluster.active, 0), 0);
  end();
}

static void test_what_is_not_shared_is_not(void) {
  const mc_cluster_spec spec = {.name = MC_LITERAL("c")};
  begin();
  mc_runtime *alone = mc_runtime_new();
  mc_members *members = mc_members_new(&spec, alone);
  const mc_thresholds thresholds = mc_thresholds_default();
  request(&one, 0, 3);
  CHECK_INT(mc_cluster_state_active(members->state), 0);
  CHECK_INT(mc_cluster_state_take(members->state, MC_ROUTING_DEFAULT, MC_RESOURCE_PENDING, &thresholds), MC_HELD_HERE);
  mc_cluster_state_give(members->state, MC_ROUTING_DEFAULT, MC_RESOURCE_PENDING, MC_HELD_HERE);
  CHECK_INT(mc_counts_used(&members->state->live->counts[MC_ROUTING_DEFAULT], MC_RESOURCE_PENDING), 0);
  mc_members_release(members, alone);
  mc_runtime_free(alone);
  end();
}

static void test_resources_and_connections(void) {
  begin();
  mc_thresholds thresholds = mc_thresholds_default();
  thresholds.max[MC_RESOURCE_PENDING] = 2;
  const mc_holder a = mc_cluster_state_take(one.cluster.state, MC_ROUTING_DEFAULT, MC_RESOURCE_PENDING, &thresholds);
  CHECK(a && mc_cluster_state_take(two.cluster.state, MC_ROUTING_DEFAULT, MC_RESOURCE_PENDING, &thresholds));
  CHECK(!mc_cluster_state_take(two.cluster.state, MC_ROUTING_DEFAULT, MC_RESOURCE_PENDING, &thresholds));
  const mc_usage usage = mc_counts_usage(&one.cluster.live->counts[MC_ROUTING_DEFAULT], &thresholds, MC_RESOURCE_PENDING);
  CHECK(usage.used == 2 && usage.overflows == 1);
  mc_cluster_state_give(one.cluster.state, MC_ROUTING_DEFAULT, MC_RESOURCE_PENDING, a);
  CHECK_INT(used(&two, MC_RESOURCE_PENDING), 1);
  mc_host_state *host = one.cluster.hosts[0].state, *same = two.cluster.hosts[0].state;
  const mc_holder connection = mc_host_state_take(host, &host->live->connections, 1);
  CHECK(connection && !mc_host_state_take(same, &same->live->connections, 1));
  CHECK(mc_host_state_give(host, &host->live->connections, connection));
  CHECK(mc_host_state_take(same, &same->live->connections, 1));
  end();
}

static void test_the_dead_hold_nothing(void) {
  begin();
  for (int i = 0; i < 3; i++) request(&one, 0, 3);
  CHECK(!request(&two, 1, 3));
  is_dead(&one);
  CHECK(!request(&two, 1, 3)); /* somebody has looked a moment ago */
  atomic_fetch_add(&w->now_ns, 100000000);
  CHECK(request(&two, 1, 3) != 0);
  CHECK_INT(mc_cluster_state_active(two.cluster.state), 1);
  CHECK_INT(mc_counter_value(&two.cluster.active, 0), 0);
  end();
}

/* Where no limit refuses, too. */
static void test_the_dead_are_looked_for_now_and_then(void) {
  begin();
  request(&one, 0, 1000);
  is_dead(&one);
  atomic_fetch_add(&w->now_ns, 100000000);
  for (int i = 0; i < 1024; i++) mc_cluster_end(&two.cluster, 1, MC_ROUTING_DEFAULT, request(&two, 1, 1000));
  CHECK_INT(mc_cluster_state_active(two.cluster.state), 0);
  end();
}

static void test_what_a_parent_holds_stays_its_own(void) {
  begin();
  const mc_holder parents = request(&one, 0, 9);
  mc_shared_forked(one.shared, w);
  CHECK(!request(&one, 0, 9)); /* it has no place yet */
  CHECK(mc_shared_enter(one.shared, 2));
  const mc_holder own = request(&one, 0, 9);
  CHECK(own && own != parents);
  mc_cluster_end(&one.cluster, 0, MC_ROUTING_DEFAULT, parents);
  CHECK_INT(mc_cluster_state_active(two.cluster.state), 2);
  mc_cluster_end(&one.cluster, 0, MC_ROUTING_DEFAULT, own);
  CHECK_INT(mc_cluster_state_active(two.cluster.state), 1);
  end();
}

static void test_no_room(void) {
  world_reset(w, WORKERS);
  atomic_store(&w->room, mc_shared_least(WORKERS) + 128);
  const mc_cluster_spec spec = {.name = MC_LITERAL("c")};
  mc_shared *shared = join(w);
  mc_runtime *runtime = mc_runtime_new();
  mc_runtime_share(runtime, shared);
  CHECK(mc_members_new(&spec, runtime) == NULL);
  CHECK(strstr(mc_runtime_refusal(runtime), "filesystem is full") != NULL);
  for (int n = 0;; n++) { /* memory is another reason */
    atomic_store(&w->room, SIZE);
    check_memory(n);
    mc_members *members = mc_members_new(&spec, runtime);
    check_memory(-1);
    if (members) {
      mc_members_release(members, runtime);
      break;
    }
    CHECK(mc_runtime_refusal(runtime) == NULL);
  }
  mc_runtime_free(runtime);
  mc_shared_free(shared);
  CHECK_INT(check_blocks(), 0);
}

/* ------------------------------------------------------------------ killed anywhere */

static void serves(void *unused) {
  (void)unused;
  const mc_holder a = request(&one, 0, 4), b = request(&one, 1, 4);
  mc_cluster_end(&one.cluster, 0, MC_ROUTING_DEFAULT, a);
  mc_cluster_end(&one.cluster, 1, MC_ROUTING_DEFAULT, b);
}

static void test_killed_at_any_instruction(long step) {
  int result = 1;
  long instruction = 0;
  for (; result == 1; instruction += step) {
    begin();
    request(&two, 0, 4);
    result = kill_at(serves, NULL, instruction);
    if (result >= 0) {
      atomic_store(&w->locked, false);
      is_dead(&one);
      mc_shared_reclaim(two.shared);
      CHECK_INT(mc_cluster_state_active(two.cluster.state), 1);
      CHECK_INT(mc_counter_value(&two.cluster.active, 0), 1);
      CHECK_INT(mc_counter_value(&two.cluster.active, 1), 0);
      for (int i = 0; i < 3; i++) CHECK(request(&two, 0, 4) != 0);
      CHECK(!request(&two, 0, 4));
    }
    end();
  }
  if (result < 0) check_note("instructions not tried one by one: no ptrace, or a sanitizer");
  else CHECK(instruction > 200);
}

int main(int argc, char **argv) {
  w = world_new(SIZE, WORKERS);
  test_one_limit_for_all();
  test_a_request_to_no_host_is_the_clusters_alone();
  test_what_is_not_shared_is_not();
  test_resources_and_connections();
  test_the_dead_hold_nothing();
  test_the_dead_are_looked_for_now_and_then();
  test_what_a_parent_holds_stays_its_own();
  test_no_room();
  test_killed_at_any_instruction(argc > 1 ? atol(argv[1]) : 11);
  world_free(w);
  return check_finish();
}
