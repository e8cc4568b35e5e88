#include "match/regex_dfa.h"

#include <stdlib.h>

#include "match/regex_states.h"

/* Entries are the numbers of states yet. */
static bool fill_row(mc_rx_states *states, uint16_t *row, uint32_t state, const uint32_t *sample) {
  const uint32_t classes = states->alphabet->class_count;
  for (uint32_t class = 1; class <= classes; class++) {
    const uint32_t next = mc_rx_states_next(states, state, sample[class]);
    if (next == MC_RX_NO_STATE) return false;
    row[class] = (uint16_t)next;
  }
  uint32_t leaving = 0;
  uint8_t stops[2] = {0x80, 0x80}; /* which ends a pass anyway */
  for (uint32_t c = 0; c < 128; c++) {
    if (row[states->alphabet->ascii[c]] == state) continue;
    if (leaving < 2) stops[leaving] = (uint8_t)c;
    leaving++;
  }
  row[0] = (uint16_t)((mc_rx_states_accepts(states, state) ? MC_RX_ROW_ACCEPTS : 0) |
                      (leaving <= 2 ? MC_RX_ROW_STAYS : 0));
  row[classes + 1] = (uint16_t)(stops[0] | stops[1] << 8);
  return true;
}

static mc_code fill(mc_rx_dfa *dfa, const mc_regex *regex, const uint32_t *sample) {
  const uint32_t classes = dfa->alphabet.class_count, width = classes + 2, most = mc_rx_dfa_bound(regex->size) / width;
  mc_rx_states states;
  if (!mc_rx_states_open(&states, regex, &dfa->alphabet, most)) return MC_NO_MEMORY;
  uint32_t room = 0;
  const uint32_t start = mc_rx_states_start(&states, regex->prefix);
  bool ok = start != MC_RX_NO_STATE;
  for (uint32_t state = 0; ok && state < states.count; state++) {
    if (state == room) {
      room = room ? 2 * room : 16;
      uint16_t *more = realloc(dfa->rows, (size_t)room * width * sizeof *more);
      if (!more) {
        states.failure = MC_NO_MEMORY;
        break;
      }
      dfa->rows = more;
    }
    ok = fill_row(&states, dfa->rows + (size_t)state * width, state, sample);
  }
  const mc_code failure = states.failure;
  dfa->state_count = states.count;
  dfa->start = (uint16_t)(start * width);
  mc_rx_states_close(&states);
  if (failure) return failure;
  for (uint32_t state = 0; state < dfa->state_count; state++) {
    uint16_t *row = dfa->rows + (size_t)state * width;
    for (uint32_t class = 1; class <= classes; class++) row[class] = (uint16_t)(row[class] * width);
  }
  uint16_t *trimmed = realloc(dfa->rows, (size_t)dfa->state_count * width * sizeof *trimmed);
  if (trimmed) dfa->rows = trimmed;
  return MC_OK;
}

mc_code mc_rx_dfa_build(const mc_regex *regex, mc_rx_dfa **out) {
  *out = NULL;
  if (regex->size > MC_RX_DFA_MAX_SIZE) return MC_OK;
  mc_rx_dfa *dfa = calloc(1, sizeof *dfa);
  if (!dfa) return MC_NO_MEMORY;
  uint32_t sample[MC_RX_MAX_CLASSES + 1];
  mc_code code = mc_rx_alphabet_build(&dfa->alphabet, regex, sample);
  if (!code) code = fill(dfa, regex, sample);
  if (!code) {
    *out = dfa;
  } else {
    mc_rx_dfa_free(dfa);
  }
  return code == MC_LIMIT ? MC_OK : code;
}

void mc_rx_dfa_free(mc_rx_dfa *dfa) {
  if (!dfa) return;
  mc_rx_alphabet_clear(&dfa->alphabet);
  free(dfa->rows);
  free(dfa);
}
