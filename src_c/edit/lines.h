/* The pass over a request's header lines: bounds, validity, what is joined, hidden or noted. */
#ifndef MC_EDIT_LINES_H
#define MC_EDIT_LINES_H

#include "base/arena.h"
#include "edit/bytes.h"
#include "edit/header_names.h"
#include "match/header_slots.h"

/* Lines of interest, and masks over the lines (MC_MAX_HEADER_COUNT fits). */
typedef struct mc_lines {
  const mc_header *headers; /* the request's, or a copy with repeated and blank-padded lines made one */
  const int32_t *sources;   /* of the copy; NULL for the request's own */
  uint32_t count;
  uint64_t hidden[2];  /* never pass: hop-by-hop and the like */
  uint64_t trusted[2]; /* pass from internal clients only */
  uint64_t edge[2];    /* do not pass from external clients at the edge */
  uint64_t asked[2];   /* have names that are asked for */
  uint16_t *slots;     /* of the lines that are asked for */
  int8_t at[MC_HEADER_MARKS]; /* index of the line by the mark of its name, which is its mc_header_id where one name alone
                                 has that; -1: none */
  bool te_named; /* a Connection line names TE */
} mc_lines;

static inline void mc_mask_set(uint64_t mask[2], size_t i) { mask[i >> 6] |= (uint64_t)1 << (i & 63); }

static inline bool mc_lines_have(const mc_lines *lines, mc_header_id id) { return lines->at[id] >= 0; }

/* The value of the line with that id; absent where there is none. */
static inline mc_slice mc_lines_value(const mc_lines *lines, mc_header_id id) {
  return mc_lines_have(lines, id) ? lines->headers[lines->at[id]].value : MC_ABSENT;
}

/* MC_OK; MC_INVALID with *details; MC_NO_MEMORY. slots: room for MC_MAX_HEADER_COUNT. */
mc_code mc_lines_read(const mc_request *request, const mc_slots *names, mc_scratch *scratch, uint16_t *slots,
                      mc_lines *out, mc_details *details);

/* Takes away what a Connection line names, and that line. Not where the request asks for an upgrade, whose
 * protocol is then *upgrade (otherwise absent); of a CONNECT, the line alone. MC_DETAILS_NONE, or why the request is
 * refused. */
mc_details mc_lines_take_away(mc_lines *lines, bool connect, mc_slice *upgrade); /* where it may name anything */
static inline mc_details mc_lines_connection(mc_lines *lines, bool connect, mc_slice *upgrade) {
  const mc_slice list = mc_lines_value(lines, MC_HEADER_CONNECTION);
  *upgrade = MC_ABSENT;
  if (!list.size || MC_IS(list, "keep-alive") || MC_IS(list, "close")) return MC_DETAILS_NONE;
  return mc_lines_take_away(lines, connect, upgrade);
}

/* What is left of TE: hidden unless it has "trailers"; *trailers: it has more than that, and must become
 * just "trailers". */
void mc_lines_thin_te(mc_lines *lines, bool *trailers); /* where it has anything else */
static inline void mc_lines_te(mc_lines *lines, bool *trailers) {
  const mc_slice list = mc_lines_value(lines, MC_HEADER_TE);
  *trailers = false;
  if ((list.size || (list.data && lines->te_named)) && !MC_IS(list, "trailers")) mc_lines_thin_te(lines, trailers);
}

#endif
