/* State that the processes of one machine share: one piece of memory, a file's, that all of them have mapped.
 *
 *   header    what it is, and who may read it
 *   slots     one for each process that uses it; a slot's number (from 1) is the *owner* of what the process holds
 *   regions   named, one behind the other; `end` publishes them
 *
 * A region is written in full before `end` moves behind it, so that whoever dies meanwhile leaves nothing: the next one
 * writes over it. All that changes the list happens under the caller's file lock (mc_shared_calls), which the system
 * takes back from whoever dies. Everything else is atomics.
 *
 * Nothing that is read of the memory is believed, since a file may be damaged. What stays as it was made (the header, what a
 * region says of itself, a limiter's parameters) has a *seal*, a hash, and is refused where that is not right. What
 * changes (counts, times, who uses what) may be wrong, but is never used as a place, an index, a divisor or a number of
 * turns without being bounded: wrong numbers make wrong answers, and nothing worse.
 */
#ifndef MC_SHARED_SEGMENT_H
#define MC_SHARED_SEGMENT_H

#include <stdalign.h>
#include <stdatomic.h>

#include "meshcore.h"

enum { MC_SHARED_ALIGNMENT = 128, MC_SHARED_USER_WORDS = (MC_SHARED_MAX_WORKERS + 64) / 64 };

typedef struct mc_shared_slot {
  _Atomic(uint32_t) used; /* a process has it, or had it and left something behind */
  uint32_t pid;           /* for those who look */
} mc_shared_slot;

typedef struct mc_shared_header {
  _Atomic(uint64_t) magic; /* written last */
  uint64_t layout;         /* of all that follows, as this build of the core has it */
  uint64_t size;
  uint64_t workers; /* slots */
  uint8_t boot[MC_SHARED_BOOT_BYTES];
  uint64_t seal;                /* of all before it but `magic` */
  _Atomic(uint64_t) end;        /* of the regions */
  _Atomic(uint64_t) generation; /* how often a region was given another name */
  alignas(64) _Atomic(uint64_t) looked_ns; /* when somebody last looked for dead owners */
  alignas(64) mc_shared_slot slot[];
} mc_shared_header;

/* What is counted in a region by owner: `count` counters in each of `groups`, whose words begin at `offset`, one group
 * `stride` bytes behind the other. */
typedef struct mc_shared_held {
  uint32_t offset, count, groups, stride;
} mc_shared_held;

#define MC_NOWHERE UINT32_MAX

/* The kinds of regions; their numbers are part of the layout. */
typedef enum mc_shared_kind {
  MC_SHARED_LIMITER = 1,
  MC_SHARED_BUCKET,
  MC_SHARED_CLUSTER,
  MC_SHARED_HOST,
  MC_SHARED_TOKENS, /* of an engine's rate limits */
  MC_SHARED_KINDS
} mc_shared_kind;

/* What regions of one kind have in common. Places are bytes from where a region's data begin. */
typedef struct mc_shared_form {
  mc_shared_kind kind;
  bool begins_anew; /* where nobody has used it since; else it keeps what it holds */
  mc_shared_held held;
  uint32_t lock;    /* an _Atomic(uint32_t), shared/lock.h; MC_NOWHERE: none */
  uint32_t version; /* an _Atomic(uint64_t) that moves on where an owner of the lock has died; MC_NOWHERE: none */
  void (*init)(void *data, const void *argument); /* of memory that is all zero; NULL: that will do */
} mc_shared_form;

/* Behind it, at MC_REGION_DATA, the data; then the columns, aligned, and then the name. */
typedef struct mc_region {
  uint64_t bytes, not_bytes; /* of all of it, for good; and its complement */
  _Atomic(uint64_t) seal;    /* of what follows, without the users, and of the name; 0: the region is nobody's */
  uint64_t hash;             /* of kind, name and size */
  uint64_t data_size;
  mc_shared_held held;
  uint32_t lock, version;
  uint32_t kind, name_size;
  _Atomic(uint64_t) users[MC_SHARED_USER_WORDS]; /* a bit for each slot */
} mc_region;

enum { MC_REGION_DATA = MC_SHARED_ALIGNMENT };

/* A process's own view of it. */
struct mc_shared {
  mc_shared_header *at;
  uint64_t size; /* of the memory, whatever the header says later */
  uint32_t workers;
  _Atomic(uint32_t) slot; /* its own; 0: none */
  mc_shared_calls calls;
  atomic_flag busy;    /* the file lock does not tell threads apart */
  atomic_uint changes; /* of counts, so that the dead are looked for now and then */
  struct mc_region_entry *entries; /* shared/regions.c */
  uint64_t mask, count;
  uint64_t seen, generation; /* of the regions that are in it */
};

/* The file's lock, and this process's own. */
void mc_shared_lock(mc_shared *shared);
void mc_shared_unlock(mc_shared *shared);

/* The region at that place, somebody's or nobody's; NULL: it is damaged. Under mc_shared_lock. */
mc_region *mc_region_at(const mc_shared *shared, uint64_t offset);
/* What its seal has to be. */
uint64_t mc_region_seal(const mc_region *region, uint32_t workers);

static inline bool mc_region_is_free(const mc_region *region) { return !atomic_load(&region->seal); }

static inline uint64_t mc_shared_aligned(uint64_t size) {
  return (size + MC_SHARED_ALIGNMENT - 1) / MC_SHARED_ALIGNMENT * MC_SHARED_ALIGNMENT;
}

/* Places from where a region begins. */
static inline uint64_t mc_region_columns_place(uint64_t data_size) { return mc_shared_aligned(MC_REGION_DATA + data_size); }

static inline uint64_t mc_region_name_place(uint64_t data_size, const mc_shared_held *held, uint32_t workers) {
  return mc_region_columns_place(data_size) + (uint64_t)held->count * held->groups * workers * sizeof(uint64_t);
}

static inline uint64_t mc_shared_first(const mc_shared *shared) {
  return mc_shared_aligned(sizeof(mc_shared_header) + (uint64_t)shared->workers * sizeof(mc_shared_slot));
}

/* Where the regions end; never behind the memory. */
static inline uint64_t mc_shared_end(const mc_shared *shared) {
  uint64_t end = atomic_load(&shared->at->end);
  return end < shared->size ? end : shared->size;
}

static inline mc_shared_slot *mc_shared_slot_of(const mc_shared *shared, uint32_t number) {
  return &shared->at->slot[number - 1];
}

#endif
