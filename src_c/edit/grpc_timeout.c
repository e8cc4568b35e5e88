#include "edit/grpc_timeout.h"

#include "base/decimal.h"

enum { GRPC_MOST = 99999999 };

bool mc_grpc_timeout_parse(mc_slice text, uint64_t *ms) {
  uint64_t value;
  if (!text.size || !mc_decimal_parse(mc_slice_head(text, text.size - 1), &value) || value > GRPC_MOST) return false;
  switch (text.data[text.size - 1]) {
    case 'H':
      *ms = value * 3600000;
      return true;
    case 'M':
      *ms = value * 60000;
      return true;
    case 'S':
      *ms = value * 1000;
      return true;
    case 'm':
      *ms = value;
      return true;
    case 'u':
      *ms = (value + 999) / 1000;
      return true;
    case 'n':
      *ms = (value + 999999) / 1000000;
      return true;
  }
  return false;
}

mc_slice mc_grpc_timeout_write(uint64_t ms, char text[MC_GRPC_TIMEOUT_TEXT]) {
  static const char units[] = "mSMH";
  int unit = 0;
  if (ms > GRPC_MOST) {
    ms /= 1000;
    unit = 1;
  }
  while (ms > GRPC_MOST && units[unit] != 'H') {
    ms /= 60;
    unit++;
  }
  char digits[MC_DECIMAL_DIGITS];
  mc_slice number = mc_decimal_write(ms < GRPC_MOST ? ms : GRPC_MOST, digits);
  memcpy(text, number.data, number.size);
  text[number.size] = units[unit];
  return mc_slice_of(text, number.size + 1);
}
