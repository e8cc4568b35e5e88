#include "match/regex_states.h"

#include <stdlib.h>

#include "match/utf8.h"

/* What is on either side of a place. */
typedef enum side { SIDE_UNKNOWN, SIDE_EDGE, SIDE_NEWLINE, SIDE_WORD, SIDE_OTHER } side;
typedef enum verdict { FAILS, PASSES, WAITS } verdict;

static side side_of(uint32_t rune) { return rune == '\n' ? SIDE_NEWLINE : mc_rx_is_word(rune) ? SIDE_WORD : SIDE_OTHER; }

static verdict judge(int32_t assertion, side before, side after) {
  if (assertion == MC_RX_BEGIN_TEXT) return before == SIDE_EDGE ? PASSES : FAILS;
  if (assertion == MC_RX_BEGIN_LINE) return before == SIDE_EDGE || before == SIDE_NEWLINE ? PASSES : FAILS;
  if (after == SIDE_UNKNOWN) return WAITS;
  bool holds = false;
  if (assertion == MC_RX_END_TEXT) holds = after == SIDE_EDGE;
  if (assertion == MC_RX_END_LINE) holds = after == SIDE_EDGE || after == SIDE_NEWLINE;
  if (assertion == MC_RX_WORD_BOUNDARY) holds = (before == SIDE_WORD) != (after == SIDE_WORD);
  if (assertion == MC_RX_NO_WORD_BOUNDARY) holds = (before == SIDE_WORD) == (after == SIDE_WORD);
  return holds ? PASSES : FAILS;
}

/* ------------------------------------------------------------------ sets */

static bool has(const uint64_t *set, uint32_t place) { return set[place / 64] >> (place % 64) & 1; }
static void put(uint64_t *set, uint32_t place) { set[place / 64] |= UINT64_C(1) << (place % 64); }

static uint32_t lowest_bit(uint64_t word) {
  uint32_t bit = 0;
  for (uint32_t step = 32; step; step /= 2) {
    if (!(word & ((UINT64_C(1) << step) - 1))) {
      word >>= step;
      bit += step;
    }
  }
  return bit;
}

/* The first place of a set from `from` on; size of the program where there is none. */
static uint32_t next_place(const mc_rx_states *s, const uint64_t *set, uint32_t from) {
  for (uint32_t word = from / 64; word < s->words; word++) {
    const uint64_t rest = word == from / 64 ? set[word] & ~UINT64_C(0) << (from % 64) : set[word];
    if (rest) return word * 64 + lowest_bit(rest);
  }
  return s->regex->size;
}

static bool spend(mc_rx_states *s, uint64_t work) {
  if (s->work < work) {
    if (!s->failure) s->failure = MC_LIMIT;
    return false;
  }
  s->work -= work;
  return true;
}

/* Adds a place and all that is reached from it without a character. */
static void follow(mc_rx_states *s, uint64_t *set, uint32_t from, side before, side after) {
  uint32_t waiting = 0;
  s->stack[waiting++] = from;
  while (waiting) {
    uint32_t place = s->stack[--waiting];
    while (!has(set, place) && spend(s, 1)) {
      const mc_rx_inst *inst = &s->regex->code[place];
      put(set, place);
      if (inst->op == MC_RX_SPLIT) {
        s->stack[waiting++] = place + (uint32_t)inst->y;
        place += (uint32_t)inst->x;
      } else if (inst->op == MC_RX_JUMP) {
        place += (uint32_t)inst->x;
      } else if (inst->op == MC_RX_SAVE ||
                 (inst->op == MC_RX_ASSERT && judge(inst->x, before, after) == PASSES)) {
        place++;
      } else {
        break;
      }
    }
  }
}

static bool waits(const mc_rx_states *s, const uint64_t *set) {
  uint64_t any = 0;
  for (uint32_t i = 0; i < s->words; i++) any |= set[i] & s->waiting[i];
  return any != 0;
}

/* What waited in a set passes or not, now that it is known what comes. */
static void settle(mc_rx_states *s, const uint64_t *from, side before, side after) {
  memcpy(s->now, from, s->words * sizeof *from);
  if (!waits(s, from)) return;
  for (uint32_t place = next_place(s, from, 0); place < s->regex->size; place = next_place(s, from, place + 1)) {
    if (has(s->waiting, place) && judge(s->regex->code[place].x, before, after) == PASSES) {
      follow(s, s->now, place + 1, before, after);
    }
  }
}

/* From now to next, which holds what tells states apart. */
static void step(mc_rx_states *s, uint32_t rune) {
  memset(s->next, 0, s->words * sizeof *s->next);
  for (uint32_t place = next_place(s, s->now, 0); place < s->regex->size; place = next_place(s, s->now, place + 1)) {
    if (!spend(s, 1)) return;
    if (mc_rx_takes(s->regex, &s->regex->code[place], rune)) follow(s, s->next, place + 1, side_of(rune), SIDE_UNKNOWN);
  }
  for (uint32_t i = 0; i < s->words; i++) s->next[i] &= s->relevant[i];
}

/* ------------------------------------------------------------------ states */

static uint32_t *find_slot(const mc_rx_states *s, const uint64_t *set, uint8_t before) {
  uint64_t hash = before;
  for (uint32_t i = 0; i < s->words; i++) {
    hash = (hash ^ set[i]) * UINT64_C(0x9E3779B97F4A7C15);
    hash ^= hash >> 32;
  }
  for (uint32_t at = (uint32_t)hash & (s->table_size - 1);; at = (at + 1) & (s->table_size - 1)) {
    const uint32_t state = s->table[at];
    if (state == MC_RX_NO_STATE) return &s->table[at];
    if (s->before[state] != before) continue;
    if (memcmp(s->sets + (size_t)state * s->words, set, s->words * sizeof *set) == 0) return &s->table[at];
  }
}

/* Room for twice as many. The table is at most half full. */
static bool grow(mc_rx_states *s) {
  const uint32_t room = s->room ? 2 * s->room : 16, table_size = 2 * room;
  uint64_t *sets = realloc(s->sets, (size_t)room * s->words * sizeof *sets);
  if (sets) s->sets = sets;
  uint8_t *before = realloc(s->before, room);
  if (before) s->before = before;
  uint32_t *table = malloc(table_size * sizeof *table);
  if (!sets || !before || !table) {
    free(table);
    s->failure = MC_NO_MEMORY;
    return false;
  }
  free(s->table);
  s->table = table;
  s->table_size = table_size;
  s->room = room;
  for (uint32_t i = 0; i < table_size; i++) table[i] = MC_RX_NO_STATE;
  for (uint32_t i = 0; i < s->count; i++) *find_slot(s, s->sets + (size_t)i * s->words, s->before[i]) = i;
  return true;
}

static uint32_t intern(mc_rx_states *s, const uint64_t *set, side before) {
  if (!waits(s, set)) before = SIDE_UNKNOWN;
  if (s->failure || !spend(s, s->words)) return MC_RX_NO_STATE;
  if (s->count == s->room && !grow(s)) return MC_RX_NO_STATE;
  uint32_t *slot = find_slot(s, set, (uint8_t)before);
  if (*slot != MC_RX_NO_STATE) return *slot;
  if (s->count == s->most) {
    s->failure = MC_LIMIT;
    return MC_RX_NO_STATE;
  }
  memcpy(s->sets + (size_t)s->count * s->words, set, s->words * sizeof *set);
  s->before[s->count] = (uint8_t)before;
  return *slot = s->count++;
}

static void find_relevant(mc_rx_states *s) {
  for (uint32_t place = 0; place < s->regex->size; place++) {
    const mc_rx_inst *inst = &s->regex->code[place];
    const bool waiting = inst->op == MC_RX_ASSERT && judge(inst->x, SIDE_UNKNOWN, SIDE_UNKNOWN) == WAITS;
    if (waiting) put(s->waiting, place);
    if (waiting || inst->op < MC_RX_ASSERT || inst->op == MC_RX_MATCH) put(s->relevant, place);
  }
}

bool mc_rx_states_open(mc_rx_states *states, const mc_regex *regex, const mc_rx_alphabet *alphabet, uint32_t most,
                       uint64_t work) {
  *states = (mc_rx_states){
      .regex = regex, .alphabet = alphabet, .most = most, .work = work, .words = (regex->size + 63) / 64};
  const size_t words = states->words;
  states->memory = calloc(1, 4 * words * sizeof(uint64_t) + (regex->size + (size_t)1) * sizeof(uint32_t));
  if (!states->memory) return false;
  states->relevant = states->memory;
  states->waiting = states->relevant + words;
  states->now = states->waiting + words;
  states->next = states->now + words;
  states->stack = (uint32_t *)(states->next + words);
  find_relevant(states);
  (void)intern(states, states->now, SIDE_UNKNOWN);
  return states->failure != MC_NO_MEMORY;
}

void mc_rx_states_close(mc_rx_states *states) {
  free(states->memory);
  free(states->sets);
  free(states->before);
  free(states->table);
}

uint32_t mc_rx_states_start(mc_rx_states *states, mc_slice beginning) {
  side before = SIDE_EDGE;
  uint64_t *set = calloc(states->words, sizeof *set);
  if (!set) {
    states->failure = MC_NO_MEMORY;
    return MC_RX_NO_STATE;
  }
  follow(states, set, 0, before, SIDE_UNKNOWN);
  for (uint32_t i = 0; i < states->words; i++) set[i] &= states->relevant[i];
  for (size_t at = 0; at < beginning.size;) {
    const mc_rune rune = mc_rune_at(beginning, at);
    settle(states, set, before, side_of(rune.value));
    step(states, rune.value);
    memcpy(set, states->next, states->words * sizeof *set);
    before = side_of(rune.value);
    at += rune.width;
  }
  const uint32_t state = intern(states, set, before);
  free(set);
  return state;
}

uint32_t mc_rx_states_next(mc_rx_states *states, uint32_t state, uint32_t rune) {
  settle(states, states->sets + (size_t)state * states->words, (side)states->before[state], side_of(rune));
  step(states, rune);
  return intern(states, states->next, side_of(rune));
}

uint32_t mc_rx_states_ends(mc_rx_states *states, uint32_t state, uint32_t *numbers) {
  uint32_t count = 0;
  settle(states, states->sets + (size_t)state * states->words, (side)states->before[state], SIDE_EDGE);
  for (uint32_t place = next_place(states, states->now, 0); place < states->regex->size;
       place = next_place(states, states->now, place + 1)) {
    const mc_rx_inst *inst = &states->regex->code[place];
    if (inst->op != MC_RX_MATCH) continue;
    if (numbers) numbers[count] = (uint32_t)inst->x;
    count++;
  }
  return count;
}
