/* Which of the rules of a limit a descriptor falls under: the one with just its entries, or else the one that leaves
 * fewest values open; of several the first. (Envoy, too, prefers the first sort, and has the others in no order.)
 *
 * Rules that name the same keys and leave the same values open have one *shape*. A descriptor is looked up once for each
 * shape that has its keys, by a hash of the values that the shape fixes, so that it costs the same however many rules
 * there are. */
#ifndef MC_LIMIT_RULES_H
#define MC_LIMIT_RULES_H

#include "base/arena.h"
#include "base/slice.h"

typedef struct mc_rules mc_rules;

/* In the arena; NULL where memory is out. */
mc_rules *mc_rules_build(const mc_limit_rule_spec *rules, uint32_t count, mc_arena *arena);
/* The rule's number, or -1. */
int32_t mc_rules_find(const mc_rules *rules, const mc_descriptor *descriptor);
/* The rule that descriptors of this one entry fall under, whatever its value is; -1: there is none, or it hangs on that. */
int32_t mc_rules_open_for(const mc_rules *rules, mc_slice key);
/* How many values a rule leaves open. */
uint32_t mc_rules_open(const mc_rules *rules, int32_t rule);
/* Which value that is, where it is one alone; otherwise -1. Descriptors of the rule are told apart by it. */
int32_t mc_rules_open_entry(const mc_rules *rules, int32_t rule);
/* What tells apart the descriptors of a rule that leaves values open: a text in the scratch. data NULL: memory is out. */
mc_slice mc_rules_key(const mc_rules *rules, int32_t rule, const mc_descriptor *descriptor, mc_scratch *scratch);

#endif
