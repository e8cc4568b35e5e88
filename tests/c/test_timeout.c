#include "edit_support.h"

#include "policy/timeout.h"

#define MS UINT64_C(1000000)

static const mc_timeout_spec PLAIN = {.request_ns = 5000 * MS, .per_try_ns = 2000 * MS, .per_try_idle_ns = 700 * MS, .idle_ns = MC_UNSET,
                                      .stream_ns = MC_UNSET, .grpc_header_max_ns = MC_UNSET, .grpc_max_ns = MC_UNSET};
static const mc_http_options OPTIONS = {.stream_idle_ns = 300000 * MS};

/* Of a request with these lines; an internal one where the first is "internal". */
static mc_timeouts found(mc_timeout_spec spec, mc_http_options options, const char *const *rows) {
  mc_scratch scratch;
  mc_view view;
  mc_header headers[8];
  mc_timeouts out;
  mc_scratch_init(&scratch);
  bool internal = rows[0] && strcmp(rows[0], "internal") == 0;
  if (internal) {
    options.has_internal_cidrs = true;
    headers[0] = (mc_header){MC_LITERAL("x-forwarded-for"), MC_LITERAL("10.0.0.1")};
    rows++;
  }
  const uint32_t first = internal;
  mc_request request = {.method = MC_LITERAL("GET"), .authority = MC_LITERAL("a"), .target = MC_LITERAL("/"), .scheme = MC_LITERAL("http"),
                        .protocol = MC_LITERAL("HTTP/1.1"), .source = MC_LITERAL("127.0.0.1"), .headers = headers};
  request.header_count = first + headers_of(rows, headers + first);
  mc_refusal refusal;
  CHECK_INT(view_make(&request, &options, &scratch, &view, &refusal), MC_OK);
  CHECK_INT(view.internal, internal);
  mc_timeouts_find(&out, &spec, false, &options, &view);
  mc_scratch_reset(&scratch);
  return out;
}

static void test_the_route(void) {
  mc_timeouts t = found(PLAIN, OPTIONS, ROWS("grpc-timeout: 1S"));
  CHECK_INT(t.request_ms, 5000);
  CHECK_INT(t.per_try_ms, 2000);
  CHECK_INT(t.per_try_idle_ms, 700);
  CHECK_INT(t.idle_ms, 300000);
  CHECK(!t.has_stream && !t.has_grpc && !t.alternative && !t.hedges);
  mc_timeout_spec spec = PLAIN;
  spec.idle_ns = 0;
  CHECK_INT(found(spec, OPTIONS, ROWS(NULL)).idle_ms, 0);
  spec.per_try_ns = 5000 * MS; /* no shorter than the whole: it does not count */
  CHECK_INT(found(spec, OPTIONS, ROWS(NULL)).per_try_ms, 0);
  spec.request_ns = 0;
  CHECK_INT(found(spec, OPTIONS, ROWS(NULL)).per_try_ms, 5000);
}

static void test_headers_of_internal_clients_alone(void) {
  mc_timeouts t = found(PLAIN, OPTIONS, ROWS("x-envoy-upstream-rq-timeout-ms: 100", "x-envoy-upstream-rq-per-try-timeout-ms: 7"));
  CHECK_INT(t.request_ms, 5000);
  t = found(PLAIN, OPTIONS, ROWS("internal", "x-envoy-upstream-rq-timeout-ms: 100", "x-envoy-upstream-rq-per-try-timeout-ms: 7",
                                 "x-envoy-upstream-rq-timeout-alt-response: 1", "x-envoy-hedge-on-per-try-timeout: true",
                                 "x-envoy-upstream-stream-duration-ms: 9"));
  CHECK_INT(t.request_ms, 100);
  CHECK_INT(t.per_try_ms, 7);
  CHECK_INT(t.upstream_ms, 9);
  CHECK(t.alternative && t.hedges);
  t = found(PLAIN, OPTIONS, ROWS("internal", "x-envoy-upstream-rq-timeout-ms: abc", "x-envoy-hedge-on-per-try-timeout: yes"));
  CHECK_INT(t.request_ms, 5000);
  CHECK(!t.hedges);
  CHECK_INT(found(PLAIN, OPTIONS, ROWS("internal", "x-envoy-expected-rq-timeout-ms: 70")).request_ms, 5000);
  mc_http_options options = OPTIONS;
  options.respect_expected_rq_timeout = true;
  t = found(PLAIN, options, ROWS("internal", "x-envoy-expected-rq-timeout-ms: 70", "x-envoy-upstream-rq-timeout-ms: 100"));
  CHECK_INT(t.request_ms, 70);
}

static void test_stream_limits(void) {
  mc_timeout_spec spec = PLAIN;
  spec.stream_limits = true;
  mc_timeouts t = found(spec, OPTIONS, ROWS(NULL));
  CHECK_INT(t.request_ms, 0);
  CHECK(!t.has_stream);
  CHECK(!found(spec, OPTIONS, ROWS("content-type: application/grpc", "grpc-timeout: 1S")).hides_grpc);
  spec.stream_ns = 0;
  CHECK(!found(spec, OPTIONS, ROWS("content-type: application/grpc", "grpc-timeout: 1S")).hides_grpc);
  spec.stream_ns = MC_UNSET;
  mc_http_options options = OPTIONS;
  options.max_stream_ns = 3000 * MS;
  CHECK_INT(found(spec, options, ROWS(NULL)).stream_ms, 3000);
  spec.stream_ns = 0; /* none, whatever the listener says */
  CHECK(!found(spec, options, ROWS(NULL)).has_stream);
  CHECK(!found(spec, options, ROWS("grpc-timeout: 1S")).hides_grpc);
  t = found(spec, options, ROWS("content-type: application/grpc", "grpc-timeout: 1S"));
  CHECK(t.hides_grpc && !t.has_grpc);
  spec.stream_ns = 4000 * MS;
  t = found(spec, options, ROWS("grpc-timeout: 1S"));
  CHECK(t.has_stream && !t.has_grpc); /* no gRPC */
  CHECK_INT(t.stream_ms, 4000);
  t = found(spec, options, ROWS("content-type: application/grpc+proto"));
  CHECK(t.has_stream && t.has_grpc);
  CHECK_INT(t.stream_ms, 4000);
  CHECK_INT(t.grpc_ms, 4000);
  spec.grpc_header_max_ns = 10000 * MS;
  CHECK_INT(found(spec, options, ROWS("grpc-timeout: 1S")).stream_ms, 1000);
  CHECK_INT(found(spec, options, ROWS("grpc-timeout: 30S")).stream_ms, 10000);
  CHECK_INT(found(spec, options, ROWS("grpc-timeout: x")).stream_ms, 4000);
  CHECK(!found(spec, options, ROWS(NULL)).has_grpc);
  spec.grpc_header_offset_ns = 600 * MS;
  CHECK_INT(found(spec, options, ROWS("grpc-timeout: 1S")).stream_ms, 400);
  t = found(spec, options, ROWS("grpc-timeout: 500m")); /* nothing is left: at once */
  CHECK(t.has_stream);
  CHECK_INT(t.stream_ms, 0);
}

static void test_the_older_field_for_grpc(void) {
  mc_timeout_spec spec = PLAIN;
  spec.grpc_max_ns = 10000 * MS;
  CHECK_INT(found(spec, OPTIONS, ROWS("grpc-timeout: 1S")).request_ms, 5000); /* no gRPC */
  mc_timeouts t = found(spec, OPTIONS, ROWS("content-type: application/grpc", "grpc-timeout: 1S"));
  CHECK_INT(t.request_ms, 1000);
  CHECK(t.tells_grpc && !t.has_stream);
  CHECK_INT(found(spec, OPTIONS, ROWS("content-type: application/grpc", "grpc-timeout: 1M")).request_ms, 10000);
  CHECK_INT(found(spec, OPTIONS, ROWS("content-type: application/grpc")).request_ms, 10000);
  spec.grpc_offset_ns = 200 * MS;
  CHECK_INT(found(spec, OPTIONS, ROWS("content-type: application/grpc", "grpc-timeout: 1S")).request_ms, 800);
  CHECK_INT(found(spec, OPTIONS, ROWS("content-type: application/grpc", "grpc-timeout: 100m")).request_ms, 100);
  spec.grpc_max_ns = 0; /* whatever the client wants, and nothing else */
  CHECK_INT(found(spec, OPTIONS, ROWS("content-type: application/grpc", "grpc-timeout: 1M")).request_ms, 59800);
  CHECK_INT(found(spec, OPTIONS, ROWS("content-type: application/grpc")).request_ms, 0);
}

static void test_what_is_told(void) {
  mc_timeouts t = {.request_ms = 5000};
  CHECK_INT(mc_timeouts_expected(&t, 0), 5000);
  CHECK_INT(mc_timeouts_expected(&t, 4000), 1000);
  CHECK_INT(mc_timeouts_expected(&t, 5000), 1);
  CHECK_INT(mc_timeouts_expected(&t, 6000), 1);
  t.per_try_ms = 2000;
  CHECK_INT(mc_timeouts_expected(&t, 0), 2000);
  CHECK_INT(mc_timeouts_expected(&t, 4000), 1000);
  t.hedges = true;
  CHECK_INT(mc_timeouts_expected(&t, 0), 5000);
  t.request_ms = 0;
  t.hedges = false;
  CHECK_INT(mc_timeouts_expected(&t, 9000), 2000);
  t.per_try_ms = 0;
  CHECK_INT(mc_timeouts_expected(&t, 0), 0);
}

int main(void) {
  test_the_route();
  test_headers_of_internal_clients_alone();
  test_stream_limits();
  test_the_older_field_for_grpc();
  test_what_is_told();
  return check_finish();
}
