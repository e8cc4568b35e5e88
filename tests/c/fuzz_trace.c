/* Any bytes as the trace headers of a request: what is read has to be well-formed, and to come out the same when it is
 * written and read again.
 *
 * Input: header lines, "name: value"; a line without a colon is the value of the header that its length picks, so that
 * mutations of one byte reach every format. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/slice.h"
#include "trace/hex.h"
#include "trace/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 128 };

static void demand(bool holds) {
  if (!holds) abort();
}

static uint32_t split(mc_slice rest, mc_header *out) {
  uint32_t count = 0;
  while (rest.size && count < LINES) {
    const size_t end = mc_slice_find(rest, 0, '\n');
    const mc_slice line = mc_slice_head(rest, end);
    rest = mc_slice_from(rest, end < rest.size ? end + 1 : end);
    const size_t colon = mc_slice_find(line, 0, ':');
    if (colon < line.size) {
      out[count].name = mc_slice_head(line, colon);
      out[count++].value = mc_slice_from(line, colon + 1);
    } else {
      out[count].name = mc_trace_name_text((mc_trace_name)(line.size % MC_TRACE_NAMES));
      out[count++].value = line;
    }
  }
  return count;
}

static void check_text(mc_slice text, size_t most) {
  demand(text.size <= most);
  for (size_t i = 0; i < text.size; i++) {
    const unsigned char c = (unsigned char)text.data[i];
    demand(c >= 0x20 && c != 0x7f);
  }
}

static void check_context(const mc_span_context *c) {
  demand(!(c->span_id && !(c->trace_high | c->trace_low)));
  demand(!(c->parent_id && !c->span_id));
  demand(!(c->short_id && c->trace_high));
  demand(!c->tracestate.data || c->trace_high | c->trace_low);
  check_text(c->tracestate, MC_TRACESTATE_BYTES);
  check_text(c->baggage, MC_BAGGAGE_BYTES);
  check_text(c->request_id, MC_REQUEST_ID_BYTES);
  check_text(c->datadog_origin, 256);
  check_text(c->datadog_tags, 512);
}

/* Written as one format, and read again. */
static void check_again(const mc_span_context *c, mc_trace_format format) {
  const mc_trace_formats one = {{(uint8_t)format}, 1};
  const mc_trace_line *lines;
  uint32_t count;
  mc_scratch scratch;
  mc_header headers[LINES];
  mc_span_context again;
  mc_scratch_init(&scratch);
  demand(mc_trace_inject(c, &one, &scratch, &lines, &count) == MC_OK && count <= LINES);
  for (uint32_t i = 0; i < count; i++) {
    headers[i].name = lines[i].name.data ? lines[i].name : mc_trace_name_text(lines[i].id);
    headers[i].value = lines[i].value;
    demand(mc_trace_name_of(headers[i].name) == lines[i].id);
  }
  if (count && mc_trace_extract(headers, count, &one, &scratch, NULL, &again) == MC_OK && again.format >= 0 && c->span_id) {
    demand(again.trace_low == c->trace_low && again.span_id == c->span_id);
    demand(again.trace_high == c->trace_high);
  } else {
    /* What cannot be read again says nothing of ids. */
    demand(!c->span_id || !c->trace_low || format >= MC_TRACE_BAGGAGE || count == 0);
  }
  mc_scratch_reset(&scratch);
}

/* The digits that lie in the lines are those that would be written. */
static void check_digits(const mc_header *headers, uint32_t count) {
  const mc_trace_formats multi = {{MC_TRACE_B3_MULTI}, 1};
  const uint32_t names = mc_trace_names(&multi);
  mc_trace_lines lines = {.headers = NULL};
  mc_span_context context = {.format = 0};
  char digits[32];
  for (uint32_t i = 0; i < count; i++) {
    const mc_trace_name name = mc_trace_name_of(headers[i].name);
    if (names >> name & 1) mc_trace_lines_add(&lines, name, headers[i].value);
  }
  (void)mc_trace_read_lines(&lines, &multi, NULL, NULL, &context);
  mc_hex16_write(context.trace_high, digits);
  mc_hex16_write(context.trace_low, digits + 16);
  const char *trace = context.short_id ? digits + 16 : digits;
  demand(!context.trace_digits || memcmp(context.trace_digits, trace, context.short_id ? 16 : 32) == 0);
  mc_hex16_write(context.span_id, digits);
  demand(!context.span_digits || memcmp(context.span_digits, digits, 16) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mc_header headers[LINES];
  const uint32_t count = split(mc_slice_of((const char *)data, size), headers);
  mc_trace_formats all = {.count = MC_TRACE_FORMATS};
  for (uint8_t i = 0; i < MC_TRACE_FORMATS; i++) all.order[i] = i;
  check_digits(headers, count);
  for (int format = -1; format < MC_TRACE_FORMATS; format++) {
    const mc_trace_formats one = {{(uint8_t)format}, 1};
    mc_scratch scratch;
    mc_span_context context;
    mc_scratch_init(&scratch);
    const mc_code code = mc_trace_extract(headers, count, format < 0 ? &all : &one, &scratch, NULL, &context);
    demand(code == MC_OK || code == MC_INVALID);
    check_context(&context);
    if (code == MC_OK) {
      for (int written = 0; written < MC_TRACE_FORMATS; written++) check_again(&context, (mc_trace_format)written);
    }
    mc_scratch_reset(&scratch);
  }
  return 0;
}
