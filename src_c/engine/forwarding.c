#include "engine/forwarding.h"

#include "base/decimal.h"
#include "base/inlined.h"
#include "edit/bytes.h"
#include "edit/response.h"
#include "edit/view.h"
#include "engine/exchange.h"
#include "engine/filters.h"
#include "engine/limit_lines.h"
#include "engine/sessions.h"
#include "engine/tracing.h"

void mc_forwarding_gather(const mc_decision *d, mc_edits_in_force *out) {
  const mc_snapshot *s = d->snapshot;
  const mc_action *action = d->route >= 0 ? &s->actions[d->route] : NULL;
  const mc_listener *listener = &s->listeners[d->listener];
  out->weighted = action && d->choice >= 0 ? &action->weighted[d->choice] : NULL;
  mc_edit_chain_make(action ? &action->edits : NULL, d->virtual_host >= 0 ? &s->hosts[d->virtual_host].edits : NULL,
                     &listener->edits, listener->most_specific_wins, &out->request, &out->response);
}

/* What the router says of an attempt that starts so long after the request. */
static mc_router_lines router_lines(const mc_decision *d, uint32_t number, uint64_t elapsed_ms) {
  mc_timeouts found;
  const mc_timeouts *timeouts = d->exchange ? &d->exchange->timeouts : &found;
  if (!d->exchange) mc_decision_timeouts(d, &found);
  mc_router_lines lines = {.attempt = d->snapshot->actions[d->route].count_attempts ? number : 0,
                           .expected_ms = mc_timeouts_expected(timeouts, elapsed_ms)};
  if (number == 1 && timeouts->has_grpc) {
    lines.tells_grpc = true;
    lines.grpc_ms = timeouts->grpc_ms;
  }
  lines.hides_grpc = number == 1 && timeouts->hides_grpc;
  if (timeouts->tells_grpc && lines.expected_ms) {
    lines.tells_grpc = true;
    lines.grpc_ms = lines.expected_ms;
  }
  return lines;
}

/* NULL for the first attempt. */
static const mc_router_lines *router_again(const mc_decision *d, const mc_attempt *attempt, mc_router_lines *out) {
  if (!attempt || attempt->number == 1) return NULL;
  const uint64_t since = mc_exchange_start(d);
  uint64_t elapsed = since && attempt->begins_ns > since ? attempt->begins_ns - since : 0;
  *out = router_lines(d, attempt->number, elapsed / 1000000);
  if (d->snapshot->actions[d->route].tell_timeouts) {
    out->timeout_retry = attempt->after_timeout ? MC_LITERAL("true") : MC_LITERAL("false");
  }
  return out;
}

void mc_forwarding_fill(const mc_decision *d, const mc_edits_in_force *edits, const mc_router_lines *again,
                        mc_forwarding *out) {
  const mc_snapshot *s = d->snapshot;
  const mc_action *action = &s->actions[d->route];
  const mc_cluster *cluster = d->upstream;
  const mc_host *host = d->endpoint >= 0 ? &cluster->hosts[d->endpoint] : NULL;
  *out = (mc_forwarding){
      .view = &d->view,
      .options = &s->listeners[d->listener].options,
      .filter_edits = d->request_edits,
      .weighted_edits = edits->weighted ? &edits->weighted->edits.request : NULL,
      .weighted_host = edits->weighted ? edits->weighted->host_rewrite : MC_ABSENT,
      .chain = &edits->request,
      .path = &action->path,
      .host = &action->host,
      .router = router_lines(d, 1, 0),
      .again = again,
      .route_name = action->name,
      .cluster = cluster->name,
      .endpoint = host ? host->address : MC_ABSENT,
      .endpoint_hostname = host ? host->hostname : MC_ABSENT,
  };
}

void mc_format_context_fill(const mc_decision *d, mc_format_context *out) {
  const mc_snapshot *s = d->snapshot;
  *out = (mc_format_context){
      .view = &d->view,
      .status = d->status,
      .route_name = d->route >= 0 ? s->actions[d->route].name : MC_ABSENT,
      .cluster = d->cluster >= 0 ? s->clusters[d->cluster]->name : MC_ABSENT,
      .endpoint = d->endpoint >= 0 ? d->upstream->hosts[d->endpoint].address : MC_ABSENT,
      .endpoint_hostname = d->endpoint >= 0 ? d->upstream->hosts[d->endpoint].hostname : MC_ABSENT,
      .attempts = mc_decision_attempt_count(d),
  };
  const bool via = d->outcome == MC_FORWARD && d->details != MC_DETAILS_WEBSOCKET_REFUSED;
  const char *details = mc_details_name(via ? MC_DETAILS_VIA_UPSTREAM : d->details);
  out->details = mc_slice_of(details, strlen(details));
  /* Envoy says that a request was limited once the answer is there. */
  out->flag_bits = d->flags & ~(uint32_t)(MC_FLAG_RL | MC_FLAG_RLSE);
  out->flags = mc_flags_text(out->flag_bits, out->flags_text);
}

static bool is_ours(mc_slice name) {
  return name.size > 8 && (mc_word_at(name.data) | MC_BYTES(0x20)) == mc_word_at("x-envoy-");
}

/* Whether the router may take lines away, or change what came: those of "x-envoy-", in any case. */
static bool may_be_ours(const mc_view *view) {
  for (uint32_t i = 0; i < view->header_count; i++) {
    if (is_ours(view->headers[i].name) && !(view->hidden[i >> 6] >> (i & 63) & 1)) return true;
  }
  for (uint32_t i = 0; i < view->added_count; i++) {
    if (is_ours(view->added[i].name)) return true;
  }
  return false;
}

static void tell(mc_router_told *told, mc_slice name, uint64_t number) {
  if (!number) return;
  told->lines[told->count] = (mc_header){name, mc_decimal_write(number, told->digits[told->count])};
  told->count++;
}

bool mc_decision_request_stays(const mc_decision *d, const mc_timeouts *timeouts, mc_router_told *told) {
  if (d->outcome != MC_FORWARD || d->exchange || d->request_edits || d->view.sources) return false;
  const mc_action *action = &d->snapshot->actions[d->route];
  const mc_http_options *options = &d->snapshot->listeners[d->listener].options;
  if (action->path.kind != MC_REWRITE_NONE || action->host.kind != MC_HOST_KEEP) return false;
  if (options->tracing && (options->tracing->tracer != MC_TRACER_NONE || mc_tracing_operation(d).size)) return false;
  if (timeouts->has_grpc || timeouts->hides_grpc || timeouts->tells_grpc || may_be_ours(&d->view)) return false;
  mc_edits_in_force edits;
  mc_forwarding_gather(d, &edits);
  if (edits.request.count) return false;
  if (edits.weighted && (edits.weighted->host_rewrite.size || !mc_edits_empty(&edits.weighted->edits.request))) return false;
  told->count = 0;
  if (!options->suppress_envoy_headers) {
    tell(told, MC_LITERAL("x-envoy-expected-rq-timeout-ms"), mc_timeouts_expected(timeouts, 0));
  }
  tell(told, MC_LITERAL("x-envoy-attempt-count"), action->count_attempts);
  return true;
}

mc_code mc_attempt_request_headers(const mc_decision *d, const mc_attempt *attempt, mc_scratch *scratch,
                                   const mc_header_line **lines, uint32_t *count) {
  mc_edits_in_force edits;
  mc_forwarding forwarding;
  mc_header_list list;
  mc_slice target, authority;
  mc_router_lines again;
  mc_forwarding_gather(d, &edits);
  mc_forwarding_fill(d, &edits, router_again(d, attempt, &again), &forwarding);
  if (attempt) {
    const mc_host *host = &attempt->cluster->hosts[attempt->endpoint];
    forwarding.endpoint = host->address;
    forwarding.endpoint_hostname = host->hostname;
  }
  mc_code code = mc_upstream_request_make(&forwarding, scratch, &target, &authority, &list);
  if (!code) code = mc_tracing_lines(d, attempt ? attempt->number : 1, &list);
  if (code) return code;
  *lines = list.lines;
  *count = list.count;
  return MC_OK;
}

mc_code mc_decision_request_headers(const mc_decision *d, mc_scratch *scratch, const mc_header_line **lines,
                                    uint32_t *count) {
  return mc_attempt_request_headers(d, NULL, scratch, lines, count);
}

enum { SET_LINES = MC_CORS_LINES + 2 };

/* Whether the answer says how many attempts were made: from the first one on, where it is the router's. The connection
 * manager, which ends streams by their own limits, knows nothing of attempts. */
static bool tells_attempts(const mc_decision *d) {
  if (d->details == MC_DETAILS_STREAM_IDLE_TIMEOUT || d->details == MC_DETAILS_MAX_DURATION_TIMEOUT) return false;
  return d->route >= 0 && d->snapshot->actions[d->route].tell_attempts && mc_decision_attempt_count(d);
}

/* The lines that Envoy sets after the edits: the filters', what the operation is called, and the number of attempts.
 * Their number. */
static uint32_t lines_to_set(const mc_decision *d, mc_slice attempts, mc_header lines[SET_LINES]) {
  uint32_t count = mc_filters_lines(d, lines);
  if (tells_attempts(d)) {
    lines[count++] = (mc_header){MC_LITERAL("x-envoy-attempt-count"), attempts};
  }
  const mc_slice operation = mc_tracing_answer_operation(d);
  if (operation.size) lines[count++] = (mc_header){MC_OPERATION_HEADER, operation};
  return count;
}

/* The id that an answer tells; absent where it tells none. */
static mc_slice request_id_told(const mc_decision *d) {
  if (d->listener < 0) return MC_ABSENT;
  const bool always = d->snapshot->listeners[d->listener].options.always_set_request_id_in_response;
  const bool asked = d->view.internal && mc_view_header(&d->view, MC_LITERAL("x-envoy-force-trace")).data;
  return always || asked ? mc_decision_request_id(d) : MC_ABSENT;
}

/* Whether the request is edited in what an answer tells of it. */
static bool edits_id(const mc_decision *d, const mc_edits_in_force *edits) {
  if (d->request_edits) return true;
  if (!mc_decision_is_routed(d)) return false;
  if (edits->weighted && edits->weighted->edits.request.names_id) return true;
  for (uint32_t i = 0; i < edits->request.count; i++) {
    if (edits->request.levels[i]->names_id) return true;
  }
  return false;
}

/* Whether the edits of an answer apply: of preflights none do; of what is said in place of a direct response or a
 * redirect, none of a route do. */
static bool edited(const mc_decision *d) {
  if (d->route < 0 || d->details == MC_DETAILS_CORS_RESPONSE) return false;
  return d->outcome != MC_REJECT || d->snapshot->actions[d->route].kind == MC_ACTION_FORWARD;
}

/* Whether an upstream's lines say what the operation is called. */
MC_SELDOM bool names_operation(const mc_header *headers, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (mc_slice_equal_fold(headers[i].name, MC_OPERATION_HEADER)) return true;
  }
  return false;
}

bool mc_decision_answer_stays(const mc_decision *d, const mc_header *headers, uint32_t count) {
  if (d->outcome != MC_FORWARD || d->cookies || d->cluster_cookie || d->session || d->cors != MC_CORS_NONE) return false;
  const mc_http_options *options = &d->snapshot->listeners[d->listener].options;
  if (tells_attempts(d) || request_id_told(d).data || options->via.size) return false;
  mc_edits_in_force edits;
  mc_forwarding_gather(d, &edits);
  if (edits.response.count || (edits.weighted && !mc_edits_empty(&edits.weighted->edits.response))) return false;
  if (edits_id(d, &edits)) return false;
  if (options->tracing && mc_tracing_answer_operation(d).size) return false;
  if (options->tracing && mc_tracing_keeps_operation(d) && names_operation(headers, count)) return false;
  if ((d->limited || d->asked) && mc_limits_tell(d)) return false;
  return mc_answer_lines_stay(headers, count);
}

/* The line of an answer that says why there was too much to do; clients had better not try again at once. */
static mc_slice overload_line(const mc_decision *d) {
  if (d->listener < 0 || d->snapshot->listeners[d->listener].options.suppress_envoy_headers) return MC_ABSENT;
  switch (d->details) {
    case MC_DETAILS_OVERFLOW:
      return MC_LITERAL("x-envoy-overloaded");
    case MC_DETAILS_DROP_OVERLOAD:
      return MC_LITERAL("x-envoy-drop-overload");
    case MC_DETAILS_UNCONDITIONAL_DROP_OVERLOAD:
      return MC_LITERAL("x-envoy-unconditional-drop-overload");
    default:
      return MC_ABSENT;
  }
}

mc_code mc_decision_response_headers(const mc_decision *d, const mc_response *response, mc_scratch *scratch,
                                     const mc_header_line **lines, uint32_t *count, uint16_t *status,
                                     mc_slice *body) {
  bool own = d->outcome != MC_FORWARD, routed = mc_decision_is_routed(d);
  bool preflight = d->details == MC_DETAILS_CORS_RESPONSE; /* of the filter alone: no edits touch it */
  mc_header set[SET_LINES], session;
  char count_digits[MC_DECIMAL_DIGITS];
  const mc_slice attempts = mc_decimal_write(mc_decision_attempt_count(d), count_digits);
  mc_router_lines again;
  mc_edits_in_force edits = {.weighted = NULL};
  mc_forwarding forwarding;
  if (d->listener >= 0 && !preflight) mc_forwarding_gather(d, &edits);
  const mc_slice *cookies = NULL, *late_cookies = NULL;
  uint32_t cookie_count = 0, late_cookie_count = 0;
  mc_code code = MC_OK;
  if (routed) mc_forwarding_fill(d, &edits, router_again(d, mc_exchange_latest(d), &again), &forwarding);
  if (!own && d->cookies) code = mc_cookies_lines(d->cookies, scratch, &cookies, &cookie_count);
  if (code) return code;
  if (d->cluster_cookie) code = mc_cookies_lines(d->cluster_cookie, scratch, &late_cookies, &late_cookie_count);
  if (code) return code;
  const bool tells_endpoint = mc_sessions_line(d, scratch, &session, &code);
  const mc_header *beside = NULL;
  uint32_t beside_count = 0;
  if (!code && (d->limited || d->asked)) code = mc_limit_lines(d, scratch, &beside, &beside_count);
  if (code) return code;
  mc_answer answer = {
      .status = own ? d->status : response->status,
      .headers = response->headers,
      .header_count = response->header_count,
      .own = own,
      .location = d->location,
      .body = d->body.data ? d->body : response->body,
      .content_type = d->outcome == MC_RESPOND ? d->snapshot->actions[d->route].content_type : MC_ABSENT,
      .weighted_edits = edits.weighted ? &edits.weighted->edits.response : NULL,
      .chain = edited(d) ? &edits.response : NULL,
      .options = d->listener >= 0 ? &d->snapshot->listeners[d->listener].options : NULL,
      .redirect = d->outcome == MC_REDIRECT && d->route >= 0 ? &d->snapshot->actions[d->route].redirect : NULL,
      .forwarding = routed ? &forwarding : NULL,
      .request_edits = d->request_edits,
      .cookies = cookies,
      .cookie_count = cookie_count,
      .late_cookies = late_cookies,
      .late_cookie_count = late_cookie_count,
      .filter_edits = d->answer_edits,
      .overload = overload_line(d),
      .beside = beside,
      .beside_count = beside_count,
      .set = set,
      .set_count = lines_to_set(d, attempts, set),
      .request_id = request_id_told(d),
      .request_id_edited = d->listener >= 0 && edits_id(d, &edits),
      .session = tells_endpoint ? &session : NULL,
      .session_beside = tells_endpoint && d->session->kind == MC_SESSION_COOKIE,
      .of_filter = preflight,
      .grpc_status = d->grpc_status,
  };
  mc_format_context context;
  mc_header_list list;
  mc_format_context_fill(d, &context);
  context.status = answer.status;
  code = mc_answer_make(&answer, &context, scratch, &list, status, body);
  if (code) return code;
  if (mc_tracing_keeps_operation(d)) mc_header_list_remove(&list, MC_OPERATION_HEADER);
  *lines = list.lines;
  *count = list.count;
  return MC_OK;
}
