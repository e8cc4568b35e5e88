/* Arithmetic that C has not, or not as fast. */
#ifndef MC_BASE_NUMBERS_H
#define MC_BASE_NUMBERS_H

#include <stdint.h>

/* x, from 0 to 2^63, rounded up; as ceil() of libm, without it. */
static inline double mc_ceil(double x) {
  double whole = (double)(uint64_t)x;
  return whole < x ? whole + 1 : whole;
}

/* The upper half of a 128-bit product. */
static inline uint64_t mc_mulhi64(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
  __extension__ typedef unsigned __int128 wide;
  return (uint64_t)(((wide)a * b) >> 64);
#else
  uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
  uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
  return a1 * b1 + (middle >> 32) + ((a0 * b1 + (uint32_t)middle) >> 32);
#endif
}

/* Division by a number that stays the same (Barrett, "Implementing the Rivest Shamir and Adleman public key
 * encryption algorithm on a standard digital signal processor", 1986). */
typedef struct mc_divisor {
  uint64_t by;         /* at least 2 */
  uint64_t reciprocal; /* 2^64 / by, rounded down */
} mc_divisor;

static inline mc_divisor mc_divisor_of(uint64_t by) {
  uint64_t reciprocal = UINT64_MAX / by;
  /* UINT64_MAX is one less than 2^64: that counts for powers of two alone. */
  if (UINT64_MAX - reciprocal * by == by - 1) reciprocal++;
  return (mc_divisor){by, reciprocal};
}

/* number % by: the estimated quotient is right or one too small. */
static inline uint64_t mc_divisor_rest(const mc_divisor *divisor, uint64_t number) {
  uint64_t rest = number - mc_mulhi64(number, divisor->reciprocal) * divisor->by;
  return rest >= divisor->by ? rest - divisor->by : rest;
}

#endif
