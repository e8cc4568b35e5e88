#include "balance/policy.h"

#define MC_POLICY(kind, policy) extern const mc_policy policy;
#include "balance/policies.def"
#undef MC_POLICY

const mc_policy *mc_policy_of(mc_policy_kind kind) {
  switch (kind) {
#define MC_POLICY(name, policy) \
  case name:                    \
    return &policy;
#include "balance/policies.def"
#undef MC_POLICY
  }
  return NULL;
}
