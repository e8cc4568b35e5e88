#include "edit_support.h"

#include "policy/fault.h"

static mc_arena *arena;
static mc_slots *slots;

static void start(void) {
  arena = mc_arena_new();
  slots = mc_slots_new();
}

static void stop(void) {
  mc_slots_free(slots);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

static mc_fault *build(const mc_fault_spec *spec) {
  mc_fault *fault = NULL;
  mc_error error = {.code = MC_OK};
  CHECK_INT(mc_fault_build(&fault, spec, slots, arena, &error), MC_OK);
  return fault;
}

static char grpc[32]; /* of the last wish */

/* What a policy wants of a request to the cluster "one"; its gRPC status is copied. */
static mc_fault_wish judge(const mc_fault *fault, const char *const *rows, uint64_t seed) {
  mc_scratch scratch;
  mc_view view;
  mc_header headers[16];
  mc_scratch_init(&scratch);
  view_of(&view, &scratch, "a.com", "/", headers, rows);
  mc_input input = {.view = &view, .slots = slots, .scratch = &scratch};
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &input.found), MC_OK);
  mc_fault_wish wish = mc_fault_judge(fault, &input, MC_LITERAL("one"), seed);
  CHECK(!input.no_memory);
  CHECK(wish.grpc_status.size < sizeof grpc);
  if (wish.grpc_status.data) {
    memcpy(grpc, wish.grpc_status.data, wish.grpc_status.size);
    wish.grpc_status.data = grpc;
  }
  mc_scratch_reset(&scratch);
  return wish;
}

static mc_fault_wish once(const mc_fault_spec *spec, const char *const *rows) {
  start();
  mc_fault *fault = build(spec);
  mc_fault_wish wish = judge(fault, rows, 1);
  mc_fault_clear(fault);
  stop();
  return wish;
}

#define ALL {100, 100}
#define FIXED(number) {.given = true, .share = ALL, .value = (number)}
#define BY_HEADER {.given = true, .by_header = true, .share = ALL}

static void test_no_spec_is_no_policy(void) {
  start();
  CHECK(build(NULL) == NULL);
  mc_fault_clear(NULL);
  stop();
  const mc_fault_wish wish = once(&(const mc_fault_spec){.max_active = {true, 1}}, NULL);
  CHECK(!wish.delay_ms && !wish.bytes_per_second && !wish.aborts);
}

static void test_fixed_values(void) {
  const mc_fault_spec spec = {.delay = FIXED(20), .abort = FIXED(503), .rate = FIXED(3)};
  mc_fault_wish wish = once(&spec, NULL);
  CHECK_INT(wish.delay_ms, 20);
  CHECK_INT(wish.bytes_per_second, 3 * 1024);
  CHECK(wish.aborts);
  CHECK_INT(wish.status, 503);
  CHECK(!wish.grpc_status.data);
  wish = once(&(const mc_fault_spec){.abort = FIXED(14), .abort_is_grpc = true}, NULL);
  CHECK(wish.aborts);
  CHECK_INT(wish.status, 200);
  CHECK_SLICE(wish.grpc_status, "14");
  wish = once(&(const mc_fault_spec){.delay = {.given = true, .value = 5}}, NULL); /* no share is none */
  CHECK_INT(wish.delay_ms, 0);
}

static void check_abort(const char *http, const char *of_grpc, int status, const char *grpc_status) {
  const mc_fault_spec spec = {.abort = BY_HEADER};
  const char *rows[3] = {NULL};
  size_t count = 0;
  char lines[2][80];
  if (http) snprintf(lines[0], 80, "x-envoy-fault-abort-request: %s", http), rows[count++] = lines[0];
  if (of_grpc) snprintf(lines[1], 80, "X-Envoy-Fault-Abort-Grpc-Request: %s", of_grpc), rows[count++] = lines[1];
  const mc_fault_wish wish = once(&spec, rows);
  CHECK_INT(wish.aborts ? wish.status : 0, status);
  CHECK(!wish.grpc_status.data == !grpc_status);
  if (grpc_status) CHECK(mc_slice_equal(wish.grpc_status, text_of(grpc_status)));
}

static void test_statuses_by_header(void) {
  check_abort(NULL, NULL, 0, NULL);
  check_abort("200", NULL, 200, NULL);
  check_abort("599", "5", 599, NULL); /* HTTP's comes first */
  check_abort("+0429", NULL, 429, NULL);
  check_abort("199", NULL, 0, NULL);
  check_abort("600", "5", 200, "5");
  check_abort("4294967796", NULL, 0, NULL); /* 500, if 32 bits were all that is looked at */
  check_abort("abc", "007", 200, "7");
  check_abort("", "18446744073709551615", 200, "4294967295"); /* as much as Envoy writes of it */
  check_abort("", "4294967298", 200, "2");
  check_abort(NULL, "18446744073709551616", 0, NULL);
  check_abort(NULL, "-1", 0, NULL);
}

static void test_other_headers(void) {
  const mc_fault_spec spec = {.delay = BY_HEADER, .rate = BY_HEADER};
  mc_fault_wish wish = once(&spec, ROWS("x-envoy-fault-delay-request: 15", "x-envoy-fault-delay-request: 99",
                                        "x-envoy-fault-throughput-response: 2"));
  CHECK_INT(wish.delay_ms, 15); /* the first line counts */
  CHECK_INT(wish.bytes_per_second, 2048);
  wish = once(&spec, ROWS("x-envoy-fault-delay-request: 1s", "x-envoy-fault-throughput-response: 0"));
  CHECK(!wish.delay_ms && !wish.bytes_per_second);
  wish = once(&spec, ROWS("x-envoy-fault-delay-request: 18446744073709551615",
                          "x-envoy-fault-throughput-response: 18446744073709551615"));
  CHECK_INT(wish.delay_ms, 0);
  CHECK(wish.bytes_per_second == UINT64_MAX);
}

enum { DRAWS = 20000 };

/* How many of 20,000 requests are aborted. */
static int aborted(const mc_fault_spec *spec, const char *const *rows) {
  int found = 0;
  start();
  mc_fault *fault = build(spec);
  for (uint64_t seed = 0; seed < DRAWS; seed++) found += judge(fault, rows, seed).aborts;
  mc_fault_clear(fault);
  stop();
  return found;
}

/* The standard deviation is at most 71. */
static void check_share(int found, double share) {
  CHECK(found >= share * DRAWS - 350 && found <= share * DRAWS + 350);
}

static void test_shares(void) {
  mc_fault_spec spec = {.abort = FIXED(503)};
  const struct {
    mc_fraction share;
    double expected;
  } cases[] = {{{30, 100}, 0.3}, {{2500, 10000}, 0.25}, {{500000, 1000000}, 0.5}, {{700, 100}, 1}, {{0, 100}, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    spec.abort.share = cases[i].share;
    check_share(aborted(&spec, NULL), cases[i].expected);
  }
}

static void test_a_header_can_lower_a_share_alone(void) {
  mc_fault_spec spec = {.abort = {.given = true, .by_header = true, .share = {50, 100}}};
#define WITH(percentage) ROWS("x-envoy-fault-abort-request: 500", "x-envoy-fault-abort-request-percentage: " percentage)
  check_share(aborted(&spec, WITH("10")), 0.1);
  check_share(aborted(&spec, WITH("90")), 0.5);
  check_share(aborted(&spec, WITH("abc")), 0.5);
  check_share(aborted(&spec, WITH("4294967306")), 0.5); /* 10, if 32 bits were all that is looked at */
  CHECK_INT(aborted(&spec, WITH("0")), 0);
  spec.runtime.abort = (mc_fraction){100, 100}; /* takes the place of both */
  CHECK_INT(aborted(&spec, WITH("0")), DRAWS);
  spec.abort.by_header = false;
  spec.abort.value = 500;
  spec.runtime.abort = (mc_fraction){0, 0};
  check_share(aborted(&spec, WITH("10")), 0.5); /* nobody asked for headers */
}

static void test_parts_are_drawn_by_themselves(void) {
  const mc_fault_spec spec = {.delay = {true, false, {50, 100}, 1}, .abort = {true, false, {50, 100}, 500}, .rate = {true, false, {50, 100}, 1}};
  int delays = 0, both = 0, all = 0, of_even_seeds = 0;
  start();
  mc_fault *fault = build(&spec);
  for (uint64_t seed = 0; seed < DRAWS; seed++) {
    const mc_fault_wish wish = judge(fault, NULL, seed);
    delays += wish.delay_ms > 0;
    both += wish.delay_ms && wish.aborts;
    all += wish.delay_ms && wish.aborts && wish.bytes_per_second;
    of_even_seeds += wish.aborts && seed % 2 == 0; /* as a split of two equal weights takes the seed */
  }
  mc_fault_clear(fault);
  stop();
  check_share(delays, 0.5);
  check_share(both, 0.25);
  check_share(all, 0.125);
  check_share(of_even_seeds, 0.25);
}

static void test_whom_it_concerns(void) {
  const mc_header_match_spec header = {.name = MC_LITERAL("x-fault"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("on")}};
  const mc_slice nodes[] = {MC_LITERAL("n1"), MC_LITERAL("n2")};
  mc_fault_spec spec = {.abort = FIXED(500), .headers = &header, .header_count = 1};
  CHECK(once(&spec, ROWS("x-fault: on")).aborts);
  CHECK(!once(&spec, ROWS("x-fault: off")).aborts);
  CHECK(!once(&spec, NULL).aborts);
  spec = (mc_fault_spec){.abort = FIXED(500), .downstream_nodes = {nodes, 2}};
  CHECK(once(&spec, ROWS("x-envoy-downstream-service-node: n2")).aborts);
  CHECK(!once(&spec, ROWS("x-envoy-downstream-service-node: n3")).aborts);
  CHECK(!once(&spec, NULL).aborts);
  spec = (mc_fault_spec){.abort = FIXED(500), .upstream_cluster = MC_LITERAL("one")};
  CHECK(once(&spec, NULL).aborts);
  spec.upstream_cluster = MC_LITERAL("two");
  CHECK(!once(&spec, NULL).aborts);
}

static void test_what_the_runtime_says(void) {
  mc_fault_spec spec = {.delay = FIXED(5), .abort = FIXED(500), .rate = FIXED(1)};
  spec.runtime = (mc_fault_override){.delay = {0, 100}, .rate = {0, 100}, .http_status = {true, 418}, .grpc_status = {true, 9}};
  mc_fault_wish wish = once(&spec, NULL);
  CHECK(!wish.delay_ms && !wish.bytes_per_second);
  CHECK_INT(wish.status, 418);
  spec.runtime = (mc_fault_override){.delay_ms = {true, 7}, .grpc_status = {true, 9}};
  spec.abort.value = 14;
  spec.abort_is_grpc = true;
  wish = once(&spec, NULL);
  CHECK_INT(wish.delay_ms, 7);
  CHECK_SLICE(wish.grpc_status, "9");
  spec.runtime.delay_ms.value = 0;
  CHECK_INT(once(&spec, NULL).delay_ms, 0);
}

static void test_what_it_says_of_one_downstream_cluster(void) {
  const mc_fault_downstream downstreams[] = {{MC_LITERAL("c"), {.http_status = {true, 451}, .delay_ms = {true, 9}}},
                                             {MC_LITERAL("a"), {.abort = {0, 100}}},
                                             {MC_LITERAL("ab"), {.delay = {0, 100}}}};
  mc_fault_spec spec = {.delay = FIXED(5), .abort = FIXED(500), .downstreams = downstreams, .downstream_count = 3};
  spec.runtime = (mc_fault_override){.abort = {0, 100}, .delay_ms = {true, 6}, .http_status = {true, 418}};
  CHECK(!once(&spec, NULL).aborts);
  mc_fault_wish wish = once(&spec, ROWS("x-envoy-downstream-service-cluster: other"));
  CHECK_INT(wish.status, 500); /* the keys for all do not count then, */
  CHECK_INT(wish.delay_ms, 6); /* but for the length of a delay */
  wish = once(&spec, ROWS("x-envoy-downstream-service-cluster: c"));
  CHECK_INT(wish.status, 451);
  CHECK_INT(wish.delay_ms, 9);
  CHECK(!once(&spec, ROWS("x-envoy-downstream-service-cluster: a")).aborts);
  wish = once(&spec, ROWS("x-envoy-downstream-service-cluster: ab"));
  CHECK(wish.aborts && !wish.delay_ms);
}

static void test_bad_policies_leave_nothing(void) {
  const mc_header_match_spec bad = {.name = MC_LITERAL("x"), .string = {.kind = MC_STRING_REGEX, .value = MC_LITERAL("(")}};
  const mc_fault_spec specs[] = {{.abort = FIXED(199)}, {.abort = FIXED(600)}, {.headers = &bad, .header_count = 1}};
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    mc_fault *fault;
    mc_error error;
    start();
    CHECK_INT(mc_fault_build(&fault, &specs[i], slots, arena, &error), MC_INVALID);
    mc_fault_clear(fault);
    stop();
  }
}

static void test_memory(void) {
  const mc_header_match_spec header = {.name = MC_LITERAL("x"), .string = {.kind = MC_STRING_REGEX, .value = MC_LITERAL("a+b")}};
  const mc_slice node = MC_LITERAL("n");
  const mc_fault_downstream downstream = {MC_LITERAL("d"), {.abort = {1, 2}}};
  const mc_fault_spec spec = {.delay = BY_HEADER, .abort = BY_HEADER, .rate = BY_HEADER, .headers = &header, .header_count = 1,
                              .downstream_nodes = {&node, 1}, .downstreams = &downstream, .downstream_count = 1};
  for (int n = 0;; n++) {
    mc_fault *fault;
    mc_error error;
    start();
    check_memory(n);
    mc_code code = mc_fault_build(&fault, &spec, slots, arena, &error);
    check_memory(-1);
    mc_fault_clear(fault);
    stop();
    if (!code) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  test_no_spec_is_no_policy();
  test_fixed_values();
  test_statuses_by_header();
  test_other_headers();
  test_shares();
  test_a_header_can_lower_a_share_alone();
  test_parts_are_drawn_by_themselves();
  test_whom_it_concerns();
  test_what_the_runtime_says();
  test_what_it_says_of_one_downstream_cluster();
  test_bad_policies_leave_nothing();
  test_memory();
  return check_finish();
}
