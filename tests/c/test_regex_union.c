/* Unions tell exactly what matches, keep their bounds, and leave alone what is too large. */
#include "match/regex_union.h"
#include "regex_set_support.h"

static regex_set set; /* large */

static uint32_t build(mc_rx_unions *unions, mc_arena *arena) {
  uint32_t rest;
  memcpy(set.order, set.items, sizeof set.order);
  CHECK_INT(mc_rx_unions_build(unions, set.order, set.count, arena, &rest), MC_OK);
  return rest;
}

static void check_found(const mc_rx_unions *unions, uint32_t rest, mc_slice text) {
  for (uint32_t number = 0; number < set.count; number++) {
    bool alone = false;
    uint32_t times = 0;
    for (uint32_t i = 0; i < rest; i++) alone |= set.order[i].number == number;
    for (uint32_t i = 0; i < unions->count; i++) {
      const mc_trie_list run = mc_rx_union_find(&unions->items[i], text);
      for (const uint32_t *at = run.at; at != run.end; at++) {
        CHECK(at == run.at || at[-1] < *at);
        times += *at == number;
      }
    }
    CHECK_INT(times, !alone && set_matches(&set, number, text));
  }
}

static void test_tells_what_matches(void) {
  static const char *const patterns[] = {"/[a-c]*",   "/a.*",      "/ab?",     "/.*\\bb",   "(?m)/a$\n?.*", "/[^\xC3\xA9]+",
                                         "/\xC3\xA9*", "(?i)/A\xC3\x89", "/(?:a|ab)(?:c|bcd)?", "/$", "/a\\B.*", "/."};
  static const char *const pieces[] = {"", "a", "b", "\n", "\xC3\xA9", "\xC3\x89", "\xFF", "c"};
  enum { PIECES = sizeof pieces / sizeof *pieces };
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) set_add(&set, patterns[i]);
  mc_arena *arena = mc_arena_new();
  mc_rx_unions unions;
  const uint32_t rest = build(&unions, arena);
  CHECK_INT(rest, 0);
  CHECK_INT(unions.count, 1);
  CHECK_SLICE(unions.items[0].prefix, "/");
  for (uint32_t number = 0; number < PIECES * PIECES * PIECES * PIECES; number++) {
    char text[32] = "/";
    for (uint32_t digits = number; digits; digits /= PIECES) strcat(text, pieces[digits % PIECES]);
    check_found(&unions, rest, mc_slice_of(text, strlen(text)));
  }
  check_found(&unions, rest, MC_LITERAL(""));
  check_found(&unions, rest, MC_LITERAL("a"));
  mc_rx_unions_clear(&unions);
  mc_arena_free(arena);
  set_clear(&set);
}

/* Beginnings that share a part of a character share nothing there. */
static void test_prefix_ends_with_a_character(void) {
  set_add(&set, "/\xC3\xA9[a-z]");
  set_add(&set, "/\xC3\xA8[a-z]");
  set_add(&set, "/\xC3\xA9[a-b]");
  set_add(&set, "/\xC3\xA8[a-b]");
  mc_arena *arena = mc_arena_new();
  mc_rx_unions unions;
  CHECK_INT(build(&unions, arena), 0);
  CHECK_SLICE(unions.items[0].prefix, "/");
  check_found(&unions, 0, MC_LITERAL("/\xC3\xA9" "b"));
  check_found(&unions, 0, MC_LITERAL("/\xC3\xA8" "c"));
  mc_rx_unions_clear(&unions);
  mc_arena_free(arena);
  set_clear(&set);
}

/* Each doubles the states of the others: groups, none above its bound. */
static void test_groups(void) {
  char pattern[8];
  for (char c = 'a'; c <= 'z'; c++) {
    snprintf(pattern, sizeof pattern, ".*%c.*", c);
    set_add(&set, pattern);
  }
  mc_arena *arena = mc_arena_new();
  mc_rx_unions unions;
  const uint32_t rest = build(&unions, arena);
  CHECK(unions.count > 1 && unions.count <= 26 / 3);
  CHECK_INT(rest, 0);
  for (uint32_t i = 0; i < unions.count; i++) {
    const mc_rx_dfa *dfa = unions.items[i].dfa;
    CHECK(dfa->state_count * (dfa->alphabet.class_count + 2) <= MC_RX_DFA_MAX_ENTRIES);
  }
  check_found(&unions, rest, MC_LITERAL("/an/example/"));
  check_found(&unions, rest, MC_LITERAL("/1/"));
  mc_rx_unions_clear(&unions);
  mc_arena_free(arena);
  set_clear(&set);
}

static void test_leaves_alone_what_is_too_large(void) {
  for (uint32_t i = 0; i < 8; i++) set_add(&set, i % 2 ? "(?:a|b)*a(?:a|b){14}" : "(?:a|b)*b(?:a|b){15}");
  for (uint32_t i = 0; i < 8; i++) set_add(&set, "[a-z]+/[0-9]");
  mc_arena *arena = mc_arena_new();
  mc_rx_unions unions;
  const uint32_t rest = build(&unions, arena);
  CHECK_INT(rest, 8);
  CHECK(unions.count >= 1);
  check_found(&unions, rest, MC_LITERAL("ab/1"));
  check_found(&unions, rest, MC_LITERAL("abababababababababab"));
  mc_rx_unions_clear(&unions);
  mc_arena_free(arena);
  set_clear(&set);
}

/* As a host has them where no literal tells its regexes apart. */
static void test_one_for_many(void) {
  char pattern[64];
  for (uint32_t i = 0; i < 100; i++) {
    snprintf(pattern, sizeof pattern, "/[a-z]+/[0-9]{%u}/x", (unsigned)i + 1);
    set_add(&set, pattern);
  }
  mc_arena *arena = mc_arena_new();
  mc_rx_unions unions;
  CHECK_INT(build(&unions, arena), 0);
  CHECK_INT(unions.count, 1);
  check_found(&unions, 0, MC_LITERAL("/abc/1/x"));
  check_found(&unions, 0, MC_LITERAL("/abc/12345678901234567890/x"));
  check_found(&unions, 0, MC_LITERAL("/abc//x"));
  mc_rx_unions_clear(&unions);
  mc_arena_free(arena);
  set_clear(&set);
}

static void test_out_of_memory(void) {
  set_add(&set, "/[^\xC3\xA9]+");
  set_add(&set, "/[a-z]+x?");
  set_add(&set, "/\\b[0-9]+");
  set_add(&set, "/.*-.*");
  const int before = check_blocks();
  for (int n = 0;; n++) {
    mc_rx_unions unions = {NULL, 0};
    uint32_t rest;
    memcpy(set.order, set.items, sizeof set.order);
    check_memory(n);
    mc_arena *arena = mc_arena_new();
    const mc_code code = arena ? mc_rx_unions_build(&unions, set.order, set.count, arena, &rest) : MC_NO_MEMORY;
    check_memory(-1);
    mc_rx_unions_clear(&unions);
    mc_arena_free(arena);
    CHECK_INT(check_blocks(), before);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  set_clear(&set);
}

int main(void) {
  test_tells_what_matches();
  test_prefix_ends_with_a_character();
  test_groups();
  test_leaves_alone_what_is_too_large();
  test_one_for_many();
  test_out_of_memory();
  return check_finish();
}
