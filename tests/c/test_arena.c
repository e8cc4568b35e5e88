#include "base/arena.h"

#include "base/slice.h"
#include "check.h"

static void test_alloc(void) {
  mc_arena *arena = mc_arena_new();
  char *small = mc_arena_alloc(arena, 3, 1), *next = mc_arena_alloc(arena, 1, 1);
  CHECK(small[0] == 0 && small[1] == 0 && small[2] == 0);
  CHECK((uintptr_t)small % 16 == 0 && (uintptr_t)next % 16 == 0);
  memset(small, 1, 3);
  CHECK(next[0] == 0);
  CHECK(mc_arena_alloc(arena, 0, 8) != NULL);
  CHECK(mc_arena_alloc(arena, 8, 0) != NULL);
  CHECK(mc_arena_alloc(arena, SIZE_MAX / 2, 3) == NULL);
  CHECK(mc_arena_alloc(arena, SIZE_MAX, 1) == NULL);
  mc_arena_free(arena);
  mc_arena_free(NULL);
}

/* Pieces of all sizes stay apart, and those given out before a large one stay where they are. */
static void test_pieces_do_not_overlap(void) {
  enum { COUNT = 400 };
  mc_arena *arena = mc_arena_new();
  unsigned char *pieces[COUNT];
  size_t sizes[COUNT], wrong = 0;
  for (size_t i = 0; i < COUNT; i++) {
    sizes[i] = i % 40 == 7 ? 100000 : 1 + i * 7 % 600;
    pieces[i] = mc_arena_alloc(arena, sizes[i], 1);
    for (size_t k = 0; k < sizes[i]; k++) wrong += pieces[i][k] != 0;
    memset(pieces[i], (int)(i & 255), sizes[i]);
  }
  for (size_t i = 0; i < COUNT; i++) {
    for (size_t k = 0; k < sizes[i]; k++) wrong += pieces[i][k] != (i & 255);
  }
  CHECK_INT(wrong, 0);
  CHECK(mc_arena_bytes(arena) >= 1000000);
  mc_arena_free(arena);
}

/* There is an arena for each cluster: few bytes where little is asked for, few chunks where much is. */
static void test_chunks_grow(void) {
  const int before = check_blocks();
  mc_arena *arena = mc_arena_new();
  mc_arena_alloc(arena, 1, 100);
  mc_arena_alloc(arena, 1, 100);
  CHECK(mc_arena_bytes(arena) < 1024);
  CHECK_INT(check_blocks() - before, 2);
  for (int i = 0; i < 10000; i++) mc_arena_alloc(arena, 1, 100);
  CHECK(check_blocks() - before < 32);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), before);
}

static void test_copy(void) {
  mc_arena *arena = mc_arena_new();
  bool ok = true;
  char text[] = "abc";
  mc_slice copy = mc_arena_copy(arena, mc_slice_of(text, 3), &ok);
  text[0] = 'x';
  CHECK_SLICE(copy, "abc");
  CHECK(mc_arena_copy(arena, MC_ABSENT, &ok).data == NULL);
  CHECK_SLICE(mc_arena_copy(arena, MC_LITERAL(""), &ok), "");
  CHECK(ok);
  mc_arena_free(arena);
}

static void test_out_of_memory(void) {
  int before = check_blocks();
  check_memory(0);
  CHECK(mc_arena_new() == NULL);
  check_memory(1);
  mc_arena *arena = mc_arena_new();
  bool ok = true;
  CHECK(arena != NULL);
  CHECK(mc_arena_alloc(arena, 1, 1) == NULL);
  CHECK(mc_arena_copy(arena, MC_LITERAL("abc"), &ok).data == NULL);
  CHECK(!ok);
  check_memory(-1);
  CHECK(mc_arena_alloc(arena, 1, 1) != NULL);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), before);
}

static void test_scratch(void) {
  int before = check_blocks();
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  char *first = mc_scratch_alloc(&scratch, 5), *second = mc_scratch_alloc(&scratch, 5);
  CHECK((uintptr_t)first % 8 == 0 && (uintptr_t)second % 8 == 0);
  CHECK(second - first == 8);
  CHECK(first >= scratch.block && first < scratch.block + MC_SCRATCH_INLINE);
  CHECK_INT(check_blocks(), before);
  char *large = mc_scratch_alloc(&scratch, 10000);
  memset(large, 1, 10000);
  CHECK_INT(check_blocks(), before + 1);
  for (int i = 0; i < 100; i++) memset(mc_scratch_alloc(&scratch, 200), 2, 200);
  CHECK(mc_scratch_alloc(&scratch, SIZE_MAX) == NULL);
  CHECK(mc_scratch_alloc(&scratch, SIZE_MAX - 7) == NULL);
  CHECK(mc_scratch_alloc(&scratch, SIZE_MAX - 16) == NULL);
  mc_scratch_reset(&scratch);
  CHECK_INT(check_blocks(), before);
  CHECK(mc_scratch_alloc(&scratch, 8) == (void *)scratch.block);
  mc_scratch_reset(&scratch);
}

static void test_scratch_out_of_memory(void) {
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  check_memory(0);
  CHECK(mc_scratch_alloc(&scratch, MC_SCRATCH_INLINE) != NULL);
  CHECK(mc_scratch_alloc(&scratch, 1) == NULL);
  check_memory(-1);
  CHECK(mc_scratch_alloc(&scratch, 1) != NULL);
  mc_scratch_reset(&scratch);
}

int main(void) {
  test_alloc();
  test_pieces_do_not_overlap();
  test_chunks_grow();
  test_copy();
  test_out_of_memory();
  test_scratch();
  test_scratch_out_of_memory();
  return check_finish();
}
