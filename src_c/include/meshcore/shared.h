/* State that processes share: memory that those of one machine have mapped, with limits, counts and ejections in it.
 * See shared/segment.h.
 *
 * Each process takes one of its slots, by which the others know what it holds: where it has died, that is taken
 * back.
 */
#ifndef MESHCORE_SHARED_H
#define MESHCORE_SHARED_H

#include "meshcore/limit.h"

typedef struct mc_shared mc_shared;

enum { MC_SHARED_MAX_WORKERS = 254, MC_SHARED_BOOT_BYTES = 16, MC_SHARED_LAYOUT = 2 };

/* What the caller does for the core, which knows no files. */
typedef struct mc_shared_calls {
  void *context;
  /* Keeps all other processes out, until it is given back or this process dies. The core keeps its own threads out. */
  void (*lock)(void *context);
  void (*unlock)(void *context);
  /* Takes a slot for as long as this process lives; false: another one has it. */
  bool (*claim)(void *context, uint32_t slot);
  /* Whether the process that claimed it lives. */
  bool (*alive)(void *context, uint32_t slot);
  /* Sees to it that there is memory behind these bytes; false: there is none. */
  bool (*reserve)(void *context, uint64_t offset, uint64_t size);
  uint64_t (*now)(void *context);             /* nanoseconds */
  void (*pause)(void *context, uint32_t turn); /* before another look at what somebody else holds */
} mc_shared_calls;

/* Makes memory that is all zero but for MC_SHARED_UNFINISHED a shared state of nothing. boot: what tells one start of the machine from the next. */
void mc_shared_format(void *memory, uint64_t size, uint32_t workers, const uint8_t *boot);
/* The size of a shared state of nothing. */
uint64_t mc_shared_least(uint32_t workers);
/* What stands at the beginning of memory that is being made a shared state, and of no file of anybody else's: whoever
 * dies meanwhile leaves it, and what follows is worth nothing. */
#define MC_SHARED_UNFINISHED UINT64_C(0x6e696765626d6d63) /* "cmmbegin" */
bool mc_shared_is_unfinished(const void *memory, uint64_t size);
bool mc_shared_is_of_boot(const void *memory, const uint8_t *boot);
/* MC_OK, or what is wrong with it, to be said behind its name: "is truncated". */
mc_code mc_shared_check(const void *memory, uint64_t size, mc_error *error);

/* This process's view of it; NULL: error says why. The memory stays the caller's. */
mc_shared *mc_shared_new(void *memory, uint64_t size, const mc_shared_calls *calls, mc_error *error);
void mc_shared_free(mc_shared *shared);
/* Takes a slot, those of the dead being free. False: as many processes use it as can. */
bool mc_shared_enter(mc_shared *shared, uint32_t pid);
/* Gives all back that this process holds, and its slot. */
void mc_shared_leave(mc_shared *shared);
/* In the child of a fork, before mc_shared_enter: what the parent holds stays the parent's. */
void mc_shared_forked(mc_shared *shared, void *context);
void *mc_shared_context(const mc_shared *shared); /* of its calls */
/* Takes back what the dead held; how many of them. It is done where a limit refuses, too, and now and then. */
uint32_t mc_shared_reclaim(mc_shared *shared);

typedef struct mc_shared_status {
  uint64_t size, used; /* bytes */
  uint64_t regions;
  uint32_t workers; /* how many processes there may be */
  uint32_t in_use;  /* how many there are, or have died and were not yet seen to */
} mc_shared_status;

mc_shared_status mc_shared_status_of(mc_shared *shared);
/* This process's slot, from 1; 0: it has none. */
uint32_t mc_shared_slot_number(const mc_shared *shared);
/* The process that has a slot; 0: nobody. */
uint32_t mc_shared_pid(const mc_shared *shared, uint32_t slot);

/* The limiter or the bucket of that name and of these parameters, made where there is none: with others it is another
 * one. They keep what they owe while nobody uses them. NULL: error says why. */
mc_limiter *mc_shared_limiter(mc_shared *shared, mc_slice name, uint64_t capacity, const mc_limit *limit,
                              const uint8_t *secret, mc_error *error);
mc_bucket *mc_shared_bucket(mc_shared *shared, mc_slice name, const mc_limit *limit, mc_error *error);
void mc_shared_release_limiter(mc_shared *shared, mc_limiter *limiter);
void mc_shared_release_bucket(mc_shared *shared, const mc_bucket *bucket);

#endif
