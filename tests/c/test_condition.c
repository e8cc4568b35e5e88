#include "edit_support.h"
#include "match/condition.h"

static mc_route_table *table;
static mc_header headers[16];

/* One virtual host of two routes: the first asks nothing beyond its path, the second one of each. */
static void start(void) {
  const mc_header_match_spec asked[] = {
      {.name = MC_LITERAL("x"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("1")}},
      {.name = MC_LITERAL("user-agent"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("1")}},
      {.name = MC_LITERAL(":method"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("POST")}},
  };
  const mc_query_match_spec query = {.name = MC_LITERAL("q"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("1")}};
  const mc_cookie_match_spec cookie = {.name = MC_LITERAL("c"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("1")}};
  const mc_route_spec routes[] = {
      {.path_kind = MC_PATH_PREFIX, .path = MC_LITERAL("/a")},
      {.path_kind = MC_PATH_PREFIX, .path = MC_LITERAL("/"), .headers = asked, .header_count = 3, .queries = &query,
       .query_count = 1, .cookies = &cookie, .cookie_count = 1, .grpc = true, .numerator = 0, .denominator = 100},
  };
  mc_error error;
  int32_t index;
  table = mc_route_table_new();
  CHECK_INT(mc_route_table_add_virtual_host(table, routes, 2, &index, &error), MC_OK);
}

static void stop(void) {
  mc_route_table_free(table);
  CHECK_INT(check_blocks(), 0);
}

/* The values of a condition of the second route, joined by '|'; "-" for none. */
static mc_slice values_of(mc_condition_kind kind, uint32_t condition, const char *target, const char *const *rows) {
  static char out[256];
  size_t size = 0;
  mc_view view;
  mc_scratch scratch;
  mc_input input;
  const mc_slice *values;
  mc_scratch_init(&scratch);
  view_of(&view, &scratch, "a.com", target, headers, rows);
  CHECK_INT(mc_route_table_input(table, &view, 0, &scratch, &input), MC_OK);
  uint32_t count = mc_condition_values(table, 1, (mc_condition){kind, condition}, &input, &values);
  CHECK(!input.no_memory);
  for (uint32_t i = 0; i < count; i++) {
    if (i) out[size++] = '|';
    for (size_t k = 0; k < values[i].size; k++) out[size++] = values[i].data[k];
  }
  if (!count) out[size++] = '-';
  mc_scratch_reset(&scratch);
  return mc_slice_of(out, size);
}

static void test_the_values_that_are_compared(void) {
  start();
  CHECK_SLICE(values_of(MC_CONDITION_PATH, 0, "/p?q", NULL), "/p");
  CHECK_SLICE(values_of(MC_CONDITION_HEADER, 0, "/", ROWS("x: a", "y: b", "X: c")), "a|c");
  CHECK_SLICE(values_of(MC_CONDITION_HEADER, 0, "/", ROWS("y: b")), "-");
  CHECK_SLICE(values_of(MC_CONDITION_HEADER, 0, "/", ROWS("x: ")), "");
  CHECK_SLICE(values_of(MC_CONDITION_HEADER, 1, "/", ROWS("user-agent: a", "user-agent: b")), "a,b");
  CHECK_SLICE(values_of(MC_CONDITION_HEADER, 1, "/", NULL), "-");
  CHECK_SLICE(values_of(MC_CONDITION_HEADER, 2, "/", NULL), "GET");
  CHECK_SLICE(values_of(MC_CONDITION_QUERY, 0, "/?p=1&q=2&q=3", NULL), "2");
  CHECK_SLICE(values_of(MC_CONDITION_QUERY, 0, "/?q", NULL), "");
  CHECK_SLICE(values_of(MC_CONDITION_QUERY, 0, "/", NULL), "-");
  CHECK_SLICE(values_of(MC_CONDITION_COOKIE, 0, "/", ROWS("cookie: a=1; c=\"2\"")), "2");
  CHECK_SLICE(values_of(MC_CONDITION_COOKIE, 0, "/", ROWS("cookie: a=1")), "-");
  CHECK_SLICE(values_of(MC_CONDITION_GRPC, 0, "/", ROWS("content-type: text/plain")), "text/plain");
  CHECK_SLICE(values_of(MC_CONDITION_GRPC, 0, "/", NULL), "-");
  CHECK_SLICE(values_of(MC_CONDITION_FRACTION, 0, "/", NULL), "-");
  CHECK_SLICE(values_of(MC_CONDITION_NONE, 0, "/", NULL), "-");
  stop();
}

static void test_out_of_memory(void) {
  start();
  mc_view view;
  mc_scratch scratch;
  mc_input input;
  const mc_slice *values;
  const char *const rows[] = {"x: a", NULL};
  mc_scratch_init(&scratch);
  view_of(&view, &scratch, "a.com", "/", headers, rows);
  CHECK_INT(mc_route_table_input(table, &view, 0, &scratch, &input), MC_OK);
  scratch.end = scratch.at; /* so that the next bytes come from malloc */
  for (mc_condition_kind kind = MC_CONDITION_PATH; kind <= MC_CONDITION_HEADER; kind += MC_CONDITION_HEADER - MC_CONDITION_PATH) {
    input.no_memory = false;
    check_memory(0);
    CHECK_INT(mc_condition_values(table, 1, (mc_condition){kind, 0}, &input, &values), 0);
    check_memory(-1);
    CHECK(input.no_memory);
  }
  mc_scratch_reset(&scratch);
  stop();
}

int main(void) {
  test_the_values_that_are_compared();
  test_out_of_memory();
  return check_finish();
}
