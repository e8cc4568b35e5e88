#include "policy/retry.h"

#include "base/decimal.h"
#include "base/labels.h"
#include "base/refuse.h"
#include "base/rng.h"
#include "edit/view.h"

enum {
  ANY_GRPC = MC_RETRY_ON_GRPC_CANCELLED | MC_RETRY_ON_GRPC_DEADLINE_EXCEEDED | MC_RETRY_ON_GRPC_INTERNAL |
            MC_RETRY_ON_GRPC_RESOURCE_EXHAUSTED | MC_RETRY_ON_GRPC_UNAVAILABLE,
};

#define GRPC_STATUS MC_LITERAL("grpc-status")
#define RATE_LIMITED MC_LITERAL("x-envoy-ratelimited")

/* ------------------------------------------------------------------ conditions */

static uint32_t condition(mc_slice name) {
  static const struct {
    const char *name;
    mc_retry_on on;
  } known[] = {
      {"5xx", MC_RETRY_ON_5XX},
      {"gateway-error", MC_RETRY_ON_GATEWAY_ERROR},
      {"reset", MC_RETRY_ON_RESET},
      {"reset-before-request", MC_RETRY_ON_RESET_BEFORE_REQUEST},
      {"connect-failure", MC_RETRY_ON_CONNECT_FAILURE},
      {"envoy-ratelimited", MC_RETRY_ON_ENVOY_RATE_LIMITED},
      {"retriable-4xx", MC_RETRY_ON_RETRIABLE_4XX},
      {"refused-stream", MC_RETRY_ON_REFUSED_STREAM},
      {"retriable-status-codes", MC_RETRY_ON_RETRIABLE_STATUS_CODES},
      {"retriable-headers", MC_RETRY_ON_RETRIABLE_HEADERS},
      {"http3-post-connect-failure", MC_RETRY_ON_HTTP3_POST_CONNECT_FAILURE},
      {"cancelled", MC_RETRY_ON_GRPC_CANCELLED},
      {"deadline-exceeded", MC_RETRY_ON_GRPC_DEADLINE_EXCEEDED},
      {"internal", MC_RETRY_ON_GRPC_INTERNAL},
      {"resource-exhausted", MC_RETRY_ON_GRPC_RESOURCE_EXHAUSTED},
      {"unavailable", MC_RETRY_ON_GRPC_UNAVAILABLE},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (mc_slice_equal(name, mc_slice_of(known[i].name, strlen(known[i].name)))) return known[i].on;
  }
  return 0;
}

uint32_t mc_retry_on_parse(mc_slice list) {
  uint32_t on = 0;
  mc_slice part;
  while (mc_list_next(&list, &part)) on |= condition(part);
  return on;
}

/* ------------------------------------------------------------------ building */

static const mc_reset_header *copy_reset_headers(mc_retry *retry, const mc_retry_spec *spec, mc_arena *arena) {
  bool ok = true;
  mc_reset_header *copy = mc_arena_alloc(arena, spec->reset_header_count, sizeof *copy);
  for (uint32_t i = 0; copy && i < spec->reset_header_count; i++) {
    const mc_reset_header *from = &spec->reset_headers[i];
    copy[i] = (mc_reset_header){mc_arena_copy(arena, from->name, &ok), from->timestamp};
    retry->reads_wall_clock |= from->timestamp;
  }
  return ok ? copy : NULL;
}

static const mc_labels *copy_labels(const mc_labels *sets, uint32_t count, mc_arena *arena) {
  mc_labels *copy = mc_arena_alloc(arena, count, sizeof *copy);
  for (uint32_t i = 0; copy && i < count; i++) {
    copy[i] = sets[i];
    if (!mc_labels_copy(&copy[i], arena)) return NULL;
  }
  return copy;
}

/* Beside what the conditions read, an upstream that limits rates has its say on every retry, and on when it is made. */
static uint64_t names_of(const mc_retry *retry) {
  uint64_t sizes = retry->on ? mc_size_bit(RATE_LIMITED.size) : 0;
  if (retry->on & ANY_GRPC) sizes |= mc_size_bit(GRPC_STATUS.size);
  for (uint32_t i = 0; i < retry->headers.count; i++) sizes |= mc_size_bit(retry->headers.at[i].name.size);
  for (uint32_t i = 0; i < retry->reset_header_count; i++) sizes |= mc_size_bit(retry->reset_headers[i].name.size);
  return sizes;
}

mc_code mc_retry_build(mc_retry **out, const mc_retry_spec *spec, mc_arena *arena, mc_error *error) {
  *out = NULL;
  if (!spec) return MC_OK;
  mc_retry *retry = mc_arena_alloc(arena, 1, sizeof *retry);
  uint32_t *codes = mc_arena_alloc(arena, spec->status_code_count, sizeof *codes);
  if (!retry || !codes) return mc_no_memory(error);
  *out = retry;
  if (spec->status_code_count) memcpy(codes, spec->status_codes, spec->status_code_count * sizeof *codes);
  *retry = (mc_retry){.on = spec->on,
                      .retries = spec->retries,
                      .base_ns = spec->base_ns,
                      .max_ns = spec->max_ns,
                      .status_codes = codes,
                      .status_code_count = spec->status_code_count,
                      .reset_header_count = spec->reset_header_count,
                      .reset_max_ns = spec->reset_max_ns,
                      .avoid_previous_hosts = spec->avoid_previous_hosts,
                      .omit_count = spec->omit_count,
                      .host_attempts = spec->host_attempts,
                      .priority_frequency = spec->priority_frequency};
  retry->reset_headers = copy_reset_headers(retry, spec, arena);
  retry->omit = copy_labels(spec->omit, spec->omit_count, arena);
  if (!retry->reset_headers || !retry->omit) return mc_no_memory(error);
  mc_code code = mc_line_matches_build(&retry->headers, spec->headers, spec->header_count, arena, error);
  if (code) return code;
  retry->names = names_of(retry);
  return mc_line_matches_build(&retry->request_headers, spec->request_headers, spec->request_header_count, arena, error);
}

void mc_retry_clear(mc_retry *retry) {
  if (!retry) return;
  mc_line_matches_clear(&retry->headers);
  mc_line_matches_clear(&retry->request_headers);
}

/* ------------------------------------------------------------------ a request's own wishes */

/* One of the policy's matchers has to match the request, if there are any. */
static mc_code request_may_be_retried(const mc_retry *policy, const mc_view *view, mc_scratch *scratch, bool *may) {
  *may = true;
  if (!policy->request_headers.count) return MC_OK;
  const mc_header pseudo[] = {{MC_LITERAL(":method"), view->method},
                              {MC_LITERAL(":path"), view->target},
                              {MC_LITERAL(":authority"), view->authority},
                              {MC_LITERAL("host"), view->authority},
                              {MC_LITERAL(":scheme"), view->scheme}};
  mc_header *lines = mc_scratch_alloc(scratch, (view->header_count + view->added_count) * sizeof *lines);
  if (!lines) return MC_NO_MEMORY;
  mc_line_set set = {.pseudo = pseudo, .pseudo_count = sizeof pseudo / sizeof *pseudo, .lines = lines};
  const mc_header *line;
  for (size_t at = 0; mc_view_next(view, &at, &line);) lines[set.count++] = *line;
  bool no_memory = false;
  *may = mc_line_matches_any(&policy->request_headers, &set, &no_memory);
  return no_memory ? MC_NO_MEMORY : MC_OK;
}

/* Only internal clients have a say; of others these headers are hidden. */
static void heed_request(mc_retry_state *state, const mc_view *view) {
  mc_slice text = mc_view_header(view, MC_LITERAL("x-envoy-max-retries"));
  if (text.data) mc_decimal_parse(text, &state->left);
  state->status_codes = mc_view_header(view, MC_LITERAL("x-envoy-retriable-status-codes"));
  state->header_names = mc_view_header(view, MC_LITERAL("x-envoy-retriable-header-names"));
}

/* Any constant will do that no other draw from the seed uses. */
#define STREAM UINT64_C(0x6261636b6f666621)

/* Envoy's, of requests that ask for retries on a route without a policy. */
enum { DEFAULT_RETRIES = 1 };
#define DEFAULT_BASE_NS UINT64_C(25000000)

mc_code mc_retry_begin(mc_retry_state *state, const mc_retry *policy, const mc_view *view, uint64_t seed,
                       mc_scratch *scratch) {
  *state = (mc_retry_state){.policy = policy,
                            .on = policy ? policy->on : 0,
                            .left = policy ? policy->retries : DEFAULT_RETRIES,
                            .backoff = {.next_ns = policy ? policy->base_ns : DEFAULT_BASE_NS,
                                        .max_ns = policy ? policy->max_ns : 10 * DEFAULT_BASE_NS,
                                        .draws = mc_mix64(seed ^ STREAM)}};
  if (view->internal) {
    /* Each header knows its own conditions alone; a policy may mix them. */
    state->on |= mc_retry_on_parse(mc_view_header(view, MC_LITERAL("x-envoy-retry-on"))) & ~(uint32_t)ANY_GRPC;
    state->on |= mc_retry_on_parse(mc_view_header(view, MC_LITERAL("x-envoy-retry-grpc-on"))) & ANY_GRPC;
  }
  state->asked = state->on;
  if (!state->on) return MC_OK;
  bool may = true;
  if (policy && request_may_be_retried(policy, view, scratch, &may)) return MC_NO_MEMORY;
  if (!may) {
    state->on = 0;
  } else if (view->internal) {
    heed_request(state, view);
  }
  return MC_OK;
}

/* ------------------------------------------------------------------ verdicts */

static mc_slice answered_header(const mc_result *result, mc_slice name) {
  for (uint32_t i = 0; i < result->header_count; i++) {
    if (mc_slice_equal_fold(result->headers[i].name, name)) return result->headers[i].value;
  }
  return MC_ABSENT;
}

static bool policy_lists(const mc_retry *policy, uint16_t status) {
  for (uint32_t i = 0; i < policy->status_code_count; i++) {
    if (policy->status_codes[i] == status) return true;
  }
  return false;
}

static bool listed(const mc_retry_state *state, uint16_t status) {
  if (state->policy && policy_lists(state->policy, status)) return true;
  if (!state->status_codes.size) return false;
  mc_slice list = state->status_codes, part;
  uint64_t code;
  while (mc_list_next(&list, &part)) {
    if (mc_decimal_parse(part, &code) && code == status) return true;
  }
  return false;
}

static bool header_says_so(const mc_retry_state *state, const mc_result *result, bool *no_memory) {
  if (state->policy) {
    const char digits[] = {(char)('0' + result->status / 100 % 10), (char)('0' + result->status / 10 % 10),
                           (char)('0' + result->status % 10)};
    const mc_header status = {MC_LITERAL(":status"), mc_slice_of(digits, sizeof digits)};
    const mc_line_set set = {&status, 1, result->headers, result->header_count};
    if (mc_line_matches_any(&state->policy->headers, &set, no_memory)) return true;
  }
  mc_slice list = state->header_names, name;
  while (mc_list_next(&list, &name)) {
    if (answered_header(result, name).data) return true;
  }
  return false;
}

static uint32_t grpc_condition(const mc_result *result) {
  uint64_t status = 0;
  if (result->grpc_status >= 0) {
    status = (uint64_t)result->grpc_status;
  } else if (!mc_decimal_parse(answered_header(result, GRPC_STATUS), &status)) {
    return 0;
  }
  switch (status) {
    case 1:
      return MC_RETRY_ON_GRPC_CANCELLED;
    case 4:
      return MC_RETRY_ON_GRPC_DEADLINE_EXCEEDED;
    case 8:
      return MC_RETRY_ON_GRPC_RESOURCE_EXHAUSTED;
    case 13:
      return MC_RETRY_ON_GRPC_INTERNAL;
    case 14:
      return MC_RETRY_ON_GRPC_UNAVAILABLE;
    default:
      return 0;
  }
}

/* What the conditions say of an answer that no rate limit of the upstream's made. */
static mc_retry_verdict wanted(const mc_retry_state *state, const mc_result *result, bool *no_memory) {
  const uint32_t on = state->on;
  const uint16_t status = result->status;
  if (on & MC_RETRY_ON_5XX && status >= 500 && status < 600) return MC_RETRY;
  if (on & MC_RETRY_ON_GATEWAY_ERROR && status >= 502 && status <= 504) return MC_RETRY;
  if (on & MC_RETRY_ON_RETRIABLE_4XX && status == 409) return MC_RETRY;
  if (on & MC_RETRY_ON_RETRIABLE_STATUS_CODES && listed(state, status)) {
    return status == 425 ? MC_RETRY_AT_ONCE : MC_RETRY;
  }
  if (on & MC_RETRY_ON_RETRIABLE_HEADERS && header_says_so(state, result, no_memory)) return MC_RETRY;
  return on & ANY_GRPC && on & grpc_condition(result) ? MC_RETRY : MC_RETRY_NOT;
}

mc_retry_verdict mc_retry_judge_answer(const mc_retry_state *state, const mc_result *result, bool *no_memory) {
  const bool limits = state->on & MC_RETRY_ON_ENVOY_RATE_LIMITED;
  if (!state->on) return MC_RETRY_NOT;
  mc_retry_verdict verdict = wanted(state, result, no_memory);
  if (verdict == MC_RETRY_NOT && !limits) return MC_RETRY_NOT;
  if (!answered_header(result, RATE_LIMITED).data) return verdict;
  return limits ? MC_RETRY : MC_RETRY_NOT;
}

mc_retry_verdict mc_retry_judge_failure(const mc_retry_state *state, mc_failure failure) {
  const uint32_t on = state->on;
  const bool connecting = failure == MC_FAILURE_CONNECT || failure == MC_FAILURE_CONNECT_TIMEOUT;
  if (failure == MC_FAILURE_OVERFLOW) return MC_RETRY_NOT;
  if (connecting && on & MC_RETRY_ON_CONNECT_FAILURE) return MC_RETRY;
  if (on & MC_RETRY_ON_RESET_BEFORE_REQUEST && (connecting || failure == MC_FAILURE_RESET_BEFORE_REQUEST)) return MC_RETRY;
  /* What never became an answer counts as a 5xx, since it would become one. */
  if (on & (MC_RETRY_ON_RESET | MC_RETRY_ON_5XX | MC_RETRY_ON_GATEWAY_ERROR)) return MC_RETRY;
  return on & MC_RETRY_ON_REFUSED_STREAM && failure == MC_FAILURE_REFUSED_STREAM ? MC_RETRY : MC_RETRY_NOT;
}

uint64_t mc_retry_answer_names(const mc_retry *policy, uint16_t status) {
  const uint32_t any = MC_RETRY_ON_ENVOY_RATE_LIMITED | MC_RETRY_ON_RETRIABLE_HEADERS | ANY_GRPC;
  if (!policy) return 0;
  if (status >= 400 || policy->on & any) return policy->names;
  return policy->on & MC_RETRY_ON_RETRIABLE_STATUS_CODES && policy_lists(policy, status) ? policy->names : 0;
}

/* ------------------------------------------------------------------ waiting */

/* What the first reset header that can be read asks for; 0: none does. */
static uint64_t asked_for(const mc_retry *policy, const mc_result *result, uint64_t unix_s) {
  for (uint32_t i = 0; i < policy->reset_header_count; i++) {
    const mc_reset_header *header = &policy->reset_headers[i];
    mc_slice text = answered_header(result, header->name);
    uint64_t seconds;
    if (!text.data || !mc_decimal_parse(text, &seconds)) continue;
    if (header->timestamp) {
      if (seconds < unix_s) continue;
      seconds -= unix_s;
    }
    if (seconds <= policy->reset_max_ns / UINT64_C(1000000000)) return seconds * UINT64_C(1000000000);
  }
  return 0;
}

uint64_t mc_retry_wait(mc_retry_state *state, const mc_result *result, uint64_t unix_s) {
  uint64_t asked = state->policy && result ? asked_for(state->policy, result, unix_s) : 0;
  return asked ? mc_backoff_at_least(&state->backoff, asked) : mc_backoff_next(&state->backoff);
}
