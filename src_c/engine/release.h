/* Giving decisions back, inline: every one of them is. */
#ifndef MC_ENGINE_RELEASE_H
#define MC_ENGINE_RELEASE_H

#include "meshcore.h"

/* Whether mc_decision_release has anything to do, as it seldom has of a decision that was closed. */
static inline bool mc_decision_holds(const mc_decision *d) {
  return d->leased || d->fault || d->entered || d->exchange || d->scratch.chunks;
}

#endif
