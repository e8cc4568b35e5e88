/* A filter never misses a regex that matches, finds few others, and is not led astray by hostile texts. */
#include "match/regex_filter.h"
#include "regex_set_support.h"

static regex_set set; /* large */

static uint32_t build(mc_rx_filter *filter, mc_arena *arena) {
  uint32_t rest;
  memcpy(set.order, set.items, sizeof set.order);
  CHECK_INT(mc_rx_filter_build(filter, set.order, set.count, arena, &rest), MC_OK);
  return rest;
}

/* How many are found; all that match are, but for those that the filter left out. */
static uint32_t check_found(const mc_rx_filter *filter, uint32_t rest, mc_slice text) {
  mc_scratch scratch;
  mc_trie_list runs[MC_RX_FILTER_RUNS];
  uint32_t count, found = 0;
  mc_scratch_init(&scratch);
  CHECK(mc_rx_filter_find(filter, text, &scratch, runs, &count));
  CHECK(count <= MC_RX_FILTER_RUNS);
  for (uint32_t i = 0; i < count; i++) {
    for (const uint32_t *at = runs[i].at; at != runs[i].end; at++) {
      CHECK(*at < set.count && (at == runs[i].at || at[-1] < *at));
    }
  }
  for (uint32_t number = 0; number < set.count; number++) {
    const bool here = runs_have(runs, count, number);
    found += here;
    bool left_out = false;
    for (uint32_t i = 0; i < rest; i++) left_out |= set.order[i].number == number;
    CHECK(!(here && left_out));
    CHECK(here || left_out || !set_matches(&set, number, text));
  }
  mc_scratch_reset(&scratch);
  return found;
}

/* For every number of regexes about as many are found, since each has a piece almost of its own. */
static void test_finds_few(void) {
  static const char *const formats[] = {
      "/api/v[0-9]+/service-%u/[^/]+", ".*\\.(?:a%u|b%u)x",         ".*/svc-%u/.*",
      "(?i)/[^/]+/Service-%u/.*",      "/(?:en|de)/(?:p%u|q%u)/tail.*", "/[a-z]+/[0-9]{2}/x%u/",
  };
  static const char *const texts[] = {
      "/api/v2/service-%u/4711", "/static/logo.a%ux", "/a/b/svc-%u/c", "/api/SERVICE-%u/x", "/de/p%u/tail",
      "/abc/12/x%u/",
  };
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    for (uint32_t count = 4; count <= SET_MOST; count *= 5) {
      /* Where the number is there twice, it is spelled out first. */
      for (uint32_t number = 0; number < count; number++) {
        char pattern[256] = "", digits[16];
        snprintf(digits, sizeof digits, "%u", (unsigned)number);
        for (const char *at = formats[i]; *at; at++) {
          if (at[0] == '%') {
            strcat(pattern, digits);
            at++;
          } else {
            strncat(pattern, at, 1);
          }
        }
        set_add(&set, pattern);
      }
      mc_arena *arena = mc_arena_new();
      mc_rx_filter filter;
      CHECK_INT(build(&filter, arena), 0);
      for (uint32_t step = 0; step < 7; step++) {
        const char *at = strstr(texts[i], "%u");
        char text[256];
        snprintf(text, sizeof text, "%.*s%u%s", (int)(at - texts[i]), texts[i], (unsigned)(count * step / 7), at + 2);
        const mc_slice slice = mc_slice_of(text, strlen(text));
        CHECK(set_matches(&set, count * step / 7, slice));
        const uint32_t found = check_found(&filter, 0, slice);
        CHECK(found >= 1 && found <= 8);
      }
      CHECK(check_found(&filter, 0, MC_LITERAL("/nothing/of/this/kind")) <= 8);
      CHECK_INT(check_found(&filter, 0, MC_LITERAL("")), 0);
      mc_arena_free(arena);
      set_clear(&set);
    }
  }
}

static void test_leaves_out_what_has_no_literal(void) {
  mc_arena *arena = mc_arena_new();
  mc_rx_filter filter;
  set_add(&set, "/[a-z]+/.*");
  set_add(&set, ".*/edit");
  set_add(&set, "/../x");
  set_add(&set, "(?i)/shop/[0-9]+");
  const uint32_t rest = build(&filter, arena);
  CHECK_INT(rest, 2);
  CHECK(set.order[0].number == 0 && set.order[1].number == 2);
  CHECK_INT(check_found(&filter, rest, MC_LITERAL("/SHOP/1")), 1);
  CHECK_INT(check_found(&filter, rest, MC_LITERAL("/shop/edit")), 2);
  CHECK_INT(check_found(&filter, rest, MC_LITERAL("/ab/cd")), 0);
  mc_arena_free(arena);
  set_clear(&set);
}

/* Every piece, many times: each regex is found once more at the most, and in one list. */
static void test_hostile_text(void) {
  enum { COUNT = 500 };
  static char text[COUNT * 3 * 16];
  size_t size = 0;
  mc_arena *arena = mc_arena_new();
  mc_rx_filter filter;
  set_fill(&set, ".*-%u-.*", COUNT);
  CHECK_INT(build(&filter, arena), 0);
  for (uint32_t round = 0; round < 3; round++) {
    for (uint32_t i = 0; i < COUNT; i++) size += (size_t)snprintf(text + size, 16, "-%u-", (unsigned)i);
  }
  CHECK_INT(check_found(&filter, 0, mc_slice_of(text, size)), COUNT);
  mc_scratch scratch;
  mc_trie_list runs[MC_RX_FILTER_RUNS];
  uint32_t count;
  mc_scratch_init(&scratch);
  CHECK(mc_rx_filter_find(&filter, mc_slice_of(text, size), &scratch, runs, &count));
  CHECK_INT(count, 1);
  CHECK_INT(runs[0].end - runs[0].at, COUNT);
  mc_scratch_reset(&scratch);
  int failed = 0;
  for (int n = 0; n < 2; n++) { /* the sets, and the list made of them */
    mc_scratch_init(&scratch);
    check_memory(n);
    failed += !mc_rx_filter_find(&filter, mc_slice_of(text, size), &scratch, runs, &count);
    check_memory(-1);
    mc_scratch_reset(&scratch);
  }
  CHECK(failed >= 1);
  mc_arena_free(arena);
  set_clear(&set);
}

/* What a filter takes grows with the number of regexes, and no faster. */
static void test_memory_is_linear(void) {
  size_t bytes[2];
  for (uint32_t i = 0; i < 2; i++) {
    mc_arena *arena = mc_arena_new();
    mc_rx_filter filter;
    set_fill(&set, ".*/service-%u/.*", i ? SET_MOST : SET_MOST / 2);
    CHECK_INT(build(&filter, arena), 0);
    bytes[i] = mc_arena_bytes(arena);
    mc_arena_free(arena);
    set_clear(&set);
  }
  CHECK(bytes[1] - bytes[0] <= 128 * SET_MOST / 2);
}

static void test_out_of_memory(void) {
  const int before = check_blocks();
  set_fill(&set, ".*/svc-%u/.*", 20);
  const int with_set = check_blocks();
  for (int n = 0;; n++) {
    mc_rx_filter filter;
    uint32_t rest;
    memcpy(set.order, set.items, sizeof set.order);
    check_memory(n);
    mc_arena *arena = mc_arena_new();
    const mc_code code = arena ? mc_rx_filter_build(&filter, set.order, set.count, arena, &rest) : MC_NO_MEMORY;
    check_memory(-1);
    mc_arena_free(arena);
    CHECK_INT(check_blocks(), with_set);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  set_clear(&set);
  CHECK_INT(check_blocks(), before);
}

int main(void) {
  test_finds_few();
  test_leaves_out_what_has_no_literal();
  test_hostile_text();
  test_memory_is_linear();
  test_out_of_memory();
  return check_finish();
}
