/* What the hash policies of an endpoint read: the request as the route's edits and rewrites leave it, since Envoy's router
 * picks the host once it has made them (Filter::decodeHeaders in source/common/router/router.cc). What needs the endpoint
 * (auto_host_rewrite) comes later. */
#ifndef MC_ENGINE_HASH_INPUT_H
#define MC_ENGINE_HASH_INPUT_H

#include "engine/snapshot.h"

/* Whether it is worth a look: some level edits or rewrites requests. */
static inline bool mc_hash_may_be_edited(const mc_decision *d, const mc_action *action) {
  return action->may_edit || d->request_edits || !mc_edits_empty(&d->snapshot->listeners[d->listener].edits.request);
}

/* Where something that the policies read is changed: view is the changed request, and *out its input, edited, which the
 * view has to outlive. Otherwise *out is input. MC_OK or MC_NO_MEMORY. */
mc_code mc_hash_input_edited(mc_decision *d, const mc_hash_policies *policies, mc_view *view, mc_input *edited,
                             mc_input **out); /* where anything may be; *out is left where nothing is */
static inline mc_code mc_hash_input(mc_decision *d, const mc_action *action, const mc_hash_policies *policies,
                                    mc_input *input, mc_view *view, mc_input *edited, mc_input **out) {
  *out = input;
  return mc_hash_may_be_edited(d, action) ? mc_hash_input_edited(d, policies, view, edited, out) : MC_OK;
}

#endif
