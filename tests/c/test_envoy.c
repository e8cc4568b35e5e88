/* How Envoy's tracers read headers; tests/differential/test_live_tracing.py compares with them. */
#include "trace/envoy.h"

#include "check.h"

#define TRACE "463ac35c9f6413ad48485a3953bb6124"
#define SPAN "a2fb4a1d1a96d312"
#define TEXT(s) ((mc_slice){(s), sizeof(s) - 1})

static mc_trace_read single(const char *text, mc_span_context *out) {
  const mc_tracer_values values = {.b3 = mc_slice_of(text, strlen(text))};
  return mc_zipkin_read(&values, false, out);
}

static void test_single(void) {
  static const struct {
    const char *text;
    mc_trace_read read;
    mc_sampling sampling;
    bool parent;
  } cases[] = {
      {"", MC_READ_MALFORMED, MC_SAMPLING_DEFER, false},
      {"0", MC_READ_SAMPLING, MC_SAMPLING_DENY, false},
      {"1", MC_READ_SAMPLING, MC_SAMPLING_ACCEPT, false},
      {"d", MC_READ_SAMPLING, MC_SAMPLING_ACCEPT, false},
      {"x", MC_READ_MALFORMED, MC_SAMPLING_DEFER, false},
      {"bad", MC_READ_MALFORMED, MC_SAMPLING_DEFER, false},
      {TRACE "-" SPAN, MC_READ_IDS, MC_SAMPLING_DEFER, false},
      {TRACE "-" SPAN "-", MC_READ_MALFORMED, MC_SAMPLING_DEFER, false},
      {TRACE "-" SPAN "-1", MC_READ_IDS, MC_SAMPLING_ACCEPT, false},
      {TRACE "-" SPAN "-0", MC_READ_IDS, MC_SAMPLING_DENY, false},
      {TRACE "-" SPAN "-x", MC_READ_MALFORMED, MC_SAMPLING_DEFER, false},
      {TRACE "-" SPAN "-1-" SPAN, MC_READ_IDS, MC_SAMPLING_ACCEPT, true},
      {TRACE "-" SPAN "-1-" SPAN "0", MC_READ_MALFORMED, MC_SAMPLING_DEFER, false},
      {TRACE "-" SPAN "-1-zzfb4a1d1a96d312", MC_READ_MALFORMED, MC_SAMPLING_ACCEPT, false},
      {TRACE "x" SPAN, MC_READ_MALFORMED, MC_SAMPLING_DEFER, false},
      {"48485a3953bb6124-" SPAN "-d", MC_READ_IDS, MC_SAMPLING_ACCEPT, false},
      {"48485a3953bb6124-" SPAN "-1-" SPAN, MC_READ_IDS, MC_SAMPLING_ACCEPT, true},
      {"zz485a3953bb6124-" SPAN "-1", MC_READ_MALFORMED, MC_SAMPLING_ACCEPT, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mc_span_context c;
    check_true(single(cases[i].text, &c) == cases[i].read, cases[i].text, __FILE__, __LINE__);
    check_true(c.sampling == cases[i].sampling, cases[i].text, __FILE__, __LINE__);
    if (cases[i].read != MC_READ_IDS) continue;
    CHECK_INT(c.trace_low, 0x48485a3953bb6124);
    CHECK_INT(c.span_id, (int64_t)0xa2fb4a1d1a96d312);
    CHECK_INT(c.parent_id != 0, cases[i].parent);
  }
}

static void test_multi(void) {
  mc_span_context c;
  mc_tracer_values values = {.trace_id = TEXT("0x1F"), .span_id = TEXT(" a1")};
  CHECK_INT(mc_zipkin_read(&values, false, &c), MC_READ_IDS);
  CHECK(c.trace_low == 31 && c.span_id == 0xa1 && c.sampling == MC_SAMPLING_DEFER);
  values.parent_id = TEXT("");
  CHECK_INT(mc_zipkin_read(&values, false, &c), MC_READ_IDS);
  values.parent_id = TEXT("z");
  CHECK_INT(mc_zipkin_read(&values, false, &c), MC_READ_MALFORMED);
  values.parent_id = TEXT("-1");
  CHECK_INT(mc_zipkin_read(&values, false, &c), MC_READ_MALFORMED);
  values.parent_id = TEXT("+1");
  CHECK_INT(mc_zipkin_read(&values, false, &c), MC_READ_MALFORMED);
  values.parent_id = MC_ABSENT;
  values.sampled = TEXT("d");
  CHECK_INT(mc_zipkin_read(&values, false, &c), MC_READ_IDS);
  CHECK_INT(c.sampling, MC_SAMPLING_DENY);
  values.sampled = TEXT("true");
  values.trace_id = MC_ABSENT;
  CHECK_INT(mc_zipkin_read(&values, false, &c), MC_READ_SAMPLING);
  CHECK_INT(c.sampling, MC_SAMPLING_ACCEPT);
  values.trace_id = TEXT("10000000000000000");
  CHECK_INT(mc_zipkin_read(&values, false, &c), MC_READ_MALFORMED);
  values = (mc_tracer_values){.traceparent = TEXT("00-" TRACE "-" SPAN "-01")};
  CHECK_INT(mc_zipkin_read(&values, false, &c), MC_READ_NOTHING);
  CHECK_INT(mc_zipkin_read(&values, true, &c), MC_READ_IDS);
  CHECK_INT(c.sampling, MC_SAMPLING_ACCEPT);
  values.sampled = TEXT("0"); /* either of them is enough for ids of traceparent */
  CHECK_INT(mc_zipkin_read(&values, true, &c), MC_READ_IDS);
  CHECK_INT(c.sampling, MC_SAMPLING_ACCEPT);
  values.traceparent = TEXT("00-" TRACE "-" SPAN "-00");
  CHECK_INT(mc_zipkin_read(&values, true, &c), MC_READ_IDS);
  CHECK_INT(c.sampling, MC_SAMPLING_DENY);
  values.sampled = TEXT("1");
  CHECK_INT(mc_zipkin_read(&values, true, &c), MC_READ_IDS);
  CHECK_INT(c.sampling, MC_SAMPLING_ACCEPT);
  CHECK_INT(c.span_id, (int64_t)0xa2fb4a1d1a96d312);
  values = (mc_tracer_values){.traceparent = values.traceparent, .trace_id = TEXT("1f"), .span_id = TEXT("a1")};
  CHECK_INT(mc_zipkin_read(&values, true, &c), MC_READ_IDS);
  CHECK(c.trace_low == 31 && c.sampling == MC_SAMPLING_DENY);
  CHECK_INT(mc_zipkin_read(&values, false, &c), MC_READ_IDS);
  CHECK_INT(c.sampling, MC_SAMPLING_DEFER);
  values = (mc_tracer_values){.traceparent = MC_ABSENT};
  values.traceparent = TEXT("bad");
  CHECK_INT(mc_zipkin_read(&values, true, &c), MC_READ_NOTHING);
}

static void test_traceparent(void) {
  mc_traceparent parent;
  CHECK(mc_traceparent_take(TEXT("00-" TRACE "-" SPAN "-01"), &parent) && parent.sampled);
  CHECK_SLICE(parent.trace_id, TRACE);
  CHECK_SLICE(parent.span_id, SPAN);
  CHECK(mc_traceparent_take(TEXT("FF-" TRACE "-" SPAN "-fe"), &parent) && !parent.sampled);
  CHECK(!mc_traceparent_take(TEXT("00-" TRACE "-" SPAN "-0"), &parent));
  CHECK(!mc_traceparent_take(TEXT("00-" TRACE "-" SPAN "-01-"), &parent));
  CHECK(!mc_traceparent_take(TEXT("0g-" TRACE "-" SPAN "-01"), &parent));
  CHECK(!mc_traceparent_take(TEXT("00-" TRACE "-0000000000000000-01"), &parent));
}

static void test_numbers(void) {
  uint64_t number = 0;
  CHECK(mc_request_id_number(TEXT("0e4a7ee1-rest"), &number) && number == 0x0e4a7ee1);
  CHECK(!mc_request_id_number(TEXT("0e4a7ee"), &number));
  CHECK(!mc_request_id_number(TEXT("0e4a7ee-rest"), &number));
  CHECK(mc_request_id_number(TEXT("   0x00a"), &number) && number == 10);
}

int main(void) {
  test_single();
  test_multi();
  test_traceparent();
  test_numbers();
  return check_finish();
}
