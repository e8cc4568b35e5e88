#include "edit/target.h"

#include "base/arena.h"
#include "edit/bytes.h"

/* Which of Envoy's two complaints the bytes that cannot stand in a target deserve. */
static mc_details bad_byte(mc_slice raw) {
  mc_details found = MC_DETAILS_NONE;
  for (size_t i = 0; i < raw.size; i++) {
    unsigned char c = (unsigned char)raw.data[i];
    if (c > 0x20 && c < 0x7f) continue;
    bool line = c == ' ' || c == '\t' || c == '\r' || c == '\n' || c >= 0x80;
    if (!line) return MC_DETAILS_INVALID_CHARACTERS;
    found = MC_DETAILS_CODEC_ERROR;
  }
  return found;
}

/* One pass: are there bytes that cannot stand in a target, is there a fragment, where is the first '?' (or the end)? */
static void scan(mc_slice raw, bool *bad, bool *fragment, size_t *question) {
  uint64_t low = 0, hash = 0;
  const char *p = raw.data;
  size_t size = raw.size;
  for (; size >= 8; p += 8, size -= 8) {
    uint64_t word = mc_word_at(p);
    low |= mc_word_below(word, 0x21) | mc_word_equal(word, 0x7f);
    hash |= mc_word_equal(word, '#');
  }
  if (size) {
    uint64_t word = mc_word_of(p, size);
    low |= mc_word_below(word, 0x21) | mc_word_equal(word, 0x7f);
    hash |= mc_word_equal(word, '#');
  }
  *bad = low != 0;
  *fragment = hash != 0;
  *question = mc_slice_find(raw, 0, '?');
}

static bool is_host_char(unsigned char c) {
  return (mc_byte_class(c) & MC_BYTE_UNRESERVED) && c != '~' && c != '_';
}

static bool is_address_char(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

/* Where the host ends that text begins with, a name or "[v6]"; 0 where there is none. */
static size_t host_end(mc_slice text) {
  size_t at = 0;
  if (text.size == 0 || text.data[0] != '[') {
    while (at < text.size && is_host_char((unsigned char)text.data[at])) at++;
    return at;
  }
  for (at = 1; at < text.size && is_address_char((unsigned char)text.data[at]);) at++;
  if (at == 1) return 0;
  return at < text.size && text.data[at] == ']' ? at + 1 : 0;
}

/* "host" or "host:port", the port at most 65535. */
static bool is_host_and_port(mc_slice text, bool need_port) {
  size_t at = host_end(text);
  if (at == 0) return false;
  if (at == text.size) return !need_port;
  if (text.data[at] != ':' || at + 1 == text.size) return false;
  uint32_t port = 0;
  while (++at < text.size) {
    char c = text.data[at];
    if (c < '0' || c > '9') return false;
    port = port * 10 + (uint32_t)(c - '0');
    if (port > 65535) return false;
  }
  return true;
}

static bool is_userinfo(mc_slice text) {
  for (size_t i = 0; i < text.size; i++) {
    if (text.data[i] == '@' || text.data[i] == '[' || text.data[i] == ']') return false;
  }
  return true;
}

/* Takes the authority off the front of "user@host:port/path?query". A byte that no authority may
 * hold is found by the codec, an authority that is no host and port by the parser of URLs after it. */
static mc_details parse_authority(mc_slice rest, bool need_port, mc_target *out, size_t *end) {
  size_t size = 0, user = 0;
  for (; size < rest.size && rest.data[size] != '/' && rest.data[size] != '?'; size++) {
    if (rest.data[size] != '@') continue;
    if (user && user == size) return MC_DETAILS_CODEC_ERROR;
    user = size + 1;
  }
  *end = size;
  if (!mc_bytes_all(mc_slice_head(rest, size), MC_BYTE_AUTHORITY)) return MC_DETAILS_CODEC_ERROR;
  if (user && !is_userinfo(mc_slice_head(rest, user - 1))) return MC_DETAILS_INVALID_URL;
  out->authority = mc_slice_of(rest.data + user, size - user);
  return is_host_and_port(out->authority, need_port) ? MC_DETAILS_NONE : MC_DETAILS_INVALID_URL;
}

static mc_details parse_absolute(mc_slice raw, mc_target *out) {
  size_t colon = mc_slice_find(raw, 0, ':');
  if (raw.size - colon < 3 || memcmp(raw.data + colon, "://", 3) != 0 || colon == 0) return MC_DETAILS_CODEC_ERROR;
  mc_slice scheme = mc_slice_head(raw, colon);
  if (!mc_bytes_all(scheme, MC_BYTE_SCHEME)) return MC_DETAILS_CODEC_ERROR;
  mc_slice rest = mc_slice_from(raw, colon + 3);
  size_t end;
  mc_details details = parse_authority(rest, false, out, &end);
  if (details) return details;
  if (mc_slice_equal_fold(scheme, MC_LITERAL("http"))) {
    out->scheme = MC_LITERAL("http");
  } else if (mc_slice_equal_fold(scheme, MC_LITERAL("https"))) {
    out->scheme = MC_LITERAL("https");
  } else {
    return MC_DETAILS_INVALID_SCHEME;
  }
  out->target = end == rest.size ? MC_LITERAL("/") : mc_slice_from(rest, end);
  return MC_DETAILS_NONE;
}

/* "host:port" and nothing else. */
static mc_details parse_connect(mc_slice raw, mc_target *out) {
  if (raw.data[0] == '/' || raw.data[0] == '*') return MC_DETAILS_INVALID_URL;
  size_t end;
  mc_details details = parse_authority(raw, true, out, &end);
  if (details) return details;
  return end == raw.size && out->authority.size == raw.size ? MC_DETAILS_NONE : MC_DETAILS_INVALID_URL;
}

mc_details mc_target_parse_any(mc_slice method, mc_slice raw, mc_target *out) {
  *out = (mc_target){.target = MC_ABSENT, .authority = MC_ABSENT, .scheme = MC_ABSENT};
  bool bad, fragment;
  size_t question;
  if (raw.size == 0) return MC_DETAILS_CODEC_ERROR;
  scan(raw, &bad, &fragment, &question);
  if (bad) return bad_byte(raw);
  if (raw.data[0] == '/' && method.data[0] != 'C') {
    out->target = raw;
  } else if (MC_IS(method, "CONNECT")) {
    return parse_connect(raw, out);
  } else if (raw.data[0] == '/') {
    out->target = raw;
  } else if (raw.data[0] == '*') {
    bool options = mc_slice_equal(method, MC_LITERAL("OPTIONS"));
    return options ? MC_DETAILS_ABSOLUTE_PATH_REJECTED : MC_DETAILS_INVALID_URL;
  } else {
    mc_details details = parse_absolute(raw, out);
    if (details) return details;
  }
  if (out->target.data[0] != '/' && out->target.data[0] != '#') return MC_DETAILS_ABSOLUTE_PATH_REJECTED;
  if (fragment) return MC_DETAILS_PATH_NORMALIZATION_FAILED;
  out->path_size = out->target.data == raw.data ? question : mc_slice_find(out->target, 0, '?');
  return MC_DETAILS_NONE;
}

/* Where the port's colon is; size where there is none. Colons inside [] are part of an address. */
static size_t port_colon(mc_slice authority) {
  for (size_t i = authority.size; i-- > 0;) {
    if (authority.data[i] == ':') return i;
    if (authority.data[i] == ']') break;
  }
  return authority.size;
}

static bool parse_port(mc_slice text, uint32_t *port) {
  uint64_t value = 0;
  if (text.size > 1 && text.data[0] == '+') text = mc_slice_from(text, 1);
  if (text.size == 0) return false;
  for (size_t i = 0; i < text.size; i++) {
    char c = text.data[i];
    if (c < '0' || c > '9') return false;
    value = value * 10 + (uint64_t)(c - '0');
    if (value > UINT32_MAX) return false;
  }
  *port = (uint32_t)value;
  return true;
}

/* The last dot, where it ends the host: "a." and "a.:80". */
static mc_slice strip_dot(mc_slice authority, mc_scratch *scratch, bool *ok) {
  size_t dot = authority.size;
  while (dot > 0 && authority.data[dot - 1] != '.') dot--;
  if (dot == 0) return authority;
  if (dot == authority.size) return mc_slice_head(authority, dot - 1);
  if (authority.data[dot] != ':') return authority;
  char *text = mc_scratch_alloc(scratch, authority.size);
  if (!text) {
    *ok = false;
    return authority;
  }
  memcpy(text, authority.data, dot - 1);
  memcpy(text + dot - 1, authority.data + dot, authority.size - dot);
  return mc_slice_of(text, authority.size - 1);
}

mc_slice mc_authority_stripped(mc_slice authority, const mc_http_options *options, uint16_t local_port,
                              mc_scratch *scratch, uint16_t *port_size, bool *ok) {
  if (options->strip_trailing_host_dot) authority = strip_dot(authority, scratch, ok);
  if (options->strip_any_host_port || options->strip_matching_host_port) {
    size_t colon = port_colon(authority);
    uint32_t port;
    if (colon < authority.size && parse_port(mc_slice_from(authority, colon + 1), &port) &&
        (options->strip_any_host_port || port == local_port)) {
      *port_size = (uint16_t)(authority.size - colon);
      return mc_slice_head(authority, colon);
    }
  }
  return authority;
}
