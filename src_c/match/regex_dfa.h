/* A table-driven automaton for whole texts without groups, made when a pattern is compiled.
 *
 * Made at once, and not as texts come (RE2's lazy DFA): the table then is as immutable as the regex, so
 * threads share it without locks, no request allocates, and no sequence of requests can fill or flush it.
 * The price is a bound on its size, in proportion to the pattern's. What has no table within the bound,
 * like (a|b)*a(a|b){14}, is left to the machine that runs threads, which is linear as well; see
 * benches/bench_regex.py for what that costs.
 *
 * A row of the table is a state. Its first entry are flags; then comes, for each class of characters,
 * the offset of the row to go on at; in the end, two characters to look for where MC_RX_ROW_STAYS.
 * Row 0 is the state from which nothing matches. */
#ifndef MC_MATCH_REGEX_DFA_H
#define MC_MATCH_REGEX_DFA_H

#include "match/regex_states.h"
#include "match/utf8.h"

struct mc_rx_dfa {
  mc_rx_alphabet alphabet;
  uint16_t *rows;
  uint16_t start; /* the row after the literal prefix */
  uint32_t state_count;
};

enum {
  MC_RX_ROW_ACCEPTS = 1, /* the text may end here */
  MC_RX_ROW_STAYS = 2,   /* on every ASCII character but one or two */
};

/* Entries that a table may have, for a program of this size. */
enum { MC_RX_DFA_MAX_SIZE = 2048, MC_RX_DFA_MAX_ENTRIES = UINT16_MAX };
static inline uint32_t mc_rx_dfa_bound(uint32_t size) {
  const uint32_t bound = 1024 + 32 * size;
  return bound < MC_RX_DFA_MAX_ENTRIES ? bound : MC_RX_DFA_MAX_ENTRIES;
}

/* Steps that finding its states may take: an entry costs one for each thread, and usual patterns have few. */
static inline uint64_t mc_rx_dfa_work(uint32_t size) { return UINT64_C(8) * mc_rx_dfa_bound(size); }

/* MC_OK; *out is NULL where the table would be too large. Or MC_NO_MEMORY. */
mc_code mc_rx_dfa_build(const mc_regex *regex, mc_rx_dfa **out);
void mc_rx_dfa_free(mc_rx_dfa *dfa);

/* Opens the states of an automaton whose alphabet is known, and makes the rows of all that follow from the
 * start. work bounds it; what was spent is taken off. The caller closes the states, also on failure. MC_OK,
 * MC_LIMIT or MC_NO_MEMORY. */
mc_code mc_rx_dfa_fill(mc_rx_dfa *dfa, mc_rx_states *states, const mc_regex *regex, const uint32_t *sample,
                       uint64_t *work);

#define MC_RX_ONES UINT64_C(0x0101010101010101)
#define MC_RX_HIGHS (MC_RX_ONES << 7)

/* The high bit of each byte that is the character; bits above the lowest of them may be wrong. */
static inline uint64_t mc_rx_dfa_equal(uint64_t word, uint8_t character) {
  const uint64_t differs = word ^ MC_RX_ONES * character;
  return (differs - MC_RX_ONES) & ~differs;
}

/* A place from which on there may be one of two characters, or one beyond ASCII: eight bytes at once, so
 * that a part such as .* costs little. */
static inline size_t mc_rx_dfa_pass(mc_slice text, size_t at, uint32_t characters) {
  for (; text.size - at >= 8; at += 8) {
    uint64_t word;
    memcpy(&word, text.data + at, 8);
    const uint64_t found = mc_rx_dfa_equal(word, (uint8_t)characters) | mc_rx_dfa_equal(word, (uint8_t)(characters >> 8));
    if ((found | word) & MC_RX_HIGHS) break;
  }
  return at;
}

/* The row at which the text ends. Its beginning is the literal prefix, which ends at `at`. */
static inline uint32_t mc_rx_dfa_walk(const mc_rx_dfa *dfa, mc_slice text, size_t at) {
  const uint16_t *rows = dfa->rows;
  const uint32_t stops = dfa->alphabet.class_count + 1;
  uint32_t row = dfa->start;
  while (at < text.size && row) {
    const unsigned char c = (unsigned char)text.data[at];
    uint32_t class;
    if (c < 128) {
      class = dfa->alphabet.ascii[c];
      at++;
    } else {
      const mc_rune rune = mc_rune_at(text, at);
      if (rune.value == MC_RUNE_INVALID) return 0;
      class = mc_rx_alphabet_class(&dfa->alphabet, rune.value);
      at += rune.width;
    }
    const uint32_t next = rows[row + class];
    if (next == row && rows[row] & MC_RX_ROW_STAYS) at = mc_rx_dfa_pass(text, at, rows[row + stops]);
    row = next;
  }
  return row;
}

#endif
