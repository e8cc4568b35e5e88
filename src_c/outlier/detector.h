/* Outlier detection of a cluster (Envoy's DetectorImpl, source/common/upstream/outlier_detection_impl.cc): hosts
 * that fail while others do not are ejected for a while. It has no thread: reports eject at once, and whoever finds
 * the state's due_ns passed sweeps. */
#ifndef MC_OUTLIER_DETECTOR_H
#define MC_OUTLIER_DETECTOR_H

#include "outlier/ejection.h"

/* Gives members what detection needs of state, and a copy of the spec. seed: of what is left to chance. Under
 * mc_runtime_lock. MC_OK or MC_NO_MEMORY. */
mc_code mc_outlier_prepare(mc_members *members, const mc_outlier_spec *spec, uint64_t seed);

/* From now on these are the members that count: of those in force the latest decide who may be ejected, by their
 * spec, and for how long. Without one, whoever is ejected comes back. To be called when nothing can fail any more;
 * calls after the first do nothing. */
void mc_outlier_enforce(mc_members *members, uint64_t now_ns);

/* How an attempt ended. Only of members with a spec, as the next one. By many threads at once. Whether hosts may have been
 * ejected, or have come back, by it: by what it tells, or by a sweep that had become due. */
bool mc_outlier_report(const mc_members *members, mc_host_state *host, const mc_result *result);

/* Does what has become due. By many threads at once, each sweep once. */
void mc_outlier_sweep(mc_cluster_state *state, uint64_t now_ns);

/* An active health check has passed, and no other one still fails: the host comes back, if the spec says so. */
void mc_outlier_health_check_passed(mc_host_state *host, uint64_t now_ns);

/* Of members with a spec. */
mc_outlier_status mc_outlier_status_of(const mc_members *members, const mc_host_state *host, uint64_t now_ns);
mc_outlier_counts mc_outlier_counts_of(const mc_members *members);

#endif
