/* The characters as a program sees them: those that nothing in it tells apart are one class, so that a
 * table over classes is small. Classes are numbered from 1. */
#ifndef MC_MATCH_REGEX_ALPHABET_H
#define MC_MATCH_REGEX_ALPHABET_H

#include "match/regex_program.h"

enum { MC_RX_MAX_CLASSES = 254 };

typedef struct mc_rx_alphabet {
  uint8_t ascii[128]; /* class of each */
  uint32_t class_count;
  uint32_t range_count; /* beyond ASCII; at least one */
  uint32_t *starts;     /* owned; a range goes on to the next one's start, the last to MC_RUNE_IRREGULAR */
  uint8_t *classes;     /* of each range; in the memory of starts */
} mc_rx_alphabet;

/* sample: a character of each class. MC_LIMIT where there are too many ranges or classes. */
mc_code mc_rx_alphabet_build(mc_rx_alphabet *alphabet, const mc_regex *regex,
                             uint32_t sample[MC_RX_MAX_CLASSES + 1]);
void mc_rx_alphabet_clear(mc_rx_alphabet *alphabet);

/* The class of a character beyond ASCII. */
static inline uint32_t mc_rx_alphabet_class(const mc_rx_alphabet *alphabet, uint32_t rune) {
  uint32_t low = 0, high = alphabet->range_count;
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    if (alphabet->starts[middle] <= rune) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return alphabet->classes[low];
}

#endif
