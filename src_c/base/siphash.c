#include "base/siphash.h"

#include <string.h>

static inline uint64_t rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

/* Bytes are little-endian, whatever the machine. Compilers make one load of it. */
static inline uint64_t word(const unsigned char *at) {
  uint64_t value = 0;
  for (int i = 0; i < 8; i++) value |= (uint64_t)at[i] << (8 * i);
  return value;
}

typedef struct state {
  uint64_t v0, v1, v2, v3;
} state;

static inline void compress(state *s) {
  s->v0 += s->v1, s->v1 = rotate(s->v1, 13), s->v1 ^= s->v0, s->v0 = rotate(s->v0, 32);
  s->v2 += s->v3, s->v3 = rotate(s->v3, 16), s->v3 ^= s->v2;
  s->v0 += s->v3, s->v3 = rotate(s->v3, 21), s->v3 ^= s->v0;
  s->v2 += s->v1, s->v1 = rotate(s->v1, 17), s->v1 ^= s->v2, s->v2 = rotate(s->v2, 32);
}

static inline void absorb(state *s, uint64_t message) {
  s->v3 ^= message;
  compress(s);
  s->v0 ^= message;
}

uint64_t mc_siphash(const void *data, size_t size, const uint64_t key[2]) {
  state s = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
             key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
  const unsigned char *at = data;
  size_t left = size;
  for (; left >= 8; left -= 8, at += 8) absorb(&s, word(at));
  uint64_t last = (uint64_t)size << 56;
  if (left & 4) {
    last |= (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
    for (size_t i = 4; i < left; i++) last |= (uint64_t)at[i] << (8 * i);
  } else {
    for (size_t i = 0; i < left; i++) last |= (uint64_t)at[i] << (8 * i);
  }
  absorb(&s, last);
  s.v2 ^= 0xff;
  for (int i = 0; i < 3; i++) compress(&s);
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
