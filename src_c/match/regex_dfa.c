#include "match/regex_dfa.h"

#include <stdlib.h>

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
  row[0] = (uint16_t)((mc_rx_states_ends(states, state, NULL) ? MC_RX_ROW_ACCEPTS : 0) |
                      (leaving <= 2 ? MC_RX_ROW_STAYS : 0));
  row[classes + 1] = (uint16_t)(stops[0] | stops[1] << 8);
  return true;
}

static bool make_rows(mc_rx_dfa *dfa, mc_rx_states *states, const uint32_t *sample) {
  const uint32_t width = dfa->alphabet.class_count + 2;
  uint32_t room = 0;
  for (uint32_t state = 0; state < states->count; state++) {
    if (state == room) {
      room = room ? 2 * room : 16;
      uint16_t *more = realloc(dfa->rows, (size_t)room * width * sizeof *more);
      if (!more) {
        states->failure = MC_NO_MEMORY;
        return false;
      }
      dfa->rows = more;
    }
    if (!fill_row(states, dfa->rows + (size_t)state * width, state, sample)) return false;
  }
  return states->failure == MC_OK;
}

/* From numbers of states to offsets of their rows. */
static void finish_rows(mc_rx_dfa *dfa, uint32_t start) {
  const uint32_t classes = dfa->alphabet.class_count, width = classes + 2;
  for (uint32_t state = 0; state < dfa->state_count; state++) {
    uint16_t *row = dfa->rows + (size_t)state * width;
    for (uint32_t class = 1; class <= classes; class++) row[class] = (uint16_t)(row[class] * width);
  }
  dfa->start = (uint16_t)(start * width);
  uint16_t *trimmed = realloc(dfa->rows, (size_t)dfa->state_count * width * sizeof *trimmed);
  if (trimmed) dfa->rows = trimmed;
}

mc_code mc_rx_dfa_fill(mc_rx_dfa *dfa, mc_rx_states *states, const mc_regex *regex, const uint32_t *sample,
                       uint64_t *work) {
  const uint32_t most = mc_rx_dfa_bound(regex->size) / (dfa->alphabet.class_count + 2);
  if (!mc_rx_states_open(states, regex, &dfa->alphabet, most, *work)) return MC_NO_MEMORY;
  const uint32_t start = mc_rx_states_start(states, regex->prefix);
  const bool made = start != MC_RX_NO_STATE && make_rows(dfa, states, sample);
  *work = states->work;
  if (!made) return states->failure;
  dfa->state_count = states->count;
  finish_rows(dfa, start);
  return MC_OK;
}

mc_code mc_rx_dfa_build(const mc_regex *regex, mc_rx_dfa **out) {
  *out = NULL;
  if (regex->size > MC_RX_DFA_MAX_SIZE) return MC_OK;
  mc_rx_dfa *dfa = calloc(1, sizeof *dfa);
  if (!dfa) return MC_NO_MEMORY;
  uint32_t sample[MC_RX_MAX_CLASSES + 1];
  mc_code code = mc_rx_alphabet_build(&dfa->alphabet, regex, sample);
  if (!code) {
    uint64_t work = mc_rx_dfa_work(regex->size);
    mc_rx_states states;
    code = mc_rx_dfa_fill(dfa, &states, regex, sample, &work);
    mc_rx_states_close(&states);
  }
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
