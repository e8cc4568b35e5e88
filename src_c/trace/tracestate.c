/* W3C Trace Context, level 2: tracestate. A list with a member that is none, or with more than 32, is not passed on;
 * one of more than 512 bytes loses members of more than 128 first, and then its last ones. */
#include "trace/lists.h"

enum { MAX_KEY = 256, MAX_VALUE = 256, LONG_MEMBER = 128 };

bool mc_member_next(mc_slice *list, mc_slice *member) {
  while (list->size) {
    const size_t comma = mc_slice_find(*list, 0, ',');
    *member = mc_trace_trim(mc_slice_head(*list, comma));
    *list = mc_slice_from(*list, comma < list->size ? comma + 1 : comma);
    if (member->size) return true;
  }
  return false;
}

static bool key_ok(mc_slice key) {
  if (key.size == 0 || key.size > MAX_KEY) return false;
  for (size_t i = 0; i < key.size; i++) {
    const char c = key.data[i];
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) continue;
    if (i == 0 || !(c == '_' || c == '-' || c == '*' || c == '/' || c == '@')) return false;
  }
  return true;
}

/* Its end is no blank: members are trimmed. */
static bool value_ok(mc_slice value) {
  if (value.size == 0 || value.size > MAX_VALUE) return false;
  for (size_t i = 0; i < value.size; i++) {
    const char c = value.data[i];
    if (c < 0x20 || c > 0x7e || c == '=') return false;
  }
  return true;
}

typedef struct members {
  mc_slice at[MC_TRACESTATE_MEMBERS];
  uint32_t count;
  size_t bytes; /* of all of them, with commas in between */
} members;

static bool gather(const mc_trace_lines *lines, members *out) {
  out->count = 0;
  out->bytes = 0;
  for (uint32_t i = 0; i < lines->count; i++) {
    if (mc_trace_name_of(lines->headers[i].name) != MC_NAME_TRACESTATE) continue;
    mc_slice list = lines->headers[i].value, member;
    while (mc_member_next(&list, &member)) {
      const size_t equals = mc_slice_find(member, 0, '=');
      if (equals == member.size || !key_ok(mc_slice_head(member, equals))) return false;
      if (!value_ok(mc_slice_from(member, equals + 1)) || out->count == MC_TRACESTATE_MEMBERS) return false;
      out->bytes += member.size + (out->count > 0);
      out->at[out->count++] = member;
    }
  }
  return true;
}

static void drop(members *list, uint32_t at) {
  list->bytes -= list->at[at].size + (list->count > 1);
  memmove(&list->at[at], &list->at[at + 1], (list->count - at - 1) * sizeof *list->at);
  list->count--;
}

static bool shorten(members *list) {
  if (list->bytes <= MC_TRACESTATE_BYTES) return false;
  for (uint32_t i = list->count; i-- > 0 && list->bytes > MC_TRACESTATE_BYTES;) {
    if (list->at[i].size > LONG_MEMBER) drop(list, i);
  }
  while (list->bytes > MC_TRACESTATE_BYTES) drop(list, list->count - 1);
  return true;
}

mc_code mc_tracestate_read(const mc_trace_lines *lines, mc_scratch *scratch, mc_slice *out, mc_list_faults *faults) {
  members list;
  *out = MC_ABSENT;
  *faults = (mc_list_faults){0, false};
  if (!gather(lines, &list)) {
    faults->malformed = 1;
    return MC_OK;
  }
  faults->truncated = shorten(&list);
  if (list.count == 0) return MC_OK;
  if (list.count == 1) {
    *out = list.at[0];
    return MC_OK;
  }
  char *text = mc_scratch_alloc(scratch, list.bytes);
  if (!text) return MC_NO_MEMORY;
  *out = mc_slice_of(text, list.bytes);
  for (uint32_t i = 0; i < list.count; i++) {
    if (i) *text++ = ',';
    memcpy(text, list.at[i].data, list.at[i].size);
    text += list.at[i].size;
  }
  return MC_OK;
}
