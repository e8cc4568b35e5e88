#include "policy/fault.h"

#include "base/rng.h"

/* ------------------------------------------------------------------ building */

static mc_code fail(mc_error *error, mc_code code, const char *message) {
  *error = (mc_error){.code = code};
  memcpy(error->message, message, strlen(message));
  return code;
}

/* The headers of a part that goes by them. */
static mc_code build_part(mc_fault_part *to, const mc_fault_part_spec *from, mc_slots *slots, mc_slice value,
                          mc_slice share) {
  *to = (mc_fault_part){.given = from->given, .by_header = from->by_header, .share = from->share, .value = from->value};
  if (!from->given || !from->by_header) return MC_OK;
  mc_code code = mc_slots_add(slots, value, &to->value_slot);
  return code ? code : mc_slots_add(slots, share, &to->share_slot);
}

static mc_code build_slots(mc_fault *to, const mc_fault_spec *from, mc_slots *slots) {
  mc_code code = build_part(&to->delay, &from->delay, slots, MC_LITERAL("x-envoy-fault-delay-request"),
                            MC_LITERAL("x-envoy-fault-delay-request-percentage"));
  if (!code) {
    code = build_part(&to->abort, &from->abort, slots, MC_LITERAL("x-envoy-fault-abort-request"),
                      MC_LITERAL("x-envoy-fault-abort-request-percentage"));
  }
  if (!code) {
    code = build_part(&to->rate, &from->rate, slots, MC_LITERAL("x-envoy-fault-throughput-response"),
                      MC_LITERAL("x-envoy-fault-throughput-response-percentage"));
  }
  if (!code && from->abort.by_header) {
    code = mc_slots_add(slots, MC_LITERAL("x-envoy-fault-abort-grpc-request"), &to->grpc_slot);
  }
  if (!code && from->downstream_nodes.count) {
    code = mc_slots_add(slots, MC_LITERAL("x-envoy-downstream-service-node"), &to->node_slot);
  }
  if (code) return code;
  return mc_slots_add(slots, MC_LITERAL("x-envoy-downstream-service-cluster"), &to->downstream_slot);
}

static int compare(mc_slice a, mc_slice b) {
  size_t shorter = a.size < b.size ? a.size : b.size;
  int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
  return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Where the overrides for a cluster are, or would be. */
static uint32_t place_of(const mc_fault_downstream *all, uint32_t count, mc_slice cluster) {
  uint32_t low = 0, high = count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (compare(all[middle].cluster, cluster) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Sorted as they are put in. */
static bool build_downstreams(mc_fault *to, const mc_fault_spec *from, mc_arena *arena) {
  bool ok = true;
  mc_fault_downstream *all = mc_arena_alloc(arena, from->downstream_count, sizeof *all);
  if (!all) return false;
  for (uint32_t i = 0; i < from->downstream_count; i++) {
    uint32_t at = place_of(all, i, from->downstreams[i].cluster);
    memmove(&all[at + 1], &all[at], (i - at) * sizeof *all);
    all[at] = from->downstreams[i];
    all[at].cluster = mc_arena_copy(arena, from->downstreams[i].cluster, &ok);
  }
  to->downstreams = all;
  to->downstream_count = from->downstream_count;
  return ok;
}

enum { DIGITS = 20 };

static mc_slice digits_of(uint64_t number, char text[DIGITS]) {
  char *at = text + DIGITS;
  do {
    *--at = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  return mc_slice_of(at, (size_t)(text + DIGITS - at));
}

static bool build_texts(mc_fault *to, const mc_fault_spec *from, mc_arena *arena) {
  bool ok = true;
  char text[DIGITS];
  mc_slice *nodes = mc_arena_alloc(arena, from->downstream_nodes.count, sizeof *nodes);
  if (!nodes) return false;
  for (uint32_t i = 0; i < from->downstream_nodes.count; i++) {
    nodes[i] = mc_arena_copy(arena, from->downstream_nodes.at[i], &ok);
  }
  to->nodes = nodes;
  to->node_count = from->downstream_nodes.count;
  to->upstream_cluster = mc_arena_copy(arena, from->upstream_cluster, &ok);
  if (from->abort_is_grpc) to->grpc_status = mc_arena_copy(arena, digits_of(from->abort.value, text), &ok);
  return ok && build_downstreams(to, from, arena);
}

static bool is_status(uint64_t status) { return status >= 200 && status < 600; }

mc_code mc_fault_build(mc_fault **out, const mc_fault_spec *spec, mc_slots *slots, mc_arena *arena, mc_error *error) {
  *out = NULL;
  if (!spec) return MC_OK;
  const mc_fault_part_spec *abort = &spec->abort;
  if (abort->given && !abort->by_header && !spec->abort_is_grpc && !is_status(abort->value)) {
    return fail(error, MC_INVALID, "the status of an abort must be from 200 to 599");
  }
  mc_fault *fault = mc_arena_alloc(arena, 1, sizeof *fault);
  if (!fault || !build_texts(fault, spec, arena)) return fail(error, MC_NO_MEMORY, "out of memory");
  fault->abort_is_grpc = spec->abort_is_grpc;
  fault->max_active = spec->max_active.said ? spec->max_active.value : UINT64_MAX;
  fault->runtime = spec->runtime;
  mc_code code = build_slots(fault, spec, slots);
  if (code == MC_LIMIT) return fail(error, code, "more than 4096 different header names are asked for");
  if (code) return fail(error, code, "out of memory");
  const mc_route_spec asked = {.headers = spec->headers, .header_count = spec->header_count};
  *out = fault; /* from here on mc_fault_clear knows of the predicates */
  return mc_predicates_build(&fault->headers, &asked, slots, &fault->fixed, arena, error);
}

void mc_fault_clear(mc_fault *fault) {
  if (!fault) return;
  mc_predicates_clear(fault->headers);
  fault->headers = NULL;
}

/* ------------------------------------------------------------------ whom it concerns */

static bool concerns_node(const mc_fault *fault, mc_input *input) {
  if (!fault->node_count) return true;
  mc_slice node = mc_input_value(input, MC_SOURCE_LINES, fault->node_slot);
  for (uint32_t i = 0; node.data && i < fault->node_count; i++) {
    if (mc_slice_equal(fault->nodes[i], node)) return true;
  }
  return false;
}

static bool concerns(const mc_fault *fault, mc_input *input, mc_slice cluster) {
  const mc_slice only = fault->upstream_cluster;
  if (only.size && !(cluster.data && mc_slice_equal(cluster, only))) return false;
  return concerns_node(fault, input) && (!fault->headers || mc_predicates_test(fault->headers, &fault->fixed, input));
}

/* ------------------------------------------------------------------ what it does to them */

/* The number in the first line of a header. */
static bool header_number(const mc_input *input, uint16_t slot, uint64_t *out) {
  uint16_t line = mc_found_first(&input->found, slot);
  return line && mc_slice_number(mc_view_line(input->view, line - 1u)->value, out);
}

/* A header can lower the share, and the runtime's takes the place of both. */
static bool drawn(const mc_fault_part *part, mc_fraction runtime, const mc_input *input, uint64_t random) {
  mc_fraction share = part->share;
  uint64_t asked;
  if (part->by_header && header_number(input, part->share_slot, &asked) && asked < share.numerator) {
    share.numerator = (uint32_t)asked;
  }
  if (runtime.denominator) share = runtime;
  return share.denominator && random % share.denominator < share.numerator;
}

/* What the part says without the runtime. */
static bool value_of(const mc_fault_part *part, const mc_input *input, uint64_t *out) {
  *out = part->value;
  return !part->by_header || header_number(input, part->value_slot, out);
}

static void override(uint64_t *value, mc_number number) {
  if (number.said) *value = number.value;
}

static mc_slice grpc_text(uint64_t status, mc_input *input) {
  char *text = mc_scratch_alloc(input->scratch, DIGITS);
  if (text) return digits_of(status, text);
  input->no_memory = true;
  return MC_ABSENT;
}

/* An HTTP status comes before one of gRPC. */
static void judge_abort(const mc_fault *fault, mc_input *input, const mc_fault_override *runtime, mc_fault_wish *wish) {
  const mc_fault_part *abort = &fault->abort;
  uint64_t status;
  if (!fault->abort_is_grpc && value_of(abort, input, &status) && is_status(status)) {
    override(&status, runtime->http_status);
    wish->aborts = true;
    wish->status = (uint16_t)status;
    return;
  }
  if (abort->by_header ? !header_number(input, fault->grpc_slot, &status) : !fault->abort_is_grpc) return;
  wish->aborts = true;
  wish->status = 200;
  if (!abort->by_header) status = abort->value;
  override(&status, runtime->grpc_status);
  status = (uint32_t)status; /* the half that Envoy writes */
  wish->grpc_status = status == abort->value && fault->abort_is_grpc ? fault->grpc_status : grpc_text(status, input);
}

/* Any constant will do that no other draw from the seed uses. */
#define STREAM UINT64_C(0x6661756c74732121)

mc_fault_wish mc_fault_judge(const mc_fault *fault, mc_input *input, mc_slice cluster, uint64_t seed) {
  mc_fault_wish wish = {.delay_ms = 0};
  if (!concerns(fault, input, cluster)) return wish;
  uint64_t state = mc_mix64(seed ^ STREAM), value;
  const uint64_t for_rate = mc_splitmix64(&state), for_delay = mc_splitmix64(&state), for_abort = mc_splitmix64(&state);
  /* A request that names its cluster is under that cluster's overrides alone, but for the length of a delay. */
  mc_fault_override runtime = fault->runtime;
  if (mc_found_first(&input->found, fault->downstream_slot)) {
    const mc_slice name = mc_input_value(input, MC_SOURCE_LINES, fault->downstream_slot);
    const uint32_t at = place_of(fault->downstreams, fault->downstream_count, name);
    runtime = (mc_fault_override){.delay_ms = fault->runtime.delay_ms};
    if (at < fault->downstream_count && mc_slice_equal(fault->downstreams[at].cluster, name)) {
      runtime = fault->downstreams[at].override;
      if (!runtime.delay_ms.said) runtime.delay_ms = fault->runtime.delay_ms;
    }
  }
  if (fault->rate.given && drawn(&fault->rate, fault->runtime.rate, input, for_rate) &&
      value_of(&fault->rate, input, &value)) {
    wish.bytes_per_second = value > UINT64_MAX / 1024 ? UINT64_MAX : value * 1024;
  }
  if (fault->delay.given && drawn(&fault->delay, runtime.delay, input, for_delay) &&
      value_of(&fault->delay, input, &value)) {
    override(&value, runtime.delay_ms);
    wish.delay_ms = value <= INT64_MAX ? value : 0; /* negative, where Envoy keeps it */
  }
  if (fault->abort.given && drawn(&fault->abort, runtime.abort, input, for_abort)) {
    judge_abort(fault, input, &runtime, &wish);
  }
  return wish;
}
