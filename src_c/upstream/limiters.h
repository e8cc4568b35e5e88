/* Limiters of adaptive concurrency, by the name of what they limit and by their spec. Shared by the snapshots that know
 * both, so that a swap forgets nothing of what was learned; under another spec it is learned anew. */
#ifndef MC_UPSTREAM_LIMITERS_H
#define MC_UPSTREAM_LIMITERS_H

#include "concurrency/limiter.h"
#include "upstream/runtime.h"

/* What a name names. */
typedef enum mc_limiter_scope { MC_SCOPE_CLUSTER, MC_SCOPE_LISTENER } mc_limiter_scope;

typedef struct mc_named_limiter mc_named_limiter;

/* Adds a reference, making the limiter where it is new; NULL where memory is out. Both under mc_runtime_lock. */
mc_concurrency *mc_runtime_limiter(mc_runtime *runtime, mc_limiter_scope scope, mc_slice name, const mc_concurrency_spec *spec,
                                   uint64_t now_ns, uint64_t seed);
/* limiter may be NULL. */
void mc_runtime_release_limiter(mc_runtime *runtime, mc_concurrency *limiter);

#endif
