/* Lists of code point ranges, as a character class is read. */
#ifndef MC_MATCH_REGEX_RANGES_H
#define MC_MATCH_REGEX_RANGES_H

#include "match/regex_program.h"

typedef struct mc_rx_ranges {
  mc_rx_range *items;
  uint32_t count, room;
  bool no_memory;
} mc_rx_ranges;

void mc_rx_ranges_free(mc_rx_ranges *ranges);
void mc_rx_ranges_add(mc_rx_ranges *ranges, uint32_t low, uint32_t high);
/* Sorts and merges. */
void mc_rx_ranges_tidy(mc_rx_ranges *ranges);
/* Of tidy ranges: everything else. Stays tidy. */
void mc_rx_ranges_negate(mc_rx_ranges *ranges);

/* \d, \s and \w by their lower-case letter; false for any other. */
bool mc_rx_ranges_add_perl(mc_rx_ranges *ranges, char letter, bool fold);
/* POSIX classes by name: "alpha". False for an unknown name. */
bool mc_rx_ranges_add_posix(mc_rx_ranges *ranges, mc_slice name, bool fold);

/* The other cases of a code point, itself not among them. False where its case is not known here:
 * that of ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic is. */
enum { MC_RX_FOLDS = 3 };
bool mc_rx_fold(uint32_t rune, uint32_t others[MC_RX_FOLDS], uint32_t *count);
/* Adds a range and the other cases of all in it; false where some case is not known. */
bool mc_rx_ranges_add_folded(mc_rx_ranges *ranges, uint32_t low, uint32_t high);

#endif
