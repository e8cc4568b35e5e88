#include "trace_support.h"

static void test_new(void) {
  const uint64_t random[3] = {1, 2, 3}, zero[3] = {0, 0, 0};
  mc_span_context c;
  mc_span_context_new(random, false, MC_SAMPLING_ACCEPT, &c);
  CHECK(c.trace_high == 1 && c.trace_low == 2 && c.span_id == 3 && c.parent_id == 0 && !c.short_id);
  CHECK_INT(c.sampling, MC_SAMPLING_ACCEPT);
  CHECK_INT(c.flags, MC_TRACE_FLAG_RANDOM);
  CHECK(!c.baggage.data && c.format == -1);
  mc_span_context_new(random, true, MC_SAMPLING_DEFER, &c);
  CHECK(c.trace_high == 0 && c.trace_low == 2 && c.short_id);
  mc_span_context_new(zero, false, MC_SAMPLING_DEFER, &c);
  CHECK(c.trace_low && c.span_id);
}

static void test_child(void) {
  const uint64_t random[3] = {1, 2, 3};
  mc_span_context child;
  mc_span_context parent = {.trace_low = 5, .span_id = 6, .parent_id = 7, .sampling = MC_SAMPLING_DEBUG, .short_id = true};
  parent.baggage = MC_LITERAL("a=1");
  mc_span_context_child(&parent, random, &child);
  CHECK(child.trace_low == 5 && child.span_id == 3 && child.parent_id == 6 && child.short_id);
  CHECK_INT(child.sampling, MC_SAMPLING_DEBUG);
  CHECK_SLICE(child.baggage, "a=1");
  /* what was the span's digits is the parent's */
  parent.trace_digits = "0000000000000005";
  parent.span_digits = "0000000000000006";
  parent.parent_digits = "0000000000000007";
  mc_span_context_child(&parent, random, &child);
  CHECK(child.trace_digits == parent.trace_digits && child.parent_digits == parent.span_digits && !child.span_digits);
  /* of what has no ids, a new trace that keeps the decision */
  parent.trace_low = 0;
  parent.span_id = parent.parent_id = 0;
  parent.short_id = false;
  mc_span_context_child(&parent, random, &child);
  CHECK(child.trace_high == 1 && child.trace_low == 2 && child.span_id == 3 && child.parent_id == 0);
  CHECK(!child.trace_digits && !child.span_digits && !child.parent_digits);
  CHECK_INT(child.sampling, MC_SAMPLING_DEBUG);
  CHECK_SLICE(child.baggage, "a=1");
  /* of a trace whose span nobody knows, a span at its top */
  parent.trace_low = 5;
  mc_span_context_child(&parent, random, &child);
  CHECK(child.trace_low == 5 && child.span_id == 3 && child.parent_id == 0);
}

static void test_named(void) {
  mc_span_context context = {.trace_low = 5, .span_id = 6, .parent_id = 7, .sampling = MC_SAMPLING_DEBUG, .short_id = true};
  context.tracestate = MC_LITERAL("a=1");
  context.trace_digits = context.span_digits = context.parent_digits = "0000000000000005";
  mc_span_context span = {.trace_low = 5, .span_id = 8, .flags = MC_TRACE_FLAG_RANDOM};
  mc_span_context out;
  /* below, in the same trace, whose id stays as short as it is */
  mc_span_context_named(&context, &span, &out);
  CHECK(out.trace_low == 5 && out.span_id == 8 && out.parent_id == 6 && out.short_id && !out.flags);
  CHECK(!out.trace_digits && !out.span_digits && !out.parent_digits);
  CHECK_INT(out.sampling, MC_SAMPLING_DEBUG);
  CHECK_SLICE(out.tracestate, "a=1");
  /* below another span */
  span.parent_id = 9;
  mc_span_context_named(&context, &span, &out);
  CHECK(out.span_id == 8 && out.parent_id == 9);
  /* of the same span, which does not say what is above it */
  span.span_id = 6;
  span.parent_id = 0;
  mc_span_context_named(&context, &span, &out);
  CHECK(out.span_id == 6 && out.parent_id == 7);
  /* in another trace */
  span.trace_high = 1;
  mc_span_context_named(&context, &span, &out);
  CHECK(out.trace_high == 1 && out.trace_low == 5 && out.span_id == 6 && out.parent_id == 0 && !out.short_id);
  CHECK(out.flags == MC_TRACE_FLAG_RANDOM && !out.tracestate.data);
}

static void test_uuid(void) {
  const uint64_t ones[2] = {UINT64_MAX, UINT64_MAX}, zeros[2] = {0, 0};
  const uint64_t mixed[2] = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};
  char text[MC_UUID_TEXT];
  mc_uuid_write(ones, text);
  CHECK_SLICE(mc_slice_of(text, MC_UUID_TEXT), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  mc_uuid_write(zeros, text);
  CHECK_SLICE(mc_slice_of(text, MC_UUID_TEXT), "00000000-0000-4000-8000-000000000000");
  mc_uuid_write(mixed, text);
  CHECK_SLICE(mc_slice_of(text, MC_UUID_TEXT), "01234567-89ab-4def-bedc-ba9876543210");
}

int main(void) {
  test_new();
  test_child();
  test_named();
  test_uuid();
  return check_finish();
}
