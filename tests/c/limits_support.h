/* What the tests of rate limits share: descriptors and rules in a few words. */
#ifndef MC_LIMITS_SUPPORT_H
#define MC_LIMITS_SUPPORT_H

#include "edit_support.h"

#define PAIR(k, v) {MC_LITERAL(k), MC_LITERAL(v)}
#define PAIRS(...)                              \
  (const mc_label[]){__VA_ARGS__}, sizeof((const mc_label[]){__VA_ARGS__}) / sizeof(mc_label)

static inline mc_descriptor descriptor_of(const mc_label *entries, uint32_t count) {
  return (mc_descriptor){.entries = entries, .count = count};
}

/* A bucket that gains a token a second. */
static inline mc_limit_rule_spec rule_of(const char *name, uint64_t most, const mc_label *entries, uint32_t count) {
  return (mc_limit_rule_spec){.name = text_of(name),
                              .label = text_of(name),
                              .entries = entries,
                              .entry_count = count,
                              .bucket = {most, 1, 1000000000}};
}

#endif
