#include "edit/view.h"

#include "edit/address.h"
#include "edit/bytes.h"
#include "edit/lines.h"
#include "edit/path.h"
#include "edit/request_id.h"
#include "edit/target.h"
#include "edit/trust.h"

/* Envoy's connection manager refuses what is understood but not wanted; all else its parser does, which
 * puts the status in words into the body. */
static mc_code refuse(mc_refusal *refusal, mc_details details) {
  *refusal = (mc_refusal){.status = 400, .details = details, .location = MC_ABSENT, .body = MC_LITERAL("")};
  switch (details) {
    case MC_DETAILS_ABSOLUTE_PATH_REJECTED:
    case MC_DETAILS_ROUTE_NOT_FOUND:
      refusal->status = 404;
      refusal->parsed = true;
      break;
    case MC_DETAILS_PATH_NORMALIZATION_FAILED:
    case MC_DETAILS_MISSING_HOST_HEADER:
      refusal->parsed = true;
      break;
    case MC_DETAILS_TOO_MANY_HEADERS:
    case MC_DETAILS_HEADERS_TOO_LARGE:
      refusal->status = 431;
      refusal->body = MC_LITERAL("Request Header Fields Too Large");
      break;
    case MC_DETAILS_HTTPS_URL_ON_PLAINTEXT:
      refusal->status = 403;
      refusal->body = MC_LITERAL("Forbidden");
      break;
    case MC_DETAILS_INVALID_TRANSFER_ENCODING:
      refusal->status = 501;
      refusal->body = MC_LITERAL("Not Implemented");
      break;
    default:
      refusal->body = MC_LITERAL("Bad Request");
      break;
  }
  return MC_INVALID;
}

static void add(mc_view *view, mc_slice name, mc_slice value) {
  view->added[view->added_count++] = (mc_header){name, value};
}

/* Gives the view header lines of its own, so that they can be changed. */
static bool own_lines(mc_view *view, const mc_lines *lines, mc_scratch *scratch) {
  if (view->headers != lines->headers) return true;
  mc_header *headers = mc_scratch_alloc(scratch, view->header_count * sizeof *headers);
  int32_t *sources = mc_scratch_alloc(scratch, view->header_count * sizeof *sources);
  if (!headers || !sources) return false;
  memcpy(headers, lines->headers, view->header_count * sizeof *headers);
  for (uint32_t i = 0; i < view->header_count; i++) sources[i] = lines->sources ? lines->sources[i] : (int32_t)i;
  view->headers = headers;
  view->sources = sources;
  return true;
}

/* Sets a header, in the place where it is. */
static bool put(mc_view *view, const mc_lines *lines, mc_header_id id, mc_slice name, mc_slice value,
                mc_scratch *scratch) {
  const int at = lines->at[id];
  if (at < 0) {
    add(view, name, value);
    return true;
  }
  if (!own_lines(view, lines, scratch)) return false;
  /* Both arrays are the view's own by now; it shows them as constant to everyone else. */
  ((mc_header *)view->headers)[at].value = value;
  ((int32_t *)view->sources)[at] = -1;
  return true;
}

/* Adds a value to what there is of a header. */
static bool extend(mc_view *view, const mc_lines *lines, mc_header_id id, mc_slice name, mc_slice separator,
                   mc_slice value, mc_scratch *scratch) {
  mc_slice old = mc_lines_value(lines, id);
  if (old.size) {
    char *text = mc_scratch_alloc(scratch, old.size + separator.size + value.size);
    if (!text) return false;
    memcpy(text, old.data, old.size);
    memcpy(text + old.size, separator.data, separator.size);
    memcpy(text + old.size + separator.size, value.data, value.size);
    value = mc_slice_of(text, old.size + separator.size + value.size);
  }
  return put(view, lines, id, name, value, scratch);
}

static mc_slice port_text(uint16_t port, mc_scratch *scratch) {
  char digits[5];
  size_t size = 0;
  do {
    digits[sizeof digits - ++size] = (char)('0' + port % 10);
    port /= 10;
  } while (port);
  char *text = mc_scratch_alloc(scratch, size);
  if (!text) return MC_ABSENT;
  memcpy(text, digits + sizeof digits - size, size);
  return mc_slice_of(text, size);
}

static mc_slice connection_scheme(const mc_view *view) {
  return view->tls ? MC_LITERAL("https") : MC_LITERAL("http");
}

/* Nobody in front of us is trusted to know more of the client than its connection tells. */
static bool is_edge(const mc_http_options *options) {
  return options->use_remote_address && options->xff_num_trusted_hops == 0;
}

/* x-forwarded-for, -proto and -port, where the peer is not trusted to have set them. */
static mc_code forwarded(const mc_request *request, const mc_http_options *options, const mc_lines *lines,
                         mc_scratch *scratch, mc_view *view) {
  const bool remote = options->use_remote_address;
  if (remote && !options->skip_xff_append && request->source.data) {
    /* Envoy names itself in place of a client on its own host. */
    mc_address peer;
    bool loopback = mc_address_parse(request->source, &peer) && mc_address_is_loopback(&peer);
    mc_slice address = loopback && request->local.data ? request->local : request->source;
    if (!extend(view, lines, MC_HEADER_FORWARDED_FOR, MC_LITERAL("x-forwarded-for"), MC_LITERAL(","), address, scratch)) {
      return MC_NO_MEMORY;
    }
  }
  const bool untrusted = is_edge(options);
  const mc_slice old = mc_lines_value(lines, MC_HEADER_FORWARDED_PROTO);
  mc_slice proto = !old.data || untrusted ? connection_scheme(view) : old;
  if (options->scheme_to_overwrite.data) proto = options->scheme_to_overwrite;
  const bool same = old.data && (old.data == proto.data || mc_slice_equal(old, proto));
  if (!same &&
      !put(view, lines, MC_HEADER_FORWARDED_PROTO, MC_LITERAL("x-forwarded-proto"), proto, scratch)) {
    return MC_NO_MEMORY;
  }
  view->forwarded_proto = proto;
  if (options->append_x_forwarded_port && request->port &&
      (untrusted || !mc_lines_have(lines, MC_HEADER_FORWARDED_PORT))) {
    mc_slice port = port_text(request->port, scratch);
    if (!port.data ||
        !put(view, lines, MC_HEADER_FORWARDED_PORT, MC_LITERAL("x-forwarded-port"), port, scratch)) {
      return MC_NO_MEMORY;
    }
  }
  return MC_OK;
}

static void hide_internal_only(const mc_http_options *options, mc_view *view) {
  for (uint32_t i = 0; i < view->header_count; i++) {
    for (uint32_t k = 0; k < options->internal_only_count; k++) {
      if (mc_slice_equal_fold(view->headers[i].name, options->internal_only[k])) mc_mask_set(view->hidden, i);
    }
  }
}

/* Envoy's own headers: who is internal may use them, who is not may not. */
static mc_code control(const mc_http_options *options, const mc_lines *lines, mc_scratch *scratch, mc_view *view) {
  if (view->internal) {
    add(view, MC_LITERAL("x-envoy-internal"), MC_LITERAL("true"));
  } else {
    view->hidden[0] |= lines->trusted[0];
    view->hidden[1] |= lines->trusted[1];
    if (options->use_remote_address) {
      view->hidden[0] |= lines->edge[0];
      view->hidden[1] |= lines->edge[1];
    }
    if (options->internal_only_count) hide_internal_only(options, view);
  }
  if (options->via.size &&
      !extend(view, lines, MC_HEADER_VIA, MC_LITERAL("via"), MC_LITERAL(", "), options->via, scratch)) {
    return MC_NO_MEMORY;
  }
  if (options->use_remote_address && !view->internal && view->client.data &&
      !put(view, lines, MC_HEADER_ENVOY_EXTERNAL_ADDRESS, MC_LITERAL("x-envoy-external-address"), view->client,
           scratch)) {
    return MC_NO_MEMORY;
  }
  return MC_OK;
}

static bool is_hidden(const mc_view *view, int at) { return view->hidden[at >> 6] >> (at & 63) & 1; }

/* A request gets an id where it has none, or where it comes from outside. */
static bool settle_request_id(const mc_request *request, const mc_http_options *options, const mc_lines *lines,
                              mc_scratch *scratch, mc_view *view) {
  const mc_slice name = MC_LITERAL("x-request-id");
  const int at = lines->at[MC_HEADER_REQUEST_ID];
  mc_slice id = at >= 0 && !is_hidden(view, at) ? lines->headers[at].value : MC_ABSENT;
  const bool edge = options->use_remote_address && !view->internal;
  const bool keep = !options->generate_request_id || (id.size && (!edge || options->preserve_external_request_id));
  /* Strangers may keep their ids, but not say why they are traced. */
  const bool cleaned = edge && options->preserve_external_request_id && options->generate_request_id && !options->keep_trace_reason;
  view->request_id = id;
  view->owns_request_id = view->made_request_id = false;
  if (keep && (id.size != MC_UUID_TEXT || !cleaned)) return true;
  char *text = mc_scratch_alloc(scratch, MC_UUID_TEXT);
  if (!text) return false;
  if (keep) {
    memcpy(text, id.data, MC_UUID_TEXT);
    if (cleaned) text[MC_TRACE_REASON_AT] = '4';
  } else {
    uint64_t own[MC_REQUEST_IDS];
    const uint64_t *numbers = mc_request_numbers(request, own);
    mc_uuid_write(numbers, text);
    view->made_request_id = true;
    view->made_number = (uint32_t)(*numbers >> 32);
  }
  view->request_id = mc_slice_of(text, MC_UUID_TEXT);
  view->owns_request_id = true;
  if (id.data) return put(view, lines, MC_HEADER_REQUEST_ID, name, view->request_id, scratch);
  add(view, name, view->request_id);
  return true;
}

/* The scheme: what the config overwrites it with, what an absolute target says, what
 * x-forwarded-proto says where that is one of the two, or that of the connection. */
static mc_slice settle_scheme(const mc_view *view, const mc_target *target, const mc_http_options *options) {
  if (options->scheme_to_overwrite.data) return options->scheme_to_overwrite;
  if (target->scheme.data) return target->scheme;
  const mc_slice proto = view->forwarded_proto;
  if (MC_IS(proto, "http") || MC_IS(proto, "https")) return proto;
  if (mc_slice_equal_fold(view->forwarded_proto, MC_LITERAL("https"))) return MC_LITERAL("https");
  if (mc_slice_equal_fold(view->forwarded_proto, MC_LITERAL("http"))) return MC_LITERAL("http");
  return connection_scheme(view);
}

/* Decimal digits of a number below 2^64. */
static bool is_length(mc_slice text) {
  uint64_t value = 0;
  for (size_t i = 0; i < text.size; i++) {
    unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
    if (digit > 9 || value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  return text.size > 0;
}

/* False: the request is refused for one. */
static bool settle_underscores(mc_underscores underscores, mc_lines *lines) {
  for (uint32_t i = 0; i < lines->count; i++) {
    const mc_slice name = lines->headers[i].name;
    if (mc_slice_find(name, 0, '_') == name.size) continue;
    if (underscores == MC_UNDERSCORES_REJECT) return false;
    mc_mask_set(lines->hidden, i);
  }
  return true;
}

/* Body framing that cannot be relied upon. */
static mc_details framing(const mc_lines *lines, bool connect) {
  mc_slice length = mc_lines_value(lines, MC_HEADER_CONTENT_LENGTH);
  if (length.data && !is_length(length)) return MC_DETAILS_CODEC_ERROR;
  mc_slice coding = mc_lines_value(lines, MC_HEADER_TRANSFER_ENCODING);
  if (connect && length.data && !mc_slice_equal(length, MC_LITERAL("0"))) return MC_DETAILS_BODY_DISALLOWED;
  if (!coding.data) return MC_DETAILS_NONE;
  if (connect || !mc_slice_equal_fold(coding, MC_LITERAL("chunked"))) return MC_DETAILS_INVALID_TRANSFER_ENCODING;
  return mc_lines_have(lines, MC_HEADER_CONTENT_LENGTH) ? MC_DETAILS_LENGTH_AND_CHUNKED : MC_DETAILS_NONE;
}

/* Where the request goes: authority, then target. */
static mc_code address(const mc_request *request, const mc_http_options *options, const mc_lines *lines,
                       const mc_target *target, mc_details target_details, mc_scratch *scratch, mc_view *view,
                       mc_refusal *refusal) {
  mc_slice authority = target->authority;
  if (!authority.data) authority = request->authority.data ? request->authority : mc_lines_value(lines, MC_HEADER_HOST);
  if (!authority.data) return refuse(refusal, MC_DETAILS_MISSING_HOST_HEADER);
  if (!mc_authority_ok(authority)) return refuse(refusal, MC_DETAILS_INVALID_AUTHORITY);
  if (target_details) return refuse(refusal, target_details);
  const bool connect = !target->target.data;
  bool ok = true;
  uint16_t port_size;
  view->authority = mc_authority_strip(authority, options, request->port, scratch, &port_size, &ok);
  if (!ok) return MC_NO_MEMORY;
  view->port_aside = connect ? port_size : 0;
  view->target = connect ? MC_LITERAL("") : target->target;
  size_t path_size = target->path_size;
  if (!connect && (options->normalize_path || options->merge_slashes || options->escaped_slashes != MC_SLASHES_KEEP)) {
    mc_path_result result =
        mc_path_normalise(target->target, target->path_size, options, scratch, &view->target, &path_size);
    if (result == MC_PATH_NO_MEMORY) return MC_NO_MEMORY;
    if (result == MC_PATH_REFUSED) return refuse(refusal, MC_DETAILS_PATH_NORMALIZATION_FAILED);
    if (result == MC_PATH_REDIRECT) {
      refuse(refusal, MC_DETAILS_PATH_NORMALIZATION_FAILED);
      refusal->status = 307;
      refusal->location = view->target;
      return MC_INVALID;
    }
  }
  view->path = mc_slice_head(view->target, path_size);
  view->query = path_size < view->target.size ? mc_slice_from(view->target, path_size + 1) : MC_ABSENT;
  return MC_OK;
}

static bool method_ok(mc_slice method) {
  return MC_IS(method, "GET") || MC_IS(method, "POST") || (method.size && mc_bytes_all(method, MC_BYTE_TOKEN));
}

mc_code mc_view_make(const mc_request *request, const mc_http_options *options, const mc_slots *names,
                     mc_scratch *scratch, mc_view *view, mc_refusal *refusal) {
  mc_lines lines;
  mc_details details;
  if (!method_ok(request->method)) {
    return refuse(refusal, MC_DETAILS_CODEC_ERROR);
  }
  mc_target target;
  mc_details target_details = mc_target_parse(request->method, request->target, &target);
  /* What the parser of a connection refuses comes before what is found in a well-formed request. */
  bool late = target_details == MC_DETAILS_ABSOLUTE_PATH_REJECTED ||
              target_details == MC_DETAILS_PATH_NORMALIZATION_FAILED;
  if (target_details && !late) return refuse(refusal, target_details);
  view->tls = MC_IS(request->scheme, "https");
  if (!view->tls && MC_IS(target.scheme, "https") && is_edge(options)) {
    return refuse(refusal, MC_DETAILS_HTTPS_URL_ON_PLAINTEXT);
  }
  mc_code code = mc_lines_read(request, names, scratch, view->line_slots, &lines, &details);
  if (code == MC_INVALID) return refuse(refusal, details);
  if (code != MC_OK) return code;
  if (options->underscores && !settle_underscores(options->underscores, &lines)) {
    return refuse(refusal, MC_DETAILS_UNEXPECTED_UNDERSCORE);
  }
  const bool connect = MC_IS(request->method, "CONNECT");
  details = framing(&lines, connect);
  if (details) return refuse(refusal, details);
  bool trailers = false;
  details = mc_lines_connection(&lines, connect, &view->upgrade);
  if (details) return refuse(refusal, details);
  if (!view->upgrade.data) mc_lines_te(&lines, &trailers); /* that of an upgrade stays as it is */
  const int expect = lines.at[MC_HEADER_EXPECT];
  /* Who serves the connection has told the client to go on. */
  if (expect >= 0 && mc_slice_equal_fold(lines.headers[expect].value, MC_LITERAL("100-continue"))) {
    mc_mask_set(lines.hidden, (size_t)expect);
  }

  view->method = request->method;
  view->protocol = request->protocol;
  view->source = request->source;
  view->source_port = request->source_port;
  view->unix_ns = request->unix_ns;
  view->local = request->local;
  view->port = request->port;
  code = address(request, options, &lines, &target, target_details, scratch, view, refusal);
  if (code != MC_OK) return code;

  view->headers = lines.headers;
  view->sources = lines.sources;
  view->header_count = lines.count;
  memcpy(view->hidden, lines.hidden, sizeof view->hidden);
  view->unasked[0] = ~lines.asked[0];
  view->unasked[1] = ~lines.asked[1];
  view->has_slots = true;
  view->wishes_trace = lines.trusted[0] | lines.trusted[1] | lines.edge[0] | lines.edge[1] ||
                       mc_lines_have(&lines, MC_HEADER_CLIENT_TRACE_ID);
  view->added_count = 0;
  view->request_id = MC_ABSENT;
  if (trailers && !put(view, &lines, MC_HEADER_TE, MC_LITERAL("te"), MC_LITERAL("trailers"), scratch)) return MC_NO_MEMORY;
  code = mc_trust_decide(request, mc_lines_value(&lines, MC_HEADER_FORWARDED_FOR), options, scratch, view);
  if (code != MC_OK) return code;
  code = forwarded(request, options, &lines, scratch, view);
  if (code != MC_OK) return code;
  /* Envoy finds no route for a request that says of itself to have come by no protocol. */
  if (view->forwarded_proto.size == 0) return refuse(refusal, MC_DETAILS_ROUTE_NOT_FOUND);
  view->scheme = settle_scheme(view, &target, options);
  code = control(options, &lines, scratch, view);
  if (code || !mc_request_id_minded(options)) return code;
  return settle_request_id(request, options, &lines, scratch, view) ? MC_OK : MC_NO_MEMORY;
}

char *mc_view_own_request_id(mc_view *view, mc_scratch *scratch) {
  if (view->owns_request_id) return (char *)view->request_id.data;
  const mc_slice id = view->request_id;
  const mc_lines lines = {.headers = view->headers, .sources = view->sources};
  char *text = mc_scratch_alloc(scratch, id.size);
  if (!text || (!view->sources && !own_lines(view, &lines, scratch))) return NULL;
  memcpy(text, id.data, id.size);
  uint32_t at = 0;
  while (view->headers[at].value.data != id.data) at++;
  ((mc_header *)view->headers)[at].value.data = text;
  ((int32_t *)view->sources)[at] = -1;
  view->request_id.data = text;
  view->owns_request_id = true;
  return text;
}

mc_slice mc_view_header(const mc_view *view, mc_slice name) {
  if (name.size && name.data[0] == ':') {
    if (mc_slice_equal(name, MC_LITERAL(":method"))) return view->method;
    if (mc_slice_equal(name, MC_LITERAL(":path"))) return view->target;
    if (mc_slice_equal(name, MC_LITERAL(":scheme"))) return view->scheme;
    if (mc_slice_equal(name, MC_LITERAL(":authority"))) return view->authority;
    return MC_ABSENT;
  }
  if (mc_slice_equal(name, MC_LITERAL("host"))) return view->authority;
  const mc_header *line;
  for (size_t at = 0; mc_view_next(view, &at, &line);) {
    if (mc_slice_equal_fold(line->name, name)) {
      return line->value.data ? line->value : MC_LITERAL("");
    }
  }
  return MC_ABSENT;
}
