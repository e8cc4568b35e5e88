/* Weighted splits: the number that a request draws, and the cluster that the number falls on. Inlined, so
 * that an explanation draws as the decision does and the decision pays nothing for it. */
#ifndef MC_ENGINE_SPLIT_H
#define MC_ENGINE_SPLIT_H

#include "base/inlined.h"
#include "engine/snapshot.h"

typedef struct mc_draw {
  mc_draw_kind kind;
  uint64_t number; /* modulo the sum of the weights: the place on which the request falls */
} mc_draw;

/* An unsigned decimal number as absl::SimpleAtoi reads it; false where the text is none. */
static inline bool mc_draw_parse(mc_slice text, uint64_t *out) {
  size_t at = text.size && text.data[0] == '+';
  if (at == text.size) return false;
  uint64_t value = 0;
  for (; at < text.size; at++) {
    unsigned digit = (unsigned)(unsigned char)text.data[at] - '0';
    if (digit > 9 || value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

MC_INLINED mc_draw mc_split_draw(const mc_action *action, mc_input *input) {
  uint64_t number;
  const mc_header_ref *header = &action->weight_header;
  if (action->weight_by_hash) {
    if (mc_action_hash(action, input, &number)) return (mc_draw){MC_DRAW_HASH, number};
  } else if (header->set) {
    bool repeated = header->source == MC_SOURCE_LINES && mc_found_first(&input->found, header->slot) &&
                    input->found.next[mc_found_first(&input->found, header->slot) - 1];
    mc_slice value = mc_input_value(input, header->source, header->slot);
    if (value.data && !repeated && mc_draw_parse(value, &number)) return (mc_draw){MC_DRAW_HEADER, number};
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

#endif
