#include "match/path_index.h"

#include <stdlib.h>

#include "base/inlined.h"

enum { CLASS_EXACT, CLASS_OPEN, CLASS_SEPARATED };

/* So many regexes with one and the same beginning are worth a pass over the path. */
enum { CROWD = 4 };

/* ------------------------------------------------------------------ building */

static mc_code out_of_memory(mc_error *error) {
  *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
  return MC_NO_MEMORY;
}

static mc_code build_test(mc_path_test *test, const mc_route_spec *route, mc_arena *arena, mc_trie_entry *entry,
                          mc_error *error) {
  bool ok = true;
  test->kind = route->path_kind;
  test->path = mc_arena_copy(arena, route->path, &ok);
  if (!ok) return out_of_memory(error);
  entry->key = test->path.data ? test->path : MC_LITERAL("");
  entry->class = CLASS_OPEN;
  switch (route->path_kind) {
    case MC_PATH_EXACT:
      entry->class = CLASS_EXACT;
      break;
    case MC_PATH_SEPARATED_PREFIX:
      entry->class = CLASS_SEPARATED;
      break;
    case MC_PATH_REGEX:
      test->regex = mc_regex_compile(route->path, error);
      if (!test->regex) return error->code;
      break;
    case MC_PATH_TEMPLATE:
      test->template_ = mc_template_compile(route->path, error);
      if (!test->template_) return error->code;
      entry->key = mc_template_literal_prefix(test->template_);
      /* It is looked up by a path without parameters, and tested with them. */
      if (route->ignore_parameters) entry->key = mc_slice_head(entry->key, mc_slice_find(entry->key, 0, ';'));
      break;
    case MC_PATH_PREFIX:
    case MC_PATH_CONNECT:
      break;
  }
  return MC_OK;
}

static mc_code fold_key(mc_trie_entry *entry, mc_arena *arena, mc_error *error) {
  char *copy = mc_arena_alloc(arena, entry->key.size, 1);
  if (!copy) return out_of_memory(error);
  mc_slice_lower(entry->key, copy);
  entry->key.data = copy;
  return MC_OK;
}

static bool folds(const mc_route_spec *route) {
  return !route->case_sensitive && (route->path_kind == MC_PATH_EXACT || route->path_kind == MC_PATH_PREFIX ||
                                    route->path_kind == MC_PATH_SEPARATED_PREFIX);
}

static int compare_prefixes(const void *left, const void *right) {
  const mc_rx_numbered *one = left, *other = right;
  const mc_slice a = mc_regex_literal_prefix(one->regex), b = mc_regex_literal_prefix(other->regex);
  const int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
  if (order) return order;
  if (a.size != b.size) return a.size < b.size ? -1 : 1;
  return (one->number > other->number) - (one->number < other->number);
}

/* Sorts the regexes that are alone with their beginning, or almost, to the front; returns their number. */
static uint32_t sort_out_crowds(mc_rx_numbered *regexes, uint32_t count, mc_rx_numbered *crowds) {
  uint32_t alone = 0, crowded = 0;
  qsort(regexes, count, sizeof *regexes, compare_prefixes);
  for (uint32_t low = 0, high; low < count; low = high) {
    const mc_slice prefix = mc_regex_literal_prefix(regexes[low].regex);
    for (high = low + 1; high < count; high++) {
      if (!mc_slice_equal(mc_regex_literal_prefix(regexes[high].regex), prefix)) break;
    }
    for (uint32_t i = low; i < high; i++) {
      if (high - low >= CROWD) {
        crowds[crowded++] = regexes[i];
      } else {
        regexes[alone++] = regexes[i];
      }
    }
  }
  memcpy(regexes + alone, crowds, crowded * sizeof *crowds);
  return alone;
}

/* Finds for each regex the cheapest way to be found: alone, by the filter, or together with others. Entries
 * are added for those that are alone. */
static mc_code build_regexes(mc_path_index *index, mc_trie_entry *entries, uint32_t *entry_count, mc_arena *arena) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < index->count; i++) count += index->tests[i].kind == MC_PATH_REGEX;
  if (!count) return MC_OK;
  mc_rx_numbered *regexes = malloc(2 * (size_t)count * sizeof *regexes);
  if (!regexes) return MC_NO_MEMORY;
  count = 0;
  for (uint32_t i = 0; i < index->count; i++) {
    if (index->tests[i].kind == MC_PATH_REGEX) regexes[count++] = (mc_rx_numbered){index->tests[i].regex, i};
  }
  const uint32_t alone = sort_out_crowds(regexes, count, regexes + count);
  mc_rx_numbered *crowds = regexes + alone;
  uint32_t rest = 0;
  mc_code code = MC_OK;
  if (alone < count) code = mc_rx_filter_build(&index->filter, crowds, count - alone, arena, &rest);
  if (rest && !code) code = mc_rx_unions_build(&index->unions, crowds, rest, arena, &rest);
  for (uint32_t i = 0; i < alone + rest && !code; i++) {
    const mc_slice key = mc_regex_literal_prefix(regexes[i].regex);
    entries[(*entry_count)++] = (mc_trie_entry){.key = key, .value = regexes[i].number, .class = CLASS_OPEN};
  }
  free(regexes);
  return code;
}

mc_code mc_path_index_build(mc_path_index *index, const mc_route_spec *routes, uint32_t count, mc_arena *arena,
                            mc_error *error) {
  *index = (mc_path_index){.tests = mc_arena_alloc(arena, count, sizeof *index->tests)};
  if (!index->tests) return out_of_memory(error);
  /* Keys that need their case come first, folded ones are filled in from the end. */
  mc_trie_entry *entries = malloc((count + (size_t)1) * sizeof *entries);
  if (!entries) return out_of_memory(error);
  mc_code code = MC_OK;
  uint32_t low = 0, high = count;
  for (uint32_t i = 0; i < count && !code; i++) {
    mc_trie_entry entry = {.value = i};
    index->count++;
    code = build_test(&index->tests[i], &routes[i], arena, &entry, error);
    if (!code && folds(&routes[i])) code = fold_key(&entry, arena, error);
    if (routes[i].path_kind != MC_PATH_REGEX) entries[folds(&routes[i]) ? --high : low++] = entry;
  }
  if (!code && build_regexes(index, entries, &low, arena)) code = out_of_memory(error);
  if (!code && mc_trie_build(&index->exact_case, entries, low, arena)) code = out_of_memory(error);
  if (!code && mc_trie_build(&index->folded, entries + high, count - high, arena)) code = out_of_memory(error);
  free(entries);
  return code;
}

void mc_path_index_clear(mc_path_index *index) {
  mc_rx_unions_clear(&index->unions);
  for (uint32_t i = 0; i < index->count; i++) {
    mc_regex_free(index->tests[i].regex);
    mc_template_free(index->tests[i].template_);
  }
  index->count = 0;
}

/* ------------------------------------------------------------------ finding */

MC_SELDOM bool make_room(mc_candidates *out, mc_scratch *scratch) {
  mc_trie_list *more = mc_scratch_alloc(scratch, 2 * (size_t)out->capacity * sizeof *more);
  if (!more) return false;
  memcpy(more, out->runs, out->count * sizeof *more);
  out->runs = more;
  out->capacity *= 2;
  return true;
}

MC_INLINED bool add_run(mc_candidates *out, const mc_trie_list *list, mc_scratch *scratch) {
  if (list->at == list->end) return true;
  if (out->count == out->capacity && !make_room(out, scratch)) return false;
  out->runs[out->count++] = *list;
  return true;
}

MC_INLINED bool walk(const mc_trie *trie, mc_slice path, mc_scratch *scratch, mc_candidates *out) {
  size_t depth = 0;
  for (const mc_trie_node *node = trie->nodes; node; node = mc_trie_step(node, path, &depth)) {
    const mc_trie_list *lists = node->lists;
    if (!lists) continue;
    if (!add_run(out, &lists[CLASS_OPEN], scratch)) return false;
    bool ends = depth == path.size;
    if (ends && !add_run(out, &lists[CLASS_EXACT], scratch)) return false;
    if ((ends || path.data[depth] == '/') && !add_run(out, &lists[CLASS_SEPARATED], scratch)) return false;
  }
  return true;
}

bool mc_path_index_find(const mc_path_index *index, mc_slice path, mc_scratch *scratch, mc_candidates *out) {
  out->runs = out->some;
  out->count = 0;
  out->capacity = MC_RUNS_INLINE;
  out->last = -1;
  if (index->filter.piece_count) {
    if (!mc_rx_filter_find(&index->filter, path, scratch, out->runs, &out->count)) return false;
  }
  for (uint32_t i = 0; i < index->unions.count; i++) {
    const mc_trie_list run = mc_rx_union_find(&index->unions.items[i], path);
    if (!add_run(out, &run, scratch)) return false;
  }
  if (!walk(&index->exact_case, path, scratch, out)) return false;
  if (!index->folded.nodes) return true;
  char *folded = mc_scratch_alloc(scratch, path.size);
  if (!folded) return false;
  mc_slice_lower(path, folded);
  return walk(&index->folded, mc_slice_of(folded, path.size), scratch, out);
}

bool mc_path_test_odd(const mc_path_test *test, mc_slice path, bool *no_memory) {
  if (path.size == 0) return test->kind == MC_PATH_CONNECT;
  switch (test->kind) {
    case MC_PATH_REGEX:
      return mc_regex_full_match(test->regex, path, no_memory);
    case MC_PATH_TEMPLATE:
      return mc_template_match(test->template_, path, NULL);
    case MC_PATH_CONNECT:
      return false;
    case MC_PATH_EXACT:
    case MC_PATH_PREFIX:
    case MC_PATH_SEPARATED_PREFIX:
      break;
  }
  return true;
}
