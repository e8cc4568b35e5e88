#include "slots_support.h"

#include "policy/parameters.h"

static mc_scratch scratch;

static mc_slice find(const char *target, const char *name) {
  static mc_view view;
  static mc_input input;
  mc_header headers[1];
  mc_scratch_reset(&scratch);
  view_of(&view, &scratch, "a.com", target, headers, NULL);
  input = (mc_input){.view = &view, .scratch = &scratch};
  return mc_parameter_find(text_of(name), &input);
}

static void test_values_are_decoded(void) {
  CHECK_SLICE(find("/?q=a", "q"), "a");
  CHECK_SLICE(find("/?q=a%20b%2F", "q"), "a b/");
  CHECK_SLICE(find("/?q=a+b", "q"), "a+b");
  CHECK_SLICE(find("/?q=%2520", "q"), "%20");
  CHECK_SLICE(find("/?q=%zz%4", "q"), "%zz%4");
  CHECK_SLICE(find("/?q=%26%3d", "q"), "&=");
  CHECK_SLICE(find("/?q=", "q"), "");
  CHECK_SLICE(find("/?q", "q"), "");
  CHECK_SLICE(find("/?x=1&q=2&q=3", "q"), "2");
}

static void test_names_are_decoded(void) {
  CHECK_SLICE(find("/?a%20b=1", "a b"), "1");
  CHECK_SLICE(find("/?%71=1", "q"), "1");
  CHECK(!find("/?Q=1", "q").data);
  CHECK(!find("/?qq=1", "q").data);
  CHECK(!find("/?q=1", "qq").data);
  CHECK(!find("/?", "q").data);
  CHECK(!find("/", "q").data);
  CHECK_SLICE(find("/?=1", ""), "1");
}

static void test_matchers(void) {
  const mc_query_match_spec both[] = {{.name = MC_LITERAL("a"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("1 2")}},
                                      {.name = MC_LITERAL("b"), .test = MC_TEST_PRESENT, .present = false}};
  const mc_route_spec asked = {.queries = both, .query_count = 2};
  mc_predicates *matchers;
  mc_predicate_slots fixed;
  mc_error error;
  start();
  CHECK_INT(mc_predicates_build(&matchers, &asked, slots, &fixed, arena, &error), MC_OK);
  static const struct {
    const char *target;
    bool matches;
  } cases[] = {{"/?a=1%202", true}, {"/?a=1+2", false}, {"/?a=1%202&b", false}, {"/", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mc_view view;
    mc_header headers[1];
    view_of(&view, &scratch, "a.com", cases[i].target, headers, NULL);
    mc_input input = {.view = &view, .scratch = &scratch};
    CHECK(mc_parameters_match(matchers, &input) == cases[i].matches);
  }
  mc_scratch_reset(&scratch);
  mc_predicates_clear(matchers);
  stop();
}

int main(void) {
  mc_scratch_init(&scratch);
  test_values_are_decoded();
  test_names_are_decoded();
  mc_scratch_reset(&scratch);
  test_matchers();
  return check_finish();
}
