#include "match/regex_filter.h"

#include "match/regex_literals.h"
#include "match/regex_piece.h"

static void put(uint64_t *bits, uint32_t at) { bits[at / 64] |= UINT64_C(1) << (at % 64); }
static bool has(const uint64_t *bits, uint32_t at) { return bits[at / 64] >> (at % 64) & 1; }

/* What was found so far: a few runs, or from then on a set of numbers, and one of pieces, so that however
 * often a piece comes, its list is gone through once. */
typedef struct findings {
  const mc_rx_filter *filter;
  mc_scratch *scratch;
  mc_trie_list *runs;
  uint32_t count;
  uint64_t *numbers, *pieces;
} findings;

static void add_numbers(findings *f, const mc_trie_list *list) {
  for (const uint32_t *at = list->at; at != list->end; at++) put(f->numbers, *at);
}

static bool turn_to_sets(findings *f) {
  const size_t numbers = f->filter->limit / 64 + 1, pieces = f->filter->piece_count / 64 + 1;
  f->numbers = mc_scratch_alloc(f->scratch, (numbers + pieces) * sizeof *f->numbers);
  if (!f->numbers) return false;
  memset(f->numbers, 0, (numbers + pieces) * sizeof *f->numbers);
  f->pieces = f->numbers + numbers;
  for (uint32_t i = 0; i < f->count; i++) add_numbers(f, &f->runs[i]);
  return true;
}

static bool add(findings *f, const mc_rx_piece *piece) {
  if (!f->numbers) {
    for (uint32_t i = 0; i < f->count; i++) {
      if (f->runs[i].at == piece->regexes.at) return true;
    }
    if (f->count < MC_RX_FILTER_RUNS) {
      f->runs[f->count++] = piece->regexes;
      return true;
    }
    if (!turn_to_sets(f)) return false;
  }
  const uint32_t place = (uint32_t)(piece - f->filter->pieces);
  if (has(f->pieces, place)) return true;
  put(f->pieces, place);
  add_numbers(f, &piece->regexes);
  return true;
}

/* The sets become one run. */
static bool finish(findings *f) {
  if (!f->numbers) return true;
  uint32_t count = 0;
  for (uint32_t number = 0; number < f->filter->limit; number++) count += has(f->numbers, number);
  uint32_t *list = mc_scratch_alloc(f->scratch, count * sizeof *list);
  if (!list) return false;
  f->count = 1;
  f->runs[0] = (mc_trie_list){list, list + count};
  for (uint32_t number = 0; number < f->filter->limit; number++) {
    if (has(f->numbers, number)) *list++ = number;
  }
  return true;
}

bool mc_rx_filter_find(const mc_rx_filter *filter, mc_slice text, mc_scratch *scratch,
                       mc_trie_list runs[MC_RX_FILTER_RUNS], uint32_t *count) {
  findings found = {.filter = filter, .scratch = scratch, .runs = runs};
  *count = 0;
  if (!filter->piece_count || !mc_slice_starts(text, filter->prefix)) return true;
  for (size_t at = 0; at + MC_RX_LITERAL_LEAST <= text.size; at++) {
    const uint64_t word = mc_rx_piece_at(text, at);
    for (uint32_t i = 0; i < MC_RX_PIECE_SIZES; i++) {
      const mc_rx_piece_bits *here = &filter->sizes[i];
      if (!here->mask) continue;
      const uint64_t piece = word & here->mask, hash = mc_rx_piece_hash(piece), bit = hash >> here->shift;
      if (!(here->bits[bit / 64] >> (bit % 64) & 1)) continue;
      const mc_rx_piece *entry = mc_rx_piece_find(filter, piece);
      if (entry->bytes && !add(&found, entry)) return false;
    }
  }
  if (!finish(&found)) return false;
  *count = found.count;
  return true;
}
