#include "engine/rate_limits.h"

#include "base/inlined.h"
#include "base/rng.h"
#include "edit/bytes.h"
#include "edit/response.h"
#include "engine/filters.h"
#include "engine/limit_lines.h"

/* ------------------------------------------------------------------ which limit, which descriptors */

static inline const mc_level_limit *said(const mc_level_limits *limits, uint32_t filter) {
  const mc_level_limit *found = mc_level_limits_find(limits, filter);
  return found && (found->local || found->global) ? found : NULL;
}

/* The innermost level that tells the filter what to do. Without a route nobody does. */
MC_INLINED const mc_level_limit *level_of(const mc_decision *d, uint32_t filter) {
  const mc_snapshot *s = d->snapshot;
  if (!s->limits.levels || d->route < 0) return NULL;
  const mc_action *action = &s->actions[d->route];
  const mc_level_limit *found = NULL;
  if (d->choice >= 0) found = said(&action->weighted[d->choice].limits, filter);
  if (!found) found = said(&action->limits, filter);
  if (!found) found = said(&s->hosts[d->virtual_host].limits, filter);
  return found ? found : said(&s->listeners[d->listener].limits, filter);
}

/* The descriptors that a request has for one filter. */
typedef struct collection {
  bool global;
  uint32_t stage; /* of those that routes and virtual hosts say */
  mc_descriptor *at;
  uint32_t count;
} collection;

/* A share of the requests, which those of one seed that share a stream have or have not. */
static bool drawn(mc_fraction share, const mc_decision *d, uint64_t stream) {
  if (share.numerator >= share.denominator) return share.denominator != 0; /* all of them, as most often */
  return mc_mix64(d->request.seed ^ stream) % share.denominator < share.numerator;
}

/* Any constant will do that no other draw from the seed uses; each use of it adds its place. */
#define STREAM UINT64_C(0x6c696d6974732100)
enum { ENABLED, ENFORCED, DENIED, DISABLED, USES };

static uint64_t stream_of(uint32_t place, int use) { return STREAM + (uint64_t)place * USES + (uint64_t)use; }

static bool counts(const collection *to, const mc_descriptor_maker *maker, const mc_decision *d, uint32_t number) {
  if (!to->global) return !maker->global_only;
  return !maker->share.denominator || drawn(maker->share, d, stream_of(number << 8, DISABLED));
}

static void collect(collection *to, const mc_descriptor_makers *makers, bool any_stage, const mc_routed *routed,
                    const mc_decision *d, mc_input *input) {
  for (uint32_t i = 0; i < makers->count && !input->no_memory; i++) {
    if (!any_stage && (makers->at[i].stage != to->stage || !counts(to, &makers->at[i], d, i))) continue;
    to->count += mc_descriptor_make(&makers->at[i], routed, input, &to->at[to->count]);
  }
}

static void find_routed(mc_routed *out, const mc_decision *d, mc_input *input) {
  *out = (mc_routed){.forwarded = false};
  if (d->route < 0) return;
  const mc_action *action = &d->snapshot->actions[d->route];
  out->forwarded = action->kind == MC_ACTION_FORWARD;
  out->route = action->name;
  out->labels = action->labels;
  out->cluster = mc_decision_cluster_name(d, input);
}

static bool make_room(collection *to, uint32_t count, mc_input *input) {
  to->at = mc_scratch_alloc(input->scratch, (count ? count : 1) * sizeof *to->at);
  if (!to->at) input->no_memory = true;
  return to->at != NULL;
}

/* Those of the route and the virtual host. */
static void collect_outer(collection *to, const mc_decision *d, mc_outer_limits outer, mc_input *input) {
  if (d->route < 0) return;
  const mc_action *action = &d->snapshot->actions[d->route];
  const mc_virtual_host *host = &d->snapshot->hosts[d->virtual_host];
  if (action->kind != MC_ACTION_FORWARD) return;
  if (!make_room(to, action->descriptors.count + host->descriptors.count, input)) return;
  mc_routed routed;
  find_routed(&routed, d, input);
  collect(to, &action->descriptors, false, &routed, d, input);
  if (action->include_outer_limits) outer = MC_OUTER_INCLUDE;
  if (outer == MC_OUTER_IGNORE || (outer == MC_OUTER_OVERRIDE && action->descriptors.count)) return;
  collect(to, &host->descriptors, false, &routed, d, input);
}

static void collect_own(collection *to, const mc_decision *d, const mc_descriptor_makers *makers, mc_input *input) {
  if (!make_room(to, makers->count, input)) return;
  mc_routed routed;
  find_routed(&routed, d, input);
  collect(to, makers, true, &routed, d, input);
}

/* The same of a limit with a header_rule: there is one entry to find, and nothing else to know. */
static void collect_header(collection *to, const mc_descriptor_maker *maker, mc_input *input) {
  struct {
    mc_descriptor descriptor;
    mc_label entry;
  } *made;
  const mc_entry_maker *entry = maker->entries;
  const mc_slice value = mc_input_value(input, entry->header, entry->slot);
  if (!value.data && !entry->empty) return;
  made = mc_scratch_alloc(input->scratch, sizeof *made);
  if (!made) {
    input->no_memory = true;
    return;
  }
  made->entry = (mc_label){entry->key, value.data ? value : MC_LITERAL("")};
  made->descriptor = (mc_descriptor){&made->entry, 1, maker->gives_back, maker->tells, maker->hits};
  to->at = &made->descriptor;
  to->count = 1;
}

/* ------------------------------------------------------------------ local limits */

static void refuse(mc_decision *d, uint16_t status, mc_details details, uint32_t flag, const mc_edits *edits, mc_slice body) {
  d->outcome = MC_REJECT;
  d->answer_edits = edits;
  d->status = status;
  d->details = details;
  d->flags |= flag;
  d->body = body;
}

/* Behind those of the filters before. */
static void add_request_edit(mc_decision *d, mc_filter_edit edit, mc_input *input) {
  mc_filter_edit *made = mc_scratch_alloc(&d->scratch, sizeof *made), **last = &d->request_edits;
  if (!made) {
    input->no_memory = true;
    return;
  }
  *made = edit;
  while (*last) last = &(*last)->next;
  *last = made;
}

/* As Envoy's ShareProviderManager and RateLimitTokenBucket::consume (source/extensions/filters/common/local_ratelimit/
 * local_ratelimit_impl.cc): each of a cluster's hosts has its share, be it well or not. */
static uint64_t shares_of(const mc_local_limit *limit, const mc_decision *d) {
  const uint32_t hosts = limit->divided_among < 0 ? 1 : d->snapshot->clusters[limit->divided_among]->host_count;
  return hosts ? hosts : 1;
}

bool mc_local_limit_answer(mc_decision *d, mc_input *input, uint32_t place, bool peek) {
  const mc_filter *filter = &d->snapshot->listeners[d->listener].filters[place];
  const mc_level_limit *level = level_of(d, filter->name);
  const mc_local_limit *limit = level && level->local ? level->local : filter->local;
  if (!limit || !drawn(limit->enabled, d, stream_of(place, ENABLED))) return false;
  mc_limit_counters *counters = mc_local_limit_counters(limit);
  collection found = {.stage = limit->stage};
  if (limit->header_rule >= 0) {
    collect_header(&found, limit->descriptors.at, input);
  } else if (limit->rule_count && limit->own_descriptors) {
    collect_own(&found, d, &limit->descriptors, input);
  } else if (limit->rule_count) {
    collect_outer(&found, d, limit->outer, input);
  }
  mc_limited *made = input->no_memory ? NULL : mc_scratch_alloc(input->scratch, sizeof *made);
  input->no_memory |= !made;
  if (input->no_memory) return false;
  made->limit = limit;
  made->filter = place;
  made->next = d->limited;
  made->enforced = made->shadowed = made->silent = made->has_bucket = made->reckoned = false; /* a bucket says the rest */
  uint16_t status = 0;
  if (mc_local_limit_judge(&d->request, found.at, found.count, shares_of(limit, d), peek, input->scratch, made, &status)) {
    input->no_memory = true;
    return false;
  }
  d->limited = made;
  mc_limit_count(made->allowed && !made->shadowed ? &counters->ok : &counters->rate_limited, limit->alone, peek);
  if (made->allowed) return false;
  made->enforced = drawn(limit->enforced, d, stream_of(place, ENFORCED));
  if (!made->enforced) {
    made->silent = limit->tells_least;
    add_request_edit(d, (mc_filter_edit){.edits = &limit->edits.request}, input);
    return false;
  }
  mc_limit_count(&counters->enforced, limit->alone, peek);
  if (limit->resource_exhausted) d->grpc_status = MC_LITERAL("8");
  refuse(d, status, MC_DETAILS_LOCAL_RATE_LIMITED, MC_FLAG_RL, &limit->edits.response, MC_LITERAL("local_rate_limited"));
  return true;
}

/* ------------------------------------------------------------------ global limits */

static bool concerns(const mc_global_limit *limit, const mc_decision *d, uint32_t place) {
  if (limit->from != MC_FROM_ANYWHERE && d->view.internal != (limit->from == MC_FROM_INTERNAL)) return false;
  return !limit->enabled.denominator || drawn(limit->enabled, d, stream_of(place, ENABLED));
}

void mc_global_limit_ask(mc_decision *d, mc_input *input, uint32_t place) {
  const mc_filter *filter = &d->snapshot->listeners[d->listener].filters[place];
  const mc_global_limit *limit = filter->global;
  if (d->cluster < 0 || !concerns(limit, d, place)) return;
  const mc_level_limit *at = level_of(d, filter->name);
  const mc_global_level *level = at ? at->global : NULL;
  collection found = {.global = true, .stage = limit->stage};
  if (level && level->own_descriptors) {
    collect_own(&found, d, &level->descriptors, input);
  } else if (limit->own_descriptors) {
    collect_own(&found, d, &limit->descriptors, input);
  } else {
    collect_outer(&found, d, level ? level->outer : MC_OUTER_OVERRIDE, input);
  }
  if (input->no_memory || !found.count) return;
  mc_asked *made = mc_scratch_alloc(input->scratch, sizeof *made);
  if (!made) {
    input->no_memory = true;
    return;
  }
  *made = (mc_asked){.limit = limit,
                     .filter = place,
                     .domain = level && level->domain.size ? level->domain : limit->domain,
                     .descriptors = found.at,
                     .count = found.count};
  mc_asked **last = &d->asked;
  while (*last) last = &(*last)->next;
  *last = made;
}

static bool is_line(const mc_header *line) {
  return line->name.size && mc_bytes_all(line->name, MC_BYTE_TOKEN) && mc_bytes_value_ok(line->value);
}

/* Lines of the service's, in the decision's memory. What would be more than one line, or none, is left out. */
static mc_header *copy_lines(mc_decision *d, const mc_header *lines, uint32_t *count, uint32_t room) {
  const uint32_t given = *count;
  mc_header *copy = mc_scratch_alloc(&d->scratch, (given + room) * sizeof *copy);
  *count = 0;
  for (uint32_t i = 0; copy && i < given; i++) {
    if (!is_line(&lines[i])) continue;
    char *text = mc_scratch_alloc(&d->scratch, lines[i].name.size + lines[i].value.size);
    if (!text) return NULL;
    memcpy(text, lines[i].name.data, lines[i].name.size);
    if (lines[i].value.size) memcpy(text + lines[i].name.size, lines[i].value.data, lines[i].value.size);
    copy[*count].name = mc_slice_of(text, lines[i].name.size);
    copy[(*count)++].value = mc_slice_of(text + lines[i].name.size, lines[i].value.size);
  }
  return copy;
}

mc_code mc_decision_take_answer(mc_decision *d, uint32_t number, const mc_service_answer *answer) {
  mc_asked *asked = d->asked;
  for (uint32_t i = 0; asked && i < number; i++) asked = asked->next;
  if (!asked || asked->answered) return MC_OK;
  const mc_global_limit *limit = asked->limit;
  const bool over = answer->verdict == MC_SERVICE_OVER_LIMIT;
  const bool refused = over && (!limit->enforced.denominator || drawn(limit->enforced, d, stream_of(asked->filter, ENFORCED)));
  const bool failed = answer->verdict == MC_SERVICE_ERROR && drawn(limit->deny, d, stream_of(asked->filter, DENIED));
  uint32_t request_count = answer->request_count, response_count = answer->response_count;
  const mc_header *request_lines = copy_lines(d, answer->request_lines, &request_count, 0);
  mc_filter_edit *edit = mc_scratch_alloc(&d->scratch, sizeof *edit), **last = &d->request_edits;
  mc_header *lines = copy_lines(d, answer->response_lines, &response_count, 1 + MC_SERVICE_LINES);
  char *body = mc_scratch_alloc(&d->scratch, answer->body.size);
  if (!request_lines || !edit || !lines || !body) return MC_NO_MEMORY;
  if (answer->body.size) memcpy(body, answer->body.data, answer->body.size);
  *edit = (mc_filter_edit){.lines = request_lines, .line_count = request_count};
  while (*last) last = &(*last)->next;
  *last = edit;
  asked->response_lines = lines;
  asked->response_count = response_count;
  if (over && limit->tells_limited) {
    lines[asked->response_count++] = (mc_header){MC_LITERAL("x-envoy-ratelimited"), MC_LITERAL("true")};
  }
  if (mc_service_lines(asked, answer, &d->scratch, lines)) return MC_NO_MEMORY;
  asked->answered = true;
  if (!refused && !failed) return MC_OK;
  mc_decision_close(d);
  d->endpoint = -1;
  d->location = MC_ABSENT;
  d->grpc = mc_view_is_grpc(&d->view);
  d->grpc_status = refused && limit->resource_exhausted ? MC_LITERAL("8") : MC_ABSENT;
  if (refused) {
    refuse(d, limit->status, MC_DETAILS_REQUEST_RATE_LIMITED, MC_FLAG_RL, &limit->edits.response, mc_slice_of(body, answer->body.size));
  } else {
    refuse(d, limit->error_status, MC_DETAILS_RATE_LIMITER_ERROR, MC_FLAG_RLSE, NULL, mc_slice_of(body, answer->body.size));
  }
  return MC_OK;
}
