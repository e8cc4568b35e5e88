/* The clock and entropy of the machine: for the bindings, which hand both to the core as arguments.
 * Nothing else in src_c/ may include this. */
#ifndef MC_PLATFORM_H
#define MC_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds of a clock that never goes back. */
uint64_t mc_platform_now_ns(void);

/* Seconds since 1970, as the machine's clock has it: it may go back. */
uint64_t mc_platform_unix_s(void);

/* size bytes fit for secrets; false where the machine has none to give. */
bool mc_platform_random(void *out, size_t size);

/* A source of seeds for random choices: one atomic addition a draw, safe from many threads at once.
 * Parent and child draw different seeds after a fork. Not for secrets. */
typedef struct mc_entropy mc_entropy;

/* NULL where memory or the machine's randomness is out. */
mc_entropy *mc_entropy_new(void);
void mc_entropy_free(mc_entropy *entropy);
uint64_t mc_entropy_next(mc_entropy *entropy);

#endif
