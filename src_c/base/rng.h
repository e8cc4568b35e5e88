/* Random numbers from a seed that the caller gives. Not for secrets.
 *
 * splitmix64 spreads one 64-bit seed into independent draws (a decision's picks); xoshiro256** is
 * for long streams. Both by Sebastiano Vigna, and David Blackman for the second. */
#ifndef MC_BASE_RNG_H
#define MC_BASE_RNG_H

#include <stdint.h>

/* The finaliser of splitmix64: a bijection in which every bit of the result hangs on every bit of x. */
static inline uint64_t mc_mix64(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

#define MC_SPLITMIX64_STEP 0x9e3779b97f4a7c15u

static inline uint64_t mc_splitmix64(uint64_t *state) { return mc_mix64(*state += MC_SPLITMIX64_STEP); }

typedef struct mc_xoshiro256 {
  uint64_t s[4]; /* not all zero */
} mc_xoshiro256;

static inline mc_xoshiro256 mc_xoshiro256_of(uint64_t seed) {
  mc_xoshiro256 rng;
  for (int i = 0; i < 4; i++) rng.s[i] = mc_splitmix64(&seed);
  return rng;
}

static inline uint64_t mc_rotl64(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

static inline uint64_t mc_xoshiro256_next(mc_xoshiro256 *rng) {
  uint64_t *s = rng->s;
  uint64_t out = mc_rotl64(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = mc_rotl64(s[3], 45);
  return out;
}

#endif
