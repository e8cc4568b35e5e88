#include "base/decimal.h"

static bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static mc_slice trim(mc_slice text) {
  while (text.size && blank(text.data[0])) text = mc_slice_from(text, 1);
  while (text.size && blank(text.data[text.size - 1])) text.size--;
  return text;
}

bool mc_decimal_parse(mc_slice text, uint64_t *out) { return mc_slice_number(trim(text), out); }

mc_slice mc_decimal_write(uint64_t number, char digits[MC_DECIMAL_DIGITS]) {
  size_t at = MC_DECIMAL_DIGITS;
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  return mc_slice_of(digits + at, MC_DECIMAL_DIGITS - at);
}

bool mc_list_next(mc_slice *list, mc_slice *part) {
  while (list->size) {
    size_t end = mc_slice_find(*list, 0, ',');
    *part = trim(mc_slice_head(*list, end));
    *list = mc_slice_from(*list, end < list->size ? end + 1 : end);
    if (part->size) return true;
  }
  return false;
}
