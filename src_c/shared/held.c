#include "shared/held.h"

typedef enum change { NOTHING, TAKE, GIVE, CLEAR } change;

enum { OWNER_SHIFT = 55, CHANGE_SHIFT = 53, NUMBER_SHIFT = 32, NUMBER_MASK = (1 << 21) - 1 };

static uint32_t owner_of(uint64_t word) { return (uint32_t)(word >> OWNER_SHIFT) & 255; }
static change change_of(uint64_t word) { return (change)(word >> CHANGE_SHIFT & 3); }
static uint32_t number_of(uint64_t word) { return (uint32_t)(word >> NUMBER_SHIFT) & NUMBER_MASK; }

static uint64_t word_of(uint32_t owner, change what, uint32_t number, uint32_t total) {
  return MC_HELD_SHARED | (uint64_t)owner << OWNER_SHIFT | (uint64_t)what << CHANGE_SHIFT |
         (uint64_t)(number & NUMBER_MASK) << NUMBER_SHIFT | total;
}

static _Atomic(uint64_t) *column_of(const mc_held *held, uint32_t owner) {
  return held->columns + (uint64_t)(owner - 1) * held->stride;
}

static uint32_t changes_in(uint64_t column) { return (uint32_t)(column >> 32); }
static uint32_t held_in(uint64_t column) { return (uint32_t)column; }

/* Sees to it that the word's change is in its column. */
static void help(const mc_held *held, uint64_t word) {
  const change what = change_of(word);
  if (what == NOTHING || owner_of(word) - 1 >= held->owners) return;
  _Atomic(uint64_t) *at = column_of(held, owner_of(word));
  uint64_t column = atomic_load(at);
  uint32_t next = changes_in(column) + 1;
  if ((next & NUMBER_MASK) != number_of(word)) return; /* it is; or the word is not the last one any more */
  uint32_t holds = what == CLEAR ? 0 : held_in(column) + (what == TAKE ? 1u : -1u);
  atomic_compare_exchange_strong(at, &column, (uint64_t)next << 32 | holds);
}

/* By how much; 0: nothing has changed. */
static uint32_t apply(const mc_held *held, uint32_t owner, change what, uint32_t limit) {
  uint64_t word = atomic_load(held->word), next;
  uint32_t by;
  do {
    help(held, word);
    /* If the word is still there when it is exchanged, then this is what the owner's last change made of it. */
    uint64_t column = atomic_load(column_of(held, owner));
    uint32_t total = mc_held_total(word), holds = held_in(column);
    if (what == TAKE ? total >= limit : !holds) return 0;
    by = what == CLEAR ? holds : 1;
    if (what != TAKE && by > total) by = total; /* never, unless the memory is damaged */
    next = word_of(owner, what, changes_in(column) + 1, what == TAKE ? total + 1 : total - by);
  } while (!atomic_compare_exchange_weak(held->word, &word, next));
  help(held, next); /* rather in a line that is still at hand than later, by someone else */
  return by ? by : 1;
}

bool mc_held_take(const mc_held *held, uint32_t owner, uint32_t limit) {
  return owner && apply(held, owner, TAKE, limit);
}

bool mc_held_give(const mc_held *held, uint32_t owner) { return owner && apply(held, owner, GIVE, 0); }

uint32_t mc_held_clear(const mc_held *held, uint32_t owner) { return owner ? apply(held, owner, CLEAR, 0) : 0; }

uint32_t mc_held_of(const mc_held *held, uint32_t owner) {
  if (!owner) return 0;
  help(held, atomic_load(held->word));
  return held_in(atomic_load(column_of(held, owner)));
}
