/* Which requests are traced, the span that goes upstream, and what both sides call the operation: Envoy's connection
 * manager and tracers, without the spans that these report. */
#ifndef MC_ENGINE_TRACING_H
#define MC_ENGINE_TRACING_H

#include "edit/header_list.h"
#include "engine/snapshot.h"

/* How the decision's listener traces; NULL: it does not. */
static inline const mc_tracing_spec *mc_tracing_of(const mc_decision *d) {
  return d->listener >= 0 ? d->snapshot->listeners[d->listener].options.tracing : NULL;
}

/* Decides whether a request is traced, once its route is known, and notes the reason in its id. action NULL: it has
 * none. Only for listeners that trace. */
mc_code mc_tracing_decide(mc_decision *d, const mc_action *action);

/* Does to another view of the request what was decided of it. Likewise. */
mc_code mc_tracing_note(mc_decision *d);

/* Adds the span of an attempt to the lines of a forwarded request, and what the operation is called. In span_lines.c. */
mc_code mc_tracing_lines(const mc_decision *d, uint32_t attempt, mc_header_list *lines);

/* By which header the two sides of a connection tell each other what an operation is called. */
#define MC_OPERATION_HEADER MC_LITERAL("x-envoy-decorator-operation")

/* What the upstream is told of that; data NULL: nothing. */
mc_slice mc_tracing_operation(const mc_decision *d);

/* What the client is told of it, in the answer; likewise. */
mc_slice mc_tracing_answer_operation(const mc_decision *d);

/* Whether what the upstream says of it stays between us. */
bool mc_tracing_keeps_operation(const mc_decision *d);

#endif
