/* The 32-bit Mersenne Twister (M. Matsumoto, T. Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed
 * uniform pseudo-random number generator", 1998; seeded as in their version of 2002, which C++'s
 * std::mt19937 is). For what must draw the same numbers as Envoy; anything else takes base/rng.h. */
#ifndef MC_BASE_MT19937_H
#define MC_BASE_MT19937_H

#include <stdint.h>

enum { MC_MT19937_WORDS = 624 };

typedef struct mc_mt19937 {
  uint32_t words[MC_MT19937_WORDS];
  uint32_t at;
} mc_mt19937;

void mc_mt19937_seed(mc_mt19937 *rng, uint32_t seed);
uint32_t mc_mt19937_next(mc_mt19937 *rng);

#endif
