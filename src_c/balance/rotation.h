/* The turn of a group's members where only their configured weights count: one atomic addition and at most one
 * load, whatever the weights. */
#ifndef MC_BALANCE_ROTATION_H
#define MC_BALANCE_ROTATION_H

#include "balance/policy.h"

/* The longest order that is written out: 128 KiB of it. */
enum { MC_ROTATION_LONGEST = 65536 };

typedef struct mc_rotation {
  atomic_uint_fast64_t turn;
  uint32_t period;       /* 0: the order would be too long, so that there is none */
  const uint16_t *order; /* the member of each turn; NULL: one after another, since weights are equal */
} mc_rotation;

/* turn is where it begins. Of unequal weights the order is that of earliest deadline first, over one period: the
 * sum of the weights by their greatest common divisor. MC_OK or MC_NO_MEMORY. */
mc_code mc_rotation_build(mc_rotation *rotation, const mc_group *group, uint64_t turn, mc_arena *arena,
                          mc_error *error);

/* There is an order. */
static inline uint32_t mc_rotation_next(mc_rotation *r, bool peek) {
  uint64_t turn = peek ? atomic_load_explicit(&r->turn, memory_order_relaxed)
                       : atomic_fetch_add_explicit(&r->turn, 1, memory_order_relaxed);
  uint32_t at = (uint32_t)(turn % r->period);
  return r->order ? r->order[at] : at;
}

/* Whether all members have one weight. The group has members. */
bool mc_group_is_equal(const mc_group *group);

#endif
