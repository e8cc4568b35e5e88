/* Members that come and go, changes of health that wait: what detection has to do with configurations. */
#include "outlier/ejection.h"

#include "outlier/detector.h"
#include "outlier_support.h"

static const mc_endpoint_spec endpoints[] = {{.address = {"a", 1}}, {.address = {"b", 1}}, {.address = {"c", 1}}};
static mc_runtime *runtime;

static mc_members *members_of(uint32_t count, const mc_outlier_spec *spec, uint64_t window_ns) {
  const mc_cluster_spec cluster = {
      .name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = count, .merge_window_ns = window_ns};
  mc_members *members = mc_members_new(&cluster, runtime);
  CHECK(members != NULL);
  if (spec) CHECK(mc_outlier_prepare(members, spec, 1) == MC_OK);
  return members;
}

static void fail_at(const mc_members *members, uint32_t host, uint32_t times, uint64_t now_ns) {
  const mc_result result = result_of(500, MC_FAILURE_NONE, now_ns);
  for (uint32_t i = 0; i < times; i++) mc_outlier_report(members, members->hosts[host].state, &result);
}

static bool ejected(const mc_members *members, uint32_t host) { return mc_is_ejected(members->hosts[host].state); }

static uint64_t epoch_of(const mc_members *members) { return atomic_load(&members->state->live->epoch); }

static void begin(void) { runtime = mc_runtime_new(); }

static void end(mc_members *one, mc_members *other) {
  if (one) mc_members_release(one, runtime);
  if (other) mc_members_release(other, runtime);
  mc_runtime_free(runtime);
}

/* Until they are in force, members change nothing; then they decide for all. */
static void test_the_latest_members_decide(void) {
  begin();
  mc_outlier_spec spec = outlier_spec(), strict = spec;
  spec.max_ejection_percent = 50;
  strict.max_ejection_percent = 40;
  mc_members *old = members_of(2, &spec, 0);
  mc_outlier_enforce(old, START);
  mc_members *new = members_of(3, &strict, 0);
  fail_at(old, 0, 5, START);
  CHECK(ejected(old, 0) && ejected(new, 0)); /* by the old one: one of two */
  mc_outlier_enforce(new, START);
  fail_at(old, 1, 5, START);
  CHECK(!ejected(new, 1)); /* two of three are too many */
  mc_members_release(new, runtime); /* as if it had failed to come into force */
  fail_at(old, 1, 5, START);
  CHECK(!ejected(old, 1)); /* two of two likewise */
  CHECK(ejected(old, 0));
  end(old, NULL);
}

/* Counters and ejections outlive a configuration; a threshold that is lower now is not missed. */
static void test_state_is_kept(void) {
  begin();
  mc_outlier_spec spec = outlier_spec(), lower = spec;
  lower.consecutive_5xx = 3;
  mc_members *old = members_of(3, &spec, 0);
  mc_outlier_enforce(old, START);
  fail_at(old, 0, 5, START);
  fail_at(old, 1, 4, START);
  fail_at(old, 2, 1, START);
  mc_members *new = members_of(3, &lower, 0);
  mc_outlier_enforce(new, START);
  CHECK(ejected(new, 0) && !ejected(new, 1));
  fail_at(new, 1, 1, START);
  fail_at(new, 2, 1, START);
  CHECK(ejected(new, 1) && !ejected(new, 2));
  fail_at(new, 2, 1, START);
  CHECK(ejected(new, 2));
  mc_outlier_sweep(new->state, START + 30 * SECOND);
  CHECK(!ejected(new, 0) && !ejected(new, 2));
  end(old, new);
}

/* Who has no detection any more has nobody ejected, since nobody would take them back. */
static void test_detection_is_taken_away(void) {
  begin();
  const mc_outlier_spec spec = outlier_spec();
  mc_members *old = members_of(2, &spec, 0);
  mc_outlier_enforce(old, START);
  fail_at(old, 0, 5, START);
  mc_members *new = members_of(2, NULL, 0);
  CHECK(ejected(new, 0));
  uint64_t before = epoch_of(new);
  mc_outlier_enforce(new, START);
  CHECK(!ejected(new, 0));
  CHECK(epoch_of(new) != before);
  CHECK(atomic_load(&new->state->live->due_ns) == UINT64_MAX);
  fail_at(old, 0, 5, START); /* of requests that were under way */
  CHECK(!ejected(new, 0));
  mc_members_release(new, runtime);
  fail_at(old, 0, 5, START);
  CHECK(ejected(old, 0));
  mc_outlier_sweep(old->state, START + 60 * SECOND); /* armed anew by the reports; the second ejection in a row */
  CHECK(!ejected(old, 0));
  end(old, NULL);
}

static void test_a_host_that_has_left_is_not_ejected(void) {
  begin();
  const mc_outlier_spec spec = outlier_spec();
  mc_members *old = members_of(3, &spec, 0), *new = members_of(2, &spec, 0);
  mc_outlier_enforce(old, START);
  mc_outlier_enforce(new, START);
  fail_at(old, 2, 5, START);
  CHECK(!ejected(old, 2));
  end(old, new);
}

static void test_an_address_given_twice_counts_twice(void) {
  begin();
  const mc_endpoint_spec twice[] = {endpoints[0], endpoints[0], endpoints[1]};
  const mc_cluster_spec cluster = {.name = MC_LITERAL("c"), .endpoints = twice, .endpoint_count = 3};
  mc_outlier_spec spec = outlier_spec();
  spec.max_ejection_percent = 50;
  mc_members *members = mc_members_new(&cluster, runtime);
  CHECK(mc_outlier_prepare(members, &spec, 1) == MC_OK);
  mc_outlier_enforce(members, START);
  fail_at(members, 0, 5, START);
  CHECK(!ejected(members, 0));
  fail_at(members, 2, 5, START);
  CHECK(ejected(members, 2));
  end(members, NULL);
}

/* The first change counts at once; those that follow within the window wait, and count together. */
static void test_changes_of_health_are_merged(void) {
  begin();
  const mc_outlier_spec spec = outlier_spec();
  mc_members *members = members_of(3, &spec, SECOND);
  mc_outlier_enforce(members, START);
  uint64_t first = epoch_of(members);
  fail_at(members, 0, 5, START);
  CHECK_INT(epoch_of(members), first + 1);
  fail_at(members, 1, 5, START + SECOND / 2);
  fail_at(members, 2, 5, START + SECOND);
  CHECK(ejected(members, 1) && ejected(members, 2));
  CHECK_INT(epoch_of(members), first + 1);
  CHECK_INT(atomic_load(&members->state->live->due_ns), START + SECOND + SECOND / 2); /* a window after the second */
  mc_outlier_sweep(members->state, START + SECOND + SECOND / 2);
  CHECK_INT(epoch_of(members), first + 2);
  CHECK_INT(atomic_load(&members->state->live->due_ns), START + 10 * SECOND);
  /* Long after it, at the same tick: the first comes back at once, the others a window later. */
  mc_outlier_sweep(members->state, START + 50 * SECOND);
  CHECK(!ejected(members, 0) && !ejected(members, 1) && !ejected(members, 2));
  CHECK_INT(epoch_of(members), first + 5);
  end(members, NULL);
}

static void test_a_successful_health_check_takes_a_host_back(void) {
  for (int allowed = 0; allowed < 2; allowed++) {
    begin();
    mc_outlier_spec spec = outlier_spec();
    spec.successful_health_check_unejects = allowed;
    mc_members *members = members_of(2, &spec, 0);
    mc_outlier_enforce(members, START);
    fail_at(members, 0, 5, START);
    mc_host_state_say(members->hosts[0].state, MC_FAILING_HEALTH_CHECK, true);
    mc_outlier_health_check_passed(members->hosts[0].state, START);
    CHECK(ejected(members, 0)); /* not yet: it takes more successes than one */
    mc_host_state_say(members->hosts[0].state, MC_FAILING_HEALTH_CHECK, false);
    mc_outlier_health_check_passed(members->hosts[0].state, START);
    CHECK_INT(ejected(members, 0), !allowed);
    mc_outlier_health_check_passed(members->hosts[1].state, START);
    end(members, NULL);
  }
}

int main(void) {
  test_the_latest_members_decide();
  test_state_is_kept();
  test_detection_is_taken_away();
  test_a_host_that_has_left_is_not_ejected();
  test_an_address_given_twice_counts_twice();
  test_changes_of_health_are_merged();
  test_a_successful_health_check_takes_a_host_back();
  return check_finish();
}
