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
  test_numbers();
  test_written();
  return check_finish();
}
