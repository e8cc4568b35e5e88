#include "match/path_index.h"

#include <stdlib.h>

enum { CLASS_EXACT, CLASS_OPEN, CLASS_SEPARATED };

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
      entry->key = mc_regex_literal_prefix(test->regex);
      break;
    case MC_PATH_TEMPLATE:
      test->template_ = mc_template_compile(route->path, error);
      if (!test->template_) return error->code;
      entry->key = mc_template_literal_prefix(test->template_);
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
  for (size_t i = 0; i < entry->key.size; i++) copy[i] = mc_lower(entry->key.data[i]);
  entry->key.data = copy;
  return MC_OK;
}

static bool folds(const mc_route_spec *route) {
  return !route->case_sensitive && (route->path_kind == MC_PATH_EXACT || route->path_kind == MC_PATH_PREFIX ||
                                    route->path_kind == MC_PATH_SEPARATED_PREFIX);
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
    entries[folds(&routes[i]) ? --high : low++] = entry;
  }
  if (!code && mc_trie_build(&index->exact_case, entries, low, arena)) code = out_of_memory(error);
  if (!code && mc_trie_build(&index->folded, entries + high, count - high, arena)) code = out_of_memory(error);
  free(entries);
  return code;
}

void mc_path_index_clear(mc_path_index *index) {
  for (uint32_t i = 0; i < index->count; i++) {
    mc_regex_free(index->tests[i].regex);
    mc_template_free(index->tests[i].template_);
  }
  index->count = 0;
}

/* ------------------------------------------------------------------ finding */

static bool add_run(mc_candidates *out, const mc_trie_list *list, size_t most, mc_scratch *scratch) {
  if (list->at == list->end) return true;
  if (out->count == out->capacity) {
    mc_trie_list *more = mc_scratch_alloc(scratch, most * sizeof *more);
    if (!more) return false;
    memcpy(more, out->runs, out->count * sizeof *more);
    out->runs = more;
    out->capacity = (uint32_t)most;
  }
  out->runs[out->count++] = *list;
  return true;
}

static bool walk(const mc_trie *trie, mc_slice path, mc_scratch *scratch, mc_candidates *out) {
  /* A node gives one run, or two where the path ends; and there are two tries. */
  size_t most = 2 * (path.size + 2);
  size_t depth = 0;
  for (const mc_trie_node *node = trie->nodes; node; node = mc_trie_step(trie, node, path, &depth)) {
    const mc_trie_list *lists = node->lists;
    if (!lists) continue;
    if (!add_run(out, &lists[CLASS_OPEN], most + MC_RUNS_INLINE, scratch)) return false;
    bool ends = depth == path.size;
    if (ends && !add_run(out, &lists[CLASS_EXACT], most + MC_RUNS_INLINE, scratch)) return false;
    if ((ends || path.data[depth] == '/') &&
        !add_run(out, &lists[CLASS_SEPARATED], most + MC_RUNS_INLINE, scratch)) {
      return false;
    }
  }
  return true;
}

bool mc_path_index_find(const mc_path_index *index, mc_slice path, mc_scratch *scratch, mc_candidates *out) {
  out->runs = out->some;
  out->count = 0;
  out->capacity = MC_RUNS_INLINE;
  if (!walk(&index->exact_case, path, scratch, out)) return false;
  if (!index->folded.nodes) return true;
  char *folded = mc_scratch_alloc(scratch, path.size);
  if (!folded) return false;
  for (size_t i = 0; i < path.size; i++) folded[i] = mc_lower(path.data[i]);
  return walk(&index->folded, mc_slice_of(folded, path.size), scratch, out);
}

int32_t mc_candidates_next(mc_candidates *candidates) {
  mc_trie_list *best = NULL;
  for (uint32_t i = 0; i < candidates->count; i++) {
    mc_trie_list *run = &candidates->runs[i];
    if (run->at != run->end && (!best || *run->at < *best->at)) best = run;
  }
  return best ? (int32_t)*best->at++ : -1;
}

bool mc_path_test_matches(const mc_path_test *test, mc_slice path, bool *no_memory) {
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
