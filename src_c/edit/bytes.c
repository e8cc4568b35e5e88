#include "edit/bytes.h"

/* Sixteen characters a line, from 0x00; everything above 0x7f has no class. tests/c/test_view.c
 * checks the table against the words of the header file. */
const uint8_t mc_byte_classes[256] = {
    /* clang-format off */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 48, 2, 32, 48, 52, 48, 48, 16, 16, 48, 112, 16, 113, 113, 0,
    113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 16, 16, 2, 16, 2, 0,
    16, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113,
    113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 16, 8, 16, 34, 49,
    34, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113,
    113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 113, 2, 34, 2, 49, 0,
    /* clang-format on */
};

bool mc_bytes_all(mc_slice text, unsigned class) {
  unsigned common = class;
  for (size_t i = 0; i < text.size; i++) common &= mc_byte_class((unsigned char)text.data[i]);
  return common != 0;
}

/* Byte by byte, where the quick test found something: a tab, a byte above 127, or a fault. */
static bool value_ok_slowly(mc_slice value) {
  for (size_t i = 0; i < value.size; i++) {
    unsigned char c = (unsigned char)value.data[i];
    if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

/* Top bits for bytes below 0x20, from 0x7f on, and perhaps for neighbours of such bytes. */
static inline uint64_t doubtful(uint64_t word) {
  return (word - MC_BYTES(0x20)) | (word + MC_BYTES(1)) | word;
}

bool mc_bytes_value_ok(mc_slice value) {
  const char *p = value.data;
  size_t size = value.size;
  uint64_t found = 0;
  if (size >= 8) {
    for (; size > 8; p += 8, size -= 8) found |= doubtful(mc_word_at(p));
    found |= doubtful(mc_word_at(p + size - 8)); /* the last word overlaps the one before */
  } else {
    found = doubtful(mc_word_of(p, size));
  }
  return !(found & MC_BYTES(0x80)) || value_ok_slowly(value);
}
