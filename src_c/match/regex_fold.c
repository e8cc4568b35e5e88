/* Simple case folding, as RE2 does it under (?i), for the scripts that paths and headers hold. */
#include "match/regex_ranges.h"

/* Upper-case code points low, low + step, ... high, each with its lower case delta further on. */
typedef struct run {
  uint16_t low, high;
  uint8_t step;
  uint16_t delta;
} run;

static const run RUNS[] = {
    /* ASCII and Latin-1 */
    {0x0041, 0x005A, 1, 32},
    {0x00C0, 0x00D6, 1, 32},
    {0x00D8, 0x00DE, 1, 32},
    {0x00DF, 0x00DF, 1, 7615},
    {0x00FF, 0x00FF, 1, 121},
    /* Latin Extended-A */
    {0x0100, 0x012E, 2, 1},
    {0x0132, 0x0136, 2, 1},
    {0x0139, 0x0147, 2, 1},
    {0x014A, 0x0176, 2, 1},
    {0x0179, 0x017D, 2, 1},
    /* Greek */
    {0x0370, 0x0372, 2, 1},
    {0x0376, 0x0376, 1, 1},
    {0x037B, 0x037D, 1, 130},
    {0x037F, 0x037F, 1, 116},
    {0x0386, 0x0386, 1, 38},
    {0x0388, 0x038A, 1, 37},
    {0x038C, 0x038C, 1, 64},
    {0x038E, 0x038F, 1, 63},
    {0x0390, 0x0390, 1, 7235},
    {0x0391, 0x03A1, 1, 32},
    {0x03A3, 0x03AB, 1, 32},
    {0x03B0, 0x03B0, 1, 7219},
    {0x03CF, 0x03CF, 1, 8},
    {0x03D8, 0x03EE, 2, 1},
    {0x03F2, 0x03F2, 1, 7},
    {0x03F7, 0x03F7, 1, 1},
    {0x03FA, 0x03FA, 1, 1},
    /* Cyrillic */
    {0x0400, 0x040F, 1, 80},
    {0x0410, 0x042F, 1, 32},
    {0x0460, 0x0480, 2, 1},
    {0x048A, 0x04BE, 2, 1},
    {0x04C0, 0x04C0, 1, 15},
    {0x04C1, 0x04CD, 2, 1},
    {0x04D0, 0x052E, 2, 1},
};

/* Code points that fold together with a pair of RUNS, or in threes and fours of their own. */
static const uint16_t ORBITS[][4] = {
    {0x004B, 0x006B, 0x212A, 0},      {0x0053, 0x0073, 0x017F, 0}, {0x00B5, 0x039C, 0x03BC, 0},
    {0x00C5, 0x00E5, 0x212B, 0},      {0x0345, 0x0399, 0x03B9, 0x1FBE}, {0x0392, 0x03B2, 0x03D0, 0},
    {0x0395, 0x03B5, 0x03F5, 0},      {0x0398, 0x03B8, 0x03D1, 0x03F4}, {0x039A, 0x03BA, 0x03F0, 0},
    {0x03A0, 0x03C0, 0x03D6, 0},      {0x03A1, 0x03C1, 0x03F1, 0}, {0x03A3, 0x03C2, 0x03C3, 0},
    {0x03A6, 0x03C6, 0x03D5, 0},      {0x03A9, 0x03C9, 0x2126, 0}, {0x0412, 0x0432, 0x1C80, 0},
    {0x0414, 0x0434, 0x1C81, 0},      {0x041E, 0x043E, 0x1C82, 0}, {0x0421, 0x0441, 0x1C83, 0},
    {0x0422, 0x0442, 0x1C84, 0x1C85}, {0x042A, 0x044A, 0x1C86, 0}, {0x0462, 0x0463, 0x1C87, 0},
};

bool mc_rx_fold(uint32_t rune, uint32_t others[MC_RX_FOLDS], uint32_t *count) {
  *count = 0;
  if (rune > 0x17F && !(rune >= 0x370 && rune <= 0x52F)) return false;
  for (size_t i = 0; rune && i < sizeof ORBITS / sizeof *ORBITS; i++) { /* 0 fills short orbits */
    const uint16_t *orbit = ORBITS[i];
    if (rune != orbit[0] && rune != orbit[1] && rune != orbit[2] && rune != orbit[3]) continue;
    for (uint32_t j = 0; j < 4; j++) {
      if (orbit[j] && orbit[j] != rune) others[(*count)++] = orbit[j];
    }
    return true;
  }
  for (size_t i = 0; i < sizeof RUNS / sizeof *RUNS; i++) {
    const uint32_t low = RUNS[i].low, high = RUNS[i].high, step = RUNS[i].step, delta = RUNS[i].delta;
    if (rune >= low && rune <= high && (rune - low) % step == 0) {
      others[(*count)++] = rune + delta;
      return true;
    }
    if (rune >= low + delta && rune <= high + delta && (rune - low - delta) % step == 0) {
      others[(*count)++] = rune - delta;
      return true;
    }
  }
  return true;
}

bool mc_rx_ranges_add_folded(mc_rx_ranges *ranges, uint32_t low, uint32_t high) {
  mc_rx_ranges_add(ranges, low, high);
  for (uint32_t rune = low; rune <= high; rune++) {
    uint32_t others[MC_RX_FOLDS], count;
    if (!mc_rx_fold(rune, others, &count)) return false;
    for (uint32_t i = 0; i < count; i++) mc_rx_ranges_add(ranges, others[i], others[i]);
  }
  return true;
}
