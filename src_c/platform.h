/* The clock, entropy and shared memory of the machine: for the bindings, which hand them to the core.
 * Nothing else in src_c/ may include this. */
#ifndef MC_PLATFORM_H
#define MC_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meshcore.h"

/* Nanoseconds of a clock that never goes back. */
uint64_t mc_platform_now_ns(void);

/* Nanoseconds since 1970, as the machine's clock has it: it may go back. */
uint64_t mc_platform_unix_ns(void);

/* size bytes fit for secrets; false where the machine has none to give. */
bool mc_platform_random(void *out, size_t size);

/* A source of seeds for random choices: one atomic addition a draw, safe from many threads at once.
 * Parent and child draw different seeds after a fork. Not for secrets. */
typedef struct mc_entropy mc_entropy;

/* NULL where memory or the machine's randomness is out. */
mc_entropy *mc_entropy_new(void);
void mc_entropy_free(mc_entropy *entropy);
uint64_t mc_entropy_next(mc_entropy *entropy);
/* The same, where no other thread draws meanwhile. */
uint64_t mc_entropy_next_alone(mc_entropy *entropy);

/* The shared state in a file that is open for reading and writing; made where the file is empty. The descriptor is the
 * callee's from then on, whatever happens. boot: MC_SHARED_BOOT_BYTES that tell one start of the machine from the next.
 * NULL: error says why. */
mc_shared *mc_platform_shared_open(int fd, uint64_t size, uint32_t workers, const uint8_t *boot, mc_error *error);
/* In the child of a fork, before anything else: fd is the same file, opened anew. False: there is no place for it, and
 * nothing can be held. */
bool mc_platform_shared_forked(mc_shared *shared, int fd);
/* NULL is none. */
void mc_platform_shared_close(mc_shared *shared);
/* Random numbers fit for ids that nobody can guess, without a system call for each of them. By many threads at once;
 * after a fork the child has others. */
typedef struct mc_id_source mc_id_source;

/* NULL where memory or the machine's randomness is out. */
mc_id_source *mc_id_source_new(void);
void mc_id_source_free(mc_id_source *source);
/* Up to MC_ID_NUMBERS at once; false where the machine has no randomness to give. */
#define MC_ID_NUMBERS 8
bool mc_id_source_take(mc_id_source *source, uint64_t *out, size_t count);
/* The same, where no other thread takes any meanwhile. */
bool mc_id_source_take_alone(mc_id_source *source, uint64_t *out, size_t count);

#endif
