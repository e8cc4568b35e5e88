/* What the tests of the edit modules share: a view made of a few words. */
#ifndef MC_EDIT_SUPPORT_H
#define MC_EDIT_SUPPORT_H

#include "check.h"

#include "base/arena.h"
#include "base/slice.h"
#include "edit/format.h"
#include "edit/header_list.h"
#include "edit/header_names.h"
#include "edit/view.h"

static inline mc_slice text_of(const char *s) { return s ? mc_slice_of(s, strlen(s)) : MC_ABSENT; }

/* rows: "name: value" strings, the last NULL. */
static inline uint32_t headers_of(const char *const *rows, mc_header *headers) {
  uint32_t count = 0;
  for (; rows && *rows; rows++) {
    const char *colon = strstr(*rows, ": ");
    headers[count].name = mc_slice_of(*rows, (size_t)(colon - *rows));
    headers[count++].value = text_of(colon + 2);
  }
  return count;
}

#define ROWS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* mc_view_make with the names that every snapshot marks. Of the view any line may be asked for. */
static inline mc_code view_make(const mc_request *request, const mc_http_options *options, mc_scratch *scratch, mc_view *view,
                                mc_refusal *refusal) {
  mc_slots *names = mc_slots_new();
  mc_code code = names ? mc_header_names_mark(names) : MC_NO_MEMORY;
  if (!code) code = mc_view_make(request, options, names, scratch, view, refusal);
  mc_slots_free(names);
  view->unasked[0] = view->unasked[1] = 0;
  view->has_slots = false;
  return code;
}

/* A request from 127.0.0.1 over plain HTTP. The headers must stay as long as the view. */
static inline void view_of(mc_view *view, mc_scratch *scratch, const char *authority, const char *target,
                           mc_header *headers, const char *const *rows) {
  static const mc_http_options options = {0};
  mc_request request = {.method = MC_LITERAL("GET"),
                        .authority = text_of(authority),
                        .target = text_of(target),
                        .scheme = MC_LITERAL("http"),
                        .protocol = MC_LITERAL("HTTP/1.1"),
                        .source = MC_LITERAL("127.0.0.1"),
                        .source_port = 4321,
                        .local = MC_LITERAL("127.0.0.1"),
                        .port = 10000,
                        .headers = headers,
                        .header_count = headers_of(rows, headers)};
  mc_refusal refusal;
  CHECK_INT(view_make(&request, &options, scratch, view, &refusal), MC_OK);
}

/* Segments of a format, written down briefly. */
#define TEXT(s) {MC_FORMAT_LITERAL, MC_LITERAL(s), {NULL, 0}, -1}
#define REQ(s) {MC_FORMAT_REQ, MC_LITERAL(s), {NULL, 0}, -1}
#define OP(op) {op, {NULL, 0}, {NULL, 0}, -1}
#define FORMAT(...)                                                                 \
  {(const mc_format_segment[]){__VA_ARGS__},                                        \
   sizeof((const mc_format_segment[]){__VA_ARGS__}) / sizeof(mc_format_segment)}

/* A list as "name: value|name: value", for comparison. */
static inline mc_slice list_text(const mc_header_list *list, char *out) {
  size_t size = 0;
  for (uint32_t i = 0; i < list->count; i++) {
    const mc_header_line *line = &list->lines[i];
    if (i) out[size++] = '|';
    for (size_t k = 0; k < line->name.size; k++) out[size++] = line->name.data[k];
    out[size++] = ':';
    out[size++] = ' ';
    for (size_t k = 0; k < line->value.size; k++) out[size++] = line->value.data[k];
  }
  return mc_slice_of(out, size);
}

#endif
