#include "engine/filters.h"

#include "base/inlined.h"
#include "base/rng.h"
#include "edit/view.h"
#include "engine/concurrency.h"
#include "engine/rate_limits.h"

/* ------------------------------------------------------------------ faults */

/* The innermost level that has a policy. Without a route there is the filter's own alone. */
static const mc_fault *fault_of(const mc_decision *d) {
  const mc_snapshot *s = d->snapshot;
  const mc_listener *listener = &s->listeners[d->listener];
  if (d->route < 0) return listener->fault;
  const mc_action *action = &s->actions[d->route];
  if (d->choice >= 0 && action->weighted[d->choice].fault) return action->weighted[d->choice].fault;
  if (action->fault) return action->fault;
  if (s->hosts[d->virtual_host].fault) return s->hosts[d->virtual_host].fault;
  return listener->table_fault ? listener->table_fault : listener->fault;
}

mc_slice mc_decision_cluster_name(const mc_decision *d, mc_input *input) {
  if (d->cluster >= 0) return d->snapshot->clusters[d->cluster]->name;
  if (d->route < 0) return MC_ABSENT;
  const mc_action *action = &d->snapshot->actions[d->route];
  const mc_header_ref *ref = d->choice >= 0 ? &action->weighted[d->choice].cluster_header : &action->cluster_header;
  return ref->set ? mc_input_value(input, ref->source, ref->slot) : MC_ABSENT;
}

/* Whether a fault may be injected: one request is one active fault, however many it gets. */
static bool enter(mc_decision *d, mc_fault_gauge *gauge, uint64_t most, bool peek) {
  if (d->fault) return true;
  if (peek) return atomic_load_explicit(&gauge->active, memory_order_relaxed) < most;
  if (mc_fault_gauge_enter(gauge, most)) d->fault = gauge;
  return d->fault != NULL;
}

static void count(atomic_uint_fast64_t *counter, bool peek) {
  if (!peek) mc_fault_gauge_count(counter);
}

/* In Envoy's order; a limit on the rate holds for whatever answer is given. */
static bool answered_by_fault(mc_decision *d, mc_input *input, bool peek) {
  const mc_fault *fault = fault_of(d);
  if (!fault) return false;
  const mc_fault_wish wish = mc_fault_judge(fault, input, mc_decision_cluster_name(d, input), d->request.seed);
  if (input->no_memory) return false;
  mc_fault_gauge *gauge = d->snapshot->listeners[d->listener].faults;
  if (wish.bytes_per_second && enter(d, gauge, fault->max_active, peek)) {
    count(&gauge->rate_limits, peek);
    d->bytes_per_second = wish.bytes_per_second;
  }
  if (wish.delay_ms && enter(d, gauge, fault->max_active, peek)) {
    const uint64_t most = UINT64_MAX / 1000000;
    count(&gauge->delays, peek);
    d->delay_ns = (wish.delay_ms < most ? wish.delay_ms : most) * 1000000;
    d->flags |= MC_FLAG_DI;
    d->fault_of_delay = !fault->rate.given && !wish.aborts;
  }
  if (!wish.aborts || !enter(d, gauge, fault->max_active, peek)) return false;
  count(&gauge->aborts, peek);
  d->outcome = MC_REJECT;
  d->status = wish.status;
  d->grpc_status = wish.grpc_status;
  d->details = MC_DETAILS_FAULT_FILTER_ABORT;
  d->flags |= MC_FLAG_FI;
  d->body = MC_LITERAL("fault filter abort");
  return true;
}

/* ------------------------------------------------------------------ CORS */

/* Policies of the filter hide the older fields, at whatever level they are. */
static mc_cors_chain cors_chain(const mc_decision *d) {
  const mc_snapshot *s = d->snapshot;
  const mc_action *action = &s->actions[d->route];
  const mc_virtual_host *host = &s->hosts[d->virtual_host];
  mc_cors_chain chain = {.count = 0};
  if (d->choice >= 0) mc_cors_chain_add(&chain, action->weighted[d->choice].cors);
  mc_cors_chain_add(&chain, action->cors);
  mc_cors_chain_add(&chain, host->cors);
  mc_cors_chain_add(&chain, s->listeners[d->listener].cors);
  if (chain.count) return chain;
  mc_cors_chain_add(&chain, action->cors_field);
  mc_cors_chain_add(&chain, host->cors_field);
  return chain;
}

/* Only requests with an origin are looked at any further. */
static mc_cors_request cors_request(const mc_view *view) {
  mc_cors_request request = {.method = view->method, .origin = mc_view_header(view, MC_LITERAL("origin"))};
  if (!request.origin.size) return request;
  request.request_method = mc_view_header(view, MC_LITERAL("access-control-request-method"));
  request.request_headers = mc_view_header(view, MC_LITERAL("access-control-request-headers"));
  request.request_private_network = mc_view_header(view, MC_LITERAL("access-control-request-private-network"));
  return request;
}

/* Any constant will do that no other draw from the seed uses. */
#define STREAM UINT64_C(0x636f727321636f72)

/* Of forwarded requests alone: routes that answer by themselves are left alone. */
static bool answered_by_cors(mc_decision *d, mc_input *input) {
  if (d->route < 0 || d->snapshot->actions[d->route].kind != MC_ACTION_FORWARD) return false;
  const mc_cors_chain chain = cors_chain(d);
  const mc_cors_request request = cors_request(&d->view);
  d->cors = mc_cors_judge(&chain, &request, mc_mix64(d->request.seed ^ STREAM), &input->no_memory);
  if (d->cors != MC_CORS_PREFLIGHT && d->cors != MC_CORS_PREFLIGHT_DENIED) return false;
  d->outcome = MC_RESPOND;
  d->status = 200;
  d->details = MC_DETAILS_CORS_RESPONSE;
  d->body = MC_LITERAL("");
  return true;
}

/* ------------------------------------------------------------------ all of them */

/* As Envoy's FilterManager, which asks the route before it makes a filter (createFilterChain in
 * source/common/http/filter_chain_helper.h): configuration of any kind turns a filter on, FilterConfig says either. */
bool mc_filter_is_on(const mc_decision *d, uint32_t filter, bool off) {
  const mc_snapshot *s = d->snapshot;
  if (d->route < 0) return !off;
  const mc_action *action = &s->actions[d->route];
  const mc_level_limits *levels[] = {d->choice >= 0 ? &action->weighted[d->choice].limits : &action->limits, &action->limits,
                                     &s->hosts[d->virtual_host].limits, &s->listeners[d->listener].limits};
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
    const mc_level_limit *found = mc_level_limits_find(levels[i], filter);
    if (found) return !found->off;
  }
  return !off;
}

MC_INLINED bool answered_by(const mc_filter *filter, mc_decision *d, mc_input *input, uint32_t place, bool peek) {
  const bool inbound = d->request.inbound;
  if (d->snapshot->limits.switches && !mc_filter_is_on(d, filter->name, filter->off)) return false;
  switch (filter->kind) {
    case MC_FILTER_FAULT:
      return !inbound && answered_by_fault(d, input, peek);
    case MC_FILTER_CORS:
      return !inbound && answered_by_cors(d, input);
    case MC_FILTER_LOCAL_LIMIT:
      return mc_local_limit_answer(d, input, place, peek);
    case MC_FILTER_GLOBAL_LIMIT:
      mc_global_limit_ask(d, input, place);
      return false;
    case MC_FILTER_CONCURRENCY:
      return mc_concurrency_answer(d, place, peek);
  }
  return false;
}

bool mc_filters_answer(mc_decision *d, mc_input *input, bool peek) {
  const mc_listener *listener = &d->snapshot->listeners[d->listener];
  for (uint32_t place = 0; place < listener->filter_count && !input->no_memory; place++) {
    if (answered_by(&listener->filters[place], d, input, place, peek)) return true;
  }
  return false;
}

uint32_t mc_filters_lines(const mc_decision *d, mc_header lines[MC_CORS_LINES]) {
  if (d->cors == MC_CORS_NONE) return 0;
  const mc_cors_chain chain = cors_chain(d);
  const mc_cors_request request = cors_request(&d->view);
  return mc_cors_lines(&chain, d->cors, &request, lines);
}
