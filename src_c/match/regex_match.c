/* Whole texts: by what is cheapest first. */
#include "match/regex_dfa.h"
#include "match/regex_run.h"

static bool run_whole(const mc_regex *regex, mc_slice text, bool *no_memory) {
  mc_rx_run run;
  if (!mc_rx_run_open(&run, regex, 0)) {
    *no_memory = true;
    return false;
  }
  const bool matched = mc_rx_run_full(&run, text, NULL);
  mc_rx_run_close(&run);
  return matched;
}

bool mc_regex_full_match(const mc_regex *regex, mc_slice text, bool *no_memory) {
  if (!mc_slice_starts(text, regex->prefix)) return false;
  if (regex->literal) return text.size == regex->prefix.size;
  const mc_rx_dfa *dfa = regex->dfa;
  if (dfa) return dfa->rows[mc_rx_dfa_walk(dfa, text, regex->prefix.size)] & MC_RX_ROW_ACCEPTS;
  return run_whole(regex, text, no_memory);
}

bool mc_regex_full_match_groups(const mc_regex *regex, mc_slice text, mc_slice groups[MC_REGEX_GROUPS],
                                bool *no_memory) {
  for (uint32_t i = 0; i < MC_REGEX_GROUPS; i++) groups[i] = MC_ABSENT;
  if (!mc_slice_starts(text, regex->prefix)) return false;
  const uint32_t count = regex->group_count < MC_REGEX_GROUPS ? regex->group_count + 1 : MC_REGEX_GROUPS;
  size_t slots[2 * MC_REGEX_GROUPS];
  mc_rx_run run;
  if (!mc_rx_run_open(&run, regex, count)) {
    *no_memory = true;
    return false;
  }
  const bool matched = mc_rx_run_full(&run, text, slots);
  mc_rx_run_close(&run);
  for (uint32_t i = 0; matched && i < count; i++) {
    if (slots[2 * i + 1] == MC_RX_UNSET) continue;
    groups[i] = mc_slice_of(text.data + slots[2 * i], slots[2 * i + 1] - slots[2 * i]);
  }
  return matched;
}
