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

/* Where every byte of the path is a slash, each gives a run for prefixes and one for separated prefixes,
 * in both tries. */
static void test_as_many_runs_as_can_be(void) {
  enum { DEEP = 60 };
  static char text[DEEP];
  mc_route_spec routes[4 * DEEP];
  memset(text, '/', sizeof text);
  for (uint32_t i = 0; i < DEEP; i++) {
    const mc_slice key = {text, i + 1};
    routes[4 * i] = route(MC_PATH_PREFIX, key);
    routes[4 * i + 1] = route(MC_PATH_SEPARATED_PREFIX, key);
    routes[4 * i + 2] = folded(MC_PATH_PREFIX, key);
    routes[4 * i + 3] = folded(MC_PATH_SEPARATED_PREFIX, key);
  }
  mc_arena *arena = mc_arena_new();
  mc_path_index index;
  mc_error error;
  CHECK_INT(mc_path_index_build(&index, routes, 4 * DEEP, arena, &error), MC_OK);
  mc_scratch scratch;
  mc_candidates candidates;
  mc_scratch_init(&scratch);
  CHECK(mc_path_index_find(&index, (mc_slice){text, DEEP}, &scratch, &candidates));
  for (int32_t expected = 0; expected < 4 * DEEP; expected++) CHECK_INT(mc_candidates_next(&candidates), expected);
  CHECK_INT(mc_candidates_next(&candidates), -1);
  mc_scratch_reset(&scratch);
  mc_path_index_clear(&index);
  mc_arena_free(arena);
}

/* Regexes with one beginning, among other routes: found by literals, together, or alone, always in order. */
static void test_crowds_of_regexes(void) {
  const mc_route_spec routes[] = {
      route(MC_PATH_REGEX, MC_LITERAL("/v[0-9]/users/.*")),
      route(MC_PATH_REGEX, MC_LITERAL("/v[0-9]/[a-z]+")),
      route(MC_PATH_PREFIX, MC_LITERAL("/v1/")),
      route(MC_PATH_REGEX, MC_LITERAL("/v[0-9]/(?:users|orders)")),
      route(MC_PATH_REGEX, MC_LITERAL("(?i)/V1/users")),
      route(MC_PATH_REGEX, MC_LITERAL("/v[0-9]/.{5}")),
      route(MC_PATH_REGEX, MC_LITERAL("/v1/users")),
      route(MC_PATH_REGEX, MC_LITERAL("/v[0-9]/orders/?")),
      route(MC_PATH_EXACT, MC_LITERAL("/v1/users")),
      route(MC_PATH_REGEX, MC_LITERAL("/v[12]/users/?")),
      route(MC_PATH_REGEX, MC_LITERAL("/v[0-9]/[^/]*s")),
  };
  mc_arena *arena = mc_arena_new();
  mc_path_index index;
  mc_error error;
  CHECK_INT(mc_path_index_build(&index, routes, sizeof routes / sizeof *routes, arena, &error), MC_OK);
  CHECK(index.filter.piece_count && index.unions.count);
  CHECK_SLICE(MATCHING("/v1/users"), "1 2 3 4 5 6 8 9 10 ");
  CHECK_SLICE(MATCHING("/v2/users/"), "0 9 ");
  CHECK_SLICE(MATCHING("/v3/orders"), "1 3 7 10 ");
  CHECK_SLICE(MATCHING("/V1/USERS"), "4 ");
  CHECK_SLICE(MATCHING("/v"), "");
  CHECK_SLICE(MATCHING(""), "");
  mc_path_index_clear(&index);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

/* The cost of a request is that of its candidates; they stay as few however many regexes there are. */
static void test_candidates_do_not_grow(void) {
  enum { MOST = 4000 };
  static mc_route_spec routes[MOST];
  static char patterns[MOST][48];
  for (uint32_t count = 10; count <= MOST; count *= 20) {
    for (uint32_t i = 0; i < count; i++) {
      const int size = snprintf(patterns[i], sizeof patterns[i], "/v[0-9]+/service-%u/[^/]+", (unsigned)i);
      routes[i] = route(MC_PATH_REGEX, (mc_slice){patterns[i], (size_t)size});
    }
    mc_arena *arena = mc_arena_new();
    mc_path_index index;
    mc_error error;
    CHECK_INT(mc_path_index_build(&index, routes, count, arena, &error), MC_OK);
    char text[48];
    const int size = snprintf(text, sizeof text, "/v2/service-%u/x", (unsigned)count - 1);
    mc_scratch scratch;
    mc_candidates candidates;
    uint32_t tried = 0;
    mc_scratch_init(&scratch);
    CHECK(mc_path_index_find(&index, (mc_slice){text, (size_t)size}, &scratch, &candidates));
    while (mc_candidates_next(&candidates) >= 0) tried++;
    CHECK(tried >= 1 && tried <= 8);
    mc_scratch_reset(&scratch);
    mc_path_index_clear(&index);
    mc_arena_free(arena);
  }
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
      route(MC_PATH_REGEX, MC_LITERAL(".*/abc")),
      route(MC_PATH_REGEX, MC_LITERAL(".*/def")),
      route(MC_PATH_REGEX, MC_LITERAL("[a-z]*")),
      route(MC_PATH_REGEX, MC_LITERAL("[a-y]*")),
      route(MC_PATH_REGEX, MC_LITERAL("[a-x]*")),
  };
  const uint32_t count = sizeof routes / sizeof *routes;
  for (int n = 0;; n++) {
    mc_path_index index;
    mc_error error;
    check_memory(n);
    mc_arena *arena = mc_arena_new();
    mc_code code = arena ? mc_path_index_build(&index, routes, count, arena, &error) : MC_NO_MEMORY;
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
  test_as_many_runs_as_can_be();
  test_crowds_of_regexes();
  test_candidates_do_not_grow();
  test_what_is_refused();
  test_out_of_memory();
  return check_finish();
}
