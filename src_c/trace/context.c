/* New traces and spans. */
#include "meshcore.h"
#include "trace/hex.h"

/* 0 stands for no id. */
static uint64_t id_of(uint64_t random) { return random ? random : 1; }

static void begin(const uint64_t random[3], bool short_id, mc_span_context *out) {
  out->short_id = short_id;
  out->trace_high = short_id ? 0 : random[0];
  out->trace_low = id_of(random[1]);
  out->span_id = id_of(random[2]);
  out->parent_id = 0;
  out->flags = MC_TRACE_FLAG_RANDOM;
  out->trace_digits = out->span_digits = out->parent_digits = NULL;
}

void mc_span_context_new(const uint64_t random[3], bool short_id, mc_sampling sampling, mc_span_context *out) {
  *out = (mc_span_context){.format = -1, .sampling = sampling};
  begin(random, short_id, out);
}

void mc_span_context_child(const mc_span_context *parent, const uint64_t random[3], mc_span_context *out) {
  *out = *parent;
  if (!(parent->trace_high | parent->trace_low)) {
    begin(random, parent->short_id, out);
    return;
  }
  out->parent_id = parent->span_id;
  out->parent_digits = parent->span_digits;
  out->span_id = id_of(random[2]);
  out->span_digits = NULL;
}

void mc_span_context_named(const mc_span_context *context, const mc_span_context *span, mc_span_context *out) {
  const bool same = context->trace_high == span->trace_high && context->trace_low == span->trace_low;
  const uint64_t above = context->span_id == span->span_id ? context->parent_id : context->span_id;
  *out = *context;
  out->span_id = span->span_id;
  out->parent_id = span->parent_id || !same ? span->parent_id : above;
  out->trace_digits = out->span_digits = out->parent_digits = NULL;
  if (same) return;
  out->trace_high = span->trace_high;
  out->trace_low = span->trace_low;
  out->short_id = span->short_id;
  out->flags = span->flags;
  out->tracestate = MC_ABSENT; /* it belongs to the other trace */
}

/* RFC 9562, 5.4: version 4, variant 10. */
void mc_uuid_write(const uint64_t random[2], char out[MC_UUID_TEXT]) {
  char digits[32];
  mc_hex16_write((random[0] & ~UINT64_C(0xf000)) | UINT64_C(0x4000), digits);
  mc_hex16_write((random[1] & (UINT64_MAX >> 2)) | UINT64_C(1) << 63, digits + 16);
  memcpy(out, digits, 8);
  out[8] = '-';
  memcpy(out + 9, digits + 8, 4);
  out[13] = '-';
  memcpy(out + 14, digits + 12, 4);
  out[18] = '-';
  memcpy(out + 19, digits + 16, 4);
  out[23] = '-';
  memcpy(out + 24, digits + 20, 12);
}
