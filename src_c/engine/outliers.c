/* Outlier detection of a snapshot's clusters. */
#include "edit/response.h"
#include "engine/snapshot.h"
#include "outlier/detector.h"

bool mc_snapshot_detects(const mc_snapshot *s, int32_t cluster) { return s->clusters[cluster]->members->outlier; }

mc_outlier_status mc_snapshot_outlier(const mc_snapshot *s, int32_t cluster, int32_t endpoint, uint64_t now_ns) {
  const mc_cluster *at = s->clusters[cluster];
  return mc_outlier_status_of(at->members, at->hosts[endpoint].state, now_ns);
}

mc_outlier_counts mc_snapshot_outliers(const mc_snapshot *s, int32_t cluster) {
  return mc_outlier_counts_of(s->clusters[cluster]->members);
}

void mc_snapshot_sweep(const mc_snapshot *s, int32_t cluster, uint64_t now_ns) {
  mc_outlier_sweep(s->clusters[cluster]->state, now_ns);
}

void mc_snapshot_check_passed(const mc_snapshot *s, int32_t cluster, int32_t endpoint, uint64_t now_ns) {
  mc_outlier_health_check_passed(s->clusters[cluster]->hosts[endpoint].state, now_ns);
}

/* What is no number counts as a status that nobody knows. */
static int32_t number_of(mc_slice text) {
  int32_t number = 0;
  for (size_t i = 0; i < text.size; i++) {
    if (text.data[i] < '0' || text.data[i] > '9' || i > 8) return INT32_MAX;
    number = number * 10 + (text.data[i] - '0');
  }
  return number;
}

/* Of an answer that is but its headers: what comes behind the body is not waited for. -1: none. */
static int32_t grpc_status_of(const mc_result *result) {
  for (uint32_t i = 0; i < result->header_count; i++) {
    const mc_header *line = &result->headers[i];
    if (mc_slice_equal_fold(line->name, MC_LITERAL("grpc-status")) && line->value.size) return number_of(line->value);
  }
  return -1;
}

void mc_decision_detect(const mc_decision *d, int32_t endpoint, const mc_result *result) {
  if (!d->detects) return;
  const mc_cluster *cluster = d->snapshot->clusters[d->cluster];
  mc_result known = *result;
  if (known.grpc_status < 0 && known.header_count && mc_view_is_grpc(&d->view)) known.grpc_status = grpc_status_of(result);
  mc_outlier_report(cluster->members, cluster->hosts[endpoint].state, &known);
}
