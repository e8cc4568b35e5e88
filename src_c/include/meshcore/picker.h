/* The balancer of one cluster by itself.
 *
 * Endpoints are named by their number in the spec. May be used by many threads at once, but for free.
 */
#ifndef MESHCORE_PICKER_H
#define MESHCORE_PICKER_H

#include "meshcore/cluster.h"

typedef struct mc_picker mc_picker;

/* NULL: error says why. seed: of what starts at a random place. */
mc_picker *mc_picker_new(const mc_cluster_spec *spec, uint64_t seed, mc_error *error);
void mc_picker_free(mc_picker *picker);

/* The endpoint for a request, or -1 where none can be used. seed decides what is left to chance. */
int32_t mc_picker_pick(const mc_picker *picker, uint64_t seed, uint64_t now_ns);
/* Of a policy that hashes: the endpoint for a key, which is hashed by XXH64 as Envoy hashes a header's value. */
int32_t mc_picker_pick_key(const mc_picker *picker, mc_slice key);
void mc_picker_pick_keys(const mc_picker *picker, const mc_slice *keys, uint32_t count, int32_t *hosts);

/* A request to an endpoint begins. Only policies that look at loads need to know. */
void mc_picker_begin(mc_picker *picker, int32_t host);
/* It ends. False where none was under way. */
bool mc_picker_done(mc_picker *picker, int32_t host);
uint32_t mc_picker_active(const mc_picker *picker, int32_t host);
/* Tells how a request to a host went. By many threads at once. */
void mc_picker_report(mc_picker *picker, int32_t host, const mc_report *report);

#endif
