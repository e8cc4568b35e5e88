#include "check.h"
#include "upstream/cluster.h"

static mc_cluster taken(const mc_cluster_spec *spec, mc_runtime *runtime) {
  mc_cluster cluster = {.host_count = 0};
  mc_members *members = mc_members_new(spec, runtime);
  CHECK(members != NULL);
  mc_cluster_take(&cluster, members, spec->balance.now_ns);
  return cluster;
}

/* Two over the same members: what they are made of goes with the last. */
static void test_members_are_shared(void) {
  const mc_peers peers[] = {{.locality = {.zone = MC_LITERAL("z")}, .hosts = 2}};
  const mc_zone_spec zone = {.own = {.zone = MC_LITERAL("z")}, .peers = peers, .peer_count = 1};
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}};
  const mc_cluster_spec spec = {
      .name = MC_LITERAL("c"), .balance = {.zone = &zone}, .endpoints = endpoints, .endpoint_count = 1};
  mc_runtime *runtime = mc_runtime_new();
  mc_cluster one = taken(&spec, runtime), two = {.host_count = 0};
  CHECK(one.members->balance.zone != &zone && one.members->balance.zone->peers != peers);
  CHECK_SLICE(one.members->balance.zone->peers[0].locality.zone, "z");
  mc_members_share(one.members);
  mc_cluster_take(&two, one.members, 0);
  CHECK(two.hosts == one.hosts && two.serial == one.serial);
  mc_members_release(one.members, runtime);
  CHECK_SLICE(two.hosts[0].address, "a:1");
  mc_members_release(two.members, runtime);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

/* Whoever says something new of a host makes the cluster stale; so does what is due. */
static void test_when_it_is_stale(void) {
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}};
  const mc_cluster_spec spec = {.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = 1};
  mc_runtime *runtime = mc_runtime_new();
  mc_cluster cluster = taken(&spec, runtime);
  mc_host_state *host = cluster.hosts[0].state;
  CHECK(!mc_cluster_is_stale(&cluster, UINT64_MAX - 1));
  CHECK(!mc_host_state_say(host, MC_FAILING_USER, false));
  CHECK(!mc_cluster_is_stale(&cluster, 0));
  CHECK(mc_host_state_say(host, MC_FAILING_USER, true) && !mc_host_state_say(host, MC_FAILING_USER, true));
  CHECK(mc_host_state_say(host, MC_FAILING_EJECTED, true) && mc_host_state_say(host, MC_FAILING_USER, false));
  CHECK_INT(mc_host_health(&cluster.hosts[0]), MC_UNHEALTHY);
  CHECK(mc_cluster_is_stale(&cluster, 0));
  mc_cluster_take(&cluster, cluster.members, 0);
  CHECK(!mc_cluster_is_stale(&cluster, 4));
  atomic_store(&cluster.state->live->due_ns, 5);
  CHECK(!mc_cluster_is_stale(&cluster, 4) && mc_cluster_is_stale(&cluster, 5));
  mc_members_release(cluster.members, runtime);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

/* Active checks have a word of their own, which others don't change. */
static void test_checks(void) {
  const mc_endpoint_spec endpoints[] = {
      {.address = MC_LITERAL("a:1"), .unchecked = MC_UNHEALTHY},
      {.address = MC_LITERAL("a:2"), .health = MC_DEGRADED},
      {.address = MC_LITERAL("a:3"), .health = MC_UNHEALTHY, .unchecked = MC_DRAINING},
  };
  const mc_cluster_spec spec = {.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = 3};
  mc_runtime *runtime = mc_runtime_new();
  mc_cluster cluster = taken(&spec, runtime);
  const mc_host *hosts = cluster.hosts;
  CHECK(!mc_cluster_is_stale(&cluster, 0));
  CHECK_INT(mc_host_health(&hosts[0]), MC_UNHEALTHY);
  CHECK_INT(mc_host_health(&hosts[1]), MC_DEGRADED);
  CHECK_INT(mc_host_health(&hosts[2]), MC_DRAINING);
  CHECK(!mc_host_state_check(hosts[0].state, MC_UNHEALTHY) && !mc_cluster_is_stale(&cluster, 0));
  CHECK(mc_host_state_check(hosts[0].state, MC_HEALTHY) && mc_cluster_is_stale(&cluster, 0));
  CHECK_INT(mc_host_health(&hosts[0]), MC_HEALTHY);
  CHECK(mc_host_state_check(hosts[0].state, MC_DEGRADED));
  CHECK_INT(mc_host_health(&hosts[0]), MC_DEGRADED);
  CHECK_INT(mc_host_status(&hosts[0]), MC_STATUS_DEGRADED);
  CHECK(mc_host_state_say(hosts[0].state, MC_FAILING_USER, true));
  CHECK_INT(mc_host_health(&hosts[0]), MC_UNHEALTHY);
  CHECK_INT(mc_host_status(&hosts[0]), MC_STATUS_UNHEALTHY);
  CHECK(mc_host_state_check(hosts[0].state, MC_HEALTHY) && mc_host_state_check(hosts[2].state, MC_HEALTHY));
  CHECK_INT(mc_host_health(&hosts[0]), MC_UNHEALTHY);
  CHECK_INT(mc_host_health(&hosts[2]), MC_UNHEALTHY);
  mc_host_state_say(hosts[1].state, MC_EXCLUDED_USER, true);
  CHECK_INT(mc_host_status(&hosts[1]), MC_STATUS_DRAINING);
  /* A host that is known keeps what is known of it, and starts slowly again where it had failed. */
  mc_host_state_say(hosts[0].state, MC_FAILING_USER, false);
  mc_cluster_take(&cluster, cluster.members, 7);
  CHECK_INT(atomic_load(&hosts[0].state->healthy_since_ns), 7);
  mc_members *again = mc_members_new(&spec, runtime);
  CHECK_INT(mc_host_health(&again->hosts[0]), MC_HEALTHY);
  mc_members_release(again, runtime);
  mc_host_state_check(hosts[0].state, MC_UNHEALTHY);
  mc_cluster_take(&cluster, cluster.members, 8);
  mc_host_state_check(hosts[0].state, MC_HEALTHY);
  mc_cluster_take(&cluster, cluster.members, 9);
  CHECK_INT(atomic_load(&hosts[0].state->healthy_since_ns), 9);
  mc_members_release(cluster.members, runtime);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_what_is_copied(void) {
  char name[] = "reviews", address[] = "10.0.0.1:80", hostname[] = "one";
  const mc_endpoint_spec endpoints[] = {
      {.address = mc_slice_of(address, sizeof address - 1), .hostname = mc_slice_of(hostname, sizeof hostname - 1)},
      {.address = MC_LITERAL("10.0.0.2:80")},
  };
  const mc_cluster_spec spec = {.name = mc_slice_of(name, sizeof name - 1), .endpoints = endpoints, .endpoint_count = 2};
  mc_runtime *runtime = mc_runtime_new();
  mc_cluster cluster = taken(&spec, runtime);
  memset(name, '-', sizeof name - 1);
  memset(address, '-', sizeof address - 1);
  memset(hostname, '-', sizeof hostname - 1);
  CHECK_SLICE(cluster.name, "reviews");
  CHECK_SLICE(cluster.hosts[0].address, "10.0.0.1:80");
  CHECK_SLICE(cluster.hosts[0].hostname, "one");
  CHECK(cluster.hosts[1].hostname.data == NULL);
  CHECK_SLICE(cluster.state->name, "reviews");
  CHECK_SLICE(cluster.hosts[0].state->address, "10.0.0.1:80");
  CHECK_INT(cluster.host_count, 2);
  mc_members_release(cluster.members, runtime);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

/* An address that is listed twice is one host with two places in the turn. */
static void test_one_address_twice(void) {
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}, {.address = MC_LITERAL("a:1")}};
  const mc_cluster_spec spec = {.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = 2};
  mc_runtime *runtime = mc_runtime_new();
  mc_cluster cluster = taken(&spec, runtime);
  CHECK(cluster.hosts[0].state == cluster.hosts[1].state);
  CHECK(cluster.serial != 0 && mc_runtime_serial(runtime) != cluster.serial);
  CHECK_INT(cluster.hosts[0].state->references, 2);
  mc_members_release(cluster.members, runtime);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_no_endpoints(void) {
  const mc_cluster_spec spec = {.name = MC_LITERAL("")};
  mc_runtime *runtime = mc_runtime_new();
  mc_cluster cluster = taken(&spec, runtime);
  CHECK_INT(cluster.host_count, 0);
  mc_members_release(cluster.members, runtime);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_what_is_copied();
  test_members_are_shared();
  test_when_it_is_stale();
  test_checks();
  test_one_address_twice();
  test_no_endpoints();
  return check_finish();
}
