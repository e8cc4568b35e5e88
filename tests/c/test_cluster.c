#include "check.h"
#include "upstream/cluster.h"

static void test_what_is_copied(void) {
  char name[] = "reviews", address[] = "10.0.0.1:80", hostname[] = "one";
  const mc_endpoint_spec endpoints[] = {
      {.address = mc_slice_of(address, sizeof address - 1), .hostname = mc_slice_of(hostname, sizeof hostname - 1)},
      {.address = MC_LITERAL("10.0.0.2:80")},
  };
  const mc_cluster_spec spec = {.name = mc_slice_of(name, sizeof name - 1), .endpoints = endpoints, .endpoint_count = 2};
  mc_runtime *runtime = mc_runtime_new();
  mc_cluster cluster = {.arena = mc_arena_new()};
  CHECK_INT(mc_cluster_fill(&cluster, &spec, runtime), MC_OK);
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
  mc_cluster_clear(&cluster, runtime);
  CHECK(cluster.state == NULL);
  CHECK_INT(cluster.host_count, 0);
  mc_cluster_clear(&cluster, runtime); /* nothing is left to give back */
  mc_arena_free(cluster.arena);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

/* An address that is listed twice is one host with two places in the turn. */
static void test_one_address_twice(void) {
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}, {.address = MC_LITERAL("a:1")}};
  const mc_cluster_spec spec = {.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = 2};
  mc_runtime *runtime = mc_runtime_new();
  mc_cluster cluster = {.arena = mc_arena_new()};
  CHECK_INT(mc_cluster_fill(&cluster, &spec, runtime), MC_OK);
  CHECK(cluster.hosts[0].state == cluster.hosts[1].state);
  CHECK(cluster.serial != 0 && mc_runtime_serial(runtime) != cluster.serial);
  CHECK_INT(cluster.hosts[0].state->references, 2);
  mc_cluster_clear(&cluster, runtime);
  mc_arena_free(cluster.arena);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_no_endpoints(void) {
  const mc_cluster_spec spec = {.name = MC_LITERAL("")};
  mc_runtime *runtime = mc_runtime_new();
  mc_cluster cluster = {.arena = mc_arena_new()};
  CHECK_INT(mc_cluster_fill(&cluster, &spec, runtime), MC_OK);
  CHECK_INT(cluster.host_count, 0);
  mc_cluster_clear(&cluster, runtime);
  mc_arena_free(cluster.arena);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_what_is_copied();
  test_one_address_twice();
  test_no_endpoints();
  return check_finish();
}
