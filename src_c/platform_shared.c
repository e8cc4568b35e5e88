/* The file behind a shared state: mapped, and locked by bytes that stand for it (0) and for its slots (1 and on). Locks of
 * an open file description are given back by the kernel when the last process that has it is gone, however it ended,
 * and they are seen across containers, which process numbers are not. */
#define _GNU_SOURCE

#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Elsewhere locks are the process's: nothing else may then open and close the file in it, which the bindings see to. */
#ifndef F_OFD_SETLK
#define F_OFD_SETLK F_SETLK
#define F_OFD_SETLKW F_SETLKW
#define F_OFD_GETLK F_GETLK
#endif

typedef struct mapped {
  int fd;
  void *memory;
  size_t size;
} mapped;

static mc_code refuse(mc_error *error, mc_code code, const char *message) {
  *error = (mc_error){.code = code};
  snprintf(error->message, sizeof error->message, "%s", message);
  return code;
}

static mc_code refuse_by_system(mc_error *error, mc_code code, const char *what) {
  char message[sizeof error->message];
  snprintf(message, sizeof message, "%s: %s", what, strerror(errno));
  return refuse(error, code, message);
}

static int lock_bytes(const mapped *file, int command, short type, uint32_t from, uint32_t count) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = count};
  int result;
  do result = fcntl(file->fd, command, &lock);
  while (result < 0 && errno == EINTR);
  return result < 0 ? -1 : lock.l_type != F_UNLCK;
}

static void lock(void *context) { lock_bytes(context, F_OFD_SETLKW, F_WRLCK, 0, 1); }

static void unlock(void *context) { lock_bytes(context, F_OFD_SETLK, F_UNLCK, 0, 1); }

static bool claim(void *context, uint32_t slot) { return lock_bytes(context, F_OFD_SETLK, F_WRLCK, slot, 1) >= 0; }

/* Where the system does not say, nothing is taken from anybody. */
static bool alive(void *context, uint32_t slot) { return lock_bytes(context, F_OFD_GETLK, F_WRLCK, slot, 1) != 0; }

static bool reserve(void *context, uint64_t offset, uint64_t size) {
#ifdef __APPLE__
  (void)context, (void)offset, (void)size;
  return true;
#else
  const mapped *file = context;
  int result;
  do result = posix_fallocate(file->fd, (off_t)offset, (off_t)size);
  while (result == EINTR);
  return result == 0;
#endif
}

static uint64_t now(void *context) {
  (void)context;
  return mc_platform_now_ns();
}

static void pause_for(void *context, uint32_t turn) {
  (void)context;
  if (turn < 16) return;
  if (turn < 256) {
    sched_yield();
    return;
  }
  const struct timespec while_ = {.tv_nsec = 50000};
  nanosleep(&while_, NULL);
}

static mc_code map(mapped *file, mc_error *error) {
  struct stat about;
  if (fstat(file->fd, &about)) return refuse_by_system(error, MC_INVALID, "cannot be looked at");
  file->size = (size_t)about.st_size;
  file->memory = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
  if (file->memory == MAP_FAILED) {
    file->memory = NULL;
    return refuse_by_system(error, MC_NO_MEMORY, "cannot be mapped into memory");
  }
  return MC_OK;
}

/* Of a size, and nothing in it but that it is begun: not even for an instant may it look like somebody else's file. */
static mc_code empty(const mapped *file, uint64_t size, uint32_t workers, mc_error *error) {
  const uint64_t begun = MC_SHARED_UNFINISHED;
  if (ftruncate(file->fd, 0) || pwrite(file->fd, &begun, sizeof begun, 0) != sizeof begun ||
      ftruncate(file->fd, (off_t)size))
    return refuse_by_system(error, MC_INVALID, "cannot have its size");
  if (reserve((void *)file, 0, mc_shared_least(workers))) return MC_OK;
  return refuse(error, MC_LIMIT, "cannot have memory: its filesystem is full");
}

/* With the file locked. One that a process began and did not finish is begun again; so is one of an earlier start of the
 * machine, whose processes and whose clock are gone. */
static mc_code open_file(mapped *file, uint64_t size, uint32_t workers, const uint8_t *boot, mc_error *error) {
  struct stat about;
  if (fstat(file->fd, &about)) return refuse_by_system(error, MC_INVALID, "cannot be looked at");
  mc_code code = about.st_size ? MC_OK : empty(file, size, workers, error);
  if (!code) code = map(file, error);
  if (code) return code;
  if (!mc_shared_is_unfinished(file->memory, file->size)) {
    code = mc_shared_check(file->memory, file->size, error);
    if (code) return code;
    if (mc_shared_is_of_boot(file->memory, boot)) return MC_OK;
    if (lock_bytes(file, F_OFD_GETLK, F_WRLCK, 1, MC_SHARED_MAX_WORKERS))
      return refuse(error, MC_INVALID, "is used by another machine: it belongs on a filesystem of this one");
  }
  munmap(file->memory, file->size);
  file->memory = NULL;
  code = empty(file, size, workers, error);
  if (!code) code = map(file, error);
  if (!code) mc_shared_format(file->memory, file->size, workers, boot);
  return code;
}

static void close_file(mapped *file) {
  if (file->memory) munmap(file->memory, file->size);
  close(file->fd);
  free(file);
}

static mc_shared *enter(mapped *file, mc_error *error) {
  const mc_shared_calls calls = {file, lock, unlock, claim, alive, reserve, now, pause_for};
  mc_shared *shared = mc_shared_new(file->memory, file->size, &calls, error);
  if (!shared || mc_shared_enter(shared, (uint32_t)getpid())) return shared;
  refuse(error, MC_LIMIT, "is used by as many processes as it has places for; make it with more (workers=)");
  mc_shared_free(shared);
  return NULL;
}

mc_shared *mc_platform_shared_open(int fd, uint64_t size, uint32_t workers, const uint8_t *boot, mc_error *error) {
  mapped *file = malloc(sizeof *file);
  if (!file) {
    close(fd);
    refuse(error, MC_NO_MEMORY, "out of memory");
    return NULL;
  }
  *file = (mapped){.fd = fd};
  mc_shared *shared = NULL;
  if (lock_bytes(file, F_OFD_SETLKW, F_WRLCK, 0, 1) < 0) {
    refuse(error, MC_INVALID, "cannot be locked: its filesystem has no locks");
  } else {
    mc_code code = open_file(file, size, workers, boot, error);
    unlock(file);
    if (!code) shared = enter(file, error);
  }
  if (!shared) close_file(file);
  return shared;
}

bool mc_platform_shared_forked(mc_shared *shared, int fd) {
  mapped *file = mc_shared_context(shared);
  /* Memory holds on to the description that it was mapped by, as the descriptor does; both would keep the locks of the
   * parent when that is dead. */
  bool ok = fd >= 0 && mmap(file->memory, file->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED;
  close(file->fd);
  file->fd = fd;
  mc_shared_forked(shared, file);
  return ok && mc_shared_enter(shared, (uint32_t)getpid());
}

void mc_platform_shared_close(mc_shared *shared) {
  if (!shared) return;
  mapped *file = mc_shared_context(shared);
  mc_shared_leave(shared);
  mc_shared_free(shared);
  close_file(file);
}
