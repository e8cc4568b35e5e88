/* UTF-8, one character at a time. */
#ifndef MC_MATCH_UTF8_H
#define MC_MATCH_UTF8_H

#include "base/slice.h"

#define MC_RUNE_MAX 0x10FFFFu
/* Not a character at all: a stray byte, taken alone. */
#define MC_RUNE_INVALID UINT32_MAX
/* Well-formed, but overlong or beyond U+10FFFF. RE2 lets '.' and sets that hold all of U+0080 to
 * U+10FFFF take these, and nothing else; surrogates it takes for characters. */
#define MC_RUNE_IRREGULAR (MC_RUNE_MAX + 1)

typedef struct mc_rune {
  uint32_t value;
  uint32_t width; /* in bytes */
} mc_rune;

/* The character at `at`, which is before the end. */
static inline mc_rune mc_rune_at(mc_slice text, size_t at) {
  const unsigned char *bytes = (const unsigned char *)text.data + at;
  const uint32_t first = bytes[0];
  const mc_rune invalid = {MC_RUNE_INVALID, 1};
  if (first < 0x80) return (mc_rune){first, 1};
  if (first < 0xC2 || first > 0xF4) return invalid;
  const uint32_t width = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size - at < width) return invalid;
  uint32_t value = first & (0x7Fu >> width);
  for (uint32_t i = 1; i < width; i++) {
    if ((bytes[i] & 0xC0) != 0x80) return invalid;
    value = value << 6 | (bytes[i] & 0x3F);
  }
  const uint32_t least = width == 2 ? 0x80 : width == 3 ? 0x800 : 0x10000;
  return (mc_rune){value < least || value > MC_RUNE_MAX ? MC_RUNE_IRREGULAR : value, width};
}

/* Writes the character; returns its width. Surrogates are written like the rest. */
static inline uint32_t mc_rune_write(uint32_t value, char out[4]) {
  if (value < 0x80) {
    out[0] = (char)value;
    return 1;
  }
  const uint32_t width = value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
  for (uint32_t i = width - 1; i > 0; i--, value >>= 6) out[i] = (char)(0x80 | (value & 0x3F));
  out[0] = (char)((0xF00u >> width & 0xF0) | value);
  return width;
}

#endif
