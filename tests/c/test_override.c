/* Endpoints that headers name, through the whole decision. */
#include "one_route.h"

#include "engine/override.h"

static const mc_slice NAMES[] = {{"x-to", 4}, {"x-more", 6}};
static mc_endpoint_spec endpoints[3];
static mc_cluster_spec cluster;

/* a:1, b:1, and c:1, which is unhealthy. */
static void configure(small_config *config) {
  static const mc_slice addresses[] = {{"a:1", 3}, {"b:1", 3}, {"c:1", 3}};
  for (int i = 0; i < 3; i++) {
    endpoints[i] = (mc_endpoint_spec){.address = addresses[i], .health = i == 2 ? MC_UNHEALTHY : MC_HEALTHY};
  }
  cluster = (mc_cluster_spec){.name = MC_LITERAL("one"), .endpoints = endpoints, .endpoint_count = 3,
                              .override_headers = {NAMES, 2}};
  config->spec.clusters = &cluster;
  config->spec.cluster_count = 1;
}

/* The endpoints of a request's attempts, until the policy is to choose. */
static void check_named(const char *const *rows, const char *expected) {
  const mc_action_spec action = forward_to(0);
  start(&action, configure);
  ask(MC_LITERAL("GET"), rows);
  char found[8] = "";
  size_t size = 0;
  if (decision.overrides) found[size++] = (char)('a' + decision.endpoint);
  for (int32_t next; size && (next = mc_override_next(decision.snapshot->clusters[0], &decision)) >= 0;) {
    found[size++] = (char)('a' + next);
  }
  CHECK(mc_slice_equal(mc_slice_of(found, size), text_of(expected)));
  CHECK(decision.endpoint >= 0 && (size ? decision.candidates == 1 : decision.endpoint != 2));
  mc_decision_release(&decision);
  stop();
}

static void test_named_endpoints(void) {
  check_named(NULL, "");
  check_named(ROWS("x-to: b:1"), "b");
  check_named(ROWS("X-To: c:1"), "c"); /* whatever its health */
  check_named(ROWS("x-to: d:1"), "");
  check_named(ROWS("x-to: d:1,,\t b:1 ,c:1,b:1"), "bcb");
  check_named(ROWS("x-to: d:1", "x-to: b:1"), ""); /* the first line alone */
  check_named(ROWS("x-more: b:1"), "b");
  check_named(ROWS("x-more: b:1", "x-to: c:1,a:1"), "cab");
  check_named(ROWS("x-to: b:1;a:1"), "");
  check_named(ROWS("x-to: ,"), "");
}

static void test_a_cluster_without_headers(void) {
  const mc_action_spec action = forward_to(0);
  start(&action, NULL);
  ask(MC_LITERAL("GET"), ROWS("x-to: a:1"));
  CHECK_INT(decision.overrides, 0);
  CHECK_INT(mc_override_next(decision.snapshot->clusters[0], &decision), -1);
  mc_decision_release(&decision);
  stop();
}

int main(void) {
  test_named_endpoints();
  test_a_cluster_without_headers();
  return check_finish();
}
