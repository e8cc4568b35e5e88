/* A table-driven automaton over ASCII, made when a pattern is compiled, for whole texts without groups.
 *
 * A state is the set of instructions where threads can be. Bytes that no instruction tells apart share
 * a class, so the table is small: about ten states of ten classes for a usual path. There is none for
 * programs with word or line assertions, or of too many instructions or states: those, and texts with
 * a byte beyond ASCII, are left to the machine that runs threads. */
#include <stdlib.h>

#include "match/regex_program.h"

enum { MAX_SIZE = 512, MAX_STATES = 64, WORDS = MAX_SIZE / 64 };

typedef struct members {
  uint64_t words[WORDS];
} members;

typedef struct builder {
  const mc_regex *regex;
  mc_rx_dfa *dfa;
  uint8_t sample[128]; /* a byte of each class */
  members relevant; /* the instructions that tell states apart: those that consume, MATCH, and END_TEXT */
  members states[MAX_STATES];
  uint64_t hashes[MAX_STATES];
  uint32_t count;
  uint32_t stack[MAX_SIZE + 1];
} builder;

static bool has(const members *set, uint32_t place) { return set->words[place / 64] >> (place % 64) & 1; }

/* Adds a place and all that is reached from it without a character. END_TEXT stays in the set as a
 * place of its own, passed only if at_end. */
static void follow(builder *b, members *set, uint32_t from, bool at_begin, bool at_end) {
  uint32_t waiting = 0;
  b->stack[waiting++] = from;
  while (waiting) {
    uint32_t place = b->stack[--waiting];
    while (!has(set, place)) {
      const mc_rx_inst *inst = &b->regex->code[place];
      set->words[place / 64] |= UINT64_C(1) << (place % 64);
      if (inst->op == MC_RX_SPLIT) {
        b->stack[waiting++] = place + (uint32_t)inst->y;
        place += (uint32_t)inst->x;
      } else if (inst->op == MC_RX_JUMP) {
        place += (uint32_t)inst->x;
      } else if (inst->op == MC_RX_SAVE) {
        place++;
      } else if (inst->op == MC_RX_ASSERT && (inst->x == MC_RX_BEGIN_TEXT ? at_begin : at_end)) {
        place++;
      } else {
        break;
      }
    }
  }
}

static void find_relevant(builder *b) {
  for (uint32_t place = 0; place < b->regex->size; place++) {
    const mc_rx_inst *inst = &b->regex->code[place];
    if (inst->op < MC_RX_ASSERT || inst->op == MC_RX_MATCH ||
        (inst->op == MC_RX_ASSERT && inst->x == MC_RX_END_TEXT)) {
      b->relevant.words[place / 64] |= UINT64_C(1) << (place % 64);
    }
  }
}

static void reduce(const builder *b, members *set) {
  for (uint32_t i = 0; i < WORDS; i++) set->words[i] &= b->relevant.words[i];
}

static bool accepts(builder *b, const members *set, bool at_begin) {
  members more = {{0}};
  for (uint32_t place = 0; place < b->regex->size; place++) {
    if (has(set, place)) follow(b, &more, place, at_begin, true);
  }
  return has(&more, b->regex->size - 1);
}

/* The state's number; MAX_STATES where there are too many. */
static uint32_t intern(builder *b, const members *set) {
  uint64_t hash = 0;
  for (uint32_t i = 0; i < WORDS; i++) hash = (hash ^ set->words[i]) * UINT64_C(0x9E3779B97F4A7C15);
  for (uint32_t i = 0; i < b->count; i++) {
    if (b->hashes[i] == hash && memcmp(&b->states[i], set, sizeof *set) == 0) return i;
  }
  if (b->count == MAX_STATES) return MAX_STATES;
  b->hashes[b->count] = hash;
  b->states[b->count] = *set;
  return b->count++;
}

static void step(builder *b, const members *from, uint32_t rune, members *to) {
  *to = (members){{0}};
  for (uint32_t place = 0; place < b->regex->size; place++) {
    if (has(from, place) && mc_rx_takes(b->regex, &b->regex->code[place], rune)) {
      follow(b, to, place + 1, false, false);
    }
  }
  reduce(b, to);
}

/* Splits the classes by whether an instruction takes a byte. */
static void refine(builder *b, const mc_rx_inst *inst) {
  int16_t split_of[128];
  bool seen[128] = {false};
  bool verdict[128];
  mc_rx_dfa *dfa = b->dfa;
  for (uint32_t c = 0; c < 128; c++) split_of[c] = -1;
  for (uint32_t c = 0; c < 128; c++) {
    const uint8_t class = dfa->class_of[c];
    const bool taken = mc_rx_takes(b->regex, inst, c);
    if (!seen[class]) {
      seen[class] = true;
      verdict[class] = taken;
    } else if (taken != verdict[class]) {
      if (split_of[class] < 0) split_of[class] = (int16_t)dfa->classes++;
      dfa->class_of[c] = (uint8_t)split_of[class];
    }
  }
}

static void find_classes(builder *b) {
  b->dfa->classes = 1;
  for (uint32_t i = 0; i < b->regex->size; i++) {
    if (b->regex->code[i].op < MC_RX_ASSERT) refine(b, &b->regex->code[i]);
  }
  for (uint32_t c = 128; c-- > 0;) b->sample[b->dfa->class_of[c]] = (uint8_t)c;
}

/* False where there are too many states. Fills next (of MAX_STATES rows), accepts and start. */
static bool build(builder *b) {
  mc_rx_dfa *dfa = b->dfa;
  members set = {{0}};
  intern(b, &set); /* state 0: no threads */
  follow(b, &set, 0, true, false);
  dfa->accepts[0] = false;
  bool begin = true;
  members now = set;
  reduce(b, &now);
  for (size_t i = 0; i < b->regex->prefix.size; i++, begin = false) {
    const unsigned char c = (unsigned char)b->regex->prefix.data[i];
    if (c > 127) return false;
    step(b, &now, c, &set);
    now = set;
  }
  /* A begin behind an end, as in $^, is only passed in the empty text. */
  const bool start_accepts = accepts(b, &now, begin);
  dfa->start = (uint8_t)intern(b, &now);
  for (uint32_t state = 1; state < b->count; state++) {
    dfa->accepts[state] = accepts(b, &b->states[state], false);
    for (uint32_t class = 0; class < dfa->classes; class++) {
      step(b, &b->states[state], b->sample[class], &set);
      const uint32_t next = intern(b, &set);
      if (next == MAX_STATES) return false;
      dfa->next[state * dfa->classes + class] = (uint8_t)next;
    }
  }
  return start_accepts == dfa->accepts[dfa->start];
}

static bool suits(const mc_regex *regex) {
  if (regex->literal || regex->size > MAX_SIZE) return false;
  for (uint32_t i = 0; i < regex->size; i++) {
    if (regex->code[i].op == MC_RX_ASSERT && regex->code[i].x > MC_RX_END_TEXT) return false;
  }
  return true;
}

bool mc_rx_dfa_build(mc_regex *regex) {
  if (!suits(regex)) return true;
  builder *b = calloc(1, sizeof *b);
  mc_rx_dfa *dfa = calloc(1, sizeof *dfa);
  bool ok = b && dfa;
  bool fits = false;
  if (ok) {
    b->regex = regex;
    b->dfa = dfa;
    find_classes(b);
    find_relevant(b);
    dfa->next = calloc((size_t)MAX_STATES * dfa->classes, 1);
    ok = dfa->next != NULL;
    fits = ok && build(b);
  }
  if (fits) {
    uint8_t *trimmed = realloc(dfa->next, (size_t)b->count * dfa->classes);
    if (trimmed) dfa->next = trimmed;
    regex->dfa = dfa;
  } else {
    mc_rx_dfa_free(dfa);
  }
  free(b);
  return ok;
}

void mc_rx_dfa_free(mc_rx_dfa *dfa) {
  if (!dfa) return;
  free(dfa->next);
  free(dfa);
}
