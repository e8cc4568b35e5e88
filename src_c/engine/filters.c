#include "engine/filters.h"

#include "base/rng.h"
#include "edit/view.h"

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

bool mc_filters_answer(mc_decision *d, mc_input *input) {
  const mc_cors_chain chain = cors_chain(d);
  const mc_cors_request request = cors_request(&d->view);
  d->cors = mc_cors_judge(&chain, &request, mc_mix64(d->request.seed ^ STREAM), &input->no_memory);
  if (d->cors != MC_CORS_PREFLIGHT && d->cors != MC_CORS_PREFLIGHT_DENIED) return false;
  d->outcome = MC_RESPOND;
  d->status = 200;
  d->details = MC_DETAILS_CORS_RESPONSE;
  d->body = MC_LITERAL("");
  d->cluster = -1; /* nothing goes there */
  return true;
}

uint32_t mc_filters_lines(const mc_decision *d, mc_header lines[MC_CORS_LINES]) {
  if (d->cors == MC_CORS_NONE) return 0;
  const mc_cors_chain chain = cors_chain(d);
  const mc_cors_request request = cors_request(&d->view);
  return mc_cors_lines(&chain, d->cors, &request, lines);
}
