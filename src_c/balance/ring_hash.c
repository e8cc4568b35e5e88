/* Ring hash: entries of every host on a circle of hashes; a request goes to the first entry at or behind its own
 * hash. Ketama (R. Jones, 2007), as Envoy has it (source/extensions/load_balancing_policies/ring_hash/
 * ring_hash_lb.cc): the text that is hashed for an entry is the host's hash key, '_' and a number. */
#include <stdio.h>
#include <stdlib.h>

#include "balance/bounded_load.h"
#include "balance/policy.h"
#include "base/hash.h"
#include "base/numbers.h"

extern const mc_policy mc_ring_hash;

typedef struct entry {
  uint64_t hash;
  uint32_t member;
} entry;

/* The entries in order of their hash. The top bits of a hash tell where to begin to look: there are at least as
 * many buckets as entries, and hashes are spread evenly, so the entry is there or next to it, however
 * large the ring. */
typedef struct ring {
  entry *entries;
  uint32_t *begin; /* by bucket: the first entry at or behind it */
  uint32_t count;
  uint32_t shift;
  uint32_t balance_factor;
} ring;

/* ------------------------------------------------------------------ build */

/* How many entries for each unit of share, so that the host with the least of them has a whole number. */
static double scale_of(const mc_group *group, const mc_hashing_spec *spec) {
  double least = 1;
  for (uint32_t i = 0; i < group->members.count; i++) {
    if (group->shares[i] < least) least = group->shares[i];
  }
  double scale = mc_ceil(least * spec->minimum_ring_size) / least;
  return scale < spec->maximum_ring_size ? scale : spec->maximum_ring_size;
}

/* Shares are summed in doubles, host after host, and a host gets entries up to the sum: their number hangs on
 * every rounding, which is why it is counted by the very same loop. */
static uint32_t count_entries(const mc_group *group, double scale) {
  double made = 0, target = 0;
  for (uint32_t i = 0; i < group->members.count; i++) {
    target += scale * group->shares[i];
    if (made < target) made = mc_ceil(target);
  }
  return (uint32_t)made;
}

/* Adds one to a decimal number of *size digits. */
static void increment(char *digits, size_t *size) {
  size_t at = *size;
  while (at && digits[at - 1] == '9') digits[--at] = '0';
  if (at) {
    digits[at - 1]++;
    return;
  }
  memmove(digits + 1, digits, *size);
  digits[0] = '1';
  ++*size;
}

static uint64_t hash_entry(mc_hash_function function, const char *text, size_t size) {
  return function == MC_MURMUR_HASH_2 ? mc_murmur2(text, size, MC_STD_HASH_SEED) : mc_xxh64(text, size, 0);
}

/* text has room for the longest key and a number. */
static void hash_entries(const mc_group *group, mc_hash_function function, double scale, char *text, entry *out) {
  double made = 0, target = 0;
  for (uint32_t i = 0; i < group->members.count; i++) {
    mc_slice key = mc_group_host(group, i)->hash_key;
    if (key.size) memcpy(text, key.data, key.size);
    text[key.size] = '_';
    char *digits = text + key.size + 1;
    size_t size = 1;
    digits[0] = '0';
    target += scale * group->shares[i];
    for (; made < target; made++) {
      *out++ = (entry){hash_entry(function, text, key.size + 1 + size), i};
      increment(digits, &size);
    }
  }
}

static int compare(const void *a, const void *b) {
  const entry *left = a, *right = b;
  if (left->hash != right->hash) return left->hash < right->hash ? -1 : 1;
  return left->member < right->member ? -1 : left->member > right->member;
}

/* Most buckets have one entry, or a few. */
static void sort_bucket(entry *entries, uint32_t count) {
  if (count > 16) {
    qsort(entries, count, sizeof *entries, compare);
    return;
  }
  for (uint32_t i = 1; i < count; i++) {
    entry moved = entries[i];
    uint32_t at = i;
    for (; at && compare(&moved, &entries[at - 1]) < 0; at--) entries[at] = entries[at - 1];
    entries[at] = moved;
  }
}

/* Moves the entries into their buckets and sorts those. Of equal hashes, which come of equal keys, the first
 * alone can be found, so that it alone stays. */
static void sort_entries(ring *r, const entry *from, uint32_t count) {
  uint32_t buckets = 1u << (64 - r->shift);
  for (uint32_t i = 0; i < count; i++) r->begin[(from[i].hash >> r->shift) + 1]++;
  for (uint32_t i = 0; i < buckets; i++) r->begin[i + 1] += r->begin[i];
  for (uint32_t i = 0; i < count; i++) r->entries[r->begin[from[i].hash >> r->shift]++] = from[i];
  uint32_t start = 0; /* begin[i] is now where the next bucket begins */
  for (uint32_t i = 0; i < buckets; i++) {
    uint32_t end = r->begin[i], kept = r->count;
    sort_bucket(r->entries + start, end - start);
    r->begin[i] = kept;
    for (; start < end; start++) {
      if (r->count == kept || r->entries[r->count - 1].hash != r->entries[start].hash) {
        r->entries[r->count++] = r->entries[start];
      }
    }
  }
}

static bool fill(ring *r, const mc_group *group, const mc_hashing_spec *spec, double scale, uint32_t count) {
  size_t longest = 0;
  for (uint32_t i = 0; i < group->members.count; i++) {
    mc_slice key = mc_group_host(group, i)->hash_key;
    if (key.size > longest) longest = key.size;
  }
  char *text = malloc(longest + 24);
  entry *unsorted = malloc(count * sizeof *unsorted);
  bool ok = text && unsorted;
  if (ok) {
    hash_entries(group, spec->function, scale, text, unsorted);
    sort_entries(r, unsorted, count);
  }
  free(text);
  free(unsorted);
  return ok;
}

static mc_code check(const mc_hashing_spec *spec, mc_error *error) {
  *error = (mc_error){.code = MC_INVALID};
  if (spec->maximum_ring_size > MC_MAX_RING_SIZE) {
    snprintf(error->message, sizeof error->message, "maximum ring size is %u; expected at most %d",
             (unsigned)spec->maximum_ring_size, MC_MAX_RING_SIZE);
  } else if (spec->minimum_ring_size > spec->maximum_ring_size) {
    snprintf(error->message, sizeof error->message, "minimum ring size is %u; expected at most the maximum, %u",
             (unsigned)spec->minimum_ring_size, (unsigned)spec->maximum_ring_size);
  } else {
    error->code = MC_OK;
  }
  return error->code;
}

static mc_code no_memory(mc_error *error) {
  *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
  return MC_NO_MEMORY;
}

static mc_code build(mc_group *group, const mc_balance_spec *spec, uint64_t turn, mc_arena *arena, mc_error *error) {
  (void)turn;
  if (check(&spec->hashing, error)) return MC_INVALID;
  double scale = scale_of(group, &spec->hashing);
  uint32_t count = count_entries(group, scale);
  uint32_t bits = 1;
  while (1u << bits < count) bits++;
  ring *r = mc_arena_alloc(arena, 1, sizeof *r);
  if (!r) return no_memory(error);
  r->balance_factor = spec->hashing.balance_factor;
  r->shift = 64 - bits;
  r->entries = mc_arena_alloc(arena, count, sizeof *r->entries);
  r->begin = mc_arena_alloc(arena, (1u << bits) + 1, sizeof *r->begin);
  if (!r->entries || !r->begin || (count && !fill(r, group, &spec->hashing, scale, count))) return no_memory(error);
  group->table = r;
  return MC_OK;
}

/* ------------------------------------------------------------------ pick */

static uint32_t pick(const mc_group *group, mc_pick *pick) {
  const ring *r = group->table;
  if (!r->count) return MC_NO_MEMBER; /* a maximum ring size of 0 */
  uint32_t at = r->begin[pick->hash >> r->shift];
  while (at < r->count && r->entries[at].hash < pick->hash) at++;
  if (at == r->count) at = 0;
  if (pick->refused) at = (uint32_t)(((uint64_t)at + pick->refused) % r->count); /* as if it were not in the ring */
  uint32_t member = r->entries[at].member;
  return r->balance_factor ? mc_bounded_load_pick(group, r->balance_factor, pick->hash, member) : member;
}

const mc_policy mc_ring_hash = {.name = "ring hash", .hashes = true, .build = build, .pick = pick};
