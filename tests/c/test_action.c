#include "engine_support.h"

static mc_slots *slots;
static mc_arena *arena;
static mc_error error;

static mc_code build(mc_action *action, const mc_action_spec *spec) {
  const mc_route_spec route = prefix_route(MC_LITERAL("/a"));
  slots = mc_slots_new();
  arena = mc_arena_new();
  memset(action, 0, sizeof *action);
  return mc_action_build(action, spec, &route, &(mc_limit_builder){.slots = slots, .arena = arena}, &error);
}

static void clear(mc_action *action) {
  mc_action_clear(action, NULL);
  mc_action_clear(action, NULL); /* nothing is freed twice */
  mc_slots_free(slots);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

static void test_forward(void) {
  mc_action action;
  mc_action_spec spec = forward_to(3);
  spec.name = MC_LITERAL("r");
  const mc_timeout_spec timeouts = {.request_ns = 7};
  const mc_retry_spec retry = {.on = MC_RETRY_ON_5XX, .retries = 2, .base_ns = 1, .max_ns = 10};
  spec.timeouts = &timeouts;
  spec.retry = &retry;
  spec.tell_attempts = true;
  CHECK_INT(build(&action, &spec), MC_OK);
  CHECK_INT(action.cluster, 3);
  CHECK_INT(action.status, 503);
  CHECK_INT(action.timeouts->request_ns, 7);
  CHECK_INT(action.retry->retries, 2);
  CHECK(action.retries && action.tell_attempts && !action.count_attempts);
  CHECK_SLICE(action.name, "r");
  CHECK(!action.rewrites);
  CHECK(!action.cluster_header.set);
  CHECK(!action.weight_header.set);
  clear(&action);
  spec.path_rewrite = (mc_path_rewrite_spec){.kind = MC_REWRITE_PREFIX, .text = MC_LITERAL("/b")};
  CHECK_INT(build(&action, &spec), MC_OK);
  CHECK(action.rewrites);
  clear(&action);
}

static void test_where_names_come_from(void) {
  mc_action action;
  mc_action_spec spec = forward_to(-1);
  spec.cluster_header = MC_LITERAL(":authority");
  spec.weight_header = MC_LITERAL("x-weight");
  CHECK_INT(build(&action, &spec), MC_OK);
  CHECK(action.cluster_header.set);
  CHECK_INT(action.cluster_header.source, MC_SOURCE_AUTHORITY);
  CHECK_INT(action.weight_header.source, MC_SOURCE_LINES);
  CHECK_INT(action.weight_header.slot, 0);
  clear(&action);
}

static void test_weights(void) {
  const mc_weighted_cluster_spec split[] = {{.cluster = 0, .weight = 90}, {.cluster = 1}, {.cluster = 2, .weight = 10}};
  const mc_weighted_cluster_spec whole[] = {{.cluster = 0, .weight = UINT32_MAX}};
  mc_action action;
  mc_action_spec spec = forward_to(-1);
  spec.clusters = split;
  spec.cluster_count = 3;
  CHECK_INT(build(&action, &spec), MC_OK);
  CHECK_INT(action.weighted[0].end, 90);
  CHECK_INT(action.weighted[1].end, 90);
  CHECK_INT(action.weighted[2].end, 100);
  CHECK(!action.rewrites);
  clear(&action);
  spec.clusters = whole;
  spec.cluster_count = 1;
  CHECK_INT(build(&action, &spec), MC_OK);
  CHECK_INT(action.weighted[0].end, UINT32_MAX);
  clear(&action);
}

static void test_weights_that_cannot_be(void) {
  const mc_weighted_cluster_spec none[] = {{.cluster = 0}}, much[] = {{.weight = UINT32_MAX}, {.weight = 1}};
  mc_action action;
  mc_action_spec spec = forward_to(-1);
  spec.clusters = none;
  spec.cluster_count = 1;
  CHECK_INT(build(&action, &spec), MC_INVALID);
  CHECK(strstr(error.message, "add up to 0") != NULL);
  clear(&action);
  spec.clusters = much;
  spec.cluster_count = 2;
  CHECK_INT(build(&action, &spec), MC_INVALID);
  CHECK(strstr(error.message, "4294967295") != NULL);
  clear(&action);
}

static void test_an_unknown_kind_is_refused(void) {
  mc_action action;
  const mc_action_spec spec = {.kind = (mc_action_kind)99};
  CHECK_INT(build(&action, &spec), MC_INVALID);
  clear(&action);
}

static void test_a_bad_regex_leaves_nothing(void) {
  const mc_hash_policy_spec policies[] = {
      {.kind = MC_HASH_HEADER, .name = MC_LITERAL("x"), .regex = {MC_LITERAL("a"), MC_LITERAL("b")}},
      {.kind = MC_HASH_HEADER, .name = MC_LITERAL("y"), .regex = {MC_LITERAL("("), MC_LITERAL("b")}},
  };
  mc_action action;
  mc_action_spec spec = forward_to(0);
  spec.hash_policies = policies;
  spec.hash_policy_count = 2;
  spec.host_rewrite = (mc_host_rewrite_spec){.kind = MC_HOST_PATH_REGEX, .regex = {MC_LITERAL("a"), MC_LITERAL("b")}};
  CHECK_INT(build(&action, &spec), MC_INVALID);
  clear(&action);
}

static void test_upgrades_are_copied(void) {
  char text[] = "websocket";
  const mc_upgrade upgrade = {mc_slice_of(text, sizeof text - 1), true};
  arena = mc_arena_new();
  const mc_upgrade *copy = mc_upgrades_copy(&upgrade, 1, arena);
  memset(text, '-', sizeof text - 1);
  CHECK_SLICE(copy->protocol, "websocket");
  CHECK(copy->enabled);
  CHECK(mc_upgrades_copy(NULL, 0, arena) != NULL);
  mc_arena_free(arena);
}

int main(void) {
  test_forward();
  test_where_names_come_from();
  test_weights();
  test_weights_that_cannot_be();
  test_an_unknown_kind_is_refused();
  test_a_bad_regex_leaves_nothing();
  test_upgrades_are_copied();
  return check_finish();
}
