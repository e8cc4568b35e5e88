/* W3C Baggage. A member that is none is left out, and so are those beyond 64 members or 8192 bytes. Jaeger's baggage
 * comes in lines of its own, one for each key. */
#include "trace/lists.h"

/* RFC 9110's token. */
static bool token_byte(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  switch (c) {
    case '!': case '#': case '$': case '%': case '&': case '\'': case '*': case '+': case '-': case '.': case '^':
    case '_': case '`': case '|': case '~':
      return true;
    default:
      return false;
  }
}

static bool value_byte(char c) { return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\'; }

static bool all(mc_slice text, bool (*fits)(char)) {
  for (size_t i = 0; i < text.size; i++) {
    if (!fits(text.data[i])) return false;
  }
  return true;
}

/* "key=value"; a property may do without the value. */
static bool pair(mc_slice text, bool bare, mc_slice *key, mc_slice *value) {
  const size_t equals = mc_slice_find(text, 0, '=');
  if (equals == text.size && !bare) return false;
  *key = mc_trace_trim(mc_slice_head(text, equals));
  *value = equals < text.size ? mc_trace_trim(mc_slice_from(text, equals + 1)) : MC_LITERAL("");
  return key->size > 0 && all(*key, token_byte) && all(*value, value_byte);
}

bool mc_baggage_split(mc_slice member, mc_slice *key, mc_slice *value) {
  size_t end = mc_slice_find(member, 0, ';');
  if (!pair(mc_slice_head(member, end), false, key, value)) return false;
  while (end < member.size) {
    const size_t start = end + 1;
    mc_slice name, text;
    end = mc_slice_find(member, start, ';');
    if (!pair(mc_slice_of(member.data + start, end - start), true, &name, &text)) return false;
  }
  return true;
}

typedef struct writer {
  char *text;
  size_t size, room;
  uint32_t members;
  mc_list_faults *faults;
} writer;

/* Room for a member of that size, behind a comma; NULL where it would be too much. */
static char *reserve(writer *out, size_t size) {
  const size_t comma = out->members > 0;
  if (out->members == MC_BAGGAGE_MEMBERS || out->size + comma + size > out->room) {
    out->faults->truncated = true;
    return NULL;
  }
  if (comma) out->text[out->size++] = ',';
  char *at = out->text + out->size;
  out->size += size;
  out->members++;
  return at;
}

static void add_members(const mc_trace_lines *lines, writer *out) {
  for (uint32_t i = 0; i < lines->count; i++) {
    if (mc_trace_name_of(lines->headers[i].name) != MC_NAME_BAGGAGE) continue;
    mc_slice list = lines->headers[i].value, member, key, value;
    while (!out->faults->truncated && mc_member_next(&list, &member)) {
      if (!mc_baggage_split(member, &key, &value)) {
        out->faults->malformed++;
        continue;
      }
      char *at = reserve(out, member.size);
      if (at) memcpy(at, member.data, member.size);
    }
  }
}

static bool has_key(mc_slice list, mc_slice key) {
  mc_slice member, found, value;
  while (mc_member_next(&list, &member)) {
    if (mc_baggage_split(member, &found, &value) && mc_slice_equal_fold(found, key)) return true;
  }
  return false;
}

/* The size of a value with all that a baggage may not hold percent-encoded; written where out is not NULL. */
static size_t encode(mc_slice value, char *out) {
  static const char digits[] = "0123456789ABCDEF";
  size_t size = 0;
  for (size_t i = 0; i < value.size; i++) {
    const char c = value.data[i];
    const bool plain = value_byte(c);
    if (out && plain) out[size] = c;
    if (out && !plain) {
      out[size] = '%';
      out[size + 1] = digits[(unsigned char)c >> 4];
      out[size + 2] = digits[c & 15];
    }
    size += plain ? 1 : 3;
  }
  return size;
}

/* Names of Jaeger's lines are case-insensitive, so the keys are lower-case. No more lines are looked at than there may
 * be members: each is compared with all of these. */
static void add_jaeger(const mc_trace_lines *lines, writer *out) {
  const size_t prefix = mc_trace_name_text(MC_NAME_JAEGER_BAGGAGE).size;
  uint32_t seen = 0;
  for (uint32_t i = 0; i < lines->count && !out->faults->truncated; i++) {
    const mc_header *line = &lines->headers[i];
    if (mc_trace_name_of(line->name) != MC_NAME_JAEGER_BAGGAGE) continue;
    if (++seen > MC_BAGGAGE_MEMBERS) {
      out->faults->truncated = true;
      return;
    }
    const mc_slice key = mc_slice_from(line->name, prefix), value = mc_trace_trim(line->value);
    if (!all(key, token_byte)) {
      out->faults->malformed++;
      continue;
    }
    if (has_key(mc_slice_of(out->text, out->size), key)) continue;
    char *at = reserve(out, key.size + 1 + encode(value, NULL));
    if (!at) continue;
    mc_slice_lower(key, at);
    at[key.size] = '=';
    encode(value, at + key.size + 1);
  }
}

/* Enough for all that the lines may say, within the bound. */
static size_t room(const mc_trace_lines *lines) {
  size_t size = 0;
  for (uint32_t i = 0; i < lines->count && size < MC_BAGGAGE_BYTES; i++) {
    const mc_header *line = &lines->headers[i];
    const mc_trace_name name = mc_trace_name_of(line->name);
    if (name == MC_NAME_BAGGAGE) size += line->value.size + 1;
    if (name == MC_NAME_JAEGER_BAGGAGE) size += line->name.size + 3 * line->value.size;
  }
  return size < MC_BAGGAGE_BYTES ? size : MC_BAGGAGE_BYTES;
}

mc_code mc_baggage_read(const mc_trace_lines *lines, mc_scratch *scratch, mc_slice *out, mc_list_faults *faults) {
  *out = MC_ABSENT;
  *faults = (mc_list_faults){0, false};
  const bool w3c = mc_trace_has(lines, MC_NAME_BAGGAGE), jaeger = mc_trace_has(lines, MC_NAME_JAEGER_BAGGAGE);
  if (!w3c && !jaeger) return MC_OK;
  writer writer = {.room = room(lines), .faults = faults};
  writer.text = mc_scratch_alloc(scratch, writer.room);
  if (!writer.text) return MC_NO_MEMORY;
  if (w3c) add_members(lines, &writer);
  if (jaeger) add_jaeger(lines, &writer);
  if (writer.members) *out = mc_slice_of(writer.text, writer.size);
  return MC_OK;
}
