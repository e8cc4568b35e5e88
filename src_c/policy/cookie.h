/* Cookies that we give to clients which have none yet: of hash policies, and of sticky splits. */
#ifndef MC_POLICY_COOKIE_H
#define MC_POLICY_COOKIE_H

#include "base/arena.h"
#include "base/slice.h"

/* What stands around the value in a Set-Cookie line. */
typedef struct mc_cookie {
  mc_slice name;
  mc_slice attributes; /* with the blanks and semicolons before them: "; Max-Age=60; HttpOnly" */
} mc_cookie;

/* A cookie that a decision gives: its value is the number in 16 digits. A list in the decision's scratch, in the order
 * in which they were made. */
struct mc_new_cookie {
  const mc_cookie *cookie;
  uint64_t number;
  mc_new_cookie *next;
};

enum { MC_COOKIE_DIGITS = 16 };

/* Copies a spec into the arena, its attributes written out as Envoy's makeSetCookieValue does
 * (source/common/http/utility.cc): no Max-Age for a session's cookie, and always HttpOnly. */
mc_code mc_cookie_build(mc_cookie *out, mc_slice name, const mc_cookie_spec *spec, mc_arena *arena);

/* A cookie's value: lower-case hexadecimal digits. */
mc_slice mc_cookie_value(uint64_t number, char digits[MC_COOKIE_DIGITS]);

/* Appends to a list, unless the very line is there: Istio gives a route the same policy once for each destination, and
 * Envoy then sends the line as often. MC_OK or MC_NO_MEMORY. */
mc_code mc_cookies_add(mc_new_cookie **list, const mc_cookie *cookie, uint64_t number, mc_scratch *scratch);

/* The values of the Set-Cookie lines of a list; in scratch. MC_OK or MC_NO_MEMORY. */
mc_code mc_cookies_lines(const mc_new_cookie *list, mc_scratch *scratch, const mc_slice **lines, uint32_t *count);

#endif
