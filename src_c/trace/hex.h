/* Numbers as hexadecimal digits, eight or sixteen at once. */
#ifndef MC_TRACE_HEX_H
#define MC_TRACE_HEX_H

#include "base/slice.h"

/* A word whose first byte in memory is on top, whatever the machine. */
static inline uint64_t mc_word_in_order(uint64_t word) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return __builtin_bswap64(word);
#else
  return word;
#endif
}

/* Eight digits; capitals count where any_case. The top bit of each sum tells whether its byte is at least the lower end
 * of a range, or beyond its upper one, as in mc_word_lower. */
static inline bool mc_hex8_read(const char *p, bool any_case, uint32_t *out) {
  const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
  uint64_t word = mc_word_in_order(mc_word_at(p));
  if (any_case) word = mc_word_lower(word);
  if (word & tops) return false;
  uint64_t digit = (word + ones * (0x80 - '0')) & ~(word + ones * (0x7f - '9'));
  uint64_t letter = (word + ones * (0x80 - 'a')) & ~(word + ones * (0x7f - 'f')) & tops;
  if (((digit | letter) & tops) != tops) return false;
  uint64_t value = (word & ones * 15) + (letter >> 7) * 9;
  value = (value | value >> 4) & UINT64_C(0x00ff00ff00ff00ff);
  value = (value | value >> 8) & UINT64_C(0x0000ffff0000ffff);
  *out = (uint32_t)(value | value >> 16);
  return true;
}

/* 1 to 16 digits in any case. */
bool mc_hex_read(mc_slice text, uint64_t *out);

static inline void mc_hex8_write(uint32_t number, char *out) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t value = number;
  value = (value | value << 16) & UINT64_C(0x0000ffff0000ffff);
  value = (value | value << 8) & UINT64_C(0x00ff00ff00ff00ff);
  value = (value | value << 4) & ones * 15;
  uint64_t letter = (value + ones * 6) >> 4 & ones;
  value += ones * '0' + letter * ('a' - '0' - 10);
  value = mc_word_in_order(value);
  memcpy(out, &value, sizeof value);
}

/* Sixteen digits at once, by the vectors of GCC and Clang, where the first digit of a pair is its lower byte. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

typedef uint8_t mc_digits __attribute__((vector_size(16)));
typedef uint16_t mc_digit_pairs __attribute__((vector_size(16)));
typedef uint8_t mc_packed_digits __attribute__((vector_size(8)));

static inline bool mc_hex16_read(const char *p, bool any_case, uint64_t *out) {
  mc_digits text;
  memcpy(&text, p, sizeof text);
  const mc_digits digit = text - '0', letter = (any_case ? text | 0x20 : text) - 'a';
  const mc_digits is_digit = (mc_digits)(digit <= 9), is_letter = (mc_digits)(letter <= 5);
  uint64_t valid[2];
  const mc_digits either = is_digit | is_letter;
  memcpy(valid, &either, sizeof valid);
  if ((valid[0] & valid[1]) != UINT64_MAX) return false;
  const mc_digit_pairs pairs = (mc_digit_pairs)((digit & is_digit) | ((letter + 10) & is_letter));
  const mc_packed_digits bytes = __builtin_convertvector((pairs << 4 | pairs >> 8) & 0xff, mc_packed_digits);
  memcpy(out, &bytes, sizeof *out);
  *out = mc_word_in_order(*out);
  return true;
}

static inline void mc_hex16_write(uint64_t number, char *out) {
  mc_packed_digits bytes;
  number = mc_word_in_order(number);
  memcpy(&bytes, &number, sizeof bytes);
  const mc_digit_pairs pairs = __builtin_convertvector(bytes, mc_digit_pairs);
  const mc_digits values = (mc_digits)((pairs >> 4 | pairs << 8) & 0x0f0f);
  const mc_digits text = values + ('a' - 10) - ((mc_digits)(values <= 9) & ('a' - 10 - '0'));
  memcpy(out, &text, sizeof text);
}

#else

static inline bool mc_hex16_read(const char *p, bool any_case, uint64_t *out) {
  uint32_t high, low;
  if (!mc_hex8_read(p, any_case, &high) || !mc_hex8_read(p + 8, any_case, &low)) return false;
  *out = (uint64_t)high << 32 | low;
  return true;
}

static inline void mc_hex16_write(uint64_t number, char *out) {
  mc_hex8_write((uint32_t)(number >> 32), out);
  mc_hex8_write((uint32_t)number, out + 8);
}

#endif

#endif
