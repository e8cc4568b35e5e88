/* One detector without a snapshot: the members of a cluster with a runtime of their own, and no balancer. */
#include <stdlib.h>

#include "engine/snapshot.h"
#include "outlier/detector.h"

struct mc_detector {
  mc_runtime *runtime;
  mc_members *members;
};

static mc_code build(mc_detector *detector, const mc_outlier_spec *spec, const mc_slice *hosts, uint32_t count,
                     uint64_t now_ns, uint64_t seed) {
  mc_endpoint_spec *endpoints = calloc((size_t)count + 1, sizeof *endpoints);
  for (uint32_t i = 0; endpoints && i < count; i++) endpoints[i].address = hosts[i];
  const mc_cluster_spec cluster = {.name = MC_LITERAL(""), .endpoints = endpoints, .endpoint_count = count};
  mc_code code = MC_NO_MEMORY;
  detector->runtime = mc_runtime_new();
  if (detector->runtime && endpoints) {
    detector->members = mc_members_new(&cluster, detector->runtime);
    if (detector->members) code = mc_outlier_prepare(detector->members, spec, seed);
  }
  free(endpoints);
  if (!code) mc_outlier_enforce(detector->members, now_ns);
  return code;
}

mc_detector *mc_detector_new(const mc_outlier_spec *spec, const mc_slice *hosts, uint32_t count, uint64_t now_ns,
                             uint64_t seed) {
  mc_detector *detector = calloc(1, sizeof *detector);
  if (!detector) return NULL;
  if (!build(detector, spec, hosts, count, now_ns, seed)) return detector;
  mc_detector_free(detector);
  return NULL;
}

void mc_detector_free(mc_detector *detector) {
  if (!detector) return;
  if (detector->members) mc_members_release(detector->members, detector->runtime);
  mc_runtime_free(detector->runtime);
  free(detector);
}

static mc_host_state *state_of(const mc_detector *detector, uint32_t host) {
  return detector->members->hosts[host].state;
}

void mc_detector_report(mc_detector *detector, uint32_t host, const mc_result *result) {
  mc_outlier_report(detector->members, state_of(detector, host), result);
}

void mc_detector_sweep(mc_detector *detector, uint64_t now_ns) {
  uint64_t due = atomic_load_explicit(&detector->members->state->live->due_ns, memory_order_relaxed);
  if (due <= now_ns) mc_outlier_sweep(detector->members->state, now_ns);
}

bool mc_detector_ejected(mc_detector *detector, uint32_t host, uint64_t now_ns) {
  mc_detector_sweep(detector, now_ns);
  return mc_is_ejected(state_of(detector, host));
}

mc_outlier_status mc_detector_status(mc_detector *detector, uint32_t host, uint64_t now_ns) {
  mc_detector_sweep(detector, now_ns);
  return mc_outlier_status_of(detector->members, state_of(detector, host), now_ns);
}

mc_outlier_counts mc_detector_counts(const mc_detector *detector) { return mc_outlier_counts_of(detector->members); }
