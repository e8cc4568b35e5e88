#include "match/header_slots.h"

#include <stdlib.h>

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

/* Where a name is, or would be: its ends and its text are in lower case. */
static mc_name *place_of(mc_name *table, uint32_t mask, uint64_t head, uint64_t tail, mc_slice name) {
  for (size_t at = mc_name_place(head, tail, mask) / sizeof *table;; at = (at + 1) & mask) {
    mc_name *here = &table[at];
    if (!here->text) return here;
    if (here->head == head && here->tail == tail && mc_slice_equal_fold(mc_slice_of(here->text, here->size), name)) return here;
  }
}

static mc_name *place_any_case(const mc_slots *slots, mc_slice name) {
  uint64_t head, tail;
  mc_name_ends(name, &head, &tail);
  return place_of(slots->table, slots->mask, mc_word_lower(head), mc_word_lower(tail), name);
}

const mc_name *mc_slots_known_any_case(const mc_slots *slots, mc_slice name) {
  const mc_name *here = place_any_case(slots, name);
  return here->text ? here : NULL;
}

static uint16_t slot_of(const mc_slots *slots, mc_slice name) {
  const mc_name *here = mc_slots_known(slots, name);
  if (!here) here = mc_slots_known_any_case(slots, name);
  return here ? here->slot : MC_SLOT_NONE;
}

static mc_code grow(mc_slots *slots) {
  uint32_t mask = slots->mask * 2 + 1;
  mc_name *table = calloc(mask + 1, sizeof *table);
  if (!table) return MC_NO_MEMORY;
  for (uint32_t i = 0; i <= slots->mask; i++) {
    const mc_name *old = &slots->table[i];
    if (old->text) *place_of(table, mask, old->head, old->tail, mc_slice_of(old->text, old->size)) = *old;
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

/* A name that needs no look at its bytes where a request has it. Others may be well-formed, too. */
static bool is_plain(mc_slice name) {
  for (size_t i = 0; i < name.size; i++) {
    const char c = name.data[i];
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_') return false;
  }
  return name.size > 0;
}

/* The place of a name, made where it is new; NULL: no memory. */
static mc_name *know(mc_slots *slots, mc_slice name) {
  mc_name *here = place_any_case(slots, name);
  if (here->text) return here;
  if (slots->known * 2 > slots->mask) {
    if (grow(slots)) return NULL;
    here = place_any_case(slots, name);
  }
  char *text = mc_arena_alloc(slots->arena, name.size, 1);
  if (!text) return NULL;
  mc_slice_lower(name, text);
  const mc_slice lowered = mc_slice_of(text, name.size);
  *here = (mc_name){.text = text, .size = (uint32_t)name.size, .slot = MC_SLOT_NONE};
  here->traits = MC_NAME_UNMARKED | (is_plain(lowered) ? 0 : MC_NAME_ODD);
  mc_name_ends(lowered, &here->head, &here->tail);
  slots->known++;
  return here;
}

mc_code mc_slots_add(mc_slots *slots, mc_slice name, uint16_t *slot) {
  mc_name *here = know(slots, name);
  if (!here) return MC_NO_MEMORY;
  if (here->slot == MC_SLOT_NONE) {
    if (slots->count == MC_SLOTS_MOST) return MC_LIMIT;
    here->slot = slots->count++;
    here->traits |= MC_NAME_ASKED;
    slots->joined[here->slot] = is_inline(name);
    slots->sizes |= mc_size_bit(name.size);
  }
  *slot = here->slot;
  return MC_OK;
}

mc_code mc_slots_mark(mc_slots *slots, mc_slice name, uint8_t mark, uint8_t traits) {
  mc_name *here = know(slots, name);
  if (!here) return MC_NO_MEMORY;
  here->mark = mark;
  here->traits = (uint8_t)((here->traits & (mark ? ~MC_NAME_UNMARKED : ~0)) | traits);
  return MC_OK;
}

uint32_t mc_slots_count(const mc_slots *slots) { return slots->count; }

bool mc_slots_joined(const mc_slots *slots, uint16_t slot) { return slots->joined[slot]; }

/* The arrays of a search: that by slot is zeroed, that by line is as lines are linked. */
static inline bool begin(const mc_slots *slots, uint32_t line_count, mc_scratch *scratch, mc_found *found) {
  const size_t by_slot = (slots->count + 3u) & ~(size_t)3; /* to be zeroed by words */
  uint16_t *all = mc_scratch_alloc(scratch, (by_slot + line_count) * sizeof *all);
  if (!all) return false;
  for (size_t i = 0; i < by_slot; i += 4) memset(all + i, 0, 4 * sizeof *all);
  found->first = all;
  found->next = all + by_slot;
  return true;
}

/* Line i comes before those of its slot that are linked already. */
static inline void link_line(const mc_found *found, uint16_t slot, uint32_t i) {
  found->next[i] = found->first[slot];
  found->first[slot] = (uint16_t)(i + 1);
}

/* The same of a line whose slot nobody has looked up. */
static inline void note(const mc_slots *slots, mc_slice name, uint32_t i, const mc_found *found) {
  if (!(slots->sizes & mc_size_bit(name.size))) return;
  const uint16_t slot = slot_of(slots, name);
  if (slot != MC_SLOT_NONE) link_line(found, slot, i);
}

enum { WORDS = sizeof((mc_view *)0)->hidden / sizeof *((mc_view *)0)->hidden };

/* Which of the lines 64 * word to 64 * word + 63 may be asked for; where nobody has looked, lines that are not there, too. */
static inline uint64_t open_lines(const mc_view *view, uint32_t word) { return ~(view->hidden[word] | view->unasked[word]); }

/* The lines that came in, of which nobody has looked up the slots. */
MC_SELDOM void find_unknown(const mc_slots *slots, const mc_view *view, const mc_found *found) {
  for (uint32_t i = view->header_count; i-- > 0;) {
    if (i >= 64 * WORDS || open_lines(view, i >> 6) >> (i & 63) & 1) note(slots, view->headers[i].name, i, found);
  }
}

/* Those of the lines from `from` on that are open, of which somebody has looked up the slots. */
MC_INLINED void link_open(const mc_view *view, uint64_t open, uint32_t from, const mc_found *found) {
  while (open) {
    const uint32_t bit = 63 - (uint32_t)__builtin_clzll(open), i = from + bit;
    link_line(found, view->line_slots[i], i);
    open ^= (uint64_t)1 << bit;
  }
}

/* From the last line to the first, so that each is linked before what follows it. */
mc_code mc_slots_find(const mc_slots *slots, const mc_view *view, mc_scratch *scratch, mc_found *found) {
  _Static_assert(WORDS == 2, "all of them are looked at");
  const uint32_t own = view->header_count, count = own + view->added_count;
  const uint64_t low = open_lines(view, 0), high = open_lines(view, 1);
  *found = (mc_found){NULL, NULL};
  if (!(low | high | view->added_count) || !slots->count) return MC_OK; /* unless somebody has looked, all are open */
  if (!begin(slots, count, scratch, found)) return MC_NO_MEMORY;
  for (uint32_t i = count; i-- > own;) note(slots, view->added[i - own].name, i, found);
  if (view->has_slots) {
    link_open(view, high, 64, found);
    link_open(view, low, 0, found);
  } else {
    find_unknown(slots, view, found);
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
