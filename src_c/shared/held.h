/* Counts of what processes hold, so that what one of them held when it died can be taken away, exactly.
 *
 * A count is a word, and a column for each owner. The word has the total, and what the last change was: which owner
 * made it, the how-many-eth of that owner it is, and what it did. A column has how many of its owner's changes are in it,
 * and how many it holds. A change is one exchange of the word; its owner's column follows. Before anyone replaces the
 * word, he sees to it that the change that it names is in its column (*help*), which exchanges the column from the number
 * before to this one, and so happens once, whoever does it. So the total is the sum of the columns and the one change
 * that the word names, at every instant, and an owner who dies between any two instructions leaves just what he held:
 * all of it is taken back by a change like any other, in his name.
 *
 * The limit is asked in the exchange that takes: it is never passed, and nobody is refused for what another tried in
 * vain. Numbers of changes are 21 bits of the word: an exchange would be mistaken only where its thread slept while that
 * owner made a multiple of two million changes and nobody else the last one.
 *
 * The upper half of a word is never 0, by which it is told from a count that one process has for itself. */
#ifndef MC_SHARED_HELD_H
#define MC_SHARED_HELD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define MC_HELD_SHARED (UINT64_C(1) << 63)

typedef struct mc_held {
  _Atomic(uint64_t) *word;
  _Atomic(uint64_t) *columns; /* of owner 1; that of the next is `stride` behind */
  uint32_t stride, owners;
} mc_held;

/* One more for the owner, where fewer than limit are held. False: they are not, or the owner is 0. */
bool mc_held_take(const mc_held *held, uint32_t owner, uint32_t limit);
/* One less. False: the owner holds none, and nothing changes. */
bool mc_held_give(const mc_held *held, uint32_t owner);
/* Nothing is the owner's any more; what was. */
uint32_t mc_held_clear(const mc_held *held, uint32_t owner);
/* How many the owner holds. */
uint32_t mc_held_of(const mc_held *held, uint32_t owner);

static inline uint32_t mc_held_total(uint64_t word) { return (uint32_t)word; }

#endif
