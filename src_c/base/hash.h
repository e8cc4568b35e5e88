/* Hash functions that must agree with Envoy's bit for bit; neither withstands an attacker without a
 * secret seed. */
#ifndef MC_BASE_HASH_H
#define MC_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH64, as github.com/Cyan4973/xxHash specifies it. */
uint64_t mc_xxh64(const void *data, size_t size, uint64_t seed);

/* MurmurHash2 for 64 bits with the finish of libstdc++'s std::hash, as Envoy's MURMUR_HASH_2 is.
 * MC_STD_HASH_SEED gives std::hash's values. */
#define MC_STD_HASH_SEED 0xc70f6907u
uint64_t mc_murmur2(const void *data, size_t size, uint64_t seed);

#endif
