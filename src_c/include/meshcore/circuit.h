/* What circuit breakers limit; and the limits of one cluster and priority by themselves. */
#ifndef MESHCORE_CIRCUIT_H
#define MESHCORE_CIRCUIT_H

#include "meshcore/base.h"

/* Envoy's routing priorities, which have limits of their own. */
typedef enum mc_routing_priority { MC_ROUTING_DEFAULT, MC_ROUTING_HIGH } mc_routing_priority;

enum { MC_ROUTING_PRIORITIES = 2 };

/* What circuit breakers limit, of one cluster and priority. */
typedef enum mc_resource {
  MC_RESOURCE_CONNECTIONS,
  MC_RESOURCE_PENDING, /* requests that wait for a connection */
  MC_RESOURCE_REQUESTS,
  MC_RESOURCE_RETRIES, /* from when a retry is decided upon, the wait before it included */
} mc_resource;

enum { MC_RESOURCES = 4 };

/* Envoy's CircuitBreakers.Thresholds. UINT32_MAX limits nothing. */
typedef struct mc_thresholds {
  uint32_t max[MC_RESOURCES];   /* by mc_resource; 1024, 1024, 1024 and 3 in Envoy */
  uint32_t max_host_connections; /* of each endpoint; none in Envoy */
  bool retry_budget;             /* what follows counts in place of max[MC_RESOURCE_RETRIES] */
  double budget_percent;         /* of the active requests: so many retries */
  uint32_t min_retry_concurrency; /* but never fewer */
} mc_thresholds;

/* How a resource is used now. */
typedef struct mc_usage {
  uint32_t limit; /* a retry budget's moves with the active requests */
  uint32_t used;
  uint64_t overflows; /* how often the limit has refused it so far */
} mc_usage;

/* The limits of one cluster and priority by themselves. May be used by many threads at once, but for free. */
typedef struct mc_breaker mc_breaker;

/* NULL: no memory. */
mc_breaker *mc_breaker_new(const mc_thresholds *thresholds);
void mc_breaker_free(mc_breaker *breaker);
/* Takes one of a resource, where its limit leaves room. */
bool mc_breaker_take(mc_breaker *breaker, mc_resource resource);
/* Gives it back. False where none is taken. */
bool mc_breaker_give(mc_breaker *breaker, mc_resource resource);
mc_usage mc_breaker_usage(const mc_breaker *breaker, mc_resource resource);

#endif
