#include "base/hash.h"

#include "base/rng.h"

/* Little-endian loads, whatever the machine; compilers make one instruction of each. */
static inline uint64_t load32(const uint8_t *at) {
  return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
}

static inline uint64_t load64(const uint8_t *at) { return load32(at) | load32(at + 4) << 32; }

/* ------------------------------------------------------------------ XXH64
 *
 * Four lanes eat 32 bytes a turn and merge; what is left goes in by eights, a four and single bytes;
 * an avalanche ends it. Inputs below 32 bytes skip the lanes. */

static const uint64_t P1 = 0x9e3779b185ebca87u, P2 = 0xc2b2ae3d27d4eb4fu, P3 = 0x165667b19e3779f9u,
                      P4 = 0x85ebca77c2b2ae63u, P5 = 0x27d4eb2f165667c5u;

static inline uint64_t lane_round(uint64_t lane, uint64_t input) { return mc_rotl64(lane + input * P2, 31) * P1; }

static inline uint64_t lane_merge(uint64_t hash, uint64_t lane) { return (hash ^ lane_round(0, lane)) * P1 + P4; }

uint64_t mc_xxh64(const void *data, size_t size, uint64_t seed) {
  const uint8_t *at = data;
  size_t left = size;
  uint64_t hash = seed + P5;
  if (left >= 32) {
    uint64_t a = seed + P1 + P2, b = seed + P2, c = seed, d = seed - P1;
    for (; left >= 32; at += 32, left -= 32) {
      a = lane_round(a, load64(at));
      b = lane_round(b, load64(at + 8));
      c = lane_round(c, load64(at + 16));
      d = lane_round(d, load64(at + 24));
    }
    hash = mc_rotl64(a, 1) + mc_rotl64(b, 7) + mc_rotl64(c, 12) + mc_rotl64(d, 18);
    hash = lane_merge(lane_merge(lane_merge(lane_merge(hash, a), b), c), d);
  }
  hash += size;
  for (; left >= 8; at += 8, left -= 8) hash = mc_rotl64(hash ^ lane_round(0, load64(at)), 27) * P1 + P4;
  if (left >= 4) {
    hash = mc_rotl64(hash ^ load32(at) * P1, 23) * P2 + P3;
    at += 4;
    left -= 4;
  }
  for (; left; at++, left--) hash = mc_rotl64(hash ^ *at * P5, 11) * P1;
  hash = (hash ^ hash >> 33) * P2;
  hash = (hash ^ hash >> 29) * P3;
  return hash ^ hash >> 32;
}

/* ------------------------------------------------------------------ MurmurHash2 */

static const uint64_t M = 0xc6a4a7935bd1e995u;

static inline uint64_t shift_mix(uint64_t x) { return x ^ x >> 47; }

uint64_t mc_murmur2(const void *data, size_t size, uint64_t seed) {
  const uint8_t *at = data;
  uint64_t hash = seed ^ size * M;
  size_t left = size;
  for (; left >= 8; at += 8, left -= 8) hash = (hash ^ shift_mix(load64(at) * M) * M) * M;
  if (left) {
    uint64_t tail = 0;
    while (left--) tail = tail << 8 | at[left];
    hash = (hash ^ tail) * M;
  }
  return shift_mix(shift_mix(hash) * M);
}
