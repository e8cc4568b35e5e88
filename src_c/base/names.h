/* Telling names of header lines apart, by words: the name may be in any case, what it is compared with is a
 * literal in lower case. */
#ifndef MC_BASE_NAMES_H
#define MC_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/inlined.h"

/* Whether up to 8 bytes at p are these of a lower-case name. Only letters of the name (the bytes with
 * bit 6 set) are compared without case, so a match is always a well-formed name. */
MC_INLINED bool mc_same_word(const char *p, const char *name, size_t size) {
  uint64_t a = 0, b = 0;
  memcpy(&a, p, size);
  memcpy(&b, name, size);
  return (a | (b >> 1 & 0x2020202020202020u)) == b;
}

/* The middle of a long name. */
MC_INLINED bool mc_same_words(const char *p, const char *name, size_t size) {
  for (size_t i = 0; i + 8 < size; i += 8) {
    if (!mc_same_word(p + i, name + i, 8)) return false;
  }
  return true;
}

/* With a constant size this is one or two comparisons with constants. The end comes first, since it tells
 * names of one size apart more often than "x-envoy-" does. */
MC_INLINED bool mc_same_name(const char *p, const char *name, size_t size) {
  if (size <= 8) return mc_same_word(p, name, size);
  if (!mc_same_word(p + size - 8, name + size - 8, 8)) return false;
  return size <= 16 ? mc_same_word(p, name, 8) : mc_same_words(p, name, size);
}

#endif
