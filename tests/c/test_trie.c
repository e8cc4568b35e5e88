#include "base/rng.h"
#include "check.h"
#include "match/trie.h"

static mc_slice text(const char *s) { return mc_slice_of(s, strlen(s)); }

/* The values of one class that a walk over the text meets, and whether a plain scan meets the same. */
static void check_walk(const mc_trie *trie, const mc_trie_entry *entries, size_t count, mc_slice path) {
  uint32_t seen = 0, expected = 0;
  size_t depth = 0;
  for (const mc_trie_node *node = trie->nodes; node; node = mc_trie_step(node, path, &depth)) {
    if (!node->lists) continue;
    for (int class = 0; class < MC_TRIE_CLASSES; class++) {
      const mc_trie_list list = node->lists[class];
      for (const uint32_t *at = list.at; at != list.end; at++) {
        if (at != list.at) CHECK(at[-1] < at[0]);
        seen += *at * 31 + (uint32_t)class;
      }
    }
  }
  for (size_t i = 0; i < count; i++) {
    if (mc_slice_starts(path, entries[i].key)) expected += entries[i].value * 31 + entries[i].class;
  }
  CHECK_INT(seen, expected);
}

static void test_empty(void) {
  mc_arena *arena = mc_arena_new();
  mc_trie trie;
  CHECK_INT(mc_trie_build(&trie, NULL, 0, arena), MC_OK);
  CHECK(!trie.nodes);
  mc_arena_free(arena);
}

static void test_nested_keys(void) {
  mc_trie_entry entries[] = {{text("/api"), 3, 0}, {text("/api/v1"), 1, 0}, {text("/api/v2"), 2, 1},
                             {text("/static"), 0, 2}, {text(""), 4, 0},     {text("/api"), 5, 0}};
  mc_arena *arena = mc_arena_new();
  mc_trie trie;
  CHECK_INT(mc_trie_build(&trie, entries, 6, arena), MC_OK);
  const char *paths[] = {"", "/", "/api", "/ap", "/api/v1", "/api/v1/x", "/api/v", "/static", "/statix", "x"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) check_walk(&trie, entries, 6, text(paths[i]));
  mc_arena_free(arena);
}

static void test_wide_nodes(void) {
  /* 1 to 256 children: scanned, by rank table, and scanned again where no rank is left for "none". */
  static char bytes[256];
  for (int i = 0; i < 256; i++) bytes[i] = (char)i;
  for (size_t count = 1; count <= 256; count += count < 20 ? 1 : 59) {
    mc_trie_entry entries[256];
    for (size_t i = 0; i < count; i++) entries[i] = (mc_trie_entry){mc_slice_of(&bytes[i], 1), (uint32_t)i, 0};
    mc_arena *arena = mc_arena_new();
    mc_trie trie;
    CHECK_INT(mc_trie_build(&trie, entries, count, arena), MC_OK);
    for (int i = 0; i < 256; i++) check_walk(&trie, entries, count, mc_slice_of(&bytes[i], 1));
    mc_arena_free(arena);
  }
}

static void test_random_keys(void) {
  uint64_t seed = 7;
  static char space[400][12];
  for (int round = 0; round < 60; round++) {
    mc_trie_entry entries[200];
    for (int i = 0; i < 400; i++) {
      for (int c = 0; c < 12; c++) space[i][c] = (char)('a' + mc_splitmix64(&seed) % 3);
    }
    for (uint32_t i = 0; i < 200; i++) {
      entries[i] = (mc_trie_entry){mc_slice_of(space[i], mc_splitmix64(&seed) % 8), i,
                                   (uint8_t)(mc_splitmix64(&seed) % MC_TRIE_CLASSES)};
    }
    mc_arena *arena = mc_arena_new();
    mc_trie trie;
    CHECK_INT(mc_trie_build(&trie, entries, 200, arena), MC_OK);
    for (int i = 200; i < 400; i++) check_walk(&trie, entries, 200, mc_slice_of(space[i], 12));
    mc_arena_free(arena);
  }
}

static void test_out_of_memory(void) {
  for (int n = 0;; n++) {
    mc_trie_entry entries[] = {{text("/a"), 0, 0}, {text("/b"), 1, 0}};
    mc_arena *arena = mc_arena_new();
    mc_trie trie;
    check_memory(n);
    mc_code code = mc_trie_build(&trie, entries, 2, arena);
    check_memory(-1);
    mc_arena_free(arena);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
    CHECK(!trie.nodes);
  }
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_empty();
  test_nested_keys();
  test_wide_nodes();
  test_random_keys();
  test_out_of_memory();
  return check_finish();
}
