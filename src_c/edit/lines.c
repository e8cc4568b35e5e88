#include "edit/lines.h"

#include "edit/bytes.h"
#include "edit/header_id.h"

static bool blank(char c) { return c == ' ' || c == '\t'; }

#define ID(id) (UINT32_C(1) << MC_HEADER_##id)

/* Notes what a line is to us: neither nothing special nor just joined. */
static inline void note(mc_lines *out, mc_header_id id, uint32_t i) {
  const uint32_t hidden = ID(HOST) | ID(KEEP_ALIVE) | ID(PROXY_CONNECTION) | ID(TRANSFER_ENCODING) |
                          ID(FORWARDED_CLIENT_CERT) | ID(ENVOY_INTERNAL) | ID(CONNECTION) | ID(UPGRADE);
  const uint32_t trusted = ID(ENVOY_CONTROL) | ID(ENVOY_TRUSTED) | ID(ENVOY_EXPECTED_TIMEOUT);
  const uint32_t nameless = ID(ENVOY_CONTROL) | ID(ENVOY_TRUSTED) | ID(ENVOY_EDGE); /* many names have the id */
  const uint32_t bit = UINT32_C(1) << id;
  if (bit & hidden) mc_mask_set(out->hidden, i);
  if (!(bit & nameless)) out->at[id] = (int16_t)i;
  if (bit & trusted) mc_mask_set(out->trusted, i);
  if (id == MC_HEADER_ENVOY_EDGE) mc_mask_set(out->edge, i);
}

static void reset(mc_lines *out, const mc_header *headers, uint32_t count) {
  out->headers = headers;
  out->sources = NULL;
  out->count = count;
  memset(out->hidden, 0, sizeof out->hidden);
  memset(out->trusted, 0, sizeof out->trusted);
  memset(out->edge, 0, sizeof out->edge);
  memset(out->asked, 0, sizeof out->asked);
  memset(out->at, 0xff, sizeof out->at);
  out->te_named = false;
}

static mc_slice trim(mc_slice value) {
  while (value.size && blank(value.data[0])) value = mc_slice_from(value, 1);
  while (value.size && blank(value.data[value.size - 1])) value.size--;
  return value;
}

/* One value of all lines of the name that have one, from `first` on; sources of later lines become -2:
 * dropped. */
static bool join(mc_header *copy, int32_t *sources, uint32_t first, uint32_t count, mc_scratch *scratch) {
  size_t size = 0;
  uint32_t lines = 0;
  const mc_slice name = copy[first].name;
  for (uint32_t i = first; i < count; i++) {
    if (sources[i] != -2 && mc_slice_equal_fold(copy[i].name, name)) {
      size += copy[i].value.size + 1;
      lines++;
    }
  }
  if (lines < 2) return true;
  char *text = mc_scratch_alloc(scratch, size);
  if (!text) return false;
  size_t at = 0;
  for (uint32_t i = first; i < count; i++) {
    if (sources[i] == -2 || !mc_slice_equal_fold(copy[i].name, name)) continue;
    if (i > first) sources[i] = -2;
    if (copy[i].value.size == 0) continue;
    if (at > 0) text[at++] = ',';
    memcpy(text + at, copy[i].value.data, copy[i].value.size);
    at += copy[i].value.size;
  }
  copy[first].value = mc_slice_of(text, at);
  sources[first] = -1;
  return true;
}

/* The seldom taken way: a copy with values trimmed and repeated lines joined where Envoy joins them. */
static mc_code rebuild(const mc_header *headers, uint32_t count, mc_scratch *scratch, mc_lines *out) {
  mc_header *copy = mc_scratch_alloc(scratch, count * sizeof *copy);
  int32_t *sources = mc_scratch_alloc(scratch, count * sizeof *sources);
  if (!copy || !sources) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    copy[i].name = headers[i].name;
    copy[i].value = trim(headers[i].value);
    sources[i] = copy[i].value.size == headers[i].value.size ? (int32_t)i : -1;
  }
  for (uint32_t i = 0; i < count; i++) {
    if (sources[i] == -2 || !mc_header_id_joined(mc_header_id_of(copy[i].name))) continue;
    if (!join(copy, sources, i, count, scratch)) return MC_NO_MEMORY;
  }
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (sources[i] == -2) continue;
    copy[kept] = copy[i];
    sources[kept++] = sources[i];
  }
  reset(out, copy, kept);
  out->sources = sources;
  for (uint32_t i = 0; i < kept; i++) {
    mc_header_id id = mc_header_id_of(copy[i].name);
    if (id != MC_HEADER_OTHER && id != MC_HEADER_JOINED) note(out, id, i);
  }
  memset(out->asked, 0xff, sizeof out->asked); /* lines have moved: any may be */
  return MC_OK;
}

/* Whether line i has the name of a line before it. */
static bool repeated(const mc_header *headers, uint32_t i) {
  for (uint32_t k = 0; k < i; k++) {
    if (headers[k].name.size == headers[i].name.size && mc_slice_equal_fold(headers[k].name, headers[i].name)) {
      return true;
    }
  }
  return false;
}

static bool values_ok(const mc_header *headers, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (!mc_bytes_value_ok(headers[i].value)) return false;
  }
  return true;
}

/* A name that is not among the known ones in lower case. False: it is malformed. */
MC_SELDOM bool read_odd_name(mc_slice name, mc_header_id *id, uint64_t *bit) {
  *id = mc_header_id_and_bit(name, bit);
  if (*id != MC_HEADER_OTHER || *bit) return true;
  return name.size && (mc_bytes_plain(name) || mc_bytes_all(name, MC_BYTE_TOKEN));
}

mc_code mc_lines_read(const mc_header *headers, uint32_t count, size_t extra_bytes, const mc_names_asked *asked,
                      mc_scratch *scratch, mc_lines *out, mc_details *details) {
  reset(out, headers, count);
  *details = MC_DETAILS_TOO_MANY_HEADERS;
  if (count > MC_MAX_HEADER_COUNT) return MC_INVALID;
  uint64_t seen = 0; /* bits of the joined headers so far: where one comes again, its name may */
  bool copy = false;
  const mc_header *const end = headers + count;
  for (const mc_header *line = headers; line < end; line++) {
    const mc_slice name = line->name;
    const uint32_t i = (uint32_t)(line - headers);
    if (mc_names_may_have(asked, name.data, name.size)) mc_mask_set(out->asked, i);
    uint64_t bit;
    mc_header_id id = mc_header_id_inlined(name, false, &bit);
    if (id == MC_HEADER_OTHER) {
      if (bit || (name.size && mc_bytes_plain_lower(name))) continue;
      *details = MC_DETAILS_CODEC_ERROR;
      if (!read_odd_name(name, &id, &bit)) return MC_INVALID;
      if (id == MC_HEADER_OTHER) continue;
    }
    if (seen & bit && !copy) copy = repeated(headers, i);
    seen |= bit;
    if (id != MC_HEADER_JOINED) note(out, id, i);
  }
  /* Values have a loop of their own: without calls in it, what it gathers stays in registers. */
  size_t bytes = extra_bytes;
  mc_scan scan = mc_scan_start();
  for (const mc_header *line = headers; line < end; line++) {
    bytes += line->name.size + line->value.size;
    mc_scan_take(&scan, line->value.data, line->value.size);
  }
  *details = MC_DETAILS_INVALID_CHARACTERS;
  if (mc_scan_doubtful(&scan) && !values_ok(headers, count)) return MC_INVALID;
  *details = MC_DETAILS_HEADERS_TOO_LARGE;
  if (bytes > MC_MAX_HEADER_BYTES) return MC_INVALID;
  return copy || mc_scan_doubtful_edges(&scan) ? rebuild(headers, count, scratch, out) : MC_OK;
}

/* Visits the comma-separated parts of a list, trimmed. */
static bool next_token(mc_slice *list, mc_slice *token) {
  while (list->size) {
    size_t comma = mc_slice_find(*list, 0, ',');
    *token = trim(mc_slice_head(*list, comma));
    *list = mc_slice_from(*list, comma < list->size ? comma + 1 : comma);
    if (token->size) return true;
  }
  return false;
}

static void hide_named(mc_lines *lines, mc_slice name) {
  for (uint32_t i = 0; i < lines->count; i++) {
    if (mc_slice_equal_fold(lines->headers[i].name, name)) mc_mask_set(lines->hidden, i);
  }
}

/* Envoy takes no more than this many names in a Connection line. */
enum { MAX_NOMINATED = 10 };

/* One name in a Connection line. */
static mc_details take_away(mc_lines *lines, mc_slice name) {
  mc_header_id id = mc_header_id_of(name);
  if (id == MC_HEADER_TE) lines->te_named = true;
  if (id == MC_HEADER_CONNECTION || id == MC_HEADER_TE) return MC_DETAILS_NONE;
  if (id == MC_HEADER_HOST) return MC_DETAILS_MISSING_HOST_HEADER;
  /* Without these the upstream would take the request for another's. */
  if (name.data[0] == ':' || id == MC_HEADER_FORWARDED_FOR || id == MC_HEADER_FORWARDED_PROTO ||
      mc_slice_equal_fold(name, MC_LITERAL("x-forwarded-host"))) {
    return MC_DETAILS_CONNECTION_HEADER_REJECTED;
  }
  if (id != MC_HEADER_HTTP2_SETTINGS) hide_named(lines, name);
  return MC_DETAILS_NONE;
}

static void show(mc_lines *lines, mc_header_id id) {
  size_t i = (size_t)lines->at[id];
  lines->hidden[i >> 6] &= ~((uint64_t)1 << (i & 63));
}

/* Whether a Connection line asks for an upgrade to a protocol that Upgrade names, which may be none. */
static bool asks_for_upgrade(const mc_lines *lines) {
  mc_slice list = mc_lines_value(lines, MC_HEADER_CONNECTION), token;
  if (lines->at[MC_HEADER_UPGRADE] < 0) return false;
  while (next_token(&list, &token)) {
    if (mc_header_id_of(token) == MC_HEADER_UPGRADE) return true;
  }
  return false;
}

mc_details mc_lines_take_away(mc_lines *lines, bool connect, mc_slice *upgrade) {
  mc_slice list = mc_lines_value(lines, MC_HEADER_CONNECTION), token;
  if (asks_for_upgrade(lines)) {
    const mc_slice protocol = mc_lines_value(lines, MC_HEADER_UPGRADE);
    if (!mc_slice_equal_fold(protocol, MC_LITERAL("h2c"))) { /* all that it names goes with it */
      *upgrade = protocol.data ? protocol : MC_LITERAL("");
      show(lines, MC_HEADER_CONNECTION);
      show(lines, MC_HEADER_UPGRADE);
      return MC_DETAILS_NONE;
    }
    hide_named(lines, MC_LITERAL("http2-settings")); /* not taken up: the request stays on HTTP/1.1 */
  }
  if (connect) return MC_DETAILS_NONE;
  int tokens = 0;
  while (next_token(&list, &token)) {
    if (++tokens >= MAX_NOMINATED) return MC_DETAILS_CONNECTION_HEADER_REJECTED;
    const mc_header_id id = mc_header_id_of(token);
    if (id == MC_HEADER_UPGRADE || id == MC_HEADER_KEEP_ALIVE || mc_slice_equal_fold(token, MC_LITERAL("close"))) continue;
    mc_details details = take_away(lines, token);
    if (details) return details;
  }
  return MC_DETAILS_NONE;
}

void mc_lines_thin_te(mc_lines *lines, bool *trailers) {
  mc_slice list = mc_lines_value(lines, MC_HEADER_TE), token;
  while (next_token(&list, &token)) {
    /* Envoy asks for the case where nobody but the next hop is meant to see it. */
    *trailers |= (lines->te_named ? mc_slice_equal_fold : mc_slice_equal)(token, MC_LITERAL("trailers"));
  }
  if (!*trailers) mc_mask_set(lines->hidden, (size_t)lines->at[MC_HEADER_TE]);
}
