#include "edit_support.h"

#include "policy/hits.h"

static void check_hits(const char *text, int64_t expected) {
  uint64_t hits = 77;
  const bool is_number = mc_hits_parse(text_of(text), &hits);
  CHECK(is_number == (expected >= 0));
  CHECK_INT(hits, expected >= 0 ? expected : 77);
}

static void test_numbers(void) {
  check_hits("0", 0);
  check_hits("1", 1);
  check_hits(" +12\t", 12);
  check_hits("007", 7);
  check_hits("1.9", 1);
  check_hits("1.", 1);
  check_hits(".9", 0);
  check_hits("-0", 0);
  check_hits("1e1", 10);
  check_hits("25E-1", 2);
  check_hits("1.25e+2", 125);
  check_hits("0.000000000000000000000000001e27", 1);
  check_hits("0e999999999999999999999", 0);
  check_hits("1000000000", 1000000000);
  check_hits("0000000000000000000000000000000000005", 5);
}

static void test_what_is_none(void) {
  static const char *const texts[] = {"", " ", "a", "1a", "1 1", "-1", "-0.1", "+", ".", "e1", "1e", "1e+", "--1", "0x10", "nan", "inf", "-1e10", "1.1.1"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) check_hits(texts[i], -1);
}

static void test_what_is_beyond(void) {
  static const char *const texts[] = {"1000000001", "1000000000.5", "1e10", "4294967296", "18446744073709551617", "1e99999999999999999999", "99999999999999999999999999"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) check_hits(texts[i], (int64_t)MC_BEYOND_HITS);
}

int main(void) {
  test_numbers();
  test_what_is_none();
  test_what_is_beyond();
  return check_finish();
}
