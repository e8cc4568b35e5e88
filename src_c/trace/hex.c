#include "trace/hex.h"

bool mc_hex_read(mc_slice text, uint64_t *out) {
  char digits[16];
  if (text.size == 0 || text.size > sizeof digits) return false;
  memset(digits, '0', sizeof digits);
  memcpy(digits + sizeof digits - text.size, text.data, text.size);
  return mc_hex16_read(digits, true, out);
}

bool mc_hex_read_long(mc_slice text, uint64_t *high, uint64_t *low) {
  *high = 0;
  if (text.size > 16) {
    if (!mc_hex_read(mc_slice_head(text, text.size - 16), high)) return false;
    text = mc_slice_from(text, text.size - 16);
  }
  return mc_hex_read(text, low);
}
