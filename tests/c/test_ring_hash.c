#include <math.h>

#include "balance_support.h"
#include "base/hash.h"

static const uint32_t LARGEST = MC_MAX_RING_SIZE;

static void ring(hosts_fixture *f, uint32_t minimum, uint32_t maximum) {
  start(f, MC_POLICY_RING_HASH);
  f->spec.balance.hashing = (mc_hashing_spec){.minimum_ring_size = minimum, .maximum_ring_size = maximum};
}

static uint64_t entry_hash(const mc_host *host, int number, bool murmur) {
  char text[64];
  int size = snprintf(text, sizeof text, "%.*s_%d", (int)host->hash_key.size, host->hash_key.data, number);
  return murmur ? mc_murmur2(text, (size_t)size, MC_STD_HASH_SEED) : mc_xxh64(text, (size_t)size, 0);
}

/* What Envoy's documentation of the algorithm says, without a ring: the entry whose hash is next. */
static int32_t naive_pick(const hosts_fixture *f, uint64_t hash) {
  const mc_hashing_spec *spec = &f->spec.balance.hashing;
  uint64_t sum = 0, best = 0, first = UINT64_MAX;
  uint32_t lightest = UINT32_MAX;
  int32_t found = -1, wrapped = -1;
  for (uint32_t i = 0; i < f->cluster.host_count; i++) {
    uint32_t weight = f->cluster.hosts[i].weight;
    sum += weight;
    if (weight < lightest) lightest = weight;
  }
  double least = (double)lightest / (double)sum, made = 0, target = 0;
  double scale = fmin(ceil(least * spec->minimum_ring_size) / least, spec->maximum_ring_size);
  for (uint32_t i = 0; i < f->cluster.host_count; i++) {
    target += scale * ((double)f->cluster.hosts[i].weight / (double)sum);
    for (int n = 0; made < target; made++, n++) {
      uint64_t at = entry_hash(&f->cluster.hosts[i], n, spec->function == MC_MURMUR_HASH_2);
      if (at >= hash && (found < 0 || at < best)) {
        best = at;
        found = (int32_t)i;
      }
      if (wrapped < 0 || at < first) {
        first = at;
        wrapped = (int32_t)i;
      }
    }
  }
  return found < 0 ? wrapped : found;
}

static int32_t pick_of(const hosts_fixture *f, uint64_t hash) {
  mc_pick pick = {.hash = hash};
  return mc_balancer_pick(&f->balancer, &pick);
}

static void test_the_entry_that_is_next(void) {
  static const uint32_t sizes[][2] = {{1024, MC_MAX_RING_SIZE}, {1, MC_MAX_RING_SIZE}, {0, 3}, {3, 3}, {7, 50}, {100, 101}};
  for (uint64_t seed = 1; seed < 80; seed++) {
    uint64_t draws = seed;
    hosts_fixture f;
    const uint32_t *size = sizes[seed % 6];
    ring(&f, size[0], size[1]);
    add_locality(&f, 0, 0, 1 + mc_splitmix64(&draws) % 20, 0, 0);
    f.spec.balance.hashing.function = seed & 1 ? MC_MURMUR_HASH_2 : MC_XX_HASH;
    if (seed % 3) {
      for (uint32_t i = 0; i < f.spec.endpoint_count; i++) f.endpoints[i].weight = 1 + mc_splitmix64(&draws) % 50;
    }
    CHECK_INT(build(&f, seed), MC_OK);
    for (int i = 0; i < 60; i++) {
      uint64_t hash = mc_splitmix64(&draws);
      CHECK_INT(pick_of(&f, hash), naive_pick(&f, hash));
    }
    uint64_t edges[] = {0, UINT64_MAX, entry_hash(&f.cluster.hosts[0], 0, seed & 1), entry_hash(&f.cluster.hosts[0], 0, seed & 1) + 1};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) CHECK_INT(pick_of(&f, edges[i]), naive_pick(&f, edges[i]));
    finish(&f);
  }
}

static void test_hosts_of_the_same_key(void) {
  hosts_fixture f;
  ring(&f, 1024, LARGEST);
  add_locality(&f, 0, 0, 60, 0, 0);
  for (int i = 0; i < 60; i++) f.endpoints[i].hash_key = i % 2 ? MC_LITERAL("odd") : MC_LITERAL("even");
  CHECK_INT(build(&f, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 2000, counts), 0);
  CHECK(counts[0] > 500 && counts[1] > 500); /* the first of each */
  CHECK_INT(counts[0] + counts[1], 2000);
  finish(&f);
}

static void test_a_ring_without_entries(void) {
  hosts_fixture f;
  ring(&f, 0, LARGEST);
  add_locality(&f, 0, 0, 3, 0, 0);
  CHECK_INT(build(&f, 0), MC_OK);
  CHECK_INT(pick_of(&f, 5), -1);
  finish(&f);
}

static void test_weights_of_any_size(void) {
  hosts_fixture f;
  ring(&f, 1024, 5000);
  add_locality(&f, 0, 0, 3, 0, 0);
  f.endpoints[1].weight = UINT32_MAX - 2; /* its share leaves the others hardly an entry */
  CHECK_INT(build(&f, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 1000, counts), 0);
  CHECK(counts[1] > 990);
  finish(&f);
}

static void refused(uint32_t minimum, uint32_t maximum, const char *message) {
  hosts_fixture f;
  ring(&f, minimum, maximum);
  add_locality(&f, 0, 0, 3, 0, 0);
  CHECK_INT(build(&f, 0), MC_INVALID);
  CHECK(strcmp(f.error.message, message) == 0);
  finish(&f);
}

static void test_sizes_that_are_refused(void) {
  refused(5, 4, "minimum ring size is 5; expected at most the maximum, 4");
  refused(5, LARGEST + 1, "maximum ring size is 8388609; expected at most 8388608");
}

static void test_memory_runs_out(void) {
  for (int n = 0;; n++) {
    hosts_fixture f;
    ring(&f, 1024, LARGEST);
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
  test_the_entry_that_is_next();
  test_hosts_of_the_same_key();
  test_a_ring_without_entries();
  test_weights_of_any_size();
  test_sizes_that_are_refused();
  test_memory_runs_out();
  return check_finish();
}
