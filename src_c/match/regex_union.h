/* One automaton for several regexes, which tells of a whole text all that match.
 *
 * For those that a filter (regex_filter.h) cannot tell apart, since they need no literals, or the same. An
 * automaton for many can be too large; then they are split into groups, each with its own, and where a few
 * of them are too large already, these stay alone. */
#ifndef MC_MATCH_REGEX_UNION_H
#define MC_MATCH_REGEX_UNION_H

#include "match/regex_dfa.h"
#include "match/regex_filter.h"

typedef struct mc_rx_union {
  mc_rx_dfa *dfa;       /* owned */
  mc_slice prefix;      /* what all of them begin with; owned by one of them */
  mc_trie_list *ending; /* by state: the numbers of the regexes that match a text that ends there */
} mc_rx_union;

typedef struct mc_rx_unions {
  mc_rx_union *items;
  uint32_t count;
} mc_rx_unions;

enum { MC_RX_UNION_LEAST = 2, MC_RX_UNION_MAX_SIZE = 16384 };

/* Neighbours get together. Those that stay alone come first in the end, and *rest says how many these are.
 * MC_OK or MC_NO_MEMORY. To be cleared in any case. */
mc_code mc_rx_unions_build(mc_rx_unions *unions, mc_rx_numbered *regexes, uint32_t count, mc_arena *arena,
                           uint32_t *rest);
void mc_rx_unions_clear(mc_rx_unions *unions);

/* The numbers of the regexes of one union that match, ascending. */
static inline mc_trie_list mc_rx_union_find(const mc_rx_union *one, mc_slice text) {
  if (!mc_slice_starts(text, one->prefix)) return (mc_trie_list){NULL, NULL};
  const uint32_t row = mc_rx_dfa_walk(one->dfa, text, one->prefix.size);
  return one->ending[row / (one->dfa->alphabet.class_count + 2)];
}

#endif
