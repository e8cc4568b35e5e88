#include "trace/hex.h"

#include "check.h"

static void test_every_byte(void) {
  for (int place = 0; place < 8; place++) {
    for (int c = 0; c < 256; c++) {
      char text[8] = {'0', '0', '0', '0', '0', '0', '0', '0'};
      uint32_t value = 0;
      text[place] = (char)c;
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      const int capital = c >= 'A' && c <= 'F' ? c - 'A' + 10 : digit;
      if (mc_hex8_read(text, false, &value) != (digit >= 0)) CHECK_INT(c, -1);
      if (digit >= 0 && value != (uint32_t)digit << (28 - 4 * place)) CHECK_INT(value, digit);
      if (mc_hex8_read(text, true, &value) != (capital >= 0)) CHECK_INT(c, -2);
      if (capital >= 0 && value != (uint32_t)capital << (28 - 4 * place)) CHECK_INT(value, capital);
    }
  }
  CHECK(true);
}

/* Sixteen at once, and twice as many: each byte at each place, where it counts and nowhere else. */
static void test_every_byte_of_many(void) {
  for (int place = 0; place < 32; place++) {
    for (int c = 0; c < 256; c++) {
      char text[32];
      uint64_t high = 0, low = 0, number = 0;
      memset(text, '0', sizeof text);
      text[place] = (char)c;
      const char *half = text + (place & 16);
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      const int capital = c >= 'A' && c <= 'F' ? c - 'A' + 10 : digit;
      for (int any_case = 0; any_case < 2; any_case++) {
        const int value = any_case ? capital : digit;
        const uint64_t expected = (uint64_t)(value < 0 ? 0 : value) << (60 - 4 * (place & 15));
        if (mc_hex16_read(half, any_case, &number) != (value >= 0)) CHECK_INT(c, -1);
        if (value >= 0 && number != expected) CHECK_INT(c, -2);
        if (mc_hex32_read(text, any_case, &high, &low) != (value >= 0)) CHECK_INT(c, -3);
        if (value >= 0 && (high != (place < 16 ? expected : 0) || low != (place < 16 ? 0 : expected))) CHECK_INT(c, -4);
      }
    }
  }
  CHECK(true);
}

static void test_numbers(void) {
  uint64_t number = 0;
  CHECK(mc_hex16_read("0123456789abcdef", false, &number) && number == UINT64_C(0x0123456789abcdef));
  CHECK(mc_hex16_read("FEDCBA9876543210", true, &number) && number == UINT64_C(0xfedcba9876543210));
  CHECK(!mc_hex16_read("FEDCBA9876543210", false, &number));
  CHECK(mc_hex_read(MC_LITERAL("f"), &number) && number == 15);
  CHECK(mc_hex_read(MC_LITERAL("ffffffffffffffff"), &number) && number == UINT64_MAX);
  CHECK(!mc_hex_read(MC_LITERAL(""), &number));
  CHECK(!mc_hex_read(MC_LITERAL("00000000000000001"), &number));
  CHECK(!mc_hex_read(MC_LITERAL("0x1"), &number));
  uint64_t high = 1;
  CHECK(mc_hex_read_long(MC_LITERAL("1f"), &high, &number) && high == 0 && number == 31);
  CHECK(mc_hex_read_long(MC_LITERAL("1fedcba9876543210"), &high, &number) && high == 1 && number == UINT64_C(0xfedcba9876543210));
  CHECK(!mc_hex_read_long(MC_LITERAL(""), &high, &number) && !mc_hex_read_long(MC_LITERAL("gfedcba9876543210"), &high, &number));
  CHECK(!mc_hex_read_long(MC_LITERAL("0fedcba9876543210fedcba9876543210"), &high, &number));
}

static void test_written(void) {
  char text[16];
  mc_hex16_write(UINT64_C(0x0123456789abcdef), text);
  CHECK_SLICE(mc_slice_of(text, 16), "0123456789abcdef");
  mc_hex16_write(UINT64_C(0xfedcba9876543210), text);
  CHECK_SLICE(mc_slice_of(text, 16), "fedcba9876543210");
  mc_hex8_write(0xa09f, text);
  CHECK_SLICE(mc_slice_of(text, 8), "0000a09f");
}

int main(void) {
  test_every_byte();
  test_every_byte_of_many();
  test_numbers();
  test_written();
  return check_finish();
}
