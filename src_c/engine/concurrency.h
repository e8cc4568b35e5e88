/* Adaptive concurrency: that of listeners, which is one of the filters, and what clusters' learns from attempts. */
#ifndef MC_ENGINE_CONCURRENCY_H
#define MC_ENGINE_CONCURRENCY_H

#include "engine/snapshot.h"

/* An attempt that began then (0: nobody knows) came to this: result->report.now_ns says when, and its latency_ns, where it
 * is not 0, how long it took. The cluster may have no limiter. */
void mc_cluster_sample(const mc_cluster *cluster, uint64_t start_ns, const mc_result *result);

/* True where the listener's limit refuses the request: the decision then says so. place: the filter's among the
 * listener's. peek: nothing is counted. */
bool mc_concurrency_answer(mc_decision *decision, uint32_t place, bool peek);

#endif
