/* Which of many regexes a text may match, by one pass over it, whatever their number.
 *
 * Of the literals that a regex needs, the filter keeps the piece of 8, 4 or 3 bytes that the fewest other
 * regexes need, too: "-123/ite" of /api/v[0-9]+/service-123/items/.*. A table tells of each place in the
 * text whether one of the pieces begins there. Its size grows with the number of regexes and nothing else,
 * unlike that of an automaton for all of them together, which can double with each.
 *
 * The pieces are compared without their case, roughly: what is found is only a candidate. */
#ifndef MC_MATCH_REGEX_FILTER_H
#define MC_MATCH_REGEX_FILTER_H

#include "base/arena.h"
#include "match/regex_program.h"
#include "match/trie.h"

enum { MC_RX_PIECE_SIZES = 3, MC_RX_FILTER_RUNS = 8 };

/* A piece, and the regexes that need it. */
typedef struct mc_rx_piece {
  uint64_t bytes; /* 0: a free place of the table */
  mc_trie_list regexes;
} mc_rx_piece;

/* Pieces of one size. */
typedef struct mc_rx_piece_bits {
  uint64_t mask;  /* of the bytes of a piece; 0: no piece has this size */
  uint32_t shift; /* of a hash, to the number of a bit */
  uint64_t *bits; /* by hash: set where there may be a piece */
} mc_rx_piece_bits;

typedef struct mc_rx_filter {
  mc_slice prefix; /* what all the regexes begin with; owned by one of them */
  mc_rx_piece_bits sizes[MC_RX_PIECE_SIZES];
  mc_rx_piece *pieces;
  uint32_t shift;       /* of a hash, to a place of the table */
  uint32_t piece_count; /* places, free ones included; a power of two; 0: there is no regex */
  uint32_t limit;       /* numbers of regexes are smaller */
} mc_rx_filter;

typedef struct mc_rx_numbered {
  const mc_regex *regex;
  uint32_t number;
} mc_rx_numbered;

/* Sorts out: what the filter can tell apart goes into it, the others come first in regexes, and *rest says
 * how many these are. MC_OK or MC_NO_MEMORY. Keeps what lasts in the arena. */
mc_code mc_rx_filter_build(mc_rx_filter *filter, mc_rx_numbered *regexes, uint32_t count, mc_arena *arena,
                           uint32_t *rest);

/* The numbers of the regexes that may match, as ascending lists, some of them maybe more than once.
 * False where memory is out. */
bool mc_rx_filter_find(const mc_rx_filter *filter, mc_slice text, mc_scratch *scratch,
                       mc_trie_list runs[MC_RX_FILTER_RUNS], uint32_t *count);

#endif
