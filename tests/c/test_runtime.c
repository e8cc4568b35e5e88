#include "check.h"
#include "upstream/cluster.h"

static void test_state_is_shared_by_name_and_address(void) {
  mc_runtime *runtime = mc_runtime_new();
  mc_cluster_state *a = mc_runtime_cluster(runtime, MC_LITERAL("a"));
  CHECK(mc_runtime_cluster(runtime, MC_LITERAL("a")) == a);
  CHECK(mc_runtime_cluster(runtime, MC_LITERAL("b")) != a);
  mc_host_state *host = mc_runtime_host(a, MC_LITERAL("10.0.0.1:80"));
  CHECK(mc_runtime_host(a, MC_LITERAL("10.0.0.1:80")) == host);
  CHECK(mc_runtime_host(a, MC_LITERAL("10.0.0.2:80")) != host);
  atomic_store(host->active, 3);
  mc_runtime_release_host(a, host);
  CHECK_INT(atomic_load(mc_runtime_host(a, MC_LITERAL("10.0.0.1:80"))->active), 3);
  mc_runtime_release_host(a, host);
  mc_runtime_release_host(a, host);
  mc_host_state *fresh = mc_runtime_host(a, MC_LITERAL("10.0.0.1:80"));
  CHECK_INT(atomic_load(fresh->active), 0);
  mc_runtime_release_host(a, fresh);
  mc_runtime_release_host(a, mc_runtime_host(a, MC_LITERAL("10.0.0.2:80")));
  mc_runtime_release_host(a, mc_runtime_host(a, MC_LITERAL("10.0.0.2:80")));
  mc_cluster_state *b = mc_runtime_cluster(runtime, MC_LITERAL("b"));
  mc_runtime_release_cluster(runtime, b);
  mc_runtime_release_cluster(runtime, b);
  mc_host_state *left = mc_runtime_host(a, MC_LITERAL("10.0.0.2:80"));
  while (left->references > 1) mc_runtime_release_host(a, left);
  mc_runtime_release_host(a, left);
  mc_runtime_release_cluster(runtime, a);
  mc_runtime_release_cluster(runtime, a);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_a_swap_keeps_what_stays(void) {
  /* Many clusters and hosts, so that both tables grow on the way. */
  enum { CLUSTERS = 100, HOSTS = 50 };
  static char names[CLUSTERS][16], addresses[HOSTS][16];
  mc_endpoint_spec endpoints[HOSTS];
  mc_runtime *runtime = mc_runtime_new();
  static mc_members *old[CLUSTERS], *young[CLUSTERS];
  for (int h = 0; h < HOSTS; h++) {
    int size = snprintf(addresses[h], sizeof addresses[h], "10.0.0.%d:80", h);
    endpoints[h] = (mc_endpoint_spec){.address = mc_slice_of(addresses[h], (size_t)size)};
  }
  for (int c = 0; c < CLUSTERS; c++) {
    int size = snprintf(names[c], sizeof names[c], "c%d", c);
    mc_cluster_spec spec = {.name = mc_slice_of(names[c], (size_t)size), .endpoints = endpoints, .endpoint_count = HOSTS};
    old[c] = mc_members_new(&spec, runtime);
    atomic_store(old[c]->hosts[c % HOSTS].state->active, (uint32_t)c + 1);
    spec.endpoint_count = HOSTS / 2;
    young[c] = mc_members_new(&spec, runtime);
  }
  for (int c = 0; c < CLUSTERS; c++) mc_members_release(old[c], runtime);
  for (int c = 0; c < CLUSTERS; c++) {
    if (c % HOSTS < HOSTS / 2) CHECK_INT(atomic_load(young[c]->hosts[c % HOSTS].state->active), c + 1);
    mc_members_release(young[c], runtime);
  }
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

/* Side by side while they can be; each host's own in any case. */
static void test_counters_by_number(void) {
  mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}, {.address = MC_LITERAL("a:2")}, {.address = MC_LITERAL("a:3")}};
  mc_cluster_spec spec = {.name = MC_LITERAL("a"), .endpoints = endpoints, .endpoint_count = 3};
  mc_runtime *runtime = mc_runtime_new();
  mc_members *old = mc_members_new(&spec, runtime);
  CHECK(old->active.first == old->hosts[0].state->active && old->hosts[2].state->active == old->active.first + 2);
  endpoints[1].address = MC_LITERAL("a:4");
  mc_members *young = mc_members_new(&spec, runtime);
  CHECK(!young->active.first);
  for (uint32_t i = 0; i < 3; i++) {
    CHECK(mc_counter_at(&young->active, i) == young->hosts[i].state->active);
    CHECK((mc_counter_at(&young->active, i) == mc_counter_at(&old->active, i)) == (i != 1));
  }
  mc_members_release(old, runtime);
  spec.endpoint_count = 0;
  mc_members *none = mc_members_new(&spec, runtime);
  mc_members_release(young, runtime);
  mc_members_release(none, runtime);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_out_of_memory(void) {
  mc_endpoint_spec endpoint = {.address = MC_LITERAL("10.0.0.1:80"), .hostname = MC_LITERAL("one")};
  mc_cluster_spec spec = {.name = MC_LITERAL("a"), .endpoints = &endpoint, .endpoint_count = 1};
  for (int n = 0;; n++) {
    check_memory(n);
    mc_runtime *runtime = mc_runtime_new();
    mc_members *members = runtime ? mc_members_new(&spec, runtime) : NULL;
    check_memory(-1);
    if (members) mc_members_release(members, runtime);
    mc_runtime_free(runtime);
    if (members) break;
  }
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_state_is_shared_by_name_and_address();
  test_a_swap_keeps_what_stays();
  test_counters_by_number();
  test_out_of_memory();
  return check_finish();
}
