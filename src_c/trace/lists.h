/* What is passed on as a list of members: W3C's tracestate and baggage, over all lines of the name. */
#ifndef MC_TRACE_LISTS_H
#define MC_TRACE_LISTS_H

#include "trace/lines.h"

/* What was found, beside the list. */
typedef struct mc_list_faults {
  uint32_t malformed; /* members of the baggage; 1 where a tracestate is malformed, and so not there at all */
  bool truncated;
} mc_list_faults;

/* One line of all members; absent where there are none. MC_OK or MC_NO_MEMORY. */
mc_code mc_tracestate_read(const mc_trace_lines *lines, mc_scratch *scratch, mc_slice *out, mc_list_faults *faults);
/* The same of baggage, and of uberctx-* lines whose keys the baggage has not. */
mc_code mc_baggage_read(const mc_trace_lines *lines, mc_scratch *scratch, mc_slice *out, mc_list_faults *faults);

/* Cuts the next member off, without the blanks around it; members of nothing are passed over. */
bool mc_member_next(mc_slice *list, mc_slice *member);
/* A member of the baggage: "key=value;properties". False where it is none. */
bool mc_baggage_split(mc_slice member, mc_slice *key, mc_slice *value);

#endif
