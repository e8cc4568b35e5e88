#include "balance_support.h"
#include "base/hash.h"

enum { PLACES = 1009 };

static void maglev(hosts_fixture *f, uint32_t size) {
  start(f, MC_POLICY_MAGLEV);
  f->spec.balance.hashing.table_size = size;
}

static uint64_t key_hash(const mc_host *host, uint64_t seed) {
  return mc_xxh64(host->hash_key.data, host->hash_key.size, seed);
}

static bool before(const mc_host *a, const mc_host *b) {
  char left[32], right[32];
  snprintf(left, sizeof left, "%.*s", (int)a->hash_key.size, a->hash_key.data);
  snprintf(right, sizeof right, "%.*s", (int)b->hash_key.size, b->hash_key.data);
  return strcmp(left, right) < 0;
}

/* The paper's listing 1 with Envoy's weights, word for word. */
static void naive_table(const hosts_fixture *f, uint64_t size, int32_t table[PLACES]) {
  uint32_t order[SUPPORT_HOSTS], count = f->cluster.host_count;
  uint64_t next[SUPPORT_HOSTS] = {0}, sum = 0;
  double target[SUPPORT_HOSTS] = {0}, share[SUPPORT_HOSTS], most = 0;
  for (uint32_t i = 0; i < count; i++) sum += f->cluster.hosts[i].weight;
  for (uint32_t i = 0; i < count; i++) {
    share[i] = (double)f->cluster.hosts[i].weight / (double)sum;
    if (share[i] > most) most = share[i];
    uint32_t at = i;
    for (; at && before(&f->cluster.hosts[i], &f->cluster.hosts[order[at - 1]]); at--) order[at] = order[at - 1];
    order[at] = i;
  }
  for (uint64_t i = 0; i < size; i++) table[i] = -1;
  uint64_t filled = 0;
  for (uint32_t round = 1; filled < size; round++) {
    for (uint32_t k = 0; k < count && filled < size; k++) {
      uint32_t i = order[k];
      if (round * share[i] < target[i]) continue;
      target[i] += most;
      uint64_t offset = key_hash(&f->cluster.hosts[i], 0) % size, skip = key_hash(&f->cluster.hosts[i], 1) % (size - 1) + 1, at;
      do {
        at = (offset + skip * next[i]++) % size;
      } while (table[at] >= 0);
      table[at] = (int32_t)i;
      filled++;
    }
  }
}

static void check_table(hosts_fixture *f, uint32_t size) {
  int32_t table[PLACES];
  CHECK_INT(build(f, 0), MC_OK);
  naive_table(f, size, table);
  for (uint32_t i = 0; i < size; i++) {
    mc_pick pick = {.hash = i + (uint64_t)size * 1234567};
    CHECK_INT(mc_balancer_pick(&f->balancer, &pick), table[i]);
  }
  finish(f);
}

static void test_tables_of_any_prime_size(void) {
  static const uint32_t sizes[] = {2, 3, 7, 101, PLACES};
  for (uint64_t seed = 1; seed < 60; seed++) {
    uint64_t draws = seed;
    hosts_fixture f;
    maglev(&f, sizes[seed % 5]);
    add_locality(&f, 0, 0, 1 + mc_splitmix64(&draws) % 30, 0, 0);
    if (seed % 3) {
      for (uint32_t i = 0; i < f.spec.endpoint_count; i++) f.endpoints[i].weight = 1 + mc_splitmix64(&draws) % 50;
    }
    check_table(&f, sizes[seed % 5]);
  }
}

/* Where the largest share is far above the average the table is filled in another way. */
static void test_uneven_weights(void) {
  for (uint64_t seed = 1; seed < 20; seed++) {
    uint64_t draws = seed;
    hosts_fixture f;
    maglev(&f, PLACES);
    add_locality(&f, 0, 0, 50, 0, 0);
    for (int i = 0; i < 50; i++) f.endpoints[i].weight = 1 + mc_splitmix64(&draws) % 5;
    f.endpoints[seed].weight = 100u << seed;
    check_table(&f, PLACES);
  }
}

static void refused(uint32_t size, const char *message) {
  hosts_fixture f;
  maglev(&f, size);
  add_locality(&f, 0, 0, 3, 0, 0);
  CHECK_INT(build(&f, 0), MC_INVALID);
  CHECK(strcmp(f.error.message, message) == 0);
  finish(&f);
}

static void test_sizes_that_are_refused(void) {
  refused(0, "table size is 0; expected a prime number up to 5000011");
  refused(1, "table size is 1; expected a prime number up to 5000011");
  refused(65536, "table size is 65536; expected a prime number up to 5000011");
  refused(49, "table size is 49; expected a prime number up to 5000011");
  refused(5000077, "table size is 5000077; expected a prime number up to 5000011");
}

static void test_memory_runs_out(void) {
  for (int n = 0;; n++) {
    hosts_fixture f;
    maglev(&f, 65537);
    add_locality(&f, 0, 0, 3, 0, 0);
    check_memory(n);
    mc_code code = build(&f, 0);
    check_memory(-1);
    finish(&f);
    if (!code) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  test_tables_of_any_prime_size();
  test_uneven_weights();
  test_sizes_that_are_refused();
  test_memory_runs_out();
  return check_finish();
}
