/* Endpoints that request headers name, for clusters with an override host policy. */
#ifndef MC_ENGINE_OVERRIDE_H
#define MC_ENGINE_OVERRIDE_H

#include "engine/snapshot.h"

/* The endpoint of the next address that the cluster has: the first of them for a request, and another one for each
 * retry. -1: there is none, or none is left. As in Envoy its health does not count. */
int32_t mc_override_next(const mc_cluster *cluster, mc_decision *decision);

#endif
