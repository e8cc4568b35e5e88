#include "check.h"
#include "match/path_index.h"

static mc_route_spec route(mc_path_kind kind, mc_slice path) {
  return (mc_route_spec){.path_kind = kind, .path = path, .case_sensitive = true};
}

static mc_route_spec folded(mc_path_kind kind, mc_slice path) {
  return (mc_route_spec){.path_kind = kind, .path = path};
}

/* Numbers of the routes that match, in the order in which they come: "0 3 4 ". */
static mc_slice matching(const mc_path_index *index, mc_slice path) {
  static char text[512];
  size_t size = 0;
  mc_scratch scratch;
  mc_candidates candidates;
  bool no_memory = false;
  mc_scratch_init(&scratch);
  CHECK(mc_path_index_find(index, path, &scratch, &candidates));
  for (int32_t at; (at = mc_candidates_next(&candidates)) >= 0;) {
    if (!mc_path_test_matches(&index->tests[at], path, &no_memory)) continue;
    size += (size_t)snprintf(text + size, sizeof text - size, "%d ", (int)at);
  }
  CHECK(!no_memory);
  mc_scratch_reset(&scratch);
  return (mc_slice){text, size};
}

#define MATCHING(path) matching(&index, MC_LITERAL(path))

static void test_all_kinds_in_order(void) {
  const mc_route_spec routes[] = {
      route(MC_PATH_EXACT, MC_LITERAL("/a/b")),
      folded(MC_PATH_EXACT, MC_LITERAL("/A/b")),
      route(MC_PATH_REGEX, MC_LITERAL("/a/[bc]")),
      route(MC_PATH_SEPARATED_PREFIX, MC_LITERAL("/a")),
      route(MC_PATH_TEMPLATE, MC_LITERAL("/a/{x=*}")),
      folded(MC_PATH_SEPARATED_PREFIX, MC_LITERAL("/A")),
      route(MC_PATH_PREFIX, MC_LITERAL("/a")),
      route(MC_PATH_CONNECT, MC_ABSENT),
      folded(MC_PATH_PREFIX, MC_LITERAL("/")),
      route(MC_PATH_REGEX, MC_LITERAL(".*b")),
  };
  mc_arena *arena = mc_arena_new();
  mc_path_index index;
  mc_error error;
  CHECK_INT(mc_path_index_build(&index, routes, sizeof routes / sizeof *routes, arena, &error), MC_OK);
  CHECK_SLICE(MATCHING("/a/b"), "0 1 2 3 4 5 6 8 9 ");
  CHECK_SLICE(MATCHING("/A/B"), "1 5 8 ");
  CHECK_SLICE(MATCHING("/a"), "3 5 6 8 ");
  CHECK_SLICE(MATCHING("/ab"), "6 8 9 ");
  CHECK_SLICE(MATCHING("/a/"), "3 5 6 8 ");
  CHECK_SLICE(MATCHING("/a/c"), "2 3 4 5 6 8 ");
  CHECK_SLICE(MATCHING("/a/b/"), "3 5 6 8 ");
  CHECK_SLICE(MATCHING("/"), "8 ");
  CHECK_SLICE(MATCHING(""), "7 "); /* of CONNECT */
  mc_path_index_clear(&index);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

static void test_no_routes(void) {
  mc_arena *arena = mc_arena_new();
  mc_path_index index;
  mc_error error;
  CHECK_INT(mc_path_index_build(&index, NULL, 0, arena, &error), MC_OK);
  CHECK_SLICE(MATCHING("/"), "");
  CHECK_SLICE(MATCHING(""), "");
  mc_path_index_clear(&index);
  mc_arena_free(arena);
}

/* More runs than the candidates have room for inside, in both tries. */
static void test_deep_nesting(void) {
  enum { DEEP = 100 };
  static char text[DEEP + 1];
  mc_route_spec routes[2 * DEEP];
  memset(text, 'a', sizeof text);
  text[0] = '/';
  for (uint32_t i = 0; i < DEEP; i++) { /* the longest first */
    routes[2 * i] = route(MC_PATH_PREFIX, (mc_slice){text, DEEP - i});
    routes[2 * i + 1] = folded(MC_PATH_PREFIX, (mc_slice){text, DEEP - i});
  }
  mc_arena *arena = mc_arena_new();
  mc_path_index index;
  mc_error error;
  CHECK_INT(mc_path_index_build(&index, routes, 2 * DEEP, arena, &error), MC_OK);
  for (size_t size = 1; size <= DEEP; size++) {
    mc_scratch scratch;
    mc_candidates candidates;
    mc_scratch_init(&scratch);
    CHECK(mc_path_index_find(&index, (mc_slice){text, size}, &scratch, &candidates));
    for (int32_t expected = 2 * (int32_t)(DEEP - size); expected < 2 * DEEP; expected++) {
      CHECK_INT(mc_candidates_next(&candidates), expected);
    }
    CHECK_INT(mc_candidates_next(&candidates), -1);
    mc_scratch_reset(&scratch);
  }
  /* Finding fails as a whole where there is no memory for the runs. */
  for (int n = 0;; n++) {
    mc_scratch scratch;
    mc_candidates candidates;
    mc_scratch_init(&scratch);
    check_memory(n);
    bool done = mc_path_index_find(&index, (mc_slice){text, DEEP}, &scratch, &candidates);
    check_memory(-1);
    mc_scratch_reset(&scratch);
    if (done) {
      CHECK(n > 0);
      break;
    }
  }
  mc_path_index_clear(&index);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

static void test_what_is_refused(void) {
  const mc_route_spec bad[] = {route(MC_PATH_REGEX, MC_LITERAL("/a(")), route(MC_PATH_TEMPLATE, MC_LITERAL("/{a}/{a}"))};
  for (int i = 0; i < 2; i++) {
    const mc_route_spec routes[] = {route(MC_PATH_REGEX, MC_LITERAL("/ok.*")), bad[i]};
    mc_arena *arena = mc_arena_new();
    mc_path_index index;
    mc_error error;
    CHECK_INT(mc_path_index_build(&index, routes, 2, arena, &error), MC_INVALID);
    CHECK(error.message[0] != '\0');
    mc_path_index_clear(&index);
    mc_arena_free(arena);
    CHECK_INT(check_blocks(), 0);
  }
}

static void test_out_of_memory(void) {
  const mc_route_spec routes[] = {
      route(MC_PATH_REGEX, MC_LITERAL("/a/[bc]+")),
      route(MC_PATH_TEMPLATE, MC_LITERAL("/a/{x=*}")),
      folded(MC_PATH_PREFIX, MC_LITERAL("/A")),
      route(MC_PATH_EXACT, MC_LITERAL("/a")),
  };
  for (int n = 0;; n++) {
    mc_path_index index;
    mc_error error;
    check_memory(n);
    mc_arena *arena = mc_arena_new();
    mc_code code = arena ? mc_path_index_build(&index, routes, 4, arena, &error) : MC_NO_MEMORY;
    check_memory(-1);
    if (arena) mc_path_index_clear(&index);
    mc_arena_free(arena);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
    CHECK_INT(check_blocks(), 0);
  }
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_all_kinds_in_order();
  test_no_routes();
  test_deep_nesting();
  test_what_is_refused();
  test_out_of_memory();
  return check_finish();
}
