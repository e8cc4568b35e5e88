/* A cluster with labelled hosts, and its subsets. */
#ifndef MC_SUBSET_SUPPORT_H
#define MC_SUBSET_SUPPORT_H

#include "balance/subset.h"
#include "balance_support.h"
#include "base/slice.h"
#include "label_support.h"

typedef struct subsets_fixture {
  hosts_fixture hosts;
  mc_subsets subsets;
} subsets_fixture;

static inline void label_host(hosts_fixture *f, uint32_t host, mc_labels labels) {
  f->endpoints[host].labels = labels.at;
  f->endpoints[host].label_count = labels.count;
}

static inline mc_code split(subsets_fixture *f, const mc_subsets_spec *spec) {
  mc_code code = build(&f->hosts, 0);
  f->hosts.cluster.balancer = &f->hosts.balancer;
  f->subsets = (mc_subsets){.count = 0};
  if (code) return code;
  return mc_subsets_build(&f->subsets, spec, &f->hosts.spec.balance, &f->hosts.cluster, 1, &f->hosts.error);
}

static inline void unsplit(subsets_fixture *f) {
  mc_subsets_clear(&f->subsets);
  finish(&f->hosts);
}

#endif
