/* Additive increase, multiplicative decrease: what a request comes to says whether there were too many at once.
 *
 * Which requests count for what is Netflix' AIMDLimit (concurrency-limits): a failure, or an answer that took longer
 * than the threshold, lowers the limit to a share of itself, and at least by one; an answer in time raises it, where
 * half of the limit at least is in use. How much, and how often, is TCP's congestion avoidance (RFC 5681, 3.1): a round
 * of as many answers as the limit raises it by the increase, not each of them, and a round lowers it once: requests
 * that began before the limit was lowered say nothing new.
 */
#ifndef MC_CONCURRENCY_AIMD_H
#define MC_CONCURRENCY_AIMD_H

#include <stdatomic.h>

#include "meshcore.h"

typedef struct mc_aimd {
  atomic_uint_fast64_t exact;      /* the limit in units of 2^-32 */
  atomic_uint_fast64_t lowered_ns; /* when the limit was lowered last */
} mc_aimd;

void mc_aimd_start(mc_aimd *aimd, const mc_aimd_spec *spec, atomic_uint *limit);

/* in_flight: requests under way, this one included. limit: what the next acquire goes by. */
void mc_aimd_sample(mc_aimd *aimd, const mc_aimd_spec *spec, atomic_uint *limit, uint32_t in_flight, uint64_t start_ns,
                    uint64_t now_ns, bool failed);

#endif
