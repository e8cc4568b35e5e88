/* What detection counts of one host: failures in a row, and how many requests of an interval went well. By many
 * threads at once, without a lock. */
#ifndef MC_OUTLIER_HOST_H
#define MC_OUTLIER_HOST_H

#include <stdatomic.h>

#include "meshcore.h"

/* Where failures come from: the host's answers, or the way to it. Only where the two are split is there a second. */
typedef enum mc_origin { MC_ORIGIN_EXTERNAL, MC_ORIGIN_LOCAL, MC_ORIGINS } mc_origin;

typedef enum mc_row { MC_ROW_5XX, MC_ROW_GATEWAY, MC_ROW_LOCAL, MC_ROWS } mc_row;

typedef struct mc_outlier_host {
  atomic_uint_fast32_t row[MC_ROWS]; /* failures since the last success */
  /* Requests of this interval and of the one before, by turn: those that went well in the upper half, all of them
   * in the lower, so that one addition counts both. */
  atomic_uint_fast64_t requests[MC_ORIGINS][2];
  /* Written under the state's lock. */
  atomic_uint_fast64_t success_rate[MC_ORIGINS]; /* of the last interval: a double's bits; below 0: too few requests */
  atomic_uint_fast64_t ejected_at_ns, unejected_at_ns, jitter_ns;
  atomic_uint_fast32_t multiplier; /* of the base ejection time */
  atomic_uint_fast32_t ejections;  /* so far */
  atomic_uint_fast32_t reason;     /* of the last one: an mc_ejection */
  uint8_t begun;                   /* it has been set up */
} mc_outlier_host;

/* One bit for each mc_ejection that has become due. */
typedef uint32_t mc_ejections;

/* An answer with this status, or a failure that counts as one. */
mc_ejections mc_outlier_host_answered(mc_outlier_host *host, const mc_outlier_spec *spec, unsigned turn, uint32_t status);
/* The way to the host failed, or did not. Where origins are split. */
mc_ejections mc_outlier_host_unreachable(mc_outlier_host *host, const mc_outlier_spec *spec, unsigned turn);
void mc_outlier_host_reached(mc_outlier_host *host, unsigned turn);

/* The row that an ejection is about, or -1: it is not about failures in a row. */
int mc_outlier_row_of(mc_ejection ejection);
void mc_outlier_host_forget(mc_outlier_host *host, mc_row row);

#endif
