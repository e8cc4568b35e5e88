#include "match/regex_union.h"

#include <stdlib.h>

/* Steps that one try of finding states may take: a bound on the time that loading takes. Together the tries
 * take at most as many for each instruction, times the logarithm of the number of regexes. */
static uint64_t work_for(uint32_t size) {
  const uint64_t work = 50000 + UINT64_C(100) * size;
  return work < mc_rx_dfa_work(size) ? work : mc_rx_dfa_work(size);
}

/* ------------------------------------------------------------------ one program of several */

static void free_joined(mc_regex *joined) {
  free(joined->code);
  free(joined->sets);
}

/* Before each program but the last comes a way to the next one; each MATCH says whose it is. */
static bool join(mc_regex *joined, const mc_rx_numbered *regexes, uint32_t count) {
  *joined = (mc_regex){.prefix = mc_regex_literal_prefix(regexes[0].regex)};
  for (uint32_t i = 0; i < count; i++) {
    joined->size += regexes[i].regex->size + (i + 1 < count);
    joined->set_count += regexes[i].regex->set_count;
    joined->prefix = mc_slice_shared(joined->prefix, mc_regex_literal_prefix(regexes[i].regex));
  }
  /* It ends with a whole character. */
  const mc_slice first = mc_regex_literal_prefix(regexes[0].regex);
  size_t *size = &joined->prefix.size;
  while (*size && *size < first.size && ((unsigned char)first.data[*size] & 0xC0) == 0x80) --*size;
  joined->code = malloc(joined->size * sizeof *joined->code);
  joined->sets = malloc((joined->set_count + (size_t)1) * sizeof *joined->sets);
  if (!joined->code || !joined->sets) return false;
  mc_rx_inst *code = joined->code;
  int32_t sets = 0;
  for (uint32_t i = 0; i < count; i++) {
    const mc_regex *regex = regexes[i].regex;
    if (i + 1 < count) *code++ = (mc_rx_inst){MC_RX_SPLIT, 1, (int32_t)regex->size + 1};
    for (uint32_t place = 0; place < regex->size; place++, code++) {
      *code = regex->code[place];
      if (code->op == MC_RX_SET) code->x += sets;
      if (code->op == MC_RX_MATCH) code->x = (int32_t)regexes[i].number;
    }
    if (regex->set_count) memcpy(joined->sets + sets, regex->sets, regex->set_count * sizeof *regex->sets);
    sets += (int32_t)regex->set_count;
  }
  return true;
}

/* ------------------------------------------------------------------ building */

static int compare(const void *left, const void *right) {
  const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

static bool list_endings(mc_rx_union *one, mc_rx_states *states, uint32_t regexes, mc_arena *arena) {
  uint32_t *numbers = malloc(regexes * sizeof *numbers);
  one->ending = mc_arena_alloc(arena, states->count, sizeof *one->ending);
  bool ok = numbers && one->ending;
  for (uint32_t state = 0; state < states->count && ok; state++) {
    const uint32_t count = mc_rx_states_ends(states, state, numbers);
    if (!count) continue;
    qsort(numbers, count, sizeof *numbers, compare);
    uint32_t *kept = mc_arena_alloc(arena, count, sizeof *kept);
    ok = kept != NULL;
    if (ok) memcpy(kept, numbers, count * sizeof *kept);
    if (ok) one->ending[state] = (mc_trie_list){kept, kept + count};
  }
  free(numbers);
  return ok;
}

/* MC_LIMIT where they are too many together. */
static mc_code unite(mc_rx_unions *unions, const mc_rx_numbered *regexes, uint32_t count, mc_arena *arena) {
  size_t size = count;
  for (uint32_t i = 0; i < count; i++) size += regexes[i].regex->size;
  if (size > MC_RX_UNION_MAX_SIZE) return MC_LIMIT;
  mc_rx_union *one = &unions->items[unions->count];
  *one = (mc_rx_union){.dfa = calloc(1, sizeof *one->dfa)};
  mc_regex joined;
  uint32_t sample[MC_RX_MAX_CLASSES + 1];
  mc_code code = join(&joined, regexes, count) && one->dfa ? MC_OK : MC_NO_MEMORY;
  if (!code) code = mc_rx_alphabet_build(&one->dfa->alphabet, &joined, sample);
  if (!code) {
    mc_rx_states states;
    uint64_t work = work_for(joined.size);
    code = mc_rx_dfa_fill(one->dfa, &states, &joined, sample, &work);
    if (!code && !list_endings(one, &states, count, arena)) code = MC_NO_MEMORY;
    mc_rx_states_close(&states);
  }
  one->prefix = joined.prefix;
  free_joined(&joined);
  if (code) {
    mc_rx_dfa_free(one->dfa);
  } else {
    unions->count++;
  }
  return code;
}

/* As many together as go together; those that do not are moved to regexes[*rest]. */
static mc_code split(mc_rx_unions *unions, mc_rx_numbered *regexes, uint32_t low, uint32_t high, mc_arena *arena,
                     uint32_t *rest) {
  if (high - low >= MC_RX_UNION_LEAST) {
    const mc_code code = unite(unions, regexes + low, high - low, arena);
    if (code != MC_LIMIT) return code;
    const uint32_t middle = low + (high - low) / 2;
    const mc_code left = split(unions, regexes, low, middle, arena, rest);
    return left ? left : split(unions, regexes, middle, high, arena, rest);
  }
  for (uint32_t i = low; i < high; i++) regexes[(*rest)++] = regexes[i];
  return MC_OK;
}

mc_code mc_rx_unions_build(mc_rx_unions *unions, mc_rx_numbered *regexes, uint32_t count, mc_arena *arena,
                           uint32_t *rest) {
  *unions = (mc_rx_unions){.items = mc_arena_alloc(arena, count / MC_RX_UNION_LEAST, sizeof *unions->items)};
  *rest = 0;
  if (!unions->items) return MC_NO_MEMORY;
  /* What is too large for a table by itself is so with others as well: no time is lost on trying. */
  for (uint32_t i = 0; i < count; i++) {
    if (regexes[i].regex->dfa || regexes[i].regex->literal) continue;
    const mc_rx_numbered moved = regexes[i];
    regexes[i] = regexes[*rest];
    regexes[(*rest)++] = moved;
  }
  return split(unions, regexes, *rest, count, arena, rest);
}

void mc_rx_unions_clear(mc_rx_unions *unions) {
  for (uint32_t i = 0; i < unions->count; i++) mc_rx_dfa_free(unions->items[i].dfa);
  unions->count = 0;
}
