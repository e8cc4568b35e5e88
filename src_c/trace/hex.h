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
/* 1 to 32 of them. */
bool mc_hex_read_long(mc_slice text, uint64_t *high, uint64_t *low);

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

/* Sixteen digits at once, by the vectors of GCC and Clang, where the first digit of a pair is its lower byte. What is no
 * digit is noted, to be asked for once after several. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

typedef uint8_t mc_digits __attribute__((vector_size(16)));
typedef int8_t mc_signed_digits __attribute__((vector_size(16)));
typedef uint16_t mc_digit_pairs __attribute__((vector_size(16)));
typedef uint8_t mc_packed_digits __attribute__((vector_size(8)));
typedef mc_digits mc_hex_faults;

/* A letter is what is above '9', and must have a value above 9, as nothing else may; none is above 15. */
static inline uint64_t mc_hex16_take(const char *p, bool any_case, mc_hex_faults *faults) {
  mc_digits text;
  memcpy(&text, p, sizeof text);
  const mc_digits letters = (mc_digits)((mc_signed_digits)text > '9');
  if (any_case) text |= letters & 0x20;
  const mc_digits values = text - '0' - (letters & ('a' - '9' - 1));
  *faults |= (values & 0xf0) | (letters ^ (mc_digits)((mc_signed_digits)values > 9));
  const mc_digit_pairs pairs = (mc_digit_pairs)values;
  const mc_packed_digits bytes = __builtin_convertvector((pairs << 4 | pairs >> 8) & 0xff, mc_packed_digits);
  uint64_t number;
  memcpy(&number, &bytes, sizeof number);
  return mc_word_in_order(number);
}

static inline bool mc_hex_sound(mc_hex_faults faults) {
  uint64_t halves[2];
  memcpy(halves, &faults, sizeof halves);
  return !(halves[0] | halves[1]);
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

typedef bool mc_hex_faults;

static inline uint64_t mc_hex16_take(const char *p, bool any_case, mc_hex_faults *faults) {
  uint32_t high = 0, low = 0;
  *faults |= !mc_hex8_read(p, any_case, &high) || !mc_hex8_read(p + 8, any_case, &low);
  return (uint64_t)high << 32 | low;
}

static inline bool mc_hex_sound(mc_hex_faults faults) { return !faults; }

static inline void mc_hex16_write(uint64_t number, char *out) {
  mc_hex8_write((uint32_t)(number >> 32), out);
  mc_hex8_write((uint32_t)number, out + 8);
}

#endif

static inline bool mc_hex16_read(const char *p, bool any_case, uint64_t *out) {
  mc_hex_faults faults = {0};
  *out = mc_hex16_take(p, any_case, &faults);
  return mc_hex_sound(faults);
}

static inline bool mc_hex32_read(const char *p, bool any_case, uint64_t *high, uint64_t *low) {
  mc_hex_faults faults = {0};
  *high = mc_hex16_take(p, any_case, &faults);
  *low = mc_hex16_take(p + 16, any_case, &faults);
  return mc_hex_sound(faults);
}

#endif
