/* Any bytes as a request: the view must be refused or well-formed, and so must what the upstream gets.
 *
 * Input: two bytes of options, then lines: the target, the authority ("-" for none), and headers
 * ("name: value"; a line without a colon is a name with no value). */
#include <stdlib.h>

#include "base/arena.h"
#include "base/slice.h"
#include "edit/header_names.h"
#include "edit/upstream_request.h"
#include "edit/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds) {
  if (!holds) abort();
}

static mc_slice next_line(mc_slice *rest) {
  size_t end = mc_slice_find(*rest, 0, '\n');
  mc_slice line = mc_slice_head(*rest, end);
  *rest = mc_slice_from(*rest, end < rest->size ? end + 1 : end);
  return line;
}

static void check_text(mc_slice text, bool printable) {
  for (size_t i = 0; i < text.size; i++) {
    unsigned char c = (unsigned char)text.data[i];
    demand(c != 0 && c != '\r' && c != '\n');
    if (printable) demand(c > 0x20 && c < 0x7f);
  }
}

static void check_view(const mc_view *view) {
  check_text(view->target, true);
  check_text(view->authority, true);
  demand(view->target.size == 0 || view->target.data[0] == '/');
  demand(view->path.data == view->target.data);
  demand(view->path.size + (view->query.data ? view->query.size + 1 : 0) == view->target.size);
  demand(view->added_count <= MC_VIEW_ADDED && view->header_count <= MC_MAX_HEADER_COUNT);
  const mc_header *line;
  for (size_t at = 0; mc_view_next(view, &at, &line);) {
    demand(line->name.size > 0);
    check_text(line->name, true);
    check_text(line->value, false);
    demand(!mc_slice_equal_fold(line->name, MC_LITERAL("host")));
  }
}

static void check_upstream(const mc_view *view, const mc_http_options *options) {
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  const mc_path_rewrite path = {.kind = MC_REWRITE_PREFIX, .matched_kind = MC_PATH_PREFIX, .matched_size = 3, .text = MC_LITERAL("/x")};
  const mc_forwarding forwarding = {.view = view, .options = options, .path = &path, .router = {.expected_ms = 1}};
  mc_header_list list;
  mc_slice target, authority;
  if (mc_upstream_request_make(&forwarding, &scratch, &target, &authority, &list) == MC_OK) {
    check_text(target, true);
    for (uint32_t i = 0; i < list.count; i++) check_text(list.lines[i].value, false);
  }
  mc_scratch_reset(&scratch);
}

static const mc_slots *known_names(void) {
  static mc_slots *names;
  uint16_t slot;
  if (names) return names;
  names = mc_slots_new();
  demand(names && !mc_header_names_mark(names) && !mc_slots_add(names, MC_LITERAL("x-user"), &slot));
  return names;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  const mc_http_options options = {
      .normalize_path = data[0] & 1,
      .merge_slashes = data[0] >> 1 & 1,
      .escaped_slashes = (mc_escaped_slashes)(data[0] >> 2 & 3),
      .strip_matching_host_port = data[0] >> 4 & 1,
      .strip_any_host_port = data[0] >> 5 & 1,
      .strip_trailing_host_dot = data[0] >> 6 & 1,
      .append_x_forwarded_port = data[0] >> 7 & 1,
      .use_remote_address = data[1] & 1,
      .skip_xff_append = data[1] >> 1 & 1,
      .has_internal_cidrs = data[1] >> 2 & 1,
      .xff_num_trusted_hops = data[1] >> 3 & 3,
      .via = data[1] >> 5 & 1 ? MC_LITERAL("v") : MC_ABSENT,
      .suppress_envoy_headers = data[1] >> 6 & 1,
  };
  mc_slice rest = mc_slice_of((const char *)data + 2, size - 2);
  mc_slice target = next_line(&rest), authority = next_line(&rest);
  static mc_header headers[128];
  uint32_t count = 0;
  while (rest.size && count < 128) {
    mc_slice line = next_line(&rest);
    size_t colon = mc_slice_find(line, 0, ':');
    headers[count].name = mc_slice_head(line, colon);
    headers[count++].value = colon < line.size ? mc_slice_from(line, colon + 1) : MC_ABSENT;
  }
  const mc_request request = {.method = data[1] >> 7 ? MC_LITERAL("CONNECT") : MC_LITERAL("GET"),
                              .authority = mc_slice_equal(authority, MC_LITERAL("-")) ? MC_ABSENT : authority,
                              .target = target,
                              .scheme = MC_LITERAL("http"),
                              .protocol = MC_LITERAL("HTTP/1.1"),
                              .source = MC_LITERAL("127.0.0.1"),
                              .local = MC_LITERAL("10.0.0.1"),
                              .port = 80,
                              .headers = headers,
                              .header_count = count};
  mc_scratch scratch;
  mc_view view;
  mc_refusal refusal;
  mc_scratch_init(&scratch);
  mc_code code = mc_view_make(&request, &options, known_names(), &scratch, &view, &refusal);
  if (code == MC_OK) {
    check_view(&view);
    check_upstream(&view, &options);
  } else if (code == MC_INVALID) {
    demand(refusal.status >= 300 && refusal.details != MC_DETAILS_NONE);
    if (refusal.location.data) check_text(refusal.location, true);
  }
  mc_scratch_reset(&scratch);
  return 0;
}
