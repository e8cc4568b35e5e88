#include "edit/path.h"

#include "edit/bytes.h"

/* A path that is being rewritten; at most three bytes come of one. */
typedef struct writer {
  char *data;
  size_t size;
  size_t lone; /* where the last "%" stands that begins no escape; SIZE_MAX: nowhere */
} writer;

/* "%2F" and "%5C" in place; whether there was any. */
static bool unescape_slashes(char *path, size_t *size) {
  size_t to = 0;
  bool found = false;
  for (size_t from = 0; from < *size;) {
    if (path[from] == '%' && *size - from > 2) {
      char a = path[from + 1], b = mc_lower(path[from + 2]);
      if ((a == '2' && b == 'f') || (a == '5' && b == 'c')) {
        path[to++] = a == '2' ? '/' : '\\';
        from += 3;
        found = true;
        continue;
      }
    }
    path[to++] = path[from++];
  }
  *size = to;
  return found;
}

/* The parameters of "/.;x" and "/..;x" go, up to the next "/". Only dots and slashes that are
 * written plainly count here: "/%2e%2e;x" is an ordinary segment. */
static void drop_dot_parameters(char *path, size_t *size) {
  size_t to = 0;
  for (size_t from = 0; from < *size;) {
    path[to++] = path[from];
    if (path[from++] != '/') continue;
    size_t dots = from;
    while (dots < *size && dots - from < 2 && path[dots] == '.') dots++;
    if (dots == from || dots == *size || path[dots] != ';') continue;
    while (from < dots) path[to++] = path[from++];
    while (from < *size && path[from] != '/') from++;
  }
  *size = to;
}

/* Size of the dot at p, plain or escaped; 0 where there is none. */
static size_t dot_size(const char *p, const char *end) {
  if (p < end && *p == '.') return 1;
  if (end - p > 2 && p[0] == '%' && p[1] == '2' && mc_lower(p[2]) == 'e') return 3;
  return 0;
}

static bool slash_or_end(const char *p, const char *end) { return p == end || *p == '/' || *p == '\\'; }

/* Forgets the last segment of an output that ends with "/". */
static void back_up(writer *out) {
  if (out->size <= 1) return;
  size_t size = out->size - 1;
  while (size > 1 && out->data[size - 1] != '/') size--;
  out->size = size;
}

/* A byte that was just decoded and written may complete an escape that a lone "%" begins, alone or with
 * the byte that comes next. That "%" is then escaped, so that decoding once does not change what a
 * second decoding sees. */
static void guard_lone_percent(writer *out, const char *next, const char *end) {
  const size_t since = out->size - out->lone; /* of "%x" and "%xx" it is 2 and 3 */
  if (out->lone > out->size || since < 2 || since > 3 || out->data[out->lone] != '%') return;
  const char first = out->data[out->lone + 1];
  char second;
  if (since == 3) {
    second = out->data[out->lone + 2];
  } else if (next < end) {
    second = *next;
  } else {
    return;
  }
  if (mc_hex_digit(first) < 0 || mc_hex_digit(second) < 0) return;
  out->data[out->lone + 1] = '2';
  out->data[out->lone + 2] = '5';
  out->data[out->lone + 3] = first;
  out->size = out->lone + 4;
  if (since == 3) out->data[out->size++] = second;
}

/* One byte that is neither a slash nor a dot; false for an escaped NUL. */
static bool write_plain(writer *out, const char **at, const char *end) {
  static const char digits[] = "0123456789ABCDEF";
  const char *p = *at;
  unsigned char c = (unsigned char)*p;
  int high, low;
  if (c == '%' && end - p > 2 && (high = mc_hex_digit(p[1])) >= 0 && (low = mc_hex_digit(p[2])) >= 0) {
    unsigned char decoded = (unsigned char)(high << 4 | low);
    *at += 3;
    if (decoded == 0) return false;
    if (mc_byte_class(decoded) & MC_BYTE_UNRESERVED) {
      out->data[out->size++] = (char)decoded;
      guard_lone_percent(out, *at, end);
    } else {
      memcpy(out->data + out->size, p, 3);
      out->size += 3;
    }
    return true;
  }
  *at += 1;
  if (c == '%') out->lone = out->size;
  if (mc_byte_class(c) & MC_BYTE_PATH_ESCAPE) {
    out->data[out->size++] = '%';
    out->data[out->size++] = digits[c >> 4];
    out->data[out->size++] = digits[c & 15];
  } else {
    out->data[out->size++] = (char)c;
  }
  return true;
}

/* RFC 3986 in the way of browsers, which is Envoy's. */
static bool canonicalise(mc_slice path, writer *out) {
  const char *p = path.data, *end = p + path.size;
  out->size = 0;
  out->lone = SIZE_MAX;
  while (p < end) {
    size_t first = dot_size(p, end);
    if (first) {
      if (out->size && out->data[out->size - 1] == '/') {
        const char *after = p + first;
        if (slash_or_end(after, end)) {
          p = after + (after < end);
          continue;
        }
        size_t second = dot_size(after, end);
        if (second && slash_or_end(after + second, end)) {
          back_up(out);
          p = after + second;
          p += p < end;
          continue;
        }
      }
      out->data[out->size++] = '.';
      p += first;
    } else if (*p == '/' || *p == '\\') {
      out->data[out->size++] = '/';
      p++;
    } else if (!write_plain(out, &p, end)) {
      return false;
    }
  }
  return true;
}

static void merge_slashes(char *path, size_t *size) {
  size_t to = 0;
  for (size_t from = 0; from < *size; from++) {
    if (path[from] == '/' && to > 0 && path[to - 1] == '/') continue;
    path[to++] = path[from];
  }
  if (to == 1 && *size > 1) path[to++] = '/';
  *size = to;
}

/* What a path holds that some step may change: a union of byte classes and the two pairs. */
enum { PAIR_SLASHES = 1 << 16, PAIR_DOT = 1 << 17 };

static unsigned survey(mc_slice path) {
  unsigned seen = 0;
  unsigned char before = 0;
  for (size_t i = 0; i < path.size; i++) {
    unsigned char c = (unsigned char)path.data[i];
    seen |= mc_byte_class(c);
    if (before == '/') {
      if (c == '/') seen |= PAIR_SLASHES;
      if (c == '.') seen |= PAIR_DOT;
    }
    before = c;
  }
  return seen;
}

mc_path_result mc_path_normalise(mc_slice target, size_t path_size, const mc_http_options *options,
                                 mc_scratch *scratch, mc_slice *out, size_t *out_path_size) {
  *out = target;
  *out_path_size = path_size;
  const mc_slice path = mc_slice_head(target, path_size);
  unsigned seen = survey(path);
  bool slashes = options->escaped_slashes != MC_SLASHES_KEEP && (seen & MC_BYTE_PERCENT);
  bool normalise = options->normalize_path &&
                   (seen & (MC_BYTE_PERCENT | MC_BYTE_BACKSLASH | MC_BYTE_PATH_ESCAPE | PAIR_DOT));
  bool merge = options->merge_slashes && (seen & PAIR_SLASHES);
  if (!slashes && !normalise && !merge) return MC_PATH_CLEAN;

  const size_t query_size = target.size - path_size;
  char *work = mc_scratch_alloc(scratch, path_size + 1);
  writer result = {mc_scratch_alloc(scratch, 3 * path_size + query_size + 1), path_size, SIZE_MAX};
  if (!work || !result.data) return MC_PATH_NO_MEMORY;
  memcpy(work, path.data, path_size);
  size_t work_size = path_size;

  bool found = slashes && unescape_slashes(work, &work_size);
  if (found && options->escaped_slashes == MC_SLASHES_REJECT) return MC_PATH_REFUSED;
  /* A slash that was escaped may make a dot segment, or a run of slashes, of what was none. */
  if (options->normalize_path && (normalise || found)) {
    drop_dot_parameters(work, &work_size);
    if (!canonicalise(mc_slice_of(work, work_size), &result)) return MC_PATH_REFUSED;
  } else {
    memcpy(result.data, work, work_size);
    result.size = work_size;
  }
  if (options->merge_slashes) merge_slashes(result.data, &result.size);
  *out_path_size = result.size;
  memcpy(result.data + result.size, target.data + path_size, query_size);
  *out = mc_slice_of(result.data, result.size + query_size);
  return found && options->escaped_slashes == MC_SLASHES_REDIRECT ? MC_PATH_REDIRECT : MC_PATH_CHANGED;
}
