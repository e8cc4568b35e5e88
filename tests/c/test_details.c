#include "check.h"

/* Every detail has a text of its own: they are what operators search their logs for. */
static void test_names(void) {
  for (int one = MC_DETAILS_NONE; one <= MC_DETAILS_RESET_PROTOCOL; one++) {
    const char *name = mc_details_name((mc_details)one);
    CHECK((*name == '\0') == (one == MC_DETAILS_NONE));
    for (int other = 0; other < one; other++) CHECK(strcmp(name, mc_details_name((mc_details)other)) != 0);
  }
  CHECK(strcmp(mc_details_name(MC_DETAILS_ROUTE_NOT_FOUND), "route_not_found") == 0);
  CHECK(strcmp(mc_details_name(MC_DETAILS_TOO_MANY_HEADERS), "http1.too_many_headers") == 0);
  CHECK(strcmp(mc_details_name((mc_details)9999), "") == 0);
}

int main(void) {
  test_names();
  return check_finish();
}
