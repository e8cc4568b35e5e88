#include "base/slice.h"

void mc_slice_lower(mc_slice text, char *out) {
  size_t i = 0;
  for (; i + 8 <= text.size; i += 8) {
    const uint64_t word = mc_word_lower(mc_word_at(text.data + i));
    memcpy(out + i, &word, sizeof word);
  }
  for (; i < text.size; i++) out[i] = mc_lower(text.data[i]);
}

static inline bool word_equal_fold(const char *a, const char *b) {
  uint64_t x = mc_word_at(a), y = mc_word_at(b);
  return x == y || mc_word_lower(x) == mc_word_lower(y);
}

static bool equal_fold(const char *a, const char *b, size_t size) {
  if (size < 8) {
    for (size_t i = 0; i < size; i++) {
      if (a[i] != b[i] && mc_lower(a[i]) != mc_lower(b[i])) return false;
    }
    return true;
  }
  for (size_t i = 0; i + 8 < size; i += 8) {
    if (!word_equal_fold(a + i, b + i)) return false;
  }
  return word_equal_fold(a + size - 8, b + size - 8); /* may overlap the one before */
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

/* ------------------------------------------------------------------ searching
 *
 * Crochemore and Perrin's two-way search: linear in the text and the part together, whatever they
 * are, and in constant space. The part is cut at a critical position (given by the larger of its two
 * maximal suffixes, under < and under >); the right piece is compared forwards, then the left piece
 * backwards. A mismatch on the right at k shifts by k, one on the left by the part's period. Where
 * the whole part has that period, what is known to match after such a shift is remembered. */

static inline unsigned char byte_at(mc_slice text, size_t i, bool fold) {
  return (unsigned char)(fold ? mc_lower(text.data[i]) : text.data[i]);
}

/* The start of the largest suffix of the part (under > when reversed), and its period. */
static inline size_t maximal_suffix(mc_slice part, bool fold, bool reversed, size_t *period) {
  size_t start = 0, candidate = 1, offset = 0;
  *period = 1;
  while (candidate + offset < part.size) {
    unsigned char a = byte_at(part, candidate + offset, fold), b = byte_at(part, start + offset, fold);
    if (a == b) {
      if (++offset == *period) {
        candidate += *period;
        offset = 0;
      }
    } else if ((a < b) != reversed) {
      candidate += offset + 1;
      offset = 0;
      *period = candidate - start;
    } else {
      start = candidate++;
      offset = 0;
      *period = 1;
    }
  }
  return start;
}

static inline bool contains(mc_slice text, mc_slice part, bool fold) {
  if (part.size == 0) return true;
  if (part.size > text.size) return false;
  size_t period, other;
  size_t cut = maximal_suffix(part, fold, false, &period), second = maximal_suffix(part, fold, true, &other);
  if (second > cut) {
    cut = second;
    period = other;
  }
  bool periodic = cut + period <= part.size;
  for (size_t i = 0; periodic && i < cut; i++) {
    periodic = byte_at(part, i, fold) == byte_at(part, i + period, fold);
  }
  /* Not periodic: no occurrence starts within this distance of a failed left piece. */
  if (!periodic) period = (cut > part.size - cut ? cut : part.size - cut) + 1;
  for (size_t at = 0, known = 0; at <= text.size - part.size;) {
    size_t i = known > cut ? known : cut;
    while (i < part.size && byte_at(part, i, fold) == byte_at(text, at + i, fold)) i++;
    if (i < part.size) {
      at += i - cut + 1;
      known = 0;
      continue;
    }
    size_t left = cut;
    while (left > known && byte_at(part, left - 1, fold) == byte_at(text, at + left - 1, fold)) left--;
    if (left <= known) return true;
    at += period;
    known = periodic ? part.size - period : 0;
  }
  return false;
}

bool mc_slice_contains(mc_slice text, mc_slice part) { return contains(text, part, false); }
bool mc_slice_contains_fold(mc_slice text, mc_slice part) { return contains(text, part, true); }
