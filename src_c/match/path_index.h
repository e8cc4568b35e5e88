/* The routes of a virtual host, indexed by path.
 *
 * Every path specifier begins with a literal: a path or prefix is one, a regex and a template have one
 * in front of their first variable part. These literals are the keys of a trie. Walking a request's
 * path down the trie gives, at each node on the way, the ascending list of the routes whose literal
 * ends there; merging these few lists yields the candidates in the order of the configuration, so that
 * the first match wins exactly as a scan over all routes would have it, at a cost that depends on the
 * path and not on the number of routes.
 *
 * Routes with case_sensitive false have a trie of their own, walked with the path folded.
 *
 * Regexes that begin alike are no better off in the trie than in a list. Where there are some, a filter
 * (regex_filter.h) finds those among them that the path may match, and an automaton for several at once
 * (regex_union.h) those that the filter cannot tell apart.
 */
#ifndef MC_MATCH_PATH_INDEX_H
#define MC_MATCH_PATH_INDEX_H

#include "match/regex_union.h"

typedef struct mc_path_test {
  mc_path_kind kind;
  mc_slice path;          /* as configured; for a prefix rewrite */
  mc_regex *regex;        /* MC_PATH_REGEX */
  mc_template *template_; /* MC_PATH_TEMPLATE */
} mc_path_test;

typedef struct mc_path_index {
  mc_trie exact_case;
  mc_trie folded;
  mc_rx_filter filter;
  mc_rx_unions unions;
  mc_path_test *tests; /* by route */
  uint32_t count;
} mc_path_index;

mc_code mc_path_index_build(mc_path_index *index, const mc_route_spec *routes, uint32_t count, mc_arena *arena,
                            mc_error *error);
void mc_path_index_clear(mc_path_index *index);

enum { MC_RUNS_INLINE = 24 };

/* The candidates of one path, in ascending order. */
typedef struct mc_candidates {
  mc_trie_list *runs;
  uint32_t count, capacity;
  int32_t last; /* that was given out; -1: none yet */
  mc_trie_list some[MC_RUNS_INLINE];
} mc_candidates;

/* path is without query; empty for CONNECT, which only MC_PATH_CONNECT matches. False: no memory. */
bool mc_path_index_find(const mc_path_index *index, mc_slice path, mc_scratch *scratch, mc_candidates *out);
/* The next candidate, or -1. */
static inline int32_t mc_candidates_next(mc_candidates *candidates) {
  if (candidates->count == 1) { /* there is nothing to merge */
    mc_trie_list *run = candidates->runs;
    return run->at == run->end ? -1 : (int32_t)*run->at++;
  }
  for (;;) {
    mc_trie_list *best = NULL;
    for (uint32_t i = 0; i < candidates->count; i++) {
      mc_trie_list *run = &candidates->runs[i];
      if (run->at != run->end && (!best || *run->at < *best->at)) best = run;
    }
    if (!best) return -1;
    const int32_t next = (int32_t)*best->at++;
    if (next == candidates->last) continue; /* the filter may have found it twice */
    return candidates->last = next;
  }
}

/* The part of mc_path_test_matches that is not settled by the trie alone. */
bool mc_path_test_odd(const mc_path_test *test, mc_slice path, bool *no_memory);
/* Whether a candidate's own path specifier matches: the part that the trie cannot tell. */
static inline bool mc_path_test_matches(const mc_path_test *test, mc_slice path, bool *no_memory) {
  const bool plain =
      test->kind == MC_PATH_EXACT || test->kind == MC_PATH_PREFIX || test->kind == MC_PATH_SEPARATED_PREFIX;
  return (plain && path.size) || mc_path_test_odd(test, path, no_memory);
}

#endif
