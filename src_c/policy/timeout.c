#include "policy/timeout.h"

#include "base/decimal.h"
#include "base/inlined.h"
#include "edit/grpc_timeout.h"
#include "edit/response.h"
#include "edit/view.h"

static uint64_t ms_of(uint64_t ns) { return ns / 1000000; }

static uint64_t least_limit(uint64_t ms, uint64_t most) { return most && (!ms || ms > most) ? most : ms; }

/* The limit of the whole stream, which grpc-timeout may set. Upstreams of gRPC are told of a route's limit. */
static void limit_stream(mc_timeouts *out, const mc_timeout_spec *spec, const mc_http_options *options, bool asked,
                         uint64_t grpc_ms, const mc_view *view) {
  const bool tells = spec->stream_limits && mc_view_is_grpc(view);
  if (!asked || spec->grpc_header_max_ns == MC_UNSET) {
    uint64_t ns = spec->stream_ns != MC_UNSET ? spec->stream_ns : options->max_stream_ns;
    if (!ns) {
      out->hides_grpc = tells && options->max_stream_ns; /* the listener's limit is lifted; otherwise it stays as it came */
      return;
    }
    out->stream_ms = ms_of(ns);
  } else {
    const uint64_t most = ms_of(spec->grpc_header_max_ns), offset = ms_of(spec->grpc_header_offset_ns);
    out->stream_ms = most && grpc_ms > most ? most : grpc_ms;
    out->stream_ms -= offset < out->stream_ms ? offset : out->stream_ms;
  }
  out->has_stream = true;
  out->has_grpc = tells;
  out->grpc_ms = out->stream_ms;
}

/* The limit of the request by Envoy's older field for gRPC: what the client asks for, up to the most. */
static uint64_t older_grpc(const mc_timeout_spec *spec, bool asked, uint64_t grpc_ms) {
  const uint64_t offset = ms_of(spec->grpc_offset_ns);
  uint64_t ms = asked ? grpc_ms : 0;
  if (offset < ms) ms -= offset;
  return least_limit(ms, ms_of(spec->grpc_max_ns));
}

static void take_header(const mc_view *view, mc_slice name, uint64_t *ms) {
  mc_slice text = mc_view_header(view, name);
  if (text.data) mc_decimal_parse(text, ms);
}

/* Only internal clients have a say; of others these headers are hidden. */
MC_SELDOM void heed_request(mc_timeouts *out, const mc_http_options *options, const mc_view *view) {
  const mc_slice expected = MC_LITERAL("x-envoy-expected-rq-timeout-ms");
  if (options->respect_expected_rq_timeout && mc_view_header(view, expected).data) {
    take_header(view, expected, &out->request_ms);
  } else {
    take_header(view, MC_LITERAL("x-envoy-upstream-rq-timeout-ms"), &out->request_ms);
  }
  take_header(view, MC_LITERAL("x-envoy-upstream-rq-per-try-timeout-ms"), &out->per_try_ms);
  take_header(view, MC_LITERAL("x-envoy-upstream-stream-duration-ms"), &out->upstream_ms);
  out->alternative = mc_view_header(view, MC_LITERAL("x-envoy-upstream-rq-timeout-alt-response")).data;
  mc_slice hedge = mc_view_header(view, MC_LITERAL("x-envoy-hedge-on-per-try-timeout"));
  if (mc_slice_equal(hedge, MC_LITERAL("true"))) out->hedges = true;
  if (mc_slice_equal(hedge, MC_LITERAL("false"))) out->hedges = false;
}

/* Where a limit of the stream, or what clients of gRPC ask for, has a say in how long the request may take. */
MC_SELDOM void limit_further(mc_timeouts *out, const mc_timeout_spec *spec, const mc_http_options *options,
                             bool reads_grpc, const mc_view *view) {
  uint64_t grpc_ms = 0;
  const bool asked = reads_grpc && mc_grpc_timeout_parse(mc_view_header(view, MC_LITERAL("grpc-timeout")), &grpc_ms);
  limit_stream(out, spec, options, asked, grpc_ms, view);
  if (spec->stream_limits) return;
  out->tells_grpc = spec->grpc_max_ns != MC_UNSET && mc_view_is_grpc(view);
  out->request_ms = out->tells_grpc ? older_grpc(spec, asked, grpc_ms) : ms_of(spec->request_ns);
}

void mc_timeouts_find(mc_timeouts *out, const mc_timeout_spec *spec, bool hedges, const mc_http_options *options,
                      const mc_view *view) {
  *out = (mc_timeouts){.hedges = hedges};
  if (spec) {
    out->per_try_ms = ms_of(spec->per_try_ns);
    out->per_try_idle_ms = ms_of(spec->per_try_idle_ns);
    out->idle_ms = ms_of(spec->idle_ns != MC_UNSET ? spec->idle_ns : options->stream_idle_ns);
    const bool reads_grpc = spec->grpc_header_max_ns != MC_UNSET || spec->grpc_max_ns != MC_UNSET ||
                            spec->stream_ns != MC_UNSET || options->max_stream_ns;
    if (reads_grpc || spec->stream_limits) {
      limit_further(out, spec, options, reads_grpc, view);
    } else {
      out->request_ms = ms_of(spec->request_ns);
    }
  }
  if (view->internal) heed_request(out, options, view);
  if (out->request_ms && out->per_try_ms >= out->request_ms) out->per_try_ms = 0;
}

void mc_timeouts_told(mc_timeouts *out, const mc_header *lines, uint32_t count) {
  const mc_slice name = MC_LITERAL("x-envoy-expected-rq-timeout-ms");
  *out = (mc_timeouts){.request_ms = 0};
  for (uint32_t i = 0; i < count; i++) {
    if (!mc_slice_equal_fold(lines[i].name, name)) continue;
    mc_decimal_parse(lines[i].value, &out->request_ms);
    if (out->request_ms > INT32_MAX) out->request_ms = INT32_MAX; /* no caller waits for weeks */
    return;
  }
}

uint64_t mc_timeouts_expected(const mc_timeouts *timeouts, uint64_t elapsed_ms) {
  const uint64_t request = timeouts->request_ms;
  uint64_t expected = timeouts->hedges || !timeouts->per_try_ms ? request : timeouts->per_try_ms;
  if (!expected || !request) return expected;
  if (elapsed_ms >= request) return 1; /* 0 would be no limit */
  return expected < request - elapsed_ms ? expected : request - elapsed_ms;
}
