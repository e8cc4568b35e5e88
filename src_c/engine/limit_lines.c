#include "engine/limit_lines.h"

#include "base/decimal.h"
#include "edit/bytes.h"
#include "engine/level_limits.h"

/* A value that is put together. */
typedef struct writer {
  char *text;
  size_t size;
} writer;

static void put(writer *w, mc_slice text) {
  memcpy(w->text + w->size, text.data, text.size);
  w->size += text.size;
}

static void put_number(writer *w, uint64_t number) {
  char digits[MC_DECIMAL_DIGITS];
  put(w, mc_decimal_write(number, digits));
}

/* A String of structured fields (RFC 9651): printable ASCII between quotes. */
static void put_string(writer *w, mc_slice text) {
  w->text[w->size++] = '"';
  for (size_t i = 0; i < text.size; i++) {
    const char c = text.data[i];
    if (c == '"' || c == '\\') w->text[w->size++] = '\\';
    w->text[w->size++] = c >= 0x20 && c < 0x7f ? c : '?';
  }
  w->text[w->size++] = '"';
}

static mc_slice written(const writer *w) { return mc_slice_of(w->text, w->size); }

/* Seconds, rounded up: then it is true. */
static uint64_t seconds(uint64_t ns) { return ns / 1000000000 + (ns % 1000000000 != 0); }

/* ------------------------------------------------------------------ local limits */

enum { LOCAL_LINES = 6 }; /* of one limit, at most */
enum { NUMBER = MC_DECIMAL_DIGITS };

static bool add_number(mc_header *line, mc_slice name, uint64_t number, mc_scratch *scratch) {
  writer w = {.text = mc_scratch_alloc(scratch, NUMBER)};
  if (!w.text) return false;
  put_number(&w, number);
  *line = (mc_header){name, written(&w)};
  return true;
}

/* "name";q=100;w=60 */
static bool add_policy(mc_header *line, const mc_limited *limited, mc_slice label, mc_scratch *scratch) {
  writer w = {.text = mc_scratch_alloc(scratch, 2 * label.size + 2 * NUMBER + 16)};
  if (!w.text) return false;
  put_string(&w, label);
  put(&w, MC_LITERAL(";q="));
  put_number(&w, limited->max_tokens);
  put(&w, MC_LITERAL(";w="));
  put_number(&w, seconds(limited->window_ns));
  *line = (mc_header){MC_LITERAL("ratelimit-policy"), written(&w)};
  return true;
}

/* "name";r=99;t=1: what is left, and when there is more: all of it or, where the request was refused, enough. */
static bool add_left(mc_header *line, const mc_limited *limited, mc_slice label, mc_scratch *scratch) {
  writer w = {.text = mc_scratch_alloc(scratch, 2 * label.size + 2 * NUMBER + 16)};
  if (!w.text) return false;
  const uint64_t wait = limited->allowed ? limited->reset_ns : limited->retry_after_ns;
  put_string(&w, label);
  put(&w, MC_LITERAL(";r="));
  put_number(&w, limited->remaining);
  if (wait != MC_NEVER) {
    put(&w, MC_LITERAL(";t="));
    put_number(&w, seconds(wait));
  }
  *line = (mc_header){MC_LITERAL("ratelimit"), written(&w)};
  return true;
}

static bool tells_wait(const mc_limited *limited) {
  return limited->enforced && limited->limit->tells & MC_TELL_RETRY_AFTER && limited->retry_after_ns != MC_NEVER;
}

/* Whether add_lines adds any. */
static bool tells(mc_limited *limited) {
  if (!limited->has_bucket || limited->silent) return false;
  mc_limited_reckon(limited);
  return limited->told || limited->limit->tells & MC_TELL_RATELIMIT || tells_wait(limited);
}

static bool add_lines(mc_limited *limited, mc_scratch *scratch, mc_header *lines, uint32_t *count) {
  const mc_local_limit *limit = limited->limit;
  bool ok = true;
  if (!tells(limited)) return ok;
  if (limited->told) {
    ok &= add_number(&lines[(*count)++], MC_LITERAL("x-ratelimit-limit"), limited->max_tokens, scratch);
    ok &= add_number(&lines[(*count)++], MC_LITERAL("x-ratelimit-remaining"), limited->remaining, scratch);
    ok &= add_number(&lines[(*count)++], MC_LITERAL("x-ratelimit-reset"), seconds(limited->next_ns), scratch);
  }
  if (limit->tells & MC_TELL_RATELIMIT) {
    const mc_slice label = mc_local_limit_label(limit, limited->rule);
    ok &= add_policy(&lines[(*count)++], limited, label, scratch);
    ok &= add_left(&lines[(*count)++], limited, label, scratch);
  }
  if (tells_wait(limited)) {
    ok &= add_number(&lines[(*count)++], MC_LITERAL("retry-after"), seconds(limited->retry_after_ns), scratch);
  }
  return ok;
}

bool mc_limits_tell(const mc_decision *d) {
  for (mc_limited *at = d->limited; at; at = at->next) {
    if (tells(at)) return true;
  }
  for (const mc_asked *at = d->asked; at; at = at->next) {
    if (at->response_count) return true;
  }
  return false;
}

mc_code mc_limit_lines(const mc_decision *d, mc_scratch *scratch, const mc_header **lines, uint32_t *count) {
  size_t room = 0;
  *count = 0;
  *lines = NULL;
  for (const mc_limited *at = d->limited; at; at = at->next) room += LOCAL_LINES;
  for (const mc_asked *at = d->asked; at; at = at->next) room += at->response_count;
  if (!room) return MC_OK;
  mc_header *all = mc_scratch_alloc(scratch, room * sizeof *all);
  if (!all) return MC_NO_MEMORY;
  for (mc_limited *at = d->limited; at; at = at->next) {
    if (!add_lines(at, scratch, all, count)) return MC_NO_MEMORY;
  }
  for (const mc_asked *at = d->asked; at; at = at->next) {
    for (uint32_t i = 0; i < at->response_count; i++) all[(*count)++] = at->response_lines[i];
  }
  *lines = all;
  return MC_OK;
}

/* ------------------------------------------------------------------ services */

static bool told(const mc_asked *asked, uint32_t descriptor) {
  const mc_said tells = descriptor < asked->count ? asked->descriptors[descriptor].tells : MC_UNSAID;
  return tells == MC_UNSAID ? asked->limit->tells : tells == MC_SAID_YES;
}

/* "10, 10;w=1;name=\"per-ip\", 1000;w=3600": the limit that is nearest, and then all of them. */
static mc_slice limit_text(const mc_asked *asked, const mc_service_answer *answer, uint64_t nearest, mc_scratch *scratch) {
  size_t room = NUMBER;
  for (uint32_t i = 0; i < answer->limit_count; i++) room += 2 * NUMBER + 16 + answer->limits[i].name.size;
  writer w = {.text = mc_scratch_alloc(scratch, room)};
  if (!w.text) return MC_ABSENT;
  put_number(&w, nearest);
  for (uint32_t i = 0; i < answer->limit_count; i++) {
    const mc_service_limit *limit = &answer->limits[i];
    if (!limit->given || !limit->window_s || !told(asked, i)) continue;
    put(&w, MC_LITERAL(", "));
    put_number(&w, limit->limit);
    put(&w, MC_LITERAL(";w="));
    put_number(&w, limit->window_s);
    if (!limit->name.size || !mc_bytes_value_ok(limit->name)) continue;
    put(&w, MC_LITERAL(";name=\""));
    put(&w, limit->name);
    put(&w, MC_LITERAL("\""));
  }
  return written(&w);
}

mc_code mc_service_lines(mc_asked *asked, const mc_service_answer *answer, mc_scratch *scratch, mc_header *lines) {
  const mc_service_limit *nearest = NULL;
  for (uint32_t i = 0; i < answer->limit_count; i++) {
    const mc_service_limit *limit = &answer->limits[i];
    if (limit->given && (!nearest || limit->remaining < nearest->remaining)) nearest = limit;
  }
  if (!nearest || !told(asked, (uint32_t)(nearest - answer->limits))) return MC_OK;
  const mc_slice text = limit_text(asked, answer, nearest->limit, scratch);
  uint32_t *count = &asked->response_count;
  lines[(*count)++] = (mc_header){MC_LITERAL("x-ratelimit-limit"), text};
  bool ok = text.data != NULL;
  ok &= add_number(&lines[(*count)++], MC_LITERAL("x-ratelimit-remaining"), nearest->remaining, scratch);
  ok &= add_number(&lines[(*count)++], MC_LITERAL("x-ratelimit-reset"), nearest->reset_s, scratch);
  return ok ? MC_OK : MC_NO_MEMORY;
}
