#include "match/regex_ranges.h"

#include <stdlib.h>

#include "match/utf8.h"

void mc_rx_ranges_free(mc_rx_ranges *ranges) { free(ranges->items); }

void mc_rx_ranges_add(mc_rx_ranges *ranges, uint32_t low, uint32_t high) {
  if (ranges->no_memory) return;
  /* So that the list stays about as long as what it says, not as long as what was written. */
  if (ranges->count == ranges->room && ranges->room >= 1024) mc_rx_ranges_tidy(ranges);
  if (ranges->count >= ranges->room - ranges->room / 4) {
    uint32_t room = ranges->room ? 2 * ranges->room : 8;
    mc_rx_range *grown = realloc(ranges->items, room * sizeof *grown);
    if (!grown) {
      ranges->no_memory = true;
      return;
    }
    ranges->items = grown;
    ranges->room = room;
  }
  ranges->items[ranges->count++] = (mc_rx_range){low, high};
}

static int by_low(const void *a, const void *b) {
  const mc_rx_range *left = a, *right = b;
  return (left->low > right->low) - (left->low < right->low);
}

void mc_rx_ranges_tidy(mc_rx_ranges *ranges) {
  if (ranges->count < 2) return;
  qsort(ranges->items, ranges->count, sizeof *ranges->items, by_low);
  uint32_t kept = 0;
  for (uint32_t i = 1; i < ranges->count; i++) {
    mc_rx_range *last = &ranges->items[kept], *item = &ranges->items[i];
    if (item->low <= last->high + 1) {
      if (item->high > last->high) last->high = item->high;
    } else {
      ranges->items[++kept] = *item;
    }
  }
  ranges->count = kept + 1;
}

void mc_rx_ranges_negate(mc_rx_ranges *ranges) {
  uint32_t next = 0; /* the first code point not decided yet */
  uint32_t old = ranges->count, kept = 0;
  for (uint32_t i = 0; i < old; i++) {
    mc_rx_range item = ranges->items[i];
    if (item.low > next) ranges->items[kept++] = (mc_rx_range){next, item.low - 1};
    next = item.high + 1;
  }
  ranges->count = kept;
  if (next <= MC_RUNE_MAX) mc_rx_ranges_add(ranges, next, MC_RUNE_MAX);
}

/* Pairs of first and last. */
static bool add_pairs(mc_rx_ranges *ranges, const char *pairs, size_t size, bool fold) {
  for (size_t i = 0; i + 1 < size; i += 2) {
    if (fold) {
      mc_rx_ranges_add_folded(ranges, (uint32_t)pairs[i], (uint32_t)pairs[i + 1]);
    } else {
      mc_rx_ranges_add(ranges, (uint32_t)pairs[i], (uint32_t)pairs[i + 1]);
    }
  }
  return true;
}

bool mc_rx_ranges_add_perl(mc_rx_ranges *ranges, char letter, bool fold) {
  switch (letter) {
    case 'd':
      return add_pairs(ranges, "09", 2, fold);
    case 's': /* without \v, unlike the POSIX class */
      return add_pairs(ranges, "\t\n\f\r  ", 6, fold);
    case 'w':
      return add_pairs(ranges, "09AZ__az", 8, fold);
    default:
      return false;
  }
}

bool mc_rx_ranges_add_posix(mc_rx_ranges *ranges, mc_slice name, bool fold) {
  static const struct {
    const char *name, *pairs;
    size_t size;
  } classes[] = {
      {"alnum", "09AZaz", 6},   {"alpha", "AZaz", 4}, {"ascii", "\x00\x7F", 2}, {"blank", "\t\t  ", 4},
      {"cntrl", "\x00\x1F\x7F\x7F", 4}, {"digit", "09", 2},   {"graph", "!~", 2},       {"lower", "az", 2},
      {"print", " ~", 2},       {"punct", "!/:@[`{~", 8}, {"space", "\t\r  ", 4},   {"upper", "AZ", 2},
      {"word", "09AZ__az", 8},  {"xdigit", "09AFaf", 6},
  };
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
    if (mc_slice_equal(name, mc_slice_of(classes[i].name, strlen(classes[i].name)))) {
      return add_pairs(ranges, classes[i].pairs, classes[i].size, fold);
    }
  }
  return false;
}
