/* What happens at the end of each interval. Under the lock of the cluster's state. */
#ifndef MC_OUTLIER_SWEEP_H
#define MC_OUTLIER_SWEEP_H

#include "outlier/ejection.h"

/* The sweeps that are due, those that were missed one after the other, each at its own time; those at which nothing
 * can have happened are passed over. */
void mc_outlier_sweep_due(const mc_members *members, uint64_t now_ns);

/* Sees to it that a sweep is due within an interval. */
void mc_outlier_arm(const mc_members *members, uint64_t now_ns);

#endif
