/* Classes of bytes, by table, and quick tests over many bytes at once. */
#ifndef MC_EDIT_BYTES_H
#define MC_EDIT_BYTES_H

#include "base/slice.h"

enum {
  MC_BYTE_UNRESERVED = 1,   /* letters, digits, - . _ ~ */
  MC_BYTE_PATH_ESCAPE = 2,  /* normalisation escapes these in a path */
  MC_BYTE_PERCENT = 4,      /* % */
  MC_BYTE_BACKSLASH = 8,    /* \ */
  MC_BYTE_AUTHORITY = 16,   /* may stand in an authority */
  MC_BYTE_TOKEN = 32,       /* may stand in a method or a header's name */
  MC_BYTE_SCHEME = 64,      /* letters, digits, + - . */
};

extern const uint8_t mc_byte_classes[256];

static inline unsigned mc_byte_class(unsigned char c) { return mc_byte_classes[c]; }

static inline uint64_t mc_word_at(const char *p) {
  uint64_t word;
  memcpy(&word, p, 8);
  return word;
}

/* A text of less than eight bytes, where some of them may stand twice; without bytes, one that every
 * test lets pass. */
static inline uint64_t mc_word_of(const char *p, size_t size) {
  if (size >= 4) {
    uint32_t low, high;
    memcpy(&low, p, 4);
    memcpy(&high, p + size - 4, 4);
    return (uint64_t)high << 32 | low;
  }
  if (size == 0) return 0x6161616161616161u;
  uint64_t first = (uint8_t)p[0], middle = (uint8_t)p[size / 2], last = (uint8_t)p[size - 1];
  return 0x6161616161000000u | last << 16 | middle << 8 | first;
}

#define MC_BYTES(c) (0x0101010101010101u * (uint64_t)(c))

/* A bit at the top of some byte where any is below limit (at most 128) or above 127. It may also
 * be set in bytes above a byte that is rightly marked, so only ask whether the result is zero. */
static inline uint64_t mc_word_below(uint64_t word, uint8_t limit) {
  return ((word - MC_BYTES(limit)) | word) & MC_BYTES(0x80);
}

/* Likewise for bytes equal to c; exact in whether there is one. */
static inline uint64_t mc_word_equal(uint64_t word, char c) {
  uint64_t x = word ^ MC_BYTES((uint8_t)c);
  return (x - MC_BYTES(1)) & ~x & MC_BYTES(0x80);
}

/* Whether all bytes of the text are of the class. */
bool mc_bytes_all(mc_slice text, unsigned class);

/* Whether a header's value holds no NUL, CR, LF or other control character but the tab. Bytes above
 * 127 may stand in it. */
bool mc_bytes_value_ok(mc_slice value);

#endif
