/* SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, with one round for each word and
 * three to finish, as CPython and Rust have it in their tables): who does not know the key finds no two texts that
 * share a value. Here to be inlined: keys are short, and a call costs as much as a round. */
#ifndef MC_BASE_SIPHASH_H
#define MC_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct mc_sip {
  uint64_t v0, v1, v2, v3;
} mc_sip;

static inline uint64_t mc_sip_rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

static inline void mc_sip_compress(mc_sip *s) {
  s->v0 += s->v1, s->v1 = mc_sip_rotate(s->v1, 13), s->v1 ^= s->v0, s->v0 = mc_sip_rotate(s->v0, 32);
  s->v2 += s->v3, s->v3 = mc_sip_rotate(s->v3, 16), s->v3 ^= s->v2;
  s->v0 += s->v3, s->v3 = mc_sip_rotate(s->v3, 21), s->v3 ^= s->v0;
  s->v2 += s->v1, s->v1 = mc_sip_rotate(s->v1, 17), s->v1 ^= s->v2, s->v2 = mc_sip_rotate(s->v2, 32);
}

static inline void mc_sip_absorb(mc_sip *s, uint64_t message) {
  s->v3 ^= message;
  mc_sip_compress(s);
  s->v0 ^= message;
}

/* Bytes are little-endian, whatever the machine. Compilers make one load of each; of a loop they do not. */
static inline uint64_t mc_sip_half(const unsigned char *at) {
  return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
}

static inline uint64_t mc_sip_word(const unsigned char *at) {
  return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 | (uint64_t)at[4] << 32 |
         (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

/* The bytes, fewer than 8, that whole words leave. Without a loop, whose end would be guessed wrongly: a load that ends
 * where they do, or two that overlap. */
static inline uint64_t mc_sip_rest(const unsigned char *at, size_t left, size_t size) {
  if (!left) return 0;
  if (size >= 8) return mc_sip_word(at + left - 8) >> (64 - 8 * left);
  if (left >= 4) return mc_sip_half(at) | mc_sip_half(at + left - 4) << (8 * (left - 4));
  return (uint64_t)at[0] | (uint64_t)at[left / 2] << (8 * (left / 2)) | (uint64_t)at[left - 1] << (8 * (left - 1));
}

static inline uint64_t mc_siphash(const void *data, size_t size, const uint64_t key[2]) {
  mc_sip s = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
              key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
  const unsigned char *at = data;
  size_t left = size;
  for (; left >= 8; left -= 8, at += 8) mc_sip_absorb(&s, mc_sip_word(at));
  mc_sip_absorb(&s, (uint64_t)size << 56 | mc_sip_rest(at, left, size));
  s.v2 ^= 0xff;
  for (int i = 0; i < 3; i++) mc_sip_compress(&s);
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

#endif
