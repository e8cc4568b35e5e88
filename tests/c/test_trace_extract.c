/* What each format's lines say, by its specification. */
#include "trace/lines.h"
#include "trace/names.h"
#include "trace_support.h"

#define TRACE "463ac35c9f6413ad48485a3953bb6124"
#define SPAN "a2fb4a1d1a96d312"
#define HIGH UINT64_C(0x463ac35c9f6413ad)
#define LOW UINT64_C(0x48485a3953bb6124)
#define SPAN_ID UINT64_C(0xa2fb4a1d1a96d312)

/* Ids of these, or else none. */
typedef struct reading {
  const char *lines;
  int format; /* the only one that is asked for; -1: all of them */
  enum { NOTHING, MALFORMED, DECISION, SHORT_ID, LONG_ID, NO_SPAN } expect;
  mc_sampling sampling;
  uint64_t parent;
} reading;

static const reading readings[] = {
    {"", -1, NOTHING, 0, 0},
    {"accept: x\nx-b3-foo: 1\nb4: 1\n", -1, NOTHING, 0, 0},
    /* B3, a line for each field */
    {"x-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\n", MC_TRACE_B3_MULTI, LONG_ID, MC_SAMPLING_DEFER, 0},
    {"X-B3-TraceId:" TRACE "\nX-B3-SpanId:" SPAN "\nX-B3-Sampled:1\n", -1, LONG_ID, MC_SAMPLING_ACCEPT, 0},
    {"x-b3-traceid:463AC35C9F6413AD48485A3953BB6124\nx-b3-spanid:A2FB4A1D1A96D312\n", -1, LONG_ID, 0, 0},
    {"x-b3-traceid:48485a3953bb6124\nx-b3-spanid:" SPAN "\nx-b3-sampled:0\n", -1, SHORT_ID, MC_SAMPLING_DENY, 0},
    {"x-b3-traceid: " TRACE "\t\nx-b3-spanid:" SPAN " \n", -1, LONG_ID, 0, 0},
    {"x-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\nx-b3-sampled:true\n", -1, LONG_ID, MC_SAMPLING_ACCEPT, 0},
    {"x-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\nx-b3-sampled:False\n", -1, LONG_ID, MC_SAMPLING_DENY, 0},
    {"x-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\nx-b3-flags:1\n", -1, LONG_ID, MC_SAMPLING_DEBUG, 0},
    {"x-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\nx-b3-flags:0\n", -1, LONG_ID, MC_SAMPLING_DEFER, 0},
    {"x-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\nx-b3-sampled:0\nx-b3-flags:1\n", -1, LONG_ID, MC_SAMPLING_DEBUG, 0},
    {"x-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\nx-b3-parentspanid:0000000000000007\n", -1, LONG_ID, 0, 7},
    {"x-b3-sampled:0\n", -1, DECISION, MC_SAMPLING_DENY, 0},
    {"x-b3-sampled:1\n", -1, DECISION, MC_SAMPLING_ACCEPT, 0},
    {"x-b3-flags:1\n", -1, DECISION, MC_SAMPLING_DEBUG, 0},
    {"x-b3-flags:0\n", -1, NOTHING, 0, 0},
    {"x-b3-sampled:d\n", -1, MALFORMED, 0, 0},
    {"x-b3-sampled:\nx-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\n", -1, MALFORMED, 0, 0},
    {"x-b3-traceid:" TRACE "\n", -1, MALFORMED, 0, 0},
    {"x-b3-spanid:" SPAN "\nx-b3-sampled:1\n", -1, DECISION, MC_SAMPLING_ACCEPT, 0},
    {"x-b3-spanid:" SPAN "\nx-b3-flags:1\n", -1, DECISION, MC_SAMPLING_DEBUG, 0},
    {"x-b3-spanid:" SPAN "\n", -1, MALFORMED, 0, 0},
    {"x-b3-traceid:" TRACE "\nx-b3-sampled:1\n", -1, MALFORMED, 0, 0},
    {"x-b3-traceid:zzz\nx-b3-spanid:" SPAN "\nx-b3-sampled:1\n", -1, MALFORMED, 0, 0},
    {"x-b3-traceid:463ac35c9f6413ad48485a3953bb612\nx-b3-spanid:" SPAN "\n", -1, MALFORMED, 0, 0},
    {"x-b3-traceid:00000000000000000000000000000000\nx-b3-spanid:" SPAN "\n", -1, MALFORMED, 0, 0},
    {"x-b3-traceid:" TRACE "\nx-b3-spanid:0000000000000000\n", -1, MALFORMED, 0, 0},
    {"x-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\nx-b3-parentspanid:7\n", -1, MALFORMED, 0, 0},
    {"x-b3-traceid:" TRACE "\nx-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\n", -1, LONG_ID, 0, 0},
    {"x-b3-traceid:" TRACE "\nx-b3-traceid:1" TRACE "\nx-b3-spanid:" SPAN "\n", -1, MALFORMED, 0, 0},
    /* B3 in one line */
    {"b3:" TRACE "-" SPAN "-1\n", MC_TRACE_B3_SINGLE, LONG_ID, MC_SAMPLING_ACCEPT, 0},
    {"B3:48485a3953bb6124-" SPAN "-0-0000000000000007\n", -1, SHORT_ID, MC_SAMPLING_DENY, 7},
    {"b3:" TRACE "-" SPAN "-d\n", -1, LONG_ID, MC_SAMPLING_DEBUG, 0},
    {"b3:" TRACE "-" SPAN "\n", -1, LONG_ID, MC_SAMPLING_DEFER, 0},
    {"b3:" TRACE "-" SPAN "-1-0000000000000007\n", -1, LONG_ID, MC_SAMPLING_ACCEPT, 7},
    {"b3:" TRACE "-" SPAN "-0000000000000007\n", -1, LONG_ID, MC_SAMPLING_DEFER, 7},
    {"b3:" TRACE "-" SPAN "-000000000000007\n", -1, MALFORMED, 0, 0},
    {"b3:" TRACE "-" SPAN "-1-00000000000007\n", -1, MALFORMED, 0, 0},
    {"b3:" TRACE "-" SPAN "--0000000000000007\n", -1, MALFORMED, 0, 0},
    {"b3:0\n", -1, DECISION, MC_SAMPLING_DENY, 0},
    {"b3:1\n", -1, DECISION, MC_SAMPLING_ACCEPT, 0},
    {"b3:d\n", -1, DECISION, MC_SAMPLING_DEBUG, 0},
    {"b3:\n", -1, MALFORMED, 0, 0},
    {"b3:bad\n", -1, MALFORMED, 0, 0},
    {"b3:" TRACE "\n", -1, MALFORMED, 0, 0},
    {"b3:" TRACE "-\n", -1, MALFORMED, 0, 0},
    {"b3:" TRACE "-" SPAN "-\n", -1, MALFORMED, 0, 0},
    {"b3:" TRACE "-" SPAN "-2\n", -1, MALFORMED, 0, 0},
    {"b3:" TRACE "-" SPAN "-1-\n", -1, MALFORMED, 0, 0},
    {"b3:" TRACE "-" SPAN "-1-0000000000000007-\n", -1, MALFORMED, 0, 0},
    /* one line before many, and either before nothing */
    {"x-b3-traceid:1" TRACE "\nx-b3-spanid:" SPAN "\nb3:" TRACE "-" SPAN "\n", -1, LONG_ID, 0, 0},
    {"b3:0\nx-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\n", -1, LONG_ID, MC_SAMPLING_DEFER, 0},
    /* Jaeger */
    {"uber-trace-id:" TRACE ":" SPAN ":0:1\n", MC_TRACE_JAEGER, LONG_ID, MC_SAMPLING_ACCEPT, 0},
    {"uber-trace-id:" TRACE "%3A" SPAN "%3a0%3A0\n", -1, LONG_ID, MC_SAMPLING_DENY, 0},
    {"uber-trace-id:48485a3953bb6124:" SPAN ":deadbeef:03\n", -1, SHORT_ID, MC_SAMPLING_DEBUG, 0},
    {"uber-trace-id:" TRACE ":" SPAN ":0:2\n", -1, LONG_ID, MC_SAMPLING_DENY, 0},
    {"uber-trace-id:" TRACE ":" SPAN "::1\n", -1, LONG_ID, MC_SAMPLING_ACCEPT, 0},
    {"uber-trace-id:" TRACE ":" SPAN ":0\n", -1, MALFORMED, 0, 0},
    {"uber-trace-id:" TRACE ":" SPAN ":0:1:1\n", -1, MALFORMED, 0, 0},
    {"uber-trace-id:" TRACE ":0:0:1\n", -1, MALFORMED, 0, 0},
    {"uber-trace-id:0:" SPAN ":0:1\n", -1, MALFORMED, 0, 0},
    {"uber-trace-id:1" TRACE ":" SPAN ":0:1\n", -1, MALFORMED, 0, 0},
    {"uber-trace-id:" TRACE ":" SPAN ":0:\n", -1, MALFORMED, 0, 0},
    {"uber-trace-id:\n", -1, MALFORMED, 0, 0},
    /* Datadog: 5208512171318403364 is LOW, 11744061942159299346 the span */
    {"x-datadog-trace-id:5208512171318403364\nx-datadog-parent-id:11744061942159299346\n", MC_TRACE_DATADOG, SHORT_ID,
     MC_SAMPLING_DEFER, 0},
    {"x-datadog-trace-id:5208512171318403364\nx-datadog-parent-id:11744061942159299346\nx-datadog-sampling-priority:1\n"
     "x-datadog-tags:_dd.p.dm=-4,_dd.p.tid=463ac35c9f6413ad\n", -1, LONG_ID, MC_SAMPLING_ACCEPT, 0},
    {"x-datadog-trace-id:5208512171318403364\nx-datadog-parent-id:11744061942159299346\nx-datadog-sampling-priority:-1\n",
     -1, SHORT_ID, MC_SAMPLING_DENY, 0},
    {"x-datadog-trace-id:5208512171318403364\nx-datadog-parent-id:11744061942159299346\nx-datadog-sampling-priority:2\n"
     "x-datadog-tags:_dd.p.tid=zz\n", -1, SHORT_ID, MC_SAMPLING_DEBUG, 0},
    {"x-datadog-trace-id:5208512171318403364\nx-datadog-parent-id:1x\n", -1, MALFORMED, 0, 0},
    {"x-datadog-trace-id:18446744073709551616\nx-datadog-parent-id:1\n", -1, MALFORMED, 0, 0},
    {"x-datadog-trace-id:0\nx-datadog-parent-id:1\n", -1, MALFORMED, 0, 0},
    {"x-datadog-trace-id:+1\nx-datadog-parent-id:1\n", -1, MALFORMED, 0, 0},
    {"x-datadog-trace-id:1\nx-datadog-parent-id:1\nx-datadog-sampling-priority:3\n", -1, MALFORMED, 0, 0},
    {"x-datadog-parent-id:1\n", -1, NOTHING, 0, 0},
    /* X-Ray */
    {"x-amzn-trace-id:Root=1-463ac35c-9f6413ad48485a3953bb6124;Parent=" SPAN ";Sampled=1\n", MC_TRACE_XRAY, LONG_ID,
     MC_SAMPLING_ACCEPT, 0},
    {"x-amzn-trace-id:Sampled=0; Self=1-2;Parent=" SPAN ";Root=1-463ac35c-9f6413ad48485a3953bb6124\n", -1, LONG_ID,
     MC_SAMPLING_DENY, 0},
    {"x-amzn-trace-id:Root=1-463ac35c-9f6413ad48485a3953bb6124;Parent=" SPAN ";Sampled=?\n", -1, LONG_ID, 0, 0},
    {"x-amzn-trace-id:Root=1-463ac35c-9f6413ad48485a3953bb6124\n", -1, NO_SPAN, 0, 0},
    {"x-amzn-trace-id:Root=2-463ac35c-9f6413ad48485a3953bb6124\n", -1, MALFORMED, 0, 0},
    {"x-amzn-trace-id:Root=1-463ac35c-9f6413ad48485a3953bb612\n", -1, MALFORMED, 0, 0},
    {"x-amzn-trace-id:Root=1-00000000-000000000000000000000000\n", -1, MALFORMED, 0, 0},
    {"x-amzn-trace-id:Parent=" SPAN "\n", -1, MALFORMED, 0, 0},
    {"x-amzn-trace-id:Root=1-463ac35c-9f6413ad48485a3953bb6124;Sampled=2\n", -1, MALFORMED, 0, 0},
    {"x-amzn-trace-id:\n", -1, MALFORMED, 0, 0},
    /* Google Cloud */
    {"x-cloud-trace-context:" TRACE "/11744061942159299346;o=1\n", MC_TRACE_CLOUD, LONG_ID, MC_SAMPLING_ACCEPT, 0},
    {"x-cloud-trace-context:" TRACE "/11744061942159299346;o=0\n", -1, LONG_ID, MC_SAMPLING_DENY, 0},
    {"x-cloud-trace-context:" TRACE "/11744061942159299346\n", -1, LONG_ID, MC_SAMPLING_DEFER, 0},
    {"x-cloud-trace-context:" TRACE ";o=1\n", -1, NO_SPAN, MC_SAMPLING_ACCEPT, 0},
    {"x-cloud-trace-context:" TRACE "\n", -1, NO_SPAN, MC_SAMPLING_DEFER, 0},
    {"x-cloud-trace-context:" TRACE "/\n", -1, MALFORMED, 0, 0},
    {"x-cloud-trace-context:" TRACE "/11744061942159299346;o=2\n", -1, LONG_ID, MC_SAMPLING_DENY, 0},
    {"x-cloud-trace-context:" TRACE "/11744061942159299346;o=3\n", -1, LONG_ID, MC_SAMPLING_ACCEPT, 0},
    {"x-cloud-trace-context:" TRACE "/1;o=256\n", -1, MALFORMED, 0, 0},
    {"x-cloud-trace-context:" TRACE "/1;o=\n", -1, MALFORMED, 0, 0},
    {"x-cloud-trace-context:" TRACE "/1;o=+1\n", -1, MALFORMED, 0, 0},
    {"x-cloud-trace-context:" TRACE "/1;p=1\n", -1, MALFORMED, 0, 0},
    {"x-cloud-trace-context:" TRACE "/1x\n", -1, MALFORMED, 0, 0},
    {"x-cloud-trace-context:" SPAN "/1\n", -1, MALFORMED, 0, 0},
    /* OpenTracing */
    {"ot-tracer-traceid:" TRACE "\not-tracer-spanid:" SPAN "\not-tracer-sampled:true\n", MC_TRACE_OT, LONG_ID,
     MC_SAMPLING_ACCEPT, 0},
    {"ot-tracer-traceid:48485a3953bb6124\not-tracer-spanid:" SPAN "\not-tracer-sampled:false\n", -1, SHORT_ID,
     MC_SAMPLING_DENY, 0},
    {"ot-tracer-traceid:48485a3953bb6124\not-tracer-spanid:" SPAN "\n", -1, SHORT_ID, MC_SAMPLING_DEFER, 0},
    {"ot-tracer-traceid:1z\not-tracer-spanid:" SPAN "\n", -1, MALFORMED, 0, 0},
    {"ot-tracer-traceid:0\not-tracer-spanid:" SPAN "\n", -1, MALFORMED, 0, 0},
    {"ot-tracer-traceid:0" TRACE "\not-tracer-spanid:" SPAN "\n", -1, MALFORMED, 0, 0},
    {"ot-tracer-traceid:" TRACE "\not-tracer-spanid:0" SPAN "\n", -1, MALFORMED, 0, 0},
    {"ot-tracer-traceid:" TRACE "\not-tracer-spanid:" SPAN "\not-tracer-sampled:1\n", -1, MALFORMED, 0, 0},
    /* a format that is malformed leaves the word to the next one */
    {"b3:bad\ntraceparent:00-" TRACE "-" SPAN "-01\n", -1, LONG_ID, MC_SAMPLING_ACCEPT, 0},
    {"b3:0\ntraceparent:00-" TRACE "-" SPAN "-01\n", -1, LONG_ID, MC_SAMPLING_ACCEPT, 0},
};

static uint64_t malformed(const traced *it) {
  uint64_t sum = 0;
  for (int i = 0; i < MC_TRACE_FORMATS; i++) sum += mc_trace_counts_malformed(it->counts, (mc_trace_format)i);
  return sum;
}

static void test_readings(void) {
  for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
    const reading *r = &readings[i];
    traced it;
    extract_text(&it, r->lines, r->format < 0 ? all_formats() : one_format((mc_trace_format)r->format));
    const mc_span_context *c = &it.context;
    const bool ids = r->expect >= SHORT_ID;
    bool ok = (it.code == MC_OK) == (r->expect >= DECISION);
    ok = ok && (malformed(&it) > 0) == (r->expect == MALFORMED || strstr(r->lines, "b3:bad\ntrace"));
    ok = ok && c->sampling == r->sampling && c->parent_id == r->parent;
    ok = ok && c->trace_low == (ids ? LOW : 0) && c->trace_high == (r->expect >= LONG_ID ? HIGH : 0);
    ok = ok && c->span_id == (ids && r->expect != NO_SPAN ? SPAN_ID : 0);
    ok = ok && c->short_id == (r->expect == SHORT_ID);
    check_true(ok, r->lines, __FILE__, __LINE__);
    traced_free(&it);
  }
}

/* Of lines that stay where they are, B3's ids are their own texts, unless they have capitals. */
static void test_digits(void) {
  static const struct {
    const char *trace, *span;
    bool trace_stays, span_stays;
  } cases[] = {
      {TRACE, SPAN, true, true},
      {" " TRACE, SPAN "\t", true, true},
      {"48485a3953bb6124", SPAN, true, true},
      {"463ac35c9f6413ad48485A3953bb6124", SPAN, false, true},
      {"463AC35c9f6413ad48485a3953bb6124", SPAN, false, true},
      {TRACE, "A2fb4a1d1a96d312", true, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mc_trace_lines lines = {.headers = NULL};
    mc_span_context context = {.format = 0};
    const mc_trace_formats formats = all_formats();
    mc_trace_lines_add(&lines, MC_NAME_B3_TRACE_ID, mc_slice_of(cases[i].trace, strlen(cases[i].trace)));
    mc_trace_lines_add(&lines, MC_NAME_B3_SPAN_ID, mc_slice_of(cases[i].span, strlen(cases[i].span)));
    CHECK_INT(mc_trace_read_lines(&lines, &formats, NULL, NULL, &context), MC_OK);
    CHECK(context.trace_low == LOW && context.span_id == SPAN_ID);
    CHECK(context.trace_digits == (cases[i].trace_stays ? lines.values[MC_NAME_B3_TRACE_ID].data : NULL));
    CHECK(context.span_digits == (cases[i].span_stays ? lines.values[MC_NAME_B3_SPAN_ID].data : NULL));
  }
  traced it;
  extract_text(&it, "x-b3-traceid:" TRACE "\nx-b3-spanid:" SPAN "\n", all_formats());
  CHECK(it.code == MC_OK && !it.context.trace_digits && !it.context.span_digits);
  traced_free(&it);
}

/* What was not asked for is not looked at. */
static void test_formats(void) {
  traced it;
  const char *text = "b3:" TRACE "-" SPAN "\ntraceparent:00-" TRACE "-0000000000000001-01\n";
  extract_text(&it, text, one_format(MC_TRACE_W3C));
  CHECK_INT(it.context.span_id, 1);
  CHECK_INT(it.context.format, MC_TRACE_W3C);
  traced_free(&it);
  extract_text(&it, text, (mc_trace_formats){{MC_TRACE_W3C, MC_TRACE_B3_SINGLE}, 2});
  CHECK_INT(it.context.format, MC_TRACE_W3C);
  traced_free(&it);
  extract_text(&it, text, one_format(MC_TRACE_JAEGER));
  CHECK_INT(it.code, MC_INVALID);
  traced_free(&it);
  extract_text(&it, text, (mc_trace_formats){{0}, 0});
  CHECK_INT(it.code, MC_INVALID);
  traced_free(&it);
}

/* A tracestate is that of its traceparent's trace. */
static void test_tracestate_of_another_trace(void) {
  traced it;
  extract_text(&it, "b3:" TRACE "-" SPAN "\ntraceparent:00-" TRACE "-0000000000000001-01\ntracestate:a=1\n", all_formats());
  CHECK_SLICE(it.context.tracestate, "a=1");
  traced_free(&it);
  extract_text(&it, "b3:1" SPAN "000000000000000-" SPAN "\ntraceparent:00-" TRACE "-0000000000000001-01\ntracestate:a=1\n",
               all_formats());
  CHECK_INT(it.context.trace_high, 0x1a2fb4a1d1a96d31);
  CHECK(!it.context.tracestate.data);
  traced_free(&it);
  extract_text(&it, "tracestate:a=1\n", all_formats());
  CHECK_INT(it.code, MC_INVALID);
  traced_free(&it);
}

static void test_request_id(void) {
  traced it;
  char text[600] = "x-request-id:";
  extract_text(&it, "x-request-id: my id \n", all_formats());
  CHECK_SLICE(it.context.request_id, "my id");
  CHECK_INT(it.code, MC_OK);
  CHECK_INT(it.context.format, -1);
  traced_free(&it);
  extract_text(&it, "x-request-id:a\nx-request-id:b\n", all_formats());
  CHECK_SLICE(it.context.request_id, "a");
  CHECK_INT(mc_trace_counts_malformed(it.counts, MC_TRACE_REQUEST_ID), 1);
  traced_free(&it);
  memset(text + strlen(text), 'x', MC_REQUEST_ID_BYTES);
  extract_text(&it, text, all_formats());
  CHECK_INT(it.context.request_id.size, MC_REQUEST_ID_BYTES);
  traced_free(&it);
  text[strlen(text)] = 'x';
  extract_text(&it, text, all_formats());
  CHECK_INT(it.code, MC_INVALID);
  CHECK_INT(mc_trace_counts_malformed(it.counts, MC_TRACE_REQUEST_ID), 1);
  traced_free(&it);
  extract_text(&it, "x-request-id:a\x01\n", all_formats());
  CHECK_INT(it.code, MC_INVALID);
  traced_free(&it);
}

static void test_memory(void) {
  const char *text = "traceparent:00-" TRACE "-" SPAN "-01\ntracestate:a=1\ntracestate:b=2\nbaggage:a=1\n";
  mc_header lines[TRACE_LINES];
  const uint32_t count = split_lines(text, lines);
  const mc_trace_formats formats = all_formats();
  int failures = 0;
  for (int n = 0;; n++) {
    mc_scratch scratch;
    mc_span_context context;
    mc_scratch_init(&scratch);
    char *filled = mc_scratch_alloc(&scratch, MC_SCRATCH_INLINE); /* so that every text needs a chunk */
    CHECK(filled != NULL);
    check_memory(n);
    const mc_code code = mc_trace_extract(lines, count, &formats, &scratch, NULL, &context);
    check_memory(-1);
    mc_scratch_reset(&scratch);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
    failures++;
  }
  CHECK(failures > 0);
}

/* What is left out before its name is looked at has none of the names. */
static void test_likely_names(void) {
  mc_trace_asked all, one;
  mc_trace_ask(UINT32_MAX, &all);
  for (int name = MC_NAME_B3; name < MC_TRACE_NAMES; name++) {
    char text[64];
    mc_slice known = mc_trace_name_text((mc_trace_name)name);
    mc_trace_ask(UINT32_C(1) << name, &one);
    memcpy(text, known.data, known.size);
    if (name == MC_NAME_JAEGER_BAGGAGE) text[known.size++] = 'a';
    known.data = text;
    for (int capitals = 0; capitals < 2; capitals++) {
      CHECK_INT(mc_trace_name_of(known), name);
      CHECK(mc_trace_name_likely(&all, known) && mc_trace_name_likely(&one, known));
      for (size_t i = 0; i < known.size; i++) {
        if (text[i] >= 'a' && text[i] <= 'z') text[i] = (char)(text[i] - 'a' + 'A');
      }
    }
  }
  const mc_slice long_one = MC_LITERAL("uberctx-of-more-than-thirty-characters");
  CHECK(mc_trace_name_likely(&all, long_one));
  CHECK(!mc_trace_name_likely(&all, MC_ABSENT) && !mc_trace_name_likely(&all, MC_LITERAL("content-type")));
  CHECK(!mc_trace_name_likely(&all, MC_LITERAL("x-of-more-than-thirty-characters")));
  mc_trace_ask(UINT32_C(1) << MC_NAME_B3, &one);
  CHECK(!mc_trace_name_likely(&one, long_one) && !mc_trace_name_likely(&one, MC_LITERAL("x-b3-traceid")));
}

int main(void) {
  test_likely_names();
  test_readings();
  test_digits();
  test_formats();
  test_tracestate_of_another_trace();
  test_request_id();
  test_memory();
  return check_finish();
}
