/* The span that goes upstream, by tracer. */
#include "tracing_support.h"

#define TRACE "463ac35c9f6413ad48485a3953bb6124"
#define SPAN "a2fb4a1d1a96d312"

static void test_zipkin(void) {
  mc_tracing_spec t = {.tracer = MC_TRACER_ZIPKIN, .shared_span_context = true, .any_id = true, .shares = everything};
  expect(&t, ROWS("x: y"), "x-b3-traceid:0000000000000033\nx-b3-spanid:0000000000000033\nx-b3-sampled:1\n");
  expect(&t, ROWS("b3: 0"), "b3:0000000000000033-0000000000000033-0\n");
  expect(&t, ROWS("b3: bad"), "");
  expect(&t, ROWS("b3: " TRACE "-" SPAN "-d-" SPAN), "b3:" TRACE "-" SPAN "-1-" SPAN "\n");
  expect(&t, ROWS("x-b3-traceid: " TRACE, "x-b3-spanid: " SPAN, "x-b3-sampled: 0"),
         "x-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\nx-b3-sampled:0\n");
  t.outbound = true;
  expect(&t, ROWS("x-b3-traceid: " TRACE, "x-b3-spanid: " SPAN),
         "x-b3-traceid:" TRACE "\nx-b3-spanid:0000000000000055\nx-b3-parentspanid:" SPAN "\nx-b3-sampled:1\n");
  t.long_ids = t.w3c = true;
  expect(&t, ROWS("x: y"),
         "x-b3-traceid:00000000000000440000000000000033\nx-b3-spanid:0000000000000033\nx-b3-sampled:1\n"
         "traceparent:00-00000000000000440000000000000033-0000000000000033-01\n");
  expect(&t, ROWS("traceparent: 00-" TRACE "-" SPAN "-00"),
         "x-b3-traceid:" TRACE "\nx-b3-spanid:0000000000000055\nx-b3-parentspanid:" SPAN "\nx-b3-sampled:0\n"
         "traceparent:00-" TRACE "-0000000000000055-00\n");
  t.spawn_upstream_span = true;
  CHECK(strstr(lines_of(&t, ROWS("x: y")), "x-b3-parentspanid:0000000000000033\n"));
  /* The request's span is its caller's then, also of a client. */
  CHECK(strstr(lines_of(&t, ROWS("x-b3-traceid: " TRACE, "x-b3-spanid: " SPAN)), "x-b3-parentspanid:" SPAN "\n"));
  t.shared_span_context = false;
  CHECK(strstr(lines_of(&t, ROWS("x-b3-traceid: " TRACE, "x-b3-spanid: " SPAN)), "x-b3-parentspanid:0000000000000055\n"));
}

static void test_opentelemetry(void) {
  mc_tracing_spec t = {.tracer = MC_TRACER_OPENTELEMETRY, .any_id = true, .shares = everything};
  expect(&t, ROWS("x: y"), "traceparent:00-00000000000000330000000000000044-0000000000000055-01\ntracestate:\n");
  expect(&t, ROWS("traceparent: bad", "tracestate: a"), "");
  expect(&t, ROWS("traceparent: 00-" TRACE "-" SPAN "-00", "tracestate: a=1", "tracestate: ", "tracestate: b=2"),
         "traceparent:00-" TRACE "-0000000000000055-00\ntracestate:a=1,,b=2\n");
  t.any_id = false; /* there is no request id, so that nothing is traced */
  expect(&t, ROWS("traceparent: 00-" TRACE "-" SPAN "-01"),
         "traceparent:00-" TRACE "-0000000000000055-00\ntracestate:\n");
  t.tracer = MC_TRACER_NONE;
  expect(&t, ROWS("x-envoy-decorator-operation: op"), "");
}

int main(void) {
  test_zipkin();
  test_opentelemetry();
  return check_finish();
}
