#include "match/header_slots.h"

#include <stdlib.h>

#include "base/inlined.h"

/* Open addressing with linear probing; the table is at least twice as large as it is full. */
typedef struct entry {
  uint64_t hash;
  mc_slice name; /* data NULL: free */
  uint16_t slot;
} entry;

struct mc_slots {
  mc_arena *arena;
  entry *table;
  bool *joined; /* by slot */
  uint32_t mask;
  uint16_t count;
  uint64_t sizes; /* bit n: some name has n bytes, or as many times 64 more */
  uint32_t ends;  /* bit n: the last byte of some name has n in its lower bits, which letters share in both cases */
};

/* What Envoy 1.40 keeps in one place and so joins: the request headers of its O(1) header map. */
static const char *const INLINE_HEADERS[] = {
    "connection", "content-length", "content-type", "expect", "grpc-timeout", "keep-alive", "proxy-connection",
    "te", "transfer-encoding", "upgrade", "user-agent", "via", "x-client-trace-id", "x-envoy-attempt-count",
    "x-envoy-decorator-operation", "x-envoy-downstream-service-cluster", "x-envoy-downstream-service-node",
    "x-envoy-expected-rq-timeout-ms", "x-envoy-external-address", "x-envoy-force-trace",
    "x-envoy-hedge-on-per-try-timeout", "x-envoy-internal", "x-envoy-ip-tags", "x-envoy-is-timeout-retry",
    "x-envoy-max-retries", "x-envoy-original-host", "x-envoy-original-path", "x-envoy-original-url",
    "x-envoy-retriable-header-names", "x-envoy-retriable-status-codes", "x-envoy-retry-grpc-on",
    "x-envoy-retry-on", "x-envoy-upstream-alt-stat-name", "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response", "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-stream-duration-ms", "x-forwarded-client-cert", "x-forwarded-for", "x-forwarded-host",
    "x-forwarded-port", "x-forwarded-proto", "x-request-id",
};

static inline uint32_t end_bit(mc_slice name) { return (uint32_t)1 << (name.data[name.size - 1] & 31); }

/* Whether a set of sizes has this one. Names of 64 bytes and more share bits with short ones, so that this is one
 * instruction; they are told apart soon. */
static inline bool has_size(uint64_t sizes, size_t size) { return sizes >> (size & 63) & 1; }

/* The ends of the name, folded by setting bit 5. Names that differ in the middle only, or where
 * folding confuses other bytes than letters, are told apart by the comparison that follows. */
static uint64_t hash_name(mc_slice name) {
  uint64_t head = 0, tail = 0;
  if (name.size >= 8) {
    memcpy(&head, name.data, 8);
    memcpy(&tail, name.data + name.size - 8, 8);
  } else if (name.size >= 4) {
    uint32_t low, high;
    memcpy(&low, name.data, 4);
    memcpy(&high, name.data + name.size - 4, 4);
    head = low;
    tail = high;
  } else {
    for (size_t i = 0; i < name.size; i++) head = head << 8 | (uint8_t)name.data[i];
  }
  head |= UINT64_C(0x2020202020202020);
  tail |= UINT64_C(0x2020202020202020);
  uint64_t hash = (head ^ (tail << 29 | tail >> 35) ^ name.size) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 32;
}

mc_slots *mc_slots_new(void) {
  mc_slots *slots = calloc(1, sizeof *slots);
  if (!slots) return NULL;
  slots->mask = 15;
  slots->arena = mc_arena_new();
  slots->table = calloc(slots->mask + 1, sizeof *slots->table);
  slots->joined = calloc(MC_SLOTS_MOST, sizeof *slots->joined);
  if (!slots->arena || !slots->table || !slots->joined) {
    mc_slots_free(slots);
    return NULL;
  }
  return slots;
}

void mc_slots_free(mc_slots *slots) {
  if (!slots) return;
  mc_arena_free(slots->arena);
  free(slots->table);
  free(slots->joined);
  free(slots);
}

MC_INLINED entry *find(entry *table, uint32_t mask, uint64_t hash, mc_slice name) {
  for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
    entry *here = &table[at];
    if (!here->name.data || (here->hash == hash && mc_slice_alike(here->name, name))) return here;
  }
}

static uint16_t slot_of(const mc_slots *slots, mc_slice name) {
  const entry *here = find(slots->table, slots->mask, hash_name(name), name);
  return here->name.data ? here->slot : MC_SLOT_NONE;
}

static mc_code grow(mc_slots *slots) {
  uint32_t mask = slots->mask * 2 + 1;
  entry *table = calloc(mask + 1, sizeof *table);
  if (!table) return MC_NO_MEMORY;
  for (uint32_t i = 0; i <= slots->mask; i++) {
    const entry *old = &slots->table[i];
    if (old->name.data) *find(table, mask, old->hash, old->name) = *old;
  }
  free(slots->table);
  slots->table = table;
  slots->mask = mask;
  return MC_OK;
}

static bool is_inline(mc_slice name) {
  for (size_t i = 0; i < sizeof INLINE_HEADERS / sizeof *INLINE_HEADERS; i++) {
    mc_slice known = {INLINE_HEADERS[i], strlen(INLINE_HEADERS[i])};
    if (mc_slice_equal_fold(known, name)) return true;
  }
  return false;
}

mc_code mc_slots_add(mc_slots *slots, mc_slice name, uint16_t *slot) {
  uint64_t hash = hash_name(name);
  entry *here = find(slots->table, slots->mask, hash, name);
  if (!here->name.data) {
    if (slots->count == MC_SLOTS_MOST) return MC_LIMIT;
    if ((uint32_t)slots->count * 2 > slots->mask) {
      mc_code code = grow(slots);
      if (code) return code;
      here = find(slots->table, slots->mask, hash, name);
    }
    bool ok = true;
    mc_slice copy = mc_arena_copy(slots->arena, name, &ok);
    if (!ok) return MC_NO_MEMORY;
    *here = (entry){hash, copy, slots->count};
    slots->joined[slots->count] = is_inline(name);
    slots->sizes |= (uint64_t)1 << (name.size & 63);
    if (name.size) slots->ends |= end_bit(name);
    slots->count++;
  }
  *slot = here->slot;
  return MC_OK;
}

uint32_t mc_slots_count(const mc_slots *slots) { return slots->count; }

bool mc_slots_joined(const mc_slots *slots, uint16_t slot) { return slots->joined[slot]; }

/* The arrays of a search, zeroed. */
static bool begin(const mc_slots *slots, uint32_t line_count, mc_scratch *scratch, mc_found *found) {
  const size_t bytes = (2 * (size_t)slots->count + line_count) * sizeof *found->first;
  uint16_t *all = mc_scratch_alloc(scratch, bytes);
  if (!all) return false;
  memset(all, 0, bytes);
  found->first = all;
  found->next = all + 2 * (size_t)slots->count;
  return true;
}

/* A line whose name has the size of one that is asked for, but most often another end. Between the arrays of found there is another one of slots:
 * the last line so far. */
MC_INLINED bool note(const mc_slots *slots, mc_slice name, uint32_t i, uint32_t line_count, mc_scratch *scratch,
                     mc_found *found) {
  if (!name.size || !(slots->ends & end_bit(name))) return true;
  const uint16_t slot = slot_of(slots, name);
  if (slot == MC_SLOT_NONE) return true;
  if (!found->first && !begin(slots, line_count, scratch, found)) return false;
  uint16_t *last = found->first + slots->count;
  const uint16_t line = (uint16_t)(i + 1);
  if (last[slot]) {
    found->next[last[slot] - 1] = line;
  } else {
    found->first[slot] = line;
  }
  last[slot] = line;
  return true;
}

mc_code mc_slots_find(const mc_slots *slots, const mc_view *view, mc_scratch *scratch, mc_found *found) {
  *found = (mc_found){NULL, NULL};
  if (slots->count == 0) return MC_OK;
  const uint64_t sizes = slots->sizes;
  const uint32_t own = view->header_count, count = own + view->added_count;
  const mc_header *const lines = view->headers;
  for (const mc_header *line = lines, *end = lines + own; line < end; line++) {
    if (!has_size(sizes, line->name.size)) continue;
    const uint32_t i = (uint32_t)(line - lines);
    if (i < 128 && (view->hidden[i >> 6] >> (i & 63) & 1)) continue;
    if (!note(slots, line->name, i, count, scratch, found)) return MC_NO_MEMORY;
  }
  for (uint32_t i = own; i < count; i++) {
    const mc_slice name = view->added[i - own].name;
    if (has_size(sizes, name.size) && !note(slots, name, i, count, scratch, found)) return MC_NO_MEMORY;
  }
  return MC_OK;
}

mc_code mc_slots_join(const mc_found *found, uint16_t slot, const mc_view *view, mc_scratch *scratch,
                      mc_slice *out) {
  uint16_t first = mc_found_first(found, slot);
  *out = first ? mc_view_line(view, first - 1u)->value : MC_ABSENT;
  if (!first || !found->next[first - 1]) return MC_OK;
  size_t size = 0;
  for (uint16_t line = first; line; line = found->next[line - 1]) {
    size += mc_view_line(view, line - 1u)->value.size + 1;
  }
  char *text = mc_scratch_alloc(scratch, size);
  if (!text) return MC_NO_MEMORY;
  char *at = text;
  for (uint16_t line = first; line; line = found->next[line - 1]) {
    mc_slice value = mc_view_line(view, line - 1u)->value;
    if (at != text) *at++ = ',';
    if (value.size) memcpy(at, value.data, value.size);
    at += value.size;
  }
  *out = mc_slice_of(text, (size_t)(at - text));
  return MC_OK;
}
