/* Header slots: the names that a configuration asks for get numbers (slots) when it is built, and one
 * pass over a request's lines finds the lines of every slot.
 *
 * The table of these names is also that by which mc_view_make tells lines apart: whoever builds a snapshot marks in it
 * the names that are treated apart (edit/header_names.h), so that one look at a name says all that there is to know
 * of its line.
 *
 * Names compare without case. Lines of a repeated header keep their order. A few headers (those that
 * Envoy stores inline) count as one line with their values joined by ','; see mc_slots_value.
 */
#ifndef MC_MATCH_HEADER_SLOTS_H
#define MC_MATCH_HEADER_SLOTS_H

#include "base/arena.h"
#include "base/inlined.h"
#include "base/slice.h"

enum { MC_SLOT_NONE = 0xffff, MC_SLOTS_MOST = 4096 };

/* What is to be done about lines of a name; the first four are bits of masks in mc_lines. */
enum {
  MC_NAME_HIDDEN = 1,
  MC_NAME_TRUSTED = 2,
  MC_NAME_EDGE = 4,
  MC_NAME_ASKED = 8, /* it has a slot */
  MC_NAME_ODD = 16,    /* it may hold bytes that no name of a header may */
  MC_NAME_UNMARKED = 0x80,
};

/* A name, in lower case. */
typedef struct mc_name {
  uint64_t head, tail; /* what it begins and ends with (mc_name_ends) */
  const char *text;    /* NULL: the place is free; size is then 0 */
  uint32_t size;
  uint16_t slot; /* MC_SLOT_NONE: nobody asks for it */
  uint8_t mark;  /* the number by which lines are noted, unless it is MC_NAME_UNMARKED */
  uint8_t traits;
} mc_name;

/* Open addressing with linear probing; the table is at least twice as large as it is full. */
typedef struct mc_slots {
  mc_name *table;
  uint32_t mask;
  uint32_t known; /* names in it */
  uint16_t count; /* of which so many have slots */
  uint64_t sizes; /* that those have (mc_size_bit) */
  mc_arena *arena;
  bool *joined; /* by slot */
} mc_slots;

mc_slots *mc_slots_new(void);
void mc_slots_free(mc_slots *slots);
/* The slot of a name, made where it is new. MC_LIMIT beyond MC_SLOTS_MOST names. */
mc_code mc_slots_add(mc_slots *slots, mc_slice name, uint16_t *slot);
/* Has the table know a name that is marked. MC_NO_MEMORY where memory is out. */
mc_code mc_slots_mark(mc_slots *slots, mc_slice name, uint8_t mark, uint8_t traits);

/* What a name begins and ends with: with its size all of it, unless it has more than 16 bytes. */
static inline void mc_name_ends(mc_slice name, uint64_t *head, uint64_t *tail) {
  if (name.size >= 8) {
    *head = mc_word_at(name.data);
    *tail = mc_word_at(name.data + name.size - 8);
  } else {
    *head = *tail = mc_word_of(name.data, name.size);
  }
}

/* Where the table may have a name, in bytes. Names come from the configuration, so that nobody who sends requests can make
 * them collide. */
static inline size_t mc_name_place(uint64_t head, uint64_t tail, uint32_t mask) {
  _Static_assert(sizeof(mc_name) == 32, "places are multiples of it");
  return (head + 2 * tail) * UINT64_C(0x9e3779b97f4a7c15) >> 35 & (uint64_t)mask << 5;
}

/* What the ends do not tell of a long name. */
static inline bool mc_name_middle_same(const char *text, const char *p, size_t size) {
  for (size_t at = 8; at + 8 < size; at += 8) {
    if (mc_word_at(text + at) != mc_word_at(p + at)) return false;
  }
  return true;
}

/* A name that is in lower case; NULL: it is not known, or not in lower case. table and mask: of the slots. */
MC_INLINED const mc_name *mc_name_find(const mc_name *table, uint32_t mask, mc_slice name) {
  uint64_t head, tail;
  mc_name_ends(name, &head, &tail);
  for (size_t at = mc_name_place(head, tail, mask);; at = (at + sizeof *table) & (uint64_t)mask << 5) {
    const mc_name *here = (const void *)((const char *)table + at);
    if (here->head == head && here->tail == tail && here->size == name.size &&
        (name.size <= 16 || mc_name_middle_same(here->text, name.data, name.size))) {
      return here;
    }
    if (!here->text) return NULL;
  }
}

static inline const mc_name *mc_slots_known(const mc_slots *slots, mc_slice name) {
  return mc_name_find(slots->table, slots->mask, name);
}

/* A name in any case. */
const mc_name *mc_slots_known_any_case(const mc_slots *slots, mc_slice name);

/* What one pass found: for each slot the first line, for each line the next of its slot, counted from
 * 1; 0 ends the chain. NULL arrays: nothing was found. */
typedef struct mc_found {
  uint16_t *first;
  uint16_t *next;
} mc_found;

/* A line of a view by its place: those that came in, then those that were added. */
static inline const mc_header *mc_view_line(const mc_view *view, uint32_t at) {
  return at < view->header_count ? &view->headers[at] : &view->added[at - view->header_count];
}

/* The lines of a view must be fewer than 65,535. MC_NO_MEMORY where memory is out. */
mc_code mc_slots_find(const mc_slots *slots, const mc_view *view, mc_scratch *scratch, mc_found *found);

/* The first line of a slot, counted from 1; 0: the header is absent. */
static inline uint16_t mc_found_first(const mc_found *found, uint16_t slot) {
  return found->first ? found->first[slot] : 0;
}

/* How many different names there are. */
uint32_t mc_slots_count(const mc_slots *slots);
/* Whether the lines of a header count as one, joined by ',' (Envoy's inline headers). */
bool mc_slots_joined(const mc_slots *slots, uint16_t slot);

/* The lines of a slot joined by ','; no copy where there is one line. Absent where there is none. */
mc_code mc_slots_join(const mc_found *found, uint16_t slot, const mc_view *view, mc_scratch *scratch,
                      mc_slice *out);

#endif
