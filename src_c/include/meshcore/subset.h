/* Subsets of a cluster's hosts, by their labels. */
#ifndef MESHCORE_SUBSET_H
#define MESHCORE_SUBSET_H

#include "meshcore/base.h"

/* A route's metadata_match; where the route has a fallback_list, also the labels with each of its entries over
 * them, in order, which count for clusters that ask for the list. */
typedef struct mc_criteria_spec {
  mc_labels labels;
  const mc_labels *alternatives;
  uint32_t alternative_count;
} mc_criteria_spec;

typedef enum mc_subset_fallback {
  MC_FALLBACK_UNDEFINED, /* of selectors: what the cluster says */
  MC_FALLBACK_NONE,      /* no host */
  MC_FALLBACK_ANY,
  MC_FALLBACK_DEFAULT,
  MC_FALLBACK_KEYS, /* of selectors: look again, by fewer keys */
} mc_subset_fallback;

typedef struct mc_subset_selector {
  mc_names keys; /* sorted, each once */
  bool single_host;
  mc_subset_fallback fallback;
  mc_names fallback_keys; /* some of the keys, not all */
} mc_subset_selector;

/* Envoy's LbSubsetConfig. */
typedef struct mc_subsets_spec {
  const mc_subset_selector *selectors;
  uint32_t selector_count;
  mc_subset_fallback fallback; /* NONE, ANY or DEFAULT */
  mc_labels default_labels;
  bool locality_weight_aware, scale_locality_weight, panic_mode_any, allow_redundant_keys, fallback_list;
} mc_subsets_spec;

/* Why a host was looked for in a subset. */
typedef enum mc_subset_reason {
  MC_SUBSET_NONE,              /* the cluster has no subsets, or no step is left */
  MC_SUBSET_MATCHED,           /* it is the one that the route names */
  MC_SUBSET_FEWER_KEYS,        /* likewise, by the keys of a fallback */
  MC_SUBSET_SELECTOR_FALLBACK, /* there is none, and the selector says this one */
  MC_SUBSET_FALLBACK,          /* there is none, and the cluster says this one */
  MC_SUBSET_PANIC,             /* nor has that one a host */
} mc_subset_reason;

#endif
