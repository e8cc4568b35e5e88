/* What the tests of shared states share: one in memory that forked children share, and processes that are made up, or
 * are killed before any instruction of theirs. */
#ifndef MC_SHARED_SUPPORT_H
#define MC_SHARED_SUPPORT_H

#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/slice.h"
#include "check.h"
#include "shared/segment.h"

/* Said at once: what is still in the buffer a fork would say again. */
static inline void check_note(const char *text) {
  printf("(%s) ", text);
  fflush(stdout);
}

/* The calls of a machine of the test's own. */
typedef struct world {
  atomic_bool locked;
  atomic_bool lives[MC_SHARED_MAX_WORKERS + 1];
  _Atomic(uint64_t) now_ns, reserved; /* the most that was asked for */
  _Atomic(uint64_t) room;             /* of what there is */
  uint64_t size;
  alignas(4096) char memory[];
} world;

static inline void world_lock(void *context) {
  world *w = context;
  while (atomic_exchange(&w->locked, true)) sched_yield();
}

static inline void world_unlock(void *context) { atomic_store(&((world *)context)->locked, false); }

static inline bool world_claim(void *context, uint32_t slot) {
  return !atomic_exchange(&((world *)context)->lives[slot], true);
}

static inline bool world_alive(void *context, uint32_t slot) { return atomic_load(&((world *)context)->lives[slot]); }

static inline bool world_reserve(void *context, uint64_t offset, uint64_t size) {
  world *w = context;
  if (offset + size > atomic_load(&w->room)) return false;
  atomic_store(&w->reserved, offset + size);
  return true;
}

static inline uint64_t world_now(void *context) { return atomic_load(&((world *)context)->now_ns); }

static inline void world_pause(void *context, uint32_t turn) { (void)context, (void)turn, sched_yield(); }

static const uint8_t boot[MC_SHARED_BOOT_BYTES] = "this very boot";

static inline void world_reset(world *w, uint32_t workers) {
  const uint64_t size = w->size;
  memset((void *)w, 0, sizeof *w + size);
  w->size = size;
  mc_shared_format(w->memory, w->size, workers, boot);
  atomic_store(&w->room, w->size);
  atomic_store(&w->now_ns, 1000000000);
}

static inline world *world_new(uint64_t size, uint32_t workers) {
  world *w = mmap(NULL, sizeof *w + size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (w == MAP_FAILED) abort();
  w->size = size;
  world_reset(w, workers);
  return w;
}

static inline void world_free(world *w) { munmap(w, sizeof *w + w->size); }

/* A process's view of it, with a slot; NULL where there is none. */
static inline mc_shared *join(world *w) {
  const mc_shared_calls calls = {w, world_lock, world_unlock, world_claim, world_alive, world_reserve, world_now, world_pause};
  mc_error error;
  mc_shared *shared = mc_shared_new(w->memory, w->size, &calls, &error);
  if (!shared || mc_shared_enter(shared, (uint32_t)getpid())) return shared;
  mc_shared_free(shared);
  return NULL;
}

/* As if the process were killed: what it holds stays, and it is dead. */
static inline void die(world *w, mc_shared *shared) {
  atomic_store(&w->lives[mc_shared_slot_number(shared)], false);
  mc_shared_free(shared);
}

/* Runs a function in a child that is killed before its instruction of that number, counted from the function's first.
 * 1: it was; 0: the function ended before; -1: the system does not let us. */
static inline int kill_at(void (*function)(void *), void *argument, long instruction) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  if (instruction >= 0) return -1; /* theirs are too many */
#endif
  pid_t pid = fork();
  if (pid == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL)) _exit(99);
    raise(SIGSTOP);
    function(argument);
    raise(SIGUSR1);
    _exit(98);
  }
  int status;
  if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) return -1;
  int result = 1;
  for (long i = 0; i < instruction && result == 1; i++) {
    if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) || waitpid(pid, &status, 0) != pid) result = -1;
    else if (!WIFSTOPPED(status)) return -1;
    else if (WSTOPSIG(status) == SIGUSR1) result = 0;
  }
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  return result;
}

#endif
