/* Byte slices: small, inline, and the only string type of the core. */
#ifndef MC_BASE_SLICE_H
#define MC_BASE_SLICE_H

#include <string.h>

#include "meshcore.h"

#define MC_LITERAL(text) ((mc_slice){(text), sizeof(text) - 1})
#define MC_ABSENT ((mc_slice){NULL, 0})

/* Whether two texts of one size are the same: by words, without a call. */
static inline bool mc_slice_same(const char *left, const char *right, size_t size) {
  uint64_t a, b;
  if (size >= 8) {
    for (size_t at = 0; at + 8 < size; at += 8) {
      memcpy(&a, left + at, 8);
      memcpy(&b, right + at, 8);
      if (a != b) return false;
    }
    memcpy(&a, left + size - 8, 8); /* overlaps the word before */
    memcpy(&b, right + size - 8, 8);
    return a == b;
  }
  if (size >= 4) {
    uint32_t low[2], high[2];
    memcpy(&low[0], left, 4);
    memcpy(&low[1], right, 4);
    memcpy(&high[0], left + size - 4, 4);
    memcpy(&high[1], right + size - 4, 4);
    return low[0] == low[1] && high[0] == high[1];
  }
  for (size_t i = 0; i < size; i++) {
    if (left[i] != right[i]) return false;
  }
  return true;
}

static inline mc_slice mc_slice_of(const char *data, size_t size) { return (mc_slice){data, size}; }

static inline bool mc_slice_equal(mc_slice a, mc_slice b) {
  return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool mc_slice_starts(mc_slice text, mc_slice prefix) {
  return text.size >= prefix.size && (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

static inline bool mc_slice_ends(mc_slice text, mc_slice suffix) {
  return text.size >= suffix.size &&
         (suffix.size == 0 || memcmp(text.data + text.size - suffix.size, suffix.data, suffix.size) == 0);
}

/* A set of sizes: bit n for n bytes, the last bit for all that are longer. */
static inline uint64_t mc_size_bit(size_t size) { return (uint64_t)1 << (size < 63 ? size : 63); }

static inline mc_slice mc_slice_from(mc_slice text, size_t start) {
  return (mc_slice){text.data + start, text.size - start};
}

static inline mc_slice mc_slice_head(mc_slice text, size_t size) { return (mc_slice){text.data, size}; }

/* What both begin with: the head of a. */
static inline mc_slice mc_slice_shared(mc_slice a, mc_slice b) {
  size_t size = 0;
  while (size < a.size && size < b.size && a.data[size] == b.data[size]) size++;
  return (mc_slice){a.data, size};
}

/* An unsigned decimal number as absl::SimpleAtoi reads it; false where the text is none. */
static inline bool mc_slice_number(mc_slice text, uint64_t *out) {
  size_t at = text.size && text.data[0] == '+';
  if (at == text.size) return false;
  uint64_t value = 0;
  for (; at < text.size; at++) {
    unsigned digit = (unsigned)(unsigned char)text.data[at] - '0';
    if (digit > 9 || value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

/* ASCII only: bytes above 127 are left as they are, whatever the locale. */
static inline char mc_lower(char c) { return (c >= 'A' && c <= 'Z') ? (char)(c | 0x20) : c; }

/* The value of a hexadecimal digit, in any case; -1: it is none. */
static inline int mc_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = mc_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline uint64_t mc_word_at(const char *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

/* A text of less than eight bytes, where some of them may stand twice: the first of them is the lowest of the word, the
 * last the highest. Without bytes, one that every test lets pass. */
static inline uint64_t mc_word_of(const char *p, size_t size) {
  if (size >= 4) {
    uint32_t low, high;
    memcpy(&low, p, 4);
    memcpy(&high, p + size - 4, 4);
    return (uint64_t)high << 32 | low;
  }
  if (size == 0) return 0x6161616161616161u;
  uint64_t first = (uint8_t)p[0], middle = (uint8_t)p[size / 2], last = (uint8_t)p[size - 1];
  return last << 56 | 0x0061616161610000u | middle << 8 | first;
}

/* Eight bytes at once: a byte within 'A' to 'Z' gets bit 5. The top bit of each sum below tells whether
 * its byte, without its own top bit, is at least 'A', or beyond 'Z'; no sum carries into the next. */
static inline uint64_t mc_word_lower(uint64_t word) {
  const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7, low = word & ~tops;
  uint64_t upper = (low + ones * (0x80 - 'A')) & ~(low + ones * (0x7f - 'Z')) & ~word & tops;
  return word | upper >> 2;
}

/* Writes the text in lower case. */
void mc_slice_lower(mc_slice text, char *out);
bool mc_slice_equal_fold(mc_slice a, mc_slice b);
/* The same answer, sooner where the texts are the same in case, too, as most names that are looked up are. */
static inline bool mc_slice_alike(mc_slice a, mc_slice b) {
  return a.size == b.size && (mc_slice_same(a.data, b.data, a.size) || mc_slice_equal_fold(a, b));
}
bool mc_slice_starts_fold(mc_slice text, mc_slice prefix);
bool mc_slice_ends_fold(mc_slice text, mc_slice suffix);
bool mc_slice_contains(mc_slice text, mc_slice part);
bool mc_slice_contains_fold(mc_slice text, mc_slice part);
/* Position of the first c at or after start; text.size where there is none. */
size_t mc_slice_find(mc_slice text, size_t start, char c);

#endif
