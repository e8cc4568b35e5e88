#include "check.h"

#include "base/decimal.h"

static void check_number(const char *text, bool fine, uint64_t number) {
  uint64_t out = 77;
  CHECK_INT(mc_decimal_parse(mc_slice_of(text, strlen(text)), &out), fine);
  CHECK(out == (fine ? number : 77));
}

static void test_parse(void) {
  check_number("0", true, 0);
  check_number(" +015\t", true, 15);
  check_number("18446744073709551615", true, UINT64_MAX);
  check_number("18446744073709551616", false, 0);
  check_number("99999999999999999999", false, 0);
  const char *const none[] = {"", " ", "+", "-1", "1 2", "1.5", "0x1", "abc", "++1"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) check_number(none[i], false, 0);
  uint64_t out = 0;
  CHECK(!mc_decimal_parse(MC_ABSENT, &out));
}

static void test_write(void) {
  char digits[MC_DECIMAL_DIGITS];
  CHECK_SLICE(mc_decimal_write(0, digits), "0");
  CHECK_SLICE(mc_decimal_write(14993, digits), "14993");
  CHECK_SLICE(mc_decimal_write(UINT64_MAX, digits), "18446744073709551615");
}

static void test_list(void) {
  mc_slice list = MC_LITERAL(",5xx ,, gateway-error,\t"), part;
  CHECK(mc_list_next(&list, &part));
  CHECK_SLICE(part, "5xx");
  CHECK(mc_list_next(&list, &part));
  CHECK_SLICE(part, "gateway-error");
  CHECK(!mc_list_next(&list, &part));
  list = MC_ABSENT;
  CHECK(!mc_list_next(&list, &part));
}

int main(void) {
  test_parse();
  test_write();
  test_list();
  return check_finish();
}
