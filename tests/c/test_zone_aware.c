#include "balance_support.h"
#include "base/slice.h"

static const mc_slice ZONES[] = {{"a", 1}, {"b", 1}, {"c", 1}};

typedef struct zoned {
  hosts_fixture hosts;
  mc_peers peers[3];
  mc_zone_spec zone;
} zoned;

/* The caller is in a. served: healthy hosts of the cluster in each zone; sent: peers of the caller there. */
static void zones(zoned *z, const uint32_t served[3], const uint32_t sent[3]) {
  start(&z->hosts, MC_POLICY_ROUND_ROBIN);
  z->zone = (mc_zone_spec){.own = {.zone = ZONES[0]}, .peers = z->peers, .peer_count = 3, .routing_percent = 100, .min_cluster_size = 6};
  for (int i = 0; i < 3; i++) {
    add_locality(&z->hosts, 0, 1, served[i], 0, 0);
    z->hosts.localities[i].zone = ZONES[i];
    z->peers[i] = (mc_peers){{.zone = ZONES[i]}, sent[i], sent[i], sent[i]};
    z->zone.peer_hosts += sent[i];
    z->zone.usable_peers += sent[i];
  }
  z->hosts.spec.balance.zone = &z->zone;
}

/* Percents of the picks, by zone. */
static void shares(zoned *z, int percents[3], int *none) {
  CHECK_INT(build(&z->hosts, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  *none = count_picks(&z->hosts, 20000, counts) / 200;
  percents[0] = percents[1] = percents[2] = 0;
  for (uint32_t i = 0; i < z->hosts.cluster.host_count; i++) percents[z->hosts.cluster.hosts[i].locality] += counts[i];
  for (int i = 0; i < 3; i++) percents[i] = (percents[i] + 100) / 200;
  unbuild(&z->hosts);
}

static void check_shares(zoned *z, int a, int b, int c) {
  int percents[3], none;
  shares(z, percents, &none);
  const int expected[] = {a, b, c};
  for (int i = 0; i < 3; i++) {
    int off = percents[i] - expected[i];
    CHECK(off >= -2 && off <= 2);
    if (off < -2 || off > 2) printf("  zone %d: %d %%, not %d %%\n", i, percents[i], expected[i]);
  }
  CHECK_INT(none, 100 - a - b - c);
}

static void test_who_can_serve_all_of_its_own_keeps_it(void) {
  zoned z;
  zones(&z, (uint32_t[]){4, 2, 2}, (uint32_t[]){2, 2, 2});
  check_shares(&z, 100, 0, 0);
  finish(&z.hosts);
}

/* a sends 50 % and serves 25 %: half of it stays. b has 25 points to spare, c has none. */
static void test_what_is_too_much_goes_where_there_is_room(void) {
  zoned z;
  zones(&z, (uint32_t[]){2, 4, 2}, (uint32_t[]){2, 1, 1});
  check_shares(&z, 50, 50, 0);
  finish(&z.hosts);
}

/* Envoy's own example: 40, 40, 20 against 25, 50, 25 leaves 10 and 5. */
static void test_by_residual_capacity(void) {
  zoned z;
  zones(&z, (uint32_t[]){2, 4, 2}, (uint32_t[]){4, 4, 2});
  check_shares(&z, 62, 25, 13);
  finish(&z.hosts);
}

static void test_no_host_in_the_own_zone(void) {
  zoned z;
  zones(&z, (uint32_t[]){0, 3, 6}, (uint32_t[]){1, 1, 1});
  check_shares(&z, 0, 0, 100); /* b serves no more than it gets from its own */
  finish(&z.hosts);
}

static void test_a_share_of_the_requests(void) {
  zoned z;
  zones(&z, (uint32_t[]){4, 2, 2}, (uint32_t[]){2, 2, 2});
  z.zone.routing_percent = 20;
  check_shares(&z, 20 + 40, 20, 20);
  z.zone.routing_percent = 0;
  check_shares(&z, 50, 25, 25);
  finish(&z.hosts);
}

static void test_when_it_is_off(void) {
  zoned z;
  zones(&z, (uint32_t[]){4, 2, 2}, (uint32_t[]){2, 2, 2});
  z.zone.min_cluster_size = 9;
  check_shares(&z, 50, 25, 25);
  z.zone.min_cluster_size = 8;
  check_shares(&z, 100, 0, 0);
  z.peers[0].hosts = 0; /* we are not among our own kind */
  check_shares(&z, 50, 25, 25);
  z.peers[0].hosts = 2;
  z.peers[1].hosts = z.peers[2].hosts = 0; /* one zone alone */
  check_shares(&z, 50, 25, 25);
  finish(&z.hosts);
}

static void test_forced_to_stay(void) {
  zoned z;
  zones(&z, (uint32_t[]){2, 4, 2}, (uint32_t[]){2, 0, 0});
  z.zone.force_minimum = 2;
  check_shares(&z, 100, 0, 0);
  z.zone.force_minimum = 3;
  check_shares(&z, 25, 50, 25);
  finish(&z.hosts);
}

static void test_by_weight(void) {
  zoned z;
  zones(&z, (uint32_t[]){2, 2, 2}, (uint32_t[]){1, 1, 1});
  z.zone.by_weight = true;
  z.peers[0].healthy_weight = 4; /* two thirds of what is sent; a third is served */
  check_shares(&z, 50, 25, 25);
  finish(&z.hosts);
}

static void test_too_few_peers_are_well(void) {
  zoned z;
  zones(&z, (uint32_t[]){4, 2, 2}, (uint32_t[]){2, 2, 2});
  z.zone.usable_peers = 2;
  check_shares(&z, 50, 25, 25);
  z.hosts.spec.balance.fail_traffic_on_panic = true;
  check_shares(&z, 0, 0, 0);
  finish(&z.hosts);
}

/* Weights of localities come first, and the second priority knows no zones. */
static void test_what_it_does_not_touch(void) {
  zoned z;
  zones(&z, (uint32_t[]){4, 2, 2}, (uint32_t[]){2, 2, 2});
  z.hosts.spec.balance.locality_weighted = true;
  check_shares(&z, 33, 33, 33 + 1);
  z.hosts.spec.balance.locality_weighted = false;
  for (int i = 0; i < 8; i++) z.hosts.endpoints[i].health = MC_UNHEALTHY;
  add_locality(&z.hosts, 1, 1, 4, 0, 0);
  CHECK_INT(build(&z.hosts, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&z.hosts, 400, counts), 0);
  for (int i = 8; i < 12; i++) CHECK_INT(counts[i], 100);
  finish(&z.hosts);
}

static void test_memory_runs_out(void) {
  for (int n = 0;; n++) {
    zoned z;
    zones(&z, (uint32_t[]){20, 20, 20}, (uint32_t[]){2, 2, 2});
    check_memory(n);
    mc_code code = build(&z.hosts, 0);
    check_memory(-1);
    finish(&z.hosts);
    if (!code) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  test_who_can_serve_all_of_its_own_keeps_it();
  test_what_is_too_much_goes_where_there_is_room();
  test_by_residual_capacity();
  test_no_host_in_the_own_zone();
  test_a_share_of_the_requests();
  test_when_it_is_off();
  test_forced_to_stay();
  test_by_weight();
  test_too_few_peers_are_well();
  test_what_it_does_not_touch();
  test_memory_runs_out();
  return check_finish();
}
