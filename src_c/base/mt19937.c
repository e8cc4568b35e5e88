#include "base/mt19937.h"

enum { WORDS = MC_MT19937_WORDS, DISTANCE = 397 };

void mc_mt19937_seed(mc_mt19937 *rng, uint32_t seed) {
  rng->words[0] = seed;
  for (uint32_t i = 1; i < WORDS; i++) {
    uint32_t before = rng->words[i - 1];
    rng->words[i] = 1812433253u * (before ^ (before >> 30)) + i;
  }
  rng->at = 0;
}

/* A word of the next generation is made when it is asked for, so that a few numbers do not cost all of them. */
uint32_t mc_mt19937_next(mc_mt19937 *rng) {
  uint32_t *x = rng->words, i = rng->at;
  uint32_t joined = (x[i] & 0x80000000u) | (x[(i + 1) % WORDS] & 0x7fffffffu);
  uint32_t y = x[i] = x[(i + DISTANCE) % WORDS] ^ (joined >> 1) ^ (joined & 1 ? 0x9908b0dfu : 0);
  rng->at = (i + 1) % WORDS;
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}
