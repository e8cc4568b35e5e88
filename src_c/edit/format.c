#include "edit/format.h"

#include "edit/time_text.h"
#include "edit/view.h"

mc_code mc_format_compile(mc_arena *arena, const mc_format_spec *spec, mc_format *out) {
  bool ok = true;
  *out = (mc_format){.count = spec->count, .constant = MC_ABSENT};
  if (spec->count == 0) out->constant = MC_LITERAL("");
  mc_format_segment *segments = mc_arena_alloc(arena, spec->count, sizeof *segments);
  if (!segments) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < spec->count; i++) {
    segments[i] = spec->segments[i];
    segments[i].text = mc_arena_copy(arena, spec->segments[i].text, &ok);
    segments[i].alternative = mc_arena_copy(arena, spec->segments[i].alternative, &ok);
  }
  if (!ok) return MC_NO_MEMORY;
  out->segments = segments;
  if (spec->count == 1 && segments->op == MC_FORMAT_LITERAL && segments->max_length < 0) out->constant = segments->text;
  return MC_OK;
}

/* A request header as it stands: pseudo headers, the edited lines, or those of the view. */
static mc_slice request_header(const mc_format_context *context, mc_slice name) {
  if (mc_slice_equal(name, MC_LITERAL(":path"))) {
    return context->target.data ? context->target : context->view->target;
  }
  if (mc_slice_equal(name, MC_LITERAL(":authority")) || mc_slice_equal(name, MC_LITERAL("host"))) {
    return context->authority.data ? context->authority : context->view->authority;
  }
  if (!context->request || (name.size && name.data[0] == ':')) return mc_view_header(context->view, name);
  const mc_header_line *line = mc_header_list_find(context->request, name);
  return line ? line->value : MC_ABSENT;
}

static mc_slice named_header(const mc_format_segment *segment, const mc_format_context *context) {
  mc_slice value = request_header(context, segment->text);
  if (!value.data && segment->alternative.size) value = request_header(context, segment->alternative);
  return value;
}

/* Percent-decoded; what is no escape stays. */
static mc_code decode(mc_slice text, mc_scratch *scratch, mc_slice *out) {
  *out = text;
  if (mc_slice_find(text, 0, '%') == text.size) return MC_OK;
  char *decoded = mc_scratch_alloc(scratch, text.size);
  if (!decoded) return MC_NO_MEMORY;
  size_t size = 0;
  for (size_t i = 0; i < text.size; i++) {
    char c = text.data[i];
    if (c == '%' && i + 2 < text.size) {
      const int high = mc_hex_digit(text.data[i + 1]), low = mc_hex_digit(text.data[i + 2]);
      if (high >= 0 && low >= 0) {
        c = (char)(high * 16 + low);
        i += 2;
      }
    }
    decoded[size++] = c;
  }
  *out = mc_slice_of(decoded, size);
  return MC_OK;
}

/* The first parameter of that name, both decoded; absent where there is none. */
static mc_code query_parameter(const mc_format_context *context, mc_slice wanted, mc_scratch *scratch, mc_slice *out) {
  const mc_slice target = request_header(context, MC_LITERAL(":path"));
  *out = MC_ABSENT;
  for (size_t at = mc_slice_find(target, 0, '?') + 1; at < target.size;) {
    const size_t end = mc_slice_find(target, at, '&');
    const mc_slice item = mc_slice_of(target.data + at, end - at);
    const size_t equals = mc_slice_find(item, 0, '=');
    mc_slice name;
    mc_code code = decode(mc_slice_head(item, equals), scratch, &name);
    if (code) return code;
    if (mc_slice_equal(name, wanted)) {
      return decode(equals < item.size ? mc_slice_from(item, equals + 1) : MC_LITERAL(""), scratch, out);
    }
    at = end + 1;
  }
  return MC_OK;
}

static mc_slice port_of(mc_slice endpoint) {
  size_t colon = endpoint.size;
  while (colon > 0 && endpoint.data[colon - 1] != ':') colon--;
  return colon ? mc_slice_from(endpoint, colon) : MC_ABSENT;
}

static mc_slice without_port(mc_slice endpoint) {
  size_t colon = endpoint.size;
  while (colon > 0 && endpoint.data[colon - 1] != ':') colon--;
  if (colon == 0) return endpoint;
  mc_slice host = mc_slice_head(endpoint, colon - 1);
  if (host.size > 1 && host.data[0] == '[') host = mc_slice_of(host.data + 1, host.size - 2);
  return host;
}

/* Longest text that is made here: an address in brackets with a port. */
enum { MADE = 64 };

static mc_slice number(uint32_t value, char made[MADE]) {
  size_t at = MADE;
  do {
    made[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  return mc_slice_of(made + at, MADE - at);
}

static mc_slice response_header(const mc_format_context *context, mc_slice name, char made[MADE]) {
  if (!context->response) return MC_ABSENT;
  if (mc_slice_equal(name, MC_LITERAL(":status")) && context->answered) return number(context->answered, made);
  const mc_header_line *line = mc_header_list_find(context->response, name);
  return line ? line->value : MC_ABSENT;
}

/* Headers of a request are edited before its body is read, and an answer of our own does not wait for it; where an
 * upstream has answered the body is over, as a rule. */
static mc_slice bytes_received(const mc_format_context *context) {
  if (!context->response || !context->status) return MC_LITERAL("0");
  const mc_slice length = mc_view_header(context->view, MC_LITERAL("content-length"));
  return length.size ? length : MC_LITERAL("0");
}

static mc_slice with_port(mc_slice address, uint16_t port, char made[MADE]) {
  char digits[MADE];
  mc_slice tail = number(port, digits);
  bool v6 = mc_slice_find(address, 0, ':') < address.size;
  if (!address.data || address.size + tail.size + 3 > MADE) return address;
  char *at = made;
  if (v6) *at++ = '[';
  memcpy(at, address.data, address.size);
  at += address.size;
  if (v6) *at++ = ']';
  *at++ = ':';
  memcpy(at, tail.data, tail.size);
  return mc_slice_of(made, (size_t)(at - made) + tail.size);
}

/* The port belongs to the peer; a client that a header names has none, which shows as 0. */
static uint16_t client_port(const mc_view *view) {
  return mc_view_client(view).data == view->source.data ? view->source_port : 0;
}

static mc_slice value_of(const mc_format_segment *segment, const mc_format_context *context, char made[MADE]) {
  const mc_view *view = context->view;
  mc_slice value;
  switch (segment->op) {
    case MC_FORMAT_LITERAL:
      return segment->text;
    case MC_FORMAT_REQ:
      return named_header(segment, context);
    case MC_FORMAT_REQ_WITHOUT_QUERY:
      value = named_header(segment, context);
      return value.data ? mc_slice_head(value, mc_slice_find(value, 0, '?')) : value;
    case MC_FORMAT_RESP:
      value = response_header(context, segment->text, made);
      if (!value.data && segment->alternative.size) value = response_header(context, segment->alternative, made);
      return value;
    case MC_FORMAT_PROTOCOL:
      return view->protocol;
    case MC_FORMAT_RESPONSE_CODE:
      return number(context->status, made);
    case MC_FORMAT_RESPONSE_CODE_DETAILS:
      return context->details;
    case MC_FORMAT_RESPONSE_FLAGS:
      return context->flags.size ? context->flags : MC_LITERAL("-");
    case MC_FORMAT_ROUTE_NAME:
      return context->route_name;
    case MC_FORMAT_UPSTREAM_CLUSTER:
      return context->cluster;
    case MC_FORMAT_UPSTREAM_HOST:
      return context->endpoint;
    case MC_FORMAT_UPSTREAM_HOST_WITHOUT_PORT:
      return without_port(context->endpoint);
    case MC_FORMAT_REMOTE_ADDRESS:
      return with_port(mc_view_client(view), client_port(view), made);
    case MC_FORMAT_REMOTE_ADDRESS_WITHOUT_PORT:
      return mc_view_client(view);
    case MC_FORMAT_DIRECT_REMOTE_ADDRESS:
      return with_port(view->source, view->source_port, made);
    case MC_FORMAT_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT:
      return view->source;
    case MC_FORMAT_LOCAL_ADDRESS:
      return with_port(view->local, view->port, made);
    case MC_FORMAT_LOCAL_ADDRESS_WITHOUT_PORT:
      return view->local;
    case MC_FORMAT_LOCAL_PORT:
      return view->port ? number(view->port, made) : MC_ABSENT;
    case MC_FORMAT_BYTES_RECEIVED:
      return bytes_received(context);
    case MC_FORMAT_ATTEMPT_COUNT:
      return number(context->attempts, made);
    case MC_FORMAT_REMOTE_PORT:
      return number(client_port(view), made);
    case MC_FORMAT_DIRECT_REMOTE_PORT:
      return number(view->source_port, made);
    case MC_FORMAT_UPSTREAM_PORT:
      return port_of(context->endpoint);
    case MC_FORMAT_UPSTREAM_NAME:
      return context->endpoint_hostname.size ? context->endpoint_hostname : context->endpoint;
    case MC_FORMAT_UPSTREAM_NAME_WITHOUT_PORT:
      return without_port(context->endpoint_hostname.size ? context->endpoint_hostname : context->endpoint);
    case MC_FORMAT_START_TIME:
      return mc_time_part(segment->text.data[0], view->unix_ns, made);
    case MC_FORMAT_RESPONSE_FLAGS_LONG: /* need room */
    case MC_FORMAT_QUERY_PARAMETER:
    case MC_FORMAT_EMPTY:
      return MC_ABSENT;
  }
  return MC_ABSENT;
}

static mc_code long_flags(const mc_format_context *context, mc_scratch *scratch, mc_slice *out) {
  *out = MC_LITERAL("-");
  if (!context->flag_bits) return MC_OK;
  char *text = mc_scratch_alloc(scratch, MC_FLAGS_LONG_TEXT);
  if (!text) return MC_NO_MEMORY;
  *out = mc_flags_long_text(context->flag_bits, text);
  return MC_OK;
}

static mc_code segment_text(const mc_format_segment *segment, const mc_format_context *context, mc_scratch *scratch,
                            char made[MADE], mc_slice *out) {
  mc_slice value;
  mc_code code = MC_OK;
  if (segment->op == MC_FORMAT_QUERY_PARAMETER) {
    code = query_parameter(context, segment->text, scratch, &value);
  } else if (segment->op == MC_FORMAT_RESPONSE_FLAGS_LONG) {
    code = long_flags(context, scratch, &value);
  } else {
    value = value_of(segment, context, made);
  }
  if (code) return code;
  if (segment->max_length >= 0 && value.size > (size_t)segment->max_length) value.size = (size_t)segment->max_length;
  *out = !value.data && context->dashes ? MC_LITERAL("-") : value;
  return MC_OK;
}

mc_code mc_format_write(const mc_format *format, const mc_format_context *context, mc_scratch *scratch,
                        mc_slice *out) {
  if (format->constant.data) {
    *out = format->constant;
    return MC_OK;
  }
  /* Twice over the segments, first for the size: values are found quickly, and nothing is copied twice. */
  char made[MADE];
  size_t size = 0;
  mc_slice value;
  for (uint32_t i = 0; i < format->count; i++) {
    mc_code code = segment_text(&format->segments[i], context, scratch, made, &value);
    if (code) return code;
    size += value.size;
  }
  *out = MC_LITERAL("");
  if (size == 0) return MC_OK;
  char *text = mc_scratch_alloc(scratch, size);
  if (!text) return MC_NO_MEMORY;
  *out = mc_slice_of(text, size);
  for (uint32_t i = 0; i < format->count; i++) {
    mc_code code = segment_text(&format->segments[i], context, scratch, made, &value);
    if (code) return code;
    if (value.size) memcpy(text, value.data, value.size);
    text += value.size;
  }
  return MC_OK;
}
