/* SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, with one round for each word and
 * three to finish, as CPython and Rust have it in their tables): who does not know the key finds no two texts that
 * share a value. */
#ifndef MC_BASE_SIPHASH_H
#define MC_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t mc_siphash(const void *data, size_t size, const uint64_t key[2]);

#endif
