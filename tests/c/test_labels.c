#include "base/labels.h"

#include "base/slice.h"
#include "check.h"

static void test_they_are_the_arenas_own(void) {
  char key[] = "version", value[] = "v1";
  const mc_label given[] = {{mc_slice_of(key, sizeof key - 1), mc_slice_of(value, sizeof value - 1)},
                            {MC_LITERAL("zone"), MC_ABSENT}};
  mc_labels labels = {given, 2};
  mc_arena *arena = mc_arena_new();
  CHECK(mc_labels_copy(&labels, arena));
  memset(key, '-', sizeof key - 1);
  memset(value, '-', sizeof value - 1);
  CHECK_INT(labels.count, 2);
  CHECK_SLICE(labels.at[0].key, "version");
  CHECK_SLICE(labels.at[0].value, "v1");
  CHECK_SLICE(labels.at[1].key, "zone");
  CHECK(labels.at[1].value.data == NULL);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

static void test_none(void) {
  mc_labels labels = {NULL, 0};
  mc_arena *arena = mc_arena_new();
  CHECK(mc_labels_copy(&labels, arena));
  CHECK_INT(labels.count, 0);
  mc_arena_free(arena);
}

int main(void) {
  test_they_are_the_arenas_own();
  test_none();
  return check_finish();
}
