#include "edit_support.h"
#include "match/predicates.h"

static mc_slots *slots;
static mc_arena *arena;
static mc_predicate_slots fixed;
static mc_failures failures; /* of the last request */

/* One route's predicates against one request; random decides the fraction. */
static bool holds(const mc_route_spec *spec, const char *target, const char *const *rows, uint64_t random) {
  mc_error error;
  mc_predicates *predicates;
  mc_scratch scratch;
  mc_view view;
  mc_header headers[16];
  slots = mc_slots_new();
  arena = mc_arena_new();
  CHECK_INT(mc_predicates_build(&predicates, spec, slots, &fixed, arena, &error), MC_OK);
  mc_scratch_init(&scratch);
  view_of(&view, &scratch, "a.com", target, headers, rows);
  mc_input input = {.view = &view, .slots = slots, .random = random, .scratch = &scratch};
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &input.found), MC_OK);
  bool out = mc_predicates_test(predicates, &fixed, &input);
  failures = (mc_failures){.count = 0};
  mc_predicates_failures(predicates, &fixed, &input, &failures);
  CHECK_INT(out, failures.count == 0);
  CHECK(!input.no_memory);
  mc_scratch_reset(&scratch);
  mc_predicates_clear(predicates);
  mc_slots_free(slots);
  mc_arena_free(arena);
  return out;
}

static bool header(mc_header_match_spec match, const char *const *rows) {
  const mc_route_spec spec = {.headers = &match, .header_count = 1};
  return holds(&spec, "/p?q=1", rows, 0);
}

static bool query(mc_query_match_spec match, const char *target) {
  const mc_route_spec spec = {.queries = &match, .query_count = 1};
  return holds(&spec, target, NULL, 0);
}

static bool cookie(mc_cookie_match_spec match, const char *const *rows) {
  const mc_route_spec spec = {.cookies = &match, .cookie_count = 1};
  return holds(&spec, "/", rows, 0);
}

static mc_header_match_spec exact(mc_slice name, mc_slice value) {
  return (mc_header_match_spec){.name = name, .string = {.kind = MC_STRING_EXACT, .value = value}};
}

static mc_header_match_spec range(int64_t start, int64_t end) {
  return (mc_header_match_spec){.name = MC_LITERAL("x"), .test = MC_TEST_RANGE, .start = start, .end = end};
}

static mc_header_match_spec present(bool wanted) {
  return (mc_header_match_spec){.name = MC_LITERAL("x"), .test = MC_TEST_PRESENT, .present = wanted};
}

static void test_nothing_asked_needs_nothing(void) {
  const mc_route_spec spec = {.path_kind = MC_PATH_PREFIX};
  mc_predicates *predicates;
  mc_error error;
  CHECK_INT(mc_predicates_build(&predicates, &spec, NULL, NULL, NULL, &error), MC_OK);
  CHECK(predicates == NULL);
  mc_predicates_clear(predicates);
}

static void test_header_strings(void) {
  mc_header_match_spec x = exact(MC_LITERAL("x"), MC_LITERAL("b"));
  CHECK(header(x, ROWS("X: b")));
  CHECK(!header(x, ROWS("x: B")));
  CHECK(!header(x, ROWS("y: b")));
  CHECK(header(x, ROWS("x: a", "x: b"))); /* any line of a repeated header */
  CHECK(!header(exact(MC_LITERAL("x"), MC_LITERAL("a,b")), ROWS("x: a", "x: b")));
  CHECK(header(exact(MC_LITERAL("user-agent"), MC_LITERAL("a,b")), ROWS("user-agent: a", "user-agent: b"))); /* but inline ones */
  x.invert = true;
  CHECK(header(x, ROWS("x: a")));
  CHECK(!header(x, ROWS("x: a", "x: b")));
  CHECK(!header(x, NULL)); /* a missing header does not match, inverted or not */
  x.missing_as_empty = true;
  CHECK(header(x, NULL));
  x.invert = false;
  CHECK(!header(x, NULL));
  x.string.value = MC_LITERAL("");
  CHECK(header(x, NULL));
}

static void test_pseudo_headers(void) {
  CHECK(header(exact(MC_LITERAL(":method"), MC_LITERAL("GET")), NULL));
  CHECK(header(exact(MC_LITERAL(":path"), MC_LITERAL("/p?q=1")), NULL));
  CHECK(header(exact(MC_LITERAL(":authority"), MC_LITERAL("a.com")), NULL));
  CHECK(header(exact(MC_LITERAL("host"), MC_LITERAL("a.com")), NULL));
  CHECK(header(exact(MC_LITERAL(":scheme"), MC_LITERAL("http")), NULL));
  CHECK(!header(exact(MC_LITERAL(":method"), MC_LITERAL("POST")), NULL));
}

static void test_presence(void) {
  CHECK(header(present(true), ROWS("x: ")));
  CHECK(!header(present(true), NULL));
  CHECK(header(present(false), NULL));
  CHECK(!header(present(false), ROWS("x: 1")));
  mc_header_match_spec inverted = present(true);
  inverted.invert = true;
  CHECK(header(inverted, NULL));
  inverted.missing_as_empty = true;
  CHECK(!header(inverted, NULL));
}

static void test_ranges(void) {
  CHECK(header(range(-5, 10), ROWS("x: -5")));
  CHECK(header(range(-5, 10), ROWS("x: +9")));
  CHECK(!header(range(-5, 10), ROWS("x: 10")));
  CHECK(!header(range(-5, 10), ROWS("x: -6")));
  CHECK(header(range(-5, 10), ROWS("x: 0007")));
  CHECK(!header(range(-5, 10), ROWS("x: 7x")));
  CHECK(!header(range(-5, 10), ROWS("x: 7.0")));
  CHECK(!header(range(-5, 10), ROWS("x: -")));
  CHECK(!header(range(-5, 10), ROWS("x: ")));
  CHECK(!header(range(-5, 10), ROWS("x: --1")));
  CHECK(header(range(INT64_MIN, INT64_MAX), ROWS("x: -9223372036854775808")));
  CHECK(header(range(INT64_MIN, INT64_MAX), ROWS("x: 9223372036854775806")));
  CHECK(!header(range(INT64_MIN, INT64_MAX), ROWS("x: 9223372036854775807")));
  CHECK(!header(range(INT64_MIN, INT64_MAX), ROWS("x: 9223372036854775808")));
  CHECK(!header(range(INT64_MIN, INT64_MAX), ROWS("x: -9223372036854775809")));
  CHECK(!header(range(INT64_MIN, INT64_MAX), ROWS("x: 99999999999999999999999999999999")));
  CHECK(header(range(0, 10), ROWS("x: a", "x: 3")));
}

static void test_queries(void) {
  mc_query_match_spec q = {.name = MC_LITERAL("q"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("1")}};
  CHECK(query(q, "/?q=1"));
  CHECK(query(q, "/?a=2&q=1&b"));
  CHECK(!query(q, "/?q=2&q=1")); /* the first counts */
  CHECK(!query(q, "/?Q=1"));
  CHECK(!query(q, "/q=1"));
  CHECK(!query(q, "/"));
  CHECK(!query(q, "/?"));
  q.string.value = MC_LITERAL("");
  CHECK(query(q, "/?q"));
  CHECK(query(q, "/?q="));
  CHECK(query(q, "/?&&q&"));
  CHECK(!query(q, "/?qq"));
  q = (mc_query_match_spec){.name = MC_LITERAL("q"), .test = MC_TEST_PRESENT, .present = true};
  CHECK(query(q, "/?q"));
  CHECK(!query(q, "/"));
  q.present = false;
  CHECK(query(q, "/?r"));
  CHECK(!query(q, "/?q=0"));
}

static void test_cookies(void) {
  mc_cookie_match_spec c = {.name = MC_LITERAL("c"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("1")}};
  CHECK(cookie(c, ROWS("cookie: c=1")));
  CHECK(cookie(c, ROWS("cookie: a=2; c=1; b=3")));
  CHECK(cookie(c, ROWS("cookie: c=\"1\"")));
  CHECK(cookie(c, ROWS("cookie: a=2", "cookie: c=1")));
  CHECK(!cookie(c, ROWS("cookie: c=2; c=1"))); /* the first counts */
  CHECK(!cookie(c, ROWS("cookie: C=1")));
  CHECK(!cookie(c, ROWS("cookie: c")));
  CHECK(!cookie(c, ROWS("cookie: ;;;=")));
  CHECK(!cookie(c, NULL));
  c.invert = true;
  CHECK(cookie(c, NULL));
  CHECK(cookie(c, ROWS("cookie: c=2")));
  CHECK(!cookie(c, ROWS("cookie: c=1")));
}

static void test_grpc(void) {
  const mc_route_spec spec = {.grpc = true};
  CHECK(holds(&spec, "/", ROWS("content-type: application/grpc"), 0));
  CHECK(holds(&spec, "/", ROWS("content-type: application/grpc+proto"), 0));
  CHECK(!holds(&spec, "/", ROWS("content-type: application/grpc-web"), 0));
  CHECK(!holds(&spec, "/", ROWS("content-type: text/plain"), 0));
  CHECK(!holds(&spec, "/", NULL, 0));
}

static void test_fractions(void) {
  const mc_route_spec some = {.numerator = 30, .denominator = 100}, none = {.numerator = 0, .denominator = 100};
  CHECK(holds(&some, "/", NULL, 0));
  CHECK(holds(&some, "/", NULL, 29));
  CHECK(!holds(&some, "/", NULL, 30));
  CHECK(!holds(&some, "/", NULL, 99));
  CHECK(holds(&some, "/", NULL, 100));
  CHECK(!holds(&none, "/", NULL, 0));
}

static void test_all_must_hold(void) {
  const mc_header_match_spec headers[] = {exact(MC_LITERAL("x"), MC_LITERAL("1")), exact(MC_LITERAL("y"), MC_LITERAL("2"))};
  const mc_query_match_spec queries[] = {{.name = MC_LITERAL("q"), .test = MC_TEST_PRESENT, .present = true}};
  const mc_cookie_match_spec cookies[] = {{.name = MC_LITERAL("c"), .string = {.kind = MC_STRING_PREFIX, .value = MC_LITERAL("v")}}};
  const mc_route_spec spec = {.headers = headers, .header_count = 2, .queries = queries, .query_count = 1,
                              .cookies = cookies, .cookie_count = 1};
  CHECK(holds(&spec, "/?q", ROWS("x: 1", "y: 2", "cookie: c=v1"), 0));
  CHECK(!holds(&spec, "/", ROWS("x: 1", "y: 2", "cookie: c=v1"), 0));
  CHECK(!holds(&spec, "/?q", ROWS("x: 1", "cookie: c=v1"), 0));
  CHECK(!holds(&spec, "/?q", ROWS("x: 1", "y: 2", "cookie: c=w"), 0));
}

/* Every kind of condition twice, where there may be two; each fails unless the request says otherwise. */
static void test_failures(void) {
  const mc_header_match_spec headers[] = {exact(MC_LITERAL("x"), MC_LITERAL("1")), exact(MC_LITERAL("y"), MC_LITERAL("1"))};
  const mc_query_match_spec queries[] = {{.name = MC_LITERAL("a"), .test = MC_TEST_PRESENT, .present = true},
                                         {.name = MC_LITERAL("b"), .test = MC_TEST_PRESENT, .present = true}};
  const mc_cookie_match_spec cookie = {.name = MC_LITERAL("c"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("1")}};
  const mc_route_spec spec = {.headers = headers, .header_count = 2, .queries = queries, .query_count = 2,
                              .cookies = &cookie, .cookie_count = 1, .grpc = true, .numerator = 1, .denominator = 2};
  const char *const full[] = {"content-type: application/grpc", "x: 1", "y: 1", "cookie: c=1", NULL};
  const struct {
    const char *target;
    const char *const *rows;
    uint64_t random;
    mc_condition_kind first;
    uint32_t index, count;
  } cases[] = {
      {"/", NULL, 1, MC_CONDITION_FRACTION, 0, 7},
      {"/", NULL, 0, MC_CONDITION_GRPC, 0, 6},
      {"/", full, 1, MC_CONDITION_FRACTION, 0, 3},
      {"/?a&b", ROWS("content-type: application/grpc", "x: 1", "cookie: c=1"), 0, MC_CONDITION_HEADER, 1, 1},
      {"/?b", full, 0, MC_CONDITION_QUERY, 0, 1},
      {"/?a", full, 0, MC_CONDITION_QUERY, 1, 1},
      {"/?a&b", ROWS("content-type: application/grpc", "x: 1", "y: 1"), 0, MC_CONDITION_COOKIE, 0, 1},
      {"/?a&b", full, 0, MC_CONDITION_NONE, 0, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK_INT(holds(&spec, cases[i].target, cases[i].rows, cases[i].random), cases[i].count == 0);
    CHECK_INT(failures.first.kind, cases[i].first);
    CHECK_INT(failures.first.index, cases[i].index);
    CHECK_INT(failures.count, cases[i].count);
  }
}

static void test_out_of_memory(void) {
  mc_header_match_spec headers[] = {exact(MC_LITERAL("x"), MC_LITERAL("a+")), exact(MC_LITERAL("y"), MC_LITERAL("2"))};
  const mc_query_match_spec queries[] = {{.name = MC_LITERAL("q"), .string = {.kind = MC_STRING_REGEX, .value = MC_LITERAL("b+")}}};
  const mc_cookie_match_spec cookies[] = {{.name = MC_LITERAL("c"), .string = {.kind = MC_STRING_REGEX, .value = MC_LITERAL("c+")}}};
  headers[0].string.kind = MC_STRING_REGEX;
  const mc_route_spec spec = {.headers = headers, .header_count = 2, .queries = queries, .query_count = 1,
                              .cookies = cookies, .cookie_count = 1, .grpc = true};
  for (int n = 0;; n++) {
    mc_predicates *predicates = NULL;
    mc_error error;
    check_memory(n);
    slots = mc_slots_new();
    arena = mc_arena_new();
    mc_code code = MC_NO_MEMORY;
    if (slots && arena) code = mc_predicates_build(&predicates, &spec, slots, &fixed, arena, &error);
    check_memory(-1);
    mc_predicates_clear(predicates);
    mc_slots_free(slots);
    mc_arena_free(arena);
    CHECK_INT(check_blocks(), 0);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

/* A repeated inline header is joined in the scratch; without memory for that there is no answer. */
static void test_joining_out_of_memory(void) {
  static char long_value[8000];
  mc_header_match_spec match = exact(MC_LITERAL("user-agent"), MC_LITERAL("x"));
  match.invert = true;
  const mc_route_spec spec = {.headers = &match, .header_count = 1};
  memset(long_value, 'a', sizeof long_value);
  const mc_header lines[] = {{MC_LITERAL("user-agent"), {long_value, sizeof long_value}},
                             {MC_LITERAL("user-agent"), MC_LITERAL("b")}};
  const mc_view view = {.headers = lines, .header_count = 2};
  mc_predicates *predicates;
  mc_error error;
  mc_scratch scratch;
  slots = mc_slots_new();
  arena = mc_arena_new();
  mc_scratch_init(&scratch);
  CHECK_INT(mc_predicates_build(&predicates, &spec, slots, &fixed, arena, &error), MC_OK);
  mc_input input = {.view = &view, .slots = slots, .scratch = &scratch};
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &input.found), MC_OK);
  check_memory(0);
  bool out = mc_predicates_test(predicates, &fixed, &input);
  check_memory(-1);
  CHECK(!out);
  CHECK(input.no_memory);
  mc_scratch_reset(&scratch);
  mc_predicates_clear(predicates);
  mc_slots_free(slots);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_nothing_asked_needs_nothing();
  test_header_strings();
  test_pseudo_headers();
  test_presence();
  test_ranges();
  test_queries();
  test_cookies();
  test_grpc();
  test_fractions();
  test_all_must_hold();
  test_failures();
  test_out_of_memory();
  test_joining_out_of_memory();
  return check_finish();
}
