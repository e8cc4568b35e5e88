#include <stdlib.h>

#include "match/regex_dfa.h"

static void fail(mc_error *error) { *error = (mc_error){MC_NO_MEMORY, 0, "out of memory"}; }

mc_regex *mc_regex_compile(mc_slice pattern, mc_error *error) {
  mc_regex *regex = calloc(1, sizeof *regex);
  if (!regex) {
    fail(error);
    return NULL;
  }
  if (mc_rx_parse(pattern, regex, error)) {
    if (mc_rx_analyse(regex) && (regex->literal || !mc_rx_dfa_build(regex, &regex->dfa))) return regex;
    fail(error);
  }
  mc_regex_free(regex);
  return NULL;
}

void mc_regex_free(mc_regex *regex) {
  if (!regex) return;
  for (uint32_t i = 0; i < regex->set_count; i++) free(regex->sets[i].ranges);
  free(regex->sets);
  free(regex->code);
  free((char *)regex->prefix.data);
  mc_rx_dfa_free(regex->dfa);
  free(regex);
}

uint32_t mc_regex_group_count(const mc_regex *regex) { return regex->group_count; }

mc_slice mc_regex_literal_prefix(const mc_regex *regex) { return regex->prefix; }

bool mc_regex_is_literal(const mc_regex *regex) { return regex->literal; }
