/* Input: a pattern, a substitution and a text, each on a line of its own. Checks what holds for
 * every pattern: the ways to match agree, and so do searches that remember and those that do not.
 *
 * Or, behind an empty first line: patterns, one a line, up to another empty line, and a text. Checks that
 * the index over them yields what a loop over them yields, in its order. */
#include <stdlib.h>

#include "base/arena.h"
#include "match/path_index.h"
#include "match/regex_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mc_slice take(mc_slice *rest) {
  const size_t end = mc_slice_find(*rest, 0, '\n');
  const mc_slice taken = mc_slice_head(*rest, end);
  *rest = mc_slice_from(*rest, end < rest->size ? end + 1 : end);
  return taken;
}

static void require(bool holds) {
  if (!holds) abort();
}

static void check_full_match(const mc_regex *regex, mc_slice text) {
  bool no_memory = false;
  mc_slice groups[MC_REGEX_GROUPS];
  const bool matched = mc_regex_full_match(regex, text, &no_memory);
  require(mc_regex_full_match_groups(regex, text, groups, &no_memory) == matched);
  require(!matched || mc_slice_equal(groups[0], text));
  require(!matched || mc_slice_starts(text, mc_regex_literal_prefix(regex)));
}

static void check_searches(const mc_regex *regex, mc_slice text) {
  mc_rx_run plain, remembering;
  require(mc_rx_run_open(&plain, regex, 2) && mc_rx_run_open(&remembering, regex, 2));
  require(mc_rx_run_remember(&remembering, text.size));
  size_t ours[4], theirs[4];
  for (size_t at = 0; at <= text.size;) {
    const bool found = mc_rx_run_search(&plain, text, at, ours);
    require(mc_rx_run_search(&remembering, text, at, theirs) == found);
    if (!found) break;
    require(memcmp(ours, theirs, sizeof ours) == 0);
    require(ours[0] >= at && ours[0] <= ours[1] && ours[1] <= text.size);
    at = ours[1] > at ? ours[1] : at + 1;
  }
  require(remembering.steps <= (uint64_t)4 * (text.size + 1) * regex->size);
  mc_rx_run_close(&plain);
  mc_rx_run_close(&remembering);
}

enum { SET_MOST = 24 };

static void check_set(mc_slice rest) {
  mc_route_spec routes[SET_MOST];
  uint32_t count = 0;
  uint64_t size = 0;
  for (mc_slice pattern; count < SET_MOST && (pattern = take(&rest)).size;) {
    mc_error error = {0};
    mc_regex *regex = mc_regex_compile(pattern, &error);
    if (!regex) continue;
    size += regex->size;
    mc_regex_free(regex);
    routes[count++] = (mc_route_spec){.path_kind = MC_PATH_REGEX, .case_sensitive = true, .path = pattern};
  }
  const mc_slice text = rest;
  if (!text.size || size * text.size > 200000) return;
  mc_path_index index;
  mc_error error;
  mc_arena *arena = mc_arena_new();
  require(arena && mc_path_index_build(&index, routes, count, arena, &error) == MC_OK);
  mc_scratch scratch;
  mc_candidates candidates;
  bool no_memory = false;
  mc_scratch_init(&scratch);
  require(mc_path_index_find(&index, text, &scratch, &candidates));
  int32_t expected = 0;
  for (int32_t at = 0; at >= 0;) {
    at = mc_candidates_next(&candidates);
    if (at >= 0 && !mc_path_test_matches(&index.tests[at], text, &no_memory)) continue;
    while (expected < (int32_t)count && !mc_path_test_matches(&index.tests[expected], text, &no_memory)) expected++;
    require(at >= 0 ? at == expected++ : expected == (int32_t)count);
  }
  require(!no_memory);
  mc_scratch_reset(&scratch);
  mc_path_index_clear(&index);
  mc_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mc_slice rest = mc_slice_of((const char *)data, size);
  if (size && data[0] == '\n') {
    check_set(mc_slice_from(rest, 1));
    return 0;
  }
  const mc_slice pattern = take(&rest), substitution = take(&rest), text = rest;
  mc_error error = {0};
  mc_regex *regex = mc_regex_compile(pattern, &error);
  if (!regex) {
    require(error.position <= pattern.size && error.message[0]);
    return 0;
  }
  if ((uint64_t)regex->size * text.size < 200000) {
    check_full_match(regex, text);
    check_searches(regex, text);
    mc_scratch scratch;
    mc_slice out;
    mc_scratch_init(&scratch);
    mc_substitution *compiled = mc_substitution_compile(substitution);
    require(compiled && mc_regex_replace_all(regex, text, compiled, &scratch, &out) == MC_OK);
    mc_substitution_free(compiled);
    mc_scratch_reset(&scratch);
  }
  mc_regex_free(regex);
  return 0;
}
