/* The file of a shared state; tests/shared/ has those that are wrong, and processes that come and go. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "platform.h"

enum { SIZE = 1 << 20, WORKERS = 3 };

static const uint8_t boot[MC_SHARED_BOOT_BYTES] = "this very boot";
static char path[] = "/tmp/meshcore-test-XXXXXX";

static mc_shared *opened(mc_error *error) {
  return mc_platform_shared_open(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), SIZE, WORKERS, boot, error);
}

static void test_made_once_and_opened_by_many(void) {
  mc_error error;
  mc_shared *one = opened(&error), *two = opened(&error), *three = opened(&error);
  CHECK(one && two && three);
  CHECK(opened(&error) == NULL);
  CHECK(strstr(error.message, "as many processes") != NULL);
  CHECK_INT(mc_shared_slot_number(two), 2);
  mc_platform_shared_close(two);
  two = opened(&error);
  CHECK_INT(mc_shared_slot_number(two), 2);
  CHECK_INT(mc_shared_reclaim(one), 0); /* they live, though in one process */
  mc_platform_shared_close(one), mc_platform_shared_close(two), mc_platform_shared_close(three);
  mc_platform_shared_close(NULL);
}

static void test_memory_is_taken_as_it_is_used(void) {
  const mc_token_bucket shape = {5, 1, 1000};
  const uint8_t secret[16] = "a secret of ours";
  mc_limit limit;
  mc_error error;
  struct stat before, after;
  mc_limit_make(&shape, &limit, &error);
  mc_shared *one = opened(&error);
  stat(path, &before);
  mc_limiter *limiter = mc_shared_limiter(one, (mc_slice){"a", 1}, 10000, &limit, secret, &error);
  CHECK(limiter != NULL);
  stat(path, &after);
  CHECK_INT(before.st_size, SIZE);
  CHECK((uint64_t)before.st_blocks * 512 < SIZE / 10);
  CHECK((uint64_t)after.st_blocks * 512 > mc_limiter_bytes(10000));
  mc_shared_release_limiter(one, limiter);
  mc_platform_shared_close(one);
}

static void test_a_fork_takes_a_place_of_its_own(void) {
  mc_error error;
  mc_shared *one = opened(&error);
  pid_t pid = fork();
  if (!pid) {
    bool ok = mc_platform_shared_forked(one, open(path, O_RDWR | O_CLOEXEC)) && mc_shared_slot_number(one) == 2;
    _exit(ok ? 0 : 1); /* without closing it */
  }
  int status;
  CHECK_INT(waitpid(pid, &status, 0), pid);
  CHECK_INT(status, 0);
  CHECK_INT(mc_shared_pid(one, 2), pid);
  CHECK_INT(mc_shared_reclaim(one), 1);
  CHECK_INT(mc_shared_pid(one, 2), 0);
  pid = fork();
  if (!pid) _exit(mc_platform_shared_forked(one, -1) ? 1 : 0);
  waitpid(pid, &status, 0);
  CHECK_INT(status, 0);
  mc_platform_shared_close(one);
}

static void test_what_cannot_be_opened(void) {
  mc_error error;
  CHECK(mc_platform_shared_open(-1, SIZE, WORKERS, boot, &error) == NULL);
  CHECK(strstr(error.message, "cannot be locked") != NULL);
  CHECK(truncate(path, SIZE / 2) == 0);
  CHECK(opened(&error) == NULL);
  CHECK(strstr(error.message, "truncated") != NULL);
}

int main(void) {
  int fd = mkstemp(path);
  CHECK(fd >= 0);
  close(fd);
  test_made_once_and_opened_by_many();
  test_memory_is_taken_as_it_is_used();
  test_a_fork_takes_a_place_of_its_own();
  test_what_cannot_be_opened();
  unlink(path);
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
