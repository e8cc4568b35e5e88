/* Which virtual host serves an authority: the exact domain, else the longest "*suffix", else the
 * longest "prefix*", else "*" (Envoy v3 VirtualHost.domains). Without case; a wildcard stands for at
 * least one character.
 */
#ifndef MC_MATCH_DOMAINS_H
#define MC_MATCH_DOMAINS_H

#include "match/trie.h"

typedef struct mc_domains {
  const struct mc_domain_slot *exact; /* hash table */
  uint32_t mask;                      /* its size less one; 0: no exact domains */
  mc_trie suffixes;                   /* of "*suffix", reversed */
  mc_trie prefixes;                   /* of "prefix*" */
  int32_t any;                        /* of "*"; -1: none */
} mc_domains;

mc_code mc_domains_build(mc_domains *domains, const mc_domain_spec *specs, uint32_t count, mc_arena *arena,
                         mc_error *error);
/* The virtual host, or -1. *no_memory becomes true where it could not be looked up. */
int32_t mc_domains_find(const mc_domains *domains, mc_slice host, mc_scratch *scratch, bool *no_memory);

typedef struct mc_domain_hit {
  int32_t virtual_host; /* -1: none */
  mc_domain_kind kind;
  size_t size; /* of the domain, without its star */
} mc_domain_hit;

/* The same, and which of the domains it was. */
mc_domain_hit mc_domains_hit(const mc_domains *domains, mc_slice host, mc_scratch *scratch, bool *no_memory);

#endif
