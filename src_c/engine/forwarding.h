/* What goes upstream and what comes back of a decision: its edits, gathered from the snapshot. */
#ifndef MC_ENGINE_FORWARDING_H
#define MC_ENGINE_FORWARDING_H

#include "edit/upstream_request.h"
#include "engine/snapshot.h"

/* What decides the edits of a forwarded request. */
typedef struct mc_edits_in_force {
  mc_edit_chain request, response;
  const mc_weighted *weighted;
} mc_edits_in_force;

void mc_forwarding_gather(const mc_decision *d, mc_edits_in_force *out);
/* again: of a later attempt; NULL: the first. */
void mc_forwarding_fill(const mc_decision *d, const mc_edits_in_force *edits, const mc_router_lines *again,
                        mc_forwarding *out);

void mc_format_context_fill(const mc_decision *d, mc_format_context *out);

#endif
