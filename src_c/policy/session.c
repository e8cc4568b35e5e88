#include "policy/session.h"

#include "base/base64.h"
#include "policy/session_message.h"

static mc_code fill(mc_session *session, const mc_session_spec *spec, mc_slots *slots, mc_arena *arena) {
  bool ok = true;
  session->kind = spec->kind;
  session->strict = spec->strict;
  session->missing_status = spec->missing_status;
  session->name = mc_arena_copy(arena, spec->name, &ok);
  session->path = mc_arena_copy(arena, spec->cookie.path, &ok);
  session->max_age = spec->cookie.max_age;
  mc_code code = ok ? MC_OK : MC_NO_MEMORY;
  if (!code && spec->kind == MC_SESSION_HEADER) {
    code = mc_header_source_of(spec->name, slots, &session->source, &session->slot);
  }
  if (!code && spec->kind == MC_SESSION_COOKIE) {
    code = mc_slots_add(slots, MC_LITERAL("cookie"), &session->slot);
    if (!code) code = mc_cookie_build(&session->cookie, spec->name, &spec->cookie, arena);
  }
  return code;
}

mc_code mc_session_build(mc_session **out, const mc_session_spec *spec, mc_slots *slots, mc_arena *arena,
                         mc_error *error) {
  *out = NULL;
  if (!spec) return MC_OK;
  *out = mc_arena_alloc(arena, 1, sizeof **out);
  mc_code code = *out ? fill(*out, spec, slots, arena) : MC_NO_MEMORY;
  if (code == MC_LIMIT) *error = (mc_error){.code = code, .message = "more than 4096 different header names are asked for"};
  if (code == MC_NO_MEMORY) *error = (mc_error){.code = code, .message = "out of memory"};
  return code;
}

bool mc_session_covers(const mc_session *session, mc_slice target) {
  if (session->kind != MC_SESSION_COOKIE) return session->kind == MC_SESSION_HEADER;
  const mc_slice path = session->path;
  if (!path.size || mc_slice_equal(path, MC_LITERAL("/"))) return true;
  if (!mc_slice_starts(target, path)) return false;
  if (path.data[path.size - 1] == '/' || target.size == path.size) return true;
  const char next = target.data[path.size];
  return next == '/' || next == '?' || next == '#';
}

/* The address in a cookie's message, unless its time is over. */
static mc_slice alive(const mc_session_message *message, uint64_t unix_s) {
  /* Envoy counts in signed seconds: what lies beyond them is long over. */
  bool over = message->expires && (int64_t)message->expires < (int64_t)unix_s;
  return over ? MC_LITERAL("") : message->address;
}

mc_slice mc_session_asked(const mc_session *session, mc_input *input, uint64_t unix_s) {
  const bool cookie = session->kind == MC_SESSION_COOKIE;
  mc_slice value = MC_LITERAL("");
  if (!cookie) {
    value = mc_input_value(input, session->source, session->slot);
  } else if (!mc_cookie_find(input, session->slot, session->name, &value)) {
    return MC_LITERAL("");
  }
  mc_slice decoded;
  if (mc_base64_decode(value, input->scratch, &decoded)) {
    input->no_memory = true;
    return MC_LITERAL("");
  }
  mc_session_message message;
  return cookie && mc_session_message_read(decoded, &message) ? alive(&message, unix_s) : decoded;
}

static mc_code cookie_line(const mc_session *session, mc_slice address, uint64_t unix_s, mc_scratch *scratch,
                           mc_slice *out) {
  const mc_session_message message = {address, session->max_age ? unix_s + session->max_age : 0};
  const mc_slice name = session->name, attributes = session->cookie.attributes;
  const size_t most = mc_session_message_most(&message);
  char *bytes = mc_scratch_alloc(scratch, most);
  char *text = mc_scratch_alloc(scratch, name.size + 3 + mc_base64_size(most) + attributes.size);
  if (!bytes || !text) return MC_NO_MEMORY;
  const size_t size = (size_t)(mc_session_message_write(&message, bytes) - bytes);
  char *at = text;
  memcpy(at, name.data, name.size);
  at += name.size;
  *at++ = '=';
  *at++ = '"';
  at = mc_base64_encode(mc_slice_of(bytes, size), at);
  *at++ = '"';
  memcpy(at, attributes.data, attributes.size);
  *out = mc_slice_of(text, (size_t)(at - text) + attributes.size);
  return MC_OK;
}

mc_code mc_session_line(const mc_session *session, mc_slice address, uint64_t unix_s, mc_scratch *scratch,
                        mc_header *line) {
  if (session->kind == MC_SESSION_COOKIE) {
    line->name = MC_LITERAL("set-cookie");
    return cookie_line(session, address, unix_s, scratch, &line->value);
  }
  char *text = mc_scratch_alloc(scratch, mc_base64_size(address.size));
  if (!text) return MC_NO_MEMORY;
  line->name = session->name;
  line->value = mc_slice_of(text, (size_t)(mc_base64_encode(address, text) - text));
  return MC_OK;
}
