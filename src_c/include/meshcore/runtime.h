/* What outlives a configuration: state by cluster and address, which snapshots have in common. */
#ifndef MESHCORE_RUNTIME_H
#define MESHCORE_RUNTIME_H

#include "meshcore/shared.h"

typedef struct mc_runtime mc_runtime;

/* NULL: no memory. A runtime is freed after the last snapshot that was built on it. */
mc_runtime *mc_runtime_new(void);
/* Before anything is built with it: no two threads ever decide, report or close at once, because its owner sees to that
 * (an interpreter's lock). What is counted in this process alone then takes no locked instructions. */
void mc_runtime_set_alone(mc_runtime *runtime);
void mc_runtime_free(mc_runtime *runtime);
/* Held for the time of building or freeing a snapshot's tables. A binding holds it while the process forks: the child
 * would find it held for ever by a thread that is not there. */
void mc_runtime_lock(mc_runtime *runtime);
void mc_runtime_unlock(mc_runtime *runtime);
/* 16 bytes that nobody should be able to guess, for the keys of rate limits; before the first snapshot. */
void mc_runtime_set_secret(mc_runtime *runtime, const uint8_t *secret);
/* Clusters and endpoints have in common what processes share: requests under way and what else circuit breakers count,
 * and who is ejected. Before the first snapshot; the shared state is freed after the runtime. */
void mc_runtime_share(mc_runtime *runtime, mc_shared *shared);
/* Why the shared state was the reason that the last snapshot failed for want of memory; NULL: it was not. */
const char *mc_runtime_refusal(const mc_runtime *runtime);

#endif
