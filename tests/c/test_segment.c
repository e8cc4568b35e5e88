#include "shared_support.h"

#include "shared/segment.h"

#include "shared/regions.h"

enum { SIZE = 64 * 1024, WORKERS = 5 };

static world *w;

static void test_made_and_checked(void) {
  mc_error error;
  CHECK_INT(mc_shared_check(w->memory, SIZE, &error), MC_OK);
  CHECK(!mc_shared_is_unfinished(w->memory, SIZE));
  CHECK(mc_shared_is_of_boot(w->memory, boot));
  CHECK(!mc_shared_is_of_boot(w->memory, (const uint8_t *)"another start of"));
  memset(w->memory, 0, SIZE);
  CHECK(!mc_shared_is_unfinished(w->memory, SIZE)); /* of whoever begins with zeros */
  memcpy(w->memory, &(uint64_t){MC_SHARED_UNFINISHED}, 8);
  CHECK(mc_shared_is_unfinished(w->memory, 8));
  CHECK(!mc_shared_is_unfinished(w->memory, 7));
  CHECK_INT(mc_shared_check(w->memory, SIZE, &error), MC_INVALID);
  world_reset(w, WORKERS);
}

static void says(const char *wanted) {
  mc_error error = {.code = MC_OK};
  CHECK_INT(mc_shared_check(w->memory, SIZE, &error), MC_INVALID);
  CHECK(strstr(error.message, wanted) != NULL);
  world_reset(w, WORKERS);
}

static void test_what_is_wrong_is_said(void) {
  mc_shared_header *header = (mc_shared_header *)(void *)w->memory;
  mc_error error;
  CHECK_INT(mc_shared_check(w->memory, 100, &error), MC_INVALID);
  CHECK(strstr(error.message, "too short") != NULL);
  header->magic++;
  says("no shared state");
  header->layout++;
  says("another version");
  header->size--;
  says("header");
  header->boot[3] ^= 1;
  says("header");
  header->seal ^= 1;
  says("header");
  CHECK_INT(mc_shared_check(w->memory, SIZE - 128, &error), MC_INVALID);
  CHECK(strstr(error.message, "truncated") != NULL);
  header->workers = 0;
  says("header");
  header->workers = 1000;
  says("header");
  header->end += 8;
  says("regions");
  header->end = 0;
  says("where its regions end");
  header->end = UINT64_MAX;
  says("regions");
}

static void test_slots(void) {
  mc_shared *all[WORKERS];
  for (int i = 0; i < WORKERS; i++) {
    all[i] = join(w);
    CHECK_INT(mc_shared_slot_number(all[i]), i + 1);
  }
  CHECK(join(w) == NULL); /* as many as there can be */
  CHECK_INT(mc_shared_pid(all[0], 3), getpid());
  CHECK_INT(mc_shared_pid(all[0], 0), 0);
  CHECK_INT(mc_shared_pid(all[0], 99), 0);
  CHECK_INT(mc_shared_status_of(all[0]).in_use, WORKERS);
  die(w, all[1]);
  mc_shared *next = join(w);
  CHECK_INT(mc_shared_slot_number(next), 2);
  mc_shared_leave(all[3]);
  CHECK_INT(mc_shared_slot_number(all[3]), 0);
  CHECK_INT(mc_shared_pid(all[0], 4), 0);
  mc_shared_leave(all[3]); /* once is enough */
  mc_shared_free(all[3]);
  mc_shared_free(all[0]), mc_shared_free(all[2]), mc_shared_free(all[4]), mc_shared_free(next);
  mc_shared_free(NULL);
  world_reset(w, WORKERS);
}

static void test_memory_runs_out(void) {
  const mc_shared_calls calls = {w, world_lock, world_unlock, world_claim, world_alive, world_reserve, world_now, world_pause};
  mc_error error;
  check_memory(0);
  CHECK(mc_shared_new(w->memory, SIZE, &calls, &error) == NULL);
  check_memory(-1);
  CHECK_INT(error.code, MC_NO_MEMORY);
}

/* Every byte of the header and of a region's, and every bit of what is in them: whatever comes of it, nothing outside
 * is read (a sanitizer, or the pages that are not there, would tell). */
static void test_damage_anywhere(void) {
  static const mc_shared_form form = {.kind = MC_SHARED_CLUSTER, .held = {8, 3, 2, 32}, .lock = 0, .version = 80};
  char good[8192];
  mc_error error;
  mc_shared *shared = join(w);
  CHECK(mc_region_find(shared, &form, (mc_slice){"one", 3}, 96, NULL, &error) != NULL);
  CHECK(mc_region_find(shared, &form, (mc_slice){"two", 3}, 96, NULL, &error) != NULL);
  mc_shared_leave(shared);
  mc_shared_free(shared);
  memcpy(good, w->memory, sizeof good);
  uint64_t refused = 0;
  for (size_t at = 0; at < sizeof good; at++) {
    for (int bit = 0; bit < 8; bit++) {
      memcpy(w->memory, good, sizeof good);
      w->memory[at] ^= (char)(1 << bit);
      memset((void *)w->lives, 0, sizeof w->lives);
      if (mc_shared_check(w->memory, SIZE, &error)) {
        refused++;
        continue;
      }
      shared = join(w);
      if (!shared) continue; /* the slots are damaged, and all used */
      mc_shared_reclaim(shared);
      mc_region_find(shared, &form, (mc_slice){"two", 3}, 96, NULL, &error);
      mc_region_find(shared, &form, (mc_slice){"three", 5}, 96, NULL, &error);
      mc_shared_leave(shared);
      mc_shared_free(shared);
    }
  }
  CHECK(refused > 500);
  world_reset(w, WORKERS);
}

int main(void) {
  w = world_new(SIZE, WORKERS);
  test_made_and_checked();
  test_what_is_wrong_is_said();
  test_slots();
  test_memory_runs_out();
  test_damage_anywhere();
  world_free(w);
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
