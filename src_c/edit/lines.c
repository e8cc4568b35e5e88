#include "edit/lines.h"

#include "edit/bytes.h"

static bool blank(char c) { return c == ' ' || c == '\t'; }

/* What the names of lines tell, gathered line by line, and made masks of at once. */
typedef struct names_told {
  uint8_t traits[MC_MAX_HEADER_COUNT + MC_BYTES_AT_ONCE]; /* by line; 0: its name is not known */
  uint8_t all;   /* the traits of all lines */
  int8_t marked; /* not negative: some name that is marked has several lines, or shares its mark */
} names_told;

/* For a line with any known name: where it is, and what there is to do about it. */
MC_INLINED void take(mc_lines *out, const mc_name *name, uint32_t i, uint8_t *traits, uint8_t *all, int8_t *marked) {
  _Static_assert(MC_NAME_UNMARKED == 0x80, "it makes what is noted of a mark negative");
  int8_t *const at = &out->at[name->mark]; /* of an unmarked name that of no name */
  const uint8_t told = name->traits;
  traits[i] = told;
  *all |= told;
  *marked &= (int8_t)(*at | (int8_t)told);
  *at = (int8_t)i;
  if (told & MC_NAME_ASKED) out->slots[i] = name->slot;
}

/* The masks of all lines. */
static void settle(mc_lines *out, names_told *told) {
  memset(told->traits + out->count, 0, MC_BYTES_AT_ONCE);
  for (uint32_t from = 0; from < out->count; from += MC_BYTES_AT_ONCE) {
    const uint8_t *const traits = told->traits + from;
    const uint32_t word = from >> 6, by = from & 63;
    out->hidden[word] |= mc_bytes_with(traits, MC_NAME_HIDDEN) << by;
    out->asked[word] |= mc_bytes_with(traits, MC_NAME_ASKED) << by;
    if (!(told->all & (MC_NAME_TRUSTED | MC_NAME_EDGE))) continue;
    out->trusted[word] |= mc_bytes_with(traits, MC_NAME_TRUSTED) << by;
    out->edge[word] |= mc_bytes_with(traits, MC_NAME_EDGE) << by;
  }
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
MC_SELDOM mc_code rebuild(const mc_header *headers, uint32_t count, const mc_slots *names, mc_scratch *scratch,
                       mc_lines *out) {
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
  names_told told;
  told.all = 0;
  for (uint32_t i = 0; i < kept; i++) {
    const mc_name *name = mc_slots_known_any_case(names, copy[i].name);
    told.traits[i] = 0;
    if (name) take(out, name, i, told.traits, &told.all, &told.marked);
  }
  settle(out, &told);
  return MC_OK;
}

static bool values_ok(const mc_header *headers, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (!mc_bytes_value_ok(headers[i].value)) return false;
  }
  return true;
}

/* Lines whose names are not in lower case, or have bytes that few names have. False: one of them is malformed. */
MC_SELDOM bool take_odd(mc_lines *out, const mc_slots *names, const uint64_t odd[2], names_told *told) {
  for (uint32_t i = 0; i < out->count; i++) {
    if (!(odd[i >> 6] >> (i & 63) & 1)) continue;
    const mc_slice name = out->headers[i].name;
    if (!name.size || !(mc_bytes_plain(name) || mc_bytes_all(name, MC_BYTE_TOKEN))) return false;
    const mc_name *known = mc_slots_known_any_case(names, name);
    if (known) take(out, known, i, told->traits, &told->all, &told->marked);
  }
  return true;
}

mc_code mc_lines_read(const mc_request *request, const mc_slots *names, mc_scratch *scratch, uint16_t *slots,
                      mc_lines *out, mc_details *details) {
  const mc_header *const headers = request->headers;
  const uint32_t count = request->header_count;
  out->slots = slots;
  reset(out, headers, count);
  *details = MC_DETAILS_TOO_MANY_HEADERS;
  if (count > MC_MAX_HEADER_COUNT) return MC_INVALID;
  names_told told;
  uint64_t odd[2] = {0, 0};
  /* Locals, which what is written below cannot change. */
  const mc_name *const table = names->table;
  const uint32_t mask = names->mask;
  uint8_t all = 0;
  int8_t marked = -1;
  size_t bytes = request->target.size + request->authority.size;
  mc_scan scan = mc_scan_start();
  for (uint32_t i = 0; i < count; i++) {
    const mc_slice text = headers[i].name, value = headers[i].value;
    bytes += text.size + value.size;
    mc_scan_take(&scan, value.data, value.size);
    const mc_name *name = mc_name_find(table, mask, text);
    if (name && !(name->traits & MC_NAME_ODD)) {
      take(out, name, i, told.traits, &all, &marked);
      continue;
    }
    told.traits[i] = 0;
    if (name || !text.size || !mc_bytes_plain_lower(text)) mc_mask_set(odd, i);
  }
  told.all = all;
  told.marked = marked;
  *details = MC_DETAILS_CODEC_ERROR;
  if ((odd[0] | odd[1]) && !take_odd(out, names, odd, &told)) return MC_INVALID;
  *details = MC_DETAILS_INVALID_CHARACTERS;
  if (mc_scan_doubtful(&scan) && !values_ok(headers, count)) return MC_INVALID;
  *details = MC_DETAILS_HEADERS_TOO_LARGE;
  if (bytes > MC_MAX_HEADER_BYTES) return MC_INVALID;
  if (told.marked >= 0 || mc_scan_doubtful_edges(&scan)) return rebuild(headers, count, names, scratch, out);
  settle(out, &told);
  return MC_OK;
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
  const size_t i = (size_t)lines->at[id];
  lines->hidden[i >> 6] &= ~((uint64_t)1 << (i & 63));
}

/* Whether a Connection line asks for an upgrade to a protocol that Upgrade names, which may be none. */
static bool asks_for_upgrade(const mc_lines *lines) {
  mc_slice list = mc_lines_value(lines, MC_HEADER_CONNECTION), token;
  if (!mc_lines_have(lines, MC_HEADER_UPGRADE)) return false;
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
