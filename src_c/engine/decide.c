/* The fused path: one request, one decision. The order is that of Envoy's connection manager and router:
 * the view, the listener's table, require_tls, the route, and then what the route does. */
#include <stddef.h>

#include "edit/bytes.h"
#include "edit/response.h"
#include "edit/view.h"
#include "engine/exchange.h"
#include "engine/filters.h"
#include "engine/forwarding.h"
#include "engine/hash_input.h"
#include "engine/override.h"
#include "engine/sessions.h"
#include "engine/split.h"
#include "engine/tracing.h"

#define OVERFLOW_BODY MC_LITERAL("upstream connect error or disconnect/reset before headers. reset reason: overflow")

static void reject(mc_decision *d, uint16_t status, mc_details details, uint32_t flags, mc_slice body) {
  d->outcome = MC_REJECT;
  d->status = status;
  d->details = details;
  d->flags |= flags;
  d->body = body;
}

/* Any constant will do that no other draw from the seed uses. */
#define DROPS UINT64_C(0x5a17c02b93de64f1)

/* Whether the cluster takes too much already and drops this request. */
static bool dropped(const mc_cluster *cluster, mc_decision *d) {
  const uint32_t share = cluster->members->drop_millionths;
  if (share >= 1000000) {
    reject(d, 503, MC_DETAILS_UNCONDITIONAL_DROP_OVERLOAD, MC_FLAG_UDO, MC_LITERAL("unconditional drop overload"));
    return true;
  }
  if (mc_mix64(d->request.seed ^ DROPS) % 1000000 >= share) return false;
  reject(d, 503, MC_DETAILS_DROP_OVERLOAD, MC_FLAG_DO, MC_LITERAL("drop overload"));
  return true;
}

static int32_t named_cluster(const mc_snapshot *s, const mc_header_ref *ref, mc_input *input) {
  mc_slice name = mc_input_value(input, ref->source, ref->slot);
  return name.data ? mc_snapshot_cluster(s, name) : -1;
}

MC_INLINED int32_t choose_cluster(const mc_snapshot *s, const mc_action *action, mc_input *input, mc_decision *d) {
  if (action->cluster_header.set) return named_cluster(s, &action->cluster_header, input);
  if (!action->weighted_count) return action->cluster;
  uint32_t choice = mc_split_choose(action, mc_split_draw(action, input, &d->cookies));
  const mc_weighted *chosen = &action->weighted[choice];
  d->choice = (int32_t)choice;
  return chosen->cluster_header.set ? named_cluster(s, &chosen->cluster_header, input) : chosen->cluster;
}

/* A request without a view: no more is known of it than its own words. */
static void bare_view(mc_decision *d) {
  const mc_request *request = &d->request;
  mc_slice authority = request->authority.data ? request->authority : MC_LITERAL("");
  d->view = (mc_view){.method = request->method,
                      .scheme = request->scheme,
                      .authority = authority,
                      .target = request->target,
                      .path = request->target,
                      .protocol = request->protocol,
                      .source = request->source,
                      .client = request->source,
                      .local = request->local,
                      .port = request->port};
  d->target = request->target;
  d->authority = authority;
}

/* Counts a request that goes to the host that was picked, or to whoever asks (own), or refuses it: the cluster has as many
 * as it may. Of what whoever asks answers nothing is said of any host, and nobody else is to answer it. */
MC_INLINED void lease(const mc_cluster *cluster, const mc_action *action, mc_decision *d, const bool own,
                      const bool peek) {
  const mc_routing_priority priority = action->priority;
  const mc_holder holder = peek ? 0 : mc_lease_begin(cluster, d->endpoint, priority, d->request.now_ns);
  d->leased = holder;
  if (peek ? mc_lease_has_room(cluster, priority) : holder != 0) {
    d->outcome = MC_FORWARD;
    d->detects = own ? cluster->limiter != NULL : cluster->detects;
    d->retries = !own && (action->retries || d->view.internal);
  } else {
    reject(d, 503, MC_DETAILS_OVERFLOW, MC_FLAG_UO, OVERFLOW_BODY);
  }
}

/* What a hashing policy goes by: the cluster's own hash policies before the route's; a draw where neither finds any. */
MC_INLINED uint64_t hash_of(const mc_snapshot *s, const mc_action *action, mc_input *input, mc_decision *d,
                            mc_pick *pick) {
  const mc_hash_policies *own = s->hash_policies ? &s->hash_policies[d->cluster] : NULL;
  const bool of_cluster = own && own->at;
  mc_input edited, *read;
  mc_view view;
  if (mc_hash_input(d, action, of_cluster ? own : &action->hash_policies, input, &view, &edited, &read)) {
    input->no_memory = true;
    return 0;
  }
  uint64_t hash;
  bool found = of_cluster ? mc_cluster_hash(own, action, read, d->cookies, &d->cluster_cookie, &hash)
                          : mc_action_hash(action, read, &d->cookies, &hash);
  input->no_memory |= read->no_memory;
  d->hashed = found;
  if (found) d->hash = hash;
  return found ? hash : mc_pick_draw(pick);
}

/* The endpoint that the cluster chooses itself, or -1. */
MC_INLINED int32_t choose_endpoint(const mc_snapshot *s, const mc_action *action, mc_input *input, mc_decision *d,
                                   const bool peek) {
  const mc_cluster *cluster = s->clusters[d->cluster];
  const int32_t named = cluster->members->override_headers.count ? mc_override_next(cluster, d) : -1;
  d->candidates = 1;
  if (named >= 0) return named;
  mc_pick pick = {.draws = d->request.seed, .now_ns = d->request.now_ns, .peek = peek};
  if (cluster->balancer->policy->hashes) pick.hash = hash_of(s, action, input, d, &pick);
  if (input->no_memory) return -1;
  const int32_t found = !cluster->subsets ? mc_balancer_pick(cluster->balancer, &pick)
                                          : mc_subsets_decide(cluster, d, &pick, &input->no_memory);
  d->candidates = pick.candidates;
  return found;
}

/* A session that will have no other endpoint than one that cannot be had. */
static void refuse_session(mc_decision *d) {
  const uint16_t status = d->session_reason == MC_SESSION_UNKNOWN ? d->session->missing_status : 503;
  reject(d, status, MC_DETAILS_NO_HEALTHY_UPSTREAM, MC_FLAG_UH, MC_LITERAL("no healthy upstream"));
}

/* Whether a filter answers before the route does anything. action NULL: there is no route. */
MC_INLINED bool answered(const mc_listener *listener, const mc_action *action, mc_input *input, mc_decision *d,
                         const bool peek) {
  return mc_filters_needed(listener, action) && mc_filters_answer(d, input, peek) && !input->no_memory;
}

/* 1: let through; 0: not; -1: the list says nothing of the protocol. */
MC_INLINED int upgrade_in(const mc_upgrade *upgrades, uint32_t count, mc_slice protocol) {
  for (uint32_t i = 0; i < count; i++) {
    mc_slice known = upgrades[i].protocol;
    if (mc_slice_equal_fold(known, protocol) || mc_slice_equal(known, MC_LITERAL("*"))) return upgrades[i].enabled;
  }
  return -1;
}

/* A request to switch protocols, CONNECT among them, needs leave: its route's, or else its listener's. action NULL: the
 * redirect to TLS, which gives none. */
static bool lacks_leave(const mc_listener *listener, const mc_action *action, mc_slice protocol) {
  int leave = action ? upgrade_in(action->upgrades, action->upgrade_count, protocol) : -1;
  const mc_http_options *options = &listener->options;
  if (leave < 0) leave = upgrade_in(options->upgrades, options->upgrade_count, protocol);
  return leave <= 0;
}

/* A CONNECT that asks for an upgrade asks for that. */
MC_INLINED bool upgrade_refused(const mc_listener *listener, const mc_action *action, mc_decision *d) {
  mc_slice protocol = d->view.upgrade;
  if (!protocol.data && MC_IS(d->view.method, "CONNECT")) protocol = d->view.method;
  if (!protocol.data || !lacks_leave(listener, action, protocol)) return false;
  reject(d, 403, MC_DETAILS_UPGRADE_FAILED, 0, MC_ABSENT);
  return true;
}

MC_INLINED mc_code forward(const mc_snapshot *s, const mc_listener *listener, const mc_action *action, mc_input *input,
                           mc_decision *d, const bool peek) {
  d->cluster = choose_cluster(s, action, input, d);
  const mc_cluster *cluster = d->upstream = d->cluster >= 0 ? s->clusters[d->cluster] : NULL;
  if (upgrade_refused(listener, action, d)) return MC_OK;
  /* Before the filters, which count what they do. */
  if (cluster && !d->request.inbound && mc_cluster_is_stale(cluster, d->request.now_ns) && !d->request.stale) {
    return MC_STALE;
  }
  if (answered(listener, action, input, d, peek)) return MC_OK;
  if (input->no_memory) return MC_NO_MEMORY;
  if (!cluster) {
    reject(d, action->status, MC_DETAILS_CLUSTER_NOT_FOUND, MC_FLAG_NC, MC_ABSENT);
    return MC_OK;
  }
  if (d->request.inbound) {
    d->outcome = MC_FORWARD;
    return MC_OK;
  }
  const bool own = d->request.served && d->request.served[d->cluster];
  if (cluster->members->drop_millionths && !own && dropped(cluster, d)) return MC_OK;
  const bool kept = !own && mc_sessions_needed(listener, action) && mc_sessions_decide(d, input);
  const bool refused = mc_sessions_refuse(d);
  if (!own && !kept && !refused && !input->no_memory) d->endpoint = choose_endpoint(s, action, input, d, peek);
  if (input->no_memory) return MC_NO_MEMORY;
  if (kept) d->candidates = 1;
  if (d->endpoint < 0 && refused) {
    refuse_session(d);
  } else if (d->endpoint < 0 && !own) {
    reject(d, 503, MC_DETAILS_NO_HEALTHY_UPSTREAM, MC_FLAG_UH, MC_LITERAL("no healthy upstream"));
  } else {
    lease(cluster, action, d, own, peek);
  }
  if (!action->rewrites) return MC_OK;
  mc_edits_in_force edits;
  mc_forwarding forwarding;
  mc_forwarding_gather(d, &edits);
  mc_forwarding_fill(d, &edits, NULL, &forwarding);
  if (mc_forwarding_needs_edits(&forwarding)) {
    mc_header_list lines;
    return mc_upstream_request_make(&forwarding, &d->scratch, &d->target, &d->authority, &lines);
  }
  return mc_upstream_target_make(&forwarding, &d->scratch, &d->target, &d->authority);
}

static mc_code respond(const mc_action *action, mc_decision *d) {
  d->outcome = MC_RESPOND;
  d->status = action->status;
  d->details = MC_DETAILS_DIRECT_RESPONSE;
  if (action->body.count) {
    mc_format_context context;
    mc_format_context_fill(d, &context);
    context.status = 0; /* Envoy knows neither yet, when it writes the body */
    context.details = MC_ABSENT;
    context.dashes = true;
    mc_code code = mc_format_write(&action->body, &context, &d->scratch, &d->body);
    if (code) return code;
  }
  return mc_respond_location(action->status, &d->view, &d->scratch, &d->location);
}

static mc_code redirect(const mc_redirect *redirect, mc_decision *d) {
  d->outcome = MC_REDIRECT;
  d->status = redirect->status;
  d->details = MC_DETAILS_DIRECT_RESPONSE;
  return mc_redirect_location(redirect, &d->view, &d->scratch, &d->location);
}

MC_INLINED mc_code route(const mc_snapshot *s, const mc_listener *listener, mc_input *input, mc_decision *d,
                         const bool peek) {
  d->virtual_host = mc_route_table_virtual_host(s->routes, listener->domains, input);
  if (d->virtual_host >= 0) {
    mc_require_tls tls = s->hosts[d->virtual_host].require_tls;
    if (tls != MC_TLS_NONE && mc_tls_redirect_needed(&d->view, tls == MC_TLS_EXTERNAL_ONLY)) {
      d->virtual_host = -1; /* none of its edits apply */
      if (listener->options.tracing && mc_tracing_decide(d, NULL)) return MC_NO_MEMORY;
      if (upgrade_refused(listener, NULL, d)) return MC_OK;
      if (answered(listener, NULL, input, d, peek)) return MC_OK;
      if (input->no_memory) return MC_NO_MEMORY;
      d->outcome = MC_REDIRECT;
      d->status = 301;
      d->details = MC_DETAILS_DIRECT_RESPONSE;
      return mc_tls_redirect_location(&d->view, &d->scratch, &d->location);
    }
    d->route = mc_route_table_route(s->routes, d->virtual_host, input);
  }
  if (input->no_memory) return MC_NO_MEMORY;
  const mc_action *action = d->route >= 0 ? &s->actions[d->route] : NULL;
  if (listener->options.tracing && mc_tracing_decide(d, action)) return MC_NO_MEMORY;
  if (!action) {
    if (answered(listener, NULL, input, d, peek)) return MC_OK;
    if (input->no_memory) return MC_NO_MEMORY;
    reject(d, 404, MC_DETAILS_ROUTE_NOT_FOUND, MC_FLAG_NR, MC_ABSENT);
    return MC_OK;
  }
  if (action->kind == MC_ACTION_FORWARD) return forward(s, listener, action, input, d, peek);
  if (upgrade_refused(listener, action, d)) return MC_OK;
  if (answered(listener, action, input, d, peek)) return MC_OK;
  if (input->no_memory) return MC_NO_MEMORY;
  switch (action->kind) {
    case MC_ACTION_FORWARD:
      break;
    case MC_ACTION_REDIRECT:
      return redirect(&action->redirect, d);
    case MC_ACTION_RESPOND:
      return respond(action, d);
  }
  return MC_OK;
}

#define BETWEEN(first, next) (offsetof(mc_decision, next) - offsetof(mc_decision, first))

static inline void begin(mc_decision *d) {
  memset((char *)d + offsetof(mc_decision, virtual_host), 0xff, BETWEEN(virtual_host, flags)); /* all -1 */
  memset((char *)d + offsetof(mc_decision, flags), 0, BETWEEN(flags, snapshot));
}

MC_INLINED mc_code decide(const mc_snapshot *s, const mc_request *request, mc_decision *d, const bool peek) {
  begin(d);
  d->snapshot = s;
  if (request != &d->request) d->request = *request;
  mc_scratch_init(&d->scratch);
  d->listener = mc_snapshot_listener(s, request);
  if (d->listener < 0) {
    bare_view(d);
    reject(d, 404, MC_DETAILS_ROUTE_NOT_FOUND, MC_FLAG_NR, MC_ABSENT);
    return MC_OK;
  }
  mc_refusal refusal;
  const mc_listener *listener = &s->listeners[d->listener];
  mc_code code = mc_view_make(&d->request, &listener->options, s->names, &d->scratch, &d->view, &refusal);
  if (code == MC_INVALID) {
    bare_view(d);
    if (refusal.parsed) {
      d->view.headers = request->headers;
      d->view.header_count = request->header_count;
    }
    reject(d, refusal.status, refusal.details, refusal.details == MC_DETAILS_ROUTE_NOT_FOUND ? MC_FLAG_NR : 0, refusal.body);
    d->grpc = mc_view_is_grpc(&d->view);
    if (refusal.location.data && d->grpc) { /* clients of gRPC do not follow redirects */
      d->status = 400;
    } else if (refusal.location.data) {
      d->location = refusal.location;
      d->outcome = MC_REDIRECT;
    }
    return MC_OK;
  }
  if (code) return code;
  d->target = d->view.target;
  d->authority = mc_authority_whole(&d->view);
  mc_input input;
  code = mc_route_table_input(s->routes, &d->view, request->seed, &d->scratch, &input);
  if (!code) code = route(s, listener, &input, d, peek);
  d->grpc = d->outcome != MC_FORWARD && d->details != MC_DETAILS_CORS_RESPONSE && mc_view_is_grpc(&d->view);
  return code;
}

mc_code mc_decide(const mc_snapshot *s, const mc_request *request, mc_decision *d) {
  return decide(s, request, d, false);
}

mc_code mc_peek(const mc_snapshot *s, const mc_request *request, mc_decision *d) { return decide(s, request, d, true); }

mc_code mc_decision_with_headers(const mc_decision *d, const mc_header *headers, uint32_t count, mc_decision *out) {
  *out = (mc_decision){.outcome = d->outcome,
                       .listener = d->listener,
                       .virtual_host = d->virtual_host,
                       .route = d->route,
                       .cluster = d->cluster,
                       .endpoint = d->endpoint,
                       .upstream = d->upstream,
                       .choice = d->choice,
                       .target = d->target,
                       .authority = d->authority,
                       .request_edits = d->request_edits,
                       .traced = d->traced,
                       .snapshot = d->snapshot,
                       .request = d->request};
  out->request.authority = d->view.authority; /* it may have been that of a host line */
  out->request.headers = headers;
  out->request.header_count = count;
  mc_scratch_init(&out->scratch);
  mc_refusal refusal;
  const mc_http_options *options = &d->snapshot->listeners[d->listener].options;
  mc_code code = mc_view_make(&out->request, options, d->snapshot->names, &out->scratch, &out->view, &refusal);
  if (code == MC_INVALID) out->details = refusal.details;
  if (!code && options->tracing) code = mc_tracing_note(out);
  return code;
}
