#include "base/slice.h"

static bool equal_fold(const char *a, const char *b, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (mc_lower(a[i]) != mc_lower(b[i])) return false;
  }
  return true;
}

bool mc_slice_equal_fold(mc_slice a, mc_slice b) { return a.size == b.size && equal_fold(a.data, b.data, a.size); }

bool mc_slice_starts_fold(mc_slice text, mc_slice prefix) {
  return text.size >= prefix.size && equal_fold(text.data, prefix.data, prefix.size);
}

bool mc_slice_ends_fold(mc_slice text, mc_slice suffix) {
  return text.size >= suffix.size && equal_fold(text.data + text.size - suffix.size, suffix.data, suffix.size);
}

size_t mc_slice_find(mc_slice text, size_t start, char c) {
  if (start >= text.size) return text.size;
  const char *found = memchr(text.data + start, c, text.size - start);
  return found ? (size_t)(found - text.data) : text.size;
}

/* Crochemore and Perrin's two-way search would do it in linear time and constant space; libc's
 * memmem is exactly that where it exists, but is not in C11. Patterns come from the config, so the
 * plain search with a memchr skip is bounded by (their size) x (the text's). To keep the cost linear
 * in the text whatever the pattern, the failure function of Knuth, Morris and Pratt is used. */
static bool contains(mc_slice text, mc_slice part, bool fold) {
  if (part.size == 0) return true;
  if (part.size > text.size) return false;
  enum { SMALL = 64 };
  if (part.size <= SMALL) {
    uint8_t next[SMALL];
    next[0] = 0;
    for (size_t i = 1, k = 0; i < part.size; i++) {
      char c = fold ? mc_lower(part.data[i]) : part.data[i];
      while (k > 0 && (fold ? mc_lower(part.data[k]) : part.data[k]) != c) k = next[k - 1];
      if ((fold ? mc_lower(part.data[k]) : part.data[k]) == c) k++;
      next[i] = (uint8_t)k;
    }
    for (size_t i = 0, k = 0; i < text.size; i++) {
      char c = fold ? mc_lower(text.data[i]) : text.data[i];
      while (k > 0 && (fold ? mc_lower(part.data[k]) : part.data[k]) != c) k = next[k - 1];
      if ((fold ? mc_lower(part.data[k]) : part.data[k]) == c) k++;
      if (k == part.size) return true;
    }
    return false;
  }
  for (size_t i = 0; i + part.size <= text.size; i++) {
    mc_slice at = {text.data + i, part.size};
    if (fold ? mc_slice_equal_fold(at, part) : mc_slice_equal(at, part)) return true;
  }
  return false;
}

bool mc_slice_contains(mc_slice text, mc_slice part) { return contains(text, part, false); }
bool mc_slice_contains_fold(mc_slice text, mc_slice part) { return contains(text, part, true); }
