#include "edit/response.h"

#include "base/inlined.h"
#include "edit/bytes.h"
#include "edit/header_names.h"
#include "edit/view.h"

static mc_slice trim(mc_slice text) {
  while (text.size && (text.data[0] == ' ' || text.data[0] == '\t')) text = mc_slice_from(text, 1);
  while (text.size && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) text.size--;
  return text;
}

bool mc_view_is_grpc(const mc_view *view) {
  const mc_slice grpc = MC_LITERAL("application/grpc");
  mc_slice type = mc_view_header(view, MC_LITERAL("content-type"));
  return type.data && mc_slice_starts(type, grpc) && (type.size == grpc.size || type.data[grpc.size] == '+');
}

/* Headers that speak of one connection, or of framing. Hardly any line is one: most are not of such a size. */
static bool hop_by_hop(mc_slice name) {
#define OF_SIZE(literal) (UINT32_C(1) << (sizeof(literal) - 1))
  const uint32_t sizes = OF_SIZE("connection") | OF_SIZE("keep-alive") | OF_SIZE("proxy-connection") |
                         OF_SIZE("transfer-encoding") | OF_SIZE("upgrade");
#undef OF_SIZE
  if (name.size > 31 || !(sizes >> name.size & 1)) return false;
  switch (mc_header_id_of(name)) {
    case MC_HEADER_CONNECTION:
    case MC_HEADER_KEEP_ALIVE:
    case MC_HEADER_PROXY_CONNECTION:
    case MC_HEADER_TRANSFER_ENCODING:
    case MC_HEADER_UPGRADE:
      return true;
    default:
      return false;
  }
}

static bool lists_upgrade(mc_slice list) {
  for (size_t at = 0; at <= list.size;) {
    const size_t end = mc_slice_find(list, at, ',');
    if (mc_header_id_of(trim(mc_slice_of(list.data + at, end - at))) == MC_HEADER_UPGRADE) return true;
    at = end + 1;
  }
  return false;
}

/* Whether the upstream switches protocols, or says to which it would. */
static bool upgrades(const mc_answer *answer) {
  bool listed = false, named = false;
  for (uint32_t i = 0; i < answer->header_count; i++) {
    const mc_header *line = &answer->headers[i];
    const mc_header_id id = mc_header_id_of(line->name);
    named |= id == MC_HEADER_UPGRADE;
    listed |= id == MC_HEADER_CONNECTION && lists_upgrade(line->value);
  }
  return listed && named;
}

/* Of an answer that takes up, or turns down, an upgrade. */
static bool of_upgrade(mc_slice name) {
  const mc_header_id id = mc_header_id_of(name);
  return id == MC_HEADER_UPGRADE || id == MC_HEADER_CONNECTION;
}

/* The upstream's lines; those that could not be sent on are left out. */
static mc_code take_upstream(const mc_answer *answer, bool asked, mc_header_list *list) {
  const bool upgraded = asked && upgrades(answer);
  mc_code code = MC_OK;
  for (uint32_t i = 0; i < answer->header_count && !code; i++) {
    const mc_header *line = &answer->headers[i];
    if (line->name.size == 0 || !mc_bytes_all(line->name, MC_BYTE_TOKEN) || !mc_bytes_value_ok(line->value)) continue;
    if (hop_by_hop(line->name) && !(upgraded && of_upgrade(line->name))) continue;
    mc_slice value = trim(line->value);
    code = mc_header_list_take(list, line->name, value, value.size == line->value.size ? (int32_t)i : -1);
  }
  return code;
}

/* Whether it becomes one with a line before it. */
MC_SELDOM bool is_joined(const mc_header *headers, uint32_t i) {
  if (!mc_response_header_joined(headers[i].name)) return false;
  for (uint32_t k = 0; k < i; k++) {
    if (mc_slice_equal_fold(headers[k].name, headers[i].name)) return true;
  }
  return false;
}

/* Whether the line goes on beside those before it, of the sizes of whose names there is a bit each. */
static bool name_stays(const mc_header *headers, uint32_t i, uint64_t *sizes) {
  const mc_slice name = headers[i].name;
  if (name.size == 0 || hop_by_hop(name)) return false;
  if (!mc_bytes_plain(name) && !mc_bytes_all(name, MC_BYTE_TOKEN)) return false;
  const uint64_t bit = (uint64_t)1 << (name.size & 63), before = *sizes;
  *sizes |= bit;
  return !(before & bit) || !is_joined(headers, i);
}

bool mc_answer_lines_stay(const mc_header *headers, uint32_t count) {
  mc_scan scan = mc_scan_start();
  uint64_t sizes = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (!name_stays(headers, i, &sizes)) return false;
    mc_scan_take(&scan, headers[i].value.data, headers[i].value.size);
  }
  return !mc_scan_doubtful(&scan) && !mc_scan_doubtful_edges(&scan);
}

/* The gRPC status for an HTTP status, as gRPC's own table has it. */
static mc_slice grpc_status(uint16_t status) {
  switch (status) {
    case 400:
      return MC_LITERAL("13");
    case 401:
      return MC_LITERAL("16");
    case 403:
      return MC_LITERAL("7");
    case 404:
      return MC_LITERAL("12");
    case 429:
    case 502:
    case 503:
    case 504:
      return MC_LITERAL("14");
    default:
      return MC_LITERAL("2");
  }
}

/* Percent-encoding of "%" and of what is not printable ASCII, to which Envoy counts "~". */
static mc_code grpc_message(mc_slice body, mc_scratch *scratch, mc_slice *out) {
  static const char digits[] = "0123456789ABCDEF";
  char *text = mc_scratch_alloc(scratch, 3 * body.size);
  if (!text) return MC_NO_MEMORY;
  size_t size = 0;
  for (size_t i = 0; i < body.size; i++) {
    unsigned char c = (unsigned char)body.data[i];
    if (c >= 0x20 && c < 0x7e && c != '%') {
      text[size++] = (char)c;
      continue;
    }
    text[size++] = '%';
    text[size++] = digits[c >> 4];
    text[size++] = digits[c & 15];
  }
  *out = mc_slice_of(text, size);
  return MC_OK;
}

/* Our own answer to a gRPC client: the outcome goes into headers, where no edit has said another one, and there is no
 * body. A HEAD, which has none anyway, gets no message, as in Envoy. */
static mc_code to_grpc(mc_slice given, mc_slice method, mc_scratch *scratch, mc_header_list *list, uint16_t *status, mc_slice *body) {
  mc_slice message = MC_LITERAL("");
  mc_code code = mc_header_list_replace(list, MC_LITERAL("content-type"), MC_LITERAL("application/grpc"));
  const mc_header_line *edited = mc_header_list_find(list, MC_LITERAL("grpc-status"));
  if (!code && (!edited || !edited->value.size)) {
    code = mc_header_list_replace(list, MC_LITERAL("grpc-status"), given.data ? given : grpc_status(*status));
  }
  if (!code && body->size && !mc_slice_equal(method, MC_LITERAL("HEAD"))) {
    code = grpc_message(*body, scratch, &message);
    if (!code) code = mc_header_list_replace(list, MC_LITERAL("grpc-message"), message);
  }
  *status = 200;
  *body = MC_LITERAL("");
  return code;
}

/* The lines of our own answer. The details of a body come after the edits, as in Envoy. */
static mc_code finish_own(const mc_answer *answer, const mc_format_context *context, mc_scratch *scratch,
                          mc_header_list *list, uint16_t *status, mc_slice *body) {
  if (!answer->of_filter && mc_view_is_grpc(context->view)) {
    return to_grpc(answer->grpc_status, context->view->method, scratch, list, status, body);
  }
  const mc_slice name = MC_LITERAL("content-type");
  if (body->size == 0) {
    mc_header_list_remove(list, name);
    return MC_OK;
  }
  if (answer->content_type.data) return mc_header_list_replace(list, name, answer->content_type);
  if (mc_header_list_find(list, name)) return MC_OK;
  return mc_header_list_add(list, name, MC_LITERAL("text/plain"));
}

static mc_code append_via(mc_header_list *list, mc_slice via) {
  const mc_slice name = MC_LITERAL("via");
  const mc_header_line *old = mc_header_list_find(list, name);
  if (!old || !old->value.size) return mc_header_list_set(list, name, via);
  char *text = mc_scratch_alloc(list->scratch, old->value.size + 2 + via.size);
  if (!text) return MC_NO_MEMORY;
  size_t size = old->value.size;
  memcpy(text, old->value.data, size);
  memcpy(text + size, ", ", 2);
  memcpy(text + size + 2, via.data, via.size);
  return mc_header_list_set(list, name, mc_slice_of(text, size + 2 + via.size));
}

static bool reads_requests(const mc_answer *answer) {
  if (answer->weighted_edits && answer->weighted_edits->reads_request) return true;
  if (answer->filter_edits && answer->filter_edits->reads_request) return true;
  for (uint32_t i = 0; answer->chain && i < answer->chain->count; i++) {
    if (answer->chain->levels[i]->reads_request) return true;
  }
  return false;
}

/* The request as the filters leave it. */
static mc_code filtered_request(const mc_answer *answer, mc_format_context *context, mc_header_list *request,
                                mc_scratch *scratch) {
  context->request = request;
  const mc_format_context at = {.view = context->view, .request = request, .route_name = context->route_name, .cluster = context->cluster};
  mc_code code = mc_header_list_from_view(request, scratch, context->view);
  return code ? code : mc_filter_edits_apply(answer->request_edits, &at, request);
}

/* Envoy rewrites the request itself before it makes a Location of it. */
static mc_code redirected_request(const mc_answer *answer, mc_format_context *context, mc_header_list *request,
                                  mc_scratch *scratch) {
  const mc_path_rewrite *path = &answer->redirect->path;
  const mc_slice target = context->view->target;
  bool changed;
  if (path->kind == MC_REWRITE_NONE || path->kind == MC_REWRITE_FULL) return MC_OK;
  mc_code code = mc_path_rewrite_apply(path, target, scratch, &context->target, &changed);
  if (code || !changed) return code;
  if (!context->request) code = filtered_request(answer, context, request, scratch);
  if (code || (answer->options && answer->options->suppress_envoy_headers)) return code;
  return mc_header_list_replace(request, MC_LITERAL("x-envoy-original-path"), target);
}

/* What the formats of a response's edits speak of. */
static mc_code prepare_context(const mc_answer *answer, mc_format_context *context, mc_header_list *request,
                               mc_scratch *scratch) {
  if (answer->own) context->status = 0; /* Envoy knows of none yet, when it edits an answer of its own */
  if (!reads_requests(answer) && !answer->request_id_edited) return MC_OK;
  if (answer->forwarding) {
    context->request = request;
    return mc_upstream_request_make(answer->forwarding, scratch, &context->target, &context->authority, request);
  }
  mc_code code = answer->request_edits ? filtered_request(answer, context, request, scratch) : MC_OK;
  return code || !answer->redirect ? code : redirected_request(answer, context, request, scratch);
}

/* The id that the answer tells; absent: none. */
static mc_slice told_id(const mc_answer *answer, const mc_header_list *request) {
  if (!answer->request_id_edited) return answer->request_id;
  const bool asked = mc_header_list_find(request, MC_LITERAL("x-envoy-force-trace")) != NULL;
  if (!asked && !answer->options->always_set_request_id_in_response) return MC_ABSENT;
  const mc_header_line *line = mc_header_list_find(request, MC_LITERAL("x-request-id"));
  return line ? line->value : MC_ABSENT;
}

/* Room for what is added without growing. */
enum { SPARE = 12 };

mc_code mc_answer_make(const mc_answer *answer, mc_format_context *context, mc_scratch *scratch,
                       mc_header_list *headers, uint16_t *status, mc_slice *body) {
  *status = answer->status;
  *body = answer->own && answer->body.data ? answer->body : MC_LITERAL("");
  mc_header_list request;
  mc_code code = prepare_context(answer, context, &request, scratch);
  if (!code) code = mc_header_list_init(headers, scratch, answer->header_count + SPARE);
  if (code) return code;
  headers->response = true;
  context->response = headers;
  context->answered = answer->status;
  if (!answer->own) {
    code = take_upstream(answer, context->view->upgrade.data != NULL, headers);
  } else if (answer->location.data) {
    code = mc_header_list_add(headers, MC_LITERAL("location"), answer->location);
  }
  for (uint32_t i = 0; i < answer->cookie_count && !code; i++) {
    code = mc_header_list_add(headers, MC_LITERAL("set-cookie"), answer->cookies[i]);
  }
  if (!code && !mc_edits_empty(answer->weighted_edits)) code = mc_edits_apply(answer->weighted_edits, context, headers);
  if (!code && answer->chain) code = mc_edit_chain_apply(answer->chain, context, headers);
  if (!code && !mc_edits_empty(answer->filter_edits)) {
    mc_format_context filter = *context;
    filter.response = NULL; /* Envoy's filters show it to no format */
    code = mc_edits_apply(answer->filter_edits, &filter, headers);
  }
  for (uint32_t i = 0; i < answer->late_cookie_count && !code; i++) {
    code = mc_header_list_add(headers, MC_LITERAL("set-cookie"), answer->late_cookies[i]);
  }
  if (!code && answer->own) code = finish_own(answer, context, scratch, headers, status, body);
  if (!code && answer->overload.data) code = mc_header_list_add(headers, answer->overload, MC_LITERAL("true"));
  for (uint32_t i = 0; i < answer->beside_count && !code; i++) {
    code = mc_header_list_add(headers, answer->beside[i].name, answer->beside[i].value);
  }
  for (uint32_t i = 0; i < answer->set_count && !code; i++) {
    code = mc_header_list_replace(headers, answer->set[i].name, answer->set[i].value);
  }
  const mc_slice id = told_id(answer, &request);
  if (!code && id.data) code = mc_header_list_replace(headers, MC_LITERAL("x-request-id"), id);
  if (!code && answer->session) {
    code = (answer->session_beside ? mc_header_list_add : mc_header_list_set)(headers, answer->session->name,
                                                                              answer->session->value);
  }
  if (!code && answer->options && answer->options->via.size) code = append_via(headers, answer->options->via);
  return code;
}
