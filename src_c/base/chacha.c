#include "base/chacha.h"

/* Four blocks side by side, a word of each in one vector. */
enum { LANES = 4, STATE = 16, DOUBLE_ROUNDS = 10 };

typedef uint32_t lanes __attribute__((vector_size(LANES * sizeof(uint32_t))));

static inline lanes rotated(lanes x, int bits) { return x << bits | x >> (32 - bits); }

static inline void quarter_round(lanes *a, lanes *b, lanes *c, lanes *d) {
  *a += *b, *d = rotated(*d ^ *a, 16);
  *c += *d, *b = rotated(*b ^ *c, 12);
  *a += *b, *d = rotated(*d ^ *a, 8);
  *c += *d, *b = rotated(*b ^ *c, 7);
}

static inline lanes each(uint32_t word) { return (lanes){word, word, word, word}; }

void mc_chacha_blocks(const uint32_t key[MC_CHACHA_KEY], uint32_t counter, uint32_t out[MC_CHACHA_WORDS]) {
  static const uint32_t constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}; /* "expand 32-byte k" */
  lanes start[STATE], x[STATE];
  for (int i = 0; i < 4; i++) start[i] = each(constants[i]);
  for (int i = 0; i < MC_CHACHA_KEY; i++) start[4 + i] = each(key[i]);
  start[12] = each(counter) + (lanes){0, 1, 2, 3};
  start[13] = start[14] = start[15] = each(0);
  for (int i = 0; i < STATE; i++) x[i] = start[i];
  for (int round = 0; round < DOUBLE_ROUNDS; round++) {
    for (int i = 0; i < 4; i++) quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
    for (int i = 0; i < 4; i++) quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
  }
  for (int word = 0; word < STATE; word++) {
    x[word] += start[word];
    for (int i = 0; i < LANES; i++) out[STATE * i + word] = x[word][i];
  }
}
