/* Some instructions are on every way through a program: those that no jump passes over. From each of them
 * the ways on are followed, as long as they take single characters and are few; what they have taken by
 * then is a choice of literals. So .*\.(jpg|png) must contain ".jpg" or ".png". */
#include "match/regex_literals.h"

#include <stdlib.h>

#include "match/regex_walk.h"
#include "match/utf8.h"

enum { MAX_CASES = 4, MAX_WORK = 20000 };

/* A way on from the beginning. */
typedef struct way {
  mc_rx_literal taken;
  uint32_t place; /* at which it goes on */
  bool ended;     /* what comes is not a few characters */
} way;

typedef struct ways {
  uint32_t count;
  way items[MC_RX_LITERALS];
} ways;

typedef struct finder {
  const mc_regex *regex;
  int32_t *jumps; /* by place: how many jumps pass over it */
  mc_rx_walk walk;
  uint32_t *reached; /* places that take a character */
  uint32_t reached_count;
  ways now, next;
} finder;

static void count_jump(finder *f, uint32_t from, int32_t by) {
  if (by <= 1) return;
  f->jumps[from + 1]++;
  f->jumps[from + (uint32_t)by]--;
}

static void find_jumps(finder *f) {
  for (uint32_t place = 0; place < f->regex->size; place++) {
    const mc_rx_inst *inst = &f->regex->code[place];
    if (inst->op == MC_RX_JUMP || inst->op == MC_RX_SPLIT) count_jump(f, place, inst->x);
    if (inst->op == MC_RX_SPLIT) count_jump(f, place, inst->y);
  }
  for (uint32_t place = 1; place < f->regex->size; place++) f->jumps[place] += f->jumps[place - 1];
}

/* Fills reached with what takes a character from a place on; false if a text may end there. */
static bool follow(finder *f, uint32_t from) {
  f->walk.step++;
  f->reached_count = mc_rx_walk_follow(&f->walk, from, f->reached, 0);
  for (uint32_t i = 0; i < f->reached_count; i++) {
    if (f->regex->code[f->reached[i]].op == MC_RX_MATCH) return false;
  }
  return true;
}

/* The characters of an instruction; 0 where they are too many. */
static uint32_t cases_of(const mc_regex *regex, const mc_rx_inst *inst, uint32_t runes[MAX_CASES]) {
  if (inst->op == MC_RX_RUNE) {
    runes[0] = (uint32_t)inst->x;
    return 1;
  }
  if (inst->op != MC_RX_SET || regex->sets[inst->x].all_beyond_ascii) return 0;
  const mc_rx_set *set = &regex->sets[inst->x];
  uint32_t count = 0;
  for (uint32_t c = 0; c < 128; c++) {
    if (!mc_rx_set_has(set, c)) continue;
    if (count == MAX_CASES) return 0;
    runes[count++] = c;
  }
  for (uint32_t i = 0; i < set->count; i++) {
    for (uint32_t rune = set->ranges[i].low < 128 ? 128 : set->ranges[i].low; rune <= set->ranges[i].high; rune++) {
      if (count == MAX_CASES) return 0;
      runes[count++] = rune;
    }
  }
  return count;
}

/* False where there are too many ways. */
static bool add_way(ways *into, const way *made) {
  for (uint32_t i = 0; i < into->count; i++) {
    const way *other = &into->items[i];
    if (other->place == made->place && other->ended == made->ended && other->taken.size == made->taken.size &&
        memcmp(other->taken.text, made->taken.text, made->taken.size) == 0) {
      return true;
    }
  }
  if (into->count == MC_RX_LITERALS) return false;
  into->items[into->count++] = *made;
  return true;
}

static bool add_character(ways *into, const way *from, uint32_t rune, uint32_t place) {
  way made = *from;
  made.place = place;
  if (rune < 128) {
    made.taken.text[made.taken.size++] = mc_lower((char)rune);
  } else {
    made.taken.size = (uint8_t)(made.taken.size + mc_rune_write(rune, made.taken.text + made.taken.size));
    /* Mostly the long s or the Kelvin sign, that (?i) adds to s and k: not worth doubling the ways. */
    made.ended = made.taken.size >= MC_RX_LITERAL_LEAST;
  }
  return add_way(into, &made);
}

/* A way by one character; false where there are too many ways then. */
static bool extend(finder *f, const way *from) {
  way ended = *from;
  ended.ended = true;
  if (from->ended || from->taken.size + 4 > MC_RX_LITERAL_MOST || f->walk.work >= MAX_WORK || !follow(f, from->place)) {
    return add_way(&f->next, &ended);
  }
  const uint32_t before = f->next.count;
  for (uint32_t i = 0; i < f->reached_count; i++) {
    uint32_t runes[MAX_CASES];
    const uint32_t count = cases_of(f->regex, &f->regex->code[f->reached[i]], runes);
    if (!count) {
      f->next.count = before;
      return add_way(&f->next, &ended);
    }
    for (uint32_t c = 0; c < count; c++) {
      if (!add_character(&f->next, from, runes[c], f->reached[i] + 1)) return false;
    }
  }
  return true;
}

/* All ways on from a place, as far as they go. */
static void find_ways(finder *f, uint32_t place) {
  f->now.count = 1;
  f->now.items[0] = (way){.place = place};
  for (bool more = true; more;) {
    f->next.count = 0;
    for (uint32_t i = 0; i < f->now.count; i++) {
      if (!extend(f, &f->now.items[i])) return;
    }
    more = false;
    for (uint32_t i = 0; i < f->next.count; i++) more |= !f->next.items[i].ended;
    f->now.count = f->next.count;
    memcpy(f->now.items, f->next.items, f->next.count * sizeof *f->next.items);
  }
}

static bool keep(const ways *found, mc_rx_choice *choice) {
  choice->count = 0;
  for (uint32_t i = 0; i < found->count; i++) {
    if (found->items[i].taken.size < MC_RX_LITERAL_LEAST) return false;
    choice->literals[choice->count++] = found->items[i].taken;
  }
  return choice->count > 0;
}

/* Up to where all ways have taken characters: it is not worth beginning again in the middle. */
static uint32_t common_end(const ways *found, uint32_t least) {
  uint32_t end = UINT32_MAX;
  for (uint32_t i = 0; i < found->count; i++) {
    if (found->items[i].place < end) end = found->items[i].place;
  }
  return end > least ? end : least;
}

mc_code mc_rx_literals_find(const mc_regex *regex, mc_rx_choice choices[MC_RX_LITERAL_CHOICES], uint32_t *count) {
  *count = 0;
  const size_t size = regex->size;
  finder *f = calloc(1, sizeof *f + (4 * size + 1) * sizeof(uint32_t));
  if (!f) return MC_NO_MEMORY;
  f->regex = regex;
  f->reached = (uint32_t *)(f + 1);
  f->jumps = (int32_t *)(f->reached + size);
  f->walk = (mc_rx_walk){.regex = regex, .marks = f->reached + 2 * size, .stack = f->reached + 3 * size};
  find_jumps(f);
  for (uint32_t place = 0; place < size && *count < MC_RX_LITERAL_CHOICES && f->walk.work < MAX_WORK;) {
    const mc_rx_op op = regex->code[place].op;
    uint32_t next = place + 1;
    if (!f->jumps[place] && (op == MC_RX_RUNE || op == MC_RX_SET || op == MC_RX_SPLIT)) {
      find_ways(f, place);
      if (keep(&f->now, &choices[*count])) ++*count;
      next = common_end(&f->now, next);
    }
    place = next;
  }
  free(f);
  return MC_OK;
}
