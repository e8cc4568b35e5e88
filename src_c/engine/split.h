/* Weighted splits: the number that a request draws, or its key, and the cluster that it falls on. Inlined, so
 * that an explanation draws as the decision does and the decision pays nothing for it. */
#ifndef MC_ENGINE_SPLIT_H
#define MC_ENGINE_SPLIT_H

#include "base/inlined.h"
#include "engine/snapshot.h"

typedef struct mc_draw {
  mc_draw_kind kind;
  uint64_t number; /* modulo the sum of the weights: the place on which the request falls; or the hash of a key */
} mc_draw;

/* The key of a sticky split, which may be that of a cookie that the client is given; data NULL: none. */
static inline mc_slice mc_split_key(const mc_action *action, mc_input *input, char digits[MC_COOKIE_DIGITS],
                                    mc_new_cookie **cookies, mc_draw_kind *kind) {
  const mc_sticky *sticky = action->sticky;
  mc_slice value = mc_sticky_value(sticky, input);
  *kind = value.size ? MC_DRAW_STICKY : sticky->cookie ? MC_DRAW_COOKIE : MC_DRAW_RANDOM;
  if (value.size) return value;
  if (!sticky->cookie) return MC_ABSENT;
  uint64_t number = mc_sticky_cookie_number(input->random);
  if (mc_cookies_add(cookies, sticky->cookie, number, input->scratch)) input->no_memory = true;
  return mc_cookie_value(number, digits);
}

MC_INLINED mc_draw mc_split_draw(const mc_action *action, mc_input *input, mc_new_cookie **cookies) {
  uint64_t number;
  const mc_header_ref *header = &action->weight_header;
  if (action->sticky) {
    char digits[MC_COOKIE_DIGITS];
    mc_draw draw;
    mc_slice key = mc_split_key(action, input, digits, cookies, &draw.kind);
    if (key.data) {
      draw.number = mc_rendezvous_key(key);
      return draw;
    }
  } else if (action->weight_by_hash) {
    if (mc_action_hash(action, input, NULL, &number)) return (mc_draw){MC_DRAW_HASH, number};
  } else if (header->set) {
    bool repeated = header->source == MC_SOURCE_LINES && mc_found_first(&input->found, header->slot) &&
                    input->found.next[mc_found_first(&input->found, header->slot) - 1];
    mc_slice value = mc_input_value(input, header->source, header->slot);
    if (value.data && !repeated && mc_slice_number(value, &number)) return (mc_draw){MC_DRAW_HEADER, number};
  }
  return (mc_draw){MC_DRAW_RANDOM, input->random};
}

static inline uint64_t mc_split_sum(const mc_action *action) {
  return action->weighted[action->weighted_count - 1].end;
}

/* The first weighted cluster whose end lies behind the place. */
MC_INLINED uint32_t mc_split_at(const mc_action *action, uint64_t place) {
  uint32_t low = 0, high = action->weighted_count - 1;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (action->weighted[middle].end > place) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* The weighted cluster that a draw falls on. */
MC_INLINED uint32_t mc_split_choose(const mc_action *action, mc_draw draw) {
  if (draw.kind == MC_DRAW_STICKY || draw.kind == MC_DRAW_COOKIE) {
    return mc_rendezvous_pick(action->sticky->shares, action->sticky->count, draw.number);
  }
  return mc_split_at(action, action->sum.by < 2 ? 0 : mc_divisor_rest(&action->sum, draw.number));
}

#endif
