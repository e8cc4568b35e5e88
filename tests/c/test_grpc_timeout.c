#include "check.h"

#include "edit/grpc_timeout.h"

static void check_parsed(const char *text, bool fine, uint64_t expected) {
  uint64_t ms = 0;
  CHECK_INT(mc_grpc_timeout_parse(mc_slice_of(text, strlen(text)), &ms), fine);
  if (fine) CHECK_INT(ms, expected);
}

static void test_parse(void) {
  check_parsed("2H", true, 7200000);
  check_parsed("3M", true, 180000);
  check_parsed("1S", true, 1000);
  check_parsed("250m", true, 250);
  check_parsed("1u", true, 1); /* rounded up */
  check_parsed("1000u", true, 1);
  check_parsed("1001u", true, 2);
  check_parsed("1n", true, 1);
  check_parsed("0m", true, 0);
  check_parsed("99999999m", true, 99999999);
  const char *const none[] = {"", "m", "5", "5s", "5 ", "-1m", "100000000m", "1.5S"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) check_parsed(none[i], false, 0);
  uint64_t ms;
  CHECK(!mc_grpc_timeout_parse(MC_ABSENT, &ms));
}

static void test_write(void) {
  char text[MC_GRPC_TIMEOUT_TEXT];
  CHECK_SLICE(mc_grpc_timeout_write(0, text), "0m");
  CHECK_SLICE(mc_grpc_timeout_write(1000, text), "1000m");
  CHECK_SLICE(mc_grpc_timeout_write(99999999, text), "99999999m");
  CHECK_SLICE(mc_grpc_timeout_write(100000000, text), "100000S");
  CHECK_SLICE(mc_grpc_timeout_write(UINT64_C(100000000) * 1000, text), "1666666M");
  CHECK_SLICE(mc_grpc_timeout_write(UINT64_C(100000000) * 60000, text), "1666666H");
  CHECK_SLICE(mc_grpc_timeout_write(UINT64_MAX, text), "99999999H");
}

int main(void) {
  test_parse();
  test_write();
  return check_finish();
}
