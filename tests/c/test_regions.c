#include "shared_support.h"

#include "shared/held.h"
#include "shared/reclaim.h"
#include "shared/regions.h"

enum { SIZE = 64 * 1024, WORKERS = 5 };

static world *w;

static void begin(void *data, const void *argument) { *(uint64_t *)data = *(const uint64_t *)argument; }

static const mc_shared_form keeps = {.kind = MC_SHARED_LIMITER, .lock = MC_NOWHERE, .version = MC_NOWHERE, .init = begin};
static const mc_shared_form anew = {.kind = MC_SHARED_HOST, .begins_anew = true, .held = {8, 2, 1, 16}, .lock = MC_NOWHERE,
                                    .version = MC_NOWHERE, .init = begin};

static uint64_t *find(mc_shared *shared, const mc_shared_form *form, const char *name, uint64_t size) {
  static const uint64_t seven = 7;
  mc_error error = {.code = MC_OK};
  void *data = mc_region_find(shared, form, (mc_slice){name, strlen(name)}, size, &seven, &error);
  CHECK(data || error.message[0]);
  return data;
}

static void test_one_for_each_name(void) {
  mc_shared *one = join(w), *two = join(w);
  uint64_t *a = find(one, &keeps, "a", 64), *b = find(one, &keeps, "b", 64);
  CHECK(a && b && a != b);
  CHECK_INT((uintptr_t)a % MC_SHARED_ALIGNMENT, 0);
  CHECK_INT(*a, 7);
  *a = 8;
  CHECK(find(two, &keeps, "a", 64) == a);
  CHECK(find(one, &keeps, "a", 64) == a);
  CHECK_INT(*a, 8);
  CHECK(find(two, &keeps, "a", 128) != a);
  CHECK(find(two, &anew, "a", 64) != a);
  uint64_t *c = find(two, &keeps, "c", 64);
  CHECK(find(one, &keeps, "c", 64) == c);
  CHECK(find(one, &keeps, "", 64) != NULL);
  CHECK_INT(mc_shared_status_of(one).regions, 6);
  mc_shared_free(one), mc_shared_free(two);
  world_reset(w, WORKERS);
}

static void test_what_nobody_uses_begins_anew_or_stays(void) {
  mc_shared *one = join(w), *two = join(w);
  uint64_t *kept = find(one, &keeps, "a", 64), *fresh = find(one, &anew, "a", 64);
  CHECK(find(one, &anew, "a", 64) == fresh);
  *kept = *fresh = 9;
  mc_region_release(one, fresh);
  CHECK(find(two, &anew, "a", 64) == fresh);
  CHECK_INT(*fresh, 9); /* the first one had it twice */
  mc_region_release(one, fresh), mc_region_release(two, fresh), mc_region_release(one, kept);
  mc_region_release(two, NULL);
  mc_region_release(two, fresh); /* once too often does nothing */
  CHECK_INT(*find(two, &anew, "a", 64), 7);
  CHECK_INT(*find(two, &keeps, "a", 64), 9);
  *fresh = 10;
  die(w, two);
  CHECK_INT(mc_shared_reclaim(one), 1);
  CHECK_INT(*find(one, &anew, "a", 64), 7);
  mc_shared_free(one);
  world_reset(w, WORKERS);
}

static void test_room(void) {
  mc_shared *one = join(w), *two = join(w);
  mc_error error;
  uint64_t zero = 0;
  CHECK(mc_region_find(one, &keeps, MC_LITERAL("much"), UINT64_MAX - 64, &zero, &error) == NULL);
  CHECK_INT(error.code, MC_LIMIT);
  CHECK(mc_region_find(one, &keeps, MC_LITERAL("much"), SIZE, &zero, &error) == NULL);
  atomic_store(&w->room, SIZE / 2);
  char name[32];
  int made = 0;
  uint64_t *first = NULL;
  for (;; made++) {
    snprintf(name, sizeof name, "%d", made);
    uint64_t *data = mc_region_find(one, &keeps, (mc_slice){name, strlen(name)}, 256, &zero, &error);
    if (!data) break;
    if (!first) first = data;
  }
  CHECK(made > 20);
  CHECK(strstr(error.message, "filesystem is full") != NULL);
  atomic_store(&w->room, SIZE);
  for (;; made++) {
    snprintf(name, sizeof name, "%d", made);
    if (!mc_region_find(one, &keeps, (mc_slice){name, strlen(name)}, 256, &zero, &error)) break;
  }
  CHECK(strstr(error.message, "is full: of its 65536 bytes") != NULL);
  /* What nobody uses makes room, for something of about its size. */
  CHECK(find(two, &keeps, "0", 256) == first);
  *first = 99;
  mc_region_release(one, first);
  CHECK(find(one, &keeps, "more", 256) == NULL);
  mc_region_release(two, first);
  CHECK(find(one, &keeps, "much more", 4096) == NULL);
  CHECK(find(two, &keeps, "more", 256) == first);
  CHECK_INT(*first, 7);
  CHECK(find(one, &keeps, "more", 256) == first); /* who knew it by another name learns of it */
  CHECK(find(one, &keeps, "0", 256) == NULL);
  /* So do the dead. */
  die(w, one);
  CHECK(find(two, &keeps, "yet more", 256) != NULL);
  CHECK_INT(mc_shared_status_of(two).in_use, 1);
  mc_shared_free(two);
  world_reset(w, WORKERS);
}

static void test_many(void) {
  world *large = world_new(8 << 20, WORKERS);
  mc_shared *one = join(large), *two = join(large);
  uint64_t *all[3000];
  for (int i = 0; i < 3000; i++) {
    char name[32];
    snprintf(name, sizeof name, "host %d", i);
    all[i] = find(i % 2 ? one : two, &anew, name, 64);
    *all[i] = (uint64_t)i;
  }
  for (int i = 0; i < 3000; i++) {
    char name[32];
    snprintf(name, sizeof name, "host %d", i);
    CHECK(find(i % 2 ? two : one, &anew, name, 64) == all[i] && *all[i] == (uint64_t)i);
    mc_region_release(one, all[i]);
  }
  mc_shared_free(one), mc_shared_free(two);
  world_free(large);
}

static void test_memory_runs_out(void) {
  mc_shared *one = join(w);
  uint64_t zero = 0;
  for (int n = 0;; n++) {
    mc_error error;
    check_memory(n);
    void *data = mc_region_find(one, &keeps, MC_LITERAL("a"), 64, &zero, &error);
    check_memory(-1);
    if (data) break;
    CHECK_INT(error.code, MC_NO_MEMORY);
  }
  CHECK_INT(mc_shared_status_of(one).regions, 1);
  mc_shared_free(one);
  world_reset(w, WORKERS);
}

static void test_a_fork_uses_what_its_parent_used(void) {
  mc_shared *one = join(w);
  uint64_t *data = find(one, &anew, "a", 64);
  *data = 9;
  mc_shared *child = join(w); /* stands for one: a view of its own */
  find(child, &anew, "a", 64);
  uint32_t old = mc_shared_slot_number(child);
  mc_shared_forked(child, w);
  CHECK(mc_shared_enter(child, 1));
  CHECK(mc_shared_slot_number(child) != old);
  atomic_store(&w->lives[old], false);
  mc_shared_leave(one);
  mc_shared_reclaim(child);
  mc_shared *other = join(w);
  CHECK_INT(*find(other, &anew, "a", 64), 9);
  mc_shared_free(one), mc_shared_free(child), mc_shared_free(other);
  world_reset(w, WORKERS);
}

/* ------------------------------------------------------------------ killed anywhere */

static mc_shared *victim;

static void makes_regions(void *unused) {
  (void)unused;
  const uint64_t zero = 0;
  mc_error error;
  mc_region_find(victim, &keeps, MC_LITERAL("kept"), 8, &zero, &error);
  mc_region_find(victim, &anew, MC_LITERAL("new"), 24, &zero, &error);
  mc_region_find(victim, &keeps, MC_LITERAL("third"), 8, &zero, &error);
}

static void test_killed_at_any_instruction(long step) {
  int result = 1;
  long instruction = 0;
  mc_shared *first = join(w);
  uint64_t room = mc_shared_status_of(first).used;
  find(first, &keeps, "kept", 8), find(first, &anew, "new", 24);
  room = mc_shared_status_of(first).used - room;
  mc_shared_free(first);
  for (; result == 1; instruction += step) {
    world_reset(w, WORKERS);
    mc_shared *keeper = join(w);
    victim = join(w);
    /* As good as full: the third region can only have the place of this one. */
    uint64_t *left = find(victim, &keeps, "left behind", 8);
    mc_region_release(victim, left);
    uint64_t least = mc_shared_status_of(victim).used;
    atomic_store(&w->room, least + room);
    result = kill_at(makes_regions, NULL, instruction);
    if (result < 0) {
      mc_shared_free(keeper), mc_shared_free(victim);
      break;
    }
    atomic_store(&w->locked, false); /* as the system does */
    die(w, victim);
    mc_error error;
    CHECK_INT(mc_shared_check(w->memory, SIZE, &error), MC_OK);
    mc_shared *next = join(w);
    CHECK(next != NULL);
    CHECK_INT(mc_shared_status_of(next).in_use, 2);
    uint64_t *a = find(next, &keeps, "kept", 8), *b = find(next, &anew, "new", 24);
    CHECK(a && b && *b == 7 && a != b);
    CHECK(find(next, &keeps, "third", 8) == left);
    CHECK_INT(mc_shared_status_of(next).used, least + room); /* no memory is lost */
    mc_shared_free(next), mc_shared_free(keeper);
  }
  if (result < 0) check_note("instructions not tried one by one: no ptrace, or a sanitizer");
  else CHECK(instruction > 500);
  world_reset(w, WORKERS);
}

int main(int argc, char **argv) {
  w = world_new(SIZE, WORKERS);
  test_one_for_each_name();
  test_what_nobody_uses_begins_anew_or_stays();
  test_room();
  test_many();
  test_memory_runs_out();
  test_a_fork_uses_what_its_parent_used();
  test_killed_at_any_instruction(argc > 1 ? atol(argv[1]) : 97);
  world_free(w);
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
