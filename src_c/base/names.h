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

/* Names that somebody may ask for, by what tells most others apart from them at once. */
typedef struct mc_names_asked {
  uint64_t sizes; /* bit n: some name has n bytes, or as many times 64 more */
  uint32_t ends;  /* bit n: the last byte of some name has n in its lower bits, which letters share in both cases */
} mc_names_asked;

/* Any name is asked for. */
#define MC_ANY_NAME ((mc_names_asked){UINT64_MAX, UINT32_MAX})

static inline uint32_t mc_name_end(const char *p, size_t size) { return (uint32_t)1 << (p[size - 1] & 31); }

/* Whether a name may be one of them. */
static inline bool mc_names_may_have(const mc_names_asked *asked, const char *p, size_t size) {
  return (asked->sizes >> (size & 63) & 1) && size && (asked->ends & mc_name_end(p, size));
}

#endif
