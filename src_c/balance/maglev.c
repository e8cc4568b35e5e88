/* Maglev: a table of prime size that the hosts fill in turn, each in an order of its own (D. Eisenbud et al.,
 * "Maglev: a fast and reliable software network load balancer", NSDI 2016, 3.4). With weights as Envoy has them
 * (source/extensions/load_balancing_policies/maglev/maglev_lb.cc). */
#include <stdio.h>
#include <stdlib.h>

#include "balance/bounded_load.h"
#include "balance/policy.h"
#include "base/hash.h"
#include "base/numbers.h"

extern const mc_policy mc_maglev;

/* Members take two bytes each, where that does. */
typedef struct maglev {
  uint16_t *narrow; /* NULL: wide */
  uint32_t *wide;
  mc_divisor size;
  uint32_t balance_factor;
} maglev;

/* A host while the table is filled. */
typedef struct filler {
  mc_slice key;
  uint32_t member;
  uint32_t at, step; /* the place that it wants next, and how far it goes from there */
  double share, target;
} filler;

typedef struct build_state {
  maglev *table;
  uint64_t *taken; /* a bit for each place: small enough for the nearest cache */
  filler *fillers;
  uint32_t count, size, filled;
  double most; /* the largest share */
} build_state;

/* ------------------------------------------------------------------ build */

/* By key, then as they come. */
static int compare(const void *a, const void *b) {
  const filler *left = a, *right = b;
  size_t common = left->key.size < right->key.size ? left->key.size : right->key.size;
  int order = common ? memcmp(left->key.data, right->key.data, common) : 0;
  if (order) return order;
  if (left->key.size != right->key.size) return left->key.size < right->key.size ? -1 : 1;
  return left->member < right->member ? -1 : left->member > right->member;
}

static void begin(build_state *b, const mc_group *group) {
  for (uint32_t i = 0; i < b->count; i++) {
    mc_slice key = mc_group_host(group, i)->hash_key;
    b->fillers[i] = (filler){.key = key,
                             .member = i,
                             .at = (uint32_t)(mc_xxh64(key.data, key.size, 0) % b->size),
                             .step = (uint32_t)(mc_xxh64(key.data, key.size, 1) % (b->size - 1)) + 1,
                             .share = group->shares[i]};
    if (group->shares[i] > b->most) b->most = group->shares[i];
  }
  qsort(b->fillers, b->count, sizeof *b->fillers, compare);
}

static void advance(filler *f, uint32_t size) {
  f->at += f->step;
  if (f->at >= size) f->at -= size;
}

/* The first place of its order that is free. It comes to each, as the size is a prime. */
static void take(build_state *b, filler *f) {
  while (b->taken[f->at / 64] >> (f->at % 64) & 1) advance(f, b->size);
  b->taken[f->at / 64] |= (uint64_t)1 << (f->at % 64);
  if (b->table->narrow) {
    b->table->narrow[f->at] = (uint16_t)f->member;
  } else {
    b->table->wide[f->at] = f->member;
  }
  advance(f, b->size);
  f->target += b->most;
  b->filled++;
}

/* Round after round; a host sits out those that are more than its share. */
static void fill_in_rounds(build_state *b) {
  for (uint32_t round = 1; b->filled < b->size; round++) {
    for (uint32_t i = 0; i < b->count && b->filled < b->size; i++) {
      if (round * b->fillers[i].share >= b->fillers[i].target) take(b, &b->fillers[i]);
    }
  }
}

/* The first round behind `round` that a host does not sit out; by the same arithmetic in doubles. */
static uint64_t next_round(const filler *f, uint64_t round, uint32_t size) {
  double guess = f->target / f->share;
  if (guess > size + 1.0) return (uint64_t)size + 1; /* never: the table is full by then */
  uint64_t next = (uint64_t)guess;
  if (next <= round) next = round + 1;
  while ((double)next * f->share < f->target) next++;
  while (next > round + 1 && (double)(next - 1) * f->share >= f->target) next--;
  return next;
}

static void sift(uint64_t *heap, uint32_t count, uint64_t moved) {
  uint32_t at = 0;
  for (uint32_t child = 1; child < count; child = 2 * at + 1) {
    if (child + 1 < count && heap[child + 1] < heap[child]) child++;
    if (moved <= heap[child]) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = moved;
}

/* The same, for shares so uneven that most rounds would be sat out by most hosts: a heap of when whose turn is
 * next, so that the time does not grow with the product of hosts and places. */
static void fill_by_heap(build_state *b, uint64_t *heap) {
  for (uint32_t i = 0; i < b->count; i++) heap[i] = (uint64_t)1 << 32 | i;
  while (b->filled < b->size) {
    filler *f = &b->fillers[(uint32_t)heap[0]];
    take(b, f);
    sift(heap, b->count, next_round(f, heap[0] >> 32, b->size) << 32 | (uint32_t)heap[0]);
  }
}

static bool is_prime(uint32_t number) {
  if (number % 2 == 0) return number == 2;
  for (uint32_t i = 3; i <= number / i; i += 2) {
    if (number % i == 0) return false;
  }
  return number > 1;
}

static mc_code check(uint32_t size, mc_error *error) {
  if (size <= MC_MAX_TABLE_SIZE && is_prime(size)) return MC_OK;
  *error = (mc_error){.code = MC_INVALID};
  snprintf(error->message, sizeof error->message, "table size is %u; expected a prime number up to %d", (unsigned)size,
           MC_MAX_TABLE_SIZE);
  return MC_INVALID;
}

static bool fill(build_state *b, const mc_group *group) {
  b->fillers = malloc(b->count * sizeof *b->fillers);
  b->taken = calloc(b->size / 64 + 1, sizeof *b->taken);
  uint64_t *heap = malloc(b->count * sizeof *heap);
  bool ok = b->fillers && b->taken && heap;
  if (ok) {
    begin(b, group);
    if (b->most * b->count > 16) {
      fill_by_heap(b, heap);
    } else {
      fill_in_rounds(b);
    }
  }
  free(heap);
  free(b->taken);
  free(b->fillers);
  return ok;
}

static mc_code build(mc_group *group, const mc_balance_spec *spec, uint64_t turn, mc_arena *arena, mc_error *error) {
  (void)turn;
  uint32_t size = spec->hashing.table_size;
  if (check(size, error)) return MC_INVALID;
  maglev *table = mc_arena_alloc(arena, 1, sizeof *table);
  build_state b = {.table = table, .count = group->members.count, .size = size};
  if (table) {
    table->balance_factor = spec->hashing.balance_factor;
    table->size = mc_divisor_of(size);
    if (b.count <= UINT16_MAX) {
      table->narrow = mc_arena_alloc(arena, size, sizeof *table->narrow);
    } else {
      table->wide = mc_arena_alloc(arena, size, sizeof *table->wide);
    }
  }
  if (!table || !(table->narrow || table->wide) || !fill(&b, group)) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    return MC_NO_MEMORY;
  }
  group->table = table;
  return MC_OK;
}

/* ------------------------------------------------------------------ pick */

static uint32_t pick(const mc_group *group, mc_pick *pick) {
  const maglev *table = group->table;
  uint64_t hash = pick->hash;
  if (pick->refused) hash ^= UINT64_MAX - pick->refused + 1; /* most bits change, so that the hosts do, too */
  uint64_t at = mc_divisor_rest(&table->size, hash);
  uint32_t member = table->narrow ? table->narrow[at] : table->wide[at];
  return table->balance_factor ? mc_bounded_load_pick(group, table->balance_factor, pick->hash, member) : member;
}

const mc_policy mc_maglev = {.name = "Maglev", .hashes = true, .build = build, .pick = pick};
