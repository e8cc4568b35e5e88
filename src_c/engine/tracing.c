#include "engine/tracing.h"

#include "base/names.h"
#include "base/rng.h"
#include "edit/request_id.h"
#include "edit/view.h"
#include "trace/envoy.h"

static const char reasons[] = {
    [MC_NOT_TRACED] = '4', [MC_TRACED_BY_SAMPLING] = '9', [MC_TRACED_BY_SERVICE] = 'a', [MC_TRACED_BY_CLIENT] = 'b'};

static mc_trace_reason noted_reason(mc_slice id) {
  if (id.size != MC_UUID_TEXT) return MC_NOT_TRACED;
  for (int reason = MC_TRACED_BY_SAMPLING; reason <= MC_TRACED_BY_CLIENT; reason++) {
    if (id.data[MC_TRACE_REASON_AT] == reasons[reason]) return (mc_trace_reason)reason;
  }
  return MC_NOT_TRACED;
}

static mc_code note_reason(mc_decision *d, const mc_http_options *options) {
  const mc_slice id = d->view.request_id;
  if (id.size != MC_UUID_TEXT || options->keep_trace_reason) return MC_OK;
  char *text = mc_view_own_request_id(&d->view, &d->scratch);
  if (!text) return MC_NO_MEMORY;
  text[MC_TRACE_REASON_AT] = reasons[d->traced];
  return MC_OK;
}

static bool within(mc_fraction share, uint64_t number) {
  return share.numerator >= share.denominator || number % share.denominator < share.numerator;
}

/* Who asks for a trace. */
typedef struct wishes {
  bool client, service;
} wishes;

/* Reads them, in one pass; where requests come in, what names the operation is for tracers alone, and is hidden. */
static wishes read_wishes(mc_view *view, bool hides_operation) {
  enum { CLIENT = sizeof "x-client-trace-id" - 1, SERVICE = sizeof "x-envoy-force-trace" - 1 };
  enum { OPERATION = sizeof "x-envoy-decorator-operation" - 1 };
  const uint64_t sizes = UINT64_C(1) << CLIENT | UINT64_C(1) << SERVICE | UINT64_C(1) << OPERATION;
  wishes found = {false, false};
  if (!view->wishes_trace) return found;
  const mc_header *const lines = view->headers;
  for (const mc_header *line = lines, *end = lines + view->header_count; line < end; line++) {
    const mc_slice name = line->name;
    if (!(sizes >> (name.size & 63) & 1)) continue; /* sizes from 64 on alias: they are looked at below */
    const uint32_t i = (uint32_t)(line - lines);
    const uint64_t bit = UINT64_C(1) << (i & 63);
    if (view->hidden[i >> 6] & bit) continue;
    found.client |= name.size == CLIENT && mc_same_name(name.data, "x-client-trace-id", CLIENT);
    found.service |= name.size == SERVICE && mc_same_name(name.data, "x-envoy-force-trace", SERVICE);
    if (hides_operation && name.size == OPERATION &&
        mc_same_name(name.data, "x-envoy-decorator-operation", OPERATION)) {
      view->hidden[i >> 6] |= bit;
    }
  }
  return found;
}

static const mc_action *action_of(const mc_decision *d) {
  return d->route >= 0 ? &d->snapshot->actions[d->route] : NULL;
}

/* Whether the two sides tell each other what an operation is called. */
static bool heeds_operations(const mc_tracing_spec *tracing, const mc_action *action) {
  return tracing && !tracing->names_spans && !(action && action->names_spans);
}

mc_slice mc_tracing_operation(const mc_decision *d) {
  const mc_tracing_spec *tracing = mc_tracing_of(d);
  const mc_action *action = action_of(d);
  return action && heeds_operations(tracing, action) && tracing->outbound ? action->operation : MC_ABSENT;
}

/* Whether the client has said what it is called; it was believed, unless it is one from outside. */
static bool client_names_operation(const mc_decision *d) {
  const mc_view *view = &d->view;
  if (!view->internal && d->snapshot->listeners[d->listener].options.use_remote_address) return false;
  for (uint32_t i = 0; i < view->header_count; i++) {
    if (view->headers[i].value.size && mc_slice_equal_fold(view->headers[i].name, MC_OPERATION_HEADER)) return true;
  }
  return false;
}

mc_slice mc_tracing_answer_operation(const mc_decision *d) {
  const mc_tracing_spec *tracing = mc_tracing_of(d);
  const mc_action *action = action_of(d);
  if (!action || !action->operation.size || !heeds_operations(tracing, action) || tracing->outbound) return MC_ABSENT;
  return client_names_operation(d) ? MC_ABSENT : action->operation;
}

bool mc_tracing_keeps_operation(const mc_decision *d) {
  const mc_tracing_spec *tracing = mc_tracing_of(d);
  return tracing && tracing->outbound && heeds_operations(tracing, action_of(d));
}

/* Which of the four it is, and whether it has to be noted. An id that was made notes nothing yet. */
static mc_trace_reason decide_reason(mc_decision *d, const mc_sampling_shares *shares, wishes wishes, uint64_t number,
                                     bool *news) {
  enum { CLIENTS = 0x7ace };
  mc_trace_reason reason = d->view.made_request_id ? MC_NOT_TRACED : noted_reason(d->view.request_id);
  *news = false;
  if (!reason) {
    if (wishes.client && within(shares->client, mc_mix64(d->request.seed ^ CLIENTS))) {
      reason = MC_TRACED_BY_CLIENT;
    } else if (wishes.service) {
      reason = MC_TRACED_BY_SERVICE;
    } else if (within(shares->random, number)) {
      reason = MC_TRACED_BY_SAMPLING;
    }
    *news = reason != MC_NOT_TRACED;
  }
  if (reason && !within(shares->overall, number)) {
    *news = true;
    return MC_NOT_TRACED;
  }
  return reason;
}

/* What sampling goes by; false where the id gives no number. */
static inline bool number_of(const mc_view *view, uint64_t *out) {
  *out = view->made_number;
  return view->made_request_id || mc_request_id_number(view->request_id, out);
}

mc_code mc_tracing_decide(mc_decision *d, const mc_action *action) {
  const mc_http_options *options = &d->snapshot->listeners[d->listener].options;
  const mc_tracing_spec *tracing = options->tracing;
  const wishes wishes = read_wishes(&d->view, !tracing->outbound && heeds_operations(tracing, action));
  uint64_t number;
  bool news = false;
  if (tracing->any_id) {
    d->traced = MC_TRACED_BY_SAMPLING;
  } else if (number_of(&d->view, &number)) {
    const mc_sampling_shares *shares = action && action->sampling ? action->sampling : &tracing->shares;
    d->traced = decide_reason(d, shares, wishes, number % 10000, &news);
  }
  return news ? note_reason(d, options) : MC_OK;
}

mc_code mc_tracing_note(mc_decision *d) {
  const mc_http_options *options = &d->snapshot->listeners[d->listener].options;
  read_wishes(&d->view, !options->tracing->outbound && heeds_operations(options->tracing, action_of(d)));
  return d->traced == noted_reason(d->view.request_id) ? MC_OK : note_reason(d, options);
}

const char *mc_trace_reason_name(mc_trace_reason reason) {
  static const char *const names[] = {[MC_NOT_TRACED] = "",
                                      [MC_TRACED_BY_SAMPLING] = "sampling",
                                      [MC_TRACED_BY_SERVICE] = "service forced",
                                      [MC_TRACED_BY_CLIENT] = "client forced"};
  return names[reason];
}

mc_slice mc_decision_request_id(const mc_decision *d) {
  if (d->view.request_id.data) return d->view.request_id;
  return mc_view_header(&d->view, MC_LITERAL("x-request-id"));
}
