/* Datadog's propagated tags: "name=value,name=value". */
#ifndef MC_TRACE_DATADOG_H
#define MC_TRACE_DATADOG_H

#include "base/slice.h"

/* The tag that holds the upper half of a trace id, as 16 digits. */
#define MC_DATADOG_UPPER MC_LITERAL("_dd.p.tid=")

/* Longer texts are not passed on; the first bound is Datadog's own. */
enum { MC_DATADOG_TAGS = 512, MC_DATADOG_ORIGIN = 256 };

/* Cuts the next tag off; false where none is left. */
bool mc_datadog_next_tag(mc_slice *tags, mc_slice *tag);

#endif
