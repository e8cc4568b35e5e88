/* Which requests are traced, and the span that goes upstream: Envoy's connection manager and tracers, without the spans
 * that these report. */
#ifndef MC_ENGINE_TRACING_H
#define MC_ENGINE_TRACING_H

#include "edit/header_list.h"
#include "engine/snapshot.h"

/* Decides whether a request is traced, once its route is known, and notes the reason in its id. action NULL: it has
 * none. Only for listeners that trace. */
mc_code mc_tracing_decide(mc_decision *d, const mc_action *action);

/* Does to another view of the request what was decided of it. Likewise. */
mc_code mc_tracing_note(mc_decision *d);

/* Adds the span of an attempt to the lines of a forwarded request. */
mc_code mc_tracing_lines(const mc_decision *d, uint32_t attempt, mc_header_list *lines);

#endif
