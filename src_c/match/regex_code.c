#include "match/regex_code.h"

#include <stdlib.h>

static bool reserve(mc_rx_code *code, uint64_t more) {
  if (code->failure != MC_OK) return false;
  if (code->size + more > MC_REGEX_MAX_PROGRAM) {
    code->failure = MC_LIMIT;
    return false;
  }
  const uint32_t wanted = code->size + (uint32_t)more;
  if (wanted <= code->room) return true;
  uint32_t room = code->room ? code->room : 16;
  while (room < wanted) room *= 2;
  mc_rx_inst *grown = realloc(code->items, room * sizeof *grown);
  if (!grown) {
    code->failure = MC_NO_MEMORY;
    return false;
  }
  code->items = grown;
  code->room = room;
  return true;
}

void mc_rx_code_append(mc_rx_code *code, mc_rx_op op, int32_t x, int32_t y) {
  mc_rx_code_insert(code, code->size, op, x, y);
}

void mc_rx_code_insert(mc_rx_code *code, uint32_t at, mc_rx_op op, int32_t x, int32_t y) {
  if (!reserve(code, 1)) return;
  memmove(code->items + at + 1, code->items + at, (code->size - at) * sizeof *code->items);
  code->items[at] = (mc_rx_inst){op, x, y};
  code->size++;
}

/* A choice between going into a fragment and going past it. */
static void split(mc_rx_code *code, uint32_t at, int32_t into, int32_t past, bool greedy) {
  mc_rx_code_insert(code, at, MC_RX_SPLIT, greedy ? into : past, greedy ? past : into);
}

static void copy(mc_rx_code *code, uint32_t from, uint32_t length) {
  if (!reserve(code, length)) return;
  memcpy(code->items + code->size, code->items + from, length * sizeof *code->items);
  code->size += length;
}

static void plus(mc_rx_code *code, uint32_t start, bool greedy) {
  split(code, code->size, -(int32_t)(code->size - start), 1, greedy);
}

static void star(mc_rx_code *code, uint32_t start, bool greedy, bool nullable) {
  const int32_t length = (int32_t)(code->size - start);
  if (nullable) {
    /* x* would let a thread that went round without a character lose its rank; (x+)? does not. */
    plus(code, start, greedy);
    split(code, start, 1, length + 2, greedy);
  } else {
    split(code, start, 1, length + 2, greedy);
    mc_rx_code_append(code, MC_RX_JUMP, -(length + 1), 0);
  }
}

void mc_rx_code_repeat(mc_rx_code *code, uint32_t start, int32_t min, int32_t max, bool greedy,
                       bool nullable) {
  if (code->failure != MC_OK) return;
  const uint32_t length = code->size - start;
  if (max == 0) {
    code->size = start;
    return;
  }
  if (max == MC_RX_REPEAT_NO_MAX && min == 0) {
    star(code, start, greedy, nullable);
    return;
  }
  const int32_t copies = max == MC_RX_REPEAT_NO_MAX ? min : max;
  if (!reserve(code, (uint64_t)copies * (length + 1))) return;
  for (int32_t i = 1; i < min; i++) copy(code, start, length);
  if (max == MC_RX_REPEAT_NO_MAX) {
    plus(code, code->size - length, greedy);
    return;
  }
  /* x{2,4} is xx(x(x)?)?: from each choice, past is the end of all. */
  const int32_t optional = max - min;
  for (int32_t i = 0; i < optional; i++) {
    const int32_t past = (optional - i) * (int32_t)(length + 1);
    if (min == 0 && i == 0) {
      split(code, start, 1, past, greedy);
    } else {
      split(code, code->size, 1, past, greedy);
      copy(code, min == 0 ? start + 1 : start, length);
    }
  }
}
