#include "policy/cookie.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static char *append(char *at, mc_slice text) {
  if (text.size) memcpy(at, text.data, text.size);
  return at + text.size;
}

static char *append_text(char *at, const char *text) { return append(at, mc_slice_of(text, strlen(text))); }

mc_code mc_cookie_build(mc_cookie *out, mc_slice name, const mc_cookie_spec *spec, mc_arena *arena) {
  char age[40] = "";
  if (spec->max_age) snprintf(age, sizeof age, "; Max-Age=%" PRIu64, spec->max_age);
  size_t size = strlen(age) + sizeof "; Path=" + spec->path.size + sizeof "; HttpOnly";
  for (uint32_t i = 0; i < spec->attribute_count; i++) {
    size += 3 + spec->attributes[i].name.size + spec->attributes[i].value.size;
  }
  bool ok = true;
  out->name = mc_arena_copy(arena, name, &ok);
  char *text = mc_arena_alloc(arena, size, 1);
  if (!ok || !text) return MC_NO_MEMORY;
  char *at = append_text(text, age);
  if (spec->path.size) at = append(append_text(at, "; Path="), spec->path);
  for (uint32_t i = 0; i < spec->attribute_count; i++) {
    const mc_cookie_attribute *attribute = &spec->attributes[i];
    at = append(append_text(at, "; "), attribute->name);
    if (attribute->value.size) at = append(append_text(at, "="), attribute->value);
  }
  at = append_text(at, "; HttpOnly");
  out->attributes = mc_slice_of(text, (size_t)(at - text));
  return MC_OK;
}

mc_slice mc_cookie_value(uint64_t number, char digits[MC_COOKIE_DIGITS]) {
  for (int i = MC_COOKIE_DIGITS - 1; i >= 0; i--, number >>= 4) digits[i] = "0123456789abcdef"[number & 15];
  return mc_slice_of(digits, MC_COOKIE_DIGITS);
}

mc_code mc_cookies_add(mc_new_cookie **list, const mc_cookie *cookie, uint64_t number, mc_scratch *scratch) {
  for (; *list; list = &(*list)->next) {
    const mc_cookie *other = (*list)->cookie;
    if ((*list)->number == number && mc_slice_equal(other->name, cookie->name) &&
        mc_slice_equal(other->attributes, cookie->attributes)) {
      return MC_OK;
    }
  }
  mc_new_cookie *added = mc_scratch_alloc(scratch, sizeof *added);
  if (!added) return MC_NO_MEMORY;
  *added = (mc_new_cookie){cookie, number, NULL};
  *list = added;
  return MC_OK;
}

mc_code mc_cookies_lines(const mc_new_cookie *list, mc_scratch *scratch, const mc_slice **lines, uint32_t *count) {
  *count = 0;
  for (const mc_new_cookie *one = list; one; one = one->next) ++*count;
  mc_slice *out = mc_scratch_alloc(scratch, *count * sizeof *out);
  if (!out) return MC_NO_MEMORY;
  *lines = out;
  for (const mc_new_cookie *one = list; one; one = one->next) {
    const mc_cookie *cookie = one->cookie;
    char digits[MC_COOKIE_DIGITS];
    char *text = mc_scratch_alloc(scratch, cookie->name.size + 3 + MC_COOKIE_DIGITS + cookie->attributes.size);
    if (!text) return MC_NO_MEMORY;
    char *at = append_text(append(text, cookie->name), "=\"");
    at = append_text(append(at, mc_cookie_value(one->number, digits)), "\"");
    at = append(at, cookie->attributes);
    *out++ = mc_slice_of(text, (size_t)(at - text));
  }
  return MC_OK;
}
