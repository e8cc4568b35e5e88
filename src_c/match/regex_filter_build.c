/* Choosing the pieces of a filter, and its table. */
#include <stdlib.h>

#include "match/regex_literals.h"
#include "match/regex_piece.h"

static const uint32_t SIZES[MC_RX_PIECE_SIZES] = {8, 4, 3};

static uint64_t mask_of(uint32_t size) { return size == 8 ? ~UINT64_C(0) : (UINT64_C(1) << 8 * size) - 1; }

/* The size of the pieces that a literal has. */
static uint32_t piece_size(const mc_rx_literal *literal) {
  for (uint32_t i = 0; i < MC_RX_PIECE_SIZES; i++) {
    if (SIZES[i] <= literal->size) return SIZES[i];
  }
  return 0;
}

static uint64_t piece_at(const mc_rx_literal *literal, uint32_t at) {
  return mc_rx_piece_at(mc_slice_of(literal->text, literal->size), at) & mask_of(piece_size(literal));
}

/* That a regex needs a piece. */
typedef struct need {
  uint64_t piece;
  uint32_t number;
} need;

typedef struct builder {
  mc_rx_filter *filter;
  mc_arena *arena;
  mc_rx_choice *choices; /* of one regex */
  uint32_t choice_count;
  uint32_t *counts; /* by hash: how many literals have a piece; or more, where hashes meet */
  uint32_t count_shift;
  need *needs;
  size_t need_count, need_room;
} builder;

static uint32_t *count_of(const builder *b, uint64_t piece) { return &b->counts[mc_rx_piece_hash(piece) >> b->count_shift]; }

static void count_pieces(builder *b) {
  for (uint32_t i = 0; i < b->choice_count; i++) {
    for (uint32_t k = 0; k < b->choices[i].count; k++) {
      const mc_rx_literal *literal = &b->choices[i].literals[k];
      for (uint32_t at = 0; at + piece_size(literal) <= literal->size; at++) ++*count_of(b, piece_at(literal, at));
    }
  }
}

/* The piece of a literal that the fewest have. */
static uint64_t rarest(const builder *b, const mc_rx_literal *literal, uint32_t *sharers) {
  uint64_t best = 0;
  *sharers = UINT32_MAX;
  for (uint32_t at = 0; at + piece_size(literal) <= literal->size; at++) {
    const uint64_t piece = piece_at(literal, at);
    if (*count_of(b, piece) >= *sharers) continue;
    *sharers = *count_of(b, piece);
    best = piece;
  }
  return best;
}

/* The choice whose pieces the fewest have; NULL where none is worth it. */
static const mc_rx_choice *best_choice(const builder *b, uint32_t most) {
  const mc_rx_choice *best = NULL;
  for (uint32_t i = 0; i < b->choice_count; i++) {
    uint32_t worst = 0;
    for (uint32_t k = 0; k < b->choices[i].count; k++) {
      uint32_t sharers;
      (void)rarest(b, &b->choices[i].literals[k], &sharers);
      if (sharers > worst) worst = sharers;
    }
    if (worst > most) continue;
    most = worst - 1;
    best = &b->choices[i];
  }
  return best;
}

static bool add_needs(builder *b, const mc_rx_choice *choice, uint32_t number) {
  if (b->need_room - b->need_count < choice->count) {
    const size_t room = 2 * b->need_room + MC_RX_LITERALS;
    need *more = realloc(b->needs, room * sizeof *more);
    if (!more) return false;
    b->needs = more;
    b->need_room = room;
  }
  for (uint32_t k = 0; k < choice->count; k++) {
    uint32_t sharers;
    b->needs[b->need_count++] = (need){rarest(b, &choice->literals[k], &sharers), number};
  }
  return true;
}

static int compare(const void *left, const void *right) {
  const need *a = left, *b = right;
  if (a->piece != b->piece) return a->piece < b->piece ? -1 : 1;
  return (a->number > b->number) - (a->number < b->number);
}

static size_t power_of_two(size_t size, size_t least) {
  while (size < least) size *= 2;
  return size;
}

/* What a 64-bit hash is shifted by to be below a power of two. */
static uint32_t shift_for(size_t size) {
  uint32_t shift = 64;
  for (; size > 1; size /= 2) shift--;
  return shift;
}

static bool fill_bits(builder *b) {
  for (uint32_t i = 0; i < MC_RX_PIECE_SIZES; i++) {
    mc_rx_piece_bits *here = &b->filter->sizes[i];
    /* Of this size: the highest byte of the mask is used, and none above. */
    const uint64_t mask = mask_of(SIZES[i]), highest = mask & ~(mask >> 8);
    size_t count = 0;
    for (size_t n = 0; n < b->need_count; n++) count += (b->needs[n].piece & ~mask) == 0 && b->needs[n].piece & highest;
    if (!count) continue;
    const size_t bits = power_of_two(64, 16 * count);
    here->mask = mask;
    here->shift = shift_for(bits);
    here->bits = mc_arena_alloc(b->arena, bits / 64, sizeof *here->bits);
    if (!here->bits) return false;
    for (size_t n = 0; n < b->need_count; n++) {
      if ((b->needs[n].piece & ~mask) || !(b->needs[n].piece & highest)) continue;
      const uint64_t bit = mc_rx_piece_hash(b->needs[n].piece) >> here->shift;
      here->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
  }
  return true;
}

static bool fill_table(builder *b) {
  mc_rx_filter *filter = b->filter;
  qsort(b->needs, b->need_count, sizeof *b->needs, compare);
  const size_t size = power_of_two(8, 2 * b->need_count);
  uint32_t *numbers = mc_arena_alloc(b->arena, b->need_count, sizeof *numbers);
  filter->pieces = mc_arena_alloc(b->arena, size, sizeof *filter->pieces);
  if (!numbers || !filter->pieces) return false;
  filter->piece_count = (uint32_t)size;
  filter->shift = shift_for(size);
  for (size_t low = 0, high; low < b->need_count; low = high) {
    mc_rx_piece *piece = mc_rx_piece_find(filter, b->needs[low].piece);
    piece->bytes = b->needs[low].piece;
    piece->regexes.at = numbers;
    for (high = low; high < b->need_count && b->needs[high].piece == b->needs[low].piece; high++) {
      if (high > low && b->needs[high].number == b->needs[high - 1].number) continue;
      *numbers++ = b->needs[high].number;
      if (b->needs[high].number >= filter->limit) filter->limit = b->needs[high].number + 1;
    }
    piece->regexes.end = numbers;
  }
  return fill_bits(b);
}

/* Twice over the regexes: once to see which pieces are rare, once to choose. */
static mc_code choose(builder *b, mc_rx_numbered *regexes, uint32_t count, uint32_t *rest) {
  for (uint32_t i = 0; i < count; i++) {
    const mc_code code = mc_rx_literals_find(regexes[i].regex, b->choices, &b->choice_count);
    if (code) return code;
    count_pieces(b);
  }
  /* Behind a piece that a quarter of all need, another way to tell them apart does better. */
  const uint32_t most = count / 4 > 8 ? count / 4 : 8;
  for (uint32_t i = 0; i < count; i++) {
    const mc_code code = mc_rx_literals_find(regexes[i].regex, b->choices, &b->choice_count);
    if (code) return code;
    const mc_rx_choice *choice = best_choice(b, most);
    if (!choice) {
      regexes[(*rest)++] = regexes[i];
      continue;
    }
    const mc_slice prefix = regexes[i].regex->prefix;
    b->filter->prefix = b->filter->prefix.data ? mc_slice_shared(b->filter->prefix, prefix) : prefix;
    if (!add_needs(b, choice, regexes[i].number)) return MC_NO_MEMORY;
  }
  return MC_OK;
}

mc_code mc_rx_filter_build(mc_rx_filter *filter, mc_rx_numbered *regexes, uint32_t count, mc_arena *arena,
                           uint32_t *rest) {
  *filter = (mc_rx_filter){.piece_count = 0};
  *rest = 0;
  const size_t counters = power_of_two(64, 64 * (size_t)count);
  builder b = {.filter = filter, .arena = arena, .count_shift = shift_for(counters)};
  b.choices = malloc(MC_RX_LITERAL_CHOICES * sizeof *b.choices);
  b.counts = calloc(counters, sizeof *b.counts);
  mc_code code = b.choices && b.counts ? choose(&b, regexes, count, rest) : MC_NO_MEMORY;
  if (!code && b.need_count && !fill_table(&b)) code = MC_NO_MEMORY;
  free(b.choices);
  free(b.counts);
  free(b.needs);
  return code;
}
