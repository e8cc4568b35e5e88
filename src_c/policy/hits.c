#include "policy/hits.h"

static bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool digit(mc_slice text, size_t at) { return at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; }

/* An exponent; whatever its size, it is far beyond what counts. */
static bool exponent_of(mc_slice text, size_t *at, int *out) {
  const bool negative = *at < text.size && text.data[*at] == '-';
  if (negative || (*at < text.size && text.data[*at] == '+')) ++*at;
  if (!digit(text, *at)) return false;
  int value = 0;
  for (; digit(text, *at); ++*at) {
    if (value < 100000) value = value * 10 + (text.data[*at] - '0');
  }
  *out = negative ? -value : value;
  return true;
}

bool mc_hits_parse(mc_slice text, uint64_t *out) {
  while (text.size && blank(text.data[0])) text = mc_slice_from(text, 1);
  while (text.size && blank(text.data[text.size - 1])) text.size--;
  const bool negative = text.size && text.data[0] == '-';
  size_t at = negative || (text.size && text.data[0] == '+');
  /* Sixteen digits say it all; those that follow move the point alone. */
  uint64_t digits = 0;
  int64_t point = 0;
  bool any = false, after = false;
  for (;; at++) {
    if (!after && at < text.size && text.data[at] == '.') {
      after = true;
      continue;
    }
    if (!digit(text, at)) break;
    any = true;
    if (digits < UINT64_C(1000000000000000)) {
      digits = digits * 10 + (uint64_t)(text.data[at] - '0');
      point -= after;
    } else {
      point += !after;
    }
  }
  int exponent = 0;
  if (!any) return false;
  if (at < text.size && (text.data[at] == 'e' || text.data[at] == 'E')) {
    at++;
    if (!exponent_of(text, &at, &exponent)) return false;
  }
  if (at != text.size || (negative && digits)) return false;
  bool rest = false;
  for (point += exponent; digits && point < 0; point++) {
    rest |= digits % 10 != 0;
    digits /= 10;
  }
  for (; digits && point > 0 && digits <= MC_MAX_HITS; point--) digits *= 10;
  *out = digits > MC_MAX_HITS || (digits == MC_MAX_HITS && rest) ? MC_BEYOND_HITS : digits;
  return true;
}
