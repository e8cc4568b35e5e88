/* What both sides call an operation. */
#include "tracing_support.h"

#define OPERATION "x-envoy-decorator-operation"

static void test_operations(void) {
  mc_tracing_spec t = {.tracer = MC_TRACER_NONE, .any_id = true, .shares = everything};
  expect(&t, ROWS("x: y"), "");
  CHECK(strcmp(answer, "theirs") == 0);
  operation = MC_LITERAL("ours");
  expect(&t, ROWS("x: y"), "");
  CHECK(strcmp(answer, "ours") == 0);
  expect(&t, ROWS(OPERATION ": "), "");
  CHECK(strcmp(answer, "ours") == 0);
  expect(&t, ROWS(OPERATION ": client's"), "");
  CHECK(strcmp(answer, "theirs") == 0);
  t.outbound = true;
  expect(&t, ROWS("x: y"), OPERATION ":ours\n");
  CHECK(strcmp(answer, "") == 0);
  expect(&t, ROWS(OPERATION ": client's"), OPERATION ":ours\n");
  named_by_route = true;
  expect(&t, ROWS("x: y"), "");
  CHECK(strcmp(answer, "theirs") == 0);
  named_by_route = false;
  t.names_spans = true;
  expect(&t, ROWS("x: y"), "");
  t.outbound = false;
  expect(&t, ROWS("x: y"), "");
  CHECK(strcmp(answer, "theirs") == 0);
  operation = MC_ABSENT;
}

int main(void) {
  test_operations();
  return check_finish();
}
