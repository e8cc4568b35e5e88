/* Detection by the share of requests that went well: hosts far below the others, and hosts below a fixed share. */
#ifndef MC_OUTLIER_SUCCESS_RATE_H
#define MC_OUTLIER_SUCCESS_RATE_H

#include "outlier/ejection.h"

/* Of an interval that has ended, in the turn that it was counted in: ejects the hosts that are outliers by their
 * success rate (standard deviation) or their failure percentage. */
void mc_success_rate_detect(const mc_members *members, mc_origin origin, unsigned turn, uint64_t now_ns);

/* The success rate that a host is shown with; below 0: none. */
double mc_success_rate_shown(const mc_outlier_host *host, mc_origin origin);
void mc_success_rate_show(mc_outlier_host *host, mc_origin origin, double percent);

#endif
