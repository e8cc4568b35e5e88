#include "outlier/host.h"

static void count(mc_outlier_host *host, mc_origin origin, unsigned turn, bool success) {
  uint64_t step = success ? (UINT64_C(1) << 32) + 1 : 1;
  atomic_fetch_add_explicit(&host->requests[origin][turn], step, memory_order_relaxed);
}

/* True for the one failure that completes the row, whichever thread it comes from. */
static bool fails(mc_outlier_host *host, mc_row row, uint32_t threshold) {
  return atomic_fetch_add_explicit(&host->row[row], 1, memory_order_relaxed) + 1 == threshold;
}

void mc_outlier_host_forget(mc_outlier_host *host, mc_row row) {
  /* Mostly there is nothing to forget, and a line that is only read stays in every core's cache. */
  if (!atomic_load_explicit(&host->row[row], memory_order_relaxed)) return;
  atomic_store_explicit(&host->row[row], 0, memory_order_relaxed);
}

mc_ejections mc_outlier_host_answered(mc_outlier_host *host, const mc_outlier_spec *spec, unsigned turn, uint32_t status) {
  mc_ejections due = 0;
  if (status < 500 || status > 599) {
    count(host, MC_ORIGIN_EXTERNAL, turn, true);
    mc_outlier_host_forget(host, MC_ROW_5XX);
    mc_outlier_host_forget(host, MC_ROW_GATEWAY);
    return 0;
  }
  count(host, MC_ORIGIN_EXTERNAL, turn, false);
  if (status < 502 || status > 504) {
    mc_outlier_host_forget(host, MC_ROW_GATEWAY);
  } else if (fails(host, MC_ROW_GATEWAY, spec->consecutive_gateway_failure)) {
    due |= 1u << MC_EJECTION_CONSECUTIVE_GATEWAY_FAILURE;
  }
  if (fails(host, MC_ROW_5XX, spec->consecutive_5xx)) due |= 1u << MC_EJECTION_CONSECUTIVE_5XX;
  return due;
}

mc_ejections mc_outlier_host_unreachable(mc_outlier_host *host, const mc_outlier_spec *spec, unsigned turn) {
  count(host, MC_ORIGIN_LOCAL, turn, false);
  bool due = fails(host, MC_ROW_LOCAL, spec->consecutive_local_origin_failure);
  return due ? 1u << MC_EJECTION_CONSECUTIVE_LOCAL_ORIGIN_FAILURE : 0;
}

void mc_outlier_host_reached(mc_outlier_host *host, unsigned turn) {
  count(host, MC_ORIGIN_LOCAL, turn, true);
  mc_outlier_host_forget(host, MC_ROW_LOCAL);
}

int mc_outlier_row_of(mc_ejection ejection) {
  switch (ejection) {
    case MC_EJECTION_CONSECUTIVE_5XX:
      return MC_ROW_5XX;
    case MC_EJECTION_CONSECUTIVE_GATEWAY_FAILURE:
      return MC_ROW_GATEWAY;
    case MC_EJECTION_CONSECUTIVE_LOCAL_ORIGIN_FAILURE:
      return MC_ROW_LOCAL;
    default:
      return -1;
  }
}
