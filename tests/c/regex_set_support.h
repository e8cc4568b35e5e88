/* Several regexes and a naive loop over them, for the tests of what finds them faster. */
#ifndef MC_TESTS_REGEX_SET_SUPPORT_H
#define MC_TESTS_REGEX_SET_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "match/regex_union.h"

enum { SET_MOST = 2000 };

typedef struct regex_set {
  mc_rx_numbered items[SET_MOST];
  mc_rx_numbered order[SET_MOST]; /* a copy, for what sorts */
  uint32_t count;
} regex_set;

static inline void set_add(regex_set *set, const char *pattern) {
  mc_error error;
  mc_regex *regex = mc_regex_compile(mc_slice_of(pattern, strlen(pattern)), &error);
  if (!regex) printf("%s: %s\n", pattern, error.message);
  CHECK(regex != NULL);
  set->items[set->count] = set->order[set->count] = (mc_rx_numbered){regex, set->count};
  set->count++;
}

/* Patterns with one %u, which is the number. */
static inline void set_fill(regex_set *set, const char *format, uint32_t count) {
  char pattern[256];
  for (uint32_t i = 0; i < count; i++) {
    const char *at = strstr(format, "%u");
    snprintf(pattern, sizeof pattern, "%.*s%u%s", (int)(at - format), format, i, at + 2);
    set_add(set, pattern);
  }
}

static inline void set_clear(regex_set *set) {
  for (uint32_t i = 0; i < set->count; i++) mc_regex_free((mc_regex *)set->items[i].regex);
  set->count = 0;
}

static inline bool set_matches(const regex_set *set, uint32_t number, mc_slice text) {
  bool no_memory = false;
  return mc_regex_full_match(set->items[number].regex, text, &no_memory);
}

static inline bool runs_have(const mc_trie_list *runs, uint32_t count, uint32_t number) {
  for (uint32_t i = 0; i < count; i++) {
    for (const uint32_t *at = runs[i].at; at != runs[i].end; at++) {
      if (*at == number) return true;
    }
  }
  return false;
}

#endif
