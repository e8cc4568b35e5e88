#include "match/regex_run.h"

#include <stdlib.h>

#include "match/utf8.h"

bool mc_rx_run_open(mc_rx_run *run, const mc_regex *regex, uint32_t groups) {
  const size_t size = regex->size, slots = 2 * (size_t)groups;
  const size_t slot_bytes = (2 * size + 1) * slots * sizeof(size_t);
  const size_t stack_bytes = (size + 1) * sizeof(mc_rx_waiting);
  const size_t place_bytes = size * sizeof(uint32_t);
  const size_t bytes = slot_bytes + stack_bytes + 3 * place_bytes;
  run->heap = NULL;
  run->dead = NULL;
  char *at = (char *)run->block;
  if (bytes > sizeof run->block) {
    at = run->heap = malloc(bytes);
    if (!at) return false;
  }
  run->regex = regex;
  run->slot_count = (uint32_t)slots;
  run->now.slots = (size_t *)at;
  run->next.slots = run->now.slots + size * slots;
  run->fresh = run->next.slots + size * slots;
  at += slot_bytes;
  run->stack = (mc_rx_waiting *)at;
  at += stack_bytes;
  run->now.places = (uint32_t *)at;
  run->next.places = run->now.places + size;
  run->marks = run->next.places + size;
  memset(run->marks, 0, place_bytes);
  for (size_t i = 0; i < slots; i++) run->fresh[i] = MC_RX_UNSET;
  run->generation = 0;
  run->steps = 0;
  return true;
}

void mc_rx_run_close(mc_rx_run *run) {
  free(run->heap);
  free(run->dead);
}

bool mc_rx_run_remember(mc_rx_run *run, size_t text_size) {
  run->dead_words = (run->regex->size + 63) / 64;
  if (text_size >= SIZE_MAX / 8 / run->dead_words) return false;
  run->dead = calloc((text_size + 1) * run->dead_words, sizeof *run->dead);
  return run->dead != NULL;
}

static uint64_t *dead_word(const mc_rx_run *run, uint32_t place, size_t at) {
  return &run->dead[at * run->dead_words + place / 64];
}

/* Of threads that go on behind a match and are better than it: they count only if one of them matches,
 * and then nobody searches from here again. */
static void remember(mc_rx_run *run, size_t at) {
  for (uint32_t i = 0; i < run->now.count; i++) {
    const uint32_t place = run->now.places[i];
    *dead_word(run, place, at) |= UINT64_C(1) << (place % 64);
  }
}

static bool is_word(mc_slice text, size_t at) {
  return at < text.size && mc_rx_is_word((unsigned char)text.data[at]);
}

static bool holds(int32_t assertion, mc_slice text, size_t at) {
  switch (assertion) {
    case MC_RX_BEGIN_TEXT:
      return at == 0;
    case MC_RX_END_TEXT:
      return at == text.size;
    case MC_RX_BEGIN_LINE:
      return at == 0 || text.data[at - 1] == '\n';
    case MC_RX_END_LINE:
      return at == text.size || text.data[at] == '\n';
    case MC_RX_WORD_BOUNDARY:
      return (at > 0 && is_word(text, at - 1)) != is_word(text, at);
    default:
      return (at > 0 && is_word(text, at - 1)) == is_word(text, at);
  }
}

/* A new generation: no instruction is reached yet. */
static void renew(mc_rx_run *run) {
  if (++run->generation == 0) {
    memset(run->marks, 0, run->regex->size * sizeof *run->marks);
    run->generation = 1;
  }
}

/* Adds what can be reached from a place without a character, best first. slots are changed on the way
 * and are in the end as they were. */
static void follow(mc_rx_run *run, mc_rx_threads *into, uint32_t from, mc_slice text, size_t at,
                   size_t *slots) {
  mc_rx_waiting *stack = run->stack;
  uint32_t waiting = 0;
  uint32_t place = from;
  for (;;) {
    if (run->marks[place] != run->generation) {
      const mc_rx_inst *inst = &run->regex->code[place];
      run->marks[place] = run->generation;
      run->steps++;
      switch (inst->op) {
        case MC_RX_SPLIT:
          stack[waiting++] = (mc_rx_waiting){place + (uint32_t)inst->y, MC_RX_NO_SLOT, 0};
          place += (uint32_t)inst->x;
          continue;
        case MC_RX_JUMP:
          place += (uint32_t)inst->x;
          continue;
        case MC_RX_SAVE:
          if ((uint32_t)inst->x < run->slot_count) {
            stack[waiting++] = (mc_rx_waiting){0, (uint32_t)inst->x, slots[inst->x]};
            slots[inst->x] = at;
          }
          place++;
          continue;
        case MC_RX_ASSERT:
          if (holds(inst->x, text, at)) {
            place++;
            continue;
          }
          break;
        default:
          if (run->dead && *dead_word(run, place, at) >> (place % 64) & 1) break;
          if (run->slot_count) {
            size_t *own = into->slots + (size_t)into->count * run->slot_count;
            memcpy(own, slots, run->slot_count * sizeof *slots);
          }
          into->places[into->count++] = place;
          break;
      }
    }
    for (;;) {
      if (!waiting) return;
      const mc_rx_waiting *last = &stack[--waiting];
      if (last->slot == MC_RX_NO_SLOT) {
        place = last->place;
        break;
      }
      slots[last->slot] = last->old;
    }
  }
}

/* Where no thread is alive: the next place at which one could be of use. */
static size_t skip(const mc_regex *regex, mc_slice text, size_t at) {
  const mc_slice prefix = regex->prefix;
  while (prefix.size) {
    const size_t found = mc_slice_find(text, at, prefix.data[0]);
    if (found == text.size || mc_slice_starts(mc_slice_from(text, found), prefix)) return found;
    at = found + 1;
  }
  return at;
}

static bool run_from(mc_rx_run *run, mc_slice text, size_t at, bool whole, size_t *slots) {
  const mc_regex *regex = run->regex;
  const size_t start = at;
  bool matched = false;
  run->now.count = 0;
  renew(run);
  for (;;) {
    if (!matched && (at == start || !whole)) {
      if (!whole && !run->now.count) at = skip(regex, text, at);
      follow(run, &run->now, 0, text, at, run->fresh);
    }
    if (!run->now.count && (matched || whole)) return matched;
    const bool end = at == text.size;
    const mc_rune rune = end ? (mc_rune){MC_RUNE_INVALID, 0} : mc_rune_at(text, at);
    const size_t after = at + rune.width;
    bool matched_here = false;
    renew(run);
    run->next.count = 0;
    for (uint32_t i = 0; i < run->now.count; i++) {
      const uint32_t place = run->now.places[i];
      size_t *own = run->now.slots + (size_t)i * run->slot_count;
      const mc_rx_inst *inst = &regex->code[place];
      if (inst->op == MC_RX_MATCH) {
        if (whole && !end) continue;
        matched = matched_here = true;
        if (run->slot_count) memcpy(slots, own, run->slot_count * sizeof *slots);
        break; /* what remains is worse */
      }
      if (rune.value != MC_RUNE_INVALID && mc_rx_takes(regex, inst, rune.value)) {
        follow(run, &run->next, place + 1, text, after, own);
      }
    }
    if (run->dead && matched && !matched_here) remember(run, at);
    if (end) return matched;
    const mc_rx_threads swapped = run->now;
    run->now = run->next;
    run->next = swapped;
    at = after;
  }
}

bool mc_rx_run_full(mc_rx_run *run, mc_slice text, size_t *slots) {
  return run_from(run, text, 0, true, slots);
}

bool mc_rx_run_search(mc_rx_run *run, mc_slice text, size_t start, size_t *slots) {
  return run_from(run, text, start, false, slots);
}
