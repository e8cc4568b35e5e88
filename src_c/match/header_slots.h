/* Header slots: the names that a configuration asks for get numbers (slots) when it is built, and one
 * pass over a request's lines finds the lines of every slot. What mc_view_make has found that nobody asks for is
 * passed over.
 *
 * Names compare without case. Lines of a repeated header keep their order. A few headers (those that
 * Envoy stores inline) count as one line with their values joined by ','; see mc_slots_value.
 */
#ifndef MC_MATCH_HEADER_SLOTS_H
#define MC_MATCH_HEADER_SLOTS_H

#include "base/arena.h"
#include "base/names.h"
#include "base/slice.h"

enum { MC_SLOT_NONE = 0xffff, MC_SLOTS_MOST = 4096 };

typedef struct mc_slots mc_slots;

mc_slots *mc_slots_new(void);
void mc_slots_free(mc_slots *slots);
/* The slot of a name, made where it is new. MC_LIMIT beyond MC_SLOTS_MOST names. */
mc_code mc_slots_add(mc_slots *slots, mc_slice name, uint16_t *slot);

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

/* Which names they are, for mc_view_make. */
const mc_names_asked *mc_slots_asked(const mc_slots *slots);
/* How many different names there are. */
uint32_t mc_slots_count(const mc_slots *slots);
/* Whether the lines of a header count as one, joined by ',' (Envoy's inline headers). */
bool mc_slots_joined(const mc_slots *slots, uint16_t slot);

/* The lines of a slot joined by ','; no copy where there is one line. Absent where there is none. */
mc_code mc_slots_join(const mc_found *found, uint16_t slot, const mc_view *view, mc_scratch *scratch,
                      mc_slice *out);

#endif
