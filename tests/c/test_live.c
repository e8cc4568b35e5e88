/* What the processes of a machine have in common of clusters and hosts: above all, who is ejected. */
#include "shared_support.h"

#include "outlier/detector.h"
#include "outlier_support.h"

enum { SIZE = 256 * 1024, WORKERS = 4, HOSTS = 3 };

typedef struct process {
  mc_shared *shared;
  mc_runtime *runtime;
  mc_cluster cluster;
} process;

static world *w;
static process one, two;

static void start(process *p) {
  mc_endpoint_spec endpoints[HOSTS] = {{.address = {NULL, 0}}};
  for (uint32_t i = 0; i < HOSTS; i++) endpoints[i].address = host_name(i);
  const mc_cluster_spec spec = {.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = HOSTS};
  const mc_outlier_spec outlier = outlier_spec();
  p->shared = join(w);
  p->runtime = mc_runtime_new();
  mc_runtime_share(p->runtime, p->shared);
  p->cluster = (mc_cluster){.host_count = 0};
  mc_members *members = mc_members_new(&spec, p->runtime);
  CHECK_INT(mc_outlier_prepare(members, &outlier, 1), MC_OK);
  mc_outlier_enforce(members, START);
  mc_cluster_take(&p->cluster, members, START);
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

static void fail_at(process *p, uint32_t host, int times, uint64_t now_ns) {
  const mc_result result = result_of(500, MC_FAILURE_NONE, now_ns);
  for (int i = 0; i < times; i++) mc_outlier_report(p->cluster.members, p->cluster.hosts[host].state, &result);
}

static mc_health health(const process *p, uint32_t host) { return mc_host_health(&p->cluster.hosts[host]); }

static void test_failures_add_up_and_all_eject(void) {
  begin();
  fail_at(&one, 0, 3, START);
  fail_at(&two, 0, 1, START);
  CHECK(!mc_cluster_is_stale(&one.cluster, START));
  fail_at(&one, 0, 1, START); /* the fifth */
  CHECK(mc_cluster_is_stale(&one.cluster, START) && mc_cluster_is_stale(&two.cluster, START));
  CHECK_INT(health(&one, 0), MC_UNHEALTHY);
  CHECK_INT(health(&two, 0), MC_UNHEALTHY);
  CHECK_INT(health(&two, 1), MC_HEALTHY);
  const mc_outlier_status status = mc_outlier_status_of(two.cluster.members, two.cluster.hosts[0].state, START);
  CHECK(status.ejected && status.reason == MC_EJECTION_CONSECUTIVE_5XX && status.ejections == 1);
  CHECK_INT(mc_outlier_counts_of(two.cluster.members).enforced[MC_EJECTION_CONSECUTIVE_5XX], 1);
  end();
}

static void test_whoever_finds_it_due_takes_the_host_back_for_all(void) {
  begin();
  fail_at(&one, 0, 5, START);
  mc_cluster_take(&two.cluster, two.cluster.members, START);
  CHECK(!mc_cluster_is_stale(&two.cluster, START));
  CHECK(mc_cluster_is_stale(&two.cluster, START + 30 * SECOND));
  mc_outlier_sweep(two.cluster.state, START + 30 * SECOND);
  CHECK_INT(health(&one, 0), MC_HEALTHY);
  CHECK(mc_cluster_is_stale(&one.cluster, START + 30 * SECOND));
  end();
}

static void test_the_most_that_may_be_ejected_is_one_number(void) {
  begin();
  mc_outlier_spec half = outlier_spec();
  half.max_ejection_percent = 40;
  *(mc_outlier_spec *)(uintptr_t)one.cluster.members->outlier = half;
  *(mc_outlier_spec *)(uintptr_t)two.cluster.members->outlier = half;
  fail_at(&one, 0, 5, START);
  fail_at(&two, 1, 5, START);
  CHECK_INT(health(&one, 0), MC_UNHEALTHY);
  CHECK_INT(health(&one, 1), MC_HEALTHY);
  end();
}

/* What a process says by itself, and what its checks say, is its own. */
static void test_words_of_one_process_are_its_own(void) {
  begin();
  mc_host_state_say(one.cluster.hosts[0].state, MC_FAILING_USER, true);
  mc_host_state_check(one.cluster.hosts[1].state, MC_UNHEALTHY);
  CHECK_INT(health(&one, 0), MC_UNHEALTHY);
  CHECK_INT(health(&one, 1), MC_UNHEALTHY);
  CHECK_INT(health(&two, 0), MC_HEALTHY);
  CHECK_INT(health(&two, 1), MC_HEALTHY);
  end();
}

/* Whoever comes when all have left finds nothing of theirs; who comes before finds all. */
static void test_who_comes_later(void) {
  begin();
  fail_at(&one, 0, 5, START);
  stop(&two);
  start(&two);
  CHECK_INT(health(&two, 0), MC_UNHEALTHY);
  stop(&one), stop(&two);
  start(&one);
  CHECK_INT(health(&one, 0), MC_HEALTHY);
  CHECK_INT(mc_outlier_status_of(one.cluster.members, one.cluster.hosts[0].state, START).success_rate, -1);
  start(&two);
  end();
}

/* Clusters of one runtime that have one name, as snapshots have them, are one; others are not. */
static void test_names(void) {
  world_reset(w, WORKERS);
  mc_shared *shared = join(w);
  mc_error error;
  mc_cluster_live *c = mc_cluster_live_find(shared, MC_LITERAL("c"), &error);
  CHECK(c && mc_cluster_live_find(shared, MC_LITERAL("c"), &error) == c);
  CHECK(mc_cluster_live_find(shared, MC_LITERAL("d"), &error) != c);
  mc_host_live *h = mc_host_live_find(shared, MC_LITERAL("c"), MC_LITERAL("a:1"), &error);
  CHECK(h && mc_host_live_find(shared, MC_LITERAL("c"), MC_LITERAL("a:1"), &error) == h);
  CHECK(mc_host_live_find(shared, MC_LITERAL("d"), MC_LITERAL("a:1"), &error) != h);
  CHECK(mc_host_live_find(shared, MC_LITERAL(""), MC_LITERAL(""), &error) != h);
  CHECK(c->due_ns == UINT64_MAX && c->merge_ns == UINT64_MAX);
  check_memory(0);
  CHECK(mc_host_live_find(shared, MC_LITERAL("c"), MC_LITERAL("a:1"), &error) == NULL);
  check_memory(-1);
  mc_shared_free(shared);
}

/* ------------------------------------------------------------------ killed anywhere */

static void ejects(void *unused) {
  (void)unused;
  fail_at(&one, 0, 1, START);
  mc_outlier_sweep(one.cluster.state, START + 10 * SECOND);
}

/* Ejected or not, but never half: all know of it, and it comes back in its time. */
static void test_killed_at_any_instruction(long step) {
  int result = 1;
  long instruction = 0, ejected = 0;
  for (; result == 1; instruction += step) {
    begin();
    fail_at(&one, 0, 4, START);
    result = kill_at(ejects, NULL, instruction);
    if (result >= 0) {
      atomic_store(&w->locked, false);
      atomic_store(&w->lives[mc_shared_slot_number(one.shared)], false);
      mc_shared_reclaim(two.shared);
      CHECK(health(&two, 0) == MC_HEALTHY || mc_cluster_is_stale(&two.cluster, START));
      ejected += health(&two, 0) == MC_UNHEALTHY;
      mc_outlier_sweep(two.cluster.state, START + 45 * SECOND);
      CHECK_INT(health(&two, 0), MC_HEALTHY);
      fail_at(&two, 1, 5, START + 45 * SECOND);
      CHECK_INT(health(&two, 1), MC_UNHEALTHY);
    }
    end();
  }
  if (result < 0) check_note("instructions not tried one by one: no ptrace, or a sanitizer");
  else CHECK(instruction > 500 && ejected > 0 && ejected < instruction / step);
}

int main(int argc, char **argv) {
  w = world_new(SIZE, WORKERS);
  test_failures_add_up_and_all_eject();
  test_whoever_finds_it_due_takes_the_host_back_for_all();
  test_the_most_that_may_be_ejected_is_one_number();
  test_words_of_one_process_are_its_own();
  test_who_comes_later();
  test_names();
  test_killed_at_any_instruction(argc > 1 ? atol(argv[1]) : 29);
  world_free(w);
  return check_finish();
}
