/* Classes of bytes, by table, and quick tests over many bytes at once. */
#ifndef MC_EDIT_BYTES_H
#define MC_EDIT_BYTES_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/* Texts are gathered first and judged once, so that judging them costs no branch for each. Doubtful is
 * a control character, or a byte above 126; most requests have none. A text may also be doubtful at its edges: there
 * a blank, or whatever else is below 0x21. */
#ifdef __SSE2__
typedef struct mc_scan {
  __m128i most;        /* of all bytes */
  __m128i first, last; /* the least of what texts begin with, in the lowest lane, and end with, in the highest */
} mc_scan;

/* Bytes below 0x20 wrap around, so that all that is doubtful is above 0x5e. */
static inline void mc_scan_vector(mc_scan *scan, __m128i bytes) {
  scan->most = _mm_max_epu8(scan->most, _mm_sub_epi8(bytes, _mm_set1_epi8(0x20)));
}

static inline mc_scan mc_scan_start(void) {
  return (mc_scan){_mm_setzero_si128(), _mm_set1_epi8(0x7f), _mm_set1_epi8(0x7f)};
}

static inline void mc_scan_take(mc_scan *scan, const char *p, size_t size) {
  __m128i head, tail; /* without 16 bytes the same vector, with some bytes twice */
  if (size >= 16) {
    const char *const end = p + size - 16;
    head = _mm_loadu_si128((const __m128i *)(const void *)p);
    tail = _mm_loadu_si128((const __m128i *)(const void *)end); /* overlaps the vector before */
    while ((p += 16) < end) mc_scan_vector(scan, _mm_loadu_si128((const __m128i *)(const void *)p));
    mc_scan_vector(scan, head);
  } else if (size >= 8) {
    head = tail = _mm_set_epi64x((long long)mc_word_at(p + size - 8), (long long)mc_word_at(p));
  } else {
    head = tail = _mm_set1_epi64x((long long)mc_word_of(p, size));
  }
  mc_scan_vector(scan, tail);
  scan->first = _mm_min_epu8(scan->first, head);
  scan->last = _mm_min_epu8(scan->last, tail);
}

static inline bool mc_scan_doubtful(const mc_scan *scan) {
  const __m128i limit = _mm_set1_epi8(0x5e);
  return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(scan->most, limit), limit)) != 0xffff;
}

static inline bool mc_scan_doubtful_edges(const mc_scan *scan) {
  const unsigned first = (unsigned)_mm_cvtsi128_si32(scan->first) & 0xff;
  const unsigned last = (unsigned)_mm_extract_epi16(scan->last, 7) >> 8;
  return first < 0x21 || last < 0x21;
}
#else
typedef struct mc_scan {
  uint64_t found;
  int edges; /* negative: doubtful */
} mc_scan;

/* Top bits for bytes below 0x20, from 0x7f on, and perhaps for neighbours of such bytes. */
static inline void mc_scan_word(mc_scan *scan, uint64_t word) {
  scan->found |= (word - MC_BYTES(0x20)) | (word + MC_BYTES(1)) | word;
}

static inline mc_scan mc_scan_start(void) { return (mc_scan){0, 0}; }

static inline void mc_scan_take(mc_scan *scan, const char *p, size_t size) {
  if (!size) return;
  scan->edges |= (int)(unsigned char)p[0] - 0x21;
  scan->edges |= (int)(unsigned char)p[size - 1] - 0x21;
  if (size >= 8) {
    for (; size > 8; p += 8, size -= 8) mc_scan_word(scan, mc_word_at(p));
    mc_scan_word(scan, mc_word_at(p + size - 8)); /* the last word overlaps the one before */
  } else {
    mc_scan_word(scan, mc_word_of(p, size));
  }
}

static inline bool mc_scan_doubtful(const mc_scan *scan) { return (scan->found & MC_BYTES(0x80)) != 0; }

static inline bool mc_scan_doubtful_edges(const mc_scan *scan) { return scan->edges < 0; }
#endif

/* So many bytes, a bit for each that has the bit. */
enum { MC_BYTES_AT_ONCE = 16 };
static inline uint64_t mc_bytes_with(const uint8_t bytes[MC_BYTES_AT_ONCE], const uint8_t bit) {
#ifdef __SSE2__
  const __m128i all = _mm_loadu_si128((const __m128i *)(const void *)bytes);
  return (unsigned)_mm_movemask_epi8(_mm_slli_epi16(all, 7 - __builtin_ctz(bit))); /* what comes of neighbours lies below */
#else
  uint64_t found = 0;
  for (int i = 0; i < MC_BYTES_AT_ONCE; i++) found |= (uint64_t)((bytes[i] & bit) != 0) << i;
  return found;
#endif
}

/* Whether the text is of letters, digits, "-" and "." alone, as most names are: they may stand in a
 * token and in an authority, so that only other texts need a look at the classes. */
#ifdef __SSE2__
static inline bool mc_bytes_plain_as(mc_slice text, const bool any_case) {
  const char *p = text.data;
  const __m128i zero = _mm_setzero_si128();
  __m128i odd = zero; /* not zero where a byte is something else */
  for (size_t left = text.size, at = 0; left;) {
    __m128i bytes;
    if (left >= 16 || text.size >= 16) {
      at = left >= 16 ? at : text.size - 16; /* the last vector overlaps the one before */
      bytes = _mm_loadu_si128((const __m128i *)(const void *)(p + at));
      at += 16;
      left = left >= 16 ? left - 16 : 0;
    } else {
      uint64_t low = left >= 8 ? mc_word_at(p) : mc_word_of(p, left);
      bytes = _mm_set_epi64x((long long)(left >= 8 ? mc_word_at(p + left - 8) : low), (long long)low);
      left = 0;
    }
    const __m128i folded = any_case ? _mm_or_si128(bytes, _mm_set1_epi8(0x20)) : bytes;
    __m128i letter = _mm_sub_epi8(folded, _mm_set1_epi8('a'));
    __m128i other = _mm_sub_epi8(bytes, _mm_set1_epi8('-'));
    letter = _mm_cmpeq_epi8(_mm_subs_epu8(letter, _mm_set1_epi8('z' - 'a')), zero);
    other = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('/')),
                             _mm_cmpeq_epi8(_mm_subs_epu8(other, _mm_set1_epi8('9' - '-')), zero));
    odd = _mm_or_si128(odd, _mm_cmpeq_epi8(_mm_or_si128(letter, other), zero));
  }
  return _mm_movemask_epi8(odd) == 0;
}
#else
static inline bool mc_bytes_plain_as(mc_slice text, const bool any_case) { return (void)text, (void)any_case, false; }
#endif

static inline bool mc_bytes_plain(mc_slice text) { return mc_bytes_plain_as(text, true); }

/* The same, and no letter is a capital. */
static inline bool mc_bytes_plain_lower(mc_slice text) { return mc_bytes_plain_as(text, false); }

/* Comparison with a literal, without a call, which compilers make of a memcmp of five bytes and more. */
#define MC_IS(slice, literal)                                                                           \
  ((slice).size == sizeof(literal) - 1 &&                                                               \
   (sizeof(literal) - 1 < 4 ? memcmp((slice).data, literal, sizeof(literal) - 1) == 0                   \
                            : mc_slice_same((slice).data, literal, sizeof(literal) - 1)))

/* Whether all bytes of the text are of the class. */
bool mc_bytes_all(mc_slice text, unsigned class);

/* Whether a header's value holds no NUL, CR, LF or other control character but the tab. Bytes above
 * 127 may stand in it. */
bool mc_bytes_value_ok(mc_slice value);

#endif
