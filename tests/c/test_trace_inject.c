/* Contexts as the lines of each format, and what comes of reading those again. */
#include "trace_support.h"

static const mc_span_context full = {.trace_high = UINT64_C(0x0af7651916cd43dd),
                                     .trace_low = UINT64_C(0x8448eb211c80319c),
                                     .span_id = UINT64_C(0xb7ad6b7169203331),
                                     .parent_id = 7,
                                     .sampling = MC_SAMPLING_ACCEPT,
                                     .format = -1};

static char text[4096];

static const char *lines_of(const mc_span_context *context, mc_trace_formats formats) {
  mc_scratch scratch;
  const mc_trace_line *lines;
  uint32_t count;
  mc_scratch_init(&scratch);
  CHECK_INT(mc_trace_inject(context, &formats, &scratch, &lines, &count), MC_OK);
  text[0] = 0;
  for (uint32_t i = 0; i < count; i++) {
    const mc_slice name = lines[i].name.data ? lines[i].name : mc_trace_name_text(lines[i].id);
    CHECK_INT(mc_trace_name_of(name), lines[i].id);
    CHECK(mc_trace_names(&formats) >> lines[i].id & 1);
    strncat(text, name.data, name.size);
    strcat(text, ":");
    strncat(text, lines[i].value.data, lines[i].value.size);
    strcat(text, "\n");
  }
  mc_scratch_reset(&scratch);
  return text;
}

static void expect(const mc_span_context *context, mc_trace_format format, const char *lines) {
  check_true(strcmp(lines_of(context, one_format(format)), lines) == 0, text, __FILE__, __LINE__);
}

#define IDS "0af7651916cd43dd8448eb211c80319c"

static void test_full(void) {
  expect(&full, MC_TRACE_B3_MULTI,
         "x-b3-traceid:" IDS "\nx-b3-spanid:b7ad6b7169203331\nx-b3-parentspanid:0000000000000007\nx-b3-sampled:1\n");
  expect(&full, MC_TRACE_B3_SINGLE, "b3:" IDS "-b7ad6b7169203331-1-0000000000000007\n");
  expect(&full, MC_TRACE_W3C, "traceparent:00-" IDS "-b7ad6b7169203331-01\n");
  expect(&full, MC_TRACE_JAEGER, "uber-trace-id:" IDS ":b7ad6b7169203331:0:01\n");
  expect(&full, MC_TRACE_DATADOG,
         "x-datadog-trace-id:9532127138774266268\nx-datadog-parent-id:13235353014750950193\n"
         "x-datadog-sampling-priority:1\nx-datadog-tags:_dd.p.tid=0af7651916cd43dd\n");
  expect(&full, MC_TRACE_XRAY, "x-amzn-trace-id:Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1\n");
  expect(&full, MC_TRACE_CLOUD, "x-cloud-trace-context:" IDS "/13235353014750950193;o=1\n");
  expect(&full, MC_TRACE_OT, "ot-tracer-traceid:" IDS "\not-tracer-spanid:b7ad6b7169203331\not-tracer-sampled:true\n");
  expect(&full, MC_TRACE_BAGGAGE, "");
  expect(&full, MC_TRACE_REQUEST_ID, "");
}

static void test_states(void) {
  mc_span_context c = full;
  c.parent_id = 0;
  c.short_id = true;
  c.trace_high = 0;
  c.sampling = MC_SAMPLING_DEFER;
  expect(&c, MC_TRACE_B3_MULTI, "x-b3-traceid:8448eb211c80319c\nx-b3-spanid:b7ad6b7169203331\n");
  expect(&c, MC_TRACE_B3_SINGLE, "b3:8448eb211c80319c-b7ad6b7169203331\n");
  expect(&c, MC_TRACE_W3C, "traceparent:00-00000000000000008448eb211c80319c-b7ad6b7169203331-00\n");
  expect(&c, MC_TRACE_DATADOG, "x-datadog-trace-id:9532127138774266268\nx-datadog-parent-id:13235353014750950193\n");
  expect(&c, MC_TRACE_XRAY, "x-amzn-trace-id:Root=1-00000000-000000008448eb211c80319c;Parent=b7ad6b7169203331\n");
  c.sampling = MC_SAMPLING_DENY;
  expect(&c, MC_TRACE_B3_SINGLE, "b3:8448eb211c80319c-b7ad6b7169203331-0\n");
  expect(&c, MC_TRACE_JAEGER, "uber-trace-id:8448eb211c80319c:b7ad6b7169203331:0:00\n");
  expect(&c, MC_TRACE_CLOUD, "x-cloud-trace-context:00000000000000008448eb211c80319c/13235353014750950193;o=0\n");
  static const char dropped[] = "x-datadog-trace-id:9532127138774266268\nx-datadog-parent-id:13235353014750950193\n"
                                "x-datadog-sampling-priority:";
  char expected[sizeof dropped + 3];
  snprintf(expected, sizeof expected, "%s0\n", dropped);
  expect(&c, MC_TRACE_DATADOG, expected);
  c.flags = MC_TRACE_FLAG_USER_DENIED;
  snprintf(expected, sizeof expected, "%s-1\n", dropped);
  expect(&c, MC_TRACE_DATADOG, expected);
  expect(&c, MC_TRACE_W3C, "traceparent:00-00000000000000008448eb211c80319c-b7ad6b7169203331-00\n");
  c.sampling = MC_SAMPLING_DEBUG;
  c.flags = MC_TRACE_FLAG_RANDOM;
  expect(&c, MC_TRACE_B3_MULTI, "x-b3-traceid:8448eb211c80319c\nx-b3-spanid:b7ad6b7169203331\nx-b3-flags:1\n");
  expect(&c, MC_TRACE_B3_SINGLE, "b3:8448eb211c80319c-b7ad6b7169203331-d\n");
  expect(&c, MC_TRACE_W3C, "traceparent:00-00000000000000008448eb211c80319c-b7ad6b7169203331-03\n");
  expect(&c, MC_TRACE_JAEGER, "uber-trace-id:8448eb211c80319c:b7ad6b7169203331:0:03\n");
  /* without ids: B3 can tell of the decision alone */
  const mc_span_context bare = {.sampling = MC_SAMPLING_DENY, .format = -1};
  expect(&bare, MC_TRACE_B3_MULTI, "x-b3-sampled:0\n");
  expect(&bare, MC_TRACE_B3_SINGLE, "b3:0\n");
  expect(&bare, MC_TRACE_W3C, "");
  for (int format = MC_TRACE_W3C; format < MC_TRACE_FORMATS; format++) expect(&bare, (mc_trace_format)format, "");
  /* without a span */
  mc_span_context root = full;
  root.span_id = 0;
  expect(&root, MC_TRACE_XRAY, "x-amzn-trace-id:Root=1-0af76519-16cd43dd8448eb211c80319c;Sampled=1\n");
  expect(&root, MC_TRACE_CLOUD, "x-cloud-trace-context:" IDS ";o=1\n");
  expect(&root, MC_TRACE_B3_MULTI, "x-b3-sampled:1\n");
}

static void test_texts(void) {
  mc_span_context c = full;
  c.tracestate = MC_LITERAL("a=1");
  c.baggage = MC_LITERAL("k=v;p,l = w");
  c.request_id = MC_LITERAL("id");
  c.datadog_origin = MC_LITERAL("rum");
  c.datadog_tags = MC_LITERAL("_dd.p.dm=-4,_dd.p.tid=0000000000000001,,x=y");
  expect(&c, MC_TRACE_W3C, "traceparent:00-" IDS "-b7ad6b7169203331-01\ntracestate:a=1\n");
  expect(&c, MC_TRACE_JAEGER, "uber-trace-id:" IDS ":b7ad6b7169203331:0:01\nuberctx-k:v\nuberctx-l:w\n");
  expect(&c, MC_TRACE_BAGGAGE, "baggage:k=v;p,l = w\n");
  expect(&c, MC_TRACE_REQUEST_ID, "x-request-id:id\n");
  CHECK(strstr(lines_of(&c, one_format(MC_TRACE_DATADOG)),
               "x-datadog-origin:rum\nx-datadog-tags:_dd.p.tid=0af7651916cd43dd,_dd.p.dm=-4,x=y\n"));
  /* fields of X-Ray that are not its own stay, but for a balancer's */
  c.xray = MC_LITERAL("Self=1-2;Lineage=a:1|b:2 ;; Root=1-x;Parent=y;Sampled=?;CalledFrom=app;flag");
  expect(&c, MC_TRACE_XRAY, "x-amzn-trace-id:Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"
                            ";Lineage=a:1|b:2;CalledFrom=app;flag\n");
}

/* Digits that are there are not written anew. */
static void test_digits(void) {
  mc_span_context c = full;
  static const char trace[] = "a trace id of thirty-two letters", span[] = "a span's sixteen", parent[] = "its parent's too";
  c.trace_digits = trace;
  c.span_digits = span;
  c.parent_digits = parent;
  expect(&c, MC_TRACE_B3_MULTI,
         "x-b3-traceid:a trace id of thirty-two letters\nx-b3-spanid:a span's sixteen\n"
         "x-b3-parentspanid:its parent's too\nx-b3-sampled:1\n");
  c.short_id = true;
  c.span_digits = c.parent_digits = NULL;
  CHECK(strstr(lines_of(&c, one_format(MC_TRACE_B3_MULTI)), "x-b3-traceid:a trace id of th\nx-b3-spanid:b7ad6b7169203331\n"));
}

static void test_again(void) {
  static char lines[4096];
  for (int format = 0; format <= MC_TRACE_OT; format++) {
    for (int sampling = 0; sampling <= MC_SAMPLING_DEBUG; sampling++) {
      mc_span_context c = full;
      c.sampling = (mc_sampling)sampling;
      traced it;
      strcpy(lines, lines_of(&c, one_format((mc_trace_format)format)));
      extract_text(&it, lines, all_formats());
      CHECK_INT(it.code, MC_OK);
      CHECK_INT(it.context.format, format);
      CHECK(it.context.trace_high == c.trace_high && it.context.trace_low == c.trace_low && it.context.span_id == c.span_id);
      const bool accepted = sampling == MC_SAMPLING_ACCEPT || sampling == MC_SAMPLING_DEBUG;
      CHECK_INT(it.context.sampling == MC_SAMPLING_ACCEPT || it.context.sampling == MC_SAMPLING_DEBUG, accepted);
      traced_free(&it);
    }
  }
}

static void test_memory(void) {
  mc_span_context c = full;
  c.baggage = MC_LITERAL("k=v");
  const mc_trace_formats formats = all_formats();
  int failures = 0;
  for (int n = 0;; n++) {
    mc_scratch scratch;
    const mc_trace_line *lines;
    uint32_t count;
    mc_scratch_init(&scratch);
    CHECK(mc_scratch_alloc(&scratch, MC_SCRATCH_INLINE) != NULL);
    check_memory(n);
    const mc_code code = mc_trace_inject(&c, &formats, &scratch, &lines, &count);
    check_memory(-1);
    mc_scratch_reset(&scratch);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
    failures++;
  }
  CHECK(failures > 0);
}

int main(void) {
  test_full();
  test_states();
  test_texts();
  test_digits();
  test_again();
  test_memory();
  return check_finish();
}
