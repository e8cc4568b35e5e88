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
  mc_names_asked asked;
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
    slots->asked.sizes |= (uint64_t)1 << (name.size & 63);
    if (name.size) slots->asked.ends |= mc_name_end(name.data, name.size);
    slots->count++;
  }
  *slot = here->slot;
  return MC_OK;
}

uint32_t mc_slots_count(const mc_slots *slots) { return slots->count; }

const mc_names_asked *mc_slots_asked(const mc_slots *slots) { return &slots->asked; }

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

/* A line whose name may be asked for. Between the arrays of found there is another one of slots: the last line so far. */
MC_INLINED bool note(const mc_slots *slots, mc_slice name, uint32_t i, uint32_t line_count, mc_scratch *scratch,
                     mc_found *found) {
  if (!mc_names_may_have(&slots->asked, name.data, name.size)) return true;
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

/* Which of the lines 64 * word to 64 * word + 63 are there, and may be asked for. */
static inline uint64_t open_lines(const mc_view *view, uint32_t word) {
  const uint32_t from = 64 * word;
  if (view->header_count <= from) return 0;
  const uint32_t count = view->header_count - from;
  const uint64_t there = count < 64 ? ((uint64_t)1 << count) - 1 : UINT64_MAX;
  return there & ~(view->hidden[word] | view->unasked[word]);
}

mc_code mc_slots_find(const mc_slots *slots, const mc_view *view, mc_scratch *scratch, mc_found *found) {
  enum { WORDS = sizeof view->hidden / sizeof *view->hidden };
  *found = (mc_found){NULL, NULL};
  if (slots->count == 0) return MC_OK;
  const uint32_t own = view->header_count, count = own + view->added_count;
  for (uint32_t word = 0; word < WORDS; word++) {
    for (uint64_t left = open_lines(view, word); left; left &= left - 1) {
      const uint32_t i = 64 * word + (uint32_t)__builtin_ctzll(left);
      if (!note(slots, view->headers[i].name, i, count, scratch, found)) return MC_NO_MEMORY;
    }
  }
  for (uint32_t i = 64 * WORDS; i < own; i++) { /* of a view that mc_view_make has not made */
    if (!note(slots, view->headers[i].name, i, count, scratch, found)) return MC_NO_MEMORY;
  }
  for (uint32_t i = own; i < count; i++) {
    if (!note(slots, view->added[i - own].name, i, count, scratch, found)) return MC_NO_MEMORY;
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
